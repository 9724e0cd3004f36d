/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The conformance kit: does a driver keep the contract of <execdriver/driver.h>? */
#ifndef EXECDRIVER_CONFORMANCE_H
#define EXECDRIVER_CONFORMANCE_H

/*
 * Link libexecdriver-conformance. The kit knows no driver: it uses the API for hosts, and looks at
 * what a container does and leaves from outside. It is made for programs whose business is to
 * test, not for hosts: it forks. Each case runs in a child process with a state directory of its
 * own below $TMPDIR or /tmp, as root in a mount namespace of its own, so that a driver that
 * crashes, hangs or leaves things behind is convicted of just that and disturbs no other case.
 * Call it from a process with one thread; it waits only for children of its own.
 */

#include <execdriver/execdriver.h>

#ifdef __cplusplus
extern "C" {
#endif

struct exd_conformance_options {
	uint32_t struct_size;
	uint32_t timeout_ms; /* of one case; 0: 60000 */
	const char *config;  /* as in struct exd_engine_config */
	const char *driver;  /* the name of a configured driver */
	/* root directory of the containers, with a shell, cat, sleep and tail; NULL: the default */
	const char *rootfs;
	/* NULL-terminated, what a script is appended to; NULL: /bin/sh -c */
	const char *const *shell;
	/* runs only cases of this name or with this contract id; NULL: all */
	const char *only;
	/* gets each line of TAP, without its newline; NULL: none */
	void (*line)(void *arg, const char *text);
	void *arg;
};

struct exd_conformance_result {
	uint32_t struct_size;
	uint32_t passed;
	uint32_t failed;
	/* of capabilities that the driver does not claim, or not on this host */
	uint32_t skipped;
	/* not counted above: their outcome follows from a case that failed */
	uint32_t left_out;
	uint32_t reserved;
};

/*
 * Judges a driver. Blocks for all cases, each bounded. Prints through `line`: one line a case with
 * the ids it checks, "# " lines that explain, the plan, and last "N passed, N failed, N skipped". A
 * driver that fails is no error: see *result. EXD_ERR_DRIVER_NOT_FOUND, EXD_ERR_INVALID for an
 * `only` that no case has. Since 0.1.
 */
EXD_API int exd_conformance_run(const struct exd_conformance_options *options,
				struct exd_conformance_result *result, struct exd_error *err);

struct exd_conformance_case {
	uint32_t struct_size;
	uint32_t reserved;
	const char *name; /* "exec.code" */
	const char *ids;  /* of the contract, with blanks between them: "exec-2" */
	uint64_t caps;    /* enum exd_cap, all of which it needs */
	/* cases, with blanks between them: when one failed, this one is left out; "": none */
	const char *needs;
};

/* Fills in the case of this index, in the order they run; false after the last. Since 0.1. */
EXD_API bool exd_conformance_case(size_t index, struct exd_conformance_case *out);

#ifdef __cplusplus
}
#endif
#endif
