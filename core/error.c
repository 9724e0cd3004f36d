/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filling in of struct exd_error, and the names of codes and stages. */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <execdriver/error.h>

struct code_row {
	const char *name;
	bool complete; /* the text says all: no description of errno */
};

static const struct code_row codes[] = {
	[EXD_OK] = {"OK", true},
	[EXD_ERR_SYSTEM] = {"SYSTEM", false},
	[EXD_ERR_NO_MEMORY] = {"NO_MEMORY", false},
	[EXD_ERR_INVALID] = {"INVALID", true},
	[EXD_ERR_CONFIG] = {"CONFIG", false},
	[EXD_ERR_KEY] = {"KEY", true},
	[EXD_ERR_ID] = {"ID", true},
	[EXD_ERR_ID_IN_USE] = {"ID_IN_USE", true},
	[EXD_ERR_NOT_FOUND] = {"NOT_FOUND", true},
	[EXD_ERR_NOT_RUNNING] = {"NOT_RUNNING", true},
	[EXD_ERR_NOT_STOPPED] = {"NOT_STOPPED", true},
	[EXD_ERR_PAUSED] = {"PAUSED", true},
	[EXD_ERR_NOT_PAUSED] = {"NOT_PAUSED", true},
	[EXD_ERR_DRIVER_NOT_FOUND] = {"DRIVER_NOT_FOUND", true},
	[EXD_ERR_DRIVER_LOAD] = {"DRIVER_LOAD", false},
	[EXD_ERR_DRIVER_ABI] = {"DRIVER_ABI", true},
	[EXD_ERR_DRIVER_UNTRUSTED] = {"DRIVER_UNTRUSTED", true},
	[EXD_ERR_DRIVER_OPTION] = {"DRIVER_OPTION", true},
	[EXD_ERR_UNSUPPORTED] = {"UNSUPPORTED", true},
	[EXD_ERR_HOST] = {"HOST", false},
	[EXD_ERR_ROOTFS] = {"ROOTFS", false},
	[EXD_ERR_MOUNT] = {"MOUNT", false},
	[EXD_ERR_NAMESPACE] = {"NAMESPACE", false},
	[EXD_ERR_CGROUP] = {"CGROUP", false},
	[EXD_ERR_LIMIT_TOO_SMALL] = {"LIMIT_TOO_SMALL", true},
	[EXD_ERR_CAPABILITY] = {"CAPABILITY", false},
	[EXD_ERR_SECCOMP] = {"SECCOMP", false},
	[EXD_ERR_USER] = {"USER", false},
	[EXD_ERR_CWD] = {"CWD", false},
	[EXD_ERR_DEVICE] = {"DEVICE", false},
	[EXD_ERR_SYSCTL] = {"SYSCTL", false},
	[EXD_ERR_RLIMIT] = {"RLIMIT", false},
	[EXD_ERR_NETWORK] = {"NETWORK", false},
	[EXD_ERR_TTY] = {"TTY", false},
	[EXD_ERR_EXEC_NOT_FOUND] = {"EXEC_NOT_FOUND", false},
	[EXD_ERR_EXEC] = {"EXEC", false},
	[EXD_ERR_HOOK] = {"HOOK", false},
	[EXD_ERR_TIMEOUT] = {"TIMEOUT", true},
	[EXD_ERR_ABORTED] = {"ABORTED", true},
	[EXD_ERR_LOST] = {"LOST", true},
	[EXD_ERR_MONITOR] = {"MONITOR", false},
	[EXD_ERR_PROTOCOL] = {"PROTOCOL", false},
	[EXD_ERR_STATE] = {"STATE", false},
	[EXD_ERR_PERMISSION] = {"PERMISSION", false},
	[EXD_ERR_INTERNAL] = {"INTERNAL", false},
};

static const char *const stages[] = {
	[EXD_STAGE_HOST] = "host",
	[EXD_STAGE_PREPARE] = "prepare",
	[EXD_STAGE_CHILD] = "child",
	[EXD_STAGE_EXEC] = "exec",
	[EXD_STAGE_RUNNING] = "running",
	[EXD_STAGE_CLEANUP] = "cleanup",
};

/* What does not fit ends in "...", not in the middle of a UTF-8 sequence. */
static void text_cut(char *text, size_t room)
{
	size_t end = room - sizeof("...");

	while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
		end--;
	memcpy(text + end, "...", sizeof("..."));
}

__attribute__((format(printf, 3, 0))) static void text_add(char *text, size_t room,
							   const char *format, va_list args)
{
	size_t used = strlen(text);
	int size = vsnprintf(text + used, room - used, format, args);

	if (size < 0)
		text[used] = '\0';
	else if ((size_t)size >= room - used)
		text_cut(text, room);
}

__attribute__((format(printf, 3, 4))) static void text_addf(char *text, size_t room,
							    const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_add(text, room, format, args);
	va_end(args);
}

static void text_clean(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

int exd_error_set(struct exd_error *err, enum exd_code code, int errnum, const char *format, ...)
{
	struct exd_error made = {
		.code = code, .sys_errno = errnum, .stage = EXD_STAGE_HOST, .step = -1};
	bool complete =
		(unsigned int)code < sizeof(codes) / sizeof(codes[0]) && codes[code].complete;
	char why[128];
	va_list args;

	if (!err)
		return errnum ? -errnum : -EINVAL;
	va_start(args, format);
	text_add(made.text, sizeof(made.text), format, args);
	va_end(args);
	if (errnum && !complete)
		text_addf(made.text, sizeof(made.text), ": %s",
			  strerror_r(errnum, why, sizeof(why)));
	text_clean(made.text);
	*err = made;
	return errnum ? -errnum : -EINVAL;
}

int exd_error_prefix(struct exd_error *err, int r, const char *format, ...)
{
	char text[EXD_ERROR_TEXT_MAX] = "";
	va_list args;

	if (!err || r >= 0)
		return r;
	va_start(args, format);
	text_add(text, sizeof(text), format, args);
	va_end(args);
	text_addf(text, sizeof(text), ": %s", err->text);
	text_clean(text);
	memcpy(err->text, text, sizeof(text));
	return r;
}

const char *exd_error_name(uint32_t code)
{
	return code < sizeof(codes) / sizeof(codes[0]) ? codes[code].name : "UNKNOWN";
}

const char *exd_stage_name(uint32_t stage)
{
	return stage < sizeof(stages) / sizeof(stages[0]) ? stages[stage] : "unknown";
}

int exd_error_exit_code(const struct exd_error *err)
{
	if (err && err->code == EXD_ERR_EXEC_NOT_FOUND)
		return 127;
	if (err && err->code == EXD_ERR_EXEC)
		return 126;
	return 125;
}
