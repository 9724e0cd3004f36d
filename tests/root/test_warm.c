/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Warm starts: which launches take a box, that each is taken once, and that nothing of them is left. */
#include <errno.h>
#include <mntent.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/mounts.h"
#include "tests/root/warm_rig.h"

/* A container that was a cold start, and all boxes of its shape. */
struct filled {
	struct exd_engine *engine;
	struct exd_process *first;
	int each; /* cgroups of one */
};

static struct filled fill_like(struct exd_command *command)
{
	struct filled f = {.engine = lib_engine(0)};

	f.first = warm_start(f.engine, command);
	ck_assert(!warm_is(f.engine, "first"));
	f.each = warm_hierarchies(f.engine, "first");
	warm_until((1 + WARM_BOXES) * f.each);
	return f;
}

static struct filled fill(void)
{
	return fill_like(tiny_command("first", "rest", NULL));
}

/* Nothing may be left: no record, no cgroup. */
static void drain(struct filled *f)
{
	warm_end(f->engine, "first", f->first);
	lib_end(f->engine);
	tiny_remove();
}

/* ---- taking ------------------------------------------------------------------------------------------------ */

/* Lines "N:CONTROLLERS:PATH" whose path ends in this name, of v1 or of v2. */
static int cgroups_named(pid_t pid, bool v2, const char *name)
{
	char path[32], line[512], end[80];
	int count = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	(void)snprintf(end, sizeof(end), "/%s\n", name);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		size_t size = strlen(line);

		if ((strncmp(line, "0::", 3) == 0) == v2 && size > strlen(end) &&
		    strcmp(line + size - strlen(end), end) == 0)
			count++;
	}
	fclose(f);
	return count;
}

static int exec_in(struct exd_engine *engine, const char *id)
{
	const char *const args[] = {"/inside", "exit", "7", NULL};
	struct exd_command *command = lib_command(NULL, args);
	struct exd_exit_status status = STATUS_INIT;
	int r = exd_exec(engine, id, command, NULL, NULL, &status, &lib_err);

	exd_command_free(command);
	must(r);
	return (int)status.exit_code;
}

START_TEST(test_a_box_is_taken)
{
	struct exd_stats stats = {.struct_size = sizeof(stats)};
	struct exd_process *process;
	struct filled f = fill();
	char box[64];

	process = warm_rest(f.engine, "second");
	ck_assert(warm_box(f.engine, "second", box, sizeof(box)));
	/* v1 has the name of the container, v2 that of the box, and the record knows. */
	ck_assert_int_eq(cgroups_named(exd_process_pid(process), false, "second") +
				 cgroups_named(exd_process_pid(process), true, box),
			 f.each);
	ck_assert_int_eq(exec_in(f.engine, "second"), 7);
	must(exd_stats(f.engine, "second", &stats, &lib_err));
	must(exd_pause(f.engine, "second", &lib_err));
	ck_assert_int_eq(lib_status(f.engine, "second"), EXD_STATUS_PAUSED);
	must(exd_unpause(f.engine, "second", &lib_err));
	warm_end(f.engine, "second", process);
	drain(&f);
}
END_TEST

START_TEST(test_each_is_taken_once)
{
	struct exd_process *process[3 * WARM_BOXES];
	char box[3 * WARM_BOXES][64], id[16];
	struct filled f = fill();

	for (int i = 0; i < 3 * WARM_BOXES; i++) {
		/* Every other one finds them all there again. */
		if (i % WARM_BOXES == 0)
			warm_until((1 + i + WARM_BOXES) * f.each);
		(void)snprintf(id, sizeof(id), "box%d", i);
		process[i] = warm_rest(f.engine, id);
		if (i % WARM_BOXES == 0)
			ck_assert(warm_is(f.engine, id));
		if (!warm_box(f.engine, id, box[i], sizeof(box[i])))
			box[i][0] = '\0';
		for (int k = 0; k < i; k++)
			ck_assert(!box[i][0] || strcmp(box[i], box[k]) != 0);
	}
	for (int i = 0; i < 3 * WARM_BOXES; i++) {
		(void)snprintf(id, sizeof(id), "box%d", i);
		warm_end(f.engine, id, process[i]);
	}
	drain(&f);
}
END_TEST

/* What comes behind the cut: the program, its environment, user, rights and names. */
START_TEST(test_what_a_box_does_not_depend_on)
{
	static const struct {
		const char *key, *value;
	} some[] = {
		{"hostname", "other"},
		{"user", "1000:1000"},
		{"umask", "077"},
		{"seccomp", "unconfined"},
		{"no_new_privileges", "true"},
		{"cwd", "/tmp"},
	};
	struct filled f = fill();

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		struct exd_command *command = tiny_command("other", "rest", "0");
		struct exd_process *process;

		must(exd_command_set(command, some[i].key, some[i].value, &lib_err));
		must(exd_command_add(command, EXD_KEY_ENV, "A=b", &lib_err));
		process = warm_start(f.engine, command);
		ck_assert_msg(warm_is(f.engine, "other"), "%s", some[i].key);
		warm_end(f.engine, "other", process);
		warm_until((1 + WARM_BOXES) * f.each);
	}
	drain(&f);
}
END_TEST

