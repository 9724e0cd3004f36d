/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all parts of the lxc driver share. Nothing here knows liblxc: its worker does. */
#ifndef EXECDRIVER_LXC_H
#define EXECDRIVER_LXC_H

#include <stdbool.h>
#include <stddef.h>

#include <execdriver/driver.h>

#include "base/strutil.h"
#include "drivers/native/cgroup.h"
#include "drivers/native/mounts.h"
#include "drivers/native/native.h"
#include "drivers/native/process.h"

/* Private to each worker: a tmpfs over liblxc's own directory, so nothing of a run stays there. */
#define LXC_SCRATCH "/run/lxc"
#define LXC_SLOTS_MAX 96

/* The driver's options, read once and never changed. */
struct lxc {
	struct native native; /* options that both have, and the cgroup layout */
	char *worker;
	char *init;
	char **raw; /* "lxc.key=value" */
	size_t raw_count;
};

/* What the worker is told: lines, and descriptors by the numbers that they have there. */
struct recipe {
	struct strbuf text;
	int slots[LXC_SLOTS_MAX];
	size_t count;
	int error;
};

/* Adds a line. Control characters are for arguments and environment only. */
void recipe_line(struct recipe *recipe, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The worker's number of the descriptor in this slot. */
int recipe_slot(struct recipe *recipe, int slot);
/* Ends the plan with the worker. */
int recipe_plan(struct recipe *recipe, const struct lxc *lxc, struct exd_plan *plan,
		struct exd_error *err);
void recipe_release(struct recipe *recipe);

/* A run while it is compiled; `base` is what the native driver reads of it as well. */
struct lxc_run {
	struct native_run base;
	const struct lxc *lxc;
	struct recipe recipe;
	bool user_namespace;
	char path[96]; /* liblxc's */
};

/*
 * The configuration, as "set" lines of the recipe. The command's namespaces and mounts must have
 * been read. EXD_ERR_UNSUPPORTED names a key that liblxc cannot express.
 */
int lxc_config(struct lxc_run *run);
/* The driver's raw lines behind it, which may not contradict the command. */
int lxc_config_raw(struct lxc_run *run);
/* Whether a raw line may be given at all. */
int lxc_raw_check(const char *line, struct exd_error *err);
/* Keys that this driver does not do, and keys that contradict each other. */
int lxc_check(const struct exd_command *command, struct exd_error *err);
int lxc_check_exec(const struct exd_command *command, struct exd_error *err);
/* Maps as "u 0 100000 65536" in turn; false behind the last. EXD_ERR_KEY into *r. */
bool lxc_idmap(const struct exd_command *command, size_t index, char *text, size_t size);
/* What the first id of the container is on the host; 0 without a map. */
uint32_t lxc_outside(const struct exd_command *command, enum exd_key key);

/*
 * Child steps: a mount namespace whose root is what the host has as "/", which is the slot that is
 * returned. In a chroot liblxc can neither pivot nor make a user namespace, so none is left.
 */
int lxc_root_own(struct exd_plan *plan);
/* The scratch, the root and the sources of mounts: child steps before the worker. */
int lxc_root_plan(struct lxc_run *run);
/* Steps of the container's first process that are its root's: nodes, masks, attributes. */
int lxc_root_words(struct lxc_run *run);

/* From a process in its namespaces to its program. */
int lxc_process_words(const struct native_process *process, struct recipe *recipe,
		      struct exd_plan *plan, struct exd_error *err);
/* The terminal, when there is one. */
void lxc_tty_words(const struct exd_command *command, const struct native_user *user, bool console,
		   struct recipe *recipe);
/* The vtable's. */
int lxc_run(void *self, const struct exd_command *command, struct exd_plan *plan,
	    struct exd_error *err);
int lxc_exec(void *self, struct exd_record *record, const struct exd_command *command,
	     struct exd_plan *plan, struct exd_error *err);
int lxc_update(void *self, struct exd_record *record, const struct exd_command *command,
	       struct exd_error *err);
int lxc_explain(void *self, const struct exd_command *command, struct exd_report *report,
		struct exd_error *err);

/* Reads what a run depends on into run->base; the plan may be NULL to only look. */
int lxc_read(struct lxc_run *run);
void lxc_release(struct lxc_run *run);

#endif
