/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of command keys: what each is called, takes and means. All else comes from it. */
#include "core/command.h"

#include <limits.h>
#include <string.h>

#include "core/command_valid.h"

#define RUN EXD_USE_RUN
#define BOTH (EXD_USE_RUN | EXD_USE_EXEC)

#define KEY(KEY_, TYPE_, use_, name_, doc_) \
	.key = {EXD_KEY_##KEY_, EXD_TYPE_##TYPE_, use_, name_, doc_}
#define NUMBER(min_, max_, takes_) .min = min_, .max = max_, .takes = takes_
#define BYTES "a size such as 64m (a number, then b, k, m, g or t)"
#define DISK_BYTES "PATH:BYTES, a disk and a size such as 1m, or PATH:max"
#define DISK_NUMBER "PATH:NUMBER, a disk and a number above 0, or PATH:max"
#define NAMESPACE .takes = "private, host, container:ID or path:/FILE", .valid = valid_namespace
#define PATH .takes = "an absolute path", .valid = valid_path

static const struct command_key keys[] = {
	{KEY(ID, STRING, RUN, "id", "name of the container; unset: one is made"),
	 .takes = "a container id", .valid = valid_text},
	{KEY(ARGS, LIST, BOTH, "args", "the program and its arguments")},
	{KEY(ENV, MAP, BOTH, "env", "environment of the program, NAME=VALUE"),
	 .takes = "NAME=VALUE", .valid = valid_pair},
	{KEY(CWD, STRING, BOTH, "cwd", "working directory inside"), PATH},
	{KEY(USER, STRING, BOTH, "user", "USER[:GROUP], names of the container or numbers"),
	 .takes = "USER[:GROUP]", .valid = valid_user},
	{KEY(GROUPS, LIST, BOTH, "groups", "additional groups, names of the container or numbers"),
	 .takes = "a group", .valid = valid_word},
	{KEY(TTY, BOOL, BOTH, "tty", "the program gets a terminal of its own")},
	{KEY(TTY_SIZE, STRING, BOTH, "tty_size", "first size of the terminal"),
	 .takes = "ROWSxCOLUMNS such as 24x80", .valid = valid_tty_size},
	{KEY(INIT, BOOL, RUN, "init", "a small init is process 1: it forwards signals and reaps")},
	{KEY(HOSTNAME, STRING, RUN, "hostname", "host name inside"),
	 .takes = "a host name (letters, digits, '.', '-', '_', at most 64)",
	 .valid = valid_hostname},
	{KEY(DOMAINNAME, STRING, RUN, "domainname", "NIS domain name inside"),
	 .takes = "a domain name (letters, digits, '.', '-', '_', at most 64)",
	 .valid = valid_hostname},
	{KEY(ROOTFS, STRING, RUN, "rootfs",
	     "directory that becomes the root; unset: a volatile root"),
	 .takes = "a directory", .valid = valid_text},
	{KEY(ROOTFS_READONLY, BOOL, RUN, "rootfs_readonly", "the root is mounted read-only")},
	{KEY(ROOTFS_PROPAGATION, STRING, RUN, "rootfs_propagation",
	     "whether mounts of the host appear inside, or those of the root go further"),
	 .takes = "private, slave, shared or unbindable", .valid = valid_propagation},
	{KEY(MOUNTS, MOUNTS, RUN, "mounts",
	     "SOURCE:TARGET[:OPTIONS]; SOURCE may be tmpfs, proc, sysfs, mqueue, devpts, cgroup")},
	{KEY(DEVICES, DEVICES, RUN, "devices",
	     "PATH[:PATH-INSIDE][:rwm] of a device node of the host")},
	{KEY(MASKED_PATHS, LIST, RUN, "masked_paths",
	     "paths inside that show nothing; empty: none"),
	 PATH, .flags = KEY_EMPTY_LIST},
	{KEY(READONLY_PATHS, LIST, RUN, "readonly_paths",
	     "paths inside that are read-only; empty: none"),
	 PATH, .flags = KEY_EMPTY_LIST},
	{KEY(MOUNT_NAMESPACE, NAMESPACE, RUN, "mount_namespace",
	     "mounts: own, or another's"),
	 NAMESPACE},
	{KEY(PID_NAMESPACE, NAMESPACE, RUN, "pid_namespace",
	     "processes: own, or another's"),
	 NAMESPACE},
	{KEY(IPC_NAMESPACE, NAMESPACE, RUN, "ipc_namespace",
	     "System V IPC and message queues: own, or another's"),
	 NAMESPACE},
	{KEY(UTS_NAMESPACE, NAMESPACE, RUN, "uts_namespace",
	     "host name: own, or another's"),
	 NAMESPACE},
	{KEY(CGROUP_NAMESPACE, NAMESPACE, RUN, "cgroup_namespace",
	     "view of the cgroups: own, or another's"),
	 NAMESPACE},
	{KEY(NETWORK, NAMESPACE, RUN, "network", "network: none has only loopback (the default)"),
	 .takes = "none, private, host, container:ID or path:/FILE", .valid = valid_network},
	{KEY(USER_NAMESPACE, NAMESPACE, RUN, "user_namespace",
	     "users: own, or another's"),
	 NAMESPACE},
	{KEY(UID_MAP, LIST, RUN, "uid_map", "user ids of an own user namespace"),
	 .takes = "INSIDE:OUTSIDE:COUNT", .valid = valid_id_map},
	{KEY(GID_MAP, LIST, RUN, "gid_map", "group ids of an own user namespace"),
	 .takes = "INSIDE:OUTSIDE:COUNT", .valid = valid_id_map},
	{KEY(PRIVILEGED, BOOL, BOTH, "privileged",
	     "all capabilities and devices, nothing masked, no seccomp")},
	{KEY(CAP_ADD, LIST, BOTH, "cap_add", "capabilities more than the default, or all"),
	 .takes = "a capability such as NET_ADMIN, or all", .valid = valid_capability},
	{KEY(CAP_DROP, LIST, BOTH, "cap_drop", "capabilities less than the default, or all"),
	 .takes = "a capability such as NET_RAW, or all", .valid = valid_capability},
	{KEY(NO_NEW_PRIVILEGES, BOOL, BOTH, "no_new_privileges",
	     "set-user-id programs and the like gain nothing")},
	{KEY(SECCOMP, STRING, BOTH, "seccomp", "filter of system calls"),
	 .takes = "default, unconfined, the absolute path of a profile, or its JSON",
	 .valid = valid_seccomp},
	{KEY(SECCOMP_LISTENER, STRING, BOTH, "seccomp_listener",
	     "socket that is told of system calls by a profile that notifies"),
	 PATH},
	{KEY(APPARMOR, STRING, BOTH, "apparmor", "AppArmor profile"),
	 .takes = "a profile", .valid = valid_text},
	{KEY(SELINUX_LABEL, STRING, BOTH, "selinux_label", "SELinux label of the process"),
	 .takes = "a label", .valid = valid_text},
	{KEY(RLIMITS, RLIMITS, BOTH, "rlimits",
	     "NAME=SOFT[:HARD] such as nofile=1024:4096 or core=unlimited")},
	{KEY(SYSCTLS, MAP, RUN, "sysctls", "kernel parameters of own namespaces, NAME=VALUE"),
	 .takes = "NAME=VALUE such as net.ipv4.ip_forward=1", .valid = valid_sysctl},
	{KEY(OOM_SCORE_ADJ, NUMBER, BOTH, "oom_score_adj",
	     "who is killed first when memory is short"),
	 NUMBER(-1000, 1000, "a number from -1000 to 1000")},
	{KEY(UMASK, NUMBER, BOTH, "umask", "mode bits that new files do not get, octal"),
	 NUMBER(0, 0777, "an octal number from 0 to 777"), .flags = KEY_OCTAL},
	{KEY(SCHEDULER, STRING, BOTH, "scheduler", "how the kernel schedules it"),
	 .takes = "other, batch, idle, fifo, rr or deadline, with words such as ,priority=10",
	 .valid = valid_scheduler},
	{KEY(NICE, NUMBER, BOTH, "nice", "how willingly it leaves the cpu to others"),
	 NUMBER(-20, 19, "a number from -20 to 19")},
	{KEY(IOPRIO, STRING, BOTH, "ioprio", "priority of its input and output"),
	 .takes = "rt:N, be:N (0 to 7) or idle", .valid = valid_ioprio},
	{KEY(EXEC_CPU_AFFINITY, STRING, BOTH, "exec_cpu_affinity",
	     "cpus of a further process: INITIAL while it joins, FINAL of its program"),
	 .takes = "INITIAL[:FINAL], lists such as 0-3,5", .valid = valid_exec_affinity},
	{KEY(PERSONALITY, STRING, RUN, "personality", "kernel that programs see"),
	 .takes = "linux or linux32", .valid = valid_personality},
	{KEY(LANDLOCK, LIST, RUN, "landlock",
	     "the only files that can be touched, ro:PATH or rw:PATH inside"),
	 .takes = "ro:PATH or rw:PATH", .valid = valid_landlock},
	{KEY(CGROUP_PARENT, STRING, RUN, "cgroup_parent", "cgroup that the container's is made in"),
	 .takes = "a cgroup path without '..'", .valid = valid_cgroup},
	{KEY(MEMORY, BYTES, RUN, "memory", "limit of memory"), NUMBER(1, INT64_MAX, BYTES)},
	{KEY(MEMORY_SWAP, BYTES, RUN, "memory_swap",
	     "limit of memory and swap together; -1: no limit of swap; unset: no swap"),
	 NUMBER(1, INT64_MAX, BYTES ", or -1"), .flags = KEY_MINUS_ONE},
	{KEY(MEMORY_RESERVATION, BYTES, RUN, "memory_reservation",
	     "memory that is reclaimed down to when the host is short"),
	 NUMBER(1, INT64_MAX, BYTES)},
	{KEY(MEMORY_SWAPPINESS, NUMBER, RUN, "memory_swappiness",
	     "how willingly memory is swapped out"),
	 NUMBER(0, 100, "a number from 0 to 100")},
	{KEY(OOM_KILL_DISABLE, BOOL, RUN, "oom_kill_disable",
	     "out of memory, processes wait instead of being killed (cgroup v1)")},
	{KEY(CPU_SHARES, NUMBER, RUN, "cpu_shares",
	     "weight against others when cpus are short, 1024 is usual"),
	 NUMBER(2, 262144, "a number from 2 to 262144")},
	{KEY(CPU_PERIOD, NUMBER, RUN, "cpu_period",
	     "length of a scheduling period in microseconds"),
	 NUMBER(1000, 1000000, "a number from 1000 to 1000000")},
	{KEY(CPU_QUOTA, NUMBER, RUN, "cpu_quota",
	     "cpu time in a period in microseconds; -1: no limit"),
	 NUMBER(1000, INT64_MAX / 1000, "a number from 1000, or -1"), .flags = KEY_MINUS_ONE},
	{KEY(CPUS, STRING, RUN, "cpus", "how many cpus it may use: quota and period in one"),
	 .takes = "a decimal number above 0, such as 0.5", .valid = valid_cpus},
	{KEY(CPUSET_CPUS, STRING, RUN, "cpuset_cpus", "which cpus it may use"),
	 .takes = "a list such as 0-3,5", .valid = valid_cpuset},
	{KEY(CPUSET_MEMS, STRING, RUN, "cpuset_mems", "which memory nodes it may use"),
	 .takes = "a list such as 0-1", .valid = valid_cpuset},
	{KEY(PIDS_LIMIT, NUMBER, RUN, "pids_limit",
	     "how many processes and threads it may have; -1: no limit"),
	 NUMBER(1, 4194304, "a number from 1 to 4194304, or -1"), .flags = KEY_MINUS_ONE},
	{KEY(BLKIO_WEIGHT, NUMBER, RUN, "blkio_weight",
	     "weight against others when disks are busy, 100 is usual"),
	 NUMBER(10, 1000, "a number from 10 to 1000")},
	{KEY(BLKIO_WEIGHT_DEVICES, LIST, RUN, "blkio_weight_devices",
	     "the same for one disk, PATH:WEIGHT"),
	 .takes = "PATH:WEIGHT, a disk and a number from 10 to 1000", .valid = valid_disk_weight},
	{KEY(DEVICE_READ_BPS, LIST, RUN, "device_read_bps",
	     "bytes a second that it may read from a disk, PATH:BYTES"),
	 .takes = DISK_BYTES, .valid = valid_disk_bytes},
	{KEY(DEVICE_WRITE_BPS, LIST, RUN, "device_write_bps",
	     "bytes a second that it may write to a disk, PATH:BYTES"),
	 .takes = DISK_BYTES, .valid = valid_disk_bytes},
	{KEY(DEVICE_READ_IOPS, LIST, RUN, "device_read_iops",
	     "reads a second from a disk, PATH:NUMBER"),
	 .takes = DISK_NUMBER, .valid = valid_disk_number},
	{KEY(DEVICE_WRITE_IOPS, LIST, RUN, "device_write_iops",
	     "writes a second to a disk, PATH:NUMBER"),
	 .takes = DISK_NUMBER, .valid = valid_disk_number},
	{KEY(HUGETLB_LIMITS, MAP, RUN, "hugetlb_limits",
	     "limits of huge pages by their size, such as 2MB=64m"),
	 .takes = "SIZE=BYTES such as 2MB=64m, or SIZE=max", .valid = valid_hugetlb},
	{KEY(RDMA_LIMITS, MAP, RUN, "rdma_limits",
	     "limits of RDMA devices, DEVICE=hca_handle=N,hca_object=N"),
	 .takes = "DEVICE=hca_handle=N,hca_object=N, one of them or both", .valid = valid_rdma},
	{KEY(MISC_LIMITS, MAP, RUN, "misc_limits",
	     "limits of the misc controller, RESOURCE=NUMBER"),
	 .takes = "RESOURCE=NUMBER, or RESOURCE=max", .valid = valid_misc},
	{KEY(CGROUP_CONF, LIST, RUN, "cgroup_conf",
	     "files of the container's cgroup v2, FILE=VALUE, written last"),
	 .takes = "FILE=VALUE of a controller such as memory.high=64M", .valid = valid_cgroup_conf},
	{KEY(BEST_EFFORT, BOOL, RUN, "best_effort",
	     "a limit that this host cannot set is a warning")},
	{KEY(ANNOTATIONS, MAP, RUN, "annotations", "texts kept in the record, NAME=VALUE"),
	 .takes = "NAME=VALUE", .valid = valid_pair},
	{KEY(HCS_LAYERS, LIST, RUN, "hcs_layers",
	     "compute service: folders of the layers, the top first"),
	 .takes = "a folder", .valid = valid_text},
	{KEY(HCS_LAYER_FOLDER, STRING, RUN, "hcs_layer_folder",
	     "compute service: folder of the container's own layer"),
	 .takes = "a folder", .valid = valid_text},
	{KEY(HCS_FIRST_START, BOOL, RUN, "hcs_first_start",
	     "compute service: flushes are ignored while it boots")},
	{KEY(HCS_ISOLATION, STRING, RUN, "hcs_isolation",
	     "compute service: a partition of its own, or processes beside others"),
	 .takes = "default, process or hyperv", .valid = valid_hcs_isolation},
	{KEY(HCS_ARGS_ESCAPED, BOOL, BOTH, "hcs_args_escaped",
	     "compute service: the arguments are quoted already")},
	{KEY(HCS_NETWORK, STRING, RUN, "hcs_network",
	     "compute service: virtual switch of its network"),
	 .takes = "the name of a virtual switch", .valid = valid_text},
	{KEY(HCS_MAC, STRING, RUN, "hcs_mac", "compute service: address of its network device"),
	 .takes = "an address such as 02:42:ac:11:00:02", .valid = valid_word},
	{KEY(HCS_PORTS, LIST, RUN, "hcs_ports",
	     "compute service: ports of the host that lead inside"),
	 .takes = "[HOST_IP:]HOST_PORT:PORT[/PROTOCOL]", .valid = valid_hcs_port},
	{KEY(ROOTFS_OPTIONS, STRING, RUN, "rootfs_options", "mount options of the root"),
	 .takes = "mount options such as nosuid,noatime", .valid = valid_root_options},
};

#define COUNT (sizeof(keys) / sizeof(keys[0]))

/* Rows stand in the order of the enum, so that a key is its index; test_command checks it. */
_Static_assert(COUNT == EXD_KEY_MAX - 1, "a row for each key");

const struct exd_command_key *exd_command_key_next(const struct exd_command_key *previous)
{
	if (!previous)
		return &keys[0].key;
	return previous->key < COUNT ? &keys[previous->key].key : NULL;
}

const struct command_key *command_key(enum exd_key key)
{
	return key >= 1 && key < EXD_KEY_MAX ? &keys[key - 1] : NULL;
}

const struct command_key *command_key_named(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(keys[i].key.name, name) == 0)
			return &keys[i];
	return NULL;
}
