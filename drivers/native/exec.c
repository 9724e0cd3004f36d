/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compiles a further process of a running container: joins all of its init, then ends as a run. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "drivers/native/capabilities.h"
#include "drivers/native/cgroup.h"
#include "drivers/native/native.h"
#include "drivers/native/process.h"
#include "drivers/native/seccomp_choice.h"

#define SYS_ADMIN (UINT64_C(1) << CAP_SYS_ADMIN)

struct exec {
	const struct native *self;
	struct exd_record *record;
	const struct exd_command *command;
	struct exd_plan *plan;
	struct exd_error *err;
	struct native_ns ns[NATIVE_NS_KINDS];
	struct native_userns userns;
	struct native_user user;
	struct native_cgroups *cgroups;
};

static const char *note(struct exd_record *record, const char *name, const char *fallback)
{
	const char *value = exd_record_note(record, name);

	return value && *value ? value : fallback;
}

static int not_running(struct exd_record *record, struct exd_error *err)
{
	return exd_error_set(err, EXD_ERR_NOT_RUNNING, 0, "container '%s' is not running",
			     exd_record_id(record));
}

static bool has_time(struct exd_record *record)
{
	return strstr(note(record, "namespaces", ""), "time=") != NULL;
}

/*
 * All of them but the host's clocks, those of the host too: the monitor that makes the process may be in others than both
 * this process and the container.
 */
static int open_namespaces(struct exec *exec)
{
	for (int i = 0; i < NATIVE_NS_KINDS; i++) {
		cleanup_close int fd = FD_NONE;

		exec->ns[i] = (struct native_ns){.mode = NATIVE_NS_HOST, .slot = -1};
		if (i == NATIVE_NS_TIME && !has_time(exec->record))
			continue;
		fd = exd_record_namespace(exec->record, native_ns_name(i), exec->err);
		if (fd < 0)
			return fd;
		exec->ns[i].mode = NATIVE_NS_JOIN;
		exec->ns[i].slot = exd_plan_fd_consume(exec->plan, take_fd(&fd), EXD_FD_KEEP);
	}
	return 0;
}

/* The root of init, which is certain to be that of its pid as long as its pidfd takes a signal. */
static int open_root(struct exd_record *record, struct exd_error *err)
{
	int pidfd = exd_record_pidfd(record);
	cleanup_close int fd = FD_NONE;
	char path[40];

	if (pidfd < 0)
		return not_running(record, err);
	(void)snprintf(path, sizeof(path), "/proc/%d/root", (int)exd_record_pid(record));
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT && errno != ESRCH)
		return exd_error_set(err, EXD_ERR_NAMESPACE, errno,
				     "cannot open the root of container '%s'",
				     exd_record_id(record));
	if (fd < 0 || syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) < 0)
		return not_running(record, err);
	return take_fd(&fd);
}

int native_exec_user(struct exd_record *record, const struct exd_command *command,
		     struct native_user *user, struct exd_error *err)
{
	cleanup_close int root = open_root(record, err);
	const char *spec = exd_command_string(command, EXD_KEY_USER, note(record, "user", ""));
	struct native_userdb db = {0};
	int r;

	if (root < 0)
		return root;
	r = native_userdb_read(&db, root, err);
	if (r == 0)
		r = native_user_find(&db, spec, user, err);
	if (r == 0)
		r = native_user_add_noted(note(record, "groups", ""), user, err);
	if (r == 0)
		r = native_user_add_groups(&db, command, user, err);
	native_userdb_release(&db);
	return r;
}

/* In the order in which there are rights to it: root's outside, an ordinary user's inside. */
static void join_namespaces(struct exec *exec)
{
	bool user = exec->userns.mode == NATIVE_NS_JOIN;

	if (!user || !exec->userns.rootless)
		native_ns_join(exec->ns, false, exec->plan);
	else
		(void)exd_plan_nondumpable(exec->plan);
	if (!user)
		return;
	native_userns_join(&exec->userns, exec->plan);
	if (!exec->userns.rootless)
		return;
	native_ns_join(exec->ns, true, exec->plan);
	(void)exd_plan_rebirth(exec->plan, 0);
}

