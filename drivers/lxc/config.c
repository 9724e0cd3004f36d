/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a command's fields to liblxc's configuration, in the names of lxc 2.1 and later. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "drivers/lxc/lxc.h"
#include "drivers/native/sysctl.h"

#define MAP_TEXT 64

/*
 * A field of the command, or 0 for what every container has, and what is set for it. Limits are not
 * here: the plan makes and limits the cgroups, and liblxc sees none, so that it moves, counts and
 * leaves nothing there. Rights, user and program are steps of the first process.
 */
struct row {
	enum exd_key key;
	const char *item;
	int (*build)(struct lxc_run *run, const struct row *row);
	const char *value; /* of a fixed one */
};

static void set(struct lxc_run *run, const char *item, const char *value)
{
	recipe_line(&run->recipe, "set %s=%s", item, value);
}

static int refuse(struct lxc_run *run, const char *key, const char *value, const char *why)
{
	return exd_error_set(run->base.err, EXD_ERR_UNSUPPORTED, 0,
			     "driver lxc cannot express the key %s ('%s'): %s", key, value, why);
}

/* liblxc reads lines: whatever ends one would begin another item. */
static bool plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 127)
			return false;
	return true;
}

static int fixed(struct lxc_run *run, const struct row *row)
{
	set(run, row->item, row->value);
	return 0;
}

/* Where the terminals of a container are; those of /dev and /proc unless the command has its own.*/
static int build_dev(struct lxc_run *run, const struct row *row)
{
	bool own = !native_mounts_cover(&run->base, "/dev");

	set(run, row->item, own ? "1" : "0");
	set(run, "lxc.pty.max", own && !native_mounts_cover(&run->base, "/dev/pts") ? "1024" : "0");
	return 0;
}

static int build_hostname(struct lxc_run *run, const struct row *row)
{
	if (run->base.ns[NATIVE_NS_UTS].mode != NATIVE_NS_OWN || !run->base.hostname)
		return 0;
	if (!plain(run->base.hostname))
		return refuse(run, "hostname", run->base.hostname, "it holds control characters");
	set(run, row->item, run->base.hostname);
	return 0;
}

static int build_domainname(struct lxc_run *run, const struct row *row)
{
	const char *name = exd_command_string(run->base.command, row->key, NULL);

	if (!name)
		return 0;
	if (!plain(name))
		return refuse(run, "domainname", name, "it holds control characters");
	set(run, row->item, name);
	return 0;
}

static int build_network(struct lxc_run *run, const struct row *row)
{
	bool raw = false;

	for (size_t i = 0; i < run->lxc->raw_count; i++)
		raw |= str_has_prefix(run->lxc->raw[i], "lxc.net.");
	if (run->base.ns[NATIVE_NS_NET].mode != NATIVE_NS_OWN || raw)
		return 0;
	set(run, row->item, "empty");
	set(run, "lxc.net.0.flags", "up");
	return 0;
}

/* The names that liblxc has for them are the kernel's. */
static int build_namespaces(struct lxc_run *run, const struct row *row)
{
	cleanup_strbuf struct strbuf own = {0};

	(void)sb_add(&own, run->user_namespace ? "user" : "");
	for (int i = 0; i < NATIVE_NS_KINDS; i++) {
		const struct native_ns *ns = &run->base.ns[i];
		const char *name = native_ns_name(i);

		/* liblxc makes that one always, and the first process then one of its own */
		if (i == NATIVE_NS_CGROUP)
			continue;
		if (ns->mode == NATIVE_NS_OWN)
			(void)sb_addf(&own, "%s%s", own.size ? " " : "", name);
		if (ns->mode == NATIVE_NS_JOIN && run->base.plan)
			recipe_line(&run->recipe, "set lxc.namespace.share.%s=/proc/self/fd/%d",
				    name, recipe_slot(&run->recipe, ns->slot));
		else if (ns->mode == NATIVE_NS_JOIN)
			recipe_line(&run->recipe, "set lxc.namespace.share.%s=/proc/self/fd/N",
				    name);
	}
	if (own.error)
		return exd_error_set(run->base.err, EXD_ERR_NO_MEMORY, ENOMEM, "namespaces");
	set(run, row->item, own.text);
	return 0;
}

