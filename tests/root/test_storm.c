/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hosts, monitors and driverctl are killed in the middle of a storm of calls: who comes after knows
 * every container, and can remove all of it. EXD_STORM_ROUNDS says how often, EXD_STORM_SEED begins
 * with the round of that seed.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/mounts.h"
#include "tests/root/storm.h"

#define ROUNDS 8
#define CALLS_MAX 160 /* of a round, before the kill */

struct round {
	unsigned int seed;
	struct storm *storm;
	pid_t hosts[STORM_HOSTS];
	const char *victim;
	pid_t killed;
};

/* ---- reaping --------------------------------------------------------------------------------- */

static volatile pid_t own[STORM_HOSTS];
static volatile bool over;

static bool is_own(pid_t pid)
{
	for (int i = 0; i < STORM_HOSTS; i++)
		if (own[i] == pid)
			return true;
	return false;
}

/* Orphans come to this process: until they are reaped the kernel does not tell how they ended. */
static void *reap_orphans(void *arg)
{
	(void)arg;
	while (!over) {
		siginfo_t info = {0};

		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid &&
		    !is_own(info.si_pid))
			(void)waitpid(info.si_pid, NULL, 0);
		else
			tiny_nap();
	}
	return NULL;
}

/* ---- killing --------------------------------------------------------------------------------- */

/* The monitor of any container. */
static pid_t any_monitor(void)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_box *box = NULL;
	pid_t pid = 0;

	while (!pid && exd_box_next(engine, &box, NULL) > 0) {
		const char *at = strstr(exd_box_json(box), "\"monitor\"");

		at = at && exd_box_monitor_alive(box) ? strstr(at, "\"pid\"") : NULL;
		at = at ? strpbrk(at, "0123456789") : NULL;
		pid = at ? (pid_t)atoi(at) : 0;
	}
	exd_box_free(box);
	exd_engine_close(engine);
	return pid;
}

static void kill_somebody(struct round *r)
{
	unsigned int who = storm_random(&r->seed, 6);

	if (who < 2) {
		r->victim = "monitor";
		r->killed = any_monitor();
	} else if (who == 2) {
		r->victim = "driverctl";
		r->killed = r->storm->driverctl;
	} else {
		r->victim = "host";
		r->killed = r->hosts[who - 3];
	}
	if (r->killed > 1)
		(void)kill(r->killed, SIGKILL);
}

static void begin(struct round *r)
{
	for (unsigned int i = 0; i < STORM_HOSTS; i++) {
		unsigned int seed = r->seed + 7919 * (i + 1);

		r->hosts[i] = tiny_fork();
		if (r->hosts[i] == 0 && i == STORM_HOSTS - 1)
			storm_driverctl(r->storm, seed);
		if (r->hosts[i] == 0)
			storm_host(r->storm, i, seed);
		own[i] = r->hosts[i];
	}
}

static void end_hosts(struct round *r)
{
	r->storm->stop = 1;
	for (int i = 0; i < STORM_HOSTS; i++) {
		int status, waited = 0;

		while (waitpid(r->hosts[i], &status, WNOHANG) == 0 && waited++ < 6000) {
			/* One in a container that is paused waits for ever. */
			if (waited == 400 && r->storm->driverctl)
				(void)kill(r->storm->driverctl, SIGKILL);
			tiny_nap();
		}
		if (waited >= 6000) {
			(void)kill(r->hosts[i], SIGKILL);
			(void)waitpid(r->hosts[i], &status, 0);
			ck_abort_msg("host %d does not come to an end", i);
		}
		ck_assert_msg(r->hosts[i] == r->killed ? WIFSIGNALED(status) || status == 0 : status == 0,
			      "host %d of seed %u ended with %x", i, r->seed, (unsigned int)status);
	}
}

/* ---- what is known --------------------------------------------------------------------------- */

static void judge_box(const struct exd_box *box)
{
	struct exd_exit_status status = STATUS_INIT;
	const char *id = exd_box_id(box);

	switch (exd_box_status(box)) {
	case EXD_STATUS_RUNNING:
	case EXD_STATUS_PAUSED:
		ck_assert_msg(exd_box_pid(box) > 0, "%s runs without a pid", id);
		break;
	case EXD_STATUS_STOPPED:
		ck_assert_msg(exd_box_exit_status(box, &status), "%s has stopped, but how?", id);
		ck_assert_msg(status.exit_code == 3 || status.exit_code == 5 || status.exit_code == 137,
			      "%s has stopped with code %u", id, status.exit_code);
		break;
	case EXD_STATUS_LOST:
		ck_assert_msg(strstr(exd_box_json(box), "\"lost\""), "%s is lost without a reason: %s", id,
			      exd_box_json(box));
		break;
	case EXD_STATUS_CREATING:
	case EXD_STATUS_CREATED:
		ck_abort_msg("%s is being created by nobody", id);
	}
}

