/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A driver that runs programs in another root directory, with a proc of their own and nothing else
 * between them and the host: what Docker's first driver did, by plan. README.md tells how it is
 * written.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <execdriver/driver.h>

#define VERSION "0.2"
#define KILL_MS 5000
#define TTY_GROUP 5
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define DEFAULT_UMASK 022

/* What open() read and all others get as `self`: never changed, so threads need no lock. */
struct chroot_driver {
	char *rootfs;
};

/* ---- open, close, probe ---------------------------------------------------------------------- */

static void chroot_close(void *self)
{
	struct chroot_driver *driver = self;

	if (driver)
		free(driver->rootfs);
	free(driver);
}

static int chroot_open(void **self, const struct exd_options *options, struct exd_error *err)
{
	static const char *const known[] = {"rootfs", NULL};
	const char *rootfs = exd_options_string(options, "rootfs", "");
	struct chroot_driver *driver;
	int r = exd_options_check(options, known, err);

	if (r < 0)
		return r;
	if (*rootfs && *rootfs != '/')
		return exd_error_set(err, EXD_ERR_DRIVER_OPTION, 0,
				     "rootfs '%s' is not an absolute path", rootfs);
	driver = calloc(1, sizeof(*driver));
	if (driver)
		driver->rootfs = strdup(rootfs);
	if (!driver || !driver->rootfs) {
		chroot_close(driver);
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot read its options");
	}
	*self = driver;
	return 0;
}

/* Says what is there and what is not; a failure means that the driver is of no use here at all. */
static int chroot_probe(void *self, struct exd_report *report, uint64_t *caps,
			struct exd_error *err)
{
	bool root = geteuid() == 0;

	if (report)
		(void)exd_report_add(report, root ? EXD_REPORT_YES : EXD_REPORT_NO, "root",
				     root ? "" : "run as root", "effective user %u",
				     (unsigned int)geteuid());
	return root ? 0 : exd_error_set(err, EXD_ERR_HOST, EPERM, "it needs root: run as root");
}

/* ---- what a command may ask for -------------------------------------------------------------- */

/*
 * The keys it acts on, or that the library sees to, with a NULL; and those where one value asks
 * for no more than what it does anyway. All others are refused by name: a program that asked for a
 * limit must never run without.
 */
static const struct {
	enum exd_key key;
	const char *only;
} accepted[] = {
	{EXD_KEY_ID, NULL},
	{EXD_KEY_ARGS, NULL},
	{EXD_KEY_ENV, NULL},
	{EXD_KEY_CWD, NULL},
	{EXD_KEY_USER, NULL},
	{EXD_KEY_TTY, NULL},
	{EXD_KEY_TTY_SIZE, NULL},
	{EXD_KEY_INIT, NULL},
	{EXD_KEY_ROOTFS, NULL},
	{EXD_KEY_ROOTFS_READONLY, NULL},
	{EXD_KEY_ROOTFS_PROPAGATION, "private"},
	{EXD_KEY_MOUNT_NAMESPACE, "private"},
	{EXD_KEY_PID_NAMESPACE, "private"},
	{EXD_KEY_IPC_NAMESPACE, "host"},
	{EXD_KEY_UTS_NAMESPACE, "host"},
	{EXD_KEY_CGROUP_NAMESPACE, "host"},
	{EXD_KEY_NETWORK, "host"},
	{EXD_KEY_USER_NAMESPACE, "host"},
	{EXD_KEY_PRIVILEGED, NULL},
	{EXD_KEY_CAP_ADD, NULL}, /* it has all of them */
	{EXD_KEY_NO_NEW_PRIVILEGES, NULL},
	{EXD_KEY_SECCOMP, "unconfined"},
	{EXD_KEY_APPARMOR, "unconfined"},
	{EXD_KEY_RLIMITS, NULL},
	{EXD_KEY_UMASK, NULL},
	{EXD_KEY_ANNOTATIONS, NULL},
};

static int check_key(const struct exd_command *command, const struct exd_command_key *key,
		     struct exd_error *err)
{
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		if (accepted[i].key != key->key)
			continue;
		if (!accepted[i].only ||
		    strcmp(exd_command_string(command, accepted[i].key, ""), accepted[i].only) == 0)
			return 0;
		return exd_error_set(err, EXD_ERR_UNSUPPORTED, 0,
				     "driver chroot knows the key %s only as '%s'", key->name,
				     accepted[i].only);
	}
	return exd_error_set(err, EXD_ERR_UNSUPPORTED, 0,
			     "driver chroot does not support the key %s", key->name);
}

