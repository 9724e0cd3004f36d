/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bench/floor: measures the floor by itself, or round by round for the harness. */
#include "bench/floor.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/samples.h"

static const char usage[] =
	"usage: floor [--cgroups] [--exec] [--serve | --breakdown | --rounds N] ROOTFS\n"
	"  --cgroups    a directory of its own in every cgroup hierarchy\n"
	"  --exec       measure setns + fork + execve in one container, not its start\n"
	"  --serve      a round for each byte on stdin, its nanoseconds (8 bytes) to stdout\n"
	"  --breakdown  where the time of a start goes\n"
	"  --rounds N   print p50 and p99 of N rounds (200)\n";

struct request {
	bool cgroups, exec, serve, breakdown;
	unsigned int rounds;
};

static void parse(struct request *q, int argc, char **argv)
{
	static const struct option options[] = {
		{"cgroups", no_argument, NULL, 'c'},
		{"exec", no_argument, NULL, 'e'},
		{"serve", no_argument, NULL, 's'},
		{"breakdown", no_argument, NULL, 'b'},
		{"rounds", required_argument, NULL, 'r'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		q->cgroups |= c == 'c';
		q->exec |= c == 'e';
		q->serve |= c == 's';
		q->breakdown |= c == 'b';
		if (c == 'r')
			q->rounds = (unsigned int)strtoul(optarg, NULL, 10);
		if (c == '?')
			optind = argc;
	}
	if (optind != argc - 1 || !q->rounds) {
		fputs(usage, stderr);
		exit(2);
	}
}

static void measure(const struct request *q, uint64_t (*round)(void *), void *arg)
{
	struct samples s = {0};
	uint64_t p50, p99;

	if (q->serve) {
		serve_rounds(round, arg);
		return;
	}
	for (unsigned int i = 0; i < q->rounds; i++)
		samples_add(&s, round(arg));
	p50 = samples_percentile(&s, 50);
	p99 = samples_percentile(&s, 99);
	printf("p50 %.1f us, p99 %.1f us\n", (double)p50 / 1e3, (double)p99 / 1e3);
	samples_free(&s);
}

static void measure_exec(struct floor *f, const struct request *q)
{
	struct floor_exec e = {.floor = f};
	pid_t pid;

	e.pidfd = floor_start(f, "/pause", &pid);
	/* The namespaces are complete when the program runs; it has no way to say so. */
	usleep(100000);
	measure(q, floor_exec_round, &e);
	kill(pid, SIGKILL);
	floor_finish(f, e.pidfd);
}

int main(int argc, char **argv)
{
	struct request q = {.rounds = 200};
	struct floor f;

	parse(&q, argc, argv);
	floor_open(&f, argv[optind], q.cgroups);
	if (q.breakdown)
		floor_breakdown(&f, q.rounds);
	else if (q.exec)
		measure_exec(&f, &q);
	else
		measure(&q, floor_round, &f);
	floor_close(&f);
	return 0;
}
