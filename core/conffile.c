/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading of libconfig files with errors that begin with file:line. */
#include "core/conffile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strutil.h"

/* Read here and not by libconfig, whose descriptor would not be close-on-exec. */
static int read_text(const char *path, struct strbuf *text, struct exd_error *err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char block[4096];
	struct stat st;
	ssize_t size;

	if (fd < 0 || fstat(fd, &st) < 0)
		return exd_error_set(err, EXD_ERR_CONFIG, errno, "cannot read '%s'", path);
	if (!S_ISREG(st.st_mode))
		return exd_error_set(err, EXD_ERR_CONFIG, 0, "cannot read '%s': not a regular file",
				     path);
	while ((size = read(fd, block, sizeof(block))) != 0) {
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return exd_error_set(err, EXD_ERR_CONFIG, errno, "cannot read '%s'", path);
		if (memchr(block, '\0', (size_t)size))
			return exd_error_set(err, EXD_ERR_CONFIG, 0,
					     "cannot read '%s': not a text file", path);
		if (sb_add_bytes(text, block, (size_t)size) < 0)
			return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot read '%s'",
					     path);
	}
	return 0;
}

static int line_of(const char *text, const char *place)
{
	int line = 1;

	for (; text < place; text++)
		line += *text == '\n';
	return line;
}

int conffile_read(config_t *config, const char *path, struct exd_error *err)
{
	cleanup_strbuf struct strbuf buffer = {0};
	const char *text, *number;
	int r = read_text(path, &buffer, err);

	if (r < 0)
		return r;
	text = buffer.text ? buffer.text : "";
	number = conffile_cut_number(text);
	if (number)
		return exd_error_set(
			err, EXD_ERR_CONFIG, 0, "%s:%d: put an L behind the large number %.*s",
			path, line_of(text, number), (int)strspn(number, "-+0123456789"), number);
	if (config_read_string(config, text))
		return 0;
	return exd_error_set(err, EXD_ERR_CONFIG, 0, "%s:%d: %s",
			     config_error_file(config) ? config_error_file(config) : path,
			     config_error_line(config), config_error_text(config));
}

int conffile_refuse(const config_setting_t *setting, const char *path, struct exd_error *err,
		    const char *format, ...)
{
	const char *included = config_setting_source_file(setting);
	char text[EXD_ERROR_TEXT_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return exd_error_set(err, EXD_ERR_CONFIG, 0, "%s:%u: %s", included ? included : path,
			     (unsigned int)config_setting_source_line(setting), text);
}

int conffile_check_names(const config_setting_t *group, const char *path, const char *const *known,
			 enum exd_code code, struct exd_error *err)
{
	int count = config_setting_length(group);

	for (int i = 0; i < count; i++) {
		const config_setting_t *member = config_setting_get_elem(group, (unsigned int)i);
		cleanup_strbuf struct strbuf list = {0};
		int r;

		if (str_in(config_setting_name(member), known))
			continue;
		for (int k = 0; known[k]; k++)
			(void)sb_addf(&list, "%s%s", k ? ", " : "", known[k]);
		r = conffile_refuse(member, path, err, "'%.64s' is not known here%s%s",
				    config_setting_name(member), list.size ? ", only " : "",
				    list.size && !list.error ? list.text : "");
		if (err)
			err->code = code;
		return r;
	}
	return 0;
}

int conffile_string(const config_setting_t *group, const char *path, const char *name,
		    const char **out, struct exd_error *err)
{
	const config_setting_t *member = config_setting_get_member(group, name);

	if (!member)
		return 0;
	if (config_setting_type(member) != CONFIG_TYPE_STRING ||
	    !*config_setting_get_string(member))
		return conffile_refuse(member, path, err, "%s takes a \"text\" that is not empty",
				       name);
	*out = config_setting_get_string(member);
	return 0;
}

int conffile_bool(const config_setting_t *group, const char *path, const char *name, bool *out,
		  struct exd_error *err)
{
	const config_setting_t *member = config_setting_get_member(group, name);

	if (!member)
		return 0;
	if (config_setting_type(member) != CONFIG_TYPE_BOOL)
		return conffile_refuse(member, path, err, "%s takes true or false", name);
	*out = config_setting_get_bool(member);
	return 0;
}

int conffile_int(const config_setting_t *group, const char *path, const char *name, int *out,
		 struct exd_error *err)
{
	const config_setting_t *member = config_setting_get_member(group, name);

	if (!member)
		return 0;
	if (config_setting_type(member) != CONFIG_TYPE_INT)
		return conffile_refuse(member, path, err, "%s takes a number", name);
	*out = config_setting_get_int(member);
	return 0;
}
