/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks a driver what it makes of each key of a command, by compiling commands without running
 * them: a line KEY, VALUE, answer for each. build-aux/drivers-table.sh makes docs/drivers.md of it.
 */
#include <stdio.h>
#include <string.h>

#include <execdriver/execdriver.h>

/*
 * A value of each kind for each key; `with` is set in what it is compared with as well, because
 * the key means nothing without it. "@" is a directory that can be a root.
 */
static const struct sample {
	const char *key, *value, *with, *with_value;
} samples[] = {
	{"id", "other", NULL, NULL},
	{"args", "more", NULL, NULL},
	{"env", "A=1", NULL, NULL},
	{"cwd", "/tmp", NULL, NULL},
	{"user", "1:1", NULL, NULL},
	{"user", "nobody", NULL, NULL},
	{"groups", "5", NULL, NULL},
	{"tty", "yes", NULL, NULL},
	{"tty_size", "24x80", "tty", "yes"},
	{"init", "yes", NULL, NULL},
	{"hostname", "box", NULL, NULL},
	{"domainname", "domain", NULL, NULL},
	{"rootfs", "@", NULL, NULL},
	{"rootfs", "overlay:/usr:/etc", NULL, NULL},
	{"rootfs_readonly", "yes", NULL, NULL},
	{"rootfs_propagation", "private", NULL, NULL},
	{"rootfs_propagation", "slave", "rootfs", "@"},
	{"rootfs_propagation", "shared", NULL, NULL},
	{"rootfs_propagation", "unbindable", NULL, NULL},
	{"no_pivot", "yes", NULL, NULL},
	{"rootfs_options", "nosuid,noatime", NULL, NULL},
	{"mounts", "/usr:/mnt", NULL, NULL},
	{"mounts", "/usr:/mnt:ro", NULL, NULL},
	{"mounts", "/usr:/mnt:rro,noatime,nosymfollow", NULL, NULL},
	{"mounts", "/usr:/mnt:unbindable", NULL, NULL},
	{"mounts", "tmpfs:/mnt:size=1m", NULL, NULL},
	{"mounts", "tmpfs:/mnt:nosymfollow", NULL, NULL},
	{"mounts", "tmpfs:/mnt:tmpcopyup", NULL, NULL},
	{"mounts", "proc:/mnt", NULL, NULL},
	{"mounts", "sysfs:/mnt", NULL, NULL},
	{"mounts", "mqueue:/mnt", NULL, NULL},
	{"mounts", "devpts:/mnt", NULL, NULL},
	{"mounts", "cgroup:/mnt", NULL, NULL},
	{"devices", "/dev/null:/dev/second:rw", NULL, NULL},
	{"masked_paths", "/tmp", NULL, NULL},
	{"readonly_paths", "/tmp", NULL, NULL},
	{"mount_namespace", "private", NULL, NULL},
	{"mount_namespace", "host", NULL, NULL},
	{"mount_namespace", "path:/proc/self/ns/mnt", NULL, NULL},
	{"pid_namespace", "private", NULL, NULL},
	{"pid_namespace", "host", NULL, NULL},
	{"pid_namespace", "path:/proc/self/ns/pid", NULL, NULL},
	{"ipc_namespace", "private", NULL, NULL},
	{"ipc_namespace", "host", NULL, NULL},
	{"ipc_namespace", "path:/proc/self/ns/ipc", NULL, NULL},
	{"uts_namespace", "private", NULL, NULL},
	{"uts_namespace", "host", NULL, NULL},
	{"uts_namespace", "path:/proc/self/ns/uts", NULL, NULL},
	{"cgroup_namespace", "private", NULL, NULL},
	{"cgroup_namespace", "host", NULL, NULL},
	{"cgroup_namespace", "path:/proc/self/ns/cgroup", NULL, NULL},
	{"time_namespace", "host", NULL, NULL},
	{"time_namespace", "private", NULL, NULL},
	{"time_namespace", "path:/proc/self/ns/time", NULL, NULL},
	{"time_offsets", "monotonic=86400", NULL, NULL},
	{"network", "none", NULL, NULL},
	{"network", "private", NULL, NULL},
	{"network", "host", NULL, NULL},
	{"network", "path:/proc/self/ns/net", NULL, NULL},
	{"user_namespace", "host", NULL, NULL},
	{"user_namespace", "private", NULL, NULL},
	{"user_namespace", "path:/proc/self/ns/user", NULL, NULL},
	{"uid_map", "0:100000:65536", NULL, NULL},
	{"gid_map", "0:100000:65536", NULL, NULL},
	{"rootfs_idmap", "yes", NULL, NULL},
	{"privileged", "yes", NULL, NULL},
	{"cap_add", "NET_ADMIN", NULL, NULL},
	{"cap_drop", "CHOWN", NULL, NULL},
	{"no_new_privileges", "yes", NULL, NULL},
	{"seccomp", "default", NULL, NULL},
	{"seccomp", "unconfined", NULL, NULL},
	{"seccomp", "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}", NULL, NULL},
	{"seccomp_listener", "/run/agent.sock", "seccomp",
	 "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"/run/other\", \"syscalls\": "
	 "[{\"name\": \"mkdir\", \"action\": \"SCMP_ACT_NOTIFY\"}]}"},
	{"apparmor", "unconfined", NULL, NULL},
	{"apparmor", "some-profile", NULL, NULL},
	{"selinux_label", "user:role:type:s0", NULL, NULL},
	{"rlimits", "nofile=64:128", NULL, NULL},
	{"sysctls", "net.ipv4.ip_forward=1", NULL, NULL},
	{"oom_score_adj", "100", NULL, NULL},
	{"umask", "077", NULL, NULL},
	{"scheduler", "batch", NULL, NULL},
	{"nice", "5", NULL, NULL},
	{"ioprio", "be:4", NULL, NULL},
	{"exec_cpu_affinity", "0:0", NULL, NULL},
	{"personality", "linux32", NULL, NULL},
	{"landlock", "ro:/usr", NULL, NULL},
	{"cgroup_parent", "/execdriver/table", NULL, NULL},
	{"memory", "64m", NULL, NULL},
	{"memory_swap", "128m", "memory", "64m"},
	{"memory_reservation", "32m", NULL, NULL},
	{"memory_swappiness", "10", NULL, NULL},
	{"oom_kill_disable", "yes", NULL, NULL},
	{"cpu_shares", "512", NULL, NULL},
	{"cpu_period", "50000", "cpu_quota", "25000"},
	{"cpu_quota", "25000", NULL, NULL},
	{"cpus", "0.5", NULL, NULL},
	{"cpuset_cpus", "0", NULL, NULL},
	{"cpuset_mems", "0", NULL, NULL},
	{"pids_limit", "64", NULL, NULL},
	{"blkio_weight", "200", NULL, NULL},
	{"blkio_weight_devices", "/dev/vda:200", NULL, NULL},
	{"device_read_bps", "/dev/vda:1m", NULL, NULL},
	{"device_write_bps", "/dev/vda:1m", NULL, NULL},
	{"device_read_iops", "/dev/vda:100", NULL, NULL},
	{"device_write_iops", "/dev/vda:100", NULL, NULL},
	{"hugetlb_limits", "2MB=64m", NULL, NULL},
	{"rdma_limits", "mlx5_0=hca_handle=2", NULL, NULL},
	{"misc_limits", "sev=1", NULL, NULL},
	{"cgroup_conf", "memory.high=64M", NULL, NULL},
	{"best_effort", "yes", NULL, NULL},
	{"annotations", "name=value", NULL, NULL},
	{"hcs_layers", "/tmp", NULL, NULL},
	{"hcs_layer_folder", "/tmp", NULL, NULL},
	{"hcs_first_start", "yes", NULL, NULL},
	{"hcs_isolation", "process", NULL, NULL},
	{"hcs_isolation", "hyperv", NULL, NULL},
	{"hcs_args_escaped", "yes", NULL, NULL},
	{"hcs_network", "switch", NULL, NULL},
	{"hcs_mac", "02:42:ac:11:00:02", "hcs_network", "switch"},
	{"hcs_ports", "8080:80/tcp", "hcs_network", "switch"},
};

