/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks around inside of a container: prints WORD=RESULT for each word that it is given. Static. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#define NAMES_MAX 4096
#define TEXT_MAX 8192

extern char **environ;

#define NAMED(error)          \
	{                     \
		error, #error \
	}

/* The errors that a refusal may be, so that tests read as their names. */
static const struct {
	int error;
	const char *name;
} errors[] = {
	{0, "0"},
	NAMED(EACCES),
	NAMED(EBADF),
	NAMED(EBUSY),
	NAMED(EEXIST),
	NAMED(EINVAL),
	NAMED(EIO),
	NAMED(EISDIR),
	NAMED(ENOENT),
	NAMED(ENOSYS),
	NAMED(ENOTDIR),
	NAMED(ENOTTY),
	NAMED(ENXIO),
	NAMED(EPERM),
	NAMED(EROFS),
	NAMED(ETXTBSY),
};

static const char *result_of(long r)
{
	static char number[16];
	int error = r < 0 ? errno : 0;

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].error == error)
			return errors[i].name;
	(void)snprintf(number, sizeof(number), "%d", error);
	return number;
}

/* Appends to the text of one result, cut where it is full. */
static void add(char *text, const char *part)
{
	size_t used = strlen(text), n = strlen(part);

	if (used && used < TEXT_MAX - 1)
		text[used++] = ' ';
	if (n > TEXT_MAX - 1 - used)
		n = TEXT_MAX - 1 - used;
	memcpy(text + used, part, n);
	text[used + n] = '\0';
}

static int by_number_then_name(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	long n = strtol(x, NULL, 10) - strtol(y, NULL, 10);

	return n ? (n > 0) - (n < 0) : strcmp(x, y);
}

/* The names in a directory, sorted; numbers only when asked for, never the descriptor that lists. */
static void list(const char *path, int numbers, char *text)
{
	static char *names[NAMES_MAX];
	DIR *dir = opendir(path);
	struct dirent *entry;
	size_t count = 0;

	if (!dir) {
		add(text, result_of(-1));
		return;
	}
	while ((entry = readdir(dir)) && count < NAMES_MAX) {
		const char *name = entry->d_name;
		char *end;
		long number = strtol(name, &end, 10);

		if (name[0] == '.' || (numbers && (*end || end == name)))
			continue;
		if (strcmp(path, "/proc/self/fd") != 0 || number != dirfd(dir))
			names[count++] = strdup(name);
	}
	(void)closedir(dir);
	qsort(names, count, sizeof(names[0]), by_number_then_name);
	for (size_t i = 0; i < count; i++) {
		add(text, names[i]);
		free(names[i]);
	}
}

static void read_link(const char *path, char *text)
{
	ssize_t n = readlink(path, text, TEXT_MAX - 1);

	if (n < 0)
		add(text, result_of(-1));
	else
		text[n] = '\0';
}

/* The beginning of a file, or how much there is of it. */
static void read_file(const char *path, int count_only, char *text)
{
	char buffer[TEXT_MAX];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buffer, sizeof(buffer) - 1);

	if (n < 0) {
		add(text, result_of(-1));
	} else if (count_only) {
		(void)snprintf(text, TEXT_MAX, "%zd", n);
	} else {
		buffer[n] = '\0';
		buffer[strcspn(buffer, "\n")] = '\0';
		add(text, buffer);
	}
	if (fd >= 0)
		(void)close(fd);
}

/* A line of /proc/self/status. */
static void status_field(const char *field, char *text)
{
	FILE *file = fopen("/proc/self/status", "re");
	size_t n = strlen(field);
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, field, n) != 0 || line[n] != ':')
			continue;
		line[strcspn(line, "\n")] = '\0';
		add(text, line + n + 1 + strspn(line + n + 1, " \t"));
	}
	if (file)
		(void)fclose(file);
}

