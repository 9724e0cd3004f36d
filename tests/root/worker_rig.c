/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of workers. */
#include "tests/root/worker_rig.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

char worker_log[8192];

static char config[64];

static void collect(void *arg, enum exd_log_level level, const char *driver, const char *id, const char *text)
{
	size_t used = strlen(worker_log);

	(void)snprintf(worker_log + used, sizeof(worker_log) - used, "%s\n", text);
}

static void write_config(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", config, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	(void)fputs(text, f);
	(void)fclose(f);
	(void)chmod(path, 0644);
}

static void make_config(void)
{
	const char *build = getenv("EXD_TEST_BUILDDIR");
	char text[2048];

	strcpy(config, "/tmp/exd-worker-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(config));
	(void)snprintf(text, sizeof(text), "%s/plugins.d", config);
	ck_assert_int_eq(mkdir(text, 0755), 0);
	(void)snprintf(text, sizeof(text), "driver_dir = \"%s/tests/drivers\";\nmonitor = \"%s/monitor/execdriver-monitor\";\n",
		       build, build);
	write_config("execdriver.conf", text);
	(void)snprintf(text, sizeof(text),
		       "driver: { name = \"worker\"; path = \"worker.so\"; enabled = true; priority = 1;"
		       " options: { program = \"%s/tests/root/worker\"; }; };\n",
		       build);
	write_config("plugins.d/10-worker.conf", text);
	(void)snprintf(text, sizeof(text),
		       "driver: { name = \"remote\"; path = \"worker_remote.so\"; enabled = true; priority = 2;"
		       " options: { program = \"%s/tests/root/worker\"; }; };\n",
		       build);
	write_config("plugins.d/20-remote.conf", text);
}

struct exd_engine *worker_engine(const char *driver)
{
	char path[128];
	struct exd_engine_config c = {
		.struct_size = sizeof(c),
		.config = path,
		.root = lib_root(),
		.driver = driver,
		.log = collect,
		.log_level = EXD_LOG_WARNING,
	};
	struct exd_engine *engine = NULL;

	if (!config[0])
		make_config();
	(void)snprintf(path, sizeof(path), "%s/execdriver.conf", config);
	must(exd_engine_open(&engine, &c, &lib_err));
	return engine;
}

void worker_end(struct exd_engine *engine)
{
	static const char *const names[] = {"plugins.d/10-worker.conf", "plugins.d/20-remote.conf", "plugins.d",
					    "execdriver.conf", ""};

	lib_end(engine);
	worker_none_left();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[128];

		(void)snprintf(path, sizeof(path), "%s/%s", config, names[i]);
		(void)remove(path);
	}
	config[0] = worker_log[0] = '\0';
}

struct exd_command *worker_command(const char *id, const char *how, const char *script)
{
	struct exd_command *command = lib_shell(id, script);
	char env[64];

	(void)snprintf(env, sizeof(env), "WORKER=%s", how);
	must(exd_command_add(command, EXD_KEY_ENV, env, &lib_err));
	return command;
}

int worker_run(struct exd_engine *engine, const char *how, const char *script, const struct exd_hooks *hooks,
	       struct exd_exit_status *status)
{
	struct exd_command *command = worker_command(NULL, how, script);
	struct exd_exit_status unused = STATUS_INIT;
	int r = exd_run(engine, command, NULL, hooks, status ? status : &unused, &lib_err);

	exd_command_free(command);
	return r;
}

void worker_run_failing(struct exd_engine *engine, const char *how, uint32_t code, const char *text)
{
	struct exd_hooks hooks = {.struct_size = sizeof(hooks), .timeout_ms = 1000};
	int r = worker_run(engine, how, "exec sleep 30", &hooks, NULL);

	ck_assert_msg(r < 0, "%s: it did not fail", how);
	ck_assert_msg(lib_err.code == code, "%s: %s: %s", how, exd_error_name(lib_err.code), lib_err.text);
	ck_assert_msg(strstr(lib_err.text, text), "%s: '%s' has no '%s'", how, lib_err.text, text);
}

/* Is there a process that was started as this program? Zombies have no command line, but a name. */
static int count_named(const char *name)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;
	int count = 0;

	while (d && (entry = readdir(d))) {
		char path[300], text[512] = "";
		int fd;

		(void)snprintf(path, sizeof(path), "/proc/%.20s/cmdline", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (read(fd, text, sizeof(text) - 1) > 0 && strcmp(text, name) == 0)
			count++;
		(void)close(fd);
	}
	if (d)
		(void)closedir(d);
	return count;
}

void worker_none_left(void)
{
	char name[300];

	(void)snprintf(name, sizeof(name), "%s/tests/root/worker", getenv("EXD_TEST_BUILDDIR"));
	for (int i = 0; i < 4000 && count_named(name) > 0; i++)
		(void)nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	ck_assert_int_eq(count_named(name), 0);
}

pid_t worker_parent(pid_t pid)
{
	char path[32];
	int parent = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f && fscanf(f, "%*d (%*[^)]) %*c %d", &parent) != 1)
		parent = 0;
	if (f)
		(void)fclose(f);
	return parent;
}

void worker_cgroups(pid_t pid, char *text, size_t size)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	lib_read(fd, text, size);
	(void)close(fd);
}

struct exd_process *worker_start(struct exd_engine *engine, const char *id, const char *how, const char *script,
				 uint32_t flags)
{
	struct exd_command *command = worker_command(id, how, script);
	struct exd_process *process = NULL;

	must(exd_start(engine, command, NULL, NULL, flags, &process, &lib_err));
	exd_command_free(command);
	lib_until(engine, process, EXD_PHASE_RUNNING);
	return process;
}