#define COUNT (sizeof(samples) / sizeof(samples[0]))

/* What became of a command: the plan's hash, and what the driver says in words. */
struct answer {
	int result;
	uint64_t hash;
	struct exd_report *report;
	struct exd_error err;
};

static int set(struct exd_command *command, const char *key, const char *value, const char *root,
	       struct exd_error *err)
{
	return exd_command_set(command, key, strcmp(value, "@") == 0 ? root : value, err);
}

static int build(struct exd_command **out, const struct sample *sample, bool with_it,
		 bool best_effort, const char *root, struct exd_error *err)
{
	int r = exd_command_new(out, err);

	/* an id of the command replaces this one */
	if (r == 0 && !(with_it && strcmp(sample->key, "id") == 0))
		r = exd_command_set(*out, "id", "table", err);
	if (r == 0)
		r = exd_command_set(*out, "args", "true", err);
	if (r == 0 && sample->with)
		r = set(*out, sample->with, sample->with_value, root, err);
	if (r == 0 && with_it)
		r = set(*out, sample->key, sample->value, root, err);
	if (r == 0 && best_effort)
		r = exd_command_set(*out, "best_effort", "yes", err);
	return r;
}

static void ask(struct exd_engine *engine, const struct sample *sample, bool with_it,
		bool best_effort, const char *root, struct answer *answer)
{
	struct exd_command *command = NULL;

	*answer = (struct answer){.err = EXD_ERROR_INIT};
	answer->result = exd_report_new(&answer->report, &answer->err);
	if (answer->result == 0)
		answer->result =
			build(&command, sample, with_it, best_effort, root, &answer->err);
	if (answer->result == 0)
		answer->result = exd_explain(engine, command, answer->report, &answer->hash,
					     &answer->err);
	exd_command_free(command);
}

