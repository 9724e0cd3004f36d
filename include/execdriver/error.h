/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The error object and the table of error codes, shared by hosts and driver authors. */
#ifndef EXECDRIVER_ERROR_H
#define EXECDRIVER_ERROR_H

#include <stdint.h>

#include <execdriver/api.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What went wrong, as a number that never changes its meaning. New codes are only appended. The
 * name of a code (exd_error_name) is its stable spelling in JSON output and logs.
 */
enum exd_code {
	EXD_OK = 0,
	EXD_ERR_SYSTEM = 1, /* a system call failed; sys_errno says how */
	EXD_ERR_NO_MEMORY = 2,
	EXD_ERR_INVALID = 3, /* an argument of the call is wrong */
	EXD_ERR_CONFIG = 4,  /* configuration file; text begins with file:line */
	EXD_ERR_KEY = 5,     /* unknown command key, or a value it does not take */
	EXD_ERR_ID = 6,      /* not a valid container id */
	EXD_ERR_ID_IN_USE = 7,
	EXD_ERR_NOT_FOUND = 8, /* no container of that id */
	EXD_ERR_NOT_RUNNING = 9,
	EXD_ERR_NOT_STOPPED = 10, /* the call needs a container that has ended */
	EXD_ERR_PAUSED = 11,
	EXD_ERR_NOT_PAUSED = 12,
	EXD_ERR_DRIVER_NOT_FOUND = 13, /* no such driver, or its .so is missing */
	EXD_ERR_DRIVER_LOAD = 14,      /* not a loadable object, or not a driver */
	/* another ABI, short struct, capability that lies, wrong name */
	EXD_ERR_DRIVER_ABI = 15,
	/* file or folder writable by others, symlink, wrong owner */
	EXD_ERR_DRIVER_UNTRUSTED = 16,
	/* an option in the driver's section it does not know or take */
	EXD_ERR_DRIVER_OPTION = 17,
	EXD_ERR_UNSUPPORTED = 18, /* the driver does not do this at all */
	EXD_ERR_HOST = 19,        /* this host does not allow it; text names the cure */
	EXD_ERR_ROOTFS = 20,
	EXD_ERR_MOUNT = 21,
	EXD_ERR_NAMESPACE = 22,
	EXD_ERR_CGROUP = 23,
	/* the memory limit killed the set-up before the program began */
	EXD_ERR_LIMIT_TOO_SMALL = 24,
	EXD_ERR_CAPABILITY = 25,
	EXD_ERR_SECCOMP = 26,
	EXD_ERR_USER = 27, /* user or group not found in the container, or not valid */
	EXD_ERR_CWD = 28,
	EXD_ERR_DEVICE = 29,
	EXD_ERR_SYSCTL = 30,
	EXD_ERR_RLIMIT = 31,
	EXD_ERR_NETWORK = 32,
	EXD_ERR_TTY = 33,
	EXD_ERR_EXEC_NOT_FOUND = 34, /* no such program: exit code 127 */
	EXD_ERR_EXEC = 35,           /* it is there but cannot be run: exit code 126 */
	EXD_ERR_HOOK = 36,           /* a hook of the host returned an error */
	EXD_ERR_TIMEOUT = 37,
	EXD_ERR_ABORTED = 38,  /* the start was given up before the program began */
	EXD_ERR_LOST = 39,     /* it ended and nobody could learn how */
	EXD_ERR_MONITOR = 40,  /* the monitor could not be started, or went away */
	EXD_ERR_PROTOCOL = 41, /* a message or plan that does not follow the format */
	EXD_ERR_STATE = 42,    /* a state record that cannot be read or written */
	EXD_ERR_PERMISSION = 43,
	EXD_ERR_INTERNAL = 44
};

/* Where it went wrong. */
enum exd_stage {
	EXD_STAGE_HOST = 0,    /* in the caller: configuration, driver, state directory */
	EXD_STAGE_PREPARE = 1, /* in the monitor, before the process was born */
	EXD_STAGE_CHILD = 2,   /* in the new process, before its program began */
	EXD_STAGE_EXEC = 3,    /* the execve itself */
	EXD_STAGE_RUNNING = 4,
	EXD_STAGE_CLEANUP = 5
};

#define EXD_ERROR_TEXT_MAX 480

/*
 * Owned by the caller, plain data, nothing to free. Every function that takes one accepts NULL.
 * It is written only on failure; `code` and the return value are for logic, `text` (one line, no
 * newline) is for people.
 */
struct exd_error {
	uint32_t code;     /* enum exd_code */
	int32_t sys_errno; /* errno value, or 0 */
	uint32_t stage;    /* enum exd_stage */
	int32_t step;      /* number of the plan's step that failed, or -1 */
	char text[EXD_ERROR_TEXT_MAX];
};

#define EXD_ERROR_INIT                         \
	{                                      \
		EXD_OK, 0, EXD_STAGE_HOST, -1, \
		{                              \
			0                      \
		}                              \
	}

/*
 * Fills in *err (NULL is fine) and returns -errnum, or -EINVAL when errnum is 0, so that a
 * failing function can end in `return exd_error_set(err, EXD_ERR_ROOTFS, errno, "cannot open
 * '%s'", path);`. When errnum is not 0 and the code is not one whose text is complete without it,
 * ": " and the error's description are appended. Text that does not fit is cut and ends in "...".
 * Control characters become '?'. Never blocks; any thread. Since 0.1.
 */
EXD_API int exd_error_set(struct exd_error *err, enum exd_code code, int errnum, const char *format,
			  ...)
	__attribute__((format(printf, 4, 5)));

/*
 * Puts "CONTEXT: " before the text of *err, once a layer, and returns r unchanged:
 * `return exd_error_prefix(err, r, "driver %s", name);`. Any thread. Since 0.1.
 */
EXD_API int exd_error_prefix(struct exd_error *err, int r, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The stable name of a code ("EXEC_NOT_FOUND"), or "UNKNOWN". A static string. Any thread. Since
 * 0.1.
 */
EXD_API const char *exd_error_name(uint32_t code);

/* The name of a stage ("prepare"), or "unknown". A static string. Any thread. Since 0.1. */
EXD_API const char *exd_stage_name(uint32_t stage);

/*
 * The exit code that a command line program ends with for this error: 127 for
 * EXD_ERR_EXEC_NOT_FOUND, 126 for EXD_ERR_EXEC, otherwise 125. Any thread. Since 0.1.
 */
EXD_API int exd_error_exit_code(const struct exd_error *err);

#ifdef __cplusplus
}
#endif
#endif
