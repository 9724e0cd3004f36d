/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases: the process a program begins as, its id, its neighbours, and the keys of its command. */
#include "conformance/kit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

/* ---- the process ----------------------------------------------------------------------------- */

/* A program that waits, looked at from the host; where it has no pid, it looks at itself. */
static struct kit_box waiting(struct kit *kit, const char *name, int *pid)
{
	struct kit_box box = kit_start_box(kit, name, "echo ready; read x; exit 0", KIT_ONCE);

	kit_expect(kit, box.out, "ready");
	*pid = (int)exd_process_pid(box.process);
	return box;
}

static void case_session(struct kit *kit)
{
	int pid;
	struct kit_box box = waiting(kit, "session", &pid);

	kit_check(kit, pid == 0 || getsid(pid) != getsid(0), "it is in its host's session");
	kit_let_end(kit, &box, 0);
}

static void case_descriptors(struct kit *kit)
{
	int pid, inherited[2];
	struct kit_box box;
	char path[64];
	size_t count;

	/* One that a careless fork would hand on. */
	kit_check(kit, pipe(inherited) == 0, "no pipe");
	box = waiting(kit, "descriptors", &pid);
	(void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	count = kit_count_entries(path);
	kit_check(kit, pid == 0 || count == 3, "it has %zu descriptors", count);
	kit_let_end(kit, &box, 0);
}

static void check_field(struct kit *kit, const char *status, const char *field)
{
	char mask[32];

	kit_proc_field(status, field, mask, sizeof(mask));
	kit_check(kit, strspn(mask, "0") == strlen(mask), "%s of it is %s", field, mask);
}

static void case_signals(struct kit *kit)
{
	char status[4096];
	struct kit_box box;
	sigset_t blocked;
	int pid;

	(void)signal(SIGUSR1, SIG_IGN);
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGUSR2);
	(void)sigprocmask(SIG_BLOCK, &blocked, NULL);
	kit_new_engine(kit);
	box = waiting(kit, "signals", &pid);
	if (pid && kit_proc(pid, "status", status, sizeof(status))) {
		check_field(kit, status, "SigBlk");
		check_field(kit, status, "SigIgn");
	}
	kit_let_end(kit, &box, 0);
}

/* ---- ids and neighbours ---------------------------------------------------------------------- */