static int plan_joins(struct exec *exec)
{
	int r = open_namespaces(exec);
	bool outside;

	if (r == 0)
		r = native_userns_of_record(exec->record, exec->plan, &exec->userns, exec->err);
	if (r == 0 && exd_command_bool(exec->command, EXD_KEY_CGROUP_CHILD))
		r = native_cgroups_child(exec->self, exec->record, exec->command, exec->plan,
					 &exec->cgroups, exec->err);
	else if (r == 0)
		r = native_cgroups_exec(exec->self, exec->record, exec->plan, &exec->cgroups,
					exec->err);
	if (r < 0)
		return r;
	outside = exec->userns.mode != NATIVE_NS_JOIN || !exec->userns.rootless;
	exd_plan_blame(exec->plan, EXD_ERR_NAMESPACE, 0);
	(void)exd_plan_birth(exec->plan, 0, outside ? exec->ns[NATIVE_NS_PID].slot : -1,
			     native_cgroups_birth_slot(exec->cgroups));
	native_affinity_plan(exd_command_string(exec->command, EXD_KEY_EXEC_CPU_AFFINITY,
						note(exec->record, "exec_cpu_affinity", NULL)),
			     false, exec->plan);
	exd_plan_blame(exec->plan, EXD_ERR_CGROUP, 0);
	native_cgroups_join(exec->cgroups, exec->plan);
	r = exec->userns.mode == NATIVE_NS_JOIN
		    ? native_userns_score(exec->command, exec->plan, exec->err)
		    : 0;
	join_namespaces(exec);
	return r;
}

static void plan_stdio(struct exec *exec)
{
	bool grouped = strcmp(note(exec->record, "tty_group", "yes"), "yes") == 0;
	int root = -1, tty;

	exd_plan_blame(exec->plan, EXD_ERR_SYSTEM, 0);
	(void)exd_plan_setsid(exec->plan);
	if (exd_command_bool(exec->command, EXD_KEY_TTY)) {
		root = exd_plan_slot(exec->plan);
		(void)exd_plan_open(exec->plan, EXD_CHILD, -1, root, "/", O_PATH | O_DIRECTORY);
	}
	tty = native_stdio_plan(exec->command, &exec->user,
				grouped ? NATIVE_TTY_GROUP : exec->user.gid, exec->plan, root,
				"dev/pts");
	native_stdio_finish(exec->plan, tty);
}

/* Through a procfs of the container's pid namespace, never the one that is mounted there. */
static int plan_settings(struct exec *exec)
{
	bool score = exd_command_is_set(exec->command, EXD_KEY_OOM_SCORE_ADJ);
	char own[NATIVE_LABEL_SIZE], value[24];
	int proc, r = native_label_read(exec->command, own, sizeof(own), exec->err);
	const char *label = *own ? own : note(exec->record, "label", "");

	if (exec->userns.mode == NATIVE_NS_JOIN)
		score = false; /* it was set outside, where there are rights to that */
	if (r < 0 || (!score && !*label))
		return r;
	proc = exd_plan_slot(exec->plan);
	exd_plan_blame(exec->plan, EXD_ERR_MOUNT, 0);
	(void)exd_plan_fs(exec->plan, proc, "proc", "", 0);
	if (*label)
		native_label_plan(label, exec->plan, proc);
	exd_plan_blame(exec->plan, EXD_ERR_SYSTEM, 0);
	(void)snprintf(value, sizeof(value), "%" PRId64,
		       exd_command_number(exec->command, EXD_KEY_OOM_SCORE_ADJ, 0));
	if (score)
		(void)exd_plan_proc_write(exec->plan, proc, "oom_score_adj", value);
	return 0;
}

/* A word, a profile of the exec's own, or "profile": that of the container, as it was then. */
static int read_seccomp(struct exd_record *record, const char *value,
			struct native_process *process, struct exd_error *err)
{
	bool own = strcmp(value, "profile") != 0;
	int r = own ? native_seccomp_read(value, &process->profile_own, err) : 0;

