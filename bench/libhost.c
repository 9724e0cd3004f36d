/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bench/libhost: the library in a host of a chosen size, through the public API alone. */
#include "bench/libhost.h"

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/samples.h"

static const char usage[] =
	"usage: libhost --root STATE --rootfs DIR [--driver NAME] [--plain] [--gib N] [--threads N]\n"
	"               [--beside N] MODE\n"
	"  --driver NAME          of this driver; without it of that which the configuration chooses\n"
	"  --plain                containers with nothing but what the floor has\n"
	"  --gib N, --threads N  memory resident and threads asleep in the host\n"
	"  --beside N             as many idle containers run in the same host\n"
	"  burst=N                a round is N starts at once, until all have ended\n"
	"  fork                   fork and the end of the child: what starting by fork costs\n"
	"  run, exec, stats, box-stats, oom\n"
	"                         a round per byte on stdin, its nanoseconds (8 bytes) to stdout\n"
	"  hold=N                 start N idle containers, print the monitor's memory, end them\n";

struct request {
	const char *root;
	const char *driver;
	size_t gib;
	unsigned long threads;
	unsigned long beside;
	bool plain;
};

void check(int r, const struct exd_error *err)
{
	if (r >= 0)
		return;
	fprintf(stderr, "libhost: %s\n", err->text);
	exit(1);
}

struct exd_command *host_command(const char *rootfs, const char *program)
{
	const char *const args[] = {program, NULL};
	struct exd_command *command = NULL;
	struct exd_error err = EXD_ERROR_INIT;

	check(exd_command_new(&command, &err), &err);
	/* Without one it is a further process of a container. */
	if (rootfs)
		check(exd_command_set_string(command, EXD_KEY_ROOTFS, rootfs, &err), &err);
	check(exd_command_set_args(command, args, &err), &err);
	return command;
}

/* What the floor has: no seccomp, no masks, no rules of devices, an empty /dev, no sysfs. */
static void make_plain(struct exd_command *command)
{
	static const char *const targets[] = {"/dev", "/sys"};
	struct exd_mount mount = {
		.struct_size = sizeof(mount),
		.type = EXD_MOUNT_TMPFS,
		.source = "",
		.options = "",
	};
	struct exd_error err = EXD_ERROR_INIT;

	check(exd_command_set(command, "privileged", "true", &err), &err);
	for (size_t i = 0; i < 2; i++) {
		mount.target = targets[i];
		check(exd_command_add_mount(command, &mount, &err), &err);
	}
}

struct exd_process *host_start(struct libhost *h, const struct exd_command *command)
{
	const uint32_t flags = EXD_START_TIED | EXD_START_EPHEMERAL;
	struct exd_process *process = NULL;
	struct exd_error err = EXD_ERROR_INIT;
	int r;

	check(exd_start(h->engine, command, NULL, NULL, flags, &process, &err), &err);
	while (exd_process_phase(process) < EXD_PHASE_RUNNING) {
		r = exd_process_wait(process, 1, NULL, &err);
		if (r != -ETIMEDOUT)
			check(r, &err);
	}
	return process;
}

void host_end(struct exd_process *process)
{
	struct exd_error err = EXD_ERROR_INIT;

	kill(exd_process_pid(process), SIGKILL);
	check(exd_process_wait(process, -1, NULL, &err), &err);
	exd_process_free(process);
}

static void check_exit(const struct exd_exit_status *status)
{
	if (!status->exit_code)
		return;
	fprintf(stderr, "libhost: /true ended with %u\n", status->exit_code);
	exit(1);
}

static uint64_t run_round(void *arg)
{
	struct libhost *h = arg;
	struct exd_exit_status status = {.struct_size = sizeof(status)};
	struct exd_error err = EXD_ERROR_INIT;
	uint64_t start = now_ns();

	check(exd_run(h->engine, h->command, NULL, NULL, &status, &err), &err);
	start = now_ns() - start;
	check_exit(&status);
	return start;
}

static uint64_t exec_round(void *arg)
{
	struct libhost *h = arg;
	struct exd_exit_status status = {.struct_size = sizeof(status)};
	struct exd_error err = EXD_ERROR_INIT;
	const char *id = exd_process_id(h->resident);
	uint64_t start = now_ns();

	check(exd_exec(h->engine, id, h->command, NULL, NULL, &status, &err), &err);
	start = now_ns() - start;
	check_exit(&status);
	return start;
}

static uint64_t stats_round(void *arg)
{
	struct libhost *h = arg;
	struct exd_stats stats = {.struct_size = sizeof(stats)};
	struct exd_error err = EXD_ERROR_INIT;
	uint64_t start = now_ns();

	check(exd_stats(h->engine, exd_process_id(h->resident), &stats, &err), &err);
	return now_ns() - start;
}

/* The same for a host that keeps the box. */
static uint64_t box_stats_round(void *arg)
{
	struct libhost *h = arg;
	struct exd_stats stats = {.struct_size = sizeof(stats)};
	struct exd_error err = EXD_ERROR_INIT;
	uint64_t start = now_ns();

	check(exd_box_stats(h->engine, h->box, &stats, &err), &err);
	return now_ns() - start;
}

static void serve_box_stats(struct libhost *h)
{
	struct exd_error err = EXD_ERROR_INIT;

	check(exd_box_find(h->engine, exd_process_id(h->resident), &h->box, &err), &err);
	serve_rounds(box_stats_round, h);
	exd_box_free(h->box);
}

/* What a host pays that starts its containers by fork, before anything else is done. */
static uint64_t fork_round(void *arg)
{
	uint64_t start = now_ns();
	pid_t pid = fork();

	(void)arg;
	if (pid < 0)
		die("fork");
	if (!pid)
		_exit(0);
	if (waitpid(pid, NULL, 0) < 0)
		die("waitpid");
	return now_ns() - start;
}

