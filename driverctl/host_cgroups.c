/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which cgroups there are, whether they can be made, and which limits they then give. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cgroupmounts.h"
#include "base/cleanup.h"
#include "base/fdio.h"
#include "base/strutil.h"
#include "driverctl/host.h"

#define FILES_MAX 4
#define TEXT_SIZE 16384

struct file {
	const char *v1, *v2; /* NULL: there is none */
	const char *gives;
};

/* What v1 calls otherwise than v2 has both names. */
struct controller {
	const char *v1, *v2; /* v2 "": what each cgroup has */
	struct file files[FILES_MAX];
};

static const struct controller memory = {
	"memory",
	"memory",
	{{"memory.limit_in_bytes", "memory.max", "--memory"},
	 {"memory.memsw.limit_in_bytes", "memory.swap.max", "--memory-swap"},
	 {"memory.soft_limit_in_bytes", "memory.low", "--memory-reservation"},
	 {"memory.oom_control", "memory.events", "OOM kills"}}};
static const struct controller cpu = {"cpu",
				      "cpu",
				      {{"cpu.shares", "cpu.weight", "--cpu-shares"},
				       {"cpu.cfs_quota_us", "cpu.max", "--cpus, --cpu-quota"}}};
static const struct controller cpuset = {"cpuset",
					 "cpuset",
					 {{"cpuset.cpus", "cpuset.cpus", "--cpuset-cpus"},
					  {"cpuset.mems", "cpuset.mems", "--cpuset-mems"}}};
static const struct controller pids = {"pids", "pids", {{"pids.max", "pids.max", "--pids-limit"}}};
static const struct controller io = {
	"blkio",
	"io",
	{{"blkio.throttle.read_bps_device", "io.max", "throttles of block devices"}}};
static const struct controller hugetlb = {"hugetlb", "hugetlb", {{NULL, NULL, NULL}}};
static const struct controller freezer = {
	"freezer", "", {{"freezer.state", "cgroup.freeze", "pause"}}};

/* What has been found of one controller. */
struct find {
	const struct controller *controller; /* NULL: any hierarchy */
	bool found, v2, enabled;
	int error; /* of making a cgroup */
	char gives[160], lacks[160];
	unsigned int v1_count, v2_count;
};

static bool has_word(const char *list, const char *word, const char *separators)
{
	size_t size = strlen(word);

	for (const char *at = list; *at; at += strspn(at, separators)) {
		size_t length = strcspn(at, separators);

		if (length == size && memcmp(at, word, size) == 0)
			return true;
		at += length;
	}
	return false;
}

static void append(char *list, size_t size, const char *word)
{
	size_t used = strlen(list);

	(void)snprintf(list + used, size - used, "%s%s", used ? ", " : "", word);
}

static void look_for_files(struct find *find, int dir)
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		const struct file *file = &find->controller->files[i];
		const char *name = find->v2 ? file->v2 : file->v1;

		if (!name)
			continue;
		if (faccessat(dir, name, F_OK, 0) == 0)
			append(find->gives, sizeof(find->gives), file->gives);
		else
			append(find->lacks, sizeof(find->lacks), file->gives);
	}
}

/* A cgroup is made and removed: nobody was ever in it. */
static void try_cgroup(struct find *find, int top)
{
	cleanup_close int dir = FD_NONE;
	char name[48];

	(void)snprintf(name, sizeof(name), "execdriver-check-%d", getpid());
	if (mkdirat(top, name, 0755) < 0) {
		find->error = -errno;
		return;
	}
	dir = openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0 && find->controller)
		look_for_files(find, dir);
	(void)unlinkat(top, name, AT_REMOVEDIR);
}

static bool visit(const struct cgroup_mount *mount, void *arg)
{
	struct find *find = arg;
	char list[512] = "";
	bool here;

	find->v2_count += mount->v2;
	find->v1_count += !mount->v2 && !has_word(mount->super, "name=systemd", ",\n");
	if (!find->controller)
		return true;
	if (mount->v2) {
		(void)read_file_at(mount->fd, "cgroup.controllers", list, sizeof(list));
		here = !*find->controller->v2 || has_word(list, find->controller->v2, " \n");
	} else {
		here = has_word(mount->super, find->controller->v1, ",\n");
	}
	if (!here || (find->found && mount->v2))
		return true;
	find->found = true;
	find->v2 = mount->v2;
	find->enabled = true;
	if (mount->v2 && *find->controller->v2) {
		(void)read_file_at(mount->fd, "cgroup.subtree_control", list, sizeof(list));
		find->enabled = has_word(list, find->controller->v2, " \n");
	}
	try_cgroup(find, mount->fd);
	return true;
}

