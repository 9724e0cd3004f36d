/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench/harness: measures subjects side by side in one run. Reads a table on stdin, a subject a
 * line, fields separated by tabs: NAME, BASE (the subject to compare with, or -), KIND, PROGRAM,
 * ARGUMENT...
 * KIND "command" is started and waited for once a round; "burst=N" N times at once, with a number
 * of its own for each argument "{}"; "server" is started once and does a round for each byte.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/samples.h"

enum {
	MAX_SUBJECTS = 48,
	MAX_ARGUMENTS = 60,
	MAX_BURST = 256,
};

struct subject {
	char *name;
	char *base;
	char *argv[MAX_ARGUMENTS + 1];
	bool server;
	unsigned int at_once; /* of a command */
	pid_t pid;            /* of a server */
	int ask, answer;
	int said; /* what it printed: the reason when it fails */
	unsigned int failures;
	bool refused;
	struct samples samples;
};

extern char **environ;

static void parse_subject(struct subject *s, char *line)
{
	size_t n = 0;
	char *save = NULL, *kind;

	s->name = strtok_r(line, "\t\n", &save);
	s->base = strtok_r(NULL, "\t\n", &save);
	kind = strtok_r(NULL, "\t\n", &save);
	while (n < MAX_ARGUMENTS && (s->argv[n] = strtok_r(NULL, "\t\n", &save)))
		n++;
	errno = 0;
	if (!n || n == MAX_ARGUMENTS)
		die("bad line for subject '%s'", s->name ? s->name : "");
	s->server = !strcmp(kind, "server");
	s->at_once = 1;
	if (!s->server && strcmp(kind, "command") != 0 &&
	    (sscanf(kind, "burst=%u", &s->at_once) != 1 || !s->at_once || s->at_once > MAX_BURST))
		die("bad kind '%s' of subject '%s'", kind, s->name);
	s->said = memfd_create(s->name, MFD_CLOEXEC);
	if (s->said < 0)
		die("memfd");
}

static size_t read_subjects(struct subject *list)
{
	size_t count = 0, room = 0;
	char *line = NULL;

	while (getline(&line, &room, stdin) > 0) {
		if (count == MAX_SUBJECTS)
			die("more than %d subjects", MAX_SUBJECTS);
		parse_subject(&list[count++], line);
		line = NULL;
		room = 0;
	}
	free(line);
	return count;
}

/* posix_spawn is vfork in glibc: what the start of the process costs does not depend on us. */
static int spawn(const struct subject *s, char **argv, int in, int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int r;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, s->said, STDERR_FILENO);
	r = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int reap(pid_t pid)
{
	siginfo_t info = {0};

	while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0)
		if (errno != EINTR)
			return -errno;
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

static void start_server(struct subject *s)
{
	int ask[2], answer[2];

	if (pipe2(ask, O_CLOEXEC) < 0 || pipe2(answer, O_CLOEXEC) < 0)
		die("pipe");
	if (spawn(s, s->argv, ask[0], answer[1], &s->pid) < 0)
		s->refused = true;
	close(ask[0]);
	close(answer[1]);
	s->ask = ask[1];
	s->answer = answer[0];
}

/* The arguments with the number of this start in place of "{}". */
static void number_arguments(const struct subject *s, char *text, size_t size, char **argv)
{
	static unsigned int number;
	size_t n = 0;

	snprintf(text, size, "exd-bench-%u", ++number);
	for (; s->argv[n]; n++)
		argv[n] = strcmp(s->argv[n], "{}") ? s->argv[n] : text;
	argv[n] = NULL;
}

/* All that were started are waited for, whatever becomes of one of them. */
static int run_commands(const struct subject *s, int null)
{
	pid_t pids[MAX_BURST];
	char *argv[MAX_ARGUMENTS + 1];
	char number[32];
	unsigned int started = 0;
	int failed = 0, r;

	while (!failed && started < s->at_once) {
		number_arguments(s, number, sizeof(number), argv);
		failed = spawn(s, argv, null, s->said, &pids[started]);
		started += !failed;
	}
	for (unsigned int i = 0; i < started; i++) {
		r = reap(pids[i]);
		failed = failed ? failed : r;
	}
	return failed;
}

/* Returns 0 and the duration, or not 0. */
static int run_round(struct subject *s, int null, uint64_t *ns)
{
	uint64_t start;
	int r;

	if (s->server)
		return write(s->ask, "x", 1) != 1 ||
		       read(s->answer, ns, sizeof(*ns)) != (ssize_t)sizeof(*ns);
	start = now_ns();
	r = run_commands(s, null);
	*ns = now_ns() - start;
	return r;
}

