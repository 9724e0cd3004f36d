/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of options: parser, help, manual and tests all come from here. */
#include "driverctl/options.h"

#include <string.h>

#include "driverctl/command_build.h"

#define RUN (OF_RUN | OF_EXPLAIN)
#define BOTH (OF_RUN | OF_EXPLAIN | OF_EXEC)
#define LIMIT (OF_RUN | OF_EXPLAIN | OF_UPDATE | OF_EXEC)
#define LISTING                                                                             \
	(OF_LIST | OF_PS | OF_STATS | OF_TOP | OF_INSPECT | OF_GC | OF_DRIVERS | OF_CHECK | \
	 OF_EXPLAIN)
/* Who comes from Docker means --hostname by -h there. */
#define NO_HOSTNAME (OF_ALL & ~(uint32_t)RUN)

#define SETTING(field) .setting = offsetof(struct settings, field)

static const struct option_row rows[] = {
	/* before the sub-command */
	{OF_GLOBAL, 0, "config", "FILE", SETTING(config),
	 .help = "read this configuration instead of the installed one"},
	{OF_GLOBAL, 0, "root", "DIR", SETTING(root),
	 .help = "keep the state of containers in this directory"},
	{OF_GLOBAL, 0, "driver", "NAME", SETTING(driver),
	 .help = "use this driver for what is started"},
	{OF_GLOBAL, 0, "log", "FILE", SETTING(log),
	 .help = "append log lines to a file instead of standard error"},
	{OF_GLOBAL, 0, "log-format", "FORMAT", SETTING(log_format), .help = "text or json"},
	{OF_GLOBAL, 0, "debug", NULL, SETTING(debug), .help = "log every step"},
	{OF_GLOBAL, 0, "version", NULL, SETTING(version), .help = "print the version"},

	/* what runs, and as whom */
	{RUN, 'f', "file", "FILE", SETTING(file),
	 .help = "read a command file first; other options change what it says"},
	{RUN, 0, "rootfs", "DIR", "rootfs", option_rootfs,
	 .help = "directory that becomes the root, or overlay:LOWER[:LOWER...]; default: a volatile "
		 "one with the host's /usr"},
	{RUN, 0, "rootfs-idmap", NULL, "rootfs_idmap",
	 .help = "files of the root belong to the ids inside that they have on disk"},
	{RUN, 0, "read-only", NULL, "rootfs_readonly", .help = "mount the root read-only"},
	{RUN, 0, "no-pivot", NULL, "no_pivot",
	 .help = "lay the root over the host's, where that is a ramfs"},
	{RUN, 0, "rootfs-propagation", "MODE", "rootfs_propagation",
	 .help = "private (default), slave (mounts of the host appear inside), shared or "
		 "unbindable"},
	{RUN, 0, "rootfs-options", "OPTIONS", "rootfs_options",
	 .help = "mount options of the root, such as nosuid,noatime"},
	{BOTH, 'e', "env", "NAME[=VALUE]", "env", option_env,
	 .help = "environment; without a value, the caller's if it has one"},
	{BOTH, 0, "env-file", "FILE", "env", option_env_file,
	 .help = "environment from a file, a NAME[=VALUE] a line"},
	{BOTH, 'w', "workdir", "DIR", "cwd", .help = "working directory inside"},
	{BOTH, 'u', "user", "USER[:GROUP]", "user",
	 .help = "user and group, names inside or numbers"},
	{BOTH, 0, "group-add", "GROUP", "groups", .help = "an additional group"},
	{BOTH, 0, "umask", "OCTAL", "umask", .help = "mode bits that new files do not get"},
	{RUN, 0, "hostname", "NAME", "hostname", .help = "host name inside"},
	{RUN, 0, "init", NULL, "init",
	 .help = "process 1 is a small init that forwards signals and reaps"},

	/* terminal and life */
	{BOTH, 't', "tty", NULL, SETTING(tty),
	 .help = "a terminal of its own; the default when standard input and output are terminals"},
	{BOTH, 0, "no-tty", NULL, SETTING(no_tty), .help = "no terminal of its own"},
	{BOTH, 'i', "interactive", NULL, SETTING(interactive),
	 .help = "with --tty, copy standard input also when it is no terminal"},
	{BOTH, 'd', "detach", NULL, SETTING(detach), .help = "return when the program has begun"},
	{RUN, 0, "rm", NULL, SETTING(remove), .help = "with --detach, keep no record of its end"},
	{BOTH, 0, "pid-file", "FILE", SETTING(pid_file),
	 .help = "write the host's process id of the program to a file"},
	{RUN, 0, "annotation", "NAME=VALUE", "annotations", .help = "a text kept in the record"},

	/* files and devices */
	{RUN, 'v', "volume", "SRC:DST[:OPTIONS]", "mounts", option_volume,
	 .help = "bind a file or directory of the host; options such as ro,noexec,idmap"},
	{RUN, 0, "tmpfs", "DST[:OPTIONS]", "mounts", option_tmpfs,
	 .help = "an empty file system in memory, such as /x:size=64m"},
	{RUN, 0, "device", "PATH[:DST][:rwm]", "devices",
	 .help = "allow a device of the host, and make its node"},

	/* isolation */
	{RUN, 0, "network", "MODE", "network",
	 .help = "none (default), host, container:ID or path:FILE"},
	{RUN, 0, "pid", "MODE", "pid_namespace",
	 .help = "processes: private (default), host, container:ID or path:FILE"},
	{RUN, 0, "ipc", "MODE", "ipc_namespace",
	 .help = "System V IPC and message queues, likewise"},
	{RUN, 0, "uts", "MODE", "uts_namespace", .help = "host name, likewise"},
	{RUN, 0, "cgroupns", "MODE", "cgroup_namespace", .help = "view of cgroups, likewise"},
	{RUN, 0, "timens", "MODE", "time_namespace",
	 .help = "clocks: host (default), private, container:ID or path:FILE"},
	{RUN, 0, "time", "CLOCK=SECONDS", "time_offsets",
	 .help = "how far monotonic or boottime is ahead of the host's, in clocks of its own"},
	{RUN, 0, "userns", "MODE", "user_namespace",
	 .help = "users, likewise; private is an ordinary user's default, host is root's"},
	{RUN, 0, "uidmap", "IN:OUT:COUNT", "uid_map",
	 .help = "user ids of a private user namespace: inside, of the host, how many"},
	{RUN, 0, "gidmap", "IN:OUT:COUNT", "gid_map", .help = "group ids, likewise"},
	{BOTH, 0, "privileged", NULL, "privileged",
	 .help = "all capabilities and devices, nothing masked, no seccomp"},
	{BOTH, 0, "cap-add", "CAP", "cap_add",
	 .help = "a capability more than the default, or all"},
	{BOTH, 0, "cap-drop", "CAP", "cap_drop",
	 .help = "a capability less than the default, or all"},
	{BOTH, 0, "security-opt", "OPT", "no_new_privileges", option_security,
	 .help = "no-new-privileges, seccomp=default|unconfined|FILE, apparmor=PROFILE, "
		 "label=LABEL"},
	{BOTH, 0, "seccomp-listener", "SOCKET", "seccomp_listener",
	 .help = "who is told of the system calls that a seccomp profile notifies of"},
	{RUN, 0, "landlock", "ro:PATH|rw:PATH", "landlock",
	 .help = "the only files that can be touched, with any number of these; paths inside"},
	{RUN, 0, "personality", "NAME", "personality",
	 .help = "kernel that programs see: linux or linux32"},
	{RUN, 0, "sysctl", "NAME=VALUE", "sysctls",
	 .help = "a kernel parameter of its own namespaces"},

	/* limits */
	{LIMIT, 'm', "memory", "BYTES", "memory", .help = "limit of memory, such as 64m"},
	{LIMIT, 0, "memory-swap", "BYTES", "memory_swap",
	 .help = "limit of memory and swap together; -1: none; without it, no swap"},
	{LIMIT, 0, "memory-reservation", "BYTES", "memory_reservation",
	 .help = "what it keeps when the host is short of memory"},
	{LIMIT, 0, "memory-swappiness", "0..100", "memory_swappiness",
	 .help = "how willingly its memory is swapped out"},
	{LIMIT, 0, "oom-kill-disable", NULL, "oom_kill_disable",
	 .help = "out of memory, wait instead of being killed (cgroup v1)"},
	{BOTH, 0, "oom-score-adj", "N", "oom_score_adj",
	 .help = "from -1000 (killed last) to 1000 (killed first)"},
	{LIMIT, 0, "cpus", "N", "cpus", .help = "how many cpus it may use, such as 0.5"},
	{LIMIT, 0, "cpu-shares", "N", "cpu_shares",
	 .help = "weight against others when cpus are short; 1024 is usual"},
	{LIMIT, 0, "cpu-period", "USEC", "cpu_period", .help = "length of a scheduling period"},
	{LIMIT, 0, "cpu-quota", "USEC", "cpu_quota", .help = "cpu time in a period; -1: no limit"},
	{LIMIT, 0, "cpuset-cpus", "LIST", "cpuset_cpus",
	 .help = "which cpus it may use, such as 0-2,5"},
	{LIMIT, 0, "cpuset-mems", "LIST", "cpuset_mems", .help = "which memory nodes it may use"},
	{LIMIT, 0, "pids-limit", "N", "pids_limit",
	 .help = "how many processes and threads it may have; -1: no limit"},
	{LIMIT, 0, "blkio-weight", "10..1000", "blkio_weight",
	 .help = "weight against others when disks are busy; 100 is usual"},
	{LIMIT, 0, "blkio-weight-device", "PATH:WEIGHT", "blkio_weight_devices",
	 .help = "the same for one disk"},
	{LIMIT, 0, "device-read-bps", "PATH:BYTES", "device_read_bps",
	 .help = "bytes a second read from a disk, such as /dev/sda:10m; max: no limit"},
	{LIMIT, 0, "device-write-bps", "PATH:BYTES", "device_write_bps",
	 .help = "bytes a second written to a disk, likewise"},
	{LIMIT, 0, "device-read-iops", "PATH:N", "device_read_iops",
	 .help = "reads a second from a disk; max: no limit"},
	{LIMIT, 0, "device-write-iops", "PATH:N", "device_write_iops",
	 .help = "writes a second to a disk, likewise"},
	{LIMIT, 0, "hugetlb-limit", "SIZE=BYTES", "hugetlb_limits",
	 .help = "limit of huge pages of one size, such as 2MB=64m; max: none"},
	{LIMIT, 0, "rdma-limit", "DEVICE=LIMITS", "rdma_limits",
	 .help = "limits of an RDMA device, such as mlx5_0=hca_handle=2,hca_object=2000"},
	{LIMIT, 0, "misc-limit", "RESOURCE=N", "misc_limits",
	 .help = "limit of a resource of the misc controller; max: none"},
	{LIMIT, 0, "cgroup-conf", "FILE=VALUE", "cgroup_conf",
	 .help = "a file of its cgroup v2, such as memory.high=64M"},
	{BOTH, 0, "ulimit", "NAME=SOFT[:HARD]", "rlimits",
	 .help = "a limit of a process, such as nofile=1024:4096"},
	{BOTH, 0, "scheduler", "POLICY[,WORD...]", "scheduler",
	 .help = "how it is scheduled, such as batch,nice=5 or fifo,priority=10"},
	{BOTH, 0, "nice", "N", "nice", .help = "from -20 (keeps the cpu) to 19 (leaves it)"},
	{BOTH, 0, "ioprio", "CLASS[:N]", "ioprio",
	 .help = "priority of input and output: rt:0-7, be:0-7 or idle"},
	{BOTH, 0, "exec-cpu-affinity", "LIST[:LIST]", "exec_cpu_affinity",
	 .help = "cpus of a further process: while it joins, and of its program"},
	{OF_EXEC, 0, "cgroup-child", NULL, "cgroup_child",
	 .help = "a cgroup of its own below the container's, which limits are for"},
	{RUN, 0, "cgroup-parent", "PATH", "cgroup_parent", .help = "the cgroup to make its own in"},
	{BOTH, 0, "best-effort", NULL, "best_effort",
	 .help = "a limit that this host cannot set is a warning, not an error"},

	/* control and supervision */
	{OF_STOP, 't', "time", "SECONDS", SETTING(time),
	 .help = "how long to wait before it is killed (default 10)"},
	{OF_DELETE, 'f', "force", NULL, SETTING(force), .help = "end it first when it runs"},
	{OF_STATS, 0, "follow", NULL, SETTING(follow),
	 .help = "a sample each second, until all have ended"},
	{OF_TOP, 0, "sort", "KEY", SETTING(sort),
	 .help = "begin sorted by cpu (default), time, memory, pids or id"},
	{OF_GC, 0, "dry-run", NULL, SETTING(dry_run), .help = "only say what would be removed"},
	{OF_CONFORMANCE, 0, "rootfs", "DIR", SETTING(tree),
	 .help = "root directory of its containers, with a shell; default: the driver's own"},
	{OF_CONFORMANCE, 0, "only", "NAME", SETTING(only),
	 .help = "run only cases of this name, or that check this id of the contract"},
	{OF_CONFORMANCE, 0, "time", "SECONDS", SETTING(time),
	 .help = "how long a case may take (default 60)"},
	{OF_CONFORMANCE, 0, "list", NULL, SETTING(list), .help = "only print the cases"},
	{LISTING, 0, "json", NULL, SETTING(json), .help = "print JSON, one object a line"},

	{NO_HOSTNAME, 'h', "help", NULL, SETTING(help), .help = "print this help"},
	{RUN, 0, "help", NULL, SETTING(help), .help = "print this help"},
};

#define COUNT (sizeof(rows) / sizeof(rows[0]))

const struct option_row *option_next(const struct option_row *previous)
{
	const struct option_row *row = previous ? previous + 1 : rows;

	return row < rows + COUNT ? row : NULL;
}

const struct option_row *option_named(uint32_t of, const char *name, size_t size)
{
	for (size_t i = 0; i < COUNT; i++)
		if ((rows[i].of & of) && strlen(rows[i].name) == size &&
		    memcmp(rows[i].name, name, size) == 0)
			return &rows[i];
	return NULL;
}

const struct option_row *option_lettered(uint32_t of, char letter)
{
	for (size_t i = 0; i < COUNT; i++)
		if ((rows[i].of & of) && letter && rows[i].letter == letter)
			return &rows[i];
	return NULL;
}
