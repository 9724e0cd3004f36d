/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests that run containers through the library. */
#include "tests/root/library.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct exd_error lib_err;

static char root[64];

void lib_add_tests(Suite *s, const char *name, const TTest *const *tests, size_t count)
{
	TCase *tc = tap_tcase(s, name);

	tcase_set_timeout(tc, 60);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(tc, tests[i]);
}

static void print_log(void *arg, enum exd_log_level level, const char *driver, const char *id,
		      const char *text)
{
	fprintf(stderr, "# log %d [%s] [%s] %s\n", (int)level, driver, id, text);
}

const char *lib_root(void)
{
	if (!root[0]) {
		strcpy(root, "/tmp/exd-run-XXXXXX");
		ck_assert_ptr_nonnull(mkdtemp(root));
	}
	return root;
}

struct exd_engine *lib_engine(uint32_t flags)
{
	const char *level = getenv("EXD_TEST_LOG_LEVEL");
	struct exd_engine_config config = {
		.struct_size = sizeof(config),
		.flags = flags,
		.root = lib_root(),
		.log = print_log,
		.log_level = level ? (uint32_t)atoi(level) : EXD_LOG_WARNING,
	};
	struct exd_engine *engine = NULL;

	must(exd_engine_open(&engine, &config, &lib_err));
	return engine;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

/* Names below a directory that do not begin with a dot. */
static int count_entries(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *entry;
	int count = 0;

	while (d && (entry = readdir(d)))
		count += entry->d_name[0] != '.';
	if (d)
		closedir(d);
	return count;
}

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

/* A monitor removes its directory as its last act; "shared" is a file that stays. */
static int count_monitors(void)
{
	char path[128];
	int shared;

	snprintf(path, sizeof(path), "%s/.monitor/shared", root);
	shared = access(path, F_OK) == 0;
	snprintf(path, sizeof(path), "%s/.monitor", root);
	return count_entries(path) - shared;
}

void lib_remove_root(void)
{
	for (int i = 0; i < 1000 && count_monitors() > 0; i++)
		nap();
	ck_assert_msg(count_monitors() == 0, "a monitor is left in %s", root);
	nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	root[0] = '\0';
}

void lib_end(struct exd_engine *engine)
{
	exd_engine_close(engine);
	ck_assert_msg(count_entries(root) == 0, "something is left in %s", root);
	lib_remove_root();
}

struct exd_command *lib_command(const char *id, const char *const *args)
{
	struct exd_command *command = NULL;

	must(exd_command_new(&command, &lib_err));
	must(exd_command_set_args(command, args, &lib_err));
	if (id)
		must(exd_command_set_string(command, EXD_KEY_ID, id, &lib_err));
	return command;
}

struct exd_command *lib_shell(const char *id, const char *script)
{
	const char *const args[] = {"/bin/sh", "-c", script, NULL};

	return lib_command(id, args);
}

int lib_run(struct exd_engine *engine, const char *script)
{
	struct exd_command *command = lib_shell(NULL, script);
	struct exd_exit_status status = STATUS_INIT;
	int r = exd_run(engine, command, NULL, NULL, &status, &lib_err);

	exd_command_free(command);
	return r < 0 ? r : (int)status.exit_code;
}

struct exd_process *lib_start(struct exd_engine *engine, const char *id, const char *script,
			      uint32_t flags)
{
	struct exd_command *command = lib_shell(id, script);
	struct exd_process *process = NULL;

	must(exd_start(engine, command, NULL, NULL, flags, &process, &lib_err));
	exd_command_free(command);
	return process;
}

void lib_until(struct exd_engine *engine, const struct exd_process *process, enum exd_phase phase)
{
	struct pollfd p = {.fd = exd_engine_fd(engine), .events = POLLIN};
	time_t end = time(NULL) + 20;

	while (exd_process_phase(process) < phase && time(NULL) < end)
		if (poll(&p, 1, 1000) > 0)
			must(exd_engine_dispatch(engine, &lib_err));
	ck_assert_int_ge(exd_process_phase(process), phase);
}

enum exd_status lib_status(struct exd_engine *engine, const char *id)
{
	struct exd_box *box = NULL;
	enum exd_status status;

	must(exd_box_find(engine, id, &box, &lib_err));
	status = exd_box_status(box);
	exd_box_free(box);
	return status;
}

bool lib_next_event(struct exd_engine *engine, struct exd_event *event)
{
	struct pollfd p = {.fd = exd_engine_fd(engine), .events = POLLIN};

	for (int i = 0; i < 200; i++) {
		*event = (struct exd_event){.struct_size = sizeof(*event)};
		if (exd_event_next(engine, event, &lib_err) == 1)
			return true;
		if (poll(&p, 1, 100) > 0)
			must(exd_engine_dispatch(engine, &lib_err));
	}
	return false;
}

void lib_read(int fd, char *buf, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used + 1 < size &&
	       ((n = read(fd, buf + used, size - 1 - used)) > 0 || (n < 0 && errno == EINTR)))
		used += n > 0 ? (size_t)n : 0;
	buf[used] = '\0';
}

pid_t lib_monitor(struct exd_engine *engine, const char *id)
{
	struct exd_box *box = NULL;
	const char *at;
	pid_t pid;

	must(exd_box_find(engine, id, &box, &lib_err));
	at = strstr(exd_box_json(box), "\"monitor\"");
	at = at ? strstr(at, "\"pid\"") : NULL;
	at = at ? strpbrk(at, "0123456789") : NULL;
	pid = at ? (pid_t)atoi(at) : 0;
	exd_box_free(box);
	ck_assert_int_gt(pid, 1);
	return pid;
}
