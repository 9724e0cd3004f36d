/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rounds of a long run: each is drawn from the seed, run, and judged. */
#include "tests/soak/soak.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_LIMIT (8 << 20)
#define KILLED 137
#define SHOWN 20 /* of what went wrong */

/* What a round runs, and what has to come of it. */
struct round {
	struct soak *soak;
	enum soak_kind kind;
	uint32_t number;
	const char *what;
	char argument[8];
	bool init;
	bool pids_of_host;
	bool kill_by_engine; /* in the start hook */
	bool kill_by_host;
	uint32_t code;
	uint32_t signal;
	uint64_t oom_kills;
	bool oom_killed;
};

static uint32_t mix(uint32_t x)
{
	x = (x ^ (x >> 16)) * 0x7feb352du;
	x = (x ^ (x >> 15)) * 0x846ca68bu;
	return x ^ (x >> 16);
}

static void complain(struct soak *soak, atomic_uint *count, const struct round *round, const char *text)
{
	if (atomic_fetch_add(count, 1) < SHOWN)
		fprintf(stderr, "soak: seed %u round %u (%s %s, expected code %u signal %u): %s\n", soak->seed,
			round->number, round->what, round->argument, round->code, round->signal, text);
}

/* ---- what is to be run ----------------------------------------------------------------------- */

static void expect_code(struct round *round, const char *what, uint32_t code)
{
	round->what = what;
	round->code = code;
	(void)snprintf(round->argument, sizeof(round->argument), "%u", code);
}

/* Signals that end a program and write no core. */
static void expect_signal(struct round *round, uint32_t random)
{
	static const uint32_t signals[] = {SIGHUP, SIGINT, SIGKILL, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM};

	round->what = "signal";
	round->signal = signals[random % (sizeof(signals) / sizeof(signals[0]))];
	round->code = 128 + round->signal;
	(void)snprintf(round->argument, sizeof(round->argument), "%u", round->signal);
}

static void expect_kill(struct round *round, bool by_engine)
{
	round->what = "rest";
	round->kill_by_engine = by_engine;
	round->kill_by_host = !by_engine;
	round->signal = SIGKILL;
	round->code = KILLED;
}

static void draw_start(struct round *round, uint32_t random)
{
	switch (random % 4) {
	case 0:
		/* The first process of a pid namespace takes no signals from itself. */
		round->pids_of_host = true;
		expect_signal(round, random >> 8);
		break;
	case 1:
		expect_kill(round, random & 16);
		break;
	default:
		round->init = (random & 48) == 0;
		expect_code(round, "exit", (random >> 8) % 256);
	}
}

static void draw_oom(struct round *round, uint32_t random)
{
	round->oom_kills = 1;
	if (random & 1) {
		expect_code(round, "hog-below", (random >> 8) % 256);
		return;
	}
	round->what = "hog";
	round->code = KILLED;
	round->signal = SIGKILL;
	round->oom_killed = true;
}

static void draw(struct round *round)
{
	uint32_t random = mix(round->soak->seed ^ mix(round->number * SOAK_KINDS + round->kind));

	switch (round->kind) {
	case SOAK_START:
		draw_start(round, random);
		break;
	case SOAK_OOM:
		draw_oom(round, random);
		break;
	case SOAK_KILL:
		expect_kill(round, random & 1);
		break;
	case SOAK_EXEC:
		if (random & 3)
			expect_code(round, "exit", (random >> 8) % 256);
		else
			expect_signal(round, random >> 8);
		break;
	case SOAK_KINDS:
		break;
	}
}

/* ---- running it ------------------------------------------------------------------------------ */

static int set_container(struct exd_command *command, const struct soak *soak, struct exd_error *err)
{
	int r = exd_command_set_string(command, EXD_KEY_ROOTFS, soak->rootfs, err);

	return r < 0 ? r : exd_command_set_string(command, EXD_KEY_CGROUP_PARENT, soak->cgroup, err);
}

static int make_command(struct exd_command **out, const struct round *round, struct exd_error *err)
{
	const char *const args[] = {"/inside", round->what, round->argument[0] ? round->argument : NULL, NULL};
	int r = exd_command_new(out, err);

	if (r == 0)
		r = exd_command_set_args(*out, args, err);
	if (r == 0 && round->kind != SOAK_EXEC)
		r = set_container(*out, round->soak, err);
	if (r == 0 && round->init)
		r = exd_command_set_bool(*out, EXD_KEY_INIT, true, err);
	if (r == 0 && round->pids_of_host)
		r = exd_command_set_string(*out, EXD_KEY_PID_NAMESPACE, "host", err);
	if (r == 0 && (round->kind == SOAK_OOM || round->kind == SOAK_KILL))
		r = exd_command_set_number(*out, EXD_KEY_MEMORY, MEMORY_LIMIT, err);
	return r;
}

/* Its record says in which box it was started, if that was a warm one. */
static void look_for_box(struct soak *soak, const char *id)
{
	struct exd_box *box = NULL;

	if (exd_box_find(soak->engine, id, &box, NULL) < 0)
		return;
	atomic_fetch_add(&soak->looked, 1);
	atomic_fetch_add(&soak->found_warm, strstr(exd_box_json(box), "\"warm-") != NULL);
	exd_box_free(box);
}

