/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ABI for driver authors: one exported symbol, one struct of functions, and the calls a
 * driver may make.
 */
#ifndef EXECDRIVER_DRIVER_H
#define EXECDRIVER_DRIVER_H

/*
 * A driver is a shared object that exports one constant data symbol:
 *
 *   EXD_DRIVER_EXPORT const struct exd_driver exd_driver_entry = {
 *           .struct_size = sizeof(struct exd_driver),
 *           .abi = EXD_DRIVER_ABI, ...
 *   };
 *
 * The core copies min(struct_size, its own size) bytes. It refuses a driver of another `abi`, one
 * whose struct is shorter than up to `info`, one without a required function, one whose
 * capability bit and function do not agree, and one whose name is not the configured one.
 *
 * A driver keeps no table of containers: every call gets what it needs, in a struct exd_record
 * for containers that exist. It compiles a command into a plan and never forks, never changes its
 * process, never prints. Any function may be called by several threads at once.
 */

#include <execdriver/execdriver.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EXD_DRIVER_ABI 1u
#define EXD_DRIVER_EXPORT __attribute__((visibility("default")))

struct exd_options;
struct exd_plan;
struct exd_record;

struct exd_driver {
	uint32_t struct_size;
	uint32_t abi; /* EXD_DRIVER_ABI */
	const char *name;
	const char *version;
	const char *summary;
	uint64_t caps; /* enum exd_cap */

	/*
	 * Required. Reads options; a driver that finds one it does not know fails with
	 * EXD_ERR_DRIVER_OPTION. *self is passed to all others.
	 */
	int (*open)(void **self, const struct exd_options *options, struct exd_error *err);
	/* Required. Frees self (may be NULL). Called once, no other call under way. */
	void (*close)(void *self);
	/*
	 * Required. *caps comes in as the claimed ones; leave those that this host allows. report
	 * may be NULL.
	 */
	int (*probe)(void *self, struct exd_report *report, uint64_t *caps, struct exd_error *err);
	/* Required. Compiles the command into the plan. */
	int (*run)(void *self, const struct exd_command *command, struct exd_plan *plan,
		   struct exd_error *err);
	/*
	 * Required. Kills all processes of the container from the record alone; 0 when there are
	 * none. Bounded blocking.
	 */
	int (*terminate)(void *self, struct exd_record *record, struct exd_error *err);
	/*
	 * Required. Removes what the driver's runs leave outside the state directory. Idempotent.
	 */
	int (*clean)(void *self, struct exd_record *record, struct exd_error *err);
	/* Required. running, paused, isolation. */
	int (*info)(void *self, struct exd_record *record, struct exd_info *info,
		    struct exd_error *err);

	/* EXD_CAP_EXEC. Compiles a further process of a running container. */
	int (*exec)(void *self, struct exd_record *record, const struct exd_command *command,
		    struct exd_plan *plan, struct exd_error *err);
	/* No capability: NULL means the core signals init through its pidfd. */
	int (*kill)(void *self, struct exd_record *record, int signal, struct exd_error *err);
	/* EXD_CAP_PAUSE, both. Has a deadline; always thaws on failure. */
	int (*pause)(void *self, struct exd_record *record, struct exd_error *err);
	int (*unpause)(void *self, struct exd_record *record, struct exd_error *err);
	/* EXD_CAP_PIDS. As exd_pids(). */
	int (*pids)(void *self, struct exd_record *record, pid_t *pids, size_t max,
		    struct exd_error *err);
	/* EXD_CAP_STATS. Fills no more than stats->struct_size bytes, nor of info above. */
	int (*stats)(void *self, struct exd_record *record, struct exd_stats *stats,
		     struct exd_error *err);
	/* EXD_CAP_UPDATE. */
	int (*update)(void *self, struct exd_record *record, const struct exd_command *command,
		      struct exd_error *err);
	/* EXD_CAP_EXPLAIN. Lines for people beside those of the plan itself. */
	int (*explain)(void *self, const struct exd_command *command, struct exd_report *report,
		       struct exd_error *err);
};

/*
 * ---- options: the driver's section of the configuration
 * ----------------------------------------------------
 */

/*
 * Values by path ("cgroup_parent", "faults.[0].call"). Missing or of another type: the fallback.
 * Since 0.1.
 */
EXD_API const char *exd_options_string(const struct exd_options *options, const char *path,
				       const char *fallback);
EXD_API int64_t exd_options_number(const struct exd_options *options, const char *path,
				   int64_t fallback);
