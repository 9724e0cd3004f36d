/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command for each test, a good text for every key, and what is read back of it. */
#ifndef EXECDRIVER_TESTS_UNIT_COMMANDS_H
#define EXECDRIVER_TESTS_UNIT_COMMANDS_H

#include <check.h>
#include <string.h>

#include "core/command.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct exd_command *command;
static struct exd_error err;

static void command_setup(void)
{
	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(exd_command_new(&command, NULL), 0);
}

static void command_teardown(void)
{
	ck_assert_ptr_null(exd_command_free(command));
}

static inline void set(const char *name, const char *value)
{
	int r = exd_command_set(command, name, value, &err);

	ck_assert_msg(r == 0, "%s", err.text);
}

/* A good text for each key, in order, and what is read back as text or number. */
static const struct {
	const char *name;
	const char *text;
	int64_t number; /* for bools and numbers */
} good[] = {
	{"id", "web-1", 0},
	{"args", "/bin/true", 0},
	{"env", "A=1=2", 0},
	{"cwd", "/srv", 0},
	{"user", "www:33", 0},
	{"groups", "audio", 0},
	{"tty", "yes", 1},
	{"tty_size", "24x80", 0},
	{"init", "true", 1},
	{"hostname", "a-1.example", 0},
	{"domainname", "example", 0},
	{"rootfs", "/srv/root", 0},
	{"rootfs_readonly", "on", 1},
	{"rootfs_propagation", "slave", 0},
	{"mounts", "/a:/b", 0},
	{"devices", "/dev/fuse", 0},
	{"masked_paths", "/proc/kcore", 0},
	{"readonly_paths", "/proc/sys", 0},
	{"mount_namespace", "host", 0},
	{"pid_namespace", "container:web-1", 0},
	{"ipc_namespace", "private", 0},
	{"uts_namespace", "path:/proc/1/ns/uts", 0},
	{"cgroup_namespace", "host", 0},
	{"network", "none", 0},
	{"user_namespace", "private", 0},
	{"uid_map", "0:100000:65536", 0},
	{"gid_map", "0:100000:65536", 0},
	{"rootfs_idmap", "yes", 1},
	{"privileged", "1", 1},
	{"cap_add", "NET_ADMIN", 0},
	{"cap_drop", "all", 0},
	{"no_new_privileges", "no", 0},
	{"seccomp", "unconfined", 0},
	{"seccomp_listener", "/run/agent.sock", 0},
	{"apparmor", "unconfined", 0},
	{"selinux_label", "a:b:c", 0},
	{"rlimits", "nofile=1024:4096", 0},
	{"sysctls", "net.ipv4.ip_forward=1", 0},
	{"oom_score_adj", "-500", -500},
	{"umask", "027", 027},
	{"scheduler", "fifo,priority=10", 0},
	{"nice", "-5", -5},
	{"ioprio", "be:4", 0},
	{"exec_cpu_affinity", "0-1:2", 0},
	{"personality", "linux32", 0},
	{"landlock", "ro:/usr", 0},
	{"cgroup_parent", "/a/b", 0},
	{"memory", "64m", 64 << 20},
	{"memory_swap", "-1", -1},
	{"memory_reservation", "1G", 1 << 30},
	{"memory_swappiness", "60", 60},
	{"oom_kill_disable", "true", 1},
	{"cpu_shares", "512", 512},
	{"cpu_period", "100000", 100000},
	{"cpu_quota", "-1", -1},
	{"cpus", "0.5", 0},
	{"cpuset_cpus", "0-3,5", 0},
	{"cpuset_mems", "0", 0},
	{"pids_limit", "64", 64},
	{"blkio_weight", "200", 200},
	{"blkio_weight_devices", "/dev/sda:200", 0},
	{"device_read_bps", "/dev/sda:1m", 0},
	{"device_write_bps", "/dev/sda:max", 0},
	{"device_read_iops", "/dev/sda:100", 0},
	{"device_write_iops", "/dev/sda:max", 0},
	{"hugetlb_limits", "2MB=64m", 0},
	{"rdma_limits", "mlx5_0=hca_handle=2,hca_object=2000", 0},
	{"misc_limits", "sev=max", 0},
	{"cgroup_conf", "memory.high=64M", 0},
	{"best_effort", "false", 0},
	{"annotations", "org.example/x=y", 0},
	{"hcs_layers", "/layers/app", 0},
	{"hcs_layer_folder", "C:\\layers\\box", 0},
	{"hcs_first_start", "yes", 1},
	{"hcs_isolation", "hyperv", 0},
	{"hcs_args_escaped", "yes", 1},
	{"hcs_network", "Virtual Switch", 0},
	{"hcs_mac", "02:42:ac:11:00:02", 0},
	{"hcs_ports", "8080:80/tcp", 0},
	{"rootfs_options", "nosuid,rro", 0},
	{"no_pivot", "yes", 1},
	{"time_namespace", "private", 0},
	{"time_offsets", "monotonic=86400.5", 0},
	{"cgroup_child", "yes", 1},
};

static inline void check_read_back(const struct exd_command_key *key, const char *text,
				   int64_t number)
{
	enum exd_key k = (enum exd_key)key->key;

	switch ((enum exd_key_type)key->type) {
	case EXD_TYPE_STRING:
	case EXD_TYPE_NAMESPACE:
		ck_assert_str_eq(exd_command_string(command, k, "unset"), text);
		break;
	case EXD_TYPE_BOOL:
		ck_assert_int_eq(exd_command_bool(command, k), number);
		break;
	case EXD_TYPE_NUMBER:
	case EXD_TYPE_BYTES:
		ck_assert_int_eq(exd_command_number(command, k, -77), number);
		break;
	case EXD_TYPE_LIST:
	case EXD_TYPE_MAP:
		ck_assert_str_eq(exd_command_item(command, k, 0), text);
		ck_assert_ptr_null(exd_command_item(command, k, 1));
		break;
	case EXD_TYPE_MOUNTS:
	case EXD_TYPE_DEVICES:
	case EXD_TYPE_RLIMITS:
		ck_assert_uint_eq(exd_command_count(command, k), 1);
		break;
	}
}

#endif
