/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host that runs for long: starts, OOM kills and execs, each judged, and nothing that grows by them. */
#include "tests/soak/soak.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SETTLED_AFTER 600 /* rounds: by then the monitor remembers as many events as it ever will */
/* Over the whole run, by the trend and at its end; a sanitizer's own memory grows with everything. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define HOST_GROWTH_KB LONG_MAX
#else
#define HOST_GROWTH_KB 512
#endif
#define MONITOR_GROWTH_KB 256
#define MALLOC_GROWTH_BYTES 32768 /* of what the host has not given back, nobody being at work */
#define PROGRESS_SECONDS 10

static const char *const kind_names[SOAK_KINDS] = {"starts", "OOM kills", "plain kills under a limit", "execs"};

/* A process that is watched. */
struct watched {
	const char *name;
	pid_t pid;
	long may_grow_kb;
	struct soak_sight first;
	struct soak_sight last;
	struct soak_trend memory;
	struct soak_trend fds;
};

enum { HOST,
       MONITOR,
       WATCHED };

/* By SIGINT or SIGTERM: the rounds that have begun are the last, and all is judged as ever. */
static volatile sig_atomic_t told_to_end;

static void on_signal(int signal)
{
	told_to_end = signal;
}

static uint32_t setting(const char *name, uint32_t otherwise)
{
	const char *text = getenv(name);
	char *end = NULL;
	unsigned long value;

	if (!text || !*text)
		return otherwise;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || value > 100000000) {
		fprintf(stderr, "soak: %s='%s' is no number of rounds\n", name, text);
		exit(2);
	}
	return (uint32_t)value;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint32_t rounds_done(struct soak *soak)
{
	uint32_t done = 0;

	for (int i = 0; i < SOAK_KINDS; i++)
		done += atomic_load(&soak->done[i]);
	return done;
}

/* ---- set-up ---------------------------------------------------------------------------------- */

static void on_log(void *arg, enum exd_log_level level, const char *driver, const char *id, const char *text)
{
	(void)arg;
	(void)level;
	fprintf(stderr, "soak: %s %s: %s\n", driver, id, text);
}

static pid_t monitor_of(struct soak *soak, const char *id)
{
	struct exd_box *box = NULL;
	const char *at;
	pid_t pid = 0;

	if (exd_box_find(soak->engine, id, &box, NULL) < 0)
		return 0;
	at = strstr(exd_box_json(box), "\"monitor\"");
	at = at ? strstr(at, "\"pid\"") : NULL;
	at = at ? strpbrk(at, "0123456789") : NULL;
	if (at)
		pid = (pid_t)strtol(at, NULL, 10);
	exd_box_free(box);
	return pid;
}

/* Containers that rest, all with one monitor, which is that of all the others too. */
static pid_t start_resting(struct soak *soak)
{
	pid_t monitor = 0;

	for (uint32_t i = 0; i < soak->threads; i++) {
		pid_t its;

		soak->resting[i] = soak_rest(soak, i);
		if (!soak->resting[i])
			return 0;
		its = monitor_of(soak, exd_process_id(soak->resting[i]));
		if (its <= 0 || (monitor && its != monitor)) {
			fprintf(stderr, "soak: monitors %d and %d of one engine\n", (int)monitor, (int)its);
			return 0;
		}
		monitor = its;
	}
	return monitor;
}

/* ---- watching -------------------------------------------------------------------------------- */

static bool look(struct watched *watched, uint32_t done)
{
	struct soak_sight sight;

	for (int i = 0; i < WATCHED; i++) {
		if (!soak_look(watched[i].pid, &sight)) {
			fprintf(stderr, "soak: the %s is gone\n", watched[i].name);
			return false;
		}
		soak_trend_add(&watched[i].memory, done, sight.own_kb);
		soak_trend_add(&watched[i].fds, done, sight.fds);
		watched[i].last = sight;
	}
	return true;
}

