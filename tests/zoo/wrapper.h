/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For drivers that put a shell in between: WRAPPER is what it does with the program as "$@". */
#ifndef EXECDRIVER_TESTS_ZOO_WRAPPER_H
#define EXECDRIVER_TESTS_ZOO_WRAPPER_H

#include "tests/zoo/good.h"

static int zoo_run(void *self, const struct exd_command *command, struct exd_plan *plan,
		   struct exd_error *err)
{
	const char *argv[GOOD_MAX + 2] = {0}, *envp[GOOD_MAX + 2];
	const char *all[GOOD_MAX + 8] = {"/bin/sh", "-c", WRAPPER, "sh"};
	int r = good_check(command, err);

	(void)self;
	if (r == 0)
		r = good_list(command, EXD_KEY_ARGS, NULL, argv, err);
	if (r == 0)
		r = good_list(command, EXD_KEY_ENV, "PATH=/usr/bin:/bin", envp, err);
	for (size_t i = 0; r == 0 && argv[i]; i++)
		all[4 + i] = argv[i];
	if (r < 0)
		return r;
	exd_plan_birth(plan, CLONE_NEWPID, -1, -1);
	exd_plan_setsid(plan);
	exd_plan_stdio(plan, exd_plan_stdio_slot(plan, 0), exd_plan_stdio_slot(plan, 1),
		       exd_plan_stdio_slot(plan, 2));
	good_process(command, plan);
	exd_plan_exec(plan, all, envp);
	return exd_plan_error(plan, err);
}

ZOO_DRIVER(.run = zoo_run, .caps = EXD_CAP_EXEC);

#endif