static void look(struct find *find)
{
	char text[TEXT_SIZE];
	struct cgroup_visit v = {.fn = visit, .arg = find};

	cgroup_mounts_visit(&v, text, sizeof(text));
}

static void probe_layout(struct host_answer *answer, const void *arg)
{
	struct find find = {.controller = arg};

	look(&find);
	if (!find.v1_count && !find.v2_count) {
		host_say(answer, EXD_REPORT_NO, "no cgroups are mounted, or /proc is not");
		host_cure(answer, "mount -t proc proc /proc; mount -t cgroup2 cgroup2 /sys/fs/cgroup");
	} else {
		host_say(answer, EXD_REPORT_INFO, "%s",
			 !find.v2_count   ? "version 1"
			 : !find.v1_count ? "version 2"
					  : "versions 1 and 2 at once");
	}
}

static bool kernel_has(const char *name)
{
	char text[4096], line[64];

	if (read_file_at(AT_FDCWD, "/proc/cgroups", text, sizeof(text)) < 0)
		return false;
	(void)snprintf(line, sizeof(line), "\n%s\t", name);
	return strstr(text, line);
}

static void cure_missing(struct host_answer *answer, const struct find *find)
{
	const struct controller *c = find->controller;

	if (find->v2_count && !find->v1_count)
		host_cure(answer, "echo +%s >/sys/fs/cgroup/cgroup.subtree_control, in the cgroup above this "
				  "one when it is a namespace's",
			  c->v2);
	else if (kernel_has(c->v1))
		host_cure(answer,
			  "mkdir -p /sys/fs/cgroup/%s && mount -t cgroup -o %s cgroup "
			  "/sys/fs/cgroup/%s; or boot with cgroup_enable=%s",
			  c->v1, c->v1, c->v1, c->v1);
	else
		host_cure(answer, "use a kernel with the cgroup controller %s", c->v1);
}

static void cure_making(struct host_answer *answer, const struct find *find)
{
	if (find->error == -EROFS)
		host_cure(answer, "mount -o remount,rw /sys/fs/cgroup%s%s", find->v2 ? "" : "/",
			  find->v2 ? "" : find->controller->v1);
	else
		host_cure(answer, "run as root, or in a cgroup of your own: systemd-run --user --scope "
				  "-p Delegate=yes driverctl ...");
}

static void probe_controller(struct host_answer *answer, const void *arg)
{
	struct find find = {.controller = arg};

	look(&find);
	if (!find.v1_count && !find.v2_count)
		return;
	if (!find.found) {
		host_say(answer, EXD_REPORT_NO, "no hierarchy has it");
		cure_missing(answer, &find);
	} else if (find.error) {
		host_say(answer, EXD_REPORT_NO, "version %d: no cgroup can be made: %s",
			 find.v2 ? 2 : 1, strerror(-find.error));
		cure_making(answer, &find);
	} else if (!find.enabled) {
		host_say(answer, EXD_REPORT_YES, "version 2: to be enabled by the first run that needs it");
	} else {
		host_say(answer, *find.lacks ? EXD_REPORT_DEGRADED : EXD_REPORT_YES,
			 "version %d: %s%s%s", find.v2 ? 2 : 1, *find.gives ? find.gives : "there",
			 *find.lacks ? "; without: " : "", find.lacks);
		if (*find.lacks)
			host_cure(answer, strstr(find.lacks, "swap") ? "boot with swapaccount=1"
								     : "use a kernel with all of it");
	}
}

const struct host_probe host_cgroups[] = {
	{"cgroup", probe_layout, NULL},
	{"cgroup.memory", probe_controller, &memory},
	{"cgroup.cpu", probe_controller, &cpu},
	{"cgroup.cpuset", probe_controller, &cpuset},
	{"cgroup.pids", probe_controller, &pids},
	{"cgroup.io", probe_controller, &io},
	{"cgroup.hugetlb", probe_controller, &hugetlb},
	{"cgroup.freezer", probe_controller, &freezer},
	{NULL, NULL, NULL},
};
