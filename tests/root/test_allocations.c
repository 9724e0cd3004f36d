/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every allocation of the library fails once, in all that a host does: it is told so or succeeds,
 * nothing crashes, and nothing is left. EXD_ALLOCATIONS=NAME:N does one operation, from its N-th on.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/root/failing_malloc.h"
#include "tests/root/tiny.h"

#define CALLS_MAX 20000

/* Returns 0 or the error of the first call that failed, which wrote *err. */
typedef int (*operation)(struct exd_error *err);

static struct exd_engine *shared;

static int open_engine(struct exd_engine **out, struct exd_error *err)
{
	struct exd_engine_config config = {
		.struct_size = sizeof(config), .root = lib_root(), .driver = "native"};

	return exd_engine_open(out, &config, err);
}

/* ---- operations ------------------------------------------------------------------------------ */

static int probe(struct exd_error *err)
{
	struct exd_plugin_info info = {.struct_size = sizeof(info)};
	const struct exd_plugin *plugin = NULL;
	struct exd_engine *engine = NULL;
	struct exd_report *report = NULL;
	int r = open_engine(&engine, err);

	if (r == 0)
		r = exd_report_new(&report, err);
	while (r >= 0 && (plugin = exd_plugin_next(engine, plugin)))
		if (strcmp(exd_plugin_name(plugin), "native") == 0)
			r = exd_plugin_probe(engine, plugin, &info, report, err);
	exd_report_free(report);
	exd_engine_close(engine);
	return r;
}

static const char *const all_keys[] = {
	"user", "1000:1000", "groups", "1001", "cap_drop", "all", "cap_add", "net_bind_service",
	"no_new_privileges", "yes", "rlimits", "nofile=64:128", "hostname", "failing", "sysctls",
	"net.ipv4.ip_forward=1", "memory", "64m", "pids_limit", "20", "cpus", "0.5", "mounts",
	"/usr:/tmp:ro,nosuid,nodev", "oom_score_adj", "500", "umask", "027", "env", "A=b", "env",
	"A=c", "devices", "/dev/null:/dev/none:r", "annotations", "a=b", "masked_paths", "/sys/x",
	"rootfs_readonly", "yes", "init", "yes", NULL};

/* As tiny_command() and lib_command(), which may not fail. */
static int build(struct exd_command **out, const char *what, const char *const *keys,
		 struct exd_error *err)
{
	const char *const args[] = {"/inside", what, "7", NULL};
	int r = exd_command_new(out, err);

	if (r == 0)
		r = exd_command_set_args(*out, args, err);
	if (r == 0 && keys)
		r = exd_command_set_string(*out, EXD_KEY_ROOTFS, tiny_root(), err);
	if (r == 0 && keys)
		r = exd_command_set_string(*out, EXD_KEY_CGROUP_PARENT,
					   strrchr(tiny_root(), '/') + 1, err);
	for (; keys && *keys && r == 0; keys += 2)
		r = exd_command_set(*out, keys[0], keys[1], err);
	return r;
}

static int explain(struct exd_error *err)
{
	struct exd_command *command = NULL;
	struct exd_report *report = NULL;
	uint64_t hash;
	int r = build(&command, "exit", all_keys, err);

	if (r == 0)
		r = exd_report_new(&report, err);
	if (r == 0)
		r = exd_explain(shared, command, report, &hash, err);
	exd_report_free(report);
	exd_command_free(command);
	return r;
}

static int run_with(struct exd_engine *engine, const char *const *keys, struct exd_error *err)
{
	struct exd_exit_status status = STATUS_INIT;
	struct exd_stdio stdio = {.struct_size = sizeof(stdio),
				  .in = EXD_FD_NULL,
				  .out = EXD_FD_PIPE,
				  .err = EXD_FD_PIPE};
	struct exd_command *command = NULL;
	int r = build(&command, "exit", keys, err);

	if (r == 0)
		r = exd_run(engine, command, &stdio, NULL, &status, err);
	if (r == 0 && status.exit_code != 7)
		r = exd_error_set(err, EXD_ERR_INTERNAL, 0, "exit code %u", status.exit_code);
	exd_command_free(command);
	return r;
}

static const char *const no_keys[] = {NULL};

