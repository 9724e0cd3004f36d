/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom the OOM killer took in an exec's own cgroup: the exec is told so, and its container lives. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tests/root/tiny.h"

#define LIMIT (8 << 20)

struct seen {
	int oom_fd;
	uint64_t kills; /* that the channel told of before the exit was told */
};

static int on_start(void *ctx, struct exd_process *process, pid_t pid, int oom_fd)
{
	struct seen *seen = ctx;

	seen->oom_fd = fcntl(oom_fd, F_DUPFD_CLOEXEC, 0);
	return 0;
}

static void on_exit_told(void *ctx, struct exd_process *process, const struct exd_exit_status *status)
{
	struct exd_oom_event event;
	struct seen *seen = ctx;

	while (read(seen->oom_fd, &event, sizeof(event)) == sizeof(event))
		seen->kills = event.oom_kills;
}

static bool v2_alone(void)
{
	return access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
}

/* As exd_exec() returns; *seen has what its channel told. */
static int exec_limited(struct exd_engine *engine, const char *what, const char *argument, struct seen *seen,
			struct exd_exit_status *status)
{
	const char *const args[] = {"/inside", what, argument, NULL};
	struct exd_command *command = lib_command(NULL, args);
	struct exd_hooks hooks = {.struct_size = sizeof(hooks), .ctx = seen, .start = on_start, .exit = on_exit_told};
	int r;

	must(exd_command_set(command, "cgroup_child", "yes", &lib_err));
	must(exd_command_set_number(command, EXD_KEY_MEMORY, LIMIT, &lib_err));
	seen->oom_fd = -1;
	r = exd_exec(engine, "box", command, NULL, &hooks, status, &lib_err);
	if (seen->oom_fd >= 0)
		(void)close(seen->oom_fd);
	exd_command_free(command);
	return r;
}

static struct exd_process *begin(struct exd_engine *engine)
{
	struct exd_process *box = tiny_start(engine, tiny_command("box", "rest", NULL), NULL,
					     EXD_START_TIED | EXD_START_EPHEMERAL);

	lib_until(engine, box, EXD_PHASE_RUNNING);
	return box;
}

static void end(struct exd_engine *engine, struct exd_process *box)
{
	struct exd_exit_status status = STATUS_INIT;

	ck_assert_int_eq(lib_status(engine, "box"), EXD_STATUS_RUNNING);
	must(exd_kill(engine, "box", SIGTERM, &lib_err));
	must(exd_kill(engine, "box", SIGKILL, &lib_err));
	must(exd_process_wait(box, 10000, &status, &lib_err));
	ck_assert(!status.oom_killed);
	exd_process_free(box);
	lib_end(engine);
	tiny_remove();
}

START_TEST(test_exec_is_killed)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *box = begin(engine);
	struct exd_exit_status s = STATUS_INIT;
	struct seen seen = {0};
	int r = exec_limited(engine, "hog", NULL, &seen, &s);

	if (v2_alone()) {
		ck_assert_uint_eq(lib_err.code, EXD_ERR_CGROUP);
		ck_assert_ptr_nonnull(strstr(lib_err.text, "holds processes"));
	} else {
		must(r);
		ck_assert(s.oom_killed && s.oom_evidence != EXD_OOM_EVIDENCE_NONE);
		ck_assert_uint_eq(s.exit_code, 137);
		ck_assert_uint_eq(s.oom_kills, 1);
		ck_assert_uint_eq(seen.kills, 1);
	}
	end(engine, box);
}
END_TEST

START_TEST(test_exec_survives_its_child)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *box = begin(engine);
	struct exd_exit_status s = STATUS_INIT;
	struct seen seen = {0};
	int r = exec_limited(engine, "hog-below", "7", &seen, &s);

	if (v2_alone()) {
		ck_assert_uint_eq(lib_err.code, EXD_ERR_CGROUP);
	} else {
		must(r);
		ck_assert(!s.oom_killed);
		ck_assert_uint_eq(s.exit_code, 7);
		ck_assert_uint_eq(s.oom_kills, 1);
		ck_assert_uint_eq(seen.kills, 1);
	}
	end(engine, box);
}
END_TEST

/* Its events are of its container, and tell of the container's processes. */
START_TEST(test_exec_without_oom_kill)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *box = begin(engine);
	struct exd_exit_status s = STATUS_INIT;
	struct seen seen = {0};
	int r = exec_limited(engine, "exit", "3", &seen, &s);

	if (!v2_alone()) {
		must(r);
		ck_assert_uint_eq(s.exit_code, 3);
		ck_assert_uint_eq(s.oom_kills, 0);
		ck_assert_uint_eq(seen.kills, 0);
	}
	end(engine, box);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("exec_oom");

	lib_add(s, "exec", test_exec_is_killed, test_exec_survives_its_child, test_exec_without_oom_kill);
	return tap_main(s);
}