/* The first round of each is not timed: it warms the caches and says who cannot run. */
static void warm_up(struct subject *list, size_t count, int null)
{
	uint64_t ns;

	for (size_t i = 0; i < count; i++) {
		if (list[i].server)
			start_server(&list[i]);
		list[i].refused |= run_round(&list[i], null, &ns) != 0;
	}
}

static void shuffle(size_t *order, size_t count, unsigned int *seed)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = (size_t)rand_r(seed) % i, kept = order[i - 1];

		order[i - 1] = order[j];
		order[j] = kept;
	}
}

/* Another order each round: what one leaves to the kernel is not always paid by the same other. */
static void measure(struct subject *list, size_t count, unsigned int rounds, unsigned int gap_ms)
{
	const struct timespec gap = {gap_ms / 1000, gap_ms % 1000 * 1000000L};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t order[MAX_SUBJECTS];
	unsigned int seed = 1;
	uint64_t ns;

	if (null < 0)
		die("/dev/null");
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	warm_up(list, count, null);
	for (unsigned int r = 0; r < rounds; r++) {
		shuffle(order, count, &seed);
		for (size_t i = 0; i < count; i++) {
			struct subject *s = &list[order[i]];

			if (s->refused)
				continue;
			nanosleep(&gap, NULL);
			if (run_round(s, null, &ns))
				s->failures++;
			else
				samples_add(&s->samples, ns);
		}
	}
	close(null);
}

static void print_reason(const struct subject *s)
{
	char text[400], *end;
	ssize_t n = pread(s->said, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	end = strchr(text, '\n');
	if (end)
		*end = '\0';
	printf("%s\n", text[0] ? text : "not installed, or it failed without a word");
}

static void print_subject(struct subject *s, struct subject *list, size_t count)
{
	double p50 = (double)samples_percentile(&s->samples, 50) / 1e6;

	printf("%-34s ", s->name);
	if (!s->samples.count) {
		printf("cannot run here: ");
		print_reason(s);
		return;
	}
	printf("%8.3f %9.3f", p50, (double)samples_percentile(&s->samples, 99) / 1e6);
	for (size_t i = 0; i < count; i++) {
		double base = (double)samples_percentile(&list[i].samples, 50) / 1e6;

		if (!strcmp(list[i].name, s->base) && base > 0)
			printf("  %6.2f x %s", p50 / base, s->base);
	}
	putchar('\n');
	if (s->failures) {
		printf("  %u rounds failed: ", s->failures);
		print_reason(s);
	}
}

/* One line a subject, for a plot: name, p50, p99 in ms; what could not run is left out. */
static void write_table(const char *path, struct subject *list, size_t count)
{
	FILE *f = fopen(path, "we");

	if (!f)
		die("%s", path);
	for (size_t i = 0; i < count; i++)
		if (list[i].samples.count)
			fprintf(f, "%s\t%.3f\t%.3f\n", list[i].name,
				(double)samples_percentile(&list[i].samples, 50) / 1e6,
				(double)samples_percentile(&list[i].samples, 99) / 1e6);
	if (fclose(f))
		die("%s", path);
}

static void stop_servers(struct subject *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!list[i].server || !list[i].pid)
			continue;
		close(list[i].ask);
		close(list[i].answer);
		if (reap(list[i].pid) && !list[i].refused)
			fprintf(stderr, "harness: %s ended badly\n", list[i].name);
	}
}

int main(int argc, char **argv)
{
	static struct subject list[MAX_SUBJECTS];
	unsigned int rounds = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 0;
	unsigned int gap_ms = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : 0;
	size_t count;

	if (!rounds) {
		fputs("usage: harness ROUNDS [GAP_MS [TABLE]] <SUBJECTS\n", stderr);
		return 2;
	}
	/* A server that died is a refused subject, not our end. */
	signal(SIGPIPE, SIG_IGN);
	count = read_subjects(list);
	measure(list, count, rounds, gap_ms);
	stop_servers(list, count);
	printf("%u rounds, alternating, %u ms between; times in ms\n", rounds, gap_ms);
	printf("%-34s %8s %9s  ratio of p50\n", "", "p50", "p99");
	for (size_t i = 0; i < count; i++)
		print_subject(&list[i], list, count);
	if (argc > 3)
		write_table(argv[3], list, count);
	return 0;
}
