/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hosts of a storm: each does what its seed says, one call after the other. */
#include "tests/root/storm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENDED_BY_KILL 137

struct host {
	struct storm *storm;
	struct exd_engine *engine;
	unsigned int seed;
};

unsigned int storm_random(unsigned int *seed, unsigned int below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

void storm_id(char *id, unsigned int number)
{
	(void)snprintf(id, STORM_ID_SIZE, "box%02u", number);
}

static void wrong(struct host *h, const char *what, const char *id, const struct exd_error *err,
		  unsigned int code)
{
	if (!h->storm->wrong[0])
		(void)snprintf(h->storm->wrong, sizeof(h->storm->wrong), "%s %s: code %u, %s %.160s", what, id,
			       code, exd_error_name(err->code), err->text);
}

/* Others do things to the same containers: most errors are theirs. Some are nobody's. */
static void check(struct host *h, const char *what, const char *id, int r, const struct exd_error *err)
{
	if (r < 0 && r != -ETIMEDOUT &&
	    (!err->text[0] || err->code == EXD_ERR_INTERNAL || err->code == EXD_ERR_PROTOCOL ||
	     err->code == EXD_ERR_INVALID))
		wrong(h, what, id, err, 0);
}

static void start(struct host *h, const char *id)
{
	static const char *const whats[] = {"rest", "rest", "rest", "exit"};
	struct exd_command *command = tiny_command(id, whats[storm_random(&h->seed, 4)], "3");
	struct exd_process *process = NULL;
	struct exd_error err = EXD_ERROR_INIT;
	int r = exd_start(h->engine, command, NULL, NULL, 0, &process, &err);

	check(h, "start", id, r, &err);
	/* Some are left to their fate before it is known that they have started. */
	if (r == 0 && storm_random(&h->seed, 4))
		for (int i = 0; i < 2000 && exd_process_phase(process) < EXD_PHASE_RUNNING; i++) {
			(void)exd_engine_dispatch(h->engine, NULL);
			(void)usleep(500);
		}
	exd_process_free(process);
	exd_command_free(command);
}

static void judge_code(struct host *h, const char *what, const char *id, int r,
		       const struct exd_exit_status *status, const struct exd_error *err)
{
	check(h, what, id, r, err);
	if (r == 0 && status->exit_code != 5 && status->exit_code != ENDED_BY_KILL)
		wrong(h, what, id, err, status->exit_code);
}

static void run(struct host *h, const char *id)
{
	struct exd_command *command = tiny_command(NULL, "exit", "5");
	struct exd_exit_status status = STATUS_INIT;
	struct exd_error err = EXD_ERROR_INIT;

	judge_code(h, "run", id, exd_run(h->engine, command, NULL, NULL, &status, &err), &status, &err);
	exd_command_free(command);
}

static void exec(struct host *h, const char *id)
{
	const char *const args[] = {"/inside", "exit", "5", NULL};
	struct exd_command *command = lib_command(NULL, args);
	struct exd_exit_status status = STATUS_INIT;
	struct exd_error err = EXD_ERROR_INIT;
	int r;

	/* One that is paused would keep the exec waiting for whoever lets it go on. */
	(void)exd_unpause(h->engine, id, NULL);
	r = exd_exec_start(h->engine, id, command, NULL, NULL, EXD_START_TIED, &(struct exd_process *){NULL},
			   &err);
	check(h, "exec", id, r, &err);
	for (int i = 0; r == 0 && i < 20; i++) {
		(void)exd_engine_dispatch(h->engine, NULL);
		(void)usleep(500);
	}
	(void)status;
	exd_command_free(command);
}

static void pause_it(struct host *h, const char *id)
{
	struct exd_error err = EXD_ERROR_INIT;

	check(h, "pause", id, exd_pause(h->engine, id, &err), &err);
	if (storm_random(&h->seed, 2))
		check(h, "unpause", id, exd_unpause(h->engine, id, &err), &err);
}

static void stop(struct host *h, const char *id)
{
	struct exd_exit_status status = STATUS_INIT;
	struct exd_error err = EXD_ERROR_INIT;
	int r = exd_kill(h->engine, id, SIGKILL, &err);

	check(h, "kill", id, r, &err);
	if (r == 0)
		check(h, "wait", id, exd_wait(h->engine, id, 2000, &status, &err), &err);
}

static void remove_it(struct host *h, const char *id)
{
	struct exd_error err = EXD_ERROR_INIT;

	check(h, "delete", id, exd_delete(h->engine, id, storm_random(&h->seed, 2), &err), &err);
}

static void look(struct host *h, const char *id)
{
	struct exd_stats stats = {.struct_size = sizeof(stats)};
	struct exd_error err = EXD_ERROR_INIT;
	struct exd_box *box = NULL;

	check(h, "stats", id, exd_stats(h->engine, id, &stats, &err), &err);
	while (exd_box_next(h->engine, &box, &err) > 0)
		;
}

static void collect(struct host *h, const char *id)
{
	struct exd_error err = EXD_ERROR_INIT;

	check(h, "gc", id, exd_gc(h->engine, false, NULL, &err), &err);
}

_Noreturn void storm_host(struct storm *storm, unsigned int number, unsigned int seed)
{
	static void (*const calls[])(struct host * h, const char *id) = {
		start, start, start, run, exec, exec, pause_it, stop, remove_it, remove_it, look, collect};
	struct host h = {.storm = storm, .engine = lib_engine(0), .seed = seed};
	char id[STORM_ID_SIZE];

	/* At first there is nothing to do anything to. */
	for (unsigned int i = number; i < STORM_BOXES && !storm->stop; i += STORM_HOSTS - 1) {
		storm_id(id, i);
		start(&h, id);
		__atomic_add_fetch(&storm->calls, 1, __ATOMIC_RELAXED);
	}
	while (!storm->stop) {
		storm_id(id, storm_random(&h.seed, STORM_BOXES));
		calls[storm_random(&h.seed, sizeof(calls) / sizeof(calls[0]))](&h, id);
		__atomic_add_fetch(&storm->calls, 1, __ATOMIC_RELAXED);
	}
	exd_engine_close(h.engine);
	_exit(0);
}

/* ---- by the command line --------------------------------------------------------------------- */

static _Noreturn void become_driverctl(const char *const *args)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 3; fd++)
		(void)dup2(null, fd);
	(void)execvp(args[0], (char *const *)args);
	_exit(127);
}