/* A limit, a mount and a mask are there before the cut; a small init and a terminal cannot wait. */
START_TEST(test_what_makes_another_shape)
{
	static const struct {
		const char *key, *value;
	} some[] = {
		{"memory", "64m"},
		{"pids_limit", "50"},
		{"rootfs_readonly", "true"},
		{"oom_score_adj", "500"},
		{"init", "true"},
		{"tty", "true"},
		{"ipc_namespace", "host"},
		{"ipc_namespace", "container:first"},
	};
	struct filled f = fill();

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		struct exd_command *command = tiny_command("other", "rest", NULL);
		struct exd_process *process;

		must(exd_command_set(command, some[i].key, some[i].value, &lib_err));
		process = warm_start(f.engine, command);
		ck_assert_msg(!warm_is(f.engine, "other"), "%s", some[i].key);
		warm_end(f.engine, "other", process);
	}
	drain(&f);
}
END_TEST

static int let_go(void *ctx, struct exd_process *process, pid_t pid)
{
	(void)process;
	*(pid_t *)ctx = pid;
	return 0;
}

START_TEST(test_pre_start_hook_is_cold)
{
	pid_t seen = 0;
	struct exd_hooks hooks = {.struct_size = sizeof(hooks), .pre_start = let_go, .ctx = &seen};
	struct exd_command *command = tiny_command("other", "rest", NULL);
	struct exd_process *process = NULL;
	struct filled f = fill();

	must(exd_start(f.engine, command, NULL, &hooks, 0, &process, &lib_err));
	exd_command_free(command);
	lib_until(f.engine, process, EXD_PHASE_RUNNING);
	ck_assert_int_eq(seen, exd_process_pid(process));
	ck_assert(!warm_is(f.engine, "other"));
	warm_end(f.engine, "other", process);
	drain(&f);
}
END_TEST

/* The last of all: the configuration stays so. */
START_TEST(test_number_of_boxes)
{
	struct exd_command *command = tiny_command("first", "rest", NULL);
	struct exd_exit_status status = STATUS_INIT;
	struct exd_engine *engine;

	warm_config_ask("65");
	engine = lib_engine(0);
	ck_assert_int_lt(exd_run(engine, command, NULL, NULL, &status, &lib_err), 0);
	ck_assert_msg(strstr(lib_err.text, "warm 65"), "%s", lib_err.text);
	exd_command_free(command);
	lib_end(engine);
	tiny_remove();
}
END_TEST

/* ---- sources of mounts ------------------------------------------------------------------------------------- */

static struct exd_command *with_source(const char *id, const char *source)
{
	struct exd_command *command = tiny_command(id, "rest", NULL);
	struct exd_mount mount = {
		.struct_size = sizeof(mount), .type = EXD_MOUNT_BIND, .source = source, .target = "/tmp"};

	must(exd_command_add_mount(command, &mount, &lib_err));
	return command;
}