EXD_API bool exd_options_bool(const struct exd_options *options, const char *path, bool fallback);
EXD_API size_t exd_options_count(const struct exd_options *options, const char *path);
/*
 * Fails with EXD_ERR_DRIVER_OPTION and file:line for the first option not in the NULL-terminated
 * list. Since 0.1.
 */
EXD_API int exd_options_check(const struct exd_options *options, const char *const *known,
			      struct exd_error *err);

/*
 * ---- records: containers that exist
 * ---------------------------------------------------------------------
 */

EXD_API const char *exd_record_id(const struct exd_record *record);
/* Directory descriptor of the state root, lent; see exd_plan_root_fd(). Since 0.1. */
EXD_API int exd_record_root_fd(const struct exd_record *record);
EXD_API pid_t exd_record_pid(const struct exd_record *record);
/*
 * A pidfd of init checked against its start time and boot, lent; -ESRCH when it has ended. Since
 * 0.1.
 */
EXD_API int exd_record_pidfd(struct exd_record *record);
EXD_API const char *exd_record_rootfs(const struct exd_record *record);
/* What the driver noted with exd_plan_note(), or NULL. Since 0.1. */
EXD_API const char *exd_record_note(const struct exd_record *record, const char *name);
/*
 * The container's cgroups as noted with exd_plan_cgroup(): number of them, and one by index
 * (controller list, hierarchy root, path). Since 0.1.
 */
EXD_API size_t exd_record_cgroup_count(const struct exd_record *record);
EXD_API bool exd_record_cgroup(const struct exd_record *record, size_t index,
			       const char **controllers, const char **mount, const char **path);
/*
 * Directory fd of the container's cgroup in the hierarchy of this controller ("memory"; "" for
 * cgroup v2), lent and kept open; -ENOENT. Since 0.1.
 */
EXD_API int exd_record_cgroup_fd(struct exd_record *record, const char *controller);
/*
 * Opens a namespace file of init ("mnt", "pid", "ipc", "uts", "net", "cgroup"), checked against
 * its start time; the caller closes it. Since 0.1.
 */
EXD_API int exd_record_namespace(struct exd_record *record, const char *name,
				 struct exd_error *err);

/*
 * ---- plans: what a driver compiles a command into
 * --------------------------------------------------------
 */

/*
 * Building calls return 0 or a negative errno value, and after the first failure do nothing but
 * return it again: a driver may check only the last one, with exd_plan_error(). Slots are numbers
 * of descriptor places.
 */
enum exd_plan_phase {
	EXD_PREPARE = 0, /* before birth, in the monitor */
	EXD_CHILD = 1,   /* in the new process */
	EXD_END = 2,     /* when init has ended, before that is reported */
	EXD_CLEANUP = 3  /* afterwards */
};

enum exd_plan_fd {
	/* can serve any number of runs: O_PATH sources, namespaces, memfds */
	EXD_FD_KEEP = 0,
	EXD_FD_ONCE = 1 /* good for this run only */
};

enum exd_step_flag {
	EXD_STEP_OPTIONAL = 1 << 0,    /* a failure is a warning */
	EXD_STEP_SKIP_MISSING = 1 << 1 /* ENOENT is not a failure */
};

/*
 * The first failure of a building call on this plan, with *err filled in; 0 when there was none.
 * Since 0.1.
 */
EXD_API int exd_plan_error(const struct exd_plan *plan, struct exd_error *err);
/* Gives a descriptor to the plan (closed on failure too). Returns its slot. Since 0.1. */
EXD_API int exd_plan_fd_consume(struct exd_plan *plan, int fd, enum exd_plan_fd kind);
/*
 * The same with a descriptor that stays the driver's, open until its close: spares opening the same
 * thing for each run. Of the kind EXD_FD_KEEP. Since 0.1.
 */
EXD_API int exd_plan_fd_lend(struct exd_plan *plan, int fd);
/* An empty slot, to be filled by a step. Since 0.1. */
EXD_API int exd_plan_slot(struct exd_plan *plan);
/*
 * Opens what a namespace key asks for ("container:ID", "path:P") for the namespace file `name`;
 * returns a slot. Since 0.1.
 */
EXD_API int exd_plan_namespace(struct exd_plan *plan, const char *spec, const char *name);
/*
 * An O_PATH descriptor of the root directory of a running container, the caller's to close. Its
 * content is hostile: openat2(). Since 0.1.
 */
