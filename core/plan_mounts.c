/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builder calls for mounts and for what is made in the container's root: one step each. */
#include "core/plan.h"

#include <string.h>

#include "base/strutil.h"

static struct wire_step *child(struct exd_plan *plan, enum wire_op op)
{
	return step_add(plan, EXD_CHILD, op);
}

/* A step about a path below the root in slot 1. */
static struct wire_step *in_root(struct exd_plan *plan, enum wire_op op, int root_slot,
				 const char *path)
{
	struct wire_step *step = child(plan, op);

	step_slot(plan, step, 1, root_slot);
	step_string(plan, step, 0, path);
	return step;
}

int exd_plan_propagation(struct exd_plan *plan, uint64_t ms_flags)
{
	child(plan, WIRE_PROPAGATION)->num[0] = ms_flags;
	return plan->result;
}

int exd_plan_tree(struct exd_plan *plan, int source_slot, int out_slot, bool recursive)
{
	struct wire_step *step = child(plan, WIRE_TREE);

	step_slot(plan, step, 0, source_slot);
	step_slot(plan, step, 1, out_slot);
	step->num[0] = recursive;
	return plan->result;
}

int exd_plan_fs(struct exd_plan *plan, int out_slot, const char *type, const char *options,
		uint64_t mount_attr)
{
	struct wire_step *step = child(plan, WIRE_FS);
	cleanup_strbuf struct strbuf list = {0};

	step_slot(plan, step, 1, out_slot);
	step_string(plan, step, 0, type);
	step->num[0] = mount_attr;
	for (const char *from = options; from && from[0];) {
		size_t size = strcspn(from, ",");

		if (size > 0) {
			sb_add_bytes(&list, from, size);
			sb_add_bytes(&list, "", 1);
		}
		from += size + (from[size] == ',');
	}
	if (list.error)
		return plan_fail(plan, EXD_ERR_NO_MEMORY, ENOMEM, "cannot build the plan");
	step_array(plan, step, 1, list.text, list.size);
	return plan->result;
}

int exd_plan_attr(struct exd_plan *plan, int slot, uint64_t set, uint64_t clear,
		  uint64_t propagation, bool recursive)
{
	struct wire_step *step = child(plan, WIRE_ATTR);

	step_slot(plan, step, 0, slot);
	step->num[0] = set;
	step->num[1] = clear;
	step->num[2] = propagation;
	step->num[3] = recursive;
	return plan->result;
}

int exd_plan_attach_root(struct exd_plan *plan, int slot)
{
	step_slot(plan, child(plan, WIRE_ATTACH_ROOT), 0, slot);
	return plan->result;
}

int exd_plan_attach(struct exd_plan *plan, int slot, int root_slot, const char *target,
		    enum exd_attach_make make)
{
	struct wire_step *step = in_root(plan, WIRE_ATTACH, root_slot, target);

	step_slot(plan, step, 0, slot);
	step->num[0] = (uint64_t)make;
	return plan->result;
}

int exd_plan_copyup(struct exd_plan *plan, int slot, int root_slot, const char *path, bool keep)
{
	struct wire_step *step = in_root(plan, WIRE_COPYUP, root_slot, path);

	step_slot(plan, step, 0, slot);
	step->num[0] = keep;
	return plan->result;
}

int exd_plan_mkdir(struct exd_plan *plan, int root_slot, const char *path, mode_t mode,
		   uint32_t uid, uint32_t gid)
{
	struct wire_step *step = in_root(plan, WIRE_MKDIR, root_slot, path);

	step->num[0] = mode;
	step->num[1] = uid;
	step->num[2] = gid;
	return plan->result;
}

int exd_plan_mknod(struct exd_plan *plan, int root_slot, const char *path, mode_t mode,
		   dev_t device, uint32_t uid, uint32_t gid)
{
	struct wire_step *step = in_root(plan, WIRE_MKNOD, root_slot, path);

	step->num[0] = mode;
	step->num[1] = device;
	step->num[2] = (uint64_t)uid << 32 | gid;
	return plan->result;
}

int exd_plan_symlink(struct exd_plan *plan, int root_slot, const char *path, const char *target)
{
	step_string(plan, in_root(plan, WIRE_SYMLINK, root_slot, path), 1, target);
	return plan->result;
}

int exd_plan_mkfile(struct exd_plan *plan, int root_slot, const char *path, const void *bytes,
		    size_t size, mode_t mode, uint32_t uid, uint32_t gid)
{
	struct wire_step *step = in_root(plan, WIRE_MKFILE, root_slot, path);

	step_bytes(plan, step, 1, bytes, size);
	step->num[0] = mode;
	step->num[1] = uid;
	step->num[2] = gid;
	return plan->result;
}

int exd_plan_mask(struct exd_plan *plan, int root_slot, const char *path, int null_slot)
{
	step_slot(plan, in_root(plan, WIRE_MASK, root_slot, path), 0, null_slot);
	return plan->result;
}

int exd_plan_readonly(struct exd_plan *plan, int root_slot, const char *path)
{
	in_root(plan, WIRE_READONLY, root_slot, path);
	return plan->result;
}

int exd_plan_pivot(struct exd_plan *plan, int root_slot)
{
	step_slot(plan, child(plan, WIRE_PIVOT), 0, root_slot);
	return plan->result;
}

int exd_plan_no_pivot(struct exd_plan *plan, int root_slot, int proc_slot)
{
	struct wire_step *step = child(plan, WIRE_NO_PIVOT);

	step_slot(plan, step, 0, root_slot);
	step_slot(plan, step, 1, proc_slot);
	return plan->result;
}

int exd_plan_chroot(struct exd_plan *plan, int dir_slot)
{
	step_slot(plan, child(plan, WIRE_CHROOT), 0, dir_slot);
	return plan->result;
}

static int write_proc(struct exd_plan *plan, enum wire_op op, int proc_slot, const char *path,
		      const char *value)
{
	struct wire_step *step = child(plan, op);

	step_slot(plan, step, 0, proc_slot);
	step_string(plan, step, 0, path);
	step_string(plan, step, 1, value);
	return plan->result;
}

int exd_plan_sysctl(struct exd_plan *plan, int proc_slot, const char *path, const char *value)
{
	return write_proc(plan, WIRE_SYSCTL, proc_slot, path, value);
}

int exd_plan_proc_write(struct exd_plan *plan, int proc_slot, const char *path, const char *value)
{
	return write_proc(plan, WIRE_PROC_WRITE, proc_slot, path, value);
}