static bool being_created(struct exd_engine *engine)
{
	struct exd_box *box = NULL;
	bool found = false;

	while (!found && exd_box_next(engine, &box, &lib_err) > 0)
		found = exd_box_status(box) == EXD_STATUS_CREATING;
	exd_box_free(box);
	return found;
}

static void judge_all(struct exd_engine *engine)
{
	struct exd_box *box = NULL;
	int r;

	/* What was under way is given up by its monitor, or with it. */
	for (int i = 0; i < 4000 && being_created(engine); i++) {
		(void)usleep(5000);
		if (i % 200 == 199)
			must(exd_gc(engine, false, NULL, &lib_err));
	}
	while ((r = exd_box_next(engine, &box, &lib_err)) > 0)
		judge_box(box);
	must(r);
}

/* Processes in cgroups of this root, which no other test has. */
static int count_processes(void)
{
	const char *parent = strrchr(tiny_root(), '/') + 1;
	DIR *d = opendir("/proc");
	struct dirent *entry;
	int count = 0;

	while (d && (entry = readdir(d))) {
		char path[300], text[4096];
		FILE *f;
		size_t n;

		(void)snprintf(path, sizeof(path), "/proc/%s/cgroup", entry->d_name);
		f = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "re") : NULL;
		if (!f)
			continue;
		n = fread(text, 1, sizeof(text) - 1, f);
		text[n] = '\0';
		fclose(f);
		count += strstr(text, parent) != NULL;
	}
	if (d)
		closedir(d);
	return count;
}

static int count_mounts(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	int count = 0, c;

	while ((c = fgetc(f)) != EOF)
		count += c == '\n';
	fclose(f);
	return count;
}

static void judge_nothing_left(struct exd_engine *engine, int mounts)
{
	int left;

	/* gc lets a directory of a monitor alone that is as young as one that is being started. */
	for (int i = 0; i < 1400; i++) {
		left = exd_gc(engine, false, NULL, &lib_err);
		must(left);
		if (left == 0 && count_processes() == 0)
			break;
		tiny_nap();
	}
	ck_assert_int_eq(exd_gc(engine, true, NULL, &lib_err), 0);
	ck_assert_int_eq(count_processes(), 0);
	ck_assert_int_eq(tiny_cgroups(false), 0);
	ck_assert_int_eq(count_mounts(), mounts);
}

static void do_round(unsigned int seed)
{
	struct round r = {.seed = seed, .victim = "nobody"};
	struct exd_engine *engine;
	int calls, mounts = count_mounts();
	time_t until = time(NULL) + 40;

	r.storm = mmap(NULL, sizeof(*r.storm), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(r.storm, MAP_FAILED);
	(void)lib_root();
	(void)tiny_root();
	calls = (int)storm_random(&r.seed, CALLS_MAX);
	begin(&r);
	while (r.storm->calls < calls && time(NULL) < until)
		(void)usleep(500);
	(void)usleep(storm_random(&r.seed, 3000));
	kill_somebody(&r);
	printf("# seed %u: %s killed after %d calls\n", seed, r.victim, r.storm->calls);
	fflush(stdout);
	end_hosts(&r);
	ck_assert_msg(!r.storm->wrong[0], "seed %u: %s", seed, r.storm->wrong);
	engine = lib_engine(0);
	judge_all(engine);
	tiny_delete_all(engine);
	judge_nothing_left(engine, mounts);
	lib_end(engine);
	tiny_remove();
	(void)munmap(r.storm, sizeof(*r.storm));
}

START_TEST(test_somebody_is_killed)
{
	const char *rounds = getenv("EXD_STORM_ROUNDS"), *seed = getenv("EXD_STORM_SEED");
	unsigned int first = seed ? (unsigned int)strtoul(seed, NULL, 10) : (unsigned int)time(NULL);

	pthread_t reaper;

	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	/* What others mount meanwhile is not what is left. */
	ck_assert_int_eq(mounts_own(), 0);
	(void)signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pthread_create(&reaper, NULL, reap_orphans, NULL), 0);
	for (int i = 0; i < (rounds ? atoi(rounds) : ROUNDS); i++)
		do_round(first + (unsigned int)i);
	over = true;
	pthread_join(reaper, NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("storm");
	TCase *tc = tap_tcase(s, "kills");

	tcase_set_timeout(tc, 3600);
	tcase_add_test(tc, test_somebody_is_killed);
	return tap_main(s);
}
