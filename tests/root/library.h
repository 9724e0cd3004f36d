/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests that run containers through the library: engines on state directories of their own. */
#ifndef EXECDRIVER_TESTS_ROOT_LIBRARY_H
#define EXECDRIVER_TESTS_ROOT_LIBRARY_H

#include <execdriver/execdriver.h>

#include "tests/tap.h"

#define STATUS_INIT                                           \
	{                                                     \
		.struct_size = sizeof(struct exd_exit_status) \
	}

/* Fails the test with the error's text when the call failed. */
#define must(call)                                                                     \
	do {                                                                           \
		int must_r = (call);                                                   \
		ck_assert_msg(must_r >= 0, "%s: %d: %s", #call, must_r, lib_err.text); \
	} while (0)

/* A case group of these tests, each of which may take a minute. */
#define lib_add(s, name, ...)                                                          \
	do {                                                                           \
		const TTest *const lib_all[] = {__VA_ARGS__};                          \
		lib_add_tests(s, name, lib_all, sizeof(lib_all) / sizeof(lib_all[0])); \
	} while (0)

void lib_add_tests(Suite *s, const char *name, const TTest *const *tests, size_t count);

/* Of the last call that was given &lib_err. */
extern struct exd_error lib_err;

/* The state directory of this test, made when first asked for. */
const char *lib_root(void);
/* An engine on it; flags: enum exd_engine_flag. Warnings and errors of its log go to stderr. */
struct exd_engine *lib_engine(uint32_t flags);
/*
 * Closes the engine; fails the test when a container's directory is left; removes the state
 * directory.
 */
void lib_end(struct exd_engine *engine);
/* Removes the state directory, once its monitors are gone. */
void lib_remove_root(void);

/* A command with these arguments. id may be NULL. */
struct exd_command *lib_command(const char *id, const char *const *args);
/* sh -c SCRIPT */
struct exd_command *lib_shell(const char *id, const char *script);

/* Runs the script to its end and returns the exit code, or the negative errno value. */
int lib_run(struct exd_engine *engine, const char *script);
/* Starts a detached or tied script; all stdio is /dev/null. */
struct exd_process *lib_start(struct exd_engine *engine, const char *id, const char *script,
			      uint32_t flags);

/* Dispatches until the phase is reached, at most 20 s. */
void lib_until(struct exd_engine *engine, const struct exd_process *process, enum exd_phase phase);
/* What the record says now. */
enum exd_status lib_status(struct exd_engine *engine, const char *id);
/* Dispatches until there is an event, at most 20 s. */
bool lib_next_event(struct exd_engine *engine, struct exd_event *event);
/* Reads to the end, or as much as fits with the NUL. */
void lib_read(int fd, char *buf, size_t size);
/* The pid of the monitor of a running container. */
pid_t lib_monitor(struct exd_engine *engine, const char *id);

#endif