static void driverctl(struct storm *storm, const char *const *args)
{
	pid_t pid = tiny_fork();

	if (pid == 0)
		become_driverctl(args);
	storm->driverctl = pid;
	(void)waitpid(pid, NULL, 0);
	storm->driverctl = 0;
	__atomic_add_fetch(&storm->calls, 1, __ATOMIC_RELAXED);
}

_Noreturn void storm_driverctl(struct storm *storm, unsigned int seed)
{
	static const char *const verbs[] = {"pause", "resume", "delete", "inspect"};
	const char *parent = strrchr(tiny_root(), '/') + 1;
	char id[STORM_ID_SIZE];

	while (!storm->stop) {
		const char *const run[] = {"driverctl", "--root", lib_root(), "run", "--cgroup-parent", parent,
					   "--rootfs", tiny_root(), "--", "/inside", "exit", "5", NULL};
		const char *const exec[] = {"driverctl", "--root", lib_root(), "exec", id, "--", "/inside", "exit", "5", NULL};
		const char *const verb[] = {"driverctl", "--root", lib_root(), verbs[storm_random(&seed, 4)], id, NULL};
		const char *const stop[] = {"driverctl", "--root", lib_root(), "stop", "-t", "0", id, NULL};
		const char *const list[] = {"driverctl", "--root", lib_root(), "list", NULL};
		const char *const *const all[] = {run, run, exec, verb, verb, stop, list};

		storm_id(id, storm_random(&seed, STORM_BOXES));
		driverctl(storm, all[storm_random(&seed, 7)]);
	}
	_exit(0);
}