bool lxc_idmap(const struct exd_command *command, size_t index, char *text, size_t size)
{
	size_t users = exd_command_count(command, EXD_KEY_UID_MAP);
	bool user = index < users;
	const char *item = user ? exd_command_item(command, EXD_KEY_UID_MAP, index)
				: exd_command_item(command, EXD_KEY_GID_MAP, index - users);
	unsigned int inside, outside, count;

	if (!item)
		return false;
	text[0] = '\0';
	if (sscanf(item, "%u:%u:%u", &inside, &outside, &count) == 3)
		(void)snprintf(text, size, "%c %u %u %u", user ? 'u' : 'g', inside, outside, count);
	return true;
}

uint32_t lxc_outside(const struct exd_command *command, enum exd_key key)
{
	unsigned int inside, outside, count;

	for (size_t i = 0; i < exd_command_count(command, key); i++)
		if (sscanf(exd_command_item(command, key, i), "%u:%u:%u", &inside, &outside,
			   &count) == 3 &&
		    inside == 0)
			return outside;
	return 0;
}

static int build_idmap(struct lxc_run *run, const struct row *row)
{
	char text[MAP_TEXT];

	for (size_t i = 0; lxc_idmap(run->base.command, i, text, sizeof(text)); i++) {
		if (!*text)
			return exd_error_set(run->base.err, EXD_ERR_KEY, 0,
					     "a uid_map or gid_map is not INSIDE:OUTSIDE:COUNT");
		set(run, row->item, text);
	}
	return 0;
}

/* The separator of a name's parts becomes a dot, and a dot inside of a part cannot be said. */
static int add_sysctl(struct lxc_run *run, const struct row *row, const char *item)
{
	const char *equals = strchr(item, '='), *why;
	size_t n = equals ? (size_t)(equals - item) : strlen(item);
	char path[PATH_MAX];

	if (!equals || native_sysctl_path(item, n, path, sizeof(path)) < 0)
		return exd_error_set(run->base.err, EXD_ERR_SYSCTL, 0,
				     "sysctl '%s' is not NAME=VALUE", item);
	if (native_sysctl_allowed(path, run->base.ns, &why) < 0)
		return exd_error_set(run->base.err, EXD_ERR_SYSCTL, 0,
				     "sysctl '%.*s' cannot be set for a container: %s", (int)n,
				     item, why);
	if (strchr(path, '.') || !plain(equals))
		return refuse(run, "sysctls", item, "a dot in a part of its name, or its value");
	for (char *c = path; *c; c++)
		*c = *c == '/' ? '.' : *c;
	recipe_line(&run->recipe, "set %s%s=%s", row->item, path + sizeof("sys"), equals + 1);
	return 0;
}

static int build_sysctls(struct lxc_run *run, const struct row *row)
{
	size_t count = exd_command_count(run->base.command, row->key);
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = add_sysctl(run, row, exd_command_item(run->base.command, row->key, i));
	return r;
}

static int build_score(struct lxc_run *run, const struct row *row)
{
	if (exd_command_is_set(run->base.command, row->key))
		recipe_line(&run->recipe, "set %s=%" PRId64, row->item,
			    exd_command_number(run->base.command, row->key, 0));
	return 0;
}

/* As the lines of fstab(5) are read: blank, tab, newline and backslash in octal. */
static void add_escaped(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (strchr(" \t\n\\", *text))
			(void)sb_addf(out, "\\%03o", (unsigned int)(unsigned char)*text);
		else
			(void)sb_add_bytes(out, text, 1);
	}
}

static int entry(struct lxc_run *run, const char *source, const char *target, const char *type,
		 const char *options)
{
	cleanup_strbuf struct strbuf line = {0};

	if (!plain(target) || !plain(options))
		return refuse(run, "mounts", target, "it holds control characters");
	(void)sb_add(&line, "set lxc.mount.entry=");
	add_escaped(&line, source);
	(void)sb_add(&line, " ");
	add_escaped(&line, target + strspn(target, "/"));
	(void)sb_addf(&line, " %s ", type);
	add_escaped(&line, options);
	if (sb_add(&line, " 0 0") < 0)
		return exd_error_set(run->base.err, EXD_ERR_NO_MEMORY, ENOMEM, "mounts");
	recipe_line(&run->recipe, "%s", line.text);
	return 0;
}

