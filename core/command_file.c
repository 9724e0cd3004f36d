/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command files: libconfig, the keys of the table by name, each value as its text would be. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/strutil.h"
#include "core/command.h"
#include "core/conffile.h"

/* What is being read, for all functions of this file. */
struct reading {
	struct exd_command *command;
	const char *path;
};

/* A refused value is an error of the file, at the line of its setting. */
static int locate(const struct reading *reading, const config_setting_t *setting, int r,
		  const struct exd_error *why, struct exd_error *err)
{
	if (r >= 0)
		return 0;
	if (why->code == EXD_ERR_NO_MEMORY) {
		if (err)
			*err = *why;
		return r;
	}
	return conffile_refuse(setting, reading->path, err, "%s", why->text);
}

static int set_text(const struct reading *reading, const config_setting_t *setting,
		    const char *name, const char *text, struct exd_error *err)
{
	struct exd_error why = EXD_ERROR_INIT;
	int r = exd_command_set(reading->command, name, text, &why);

	return locate(reading, setting, r, &why, err);
}

/* "NAME=" of a member of a group, then the value; numbers are written without the locale. */
static int scalar_text(const struct reading *reading, const config_setting_t *setting,
		       struct strbuf *text, struct exd_error *err)
{
	double value;

	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_STRING:
		(void)sb_add(text, config_setting_get_string(setting));
		break;
	case CONFIG_TYPE_BOOL:
		(void)sb_add(text, config_setting_get_bool(setting) ? "true" : "false");
		break;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		/* Its digits are what the key reads, and those of a umask are octal. */
		if (config_setting_get_format(setting) == CONFIG_FORMAT_HEX)
			return conffile_refuse(setting, reading->path, err,
					       "write the number without 0x");
		(void)sb_addf(text, "%lld", config_setting_get_int64(setting));
		break;
	case CONFIG_TYPE_FLOAT:
		value = config_setting_get_float(setting);
		if (!(value >= 0 && value < 1e9))
			return conffile_refuse(setting, reading->path, err,
					       "the number is out of range");
		(void)sb_addf(text, "%" PRIu64 ".%06" PRIu64,
			      (uint64_t)(value * 1e6 + 0.5) / 1000000,
			      (uint64_t)(value * 1e6 + 0.5) % 1000000);
		break;
	default:
		return conffile_refuse(setting, reading->path, err,
				       "a text, number, true or false is expected here");
	}
	if (text->error)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot read '%s'",
				     reading->path);
	return 0;
}

static int set_scalar(const struct reading *reading, const config_setting_t *setting,
		      const char *name, struct exd_error *err)
{
	cleanup_strbuf struct strbuf text = {0};
	int r = scalar_text(reading, setting, &text, err);

	return r < 0 ? r : set_text(reading, setting, name, text.text ? text.text : "", err);
}

/* flags = "ro,nosuid" or [ "ro", "nosuid" ]. */
static int mount_flags(const struct reading *reading, const config_setting_t *flags,
		       struct exd_mount *mount, struct strbuf *options, struct exd_error *err)
{
	struct exd_error why = EXD_ERROR_INIT;
	bool list = config_setting_is_array(flags) || config_setting_is_list(flags);
	int count = list ? config_setting_length(flags) : 1;

	for (int i = 0; i < count; i++) {
		const config_setting_t *item =
			list ? config_setting_get_elem(flags, (unsigned int)i) : flags;
		int r;

		if (config_setting_type(item) != CONFIG_TYPE_STRING)
			return conffile_refuse(item, reading->path, err, "flags takes texts");
		r = command_mount_options(mount, config_setting_get_string(item), options, &why);
		if (r < 0)
			return locate(reading, item, r, &why, err);
	}
	return 0;
}

static int add_mount(const struct reading *reading, const config_setting_t *group,
		     struct exd_error *err)
{
	static const char *const known[] = {"source", "target", "type", "options", "flags", NULL};
	struct exd_mount mount = {.struct_size = sizeof(mount)};
	struct exd_error why = EXD_ERROR_INIT;
	cleanup_strbuf struct strbuf options = {0};
	const config_setting_t *flags = config_setting_get_member(group, "flags");
	const char *type = "bind", *data = NULL;
	int r = conffile_check_names(group, reading->path, known, EXD_ERR_CONFIG, err);

