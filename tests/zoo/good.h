/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small driver that keeps the contract: a pid namespace, and nothing else of its own. The
 * drivers of the zoo are this one with one thing wrong, by a macro that is defined before it is
 * included, or by another function in the entry.
 */
#ifndef EXECDRIVER_TESTS_ZOO_GOOD_H
#define EXECDRIVER_TESTS_ZOO_GOOD_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <execdriver/driver.h>

#define GOOD_MAX 256

#ifndef ZOO_NAMESPACES
#define ZOO_NAMESPACES CLONE_NEWPID
#endif

static inline int good_open(void **self, const struct exd_options *options, struct exd_error *err)
{
	static const char *const known[] = {"worker", NULL};

	*self = (void *)(uintptr_t)options;
	return exd_options_check(options, known, err);
}

static inline void good_close(void *self)
{
	(void)self;
}

static inline int good_probe(void *self, struct exd_report *report, uint64_t *caps,
			     struct exd_error *err)
{
	(void)self;
	(void)caps;
	(void)err;
	return report ? exd_report_add(report, EXD_REPORT_YES, "kernel", "", "will do") : 0;
}

/* What it honours; all else that is set is refused by name. */
static inline int good_check(const struct exd_command *command, struct exd_error *err)
{
	static const uint32_t known[] = {EXD_KEY_ID, EXD_KEY_ARGS, EXD_KEY_ENV, EXD_KEY_CWD,
					 EXD_KEY_UMASK, EXD_KEY_RLIMITS, EXD_KEY_ANNOTATIONS};
	const struct exd_command_key *key = NULL;

#ifdef ZOO_TAKES_ALL
	return 0;
#endif
	while ((key = exd_command_key_next(key))) {
		bool takes = false;

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			takes = takes || known[i] == key->key;
		if (!takes && exd_command_is_set(command, (enum exd_key)key->key))
			return exd_error_set(err, EXD_ERR_UNSUPPORTED, EOPNOTSUPP,
					     "this driver does not take '%s'", key->name);
	}
	return 0;
}

/* The items of a list behind `first` (NULL: none), NULL-terminated. */
static inline int good_list(const struct exd_command *command, enum exd_key key, const char *first,
			    const char *list[GOOD_MAX + 2], struct exd_error *err)
{
	size_t count = exd_command_count(command, key), used = 0;

	if (count > GOOD_MAX)
		return exd_error_set(err, EXD_ERR_INVALID, E2BIG, "more than %d items", GOOD_MAX);
	if (first)
		list[used++] = first;
	for (size_t i = 0; i < count; i++)
		list[used++] = exd_command_item(command, key, i);
	list[used] = NULL;
	return 0;
}

static inline void good_process(const struct exd_command *command, struct exd_plan *plan)
{
	struct exd_rlimit limit = {.struct_size = sizeof(limit)};

	for (size_t i = 0; exd_command_rlimit(command, i, &limit); i++)
		exd_plan_rlimit(plan, limit.resource, limit.soft, limit.hard);
	exd_plan_umask(plan, (mode_t)exd_command_number(command, EXD_KEY_UMASK, 022));
	exd_plan_blame(plan, EXD_ERR_CWD, 0);
	exd_plan_chdir(plan, exd_command_string(command, EXD_KEY_CWD, "/"), false);
	exd_plan_blame(plan, EXD_ERR_SYSTEM, 0);
}

/* pidns_slot: of the container; -1: a new one. */
static inline int good_plan(const struct exd_command *command, struct exd_plan *plan,
			    int pidns_slot, struct exd_error *err)
{
	const char *argv[GOOD_MAX + 2], *envp[GOOD_MAX + 2];
	int r = good_check(command, err);

	if (r == 0)
		r = good_list(command, EXD_KEY_ARGS, NULL, argv, err);
	if (r == 0)
		r = good_list(command, EXD_KEY_ENV, "PATH=/usr/bin:/bin", envp, err);
	if (r < 0)
		return r;
	exd_plan_birth(plan, pidns_slot < 0 ? ZOO_NAMESPACES : 0, pidns_slot, -1);
	exd_plan_setsid(plan);
#ifndef ZOO_NEVER_PARKS
	if (exd_plan_wants_park(plan))
		exd_plan_park(plan);
#endif
#ifdef ZOO_MORE_STEPS
	ZOO_MORE_STEPS(command, plan);
#endif
	exd_plan_stdio(plan, exd_plan_stdio_slot(plan, 0), exd_plan_stdio_slot(plan, 1),
		       exd_plan_stdio_slot(plan, 2));
	good_process(command, plan);
	exd_plan_exec(plan, argv, envp);
	return exd_plan_error(plan, err);
}

static inline int good_run(void *self, const struct exd_command *command, struct exd_plan *plan,
			   struct exd_error *err)
{
	(void)self;
	return good_plan(command, plan, -1, err);
}

static inline int good_exec(void *self, struct exd_record *record,
			    const struct exd_command *command, struct exd_plan *plan,
			    struct exd_error *err)
{
	int slot = -1, fd;

	(void)self;
	if (ZOO_NAMESPACES & CLONE_NEWPID) {
		fd = exd_record_namespace(record, "pid", err);
		if (fd < 0)
			return fd;
		slot = exd_plan_fd_consume(plan, fd, EXD_FD_KEEP);
	}
	return good_plan(command, plan, slot, err);
}

static inline int good_terminate(void *self, struct exd_record *record, struct exd_error *err)
{
	int pidfd = exd_record_pidfd(record);

	(void)self;
	(void)err;
	if (pidfd >= 0)
		(void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	return 0;
}

static inline int good_clean(void *self, struct exd_record *record, struct exd_error *err)
{
	(void)self;
	(void)record;
	(void)err;
	return 0;
}

static inline int good_info(void *self, struct exd_record *record, struct exd_info *info,
			    struct exd_error *err)
{
	(void)self;
	(void)err;
	info->running = exd_record_pidfd(record) >= 0;
	(void)snprintf(info->driver, sizeof(info->driver), "%s 1", ZOO_NAME);
	(void)snprintf(info->isolation, sizeof(info->isolation), "pid namespace");
	return 0;
}

/* The entry, up to where an oddity differs: a later initialiser overrides. */
#define GOOD_DRIVER                                                                        \
	.struct_size = sizeof(struct exd_driver), .abi = EXD_DRIVER_ABI, .name = ZOO_NAME, \
	.version = "1", .summary = "of the zoo",                                           \
	.caps = EXD_CAP_EXEC | EXD_CAP_PRE_START, .open = good_open, .close = good_close,  \
	.probe = good_probe, .run = good_run, .terminate = good_terminate,                 \
	.clean = good_clean, .info = good_info, .exec = good_exec

#define ZOO_DRIVER(...)                                                        \
	_Pragma("GCC diagnostic ignored \"-Woverride-init\"")                  \
		EXD_DRIVER_EXPORT const struct exd_driver exd_driver_entry = { \
			GOOD_DRIVER, ##__VA_ARGS__}

#endif
