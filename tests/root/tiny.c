/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The smallest root there is, and rounds in several threads at once. */
#include "tests/root/tiny.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 32

static char root[256];

static void copy_program(void)
{
	const char *dir = getenv("EXD_TEST_BUILDDIR");
	char from[512], to[512];
	struct stat st;
	int in, out;

	(void)snprintf(from, sizeof(from), "%s/tests/root/inside", dir ? dir : ".");
	(void)snprintf(to, sizeof(to), "%s/inside", root);
	in = open(from, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(in >= 0, "%s: %s", from, strerror(errno));
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	ck_assert(out >= 0 && fstat(in, &st) == 0);
	ck_assert_int_eq(sendfile(out, in, NULL, (size_t)st.st_size), st.st_size);
	close(in);
	close(out);
}

const char *tiny_root(void)
{
	static const char *const dirs[] = {"proc", "sys", "dev", "tmp"};
	const char *tmp = getenv("TMPDIR");
	char path[512];

	if (root[0])
		return root;
	(void)snprintf(root, sizeof(root), "%s/exd-tiny-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert_int_eq(chmod(root, 0755), 0);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", root, dirs[i]);
		ck_assert_int_eq(mkdir(path, 0755), 0);
	}
	copy_program();
	return root;
}

/* Containers' cgroups are made below one of this root's own. */
static const char *parent(void)
{
	return strrchr(tiny_root(), '/') + 1;
}

/* Names of cgroups in one, or -1 when there is no such cgroup. */
static int count_below(const char *path, char *first, size_t size)
{
	DIR *d = opendir(path);
	struct dirent *entry;
	int count = 0;

	if (!d)
		return -1;
	while ((entry = readdir(d))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (count++ == 0)
			(void)snprintf(first, size, "%s/%s", path, entry->d_name);
	}
	closedir(d);
	return count;
}

int tiny_cgroups(bool remove_parent)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	int count = 0;

	ck_assert_ptr_nonnull(mounts);
	while ((m = getmntent(mounts))) {
		char path[512], first[768] = "";
		int below;

		if (strncmp(m->mnt_type, "cgroup", 6) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", m->mnt_dir, parent());
		below = count_below(path, first, sizeof(first));
		if (remove_parent)
			ck_assert_msg(below <= 0, "%s is left", first);
		if (remove_parent && below == 0)
			ck_assert_msg(rmdir(path) == 0 || errno == EROFS, "%s: %s", path, strerror(errno));
		count += below > 0 ? below : 0;
	}
	endmntent(mounts);
	return count;
}

void tiny_remove(void)
{
	static const char *const names[] = {"proc", "sys", "dev", "tmp", "inside"};
	char path[512];

	(void)tiny_cgroups(true);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", root, names[i]);
		(void)remove(path);
	}
	ck_assert_msg(rmdir(root) == 0, "%s: %s", root, strerror(errno));
	root[0] = '\0';
}

struct exd_command *tiny_command(const char *id, const char *what, const char *argument)
{
	const char *const args[] = {"/inside", what, argument, NULL};
	struct exd_command *command = lib_command(id, args);

	must(exd_command_set_string(command, EXD_KEY_ROOTFS, tiny_root(), &lib_err));
	must(exd_command_set_string(command, EXD_KEY_CGROUP_PARENT, parent(), &lib_err));
	return command;
}

struct exd_process *tiny_start(struct exd_engine *engine, struct exd_command *command, const struct exd_stdio *stdio,
			       uint32_t flags)
{
	struct exd_process *process = NULL;

	must(exd_start(engine, command, stdio, NULL, flags, &process, &lib_err));
	exd_command_free(command);
	return process;
}

int tiny_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	ck_assert_msg(fd >= 0, "pid %d: %s", (int)pid, strerror(errno));
	return fd;
}

bool tiny_ended(int pidfd, int timeout_ms)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	return poll(&p, 1, timeout_ms) == 1;
}

/* Field 9 of its stat: PF_EXITING. It leaves its cgroup after that, and is a zombie after both. */
bool tiny_alive(int pidfd, pid_t pid)
{
	unsigned int flags = 0;
	char path[32], stat[1024];
	const char *name_end;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	lib_read(fd, stat, sizeof(stat));
	close(fd);
	name_end = strrchr(stat, ')');
	if (name_end)
		(void)sscanf(name_end + 1, " %*c %*d %*d %*d %*d %*d %u", &flags);
	return !tiny_ended(pidfd, 0) && !(flags & 4);
}

pid_t tiny_fork(void)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* Those that are still being started settle; then all are removed. */
void tiny_delete_all(struct exd_engine *engine)
{
	struct exd_box *box = NULL;

	while (exd_box_next(engine, &box, NULL) > 0) {
		char id[128];
		int r;

		(void)snprintf(id, sizeof(id), "%s", exd_box_id(box));
		for (int i = 0; i < 2000; i++) {
			r = exd_delete(engine, id, true, &lib_err);
			if (r == 0 || lib_err.code == EXD_ERR_NOT_FOUND)
				break;
			ck_assert_msg(lib_err.code == EXD_ERR_NOT_STOPPED, "%s: %s", id, lib_err.text);
			tiny_nap();
		}
		ck_assert_msg(r == 0 || lib_err.code == EXD_ERR_NOT_FOUND, "%s: %s", id, lib_err.text);
	}
}

void tiny_nap(void)
{
	(void)nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

struct work {
	struct exd_engine *engine;
	tiny_round fn;
	pthread_mutex_t lock;
	int next;
	int rounds;
	char why[512];
};

static int next_round(struct work *work)
{
	int round = -1;

	pthread_mutex_lock(&work->lock);
	if (work->next < work->rounds && !work->why[0])
		round = work->next++;
	pthread_mutex_unlock(&work->lock);
	return round;
}

static void *do_rounds(void *arg)
{
	struct work *work = arg;
	int round;

	while ((round = next_round(work)) >= 0) {
		char why[448] = "";

		work->fn(work->engine, round, why, sizeof(why));
		pthread_mutex_lock(&work->lock);
		if (why[0] && !work->why[0])
			(void)snprintf(work->why, sizeof(work->why), "round %d: %s", round, why);
		pthread_mutex_unlock(&work->lock);
	}
	return NULL;
}

void tiny_rounds(struct exd_engine *engine, tiny_round fn, int rounds, int threads)
{
	struct work work = {.engine = engine, .fn = fn, .rounds = rounds};
	pthread_t thread[THREADS_MAX];

	ck_assert_int_le(threads, THREADS_MAX);
	(void)tiny_root();
	pthread_mutex_init(&work.lock, NULL);
	for (int i = 0; i < threads; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, do_rounds, &work), 0);
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	pthread_mutex_destroy(&work.lock);
	ck_assert_msg(!work.why[0], "%s", work.why);
}
