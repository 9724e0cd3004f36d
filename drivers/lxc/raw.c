/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Raw lines of liblxc's configuration, from the driver's option lxc_config. */
#include <string.h>

#include "drivers/lxc/lxc.h"

/* What the driver decides itself, and what says the same in a command. */
static const struct {
	const char *prefix;
	const char *instead;
} reserved[] = {
	{"lxc.apparmor.", "the key apparmor"},
	{"lxc.autodev", "nothing: /dev is the driver's"},
	{"lxc.cap.", "the keys cap_add and cap_drop"},
	{"lxc.cgroup", "the keys of limits: liblxc is shown no cgroups"},
	{"lxc.console.", "the key tty"},
	{"lxc.environment", "the key env"},
	{"lxc.execute.", "the arguments of the command"},
	{"lxc.idmap", "the keys uid_map and gid_map"},
	{"lxc.include", "the option lxc_config itself"},
	{"lxc.init.", "the keys user, groups, cwd and the arguments of the command"},
	{"lxc.log.", "nothing: the log is the worker's"},
	{"lxc.mount.auto", "the key mounts"},
	{"lxc.namespace.", "the keys of namespaces"},
	{"lxc.no_new_privs", "the key no_new_privileges"},
	{"lxc.prlimit.", "the key rlimits"},
	{"lxc.proc.oom_score_adj", "the key oom_score_adj"},
	{"lxc.pty.", "nothing: /dev is the driver's"},
	{"lxc.rootfs.", "the keys rootfs and rootfs_readonly"},
	{"lxc.seccomp.", "the key seccomp"},
	{"lxc.selinux.", "the key selinux_label"},
	{"lxc.tty.", "the key tty"},
	{"lxc.uts.", "the key hostname"},
};

int lxc_raw_check(const char *line, struct exd_error *err)
{
	const char *equals = strchr(line, '=');

	for (const char *c = line; *c; c++)
		if ((unsigned char)*c < ' ')
			return exd_error_set(err, EXD_ERR_DRIVER_OPTION, 0,
					     "lxc_config: a line holds a control character");
	if (!equals || strncmp(line, "lxc.", 4) != 0)
		return exd_error_set(err, EXD_ERR_DRIVER_OPTION, 0,
				     "lxc_config: '%s' is not lxc.KEY = VALUE", line);
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (strncmp(line, reserved[i].prefix, strlen(reserved[i].prefix)) == 0)
			return exd_error_set(
				err, EXD_ERR_DRIVER_OPTION, 0,
				"lxc_config: '%s' contradicts what the command says; use %s", line,
				reserved[i].instead);
	return 0;
}

/* Whether the command has set this very item, which can be set once. */
static bool is_set(const struct lxc_run *run, const char *line)
{
	size_t n = strcspn(line, "= ");
	const char *text = run->recipe.text.text, *end = text + run->recipe.text.size;

	for (; text < end; text += strlen(text) + 1)
		if (strncmp(text, "set ", 4) == 0 && strncmp(text + 4, line, n) == 0 &&
		    text[4 + n] == '=')
			return strncmp(line, "lxc.mount.entry", n) != 0;
	return false;
}

static int contradicts(struct lxc_run *run, const char *line, const char *key)
{
	return exd_error_set(run->base.err, EXD_ERR_KEY, 0,
			     "the option lxc_config ('%s') contradicts the command's %s", line,
			     key);
}

int lxc_config_raw(struct lxc_run *run)
{
	for (size_t i = 0; i < run->lxc->raw_count; i++) {
		const char *line = run->lxc->raw[i], *value = strchr(line, '=') + 1;

		if (str_has_prefix(line, "lxc.net.") &&
		    exd_command_is_set(run->base.command, EXD_KEY_NETWORK))
			return contradicts(run, line, "network");
		if (is_set(run, line))
			return contradicts(run, line, "own setting of it");
		recipe_line(&run->recipe, "set %.*s=%s", (int)strcspn(line, "= "), line,
			    value + strspn(value, " "));
	}
	return 0;
}
