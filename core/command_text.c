/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text forms of mounts, devices and rlimits. */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "base/strutil.h"
#include "core/command.h"
#include "core/mount_words.h"

static const char *const mount_types[] = {
	[EXD_MOUNT_BIND] = "bind",
	[EXD_MOUNT_TMPFS] = "tmpfs",
	[EXD_MOUNT_PROC] = "proc",
	[EXD_MOUNT_SYSFS] = "sysfs",
	[EXD_MOUNT_MQUEUE] = "mqueue",
	[EXD_MOUNT_DEVPTS] = "devpts",
	[EXD_MOUNT_CGROUP] = "cgroup",
};

static const struct {
	const char *name;
	int resource;
} rlimits[] = {
	{"as", RLIMIT_AS},
	{"core", RLIMIT_CORE},
	{"cpu", RLIMIT_CPU},
	{"data", RLIMIT_DATA},
	{"fsize", RLIMIT_FSIZE},
	{"locks", RLIMIT_LOCKS},
	{"memlock", RLIMIT_MEMLOCK},
	{"msgqueue", RLIMIT_MSGQUEUE},
	{"nice", RLIMIT_NICE},
	{"nofile", RLIMIT_NOFILE},
	{"nproc", RLIMIT_NPROC},
	{"rss", RLIMIT_RSS},
	{"rtprio", RLIMIT_RTPRIO},
	{"rttime", RLIMIT_RTTIME},
	{"sigpending", RLIMIT_SIGPENDING},
	{"stack", RLIMIT_STACK},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int no_memory(struct exd_error *err)
{
	return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot read a command");
}

int command_mount_type(const char *name)
{
	for (size_t i = 0; i < COUNT(mount_types); i++)
		if (strcmp(mount_types[i], name) == 0)
			return (int)i;
	return -EINVAL;
}

int command_mount_options(struct exd_mount *mount, const char *text, struct strbuf *options,
			  struct exd_error *err)
{
	while (*text) {
		size_t size = strcspn(text, ",");

		if (!mount_word(mount, text, size)) {
			if (mount->type == EXD_MOUNT_BIND || !size)
				return exd_error_set(
					err, EXD_ERR_KEY, 0,
					"key 'mounts': '%.*s' is not ro, rw, nosuid, nodev, "
					"noexec, noatime, relatime, strictatime, nodiratime, "
					"nosymfollow, bind, rbind, idmap, private, slave, shared or "
					"unbindable",
					(int)(size < 100 ? size : 100), text);
			(void)sb_add(options, options->size ? "," : "");
			(void)sb_add_bytes(options, text, size);
		}
		text += size + (text[size] == ',');
	}
	return options->error ? no_memory(err) : 0;
}

int command_add_mount_text(struct exd_command *command, const char *text, struct exd_error *err)
{
	struct exd_mount mount = {.struct_size = sizeof(mount)};
	cleanup_strbuf struct strbuf options = {0};
	cleanup_free char *copy = strdup(text);
	char *target, *words;
	int type, r;

	if (!copy)
		return no_memory(err);
	target = strchr(copy, ':');
	if (!target || target == copy || !target[1])
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "key 'mounts': '%.100s' is not SOURCE:TARGET[:OPTIONS]", text);
	*target++ = '\0';
	words = strchr(target, ':');
	if (words)
		*words++ = '\0';
	type = command_mount_type(copy);
	mount.type = type > EXD_MOUNT_BIND ? (uint32_t)type : EXD_MOUNT_BIND;
	r = command_mount_options(&mount, words ? words : "", &options, err);
	if (r < 0)
		return r;
	mount.source = mount.type == EXD_MOUNT_BIND ? copy : "";
	mount.target = target;
	mount.options = options.size ? options.text : "";
	return exd_command_add_mount(command, &mount, err);
}

static uint32_t access_bits(const char *text)
{
	uint32_t bits = 0;

	for (; *text; text++) {
		uint32_t bit = *text == 'r' ? 4 : *text == 'w' ? 2
					  : *text == 'm'       ? 1
							       : 0;

		if (!bit || (bits & bit))
			return 0;
		bits |= bit;
	}
	return bits;
}

int command_add_device_text(struct exd_command *command, const char *text, struct exd_error *err)
{
	struct exd_device device = {.struct_size = sizeof(device), .access = 7};
	cleanup_free char *copy = strdup(text);
	char *rest;

	if (!copy)
		return no_memory(err);
	device.path = copy;
	rest = strchr(copy, ':');
	if (rest)
		*rest++ = '\0';
	if (rest && *rest == '/') {
		device.target = rest;
		rest = strchr(rest, ':');
		if (rest)
			*rest++ = '\0';
	}
	if (rest)
		device.access = access_bits(rest);
	if (!device.access)
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "key 'devices': '%.100s' is not PATH[:PATH-INSIDE][:rwm]",
				     text);
	return exd_command_add_device(command, &device, err);
}

/* A number, "unlimited" or "-1". */
static int parse_limit(const char *text, uint64_t *out)
{
	if (strcmp(text, "unlimited") == 0 || strcmp(text, "-1") == 0) {
		*out = UINT64_MAX;
		return 0;
	}
	return parse_uint64(text, out);
}

static int find_rlimit(const char *name, size_t size)
{
	for (size_t i = 0; i < COUNT(rlimits); i++)
		if (strlen(rlimits[i].name) == size && strncmp(rlimits[i].name, name, size) == 0)
			return rlimits[i].resource;
	return -ENOENT;
}

const char *command_rlimit_name(int resource)
{
	for (size_t i = 0; i < COUNT(rlimits); i++)
		if (rlimits[i].resource == resource)
			return rlimits[i].name;
	return "an unknown resource";
}

int command_add_rlimit_text(struct exd_command *command, const char *text, struct exd_error *err)
{
	struct exd_rlimit rlimit = {.struct_size = sizeof(rlimit)};
	cleanup_free char *copy = strdup(text);
	char *soft, *hard;

	if (!copy)
		return no_memory(err);
	soft = strchr(copy, '=');
	hard = soft ? strchr(soft, ':') : NULL;
	if (soft)
		*soft++ = '\0';
	if (hard)
		*hard++ = '\0';
	if (!soft || parse_limit(soft, &rlimit.soft) < 0 ||
	    parse_limit(hard ? hard : soft, &rlimit.hard) < 0)
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "key 'rlimits': '%.100s' is not NAME=SOFT[:HARD], "
				     "each a number or unlimited",
				     text);
	rlimit.resource = find_rlimit(copy, strlen(copy));
	if (rlimit.resource < 0)
		return exd_error_set(err, EXD_ERR_KEY, 0,
				     "key 'rlimits': '%.100s' is not as, core, cpu, data, fsize, "
				     "locks, memlock, msgqueue, nice, nofile, nproc, rss, rtprio, "
				     "rttime, sigpending or stack",
				     copy);
	return exd_command_add_rlimit(command, &rlimit, err);
}