static bool same(const struct answer *a, const struct answer *b)
{
	struct exd_report_line x = {.struct_size = sizeof(x)}, y = {.struct_size = sizeof(y)};
	size_t i;

	if (a->hash != b->hash || exd_report_count(a->report) != exd_report_count(b->report))
		return false;
	for (i = 0; exd_report_line(a->report, i, &x) && exd_report_line(b->report, i, &y); i++)
		if (strcmp(x.text, y.text) != 0)
			return false;
	return true;
}

/* Keys that the library sees to, whatever the driver does. */
static bool of_library(const char *key)
{
	return strcmp(key, "id") == 0 || strcmp(key, "annotations") == 0;
}

/* A limit that only this host cannot set is one that the driver can. */
static bool fails_here_only(struct exd_engine *engine, const struct sample *sample,
			    const struct answer *refusal, const char *root)
{
	struct answer answer;
	bool accepted;

	if (refusal->err.code != EXD_ERR_CGROUP && refusal->err.code != EXD_ERR_HOST)
		return false;
	ask(engine, sample, true, true, root, &answer);
	accepted = answer.result == 0;
	exd_report_free(answer.report);
	return accepted;
}

static int judge(struct exd_engine *engine, const struct sample *sample, const char *root)
{
	struct answer without, with;
	int r = 0;

	ask(engine, sample, false, false, root, &without);
	ask(engine, sample, true, false, root, &with);
	printf("%s\t%s\t", sample->key, strcmp(sample->value, "@") == 0 ? "DIR" : sample->value);
	if (without.result < 0 && !sample->with) {
		fprintf(stderr, "drivers_table: the plainest command: %s\n", without.err.text);
		r = -1;
	} else if (with.result < 0 && !fails_here_only(engine, sample, &with, root)) {
		printf("refused: %s\n", with.err.text);
	} else {
		bool idle = with.result == 0 && without.result == 0 && same(&with, &without);

		printf("%s\n", idle && !of_library(sample->key) ? "anyway" : "works");
	}
	exd_report_free(without.report);
	exd_report_free(with.report);
	return r;
}

/* A key that is not in the table would not be in the documentation. */
static int check_samples(void)
{
	const struct exd_command_key *key = NULL;
	int r = 0;

	while ((key = exd_command_key_next(key))) {
		size_t i = 0;

		while (i < COUNT && strcmp(samples[i].key, key->name) != 0)
			i++;
		/* explain knows only runs */
		if (i < COUNT || !(key->use & EXD_USE_RUN))
			continue;
		fprintf(stderr, "drivers_table: no sample for the key %s\n", key->name);
		r = -1;
	}
	return r;
}

int main(int argc, char **argv)
{
	struct exd_engine_config config = {.struct_size = sizeof(config)};
	struct exd_error err = EXD_ERROR_INIT;
	struct exd_engine *engine = NULL;
	int r = check_samples();

	if (argc != 4) {
		fprintf(stderr, "usage: drivers_table DRIVER STATE-DIR ROOT-DIR\n");
		return 2;
	}
	config.driver = argv[1];
	config.root = argv[2];
	if (exd_engine_open(&engine, &config, &err) < 0) {
		fprintf(stderr, "drivers_table: %s\n", err.text);
		return 1;
	}
	for (size_t i = 0; r == 0 && i < COUNT; i++)
		r = judge(engine, &samples[i], argv[3]);
	exd_engine_close(engine);
	return r == 0 ? 0 : 1;
}