static int on_start(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	const struct round *round = ctx;
	struct exd_error err = EXD_ERROR_INIT;

	(void)oom_fd;
	if (round->soak->warm && round->kind == SOAK_START)
		look_for_box(round->soak, exd_process_id(process));
	if (round->kill_by_engine && exd_kill(round->soak->engine, exd_process_id(process), SIGKILL, &err) < 0)
		complain(round->soak, &round->soak->failed, round, err.text);
	if (round->kill_by_host && kill(pid, SIGKILL) < 0)
		complain(round->soak, &round->soak->failed, round, "cannot kill it");
	return 0;
}

static void judge(struct round *round, const struct exd_exit_status *s)
{
	char text[160];

	if (s->exit_code == round->code && s->signal == round->signal && s->oom_kills == round->oom_kills &&
	    s->oom_killed == round->oom_killed && !s->lost && !s->core_dumped)
		return;
	(void)snprintf(text, sizeof(text), "code %u signal %u oom_kills %llu oom_killed %d evidence %u lost %u",
		       s->exit_code, s->signal, (unsigned long long)s->oom_kills, s->oom_killed, s->oom_evidence,
		       s->lost);
	complain(round->soak, &round->soak->misjudged, round, text);
}

static void run_round(struct round *round)
{
	struct soak *soak = round->soak;
	struct exd_hooks hooks = {.struct_size = sizeof(hooks), .ctx = round, .start = on_start};
	struct exd_exit_status status = {.struct_size = sizeof(status)};
	struct exd_error err = EXD_ERROR_INIT;
	struct exd_command *command = NULL;
	int r = make_command(&command, round, &err);

	if (r == 0 && round->kind == SOAK_EXEC)
		r = exd_exec(soak->engine, exd_process_id(soak->resting[round->number % soak->threads]), command,
			     NULL, NULL, &status, &err);
	else if (r == 0)
		r = exd_run(soak->engine, command, NULL, &hooks, &status, &err);
	if (r < 0)
		complain(soak, &soak->failed, round, err.text);
	else
		judge(round, &status);
	exd_command_free(command);
	atomic_fetch_add(&soak->done[round->kind], 1);
}

/* All kinds in step with each other, to the end. */
static bool next_round(struct soak *soak, struct round *round)
{
	uint32_t left = 0, at;

	*round = (struct round){.soak = soak};
	pthread_mutex_lock(&soak->lock);
	for (int i = 0; i < SOAK_KINDS; i++)
		left += soak->left[i];
	if (left == 0 || soak->begun >= soak->stop_after) {
		pthread_mutex_unlock(&soak->lock);
		return false;
	}
	round->number = soak->begun++;
	at = mix(soak->seed + round->number) % left;
	while (at >= soak->left[round->kind])
		at -= soak->left[round->kind++];
	soak->left[round->kind]--;
	pthread_mutex_unlock(&soak->lock);
	return true;
}

void soak_rounds(struct soak *soak)
{
	struct round round;

	while (next_round(soak, &round)) {
		draw(&round);
		run_round(&round);
	}
}

/* ---- containers that rest -------------------------------------------------------------------- */

struct exd_process *soak_rest(struct soak *soak, uint32_t number)
{
	struct round round = {.soak = soak, .number = number, .what = "rest"};
	struct exd_process *process = NULL;
	struct exd_error err = EXD_ERROR_INIT;
	struct exd_command *command = NULL;
	char id[SOAK_ID_SIZE];
	int r = make_command(&command, &round, &err);

	(void)snprintf(id, sizeof(id), "resting-%u", number);
	if (r == 0)
		r = exd_command_set_string(command, EXD_KEY_ID, id, &err);
	if (r == 0)
		r = exd_start(soak->engine, command, NULL, NULL, EXD_START_TIED | EXD_START_EPHEMERAL, &process,
			      &err);
	while (r == 0 && exd_process_phase(process) < EXD_PHASE_RUNNING)
		/* A failed start is told by the wait, one that is under way goes on by it. */
		if (exd_process_wait(process, 10, NULL, &err) != -ETIMEDOUT)
			break;
	exd_command_free(command);
	if (r == 0 && exd_process_phase(process) == EXD_PHASE_RUNNING)
		return process;
	complain(soak, &soak->failed, &round, err.text);
	return exd_process_free(process);
}

void soak_end_rest(struct soak *soak, struct exd_process *process)
{
	struct round round = {.soak = soak, .what = "rest", .code = KILLED, .signal = SIGKILL};
	struct exd_exit_status status = {.struct_size = sizeof(status)};
	struct exd_error err = EXD_ERROR_INIT;
	int r = exd_kill(soak->engine, exd_process_id(process), SIGKILL, &err);

	if (r == 0)
		r = exd_process_wait(process, 20000, &status, &err);
	if (r < 0)
		complain(soak, &soak->failed, &round, err.text);
	else
		judge(&round, &status);
	exd_process_free(process);
}