/* All of a host's life. */
static int run_alone(struct exd_error *err)
{
	struct exd_engine *engine = NULL;
	int r = open_engine(&engine, err);

	if (r == 0)
		r = run_with(engine, no_keys, err);
	exd_engine_close(engine);
	return r;
}

static int run_full(struct exd_error *err)
{
	return run_with(shared, all_keys, err);
}

static int exec(struct exd_error *err)
{
	struct exd_exit_status status = STATUS_INIT;
	struct exd_command *command = NULL;
	int r = build(&command, "exit", NULL, err);

	if (r == 0)
		r = exd_exec(shared, "keeper", command, NULL, NULL, &status, err);
	if (r == 0 && status.exit_code != 7)
		r = exd_error_set(err, EXD_ERR_INTERNAL, 0, "exit code %u", status.exit_code);
	exd_command_free(command);
	return r;
}

static int list(struct exd_error *err)
{
	struct exd_box *box = NULL;
	int r, count = 0;

	while ((r = exd_box_next(shared, &box, err)) > 0) {
		count++;
		/* What could not be read is told as it is, and not as lost. */
		if (exd_box_status(box) != EXD_STATUS_RUNNING)
			r = exd_error_set(err, EXD_ERR_INTERNAL, 0, "the keeper is %s",
					  exd_status_name(exd_box_status(box)));
		if (r > 0 && exd_box_json(box) && !strstr(exd_box_json(box), "keeper"))
			r = exd_error_set(err, EXD_ERR_INTERNAL, 0, "a record without its id");
		if (r < 0)
			break;
	}
	exd_box_free(box);
	if (r == 0 && count != 1)
		r = exd_error_set(err, EXD_ERR_INTERNAL, 0, "%d containers were listed", count);
	return r;
}

static int controls(struct exd_error *err)
{
	struct exd_stats stats = {.struct_size = sizeof(stats)};
	struct exd_info info = {.struct_size = sizeof(info)};
	pid_t pids[8];
	int fd = -1, r = exd_stats(shared, "keeper", &stats, err);

	if (r >= 0)
		r = exd_pids(shared, "keeper", pids, 8, err);
	if (r >= 0)
		r = exd_info(shared, "keeper", &info, err);
	if (r >= 0)
		r = fd = exd_oom_open(shared, "keeper", err);
	if (fd >= 0)
		close(fd);
	if (r >= 0)
		r = exd_kill(shared, "keeper", 0, err);
	if (r >= 0 && exd_wait(shared, "keeper", 0, NULL, err) != -ETIMEDOUT)
		r = -ENOMEM;
	return r < 0 ? r : 0;
}

static int pausing(struct exd_error *err)
{
	int r = exd_pause(shared, "keeper", err);

	if (r == 0)
		r = exd_unpause(shared, "keeper", err);
	if (r < 0)
		(void)exd_unpause(shared, "keeper", NULL);
	return r;
}

static int events(struct exd_error *err)
{
	struct exd_engine *engine = NULL;
	struct exd_event event = {.struct_size = sizeof(event)};
	int r = open_engine(&engine, err);
	struct pollfd p = {.fd = r < 0 ? -1 : exd_engine_fd(engine), .events = POLLIN};

	if (r == 0)
		r = exd_subscribe(engine, 0, err);
	for (int i = 0; i < 3 && r == 0; i++) {
		(void)poll(&p, 1, 20);
		r = exd_engine_dispatch(engine, err);
		if (r >= 0)
			r = exd_event_next(engine, &event, err);
	}
	exd_engine_close(engine);
	return r < 0 ? r : 0;
}

static int collect(struct exd_error *err)
{
	struct exd_report *report = NULL;
	int r = exd_report_new(&report, err);

	if (r == 0)
		r = exd_gc(shared, false, report, err);
	exd_report_free(report);
	if (r > 0)
		r = exd_error_set(err, EXD_ERR_INTERNAL, 0, "gc took %d things for left", r);
	return r;
}

