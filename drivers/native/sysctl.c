/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sysctls: an allow-list by namespace, so that no value reaches the host. */

#include "drivers/native/sysctl.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "drivers/native/namespaces.h"

#define PREFIX "sys/"

struct rule {
	const char *path; /* below sys/; a final slash means everything there */
	enum native_ns_kind kind;
	const char *why;
};

static const char need_ipc[] = "it needs an ipc namespace of its own (ipc_namespace = private)";
static const char need_net[] = "it needs a network of its own (network = none)";

static const struct rule rules[] = {
	{"net/", NATIVE_NS_NET, need_net},
	{"fs/mqueue/", NATIVE_NS_IPC, need_ipc},
	{"kernel/msgmax", NATIVE_NS_IPC, need_ipc},
	{"kernel/msgmnb", NATIVE_NS_IPC, need_ipc},
	{"kernel/msgmni", NATIVE_NS_IPC, need_ipc},
	{"kernel/msg_next_id", NATIVE_NS_IPC, need_ipc},
	{"kernel/sem", NATIVE_NS_IPC, need_ipc},
	{"kernel/sem_next_id", NATIVE_NS_IPC, need_ipc},
	{"kernel/shmall", NATIVE_NS_IPC, need_ipc},
	{"kernel/shmmax", NATIVE_NS_IPC, need_ipc},
	{"kernel/shmmni", NATIVE_NS_IPC, need_ipc},
	{"kernel/shm_next_id", NATIVE_NS_IPC, need_ipc},
	{"kernel/shm_rmid_forced", NATIVE_NS_IPC, need_ipc},
};

static bool plain_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("_-+@:", c);
}

static bool plain_components(const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 0 || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += n;
		if (*path == '/' && *++path == '\0')
			return false;
	}
	return true;
}

int native_sysctl_path(const char *name, size_t name_size, char *path, size_t size)
{
	char separator = '\0', *to = path + sizeof(PREFIX) - 1;

	if (sizeof(PREFIX) + name_size > size)
		return -ENAMETOOLONG;
	if (name_size == 0)
		return -EINVAL;
	memcpy(path, PREFIX, sizeof(PREFIX) - 1);
	for (size_t i = 0; i < name_size; i++) {
		char c = name[i];

		if (c == '.' || c == '/') {
			if (!separator)
				separator = c;
			c = c == separator ? '/' : '.';
		} else if (c == '\0' || !plain_char(c)) {
			return -EINVAL;
		}
		*to++ = c;
	}
	*to = '\0';
	return plain_components(path) ? 0 : -EINVAL;
}

static bool matches(const struct rule *rule, const char *path)
{
	size_t n = strlen(rule->path);

	if (rule->path[n - 1] == '/')
		return strncmp(path, rule->path, n) == 0 && path[n];
	return strcmp(path, rule->path) == 0;
}

int native_sysctl_allowed(const char *path, const struct native_ns *ns, const char **why)
{
	const char *below = path + sizeof(PREFIX) - 1;

	*why = "it is the whole machine's, not a namespace's";
	if (strcmp(below, "kernel/hostname") == 0 || strcmp(below, "kernel/domainname") == 0)
		*why = "the keys hostname and domainname are for that";
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (!matches(&rules[i], below))
			continue;
		if (ns[rules[i].kind].mode == NATIVE_NS_OWN)
			return 0;
		*why = rules[i].why;
		break;
	}
	return -EPERM;
}

static int plan_one(const char *item, const struct native_ns *ns, struct exd_plan *plan,
		    int proc_slot, struct exd_error *err)
{
	char path[PATH_MAX];
	const char *equals = strchr(item, '='), *why;
	size_t n = equals ? (size_t)(equals - item) : strlen(item);
	int r;

	if (!equals)
		return exd_error_set(err, EXD_ERR_SYSCTL, 0, "sysctl '%s' is not NAME=VALUE", item);
	r = native_sysctl_path(item, n, path, sizeof(path));
	if (r < 0)
		return exd_error_set(err, EXD_ERR_SYSCTL, 0, "'%.*s' is not the name of a sysctl",
				     (int)n, item);
	r = native_sysctl_allowed(path, ns, &why);
	if (r < 0)
		return exd_error_set(err, EXD_ERR_SYSCTL, 0,
				     "sysctl '%.*s' cannot be set for a container: %s", (int)n,
				     item, why);
	for (const char *c = equals + 1; *c; c++) {
		if ((unsigned char)*c < ' ' && *c != '\t')
			return exd_error_set(err, EXD_ERR_SYSCTL, 0,
					     "the value of sysctl '%.*s' holds a control character",
					     (int)n, item);
	}
	return exd_plan_sysctl(plan, proc_slot, path, equals + 1);
}

int native_sysctl_plan(const struct exd_command *command, const struct native_ns *ns,
		       struct exd_plan *plan, int proc_slot, struct exd_error *err)
{
	size_t count = exd_command_count(command, EXD_KEY_SYSCTLS);

	exd_plan_blame(plan, EXD_ERR_SYSCTL, 0);
	for (size_t i = 0; i < count; i++) {
		int r = plan_one(exd_command_item(command, EXD_KEY_SYSCTLS, i), ns, plan, proc_slot,
				 err);

		if (r < 0)
			return r;
	}
	return 0;
}