/* Where something is mounted; or only what belongs to a group that hears of mounts of others. */
static void list_mounts(int shared_only, char *text)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[4096], point[2048], optional[256];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*d %*d %*s %*s %2047s %*s %255s", point, optional) != 2)
			add(text, "?");
		else if (!shared_only || strcmp(optional, "-") != 0)
			add(text, point);
	}
	if (file)
		(void)fclose(file);
}

static void mount_flags(const char *path, char *text)
{
	struct statvfs fs;

	if (statvfs(path, &fs) < 0) {
		add(text, result_of(-1));
		return;
	}
	add(text, fs.f_flag & ST_RDONLY ? "ro" : "rw");
	if (fs.f_flag & ST_NOSUID)
		add(text, "nosuid");
	if (fs.f_flag & ST_NODEV)
		add(text, "nodev");
	if (fs.f_flag & ST_NOEXEC)
		add(text, "noexec");
}

/* Type, numbers, mode and owner: "c 1:3 666 0:0". */
static void describe(const char *path, char *text)
{
	struct stat st;
	char type = '?';

	if (lstat(path, &st) < 0) {
		add(text, result_of(-1));
		return;
	}
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		(void)snprintf(text, TEXT_MAX, "%c %u:%u %o %u:%u", S_ISCHR(st.st_mode) ? 'c' : 'b',
			       major(st.st_rdev), minor(st.st_rdev), st.st_mode & 07777,
			       st.st_uid, st.st_gid);
	else if (S_ISLNK(st.st_mode))
		read_link(path, text);
	else {
		type = S_ISDIR(st.st_mode) ? 'd' : S_ISREG(st.st_mode) ? 'f'
								       : type;
		(void)snprintf(text, TEXT_MAX, "%c %o %u:%u", type, st.st_mode & 07777, st.st_uid,
			       st.st_gid);
	}
}

static void identity(char *text)
{
	gid_t groups[256];
	int count = getgroups(256, groups);
	char part[64];

	(void)snprintf(text, TEXT_MAX, "%u:%u", getuid(), getgid());
	for (int i = 0; i < count; i++) {
		(void)snprintf(part, sizeof(part), "%u", groups[i]);
		add(text, part);
	}
	if (getuid() != geteuid() || getgid() != getegid())
		add(text, "and others");
}

static void environment(char *text)
{
	size_t count = 0;

	while (environ[count])
		count++;
	qsort(environ, count, sizeof(environ[0]), by_number_then_name);
	for (size_t i = 0; i < count; i++)
		add(text, environ[i]);
}

/* Whether 0, 1 and 2 are one terminal, ours, and how large. */
static void terminal(char *text)
{
	struct winsize size = {0};
	struct stat st[3];
	char part[64];

	for (int i = 0; i < 3; i++)
		if (fstat(i, &st[i]) < 0 || !isatty(i) || st[i].st_rdev != st[0].st_rdev ||
		    st[i].st_ino != st[0].st_ino) {
			add(text, "none");
			return;
		}
	add(text, tcgetsid(0) == getsid(0) && getsid(0) == getpid() ? "controlling" : "foreign");
	add(text, tcgetpgrp(0) == getpgrp() ? "foreground" : "background");
	(void)ioctl(0, TIOCGWINSZ, &size);
	(void)snprintf(part, sizeof(part), "%dx%d", size.ws_row, size.ws_col);
	add(text, part);
	add(text, stat("/dev/console", &st[1]) == 0 && st[1].st_rdev == st[0].st_rdev
			  ? "console"
			  : "no-console");
}

static void loopback(char *text)
{
	struct ifreq lo = {.ifr_name = "lo"};
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (sock < 0 || ioctl(sock, SIOCGIFFLAGS, &lo) < 0)
		add(text, result_of(-1));
	else
		add(text, lo.ifr_flags & IFF_UP ? "up" : "down");
	if (sock >= 0)
		(void)close(sock);
}

static void working_directory(char *text)
{
	char path[TEXT_MAX];

	/* the call itself, for a libc hides what cannot be reached */
	add(text, syscall(SYS_getcwd, path, sizeof(path)) < 0 ? result_of(-1) : path);
}