static void case_ids(struct kit *kit)
{
	char id[129];

	memset(id, 'x', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	memcpy(id, kit->token, strlen(kit->token));
	memcpy(id + 60, "_.+-A..b", 8);
	for (size_t size = 128; size > 60; size -= 60) {
		struct exd_command *command = kit_command(kit, "id", "exit 7");

		id[size] = '\0';
		kit_must(kit, exd_command_set_string(command, EXD_KEY_ID, id, &kit->err), "the id");
		kit_check(kit, kit_run_command(kit, command).exit_code == 7,
			  "with an id of %zu characters its exit code is another", size);
		exd_command_free(command);
	}
}

static void case_again(struct kit *kit)
{
	struct exd_command *command = kit_command(kit, "again", "exit 5");

	for (int i = 0; i < 5; i++)
		kit_check(kit, kit_run_command(kit, command).exit_code == 5, "time %d is another",
			  i + 1);
	exd_command_free(command);
}

static void case_apart(struct kit *kit)
{
	int one_pid, two_pid;
	struct kit_box one = waiting(kit, "apart-1", &one_pid);
	struct kit_box two = waiting(kit, "apart-2", &two_pid);

	kit_check(kit, one_pid == 0 || one_pid != two_pid, "two containers have one pid");
	kit_let_end(kit, &one, 0);
	kit_check(kit, exd_process_phase(two.process) == EXD_PHASE_RUNNING,
		  "the second ended with the first");
	kit_let_end(kit, &two, 0);
}

/* ---- keys: honoured, refused, or warned of --------------------------------------------------- */

static const struct wish {
	const char *key;
	const char *value;
	const char *script; /* exits 0 when it is honoured */
} wishes[] = {
	{"user", "1234:2345", "[ \"$(id -u):$(id -g)\" = 1234:2345 ]"},
	{"hostname", "kit-host", "[ \"$(cat /proc/sys/kernel/hostname)\" = kit-host ]"},
	{"umask", "0027", "[ \"$(umask)\" = 0027 ]"},
	{"rlimits", "nofile=123:456", "[ \"$(ulimit -Sn):$(ulimit -Hn)\" = 123:456 ]"},
	{"rlimits", "core=0", "[ \"$(ulimit -c)\" = 0 ]"},
	{"rootfs_readonly", "yes", "! (: >/kit-written) 2>/dev/null"},
	{"no_new_privileges", "yes", "grep -q 'NoNewPrivs:.1' /proc/self/status"},
	{"cap_drop", "all", "grep -q 'CapEff:.0*$' /proc/self/status"},
	{"oom_score_adj", "321", "[ \"$(cat /proc/self/oom_score_adj)\" = 321 ]"},
	{"mounts", "/usr:/mnt:ro", "[ -d /mnt/bin ] && ! (: >/mnt/kit-written) 2>/dev/null"},
	{"init", "yes", "[ $$ -ne 1 ]"},
	{"uts_namespace", "host", "[ \"$(readlink /proc/self/ns/uts)\" = \"$KIT_UTS\" ]"},
	{"network", "host", "[ \"$(readlink /proc/self/ns/net)\" = \"$KIT_NET\" ]"},
	{"pid_namespace", "host", "[ $$ -gt 2 ]"},
};

static void add_host(struct kit *kit, struct exd_command *command, const char *name,
		     const char *variable)
{
	char path[64], value[128];
	ssize_t n;
	size_t size = (size_t)snprintf(value, sizeof(value), "%s=", variable);

	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	n = readlink(path, value + size, sizeof(value) - size - 1);
	value[size + (size_t)(n > 0 ? n : 0)] = '\0';
	kit_set(kit, command, "env", value);
}

static void try_wish(struct kit *kit, const struct wish *wish)
{
	struct exd_exit_status status = {.struct_size = sizeof(status)};
	struct exd_command *command = kit_command(kit, "wish", wish->script);
	int r;

	add_host(kit, command, "uts", "KIT_UTS");
	add_host(kit, command, "net", "KIT_NET");
	kit_set(kit, command, wish->key, wish->value);
	kit->err = (struct exd_error)EXD_ERROR_INIT;
	r = exd_run(kit->engine, command, NULL, NULL, &status, &kit->err);
	exd_command_free(command);
	if (r < 0) {
		kit_check(kit, strstr(kit->err.text, wish->key) != NULL,
			  "%s = %s is refused without being named: %s", wish->key, wish->value,
			  kit->err.text);
		return;
	}
	kit_check(kit, status.exit_code == 0 || kit_warned(kit, wish->key),
		  "%s = %s is neither honoured nor refused nor warned of", wish->key, wish->value);
}

static void case_keys(struct kit *kit)
{
	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++)
		try_wish(kit, &wishes[i]);
}

/* ---- compiling ------------------------------------------------------------------------------- */

static uint64_t hash_of(struct kit *kit, const char *script)
{
	struct exd_command *command = kit_command(kit, "plan", script);
	struct exd_report *report = NULL;
	uint64_t hash = 0;

	kit_must(kit, exd_report_new(&report, &kit->err), "making a report");
	kit_must(kit, exd_explain(kit->engine, command, report, &hash, &kit->err), "explain");
	exd_report_free(report);
	exd_command_free(command);
	return hash;
}

static void case_equal(struct kit *kit)
{
	uint64_t first = hash_of(kit, "exit 1"), second = hash_of(kit, "exit 1");

	kit_check(kit, first == second, "the same command makes plan %016llx and then %016llx",
		  (unsigned long long)first, (unsigned long long)second);
}

static void case_compiles(struct kit *kit)
{
	struct exd_box *box = NULL;

	(void)hash_of(kit, "exit 1");
	kit_check(kit, exd_box_next(kit->engine, &box, &kit->err) == 0, "a container is there");
}

static const struct kit_case cases[] = {
	{"run.session", "run-12", .needs = "run.once", .run = case_session},
	{"run.descriptors", "run-13", .needs = "run.once", .run = case_descriptors},
	{"run.signals", "run-14", .needs = "run.once", .run = case_signals},
	{"run.ids", "run-15", .needs = "run.code", .run = case_ids},
	{"run.again", "run-16", .needs = "run.code", .run = case_again},
	{"run.apart", "run-17", .needs = "run.code", .run = case_apart},
	{"run.keys", "run-18", .needs = "run.code", .run = case_keys},
	{"run.equal", "run-19", .needs = "run.once", .run = case_equal},
	{"run.compiles", "run-20", .needs = "run.once", .left = KIT_LEFT_ALL,
	 .run = case_compiles},
};

KIT_GROUP(kit_start);
