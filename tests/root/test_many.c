/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* More containers than one monitor takes: the next monitor, and the end of all of them. */
#include <errno.h>
#include <stdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/root/library.h"

#define FULL 100 /* as in monitor/monitor.h */

static struct exd_process *start(struct exd_engine *engine)
{
	static const char *const args[] = {"sleep", "300", NULL};
	struct exd_command *command = lib_command(NULL, args);
	struct exd_process *process = NULL;

	must(exd_start(engine, command, NULL, NULL, EXD_START_TIED | EXD_START_EPHEMERAL, &process,
		       &lib_err));
	exd_command_free(command);
	lib_until(engine, process, EXD_PHASE_RUNNING);
	return process;
}

static pid_t monitor_of(struct exd_engine *engine, const struct exd_process *process)
{
	return lib_monitor(engine, exd_process_id(process));
}

static void end(struct exd_engine *engine, struct exd_process *process)
{
	struct exd_exit_status status = STATUS_INIT;

	must(exd_kill(engine, exd_process_id(process), SIGKILL, &lib_err));
	must(exd_process_wait(process, 20000, &status, &lib_err));
	ck_assert_uint_eq(status.signal, SIGKILL);
	exd_process_free(process);
}

static void fill(struct exd_engine *engine, struct exd_process **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		list[i] = start(engine);
}

START_TEST(test_next_monitor)
{
	struct exd_engine *engine = lib_engine(0), *other = lib_engine(0);
	struct exd_process *list[FULL], *more, *others;
	pid_t first, second;

	fill(engine, list, FULL);
	first = monitor_of(engine, list[0]);
	ck_assert_int_eq(monitor_of(engine, list[FULL - 1]), first);
	more = start(engine);
	second = monitor_of(engine, more);
	ck_assert_int_ne(second, first);
	/* The root's other engines find the same one, and it is no more than these two. */
	others = start(other);
	ck_assert_int_eq(monitor_of(other, others), second);
	end(other, others);
	/* A process in a container of the first is the first's, and changes nothing. */
	for (int i = 0; i < 2; i++) {
		struct exd_command *inside = lib_shell(NULL, "exit 0");

		must(exd_exec(engine, exd_process_id(list[7]), inside, NULL, NULL, NULL, &lib_err));
		exd_command_free(inside);
	}
	end(engine, more);
	more = start(engine);
	ck_assert_int_eq(monitor_of(engine, more), second);
	end(engine, more);
	for (size_t i = 0; i < FULL; i++)
		end(engine, list[i]);
	exd_engine_close(other);
	lib_end(engine);
}
END_TEST

/* The first has nothing to stay for when its containers have ended, whatever the engine does. */
START_TEST(test_first_monitor_ends)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *list[FULL], *more;
	pid_t first;

	fill(engine, list, FULL);
	first = monitor_of(engine, list[0]);
	more = start(engine);
	for (size_t i = 0; i < FULL; i++)
		end(engine, list[i]);
	for (int i = 0; i < 1000 && kill(first, 0) == 0; i++)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	ck_assert_int_eq(kill(first, 0), -1);
	ck_assert_int_eq(errno, ESRCH);
	end(engine, more);
	lib_end(engine);
}
END_TEST

/* A host that adopts them finds none of them in its process table afterwards. */
START_TEST(test_subreaper_of_two)
{
	struct exd_engine *engine;
	struct exd_process *list[FULL], *more;

	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	engine = lib_engine(0);
	fill(engine, list, FULL);
	more = start(engine);
	ck_assert_int_ne(monitor_of(engine, more), monitor_of(engine, list[0]));
	end(engine, more);
	for (size_t i = 0; i < FULL; i++)
		end(engine, list[i]);
	lib_end(engine);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("many");

	lib_add(s, "monitors", test_next_monitor, test_first_monitor_ends, test_subreaper_of_two);
	return tap_main(s);
}