static void print_progress(struct soak *soak, const struct watched *watched, double begun)
{
	uint32_t done = rounds_done(soak), left = 0;
	double rate = done / (now() - begun);

	pthread_mutex_lock(&soak->lock);
	for (int i = 0; i < SOAK_KINDS; i++)
		left += soak->left[i];
	pthread_mutex_unlock(&soak->lock);
	printf("soak: %u rounds done, %.0f a second, %u left (%.0f s), %u misjudged, %u failed", done, rate, left,
	       rate > 0 ? left / rate : 0.0, atomic_load(&soak->misjudged), atomic_load(&soak->failed));
	for (int i = 0; i < WATCHED; i++)
		printf("; %s %ld KiB (Pss %ld), %ld descriptors", watched[i].name, watched[i].last.rss_kb,
		       watched[i].last.pss_kb, watched[i].last.fds);
	printf("\n");
	(void)fflush(stdout);
}

static void *work(void *arg)
{
	struct soak *soak = arg;

	soak_rounds(soak);
	pthread_mutex_lock(&soak->lock);
	soak->working--;
	pthread_cond_signal(&soak->ended);
	pthread_mutex_unlock(&soak->lock);
	return NULL;
}

/* False when a second has passed and there is still work. */
static bool all_ended(struct soak *soak)
{
	struct timespec until;
	bool ended;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	pthread_mutex_lock(&soak->lock);
	while (soak->working > 0 && pthread_cond_timedwait(&soak->ended, &soak->lock, &until) == 0)
		;
	ended = soak->working == 0;
	pthread_mutex_unlock(&soak->lock);
	return ended;
}

static void stop_after(struct soak *soak, uint32_t rounds)
{
	pthread_mutex_lock(&soak->lock);
	soak->stop_after = rounds;
	pthread_mutex_unlock(&soak->lock);
}

/* Rounds until so many have begun. */
static bool run_until(struct soak *soak, struct watched *watched, uint32_t rounds, double begun)
{
	pthread_t threads[SOAK_THREADS_MAX] = {0};
	bool there = true;

	stop_after(soak, told_to_end ? 0 : rounds);
	soak->working = soak->threads;
	for (uint32_t i = 0; i < soak->threads; i++)
		if (pthread_create(&threads[i], NULL, work, soak) != 0)
			exit(2);
	for (int seconds = 1; !all_ended(soak); seconds++) {
		if (told_to_end)
			stop_after(soak, 0);
		there = look(watched, rounds_done(soak)) && there;
		if (seconds % PROGRESS_SECONDS == 0)
			print_progress(soak, watched, begun);
	}
	for (uint32_t i = 0; i < soak->threads; i++)
		pthread_join(threads[i], NULL);
	return there;
}

/* ---- the verdict ----------------------------------------------------------------------------- */

/* Threads leave idle connections for the next, as many as ever were busy at once. */
static bool is_flat(const struct watched *w, uint32_t rounds, uint32_t threads)
{
	double slope = soak_trend_slope(&w->memory), by_trend = slope * rounds;
	long grown = w->last.own_kb - w->first.own_kb, fds = w->last.fds - w->first.fds;
	bool flat = by_trend <= (double)w->may_grow_kb && grown <= w->may_grow_kb && fds <= (long)threads;

	printf("%s: own memory %ld KiB after the first rounds, %ld KiB at the end; trend %+.3f KiB per 1000 rounds"
	       " (%ld to %ld KiB in %.0f looks); Pss %ld and %ld KiB; descriptors %ld and %ld (at most %ld): %s\n",
	       w->name, w->first.own_kb, w->last.own_kb, slope * 1000, w->memory.least, w->memory.most, w->memory.n,
	       w->first.pss_kb, w->last.pss_kb, w->first.fds, w->last.fds, w->fds.most,
	       flat ? "flat" : "it grows");
	return flat;
}

static bool report(struct soak *soak, const struct watched *watched, uint32_t rounds, double seconds)
{
	uint32_t misjudged = atomic_load(&soak->misjudged), failed = atomic_load(&soak->failed);
	bool flat = true;

	for (int i = 0; i < SOAK_KINDS; i++)
		printf("%u %s, ", atomic_load(&soak->done[i]), kind_names[i]);
	printf("%.0f s, %u threads, seed %u: %u misjudged, %u failed\n", seconds, soak->threads, soak->seed,
	       misjudged, failed);
	if (told_to_end)
		printf("ended early, by signal %d\n", (int)told_to_end);
	if (soak->warm)
		printf("%u of %u starts were warm\n", atomic_load(&soak->found_warm),
		       atomic_load(&soak->looked));
	for (int i = 0; i < WATCHED; i++)
		flat = is_flat(&watched[i], rounds, soak->threads) && flat;
	return flat && misjudged == 0 && failed == 0;
}

