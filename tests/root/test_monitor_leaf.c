/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cgroups of a monitor that outlives its host: its own, as long as it has to. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "tests/root/library.h"
#include "tests/root/monitor_rig.h"

#define PARENT "execdriver-monitor"
#define HIERARCHIES_MAX 32

/* Where the hierarchies are mounted, writable. */
struct hierarchies {
	int fds[HIERARCHIES_MAX];
	unsigned int count;
};

static void hierarchies_open(struct hierarchies *h)
{
	FILE *f = fopen("/proc/self/mounts", "re");
	char line[4096], path[1024], type[32];

	h->count = 0;
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) && h->count < HIERARCHIES_MAX) {
		if (sscanf(line, "%*s %1023s %31s", path, type) != 2 ||
		    strncmp(type, "cgroup", 6) != 0 || access(path, W_OK) < 0)
			continue;
		h->fds[h->count] = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		ck_assert_int_ge(h->fds[h->count++], 0);
	}
	fclose(f);
}

static void hierarchies_close(struct hierarchies *h)
{
	while (h->count)
		close(h->fds[--h->count]);
}

/* In how many of them the monitor of that name has a cgroup. */
static unsigned int leaves(const struct hierarchies *h, const char *name)
{
	char path[64];
	unsigned int n = 0;

	(void)snprintf(path, sizeof(path), PARENT "/%s", name);
	for (unsigned int i = 0; i < h->count; i++)
		n += faccessat(h->fds[i], path, F_OK, 0) == 0;
	return n;
}

static void cgroups_of(pid_t pid, char *text, size_t size)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	ck_assert_int_gt(read_file_at(AT_FDCWD, path, text, size), 0);
}

/* How many of the lines name its own cgroup. */
static unsigned int joined(pid_t pid, const char *name)
{
	char text[4096], wanted[64];
	unsigned int n = 0;

	cgroups_of(pid, text, sizeof(text));
	(void)snprintf(wanted, sizeof(wanted), ":/" PARENT "/%s\n", name);
	for (const char *at = text; (at = strstr(at, wanted)); at++)
		n++;
	return n;
}

/* It goes there after it has told of the start. */
static bool joined_soon(const struct hierarchies *h, pid_t pid, const char *name)
{
	for (int i = 0; i < 500; i++) {
		if (joined(pid, name) == h->count)
			return true;
		usleep(10000);
	}
	return false;
}

static pid_t start(struct rig *r, uint32_t flags)
{
	struct plan p;
	struct reply reply;
	uint64_t request;

	plan_init(&p, 0);
	plan_exec(&p, (const char *const[]){"/bin/sleep", "100", NULL});
	request = rig_launch(r, &p, &(struct launch_options){.id = "box", .flags = flags});
	rig_expect(r->sock, WIRE_STARTED, &reply);
	rig_verdict(r->sock, WIRE_ACK, request, 0);
	return reply.started.pid;
}

static void end(struct rig *r)
{
	struct reply reply;

	ck_assert_int_eq(rig_kill(r->sock, "box", SIGKILL), 0);
	rig_expect(r->sock, WIRE_EXITED, &reply);
	rig_expect(r->sock, WIRE_CLEANED, &reply);
}

START_TEST(test_goes_and_comes_back)
{
	struct hierarchies h;
	struct rig r;

	hierarchies_open(&h);
	if (!h.count)
		tap_skip("no cgroups are mounted");
	rig_open(&r);
	(void)start(&r, 0);
	ck_assert_msg(joined_soon(&h, r.monitor, r.name), "in %u of %u",
		      joined(r.monitor, r.name), h.count);
	ck_assert_uint_eq(leaves(&h, r.name), h.count);
	end(&r);
	/* Its host is there, and may start more. */
	ck_assert_uint_eq(joined(r.monitor, r.name), h.count);
	rig_close(&r);
	ck_assert_uint_eq(leaves(&h, r.name), 0);
	hierarchies_close(&h);
}
END_TEST

START_TEST(test_stays_with_its_host)
{
	struct hierarchies h;
	struct rig r;

	hierarchies_open(&h);
	rig_open(&r);
	(void)start(&r, WIRE_LAUNCH_TIED);
	ck_assert(rig_silent(r.sock, 50));
	ck_assert_uint_eq(joined(r.monitor, r.name), 0);
	ck_assert_uint_eq(leaves(&h, r.name), 0);
	end(&r);
	rig_close(&r);
	hierarchies_close(&h);
}
END_TEST