	if (r == 0)
		r = conffile_string(group, reading->path, "source", &mount.source, err);
	if (r == 0)
		r = conffile_string(group, reading->path, "target", &mount.target, err);
	if (r == 0)
		r = conffile_string(group, reading->path, "type", &type, err);
	if (r == 0)
		r = conffile_string(group, reading->path, "options", &data, err);
	if (r < 0)
		return r;
	r = command_mount_type(type);
	if (r < 0)
		return conffile_refuse(
			group, reading->path, err,
			"type '%.64s' is not bind, tmpfs, proc, sysfs, mqueue, devpts or cgroup",
			type);
	mount.type = (uint32_t)r;
	(void)sb_add(&options, data ? data : "");
	r = flags ? mount_flags(reading, flags, &mount, &options, err) : 0;
	if (r < 0)
		return r;
	mount.options = options.text;
	r = exd_command_add_mount(reading->command, &mount, &why);
	return locate(reading, group, r, &why, err);
}

/* A member NAME = VALUE of a group, for maps and rlimits. */
static int add_member(const struct reading *reading, const config_setting_t *member,
		      const char *name, struct exd_error *err)
{
	cleanup_strbuf struct strbuf text = {0};
	int r;

	(void)sb_addf(&text, "%s=", config_setting_name(member));
	r = scalar_text(reading, member, &text, err);
	return r < 0 ? r : set_text(reading, member, name, text.text, err);
}

static int add_members(const struct reading *reading, const config_setting_t *group,
		       const char *name, struct exd_error *err)
{
	int r = 0;

	for (int i = 0; r == 0 && i < config_setting_length(group); i++)
		r = add_member(reading, config_setting_get_elem(group, (unsigned int)i), name, err);
	return r;
}

/* args = "x", [ "x", "y" ], or a list in which mounts may be groups. */
static int add_list(const struct reading *reading, const config_setting_t *list,
		    const struct command_key *row, struct exd_error *err)
{
	int count = config_setting_length(list), r = 0;

	if (count == 0 && (row->flags & KEY_EMPTY_LIST))
		return set_text(reading, list, row->key.name, "", err);
	for (int i = 0; r == 0 && i < count; i++) {
		const config_setting_t *item = config_setting_get_elem(list, (unsigned int)i);

		if (row->key.type == EXD_TYPE_MOUNTS && config_setting_is_group(item))
			r = add_mount(reading, item, err);
		else
			r = set_scalar(reading, item, row->key.name, err);
	}
	return r;
}

static int read_key(const struct reading *reading, const config_setting_t *setting,
		    struct exd_error *err)
{
	const char *name = config_setting_name(setting);
	const struct command_key *row = command_key_named(name);
	bool many, pairs;

	if (!row)
		return conffile_refuse(setting, reading->path, err,
				       "there is no command key '%.64s'", name);
	pairs = row->key.type == EXD_TYPE_MAP || row->key.type == EXD_TYPE_RLIMITS;
	many = pairs || row->key.type == EXD_TYPE_LIST || row->key.type == EXD_TYPE_MOUNTS ||
	       row->key.type == EXD_TYPE_DEVICES;
	if (pairs && config_setting_is_group(setting))
		return add_members(reading, setting, name, err);
	if (many && (config_setting_is_array(setting) || config_setting_is_list(setting)))
		return add_list(reading, setting, row, err);
	return set_scalar(reading, setting, name, err);
}

int exd_command_load(struct exd_command *command, const char *path, struct exd_error *err)
{
	cleanup_config config_t source = {0};
	struct reading reading = {command, path};
	const config_setting_t *root;
	int r;

	config_init(&source);
	r = conffile_read(&source, path, err);
	if (r < 0)
		return r;
	root = config_root_setting(&source);
	for (int i = 0; r == 0 && i < config_setting_length(root); i++)
		r = read_key(&reading, config_setting_get_elem(root, (unsigned int)i), err);
	return r;
}