/* What every container has, unless the command mounts something there. */
static int build_defaults(struct lxc_run *run, const struct row *row)
{
	bool privileged = exd_command_bool(run->base.command, EXD_KEY_PRIVILEGED);
	bool host_ipc = run->base.ns[NATIVE_NS_IPC].mode == NATIVE_NS_HOST;
	const struct {
		const char *folder, *target, *type, *options;
	} defaults[] = {
		{"/proc", "/proc", "proc", "nosuid,nodev,noexec,create=dir"},
		{"/sys", "/sys", "sysfs",
		 privileged ? "nosuid,nodev,noexec,create=dir"
			    : "ro,nosuid,nodev,noexec,create=dir"},
		{"/dev", "/dev/shm", "tmpfs",
		 "nosuid,nodev,noexec,mode=1777,size=64m,create=dir"},
		{"/dev", "/dev/mqueue", "mqueue", "nosuid,nodev,noexec,create=dir,optional"},
	};

	(void)row;
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		const char *type = defaults[i].type;
		int r = 0;

		if (native_mounts_cover(&run->base, defaults[i].folder) ||
		    native_mounts_cover(&run->base, defaults[i].target))
			continue;
		if (host_ipc && strcmp(type, "tmpfs") == 0)
			r = entry(run, LXC_SCRATCH "/shm", "/dev/shm", "none", "bind,create=dir");
		else
			r = entry(run, type, defaults[i].target, type, defaults[i].options);
		if (r < 0)
			return r;
	}
	return 0;
}

static const char *flags_of(const struct exd_mount *mount, uint32_t always, char *text, size_t size)
{
	uint32_t flags = mount->flags | always;

	(void)snprintf(text, size, "%s%s%s%s%s%s%s%s", flags & EXD_MOUNT_READONLY ? "ro," : "",
		       flags & EXD_MOUNT_NOSUID ? "nosuid," : "",
		       flags & EXD_MOUNT_NODEV ? "nodev," : "",
		       flags & EXD_MOUNT_NOEXEC ? "noexec," : "",
		       flags & EXD_MOUNT_NOATIME ? "noatime," : "",
		       flags & EXD_MOUNT_RELATIME ? "relatime," : "",
		       flags & EXD_MOUNT_STRICTATIME ? "strictatime," : "",
		       flags & EXD_MOUNT_NODIRATIME ? "nodiratime," : "");
	return text;
}

/* The source is cloned into the scratch with its attributes by a step of the plan. */
static int bind_entry(struct lxc_run *run, size_t index)
{
	const struct native_mount *mount = &run->base.mounts[index];
	char source[64], options[64];
	struct stat st;

	if (stat(mount->mount.source, &st) < 0)
		return exd_error_set(run->base.err, EXD_ERR_MOUNT, errno,
				     "cannot open '%s', the source of the mount on '%s'",
				     mount->mount.source, mount->target);
	(void)snprintf(source, sizeof(source), LXC_SCRATCH "/m%zu", index);
	(void)snprintf(options, sizeof(options), "rbind,create=%s",
		       S_ISDIR(st.st_mode) ? "dir" : "file");
	return entry(run, source, mount->target, "none", options);
}

static int fs_entry(struct lxc_run *run, size_t index, const char *type, uint32_t always,
		    const char *otherwise)
{
	const struct native_mount *mount = &run->base.mounts[index];
	const char *data = mount->mount.options && *mount->mount.options ? mount->mount.options
									 : otherwise;
	cleanup_free char *options = NULL;
	char flags[80];

	if (asprintf(&options, "%s%s%screate=dir",
		     flags_of(&mount->mount, always, flags, sizeof(flags)), data,
		     *data ? "," : "") < 0)
		return exd_error_set(run->base.err, EXD_ERR_NO_MEMORY, ENOMEM, "mounts");
	return entry(run, type, mount->target, type, options);
}

static int cgroup_entry(struct lxc_run *run, size_t index)
{
	char source[64];

	(void)snprintf(source, sizeof(source), LXC_SCRATCH "/m%zu", index);
	return entry(run, source, run->base.mounts[index].target, "none", "rbind,create=dir");
}

#define SAFE (EXD_MOUNT_NOSUID | EXD_MOUNT_NODEV | EXD_MOUNT_NOEXEC)