static void remove_dead(struct rig *r, pid_t sleeper)
{
	char below[32];

	ck_assert_int_eq(kill(sleeper, SIGKILL), 0);
	close(r->sock);
	(void)snprintf(below, sizeof(below), ".monitor/%s", r->name);
	ck_assert_int_eq(unlinkat(r->dir, "sock", 0), 0);
	ck_assert_int_eq(unlinkat(r->dir, "lock", 0), 0);
	ck_assert_int_eq(unlinkat(r->root, below, AT_REMOVEDIR), 0);
	ck_assert_int_eq(unlinkat(r->root, ".monitor", AT_REMOVEDIR), 0);
	ck_assert_int_eq(rmdir(r->path), 0);
	close(r->dir);
	close(r->root);
}

START_TEST(test_next_one_removes_a_dead_one)
{
	struct hierarchies h;
	struct rig dead, r;
	pid_t sleeper;

	hierarchies_open(&h);
	if (!h.count)
		tap_skip("no cgroups are mounted");
	rig_open(&dead);
	sleeper = start(&dead, 0);
	ck_assert(joined_soon(&h, dead.monitor, dead.name));
	ck_assert_int_eq(kill(dead.monitor, SIGKILL), 0);
	ck_assert_int_eq(waitpid(dead.monitor, NULL, 0), dead.monitor);
	ck_assert_uint_eq(leaves(&h, dead.name), h.count);
	rig_open(&r);
	(void)start(&r, 0);
	ck_assert(joined_soon(&h, r.monitor, r.name));
	ck_assert_uint_eq(leaves(&h, dead.name), 0);
	end(&r);
	rig_close(&r);
	remove_dead(&dead, sleeper);
	hierarchies_close(&h);
}
END_TEST

/* The name of a monitor's directory, from the only one there is. */
static void only_monitor(char *name, size_t size)
{
	char path[512];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/.monitor/shared", lib_root());
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(name, (int)size, f));
	name[strcspn(name, "\n")] = '\0';
	fclose(f);
}

START_TEST(test_delete_returns_after_it_left)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = lib_start(engine, "kept", "sleep 100", 0);
	struct hierarchies h;
	char name[32];

	hierarchies_open(&h);
	lib_until(engine, process, EXD_PHASE_RUNNING);
	only_monitor(name, sizeof(name));
	ck_assert(joined_soon(&h, lib_monitor(engine, "kept"), name));
	exd_process_free(process);
	exd_engine_close(engine);
	engine = lib_engine(0);
	must(exd_delete(engine, "kept", true, &lib_err));
	ck_assert_uint_eq(leaves(&h, name), 0);
	lib_end(engine);
	hierarchies_close(&h);
}
END_TEST

/* Nobody starts anything any more, but gc is called. */
START_TEST(test_gc_removes_a_dead_one)
{
	struct exd_engine *engine = lib_engine(0);
	struct exd_process *process = lib_start(engine, "kept", "sleep 100", 0);
	struct hierarchies h;
	char name[32];

	hierarchies_open(&h);
	if (!h.count)
		tap_skip("no cgroups are mounted");
	lib_until(engine, process, EXD_PHASE_RUNNING);
	only_monitor(name, sizeof(name));
	ck_assert(joined_soon(&h, lib_monitor(engine, "kept"), name));
	ck_assert_int_eq(kill(lib_monitor(engine, "kept"), SIGKILL), 0);
	exd_process_free(process);
	must(exd_delete(engine, "kept", true, &lib_err));
	ck_assert_uint_eq(leaves(&h, name), h.count);
	must(exd_gc(engine, false, NULL, &lib_err));
	ck_assert_uint_eq(leaves(&h, name), 0);
	lib_end(engine);
	hierarchies_close(&h);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("monitor_leaf");

	lib_add(s, "leaf", test_goes_and_comes_back, test_stays_with_its_host,
		test_next_one_removes_a_dead_one, test_gc_removes_a_dead_one, test_delete_returns_after_it_left);
	return tap_main(s);
}