static void make_source(char *path)
{
	strcpy(path, "/tmp/exd-warm-source-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
}

START_TEST(test_source_that_was_replaced)
{
	struct exd_process *process;
	char source[64], old[80];
	struct filled f;

	make_source(source);
	(void)snprintf(old, sizeof(old), "%s.old", source);
	f = fill_like(with_source("first", source));
	process = warm_start(f.engine, with_source("same", source));
	ck_assert(warm_is(f.engine, "same"));
	ck_assert(!rename(source, old) && !mkdir(source, 0700));
	warm_end(f.engine, "same", process);
	process = warm_start(f.engine, with_source("other", source));
	ck_assert(!warm_is(f.engine, "other"));
	warm_end(f.engine, "other", process);
	drain(&f);
	ck_assert(!rmdir(source) && !rmdir(old));
}
END_TEST

START_TEST(test_mounts_throw_boxes_away)
{
	char source[64], below[80], inside[128];
	struct exd_process *process;
	struct filled f;
	struct stat st, wanted;

	make_source(source);
	(void)snprintf(below, sizeof(below), "%s/below", source);
	ck_assert_int_eq(mkdir(below, 0700), 0);
	f = fill_like(with_source("first", source));
	ck_assert_int_eq(mount("late", below, "tmpfs", 0, NULL), 0);
	warm_until(f.each);
	process = warm_start(f.engine, with_source("other", source));
	ck_assert(!warm_is(f.engine, "other"));
	(void)snprintf(inside, sizeof(inside), "/proc/%d/root/tmp/below", (int)exd_process_pid(process));
	ck_assert(!stat(inside, &st) && !stat(below, &wanted));
	ck_assert(st.st_dev == wanted.st_dev);
	warm_end(f.engine, "other", process);
	drain(&f);
	ck_assert_int_eq(umount(below), 0);
	ck_assert(!rmdir(below) && !rmdir(source));
}
END_TEST

/* Boxes that wait hold no descriptor of what they were made of. */
START_TEST(test_sources_can_be_unmounted)
{
	struct filled f;
	char source[64];

	make_source(source);
	ck_assert_int_eq(mount("source", source, "tmpfs", 0, NULL), 0);
	f = fill_like(with_source("first", source));
	warm_end(f.engine, "first", f.first);
	warm_until(WARM_BOXES * f.each);
	/* The last of them has told that it is ready before its descriptors are closed. */
	for (int i = 0; i < 1000 && umount(source) < 0; i++)
		tiny_nap();
	warm_until(0);
	ck_assert_int_eq(rmdir(source), 0);
	lib_end(f.engine);
	tiny_remove();
}
END_TEST

/* ---- failures ---------------------------------------------------------------------------------------------- */

START_TEST(test_failure_behind_the_cut)
{
	const char *const args[] = {"/missing", NULL};
	struct exd_command *command = tiny_command("other", "rest", NULL);
	struct exd_exit_status status = STATUS_INIT;
	struct exd_process *process;
	struct filled f = fill();

	must(exd_command_set_args(command, args, &lib_err));
	ck_assert_int_lt(exd_run(f.engine, command, NULL, NULL, &status, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_EXEC_NOT_FOUND);
	exd_command_free(command);
	warm_until((1 + WARM_BOXES) * f.each);
	process = warm_rest(f.engine, "other");
	ck_assert(warm_is(f.engine, "other"));
	warm_end(f.engine, "other", process);
	drain(&f);
}
END_TEST

/* The last hierarchy of v1, so that others were renamed before. */
static bool last_v1(char *path, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const char *name = strrchr(tiny_root(), '/') + 1;
	bool found = false;
	struct mntent *m;

	ck_assert_ptr_nonnull(mounts);
	while ((m = getmntent(mounts)))
		if (strcmp(m->mnt_type, "cgroup") == 0) {
			(void)snprintf(path, size, "%s/%s/taken", m->mnt_dir, name);
			found = true;
		}
	endmntent(mounts);
	return found;
}

START_TEST(test_name_that_is_taken)
{
	struct exd_command *command = tiny_command("taken", "rest", NULL);
	struct exd_exit_status status = STATUS_INIT;
	struct filled f;
	char path[512];

	if (!last_v1(path, sizeof(path)))
		tap_not_here("cgroups of v2 are not renamed");
	f = fill();
	ck_assert_int_eq(mkdir(path, 0755), 0);
	ck_assert_int_lt(exd_run(f.engine, command, NULL, NULL, &status, &lib_err), 0);
	ck_assert_uint_eq(lib_err.code, EXD_ERR_CGROUP);
	exd_command_free(command);
	/* It was somebody else's, and is still there. */
	ck_assert_int_eq(rmdir(path), 0);
	drain(&f);
}
END_TEST

/* The first process in a cgroup of v1 that has the name of a box. */
static pid_t find_box(void)
{
	char path[512], pids[64];
	int pid = 0;
	FILE *p;

	(void)snprintf(path, sizeof(path), "cat /sys/fs/cgroup/*/%s/warm-*/cgroup.procs /sys/fs/cgroup/%s/warm-*/cgroup.procs 2>/dev/null",
		       strrchr(tiny_root(), '/') + 1, strrchr(tiny_root(), '/') + 1);
	p = popen(path, "re");
	ck_assert_ptr_nonnull(p);
	if (fgets(pids, sizeof(pids), p))
		pid = atoi(pids);
	(void)pclose(p);
	return pid;
}

START_TEST(test_box_that_was_killed)
{
	struct exd_process *process;
	struct filled f = fill();
	pid_t pid = find_box();
	int fd;

	ck_assert_int_gt(pid, 1);
	fd = tiny_pidfd(pid);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert(tiny_ended(fd, 20000));
	close(fd);
	warm_until(WARM_BOXES * f.each);
	process = warm_rest(f.engine, "other");
	ck_assert(warm_is(f.engine, "other"));
	warm_until((2 + WARM_BOXES) * f.each);
	warm_end(f.engine, "other", process);
	drain(&f);
}
END_TEST

START_TEST(test_memory_limit_in_a_box)
{
	struct exd_command *command = tiny_command("first", "rest", NULL);
	struct exd_exit_status status = STATUS_INIT;
	struct exd_process *process;
	struct filled f;

	must(exd_command_set(command, "memory", "32m", &lib_err));
	f = fill_like(command);
	command = tiny_command("other", "hog", NULL);
	must(exd_command_set(command, "memory", "32m", &lib_err));
	process = tiny_start(f.engine, command, NULL, 0);
	must(exd_process_wait(process, 20000, &status, &lib_err));
	ck_assert(warm_is(f.engine, "other"));
	ck_assert(status.oom_killed && status.oom_kills > 0);
	warm_end(f.engine, "other", process);
	drain(&f);
}
END_TEST

/* ---- whose they are ---------------------------------------------------------------------------------------- */

START_TEST(test_engine_that_is_gone)
{
	struct exd_engine *other;
	struct filled f = fill();

	exd_process_free(f.first);
	exd_engine_close(f.engine);
	warm_until(f.each);
	other = lib_engine(0);
	ck_assert_int_eq(lib_status(other, "first"), EXD_STATUS_RUNNING);
	must(exd_delete(other, "first", true, &lib_err));
	lib_end(other);
	tiny_remove();
}
END_TEST

START_TEST(test_two_engines)
{
	struct exd_engine *other = lib_engine(0);
	struct exd_process *second, *third;
	struct filled f = fill();

	second = warm_rest(other, "second");
	ck_assert(warm_is(other, "second"));
	warm_until((2 + WARM_BOXES) * f.each);
	exd_process_free(f.first);
	exd_engine_close(f.engine);
	third = warm_rest(other, "third");
	ck_assert(warm_is(other, "third"));
	warm_end(other, "third", third);
	warm_end(other, "second", second);
	f.engine = other;
	f.first = NULL;
	drain(&f);
}
END_TEST

START_TEST(test_monitor_that_was_killed)
{
	struct filled f = fill();
	pid_t box = find_box(), monitor = lib_monitor(f.engine, "first");
	int fd = tiny_pidfd(box), gone = tiny_pidfd(monitor);

	ck_assert_int_eq(kill(monitor, SIGKILL), 0);
	ck_assert(tiny_ended(gone, 20000));
	/* Nobody kills it: its line has ended. */
	ck_assert(tiny_ended(fd, 20000));
	close(fd);
	close(gone);
	ck_assert_int_eq(tiny_cgroups(false), (1 + WARM_BOXES) * f.each);
	for (int i = 0; i < 1000 && tiny_cgroups(false) > f.each; i++) {
		must(exd_gc(f.engine, false, NULL, &lib_err));
		tiny_nap();
	}
	ck_assert_int_eq(tiny_cgroups(false), f.each);
	drain(&f);
}
END_TEST

/* Its cgroup v2 is still named by the box, and gc must not take it for one. */
START_TEST(test_gc_leaves_containers_alone)
{
	struct exd_process *process;
	struct filled f = fill();
	int fd;

	process = warm_rest(f.engine, "other");
	ck_assert(warm_is(f.engine, "other"));
	fd = tiny_pidfd(lib_monitor(f.engine, "other"));
	ck_assert_int_eq(kill(lib_monitor(f.engine, "other"), SIGKILL), 0);
	ck_assert(tiny_ended(fd, 20000));
	close(fd);
	/* A box in the middle of its birth has the monitor's lock until it comes to the cut. */
	for (int i = 0; i < 1000 && tiny_cgroups(false) > 2 * f.each; i++) {
		must(exd_gc(f.engine, false, NULL, &lib_err));
		tiny_nap();
	}
	ck_assert_int_eq(tiny_cgroups(false), 2 * f.each);
	ck_assert_int_eq(lib_status(f.engine, "other"), EXD_STATUS_RUNNING);
	warm_end(f.engine, "other", process);
	drain(&f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("warm");
	int r;

	/* What is mounted on this machine meanwhile would throw boxes away. */
	if (mounts_own() < 0)
		return 99;
	warm_config();
	lib_add(s, "taking", test_a_box_is_taken, test_each_is_taken_once,
		test_what_a_box_does_not_depend_on, test_what_makes_another_shape,
		test_pre_start_hook_is_cold);
	lib_add(s, "sources", test_source_that_was_replaced, test_mounts_throw_boxes_away,
		test_sources_can_be_unmounted);
	lib_add(s, "failures", test_failure_behind_the_cut, test_name_that_is_taken,
		test_box_that_was_killed, test_memory_limit_in_a_box);
	lib_add(s, "ownership", test_engine_that_is_gone, test_two_engines,
		test_monitor_that_was_killed, test_gc_leaves_containers_alone);
	lib_add(s, "option", test_number_of_boxes);
	r = tap_main(s);
	warm_config_remove();
	return r;
}