EXD_API int exd_plan_container_root(struct exd_plan *plan, const char *id);
/* What the record is to say: driver notes, and the container's cgroups. Since 0.1. */
EXD_API int exd_plan_note(struct exd_plan *plan, const char *name, const char *value);
EXD_API int exd_plan_cgroup(struct exd_plan *plan, const char *controllers, const char *mount,
			    const char *path);
/*
 * A line in the log and, for driverctl, on stderr: something asked for that this host does not
 * give. Since 0.1.
 */
EXD_API void exd_plan_warn(struct exd_plan *plan, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * How the process is born: CLONE_NEW* (not NEWNS, NEWCGROUP, NEWUSER: those are steps), a pid
 * namespace to join, a cgroup v2 directory to be born in (slots, or -1). Since 0.1.
 */
EXD_API int exd_plan_birth(struct exd_plan *plan, uint64_t clone_flags, int pidns_slot,
			   int cgroup_slot);
/* Code that a failure of the steps added from here on becomes, and their flags. Since 0.1. */
EXD_API void exd_plan_blame(struct exd_plan *plan, enum exd_code code, uint32_t step_flags);
/*
 * Slots the core filled with the process's stdin, stdout and stderr; -1 each with a tty. Since
 * 0.1.
 */
EXD_API int exd_plan_stdio_slot(const struct exd_plan *plan, int which);
/*
 * Whether a pre_start hook waits: then the driver adds exd_plan_park() where namespaces are
 * complete. Since 0.1.
 */
EXD_API bool exd_plan_wants_park(const struct exd_plan *plan);

/* prepare */
EXD_API int exd_plan_cgroup_make(struct exd_plan *plan, int root_slot, int out_slot,
				 const char *path, const char *enable, bool cpuset);
/*
 * The same for a cgroup v1 of which only one file is needed, such as the one it is joined by: the
 * slot becomes that file, opened for writing. Since 0.1.
 */
EXD_API int exd_plan_cgroup_make_file(struct exd_plan *plan, int root_slot, int out_slot,
				      const char *path, const char *file, bool cpuset);
EXD_API int exd_plan_write(struct exd_plan *plan, int dir_slot, const char *file, const void *bytes,
			   size_t size);
EXD_API int exd_plan_open(struct exd_plan *plan, enum exd_plan_phase phase, int dir_slot,
			  int out_slot, const char *path, int flags);
EXD_API int exd_plan_oom_watch(struct exd_plan *plan, int memory_slot, int version);

/* child: process and namespaces */
EXD_API int exd_plan_cgroup_join(struct exd_plan *plan, int procs_slot);
EXD_API int exd_plan_setns(struct exd_plan *plan, int slot, int type);
EXD_API int exd_plan_unshare(struct exd_plan *plan, uint64_t flags);
EXD_API int exd_plan_setsid(struct exd_plan *plan);
EXD_API int exd_plan_nondumpable(struct exd_plan *plan);
/* A session keyring of its own; where the kernel refuses that, the one it has stays. */
EXD_API int exd_plan_keyring(struct exd_plan *plan);
EXD_API int exd_plan_stdio(struct exd_plan *plan, int in_slot, int out_slot, int err_slot);
EXD_API int exd_plan_ctty(struct exd_plan *plan);
EXD_API int exd_plan_tty_open(struct exd_plan *plan, int root_slot, const char *devpts, int out_slot,
			      uint32_t uid, uint32_t gid);
EXD_API int exd_plan_hostname(struct exd_plan *plan, const char *name);
EXD_API int exd_plan_domainname(struct exd_plan *plan, const char *name);
EXD_API int exd_plan_loopback_up(struct exd_plan *plan);
EXD_API int exd_plan_park(struct exd_plan *plan);

/* child: mounts */
EXD_API int exd_plan_propagation(struct exd_plan *plan, uint64_t ms_flags);
EXD_API int exd_plan_tree(struct exd_plan *plan, int source_slot, int out_slot, bool recursive);
/* options: "key=value,flag", split at commas. Since 0.1. */
EXD_API int exd_plan_fs(struct exd_plan *plan, int out_slot, const char *type, const char *options,
			uint64_t mount_attr);
EXD_API int exd_plan_attr(struct exd_plan *plan, int slot, uint64_t set, uint64_t clear,
			  uint64_t propagation, bool recursive);
EXD_API int exd_plan_attach_root(struct exd_plan *plan, int slot);
enum exd_attach_make { EXD_ATTACH_EXISTING = 0,
		       EXD_ATTACH_MAKE_DIR = 1,
		       EXD_ATTACH_MAKE_FILE = 2 };
EXD_API int exd_plan_attach(struct exd_plan *plan, int slot, int root_slot, const char *target,
			    enum exd_attach_make make);
EXD_API int exd_plan_mkdir(struct exd_plan *plan, int root_slot, const char *path, mode_t mode,
			   uint32_t uid, uint32_t gid);
EXD_API int exd_plan_mknod(struct exd_plan *plan, int root_slot, const char *path, mode_t mode,
			   dev_t device, uint32_t uid, uint32_t gid);
EXD_API int exd_plan_symlink(struct exd_plan *plan, int root_slot, const char *path,
			     const char *target);
EXD_API int exd_plan_mkfile(struct exd_plan *plan, int root_slot, const char *path,
			    const void *bytes, size_t size, mode_t mode, uint32_t uid,
			    uint32_t gid);
/*
 * null_slot: a detached clone (exd_plan_tree) of the host's checked /dev/null, one for each mask;
 * directories get an empty tmpfs. Since 0.1.
 */
EXD_API int exd_plan_mask(struct exd_plan *plan, int root_slot, const char *path, int null_slot);
EXD_API int exd_plan_readonly(struct exd_plan *plan, int root_slot, const char *path);
EXD_API int exd_plan_pivot(struct exd_plan *plan, int root_slot);
EXD_API int exd_plan_chroot(struct exd_plan *plan, int dir_slot);
EXD_API int exd_plan_sysctl(struct exd_plan *plan, int proc_slot, const char *path,
			    const char *value);
EXD_API int exd_plan_proc_write(struct exd_plan *plan, int proc_slot, const char *path,
				const char *value);

/*
 * child: last. A good order: rlimits, umask, bounding, groups, then seccomp (after no_new_privs, or
 * while CAP_SYS_ADMIN is still there), ids, caps, chdir as that user, init, exec.
 */
EXD_API int exd_plan_rlimit(struct exd_plan *plan, int resource, uint64_t soft, uint64_t hard);
EXD_API int exd_plan_umask(struct exd_plan *plan, mode_t mask);
EXD_API int exd_plan_chdir(struct exd_plan *plan, const char *path, bool make);
EXD_API int exd_plan_groups(struct exd_plan *plan, const uint32_t *gids, size_t count);
EXD_API int exd_plan_ids(struct exd_plan *plan, uint32_t uid, uint32_t gid);
EXD_API int exd_plan_bounding(struct exd_plan *plan, uint64_t keep);
EXD_API int exd_plan_caps(struct exd_plan *plan, uint64_t effective, uint64_t permitted,
			  uint64_t inheritable, uint64_t ambient);
EXD_API int exd_plan_no_new_privs(struct exd_plan *plan);
/* `filter` is an array of struct sock_filter of `size` bytes. Since 0.1. */
EXD_API int exd_plan_seccomp(struct exd_plan *plan, const void *filter, size_t size,
			     uint32_t flags);
EXD_API int exd_plan_init(struct exd_plan *plan);
/*
 * Searches PATH of envp for argv[0] unless it holds a slash; both NULL-terminated. Must be the
 * last child step. Since 0.1.
 */
EXD_API int exd_plan_exec(struct exd_plan *plan, const char *const *argv, const char *const *envp);

/*
 * For drivers whose container is started by a program of theirs, in place of exd_plan_exec(): the
 * child becomes argv[0], an absolute path, with the slots as descriptors 4 and up, and speaks
 * <execdriver/worker.h>. Hooks, signals, OOM and exit are those of the init it reports. Since 0.1.
 */
enum exd_worker_flag {
	/*
	 * Init is no descendant of the worker, maybe not even a process of this host: a pid or
	 * pidfd in its reports is believed, and the driver must have its own kill.
	 */
	EXD_WORKER_REMOTE = 1 << 0
};
EXD_API int exd_plan_worker(struct exd_plan *plan, const char *const *argv, const char *const *envp,
			    const int *slots, size_t count, uint32_t flags);
/*
 * Directory descriptor of the state root, lent for the call: where a driver's service keeps its
 * socket. The container's own directory is `id` in it, with the file "lock" held. Since 0.1.
 */
EXD_API int exd_plan_root_fd(const struct exd_plan *plan);

/* end and cleanup */
EXD_API int exd_plan_cgroup_kill(struct exd_plan *plan, enum exd_plan_phase phase, int dir_slot,
				 int freezer_slot, int version);
EXD_API int exd_plan_cgroup_remove(struct exd_plan *plan, int root_slot, int dir_slot,
				   const char *path);

#ifdef __cplusplus
}
#endif
#endif