/* Arenas of threads grow for some time by what is free in them; this does not. */
static bool gives_back(size_t before)
{
	size_t now_used = mallinfo2().uordblks;
	bool flat = now_used <= before + MALLOC_GROWTH_BYTES;

	printf("host: malloc has handed out %zu bytes after the first rounds, %zu at the end: %s\n", before, now_used,
	       flat ? "flat" : "it grows");
	return flat;
}

static bool see_at_rest(struct watched *watched, bool first)
{
	bool there = true;

	for (int i = 0; i < WATCHED; i++) {
		there = soak_look_at_rest(watched[i].pid, &watched[i].last) && there;
		if (first)
			watched[i].first = watched[i].last;
	}
	return there;
}

/* After how many rounds nothing should grow any more. */
static uint32_t settle_in(const struct soak *soak)
{
	uint32_t half = 0;

	for (int i = 0; i < SOAK_KINDS; i++)
		half += soak->left[i] / 2;
	return half < SETTLED_AFTER ? half : SETTLED_AFTER;
}

static bool run_all(struct soak *soak)
{
	struct watched watched[WATCHED] = {
		{.name = "host", .pid = getpid(), .may_grow_kb = HOST_GROWTH_KB},
		{.name = "monitor", .pid = start_resting(soak), .may_grow_kb = MONITOR_GROWTH_KB},
	};
	double begun = now();
	uint32_t settled;
	size_t used;
	bool there;

	if (watched[MONITOR].pid == 0)
		return false;
	there = run_until(soak, watched, settle_in(soak), begun) && see_at_rest(watched, true);
	settled = rounds_done(soak);
	used = mallinfo2().uordblks;
	for (int i = 0; i < WATCHED; i++)
		watched[i].memory = watched[i].fds = (struct soak_trend){0};
	there = run_until(soak, watched, UINT32_MAX, begun) && see_at_rest(watched, false) && there;
	there = report(soak, watched, rounds_done(soak) - settled, now() - begun) && there;
	return gives_back(used) && there;
}

int main(int argc, char **argv)
{
	struct exd_engine_config config = {.struct_size = sizeof(config), .log = on_log, .log_level = EXD_LOG_WARNING};
	struct soak soak = {.lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};
	struct exd_error err = EXD_ERROR_INIT;
	bool good;

	if (argc != 4) {
		fputs("usage: soak STATE-DIRECTORY ROOTFS CGROUP-PARENT (see tests/soak/run.sh)\n", stderr);
		return 2;
	}
	config.root = argv[1];
	soak.rootfs = argv[2];
	soak.cgroup = argv[3];
	soak.left[SOAK_START] = setting("SOAK_STARTS", 100000);
	soak.left[SOAK_OOM] = soak.left[SOAK_KILL] = setting("SOAK_OOMS", 1000);
	soak.left[SOAK_EXEC] = setting("SOAK_EXECS", 10000);
	soak.seed = setting("SOAK_SEED", (uint32_t)getpid());
	soak.warm = setting("SOAK_WARM", 0) > 0;
	soak.threads = setting("SOAK_THREADS", 4);
	if (soak.threads < 1 || soak.threads > SOAK_THREADS_MAX) {
		fprintf(stderr, "soak: SOAK_THREADS is 1 to %d\n", SOAK_THREADS_MAX);
		return 2;
	}
	if (exd_engine_open(&soak.engine, &config, &err) < 0) {
		fprintf(stderr, "soak: %s\n", err.text);
		return 2;
	}
	(void)sigaction(SIGINT, &(struct sigaction){.sa_handler = on_signal}, NULL);
	(void)sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_signal}, NULL);
	good = run_all(&soak);
	for (uint32_t i = 0; i < soak.threads && soak.resting[i]; i++)
		soak_end_rest(&soak, soak.resting[i]);
	exd_engine_close(soak.engine);
	return good && !atomic_load(&soak.misjudged) && !atomic_load(&soak.failed) ? 0 : 1;
}