static void mask(char *text)
{
	mode_t was = umask(0);

	(void)umask(was);
	(void)snprintf(text, TEXT_MAX, "%03o", was);
}

static void limit_of_files(char *text)
{
	struct rlimit limit;

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	(void)snprintf(text, TEXT_MAX, "%lu:%lu", (unsigned long)limit.rlim_cur,
		       (unsigned long)limit.rlim_max);
}

static long make_node(const char *arg)
{
	unsigned int number[2];
	char type, path[256];

	if (sscanf(arg, "%c,%u,%u,%255s", &type, &number[0], &number[1], path) != 4)
		return errno = EINVAL, -1;
	return mknod(path, (type == 'b' ? S_IFBLK : S_IFCHR) | 0600, makedev(number[0], number[1]));
}

static long open_and_close(const char *path, int flags)
{
	int fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);

	return fd < 0 ? fd : close(fd);
}

/* Calls that a container is refused. None does harm where it is not. */
static long call(const char *name)
{
	char byte = 'x';

	if (strcmp(name, "unshare-user") == 0)
		return unshare(CLONE_NEWUSER);
	if (strcmp(name, "unshare-uts") == 0)
		return unshare(CLONE_NEWUTS);
	if (strcmp(name, "setns") == 0)
		return setns(open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC), 0);
	if (strcmp(name, "mount") == 0)
		return mount("none", "/tmp", "tmpfs", 0, NULL);
	if (strcmp(name, "umount") == 0)
		return umount2("/dev/shm", MNT_DETACH);
	if (strcmp(name, "keyctl") == 0)
		return syscall(SYS_keyctl, 0, -3, 1);
	if (strcmp(name, "add-key") == 0)
		return syscall(SYS_add_key, "user", "exd-test", &byte, 1, -1);
	if (strcmp(name, "bpf") == 0)
		return syscall(SYS_bpf, -1, NULL, 0);
	if (strcmp(name, "open-by-handle") == 0)
		return syscall(SYS_open_by_handle_at, -1, NULL, O_RDONLY);
	if (strcmp(name, "sethostname") == 0)
		return sethostname("taken", 5);
	if (strcmp(name, "chroot") == 0)
		return chroot("/");
	return errno = EINVAL, -1;
}

static long push_key(const char *arg)
{
	char key = 'X';

	return ioctl(atoi(arg), TIOCSTI, &key);
}

/* The other way to put text into a terminal, of a console only. */
static long push_selection(const char *arg)
{
	char code = 3;

	return ioctl(atoi(arg), TIOCLINUX, &code);
}

/* Errors: what takes an argument and gives 0 or an error. */
static const char *try(const char *verb, const char *arg)
{
	if (strcmp(verb, "r") == 0)
		return result_of(open_and_close(arg, O_RDONLY));
	if (strcmp(verb, "w") == 0)
		return result_of(open_and_close(arg, O_WRONLY));
	if (strcmp(verb, "make") == 0)
		return result_of(open_and_close(arg, O_WRONLY | O_CREAT | O_EXCL));
	if (strcmp(verb, "mknod") == 0)
		return result_of(make_node(arg));
	if (strcmp(verb, "call") == 0)
		return result_of(call(arg));
	if (strcmp(verb, "tiocsti") == 0)
		return result_of(push_key(arg));
	if (strcmp(verb, "tioclinux") == 0)
		return result_of(push_selection(arg));
	if (strcmp(verb, "tiocsctty") == 0)
		return result_of(ioctl(atoi(arg), TIOCSCTTY, 1));
	return "unknown word";
}

