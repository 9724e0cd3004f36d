/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the time of the floor goes: phase by phase, namespace by namespace, cgroup by cgroup. */
#include "bench/floor.h"

#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/samples.h"

static const char *const phases[MARK_COUNT] = {
	[MARK_CGROUPS] = "cgroup directories + open",
	[MARK_BORN] = "clone3 until the child runs",
	[MARK_JOINED] = "cgroup joins",
	[MARK_TREE] = "open_tree of the rootfs",
	[MARK_UNSHARED] = "unshare mount + cgroup ns",
	[MARK_PRIVATE] = "make / private",
	[MARK_PROC] = "make proc",
	[MARK_DEV] = "make tmpfs",
	[MARK_MOVED] = "three move_mount",
	[MARK_PIVOTED] = "pivot_root",
	[MARK_DETACHED] = "detach the old root",
	[MARK_RUNNING] = "execve until main",
	[MARK_REAPED] = "exit until reaped",
	[MARK_REMOVED] = "remove cgroup directories",
};

static const struct {
	const char *name;
	uint64_t flags;
} namespaces[] = {
	{"none", 0},
	{"mount", CLONE_NEWNS},
	{"pid", CLONE_NEWPID},
	{"uts", CLONE_NEWUTS},
	{"ipc", CLONE_NEWIPC},
	{"net", CLONE_NEWNET},
	{"cgroup", CLONE_NEWCGROUP},
	{"all", CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |
			CLONE_NEWCGROUP},
};

static void print_us(const char *what, struct samples *s)
{
	uint64_t p50 = samples_percentile(s, 50), p99 = samples_percentile(s, 99);

	printf("  %-30s %9.1f %9.1f\n", what, (double)p50 / 1e3, (double)p99 / 1e3);
	samples_free(s);
}

static void print_heading(const char *what)
{
	printf("%-32s %9s %9s  us\n", what, "p50", "p99");
}

static void print_phases(struct floor *f, unsigned int rounds)
{
	struct samples phase[MARK_COUNT] = {{0}}, join[FLOOR_HIERARCHIES] = {{0}};
	struct samples returned = {0}, total = {0};
	struct floor_marks *m = f->marks;
	uint64_t before;
	pid_t pid;

	for (unsigned int r = 0; r < rounds; r++) {
		floor_finish(f, floor_start(f, "/stamp", &pid));
		m->at[MARK_RUNNING] = m->running;
		for (int i = 1; i < MARK_COUNT; i++)
			samples_add(&phase[i], m->at[i] - m->at[i - 1]);
		samples_add(&returned, m->cloned - m->at[MARK_CGROUPS]);
		samples_add(&total, m->at[MARK_REMOVED] - m->at[MARK_START]);
		before = m->at[MARK_BORN];
		for (size_t i = 0; i < f->cgroups.count; i++) {
			samples_add(&join[i], m->join[i] - before);
			before = m->join[i];
		}
	}
	print_heading(f->with_cgroups ? "phase, with cgroups" : "phase, without cgroups");
	for (int i = 1; i < MARK_COUNT; i++)
		print_us(phases[i], &phase[i]);
	print_us("total", &total);
	print_us("(clone3 in the parent)", &returned);
	for (size_t i = 0; i < f->cgroups.count; i++) {
		char what[80];

		snprintf(what, sizeof(what), "(join %s)", f->cgroups.list[i].name);
		print_us(what, &join[i]);
	}
}

static void print_namespaces(unsigned int rounds)
{
	enum { KINDS = sizeof(namespaces) / sizeof(namespaces[0]) };
	struct samples born[KINDS] = {{0}}, reaped[KINDS] = {{0}};

	for (unsigned int i = 0; i < rounds * KINDS; i++) {
		uint64_t start = now_ns(), middle;
		int pidfd = -1;

		if (!floor_clone(namespaces[i % KINDS].flags, -1, &pidfd))
			_exit(0);
		middle = now_ns();
		(void)floor_reap(P_PIDFD, (id_t)pidfd);
		samples_add(&born[i % KINDS], middle - start);
		samples_add(&reaped[i % KINDS], now_ns() - middle);
		close(pidfd);
	}
	print_heading("clone3 with a new namespace");
	for (int i = 0; i < KINDS; i++)
		print_us(namespaces[i].name, &born[i]);
	print_heading("exit and reap after it");
	for (int i = 0; i < KINDS; i++)
		print_us(namespaces[i].name, &reaped[i]);
}

void floor_breakdown(struct floor *f, unsigned int rounds)
{
	print_phases(f, rounds);
	print_namespaces(rounds);
}