/* A detached container from start to delete, which is tried again when it fails. */
static int detached(struct exd_error *err)
{
	struct exd_process *process = NULL;
	struct exd_command *command = NULL;
	int r = build(&command, "exit", no_keys, err), deleted;

	if (r == 0)
		r = exd_command_set(command, "id", "detached", err);
	if (r == 0)
		r = exd_start(shared, command, NULL, NULL, 0, &process, err);
	exd_command_free(command);
	if (r == 0)
		r = exd_process_wait(process, 20000, NULL, err);
	exd_process_free(process);
	deleted = exd_delete(shared, "detached", true, r < 0 ? NULL : err);
	if (deleted == -ENOMEM)
		(void)exd_delete(shared, "detached", true, NULL);
	return r < 0 ? r : deleted;
}

/* ---- every allocation of one ----------------------------------------------------------------- */

/* Once is not told: a warning, or what can be done without. */
static void judge(const char *name, long n, int r, const struct exd_error *err, bool failed)
{
	ck_assert_msg(r == 0 || failed, "%s: %s", name, err->text);
	ck_assert_msg(r == 0 || err->text[0], "%s %ld: error %d without a text", name, n, r);
	ck_assert_msg(r == 0 || err->code != EXD_ERR_INTERNAL, "%s %ld: %s", name, n, err->text);
	ck_assert_msg(r == 0 || r == -ENOMEM || err->sys_errno == ENOMEM ||
			      err->code == EXD_ERR_NO_MEMORY || strstr(err->text, "memory"),
		      "%s %ld: %d: %s", name, n, r, err->text);
}

static bool fail_one(const char *name, operation fn, long n)
{
	struct exd_error err = EXD_ERROR_INIT;
	int fds = tap_count_fds(), cgroups = tiny_cgroups(false), r;
	long live = failing_malloc_live(), after;
	bool failed;

	if (getenv("EXD_FAULTS_TELL")) {
		printf("# %s %ld\n", name, n);
		fflush(stdout);
	}
	failing_malloc_begin(n);
	r = fn(&err);
	failed = failing_malloc_end();
	/* What failed once works again, and makes anew what was given up. */
	must(fn(&lib_err));
	after = failing_malloc_live();
	judge(name, n, r, &err, failed);
	ck_assert_msg(after == live, "%s %ld: %ld blocks became %ld: %s", name, n, live, after,
		      err.text);
	ck_assert_msg(tap_count_fds() == fds, "%s %ld: %d descriptors became %d: %s", name, n, fds,
		      tap_count_fds(), err.text);
	ck_assert_msg(tiny_cgroups(false) == cgroups, "%s %ld: a cgroup is left: %s", name, n,
		      err.text);
	ck_assert_msg(lib_status(shared, "keeper") == EXD_STATUS_RUNNING, "%s %ld: the keeper is %s",
		      name, n, exd_status_name(lib_status(shared, "keeper")));
	return failed;
}

static const struct {
	const char *name;
	operation fn;
} operations[] = {
	{"probe", probe},
	{"explain", explain},
	{"run_alone", run_alone},
	{"run_full", run_full},
	{"exec", exec},
	{"list", list},
	{"controls", controls},
	{"pausing", pausing},
	{"events", events},
	{"collect", collect},
	{"detached", detached},
};

START_TEST(test_every_allocation)
{
	const char *first = getenv("EXD_ALLOCATIONS"), *name = operations[_i].name;
	struct exd_process *keeper;
	size_t size = strlen(name);
	long n = 1;

	if (first && (strncmp(first, name, size) != 0 || first[size] != ':'))
		return;
	if (first)
		n = atol(first + size + 1);
	shared = lib_engine(0);
	keeper = tiny_start(shared, tiny_command("keeper", "rest", NULL), NULL, EXD_START_TIED);
	lib_until(shared, keeper, EXD_PHASE_RUNNING);
	/* What is made once and kept. */
	for (int i = 0; i < 3; i++)
		must(operations[_i].fn(&lib_err));
	while (n < CALLS_MAX && fail_one(name, operations[_i].fn, n))
		n++;
	printf("# %s: %ld allocations\n", name, n - 1);
	fflush(stdout);
	ck_assert_int_gt(n, 2);
	must(exd_delete(shared, "keeper", true, &lib_err));
	must(exd_process_wait(keeper, 20000, NULL, &lib_err));
	exd_process_free(keeper);
	lib_end(shared);
	tiny_remove();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("allocations");
	TCase *tc = tap_tcase(s, "each");

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, test_every_allocation, 0, sizeof(operations) / sizeof(operations[0]));
	return tap_main(s);
}