/* Texts; those of a path come second. */
static int look(const char *verb, const char *arg, char *text)
{
	if (strcmp(verb, "fds") == 0)
		list("/proc/self/fd", 1, text);
	else if (strcmp(verb, "procs") == 0)
		list("/proc", 1, text);
	else if (strcmp(verb, "pid") == 0)
		(void)snprintf(text, TEXT_MAX, "%d", getpid());
	else if (strcmp(verb, "keyring") == 0)
		(void)snprintf(text, TEXT_MAX, "%ld", syscall(SYS_keyctl, 0, -3, 0));
	else if (strcmp(verb, "mounts") == 0)
		list_mounts(0, text);
	else if (strcmp(verb, "shared-mounts") == 0)
		list_mounts(1, text);
	else if (strcmp(verb, "ids") == 0)
		identity(text);
	else if (strcmp(verb, "env") == 0)
		environment(text);
	else if (strcmp(verb, "tty") == 0)
		terminal(text);
	else if (strcmp(verb, "lo") == 0)
		loopback(text);
	else if (strcmp(verb, "cwd") == 0)
		working_directory(text);
	else if (strcmp(verb, "umask") == 0)
		mask(text);
	else if (strcmp(verb, "nofile") == 0)
		limit_of_files(text);
	else if (strcmp(verb, "ls") == 0)
		list(arg, 0, text);
	else if (strcmp(verb, "link") == 0)
		read_link(arg, text);
	else if (strcmp(verb, "cat") == 0)
		read_file(arg, 0, text);
	else if (strcmp(verb, "bytes") == 0)
		read_file(arg, 1, text);
	else if (strcmp(verb, "status") == 0)
		status_field(arg, text);
	else if (strcmp(verb, "flags") == 0)
		mount_flags(arg, text);
	else if (strcmp(verb, "stat") == 0)
		describe(arg, text);
	else
		return 0;
	return 1;
}

/* Swaps two names, for ever. */
static int exchange(const char *a, const char *b)
{
	for (;;)
		if (syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) < 0)
			return 1;
}

/* Whether the program of another process can be changed: opened first, written later. */
static int spoil(const char *path, const struct stat *own)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), to = -1, spoilt = 0;
	char self[64];
	struct stat st;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && (st.st_dev != own->st_dev || st.st_ino != own->st_ino)) {
		(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
		to = open(self, O_WRONLY | O_CLOEXEC);
		spoilt = to >= 0 && write(to, "x", 1) == 1 ? 2 : 1;
	}
	if (to >= 0)
		(void)close(to);
	(void)close(fd);
	return spoilt;
}

/* Until `stop` is there, or once: prints whether programs of others were seen, how many changed. */
static int hunt(const char *stop)
{
	unsigned long seen = 0, changed = 0;
	struct stat own;

	if (stat("/proc/self/exe", &own) < 0)
		return 1;
	do {
		DIR *dir = opendir("/proc");
		struct dirent *entry;

		while (dir && (entry = readdir(dir))) {
			char path[300];
			int r;

			(void)snprintf(path, sizeof(path), "/proc/%s/exe", entry->d_name);
			r = entry->d_name[0] <= '9' ? spoil(path, &own) : 0;
			seen += r > 0;
			changed += r > 1;
		}
		if (dir)
			(void)closedir(dir);
	} while (stop && access(stop, F_OK) < 0);
	(void)printf("seen=%s\nchanged=%lu\n", seen ? "some" : "none", changed);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "exchange") == 0)
		return exchange(argv[2], argv[3]);
	if (argc >= 2 && strcmp(argv[1], "hunt") == 0)
		return hunt(argv[2]);
	for (int i = 1; i < argc; i++) {
		char text[TEXT_MAX] = "", verb[32];
		const char *colon = strchr(argv[i], ':');
		size_t n = colon ? (size_t)(colon - argv[i]) : strlen(argv[i]);

		(void)snprintf(verb, sizeof(verb), "%.*s", (int)n, argv[i]);
		if (strcmp(verb, "rest") == 0)
			for (;;)
				pause();
		if (!look(verb, colon ? colon + 1 : "", text))
			add(text, try(verb, colon ? colon + 1 : ""));
		(void)printf("%s=%s\n", argv[i], text);
		(void)fflush(stdout);
	}
	return 0;
}