	if (r < 0)
		return r;
	process->seccomp = strcmp(value, "unconfined") != 0;
	process->profile = own ? process->profile_own : note(record, "seccomp_profile", NULL);
	process->profile_name = own && value[0] != '{' ? value : "of the container";
	process->listener = exd_command_string(process->command, EXD_KEY_SECCOMP_LISTENER,
					       own ? NULL : note(record, "seccomp_listener", NULL));
	if (!own && !process->profile)
		return exd_error_set(err, EXD_ERR_STATE, 0,
				     "the record of container '%s' has no seccomp profile",
				     exd_record_id(record));
	return 0;
}

int native_exec_process(struct exd_record *record, const struct exd_command *command,
			struct native_process *process, struct exd_error *err)
{
	bool privileged = exd_command_bool(command, EXD_KEY_PRIVILEGED);
	/* a record that does not say so is of no run of ours: the strict answer */
	const char *seccomp = privileged ? "unconfined" : note(record, "seccomp", "default");
	uint64_t caps = strtoull(note(record, "caps", "0"), NULL, 16);
	int r;

	process->command = command;
	process->box_id = exd_record_id(record);
	process->box_pid = exd_record_pid(record);
	process->no_new_privs = strcmp(note(record, "no_new_privs", "0"), "1") == 0 ||
				exd_command_bool(command, EXD_KEY_NO_NEW_PRIVILEGES);
	process->keep_groups = strcmp(note(record, "setgroups", "allow"), "deny") == 0;
	process->umask = (mode_t)exd_command_number(command, EXD_KEY_UMASK,
						    strtol(note(record, "umask", "22"), NULL, 8));
	process->cwd = exd_command_string(command, EXD_KEY_CWD, note(record, "cwd", "/"));
	process->hostname = note(record, "hostname", NULL);
	process->rlimits = note(record, "rlimits", NULL);
	process->affinity = exd_command_string(command, EXD_KEY_EXEC_CPU_AFFINITY,
					       note(record, "exec_cpu_affinity", NULL));
	process->personality = note(record, "personality", NULL);
	process->landlock = note(record, "landlock", NULL);
	process->best_effort = note(record, "best_effort", NULL) != NULL;
	r = read_seccomp(record, exd_command_string(command, EXD_KEY_SECCOMP, seccomp), process,
			 err);
	if (r == 0)
		r = native_caps_read(command, caps, &process->caps, err);
	if (r == 0 && *note(record, "no_pivot", "0") == '1' && process->caps & SYS_ADMIN)
		return exd_error_set(err, EXD_ERR_CAPABILITY, 0,
				     "the root of container '%s' lies over the host's (no_pivot), "
				     "where CAP_SYS_ADMIN could uncover it: leave it out",
				     exd_record_id(record));
	return r;
}

static int plan_process(struct exec *exec)
{
	struct native_process process = {.user = &exec->user};
	int r = native_exec_process(exec->record, exec->command, &process, exec->err);

	if (r == 0)
		r = native_process_plan(&process, exec->plan, exec->err);
	native_process_release(&process);
	return r;
}

static int compile(struct exec *exec)
{
	int r = native_check(exec->command, exec->err);

	if (r == 0)
		r = native_exec_user(exec->record, exec->command, &exec->user, exec->err);
	if (r == 0)
		r = plan_joins(exec);
	if (r < 0)
		return r;
	plan_stdio(exec);
	r = plan_settings(exec);
	return r < 0 ? r : plan_process(exec);
}

int native_exec(void *self, struct exd_record *record, const struct exd_command *command,
		struct exd_plan *plan, struct exd_error *err)
{
	struct exec exec = {
		.self = self, .record = record, .command = command, .plan = plan, .err = err};
	int r = compile(&exec), failed = exd_plan_error(plan, err);

	(void)native_cgroups_free(exec.cgroups);
	native_user_release(&exec.user);
	return failed < 0 ? failed : r;
}