/* A number of kB from a file of /proc that has lines "NAME: NUMBER ..."; 0 when it has none. */
static unsigned long proc_number(pid_t pid, const char *file, const char *name)
{
	char path[64], line[256];
	unsigned long value = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			value = strtoul(line + strlen(name) + 1, NULL, 10);
	if (f)
		fclose(f);
	return value;
}

static struct exd_process **start_many(struct libhost *h, const struct exd_command *command,
				       size_t count)
{
	struct exd_process **list = calloc(count, sizeof(struct exd_process *));

	if (!list)
		die("%zu containers", count);
	for (size_t i = 0; i < count; i++)
		list[i] = host_start(h, command);
	return list;
}

static void end_many(struct exd_process **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		host_end(list[i]);
	free(list);
}

/* The monitor is the parent of every init. */
static void hold(struct libhost *h, size_t count)
{
	struct exd_process **list;
	pid_t monitor;

	if (!count)
		die("hold=0");
	list = start_many(h, h->command, count);
	monitor = (pid_t)proc_number(exd_process_pid(list[0]), "status", "PPid");
	printf("monitor, %3zu idle containers   %5lu kB PSS\n", count,
	       proc_number(monitor, "smaps_rollup", "Pss"));
	end_many(list, count);
}

static void *sleep_thread(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void grow(const struct request *q)
{
	size_t size = q->gib << 30;
	pthread_t thread;

	if (size) {
		void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);

		if (p == MAP_FAILED)
			die("%zu GiB", q->gib);
		/* Small pages: with huge ones even fork would look cheap. */
		(void)madvise(p, size, MADV_NOHUGEPAGE);
		memset(p, 1, size);
	}
	for (unsigned long i = 0; i < q->threads; i++)
		if (pthread_create(&thread, NULL, sleep_thread, NULL))
			die("thread %lu", i);
}

static void serve(struct libhost *h, const char *mode)
{
	bool inside = !strcmp(mode, "exec") || strstr(mode, "stats");
	struct exd_command *idle = inside ? host_command(h->rootfs, "/pause") : NULL;

	if (inside)
		h->resident = host_start(h, idle);
	if (!strcmp(mode, "run"))
		serve_rounds(run_round, h);
	else if (!strcmp(mode, "exec"))
		serve_rounds(exec_round, h);
	else if (!strcmp(mode, "stats"))
		serve_rounds(stats_round, h);
	else if (!strcmp(mode, "box-stats"))
		serve_box_stats(h);
	else if (!strcmp(mode, "fork"))
		serve_rounds(fork_round, h);
	else if (!strncmp(mode, "burst=", 6))
		serve_burst(h, strtoul(mode + 6, NULL, 10));
	else
		serve_rounds(oom_round, h);
	if (inside)
		host_end(h->resident);
	exd_command_free(idle);
}

static void serve_beside(struct libhost *h, const char *mode, size_t count)
{
	struct exd_command *idle = host_command(h->rootfs, "/pause");
	struct exd_process **list = start_many(h, idle, count);

	serve(h, mode);
	end_many(list, count);
	exd_command_free(idle);
}

static const char *program_of(const char *mode)
{
	static const struct {
		const char *mode, *program;
	} table[] = {
		{"run", "/true"},
		{"exec", "/true"},
		{"stats", "/pause"},
		{"box-stats", "/pause"},
		{"oom", "/hog"},
		{"burst=", "/true"},
		{"fork", "/true"},
		{"hold=", "/pause"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strncmp(mode, table[i].mode, strlen(table[i].mode)))
			return table[i].program;
	return NULL;
}

static const char *parse(struct request *q, struct libhost *h, int argc, char **argv)
{
	static const struct option options[] = {
		{"root", required_argument, NULL, 's'},
		{"rootfs", required_argument, NULL, 'r'},
		{"gib", required_argument, NULL, 'g'},
		{"threads", required_argument, NULL, 't'},
		{"beside", required_argument, NULL, 'b'},
		{"driver", required_argument, NULL, 'd'},
		{"plain", no_argument, NULL, 'p'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			q->root = optarg;
		else if (c == 'r')
			h->rootfs = optarg;
		else if (c == 'd')
			q->driver = optarg;
		else if (c == 'g')
			q->gib = strtoul(optarg, NULL, 10);
		else if (c == 't')
			q->threads = strtoul(optarg, NULL, 10);
		else if (c == 'b')
			q->beside = strtoul(optarg, NULL, 10);
		else if (c == 'p')
			q->plain = true;
		else
			optind = argc;
	}
	if (optind != argc - 1 || !q->root || !h->rootfs || !program_of(argv[optind])) {
		fputs(usage, stderr);
		exit(2);
	}
	return argv[optind];
}

int main(int argc, char **argv)
{
	struct exd_engine_config config = {.struct_size = sizeof(config)};
	struct exd_error err = EXD_ERROR_INIT;
	struct request q = {0};
	struct libhost h = {.kmsg = -1};
	const char *mode = parse(&q, &h, argc, argv);

	grow(&q);
	config.root = q.root;
	config.driver = q.driver;
	check(exd_engine_open(&h.engine, &config, &err), &err);
	h.command = host_command(strcmp(mode, "exec") ? h.rootfs : NULL, program_of(mode));
	if (q.plain)
		make_plain(h.command);
	if (!strcmp(mode, "oom"))
		oom_open(&h);
	if (!strncmp(mode, "hold=", 5))
		hold(&h, strtoul(mode + 5, NULL, 10));
	else
		serve_beside(&h, mode, q.beside);
	exd_command_free(h.command);
	exd_engine_close(h.engine);
	return 0;
}