static int check_command(const struct exd_command *command, struct exd_error *err)
{
	const struct exd_command_key *key = NULL;
	int r = 0;

	while (r == 0 && (key = exd_command_key_next(key)))
		if (exd_command_is_set(command, (enum exd_key)key->key))
			r = check_key(command, key, err);
	return r;
}

/* ---- steps that a run and an exec have in common --------------------------------------------- */

struct process {
	const struct exd_command *command;
	struct exd_plan *plan;
	uint32_t uid, gid;
	const char *cwd;
	int root; /* slot of the root directory */
	bool no_new_privs;
	mode_t umask;
};

/* Takes a number off the text; the highest one means "as it was" to the kernel, and is none. */
static bool take_id(const char **text, uint32_t *id)
{
	unsigned long number;
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	number = strtoul(*text, &end, 10);
	*text = end;
	*id = (uint32_t)number;
	return number < UINT32_MAX;
}

/* Numbers only: the rootfs may have no passwd, and the host's says nothing about it. */
static int read_user(const char *text, struct process *p, struct exd_error *err)
{
	const char *rest = *text ? text : "0";
	bool fine = take_id(&rest, &p->uid);

	if (fine && *rest == ':') {
		rest++;
		fine = take_id(&rest, &p->gid);
	}
	if (fine && !*rest)
		return 0;
	return exd_error_set(err, EXD_ERR_USER, 0,
			     "user '%s' is not UID or UID:GID: driver chroot knows no names", text);
}

static void plan_stdio(const struct process *p)
{
	struct exd_plan *plan = p->plan;
	int tty;

	if (!exd_command_bool(p->command, EXD_KEY_TTY)) {
		exd_plan_stdio(plan, exd_plan_stdio_slot(plan, 0), exd_plan_stdio_slot(plan, 1),
			       exd_plan_stdio_slot(plan, 2));
		return;
	}
	tty = exd_plan_slot(plan);
	exd_plan_tty_open(plan, p->root, "dev/pts", tty, p->uid, TTY_GROUP);
	exd_plan_stdio(plan, tty, tty, tty);
	exd_plan_ctty(plan);
}

static bool has_variable(const struct exd_command *command, const char *name)
{
	size_t size = strlen(name);

	for (size_t i = 0; i < exd_command_count(command, EXD_KEY_ENV); i++) {
		const char *pair = exd_command_item(command, EXD_KEY_ENV, i);

		if (strncmp(pair, name, size) == 0 && pair[size] == '=')
			return true;
	}
	return false;
}

/* The few variables every program gets, then the command's; nothing of the host's. */
static const char **make_environment(const struct process *p, const char *hostname)
{
	const struct exd_command *command = p->command;
	const char *const defaults[][2] = {
		{"PATH", "PATH=" DEFAULT_PATH},
		{"HOME", p->uid == 0 ? "HOME=/root" : "HOME=/"},
		{"HOSTNAME", hostname},
		{"TERM", exd_command_bool(command, EXD_KEY_TTY) ? "TERM=xterm" : NULL},
	};
	size_t count = exd_command_count(command, EXD_KEY_ENV), used = 0;
	const char **env = calloc(count + 5, sizeof(*env));

	for (size_t i = 0; env && i < 4; i++)
		if (defaults[i][1] && !has_variable(command, defaults[i][0]))
			env[used++] = defaults[i][1];
	for (size_t i = 0; env && i < count; i++)
		env[used++] = exd_command_item(command, EXD_KEY_ENV, i);
	return env;
}

/* The last step: the plan copies all texts, so what is made here is freed here. */
static int plan_program(const struct process *p, struct exd_error *err)
{
	size_t count = exd_command_count(p->command, EXD_KEY_ARGS);
	const char **args = calloc(count + 1, sizeof(*args)), **env = NULL;
	char hostname[sizeof("HOSTNAME=") + 65];
	struct utsname host;
	int r = 0;

	(void)uname(&host);
	(void)snprintf(hostname, sizeof(hostname), "HOSTNAME=%.65s", host.nodename);
	env = make_environment(p, hostname);
	if (args && env) {
		for (size_t i = 0; i < count; i++)
			args[i] = exd_command_item(p->command, EXD_KEY_ARGS, i);
		exd_plan_exec(p->plan, args, env);
	} else {
		r = exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "arguments and environment");
	}
	free(args);
	free(env);
	return r;
}

