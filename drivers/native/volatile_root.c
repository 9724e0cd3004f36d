/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The volatile root: the host's programs read-only, some of its /etc, else private and empty. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "drivers/native/mounts.h"

#define HOST_FILE_MAX 65536

static const struct folder {
	const char *path;
	mode_t mode;
} folders[] = {
	{"/etc", 0755},
	{"/home", 0755},
	{"/media", 0755},
	{"/mnt", 0755},
	{"/opt", 0755},
	{"/root", 0700},
	{"/run", 0755},
	{"/run/lock", 01777},
	{"/srv", 0755},
	{"/tmp", 01777},
	{"/var", 0755},
	{"/var/cache", 0755},
	{"/var/lib", 0755},
	{"/var/log", 0755},
	{"/var/spool", 0755},
	{"/var/tmp", 01777},
};

/* Private keys lie beside certificates, so folders that may hold them are taken apart. */
static const char *const pieces[] = {
	"/usr",
	"/bin",
	"/sbin",
	"/lib",
	"/lib32",
	"/lib64",
	"/libx32",
	"/etc/alternatives",
	"/etc/ca-certificates",
	"/etc/ca-certificates.conf",
	"/etc/ld.so.cache",
	"/etc/ld.so.conf",
	"/etc/ld.so.conf.d",
	"/etc/localtime",
	"/etc/nsswitch.conf",
	"/etc/pki/ca-trust",
	"/etc/pki/tls/certs",
	"/etc/protocols",
	"/etc/services",
	"/etc/ssl/certs",
	"/etc/ssl/openssl.cnf",
};

#define PIECES (sizeof(pieces) / sizeof(pieces[0]))

static const char passwd_text[] = "root:x:0:0:root:/root:/bin/sh\n"
				  "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
static const char group_text[] = "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n";

static int no_memory(struct native_run *run)
{
	return exd_error_set(run->err, EXD_ERR_NO_MEMORY, ENOMEM, "volatile root");
}

int native_volatile_users(struct native_run *run)
{
	uid_t uid = getuid();
	gid_t gid = getgid();

	/* in a user namespace the caller is root, or nobody of it */
	if (uid == 0 || uid == 65534 || run->userns.mode != NATIVE_NS_HOST) {
		run->users.passwd = strdup(passwd_text);
		run->users.group = strdup(group_text);
	} else if (asprintf(&run->users.passwd, "%suser:x:%u:%u::/home:/bin/sh\n", passwd_text, uid,
			    gid) < 0 ||
		   asprintf(&run->users.group, "%suser:x:%u:\n", group_text, gid) < 0) {
		return no_memory(run);
	}
	return run->users.passwd && run->users.group ? 0 : no_memory(run);
}

/* A link into /usr is as good in the container; one to elsewhere is followed here. */
static char *plain_link(const char *path)
{
	char target[256];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n <= 0 || n == (ssize_t)sizeof(target) - 1)
		return NULL;
	target[n] = '\0';
	if (strncmp(target, "/usr/", 5) != 0 && strncmp(target, "usr/", 4) != 0)
		return NULL;
	return strdup(target);
}

static int add_piece(struct native_run *run, const char *path)
{
	cleanup_close int fd = FD_NONE;
	struct native_bind *bind = &run->binds[run->bind_count];
	struct native_attr attr = native_attr_of(exd_command_rootfs_flags(run->command));
	struct stat st;

	*bind = (struct native_bind){.target = path, .slot = -1};
	bind->link = plain_link(path);
	if (bind->link) {
		run->bind_count++;
		return 0;
	}
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return exd_error_set(run->err, EXD_ERR_ROOTFS, errno,
				     "cannot open '%s' for the volatile root", path);
	attr.set |= MOUNT_ATTR_RDONLY;
	bind->directory = S_ISDIR(st.st_mode);
	bind->slot = native_clone(run, take_fd(&fd), true, attr, 0);
	run->bind_count++;
	return 0;
}

int native_volatile_trees(struct native_run *run)
{
	run->binds = calloc(PIECES, sizeof(*run->binds));
	if (!run->binds)
		return no_memory(run);
	for (size_t i = 0; i < PIECES; i++) {
		int r = add_piece(run, pieces[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static void put_file(struct native_run *run, const char *path, const char *text)
{
	(void)exd_plan_mkfile(run->plan, run->root, path, text, strlen(text), 0644,
			      run->root_uid, run->root_gid);
}

/* What the host says where its network is shared, else the text given. */
static void put_network_file(struct native_run *run, const char *path, const char *otherwise)
{
	cleanup_free char *text = NULL;
	cleanup_close int root = FD_NONE;

	if (run->ns[NATIVE_NS_NET].mode != NATIVE_NS_OWN) {
		root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root >= 0 && native_file_read(root, path, &text) == 0 &&
		    strlen(text) <= HOST_FILE_MAX)
			otherwise = text;
	}
	put_file(run, path, otherwise);
}

static int put_files(struct native_run *run)
{
	cleanup_free char *hosts = NULL, *hostname = NULL;
	const char *name = run->hostname ? run->hostname : "localhost";

	if (asprintf(
		    &hosts,
		    "127.0.0.1\tlocalhost\n"
		    "::1\tlocalhost ip6-localhost ip6-loopback\n"
		    "127.0.1.1\t%s\n",
		    name) < 0 ||
	    asprintf(&hostname, "%s\n", name) < 0)
		return no_memory(run);
	if (run->users.passwd)
		put_file(run, "/etc/passwd", run->users.passwd);
	if (run->users.group)
		put_file(run, "/etc/group", run->users.group);
	put_file(run, "/etc/hostname", hostname);
	put_network_file(run, "/etc/hosts", hosts);
	put_network_file(run, "/etc/resolv.conf", "");
	return 0;
}

int native_volatile_fill(struct native_run *run)
{
	exd_plan_blame(run->plan, EXD_ERR_ROOTFS, 0);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		(void)exd_plan_mkdir(run->plan, run->root, folders[i].path, folders[i].mode,
				     run->root_uid, run->root_gid);
	(void)exd_plan_symlink(run->plan, run->root, "/var/run", "/run");
	(void)exd_plan_symlink(run->plan, run->root, "/var/lock", "/run/lock");
	(void)exd_plan_symlink(run->plan, run->root, "/etc/mtab", "/proc/self/mounts");
	for (size_t i = 0; i < run->bind_count; i++) {
		const struct native_bind *bind = &run->binds[i];

		if (bind->link)
			(void)exd_plan_symlink(run->plan, run->root, bind->target, bind->link);
		else
			(void)exd_plan_attach(run->plan, bind->slot, run->root, bind->target,
					      bind->directory ? EXD_ATTACH_MAKE_DIR
							      : EXD_ATTACH_MAKE_FILE);
	}
	return put_files(run);
}