static int build_mount(struct lxc_run *run, size_t i)
{
	uint32_t readonly = exd_command_bool(run->base.command, EXD_KEY_PRIVILEGED)
				    ? 0
				    : (uint32_t)EXD_MOUNT_READONLY;

	switch ((enum exd_mount_type)run->base.mounts[i].mount.type) {
	case EXD_MOUNT_BIND:
		return bind_entry(run, i);
	case EXD_MOUNT_TMPFS:
		return fs_entry(run, i, "tmpfs", EXD_MOUNT_NOSUID | EXD_MOUNT_NODEV, "");
	case EXD_MOUNT_PROC:
		return fs_entry(run, i, "proc", SAFE, "");
	case EXD_MOUNT_SYSFS:
		return fs_entry(run, i, "sysfs", SAFE | readonly, "");
	case EXD_MOUNT_MQUEUE:
		return fs_entry(run, i, "mqueue", SAFE, "");
	case EXD_MOUNT_DEVPTS:
		return fs_entry(run, i, "devpts", EXD_MOUNT_NOSUID | EXD_MOUNT_NOEXEC,
				"newinstance,ptmxmode=0666,mode=0620,gid=5");
	case EXD_MOUNT_CGROUP:
		return cgroup_entry(run, i);
	default:
		return refuse(run, "mounts", run->base.mounts[i].target,
			      "a mount of an unknown type");
	}
}

static int build_mounts(struct lxc_run *run, const struct row *row)
{
	int r = 0;

	(void)row;
	for (size_t i = 0; i < run->base.mount_count && r == 0; i++)
		r = build_mount(run, i);
	return r;
}

/* In a user namespace no node can be made: the host's is shown. Else the first process makes it. */
static int build_devices(struct lxc_run *run, const struct row *row)
{
	struct exd_device device = {.struct_size = sizeof(device)};
	size_t count = exd_command_count(run->base.command, row->key);
	int r = 0;

	for (size_t i = 0; i < count && run->user_namespace && r == 0; i++) {
		if (!exd_command_device(run->base.command, i, &device))
			continue;
		r = entry(run, device.path, *device.target ? device.target : device.path, "none",
			  "bind,create=file");
	}
	return r;
}

/*
 * The first program takes the label of the command, if it has one. What liblxc would take by itself
 * is a profile that only some hosts with AppArmor have loaded.
 */
static int build_apparmor(struct lxc_run *run, const struct row *row)
{
	char enabled[8];

	if (read_file_at(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", enabled,
			 sizeof(enabled)) < 0 ||
	    enabled[0] != 'Y')
		return 0;
	return fixed(run, row);
}

static const struct row rows[] = {
	{0, "lxc.log.file", fixed, LXC_SCRATCH "/log"},
	{0, "lxc.log.level", fixed, "ERROR"},
	{EXD_KEY_ROOTFS, "lxc.rootfs.path", fixed, "dir:" LXC_SCRATCH "/root"},
	{0, "lxc.rootfs.mount", fixed, LXC_SCRATCH "/mnt"},
	{0, "lxc.console.path", fixed, "none"},
	{0, "lxc.tty.max", fixed, "0"},
	{0, "lxc.autodev", build_dev, NULL},
	{EXD_KEY_APPARMOR, "lxc.apparmor.profile", build_apparmor, "unconfined"},
	{EXD_KEY_PID_NAMESPACE, "lxc.namespace.clone", build_namespaces, NULL},
	{EXD_KEY_UID_MAP, "lxc.idmap", build_idmap, NULL},
	{EXD_KEY_HOSTNAME, "lxc.uts.name", build_hostname, NULL},
	{EXD_KEY_DOMAINNAME, "lxc.sysctl.kernel.domainname", build_domainname, NULL},
	{EXD_KEY_NETWORK, "lxc.net.0.type", build_network, NULL},
	{EXD_KEY_SYSCTLS, "lxc.sysctl.", build_sysctls, NULL},
	{EXD_KEY_OOM_SCORE_ADJ, "lxc.proc.oom_score_adj", build_score, NULL},
	{0, "lxc.mount.entry", build_defaults, NULL},
	{EXD_KEY_DEVICES, "lxc.mount.entry", build_devices, NULL},
	{EXD_KEY_MOUNTS, "lxc.mount.entry", build_mounts, NULL},
};

int lxc_config(struct lxc_run *run)
{
	int r = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && r == 0; i++)
		r = rows[i].build(run, &rows[i]);
	return r < 0 ? r : lxc_config_raw(run);
}