static int plan_process(const struct process *p, struct exd_error *err)
{
	struct exd_plan *plan = p->plan;

	for (size_t i = 0; i < exd_command_count(p->command, EXD_KEY_RLIMITS); i++) {
		struct exd_rlimit limit = {.struct_size = sizeof(limit)};

		if (exd_command_rlimit(p->command, i, &limit))
			exd_plan_rlimit(plan, limit.resource, limit.soft, limit.hard);
	}
	exd_plan_umask(plan, p->umask);
	exd_plan_keyring(plan);
	exd_plan_groups(plan, NULL, 0);
	if (p->no_new_privs)
		exd_plan_no_new_privs(plan);
	exd_plan_ids(plan, p->uid, p->gid);
	/* exd_plan_ids() keeps capabilities, for steps that need them: other users get none */
	if (p->uid != 0)
		exd_plan_caps(plan, 0, 0, 0, 0);
	exd_plan_chdir(plan, p->cwd, false);
	if (exd_command_bool(p->command, EXD_KEY_INIT))
		exd_plan_init(plan);
	return plan_program(p, err);
}

/* ---- run ------------------------------------------------------------------------------------- */

static bool is_directory(int dir, const char *path)
{
	struct stat st;

	return fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Opens the root, and tells of what is missing in it while that can still be told in words. */
static int open_rootfs(const struct chroot_driver *driver, const struct exd_command *command,
		       struct exd_error *err)
{
	const char *path = exd_command_string(command, EXD_KEY_ROOTFS, driver->rootfs);
	const char *missing = NULL;
	int fd;

	if (!*path)
		return exd_error_set(err, EXD_ERR_ROOTFS, 0,
				     "driver chroot has no root directory of its own: give one with "
				     "--rootfs DIR, or as option rootfs in its file in plugins.d");
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return exd_error_set(err, EXD_ERR_ROOTFS, errno, "cannot open the rootfs '%s'",
				     path);
	if (!is_directory(fd, "proc"))
		missing = "proc";
	else if (exd_command_bool(command, EXD_KEY_TTY) && !is_directory(fd, "dev/pts"))
		missing = "dev/pts";
	if (!missing)
		return fd;
	(void)close(fd);
	return exd_error_set(err, EXD_ERR_ROOTFS, 0,
			     "the rootfs '%s' has no directory %s: mkdir -p '%s/%s'", path, missing,
			     path, missing);
}

/* From the host's tree to that of the rootfs, in a mount namespace that ends with the container. */
static void plan_root(struct process *p, int rootfs_fd)
{
	bool pts = is_directory(rootfs_fd, "dev/pts");
	struct exd_plan *plan = p->plan;
	int source = exd_plan_fd_consume(plan, rootfs_fd, EXD_FD_KEEP);
	int proc = exd_plan_slot(plan), devpts = exd_plan_slot(plan);

	p->root = exd_plan_slot(plan);
	exd_plan_tree(plan, source, p->root, true);
	exd_plan_setsid(plan);
	exd_plan_unshare(plan, CLONE_NEWNS);
	exd_plan_propagation(plan, MS_REC | MS_PRIVATE);
	exd_plan_attr(plan, p->root, 0, 0, MS_PRIVATE, true);
	exd_plan_attach_root(plan, p->root);
	exd_plan_fs(plan, proc, "proc", "",
		    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	exd_plan_attach(plan, proc, p->root, "proc", EXD_ATTACH_EXISTING);
	if (pts) {
		exd_plan_fs(plan, devpts, "devpts", "newinstance,ptmxmode=0666,mode=0620,gid=5",
			    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
		exd_plan_attach(plan, devpts, p->root, "dev/pts", EXD_ATTACH_EXISTING);
	}
	if (exd_command_bool(p->command, EXD_KEY_ROOTFS_READONLY))
		exd_plan_attr(plan, p->root, MOUNT_ATTR_RDONLY, 0, 0, false);
}

/* What an exec takes over from the container, in its record from the start on. */
static void plan_notes(const struct process *p)
{
	char name[32], text[64];

	exd_plan_note(p->plan, "cwd", p->cwd);
	(void)snprintf(text, sizeof(text), "%" PRIu32 ":%" PRIu32, p->uid, p->gid);
	exd_plan_note(p->plan, "user", text);
	(void)snprintf(text, sizeof(text), "%o", (unsigned int)p->umask);
	exd_plan_note(p->plan, "umask", text);
	exd_plan_note(p->plan, "no_new_privs", p->no_new_privs ? "yes" : "no");
	for (size_t i = 0; i < exd_command_count(p->command, EXD_KEY_RLIMITS); i++) {
		struct exd_rlimit limit = {.struct_size = sizeof(limit)};

		(void)exd_command_rlimit(p->command, i, &limit);
		(void)snprintf(name, sizeof(name), "rlimit%zu", i);
		(void)snprintf(text, sizeof(text), "%d %" PRIx64 " %" PRIx64, limit.resource,
			       limit.soft, limit.hard);
		exd_plan_note(p->plan, name, text);
	}
}

static int chroot_run(void *self, const struct exd_command *command, struct exd_plan *plan,
		      struct exd_error *err)
{
	struct process p = {
		.command = command,
		.plan = plan,
		.cwd = exd_command_string(command, EXD_KEY_CWD, "/"),
		.no_new_privs = exd_command_bool(command, EXD_KEY_NO_NEW_PRIVILEGES),
		.umask = (mode_t)exd_command_number(command, EXD_KEY_UMASK, DEFAULT_UMASK),
	};
	int fd, r = check_command(command, err);

	if (r == 0)
		r = read_user(exd_command_string(command, EXD_KEY_USER, ""), &p, err);
	if (r < 0)
		return r;
	fd = open_rootfs(self, command, err);
	if (fd < 0)
		return fd;
	/*
	 * The pid namespace is how all its processes are found again: they end with its first, and
	 * nothing that they do gets them out of it.
	 */
	exd_plan_birth(plan, CLONE_NEWPID, -1, -1);
	plan_root(&p, fd);
	if (exd_plan_wants_park(plan))
		exd_plan_park(plan);
	exd_plan_chroot(plan, p.root);
	plan_stdio(&p);
	plan_notes(&p);
	r = plan_process(&p, err);
	return r < 0 ? r : exd_plan_error(plan, err);
}

/* ---- exec ------------------------------------------------------------------------------------ */

static const char *note(const struct exd_record *record, const char *name, const char *fallback)
{
	const char *value = exd_record_note(record, name);

	return value ? value : fallback;
}

/* Joins the namespaces of the container: its root is then "/", for it was attached over that. */
static int plan_join(struct process *p, struct exd_record *record, struct exd_error *err)
{
	struct exd_plan *plan = p->plan;
	int pid = exd_record_namespace(record, "pid", err), mnt;

	if (pid < 0)
		return pid;
	mnt = exd_record_namespace(record, "mnt", err);
	if (mnt < 0) {
		(void)close(pid);
		return mnt;
	}
	pid = exd_plan_fd_consume(plan, pid, EXD_FD_KEEP);
	mnt = exd_plan_fd_consume(plan, mnt, EXD_FD_KEEP);
	p->root = exd_plan_slot(plan);
	exd_plan_birth(plan, 0, pid, -1);
	/* from here on it can be seen from inside: nobody there is to trace it */
	exd_plan_nondumpable(plan);
	exd_plan_setns(plan, mnt, CLONE_NEWNS);
	exd_plan_setsid(plan);
	exd_plan_open(plan, EXD_CHILD, -1, p->root, "/", O_PATH | O_DIRECTORY);
	return 0;
}

/* The container's limits, before those of the command, which so replace them. */
static void plan_noted_rlimits(const struct exd_record *record, struct exd_plan *plan)
{
	char name[32] = "rlimit0";
	uint64_t soft, hard;
	int resource;

	for (size_t i = 1; sscanf(note(record, name, ""), "%d %" SCNx64 " %" SCNx64, &resource,
				  &soft, &hard) == 3;
	     i++) {
		exd_plan_rlimit(plan, resource, soft, hard);
		(void)snprintf(name, sizeof(name), "rlimit%zu", i);
	}
}

static int chroot_exec(void *self, struct exd_record *record, const struct exd_command *command,
		       struct exd_plan *plan, struct exd_error *err)
{
	mode_t umask = (mode_t)strtoul(note(record, "umask", "022"), NULL, 8);
	struct process p = {
		.command = command,
		.plan = plan,
		.cwd = exd_command_string(command, EXD_KEY_CWD, note(record, "cwd", "/")),
		.no_new_privs = exd_command_bool(command, EXD_KEY_NO_NEW_PRIVILEGES) ||
				strcmp(note(record, "no_new_privs", "yes"), "yes") == 0,
		.umask = (mode_t)exd_command_number(command, EXD_KEY_UMASK, umask),
	};
	const char *user = exd_command_string(command, EXD_KEY_USER, note(record, "user", ""));
	int r = check_command(command, err);

	if (r == 0)
		r = read_user(user, &p, err);
	if (r == 0)
		r = plan_join(&p, record, err);
	if (r < 0)
		return r;
	plan_stdio(&p);
	plan_noted_rlimits(record, plan);
	r = plan_process(&p, err);
	return r < 0 ? r : exd_plan_error(plan, err);
}

/* ---- control, from the record alone ---------------------------------------------------------- */

/* The first process takes all others of its pid namespace along, and is the last to be gone. */
static int chroot_terminate(void *self, struct exd_record *record, struct exd_error *err)
{
	struct pollfd ended = {.fd = exd_record_pidfd(record), .events = POLLIN};
	int n;

	if (ended.fd < 0)
		return 0;
	if (syscall(SYS_pidfd_send_signal, ended.fd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return exd_error_set(err, EXD_ERR_SYSTEM, errno,
				     "cannot kill process %d of container '%s'",
				     (int)exd_record_pid(record), exd_record_id(record));
	do
		n = poll(&ended, 1, KILL_MS);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return exd_error_set(err, EXD_ERR_TIMEOUT, EBUSY,
				     "container '%s' was killed but has not ended after %d s",
				     exd_record_id(record), KILL_MS / 1000);
	return 0;
}

/* Mounts and proc ended with the namespaces: there is nothing to remove, and so no second time. */
static int chroot_clean(void *self, struct exd_record *record, struct exd_error *err)
{
	return 0;
}

static int chroot_info(void *self, struct exd_record *record, struct exd_info *info,
		       struct exd_error *err)
{
	info->running = exd_record_pidfd(record) >= 0;
	info->paused = false;
	(void)snprintf(info->driver, sizeof(info->driver), "chroot %s", VERSION);
	(void)snprintf(info->isolation, sizeof(info->isolation), "chroot");
	return 0;
}

/* In the pid namespace, or in one below it. */
static bool is_inside(pid_t pid, const struct stat *box)
{
	char path[40];
	struct stat st;
	bool found = false;
	int ns, parent;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	for (ns = open(path, O_RDONLY | O_CLOEXEC); ns >= 0 && !found; ns = parent) {
		found = fstat(ns, &st) == 0 && st.st_ino == box->st_ino && st.st_dev == box->st_dev;
		parent = found ? -1 : ioctl(ns, NS_GET_PARENT);
		(void)close(ns);
	}
	return found;
}

static int chroot_pids(void *self, struct exd_record *record, pid_t *pids, size_t max,
		       struct exd_error *err)
{
	int ns = exd_record_namespace(record, "pid", err);
	struct dirent *entry;
	struct stat box;
	size_t count = 0;
	DIR *proc;

	if (ns < 0)
		return ns;
	proc = fstat(ns, &box) == 0 ? opendir("/proc") : NULL;
	(void)close(ns);
	if (!proc)
		return exd_error_set(err, EXD_ERR_SYSTEM, errno, "cannot list '/proc'");
	while ((entry = readdir(proc))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid <= 0 || !is_inside(pid, &box))
			continue;
		if (count < max)
			pids[count] = pid;
		count++;
	}
	(void)closedir(proc);
	return (int)count;
}

EXD_DRIVER_EXPORT const struct exd_driver exd_driver_entry = {
	.struct_size = sizeof(struct exd_driver),
	.abi = EXD_DRIVER_ABI,
	.name = "chroot",
	.version = VERSION,
	.summary = "another root directory and a proc of its own, else no isolation",
	.caps = EXD_CAP_EXEC | EXD_CAP_PIDS | EXD_CAP_PRE_START,
	.open = chroot_open,
	.close = chroot_close,
	.probe = chroot_probe,
	.run = chroot_run,
	.terminate = chroot_terminate,
	.clean = chroot_clean,
	.info = chroot_info,
	.exec = chroot_exec,
	.pids = chroot_pids,
};
