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
 * The core copies min(struct_size, its own size) bytes. A driver compiles a command into a plan;
 * every call gets what it needs, in a struct exd_record for containers that exist.
 *
 * A sentence with an id in brackets is part of the contract that `driverctl conformance DRIVER`
 * checks (see <execdriver/conformance.h>); ids are never used again for another sentence.
 *
 * The object
 *   [abi-1] All symbols that it needs are found when it is loaded.
 *   [abi-2] It exports the data object exd_driver_entry.
 *   [abi-3] It exports nothing else; names that begin with '_' are the toolchain's.
 *   [abi-4] `abi` is EXD_DRIVER_ABI.
 *   [abi-5] struct_size is not more than the object has, and not less than up to `info`.
 *   [abi-6] `name` is the name it is configured by.
 *   [abi-7] Each required function is there.
 *   [abi-8] A capability bit comes with its functions, and a function with its bit.
 *   [abi-9] `version` and `summary` are one line of text each.
 *   [cap-1] A capability that probe leaves works: no call of it fails as unsupported.
 *
 * A guest in its host's process
 *   [guest-1] It makes no child processes.
 *   [guest-2] It does not wait for children of the host.
 *   [guest-3] It does not change the working directory.
 *   [guest-4] It does not change the umask.
 *   [guest-5] It does not change the environment.
 *   [guest-6] It does not change signal dispositions or the signal mask.
 *   [guest-7] It does not change limits.
 *   [guest-8] It does not change ids, capabilities or namespaces.
 *   [guest-9] It writes nothing to stdout or stderr.
 *   [guest-10] Every descriptor it opens is close-on-exec.
 *   [guest-11] Of a container that is gone it keeps no descriptor.
 *   [guest-12] It leaves no thread behind.
 *   [guest-13] Any function may be called by several threads at once.
 *   [guest-14] It keeps no table of containers: another process does all by the record alone.
 *
 * Errors
 *   [error-1] A function that fails returns a negative errno value and sets the code.
 *   [error-2] The text of an error is one line, not empty.
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
	 * Required. Reads options. *self is passed to all others.
	 * [open-1] It takes the options that it documents.
	 * [open-2] An option that it does not know is EXD_ERR_DRIVER_OPTION.
	 * [open-3] That error names the option.
	 * [open-4] Any number of engines of a process may have it open.
	 */
	int (*open)(void **self, const struct exd_options *options, struct exd_error *err);
	/*
	 * Required. Frees self (may be NULL). Called once, no other call under way.
	 * [close-1] It gives back every descriptor that open and the calls after it took.
	 */
	void (*close)(void *self);
	/*
	 * Required. *caps comes in as the claimed ones; leave those that this host allows. report
	 * may be NULL.
	 * [probe-1] It fails only where the driver cannot work at all.
	 * [probe-2] It says the same each time, with a report or without.
	 * [probe-3] Each line has a topic and a text, and a "no" its cure.
	 * [probe-4] It leaves nothing behind.
	 */
	int (*probe)(void *self, struct exd_report *report, uint64_t *caps, struct exd_error *err);
	/*
	 * Required. Compiles the command into the plan, for a program that starts as follows; see
	 * also "What a plan makes of a command" below.
	 * [run-1] The program begins, and its end is reported.
	 * [run-2] It runs once.
	 * [run-3] It gets its arguments unchanged, whatever bytes they hold.
	 * [run-4] It has the variables of the command.
	 * [run-5] It has none of the host's.
	 * [run-6] It begins in the directory of the command.
	 * [run-7] A program that is not there is EXD_ERR_EXEC_NOT_FOUND.
	 * [run-8] One that cannot be run is EXD_ERR_EXEC.
	 * [run-9] A start that fails leaves nothing behind.
	 * [run-10] The exit code is the program's own.
	 * [run-11] One that was killed has the signal's number, and 128 + it as its exit code; one
	 * without wait status has signal 0 and a code that is not 0.
	 * [run-12] It is in a session of its own.
	 * [run-13] It has the descriptors 0, 1 and 2 and no others.
	 * [run-14] It begins with no signal blocked or ignored.
	 * [run-15] Every valid id will do, the longest too.
	 * [run-16] An id is free again when its container is gone.
	 * [run-17] Containers do not disturb each other.
	 * [run-18] A key that is set is honoured, or refused or warned of by name; never ignored.
	 * [run-19] Equal commands make equal plans.
	 * [run-20] Compiling starts, makes and changes nothing.
	 */
	int (*run)(void *self, const struct exd_command *command, struct exd_plan *plan,
		   struct exd_error *err);
	/*
	 * Required. Kills.
	 * [term-1] It ends all processes of the container, also those in sessions of their own.
	 * [term-2] It needs the record alone: the host that started the container is gone.
	 * [term-3] It works when the monitor is gone too.
	 * [term-4] It is 0 when there is nothing to kill.
	 * [term-5] It ends nothing else.
	 * [term-6] It ends processes that are stopped or ignore signals.
	 * [term-7] It ends a paused container.
	 * [term-8] It returns in bounded time.
	 */
	int (*terminate)(void *self, struct exd_record *record, struct exd_error *err);
	/*
	 * Required. Removes what the driver's runs leave outside the state directory.
	 * [clean-1] Nothing is left after it.
	 * [clean-2] It is 0 when it is called again for the same record.
	 * [clean-3] It also removes what a monitor that was killed could not.
	 * [clean-4] It touches nothing of other containers.
	 */
	int (*clean)(void *self, struct exd_record *record, struct exd_error *err);
	/*
	 * Required. Sets running, paused, driver and isolation.
	 * [info-1] `running` is true while init lives.
	 * [info-2] `running` is false when it has ended; that is no error.
	 * [info-3] `paused` is true from pause to unpause only.
	 * [info-4] `isolation` is not empty.
	 * [info-5] `driver` begins with the driver's name.
	 */
	int (*info)(void *self, struct exd_record *record, struct exd_info *info,
		    struct exd_error *err);

	/*
	 * EXD_CAP_EXEC. Compiles a further process of a running container.
	 * [exec-1] It is in the namespaces and the root of init.
	 * [exec-2] Its exit code is its own.
	 * [exec-3] Its stdio is its own.
	 * [exec-4] It has the directory and the variables of its own command.
	 * [exec-5] Its end is not the container's.
	 * [exec-6] It ends with the container.
	 * [exec-7] A program that is not there is EXD_ERR_EXEC_NOT_FOUND, and the container goes on.
	 * [exec-8] Any number may run at once.
	 * [exec-9] In a container that has ended it is EXD_ERR_NOT_RUNNING.
	 * [exec-10] In one that is paused it is EXD_ERR_PAUSED.
	 * [exec-11] What it starts belongs to the container, and ends with it.
	 */
	int (*exec)(void *self, struct exd_record *record, const struct exd_command *command,
		    struct exd_plan *plan, struct exd_error *err);
	/*
	 * No capability: NULL means the core signals init through its pidfd.
	 * [kill-1] It returns in bounded time.
	 * [kill-2] Init gets the signal, or it is refused as EXD_ERR_UNSUPPORTED.
	 * [kill-3] SIGKILL always ends the container.
	 * [kill-4] Of a container that has ended it is EXD_ERR_NOT_RUNNING.
	 * [kill-5] Signal 0 only looks.
	 * [kill-6] SIGKILL ends a paused container.
	 */
	int (*kill)(void *self, struct exd_record *record, int signal, struct exd_error *err);
	/*
	 * EXD_CAP_PAUSE, both. Has a deadline; always thaws on failure.
	 * [pause-1] From pause to unpause no process of the container runs.
	 * [pause-2] After unpause all go on.
	 * [pause-3] The container's status says so.
	 * [pause-4] Once more is EXD_ERR_PAUSED.
	 * [pause-5] unpause of one that is not paused is EXD_ERR_NOT_PAUSED.
	 * [pause-6] Of a container that has ended both are EXD_ERR_NOT_RUNNING.
	 */
	int (*pause)(void *self, struct exd_record *record, struct exd_error *err);
	int (*unpause)(void *self, struct exd_record *record, struct exd_error *err);
	/*
	 * EXD_CAP_PIDS. As exd_pids().
	 * [pids-1] Init is among them.
	 * [pids-2] So is each process that it started, once.
	 * [pids-3] At most `max` are written, all are counted.
	 * [pids-4] Of a container that has ended it is EXD_ERR_NOT_RUNNING.
	 */
	int (*pids)(void *self, struct exd_record *record, pid_t *pids, size_t max,
		    struct exd_error *err);
	/*
	 * EXD_CAP_STATS. Fills no more than stats->struct_size bytes, nor of info above; `want` and the
	 * lists are the caller's, 0 and NULL where it has none.
	 * [stats-1] `valid` says what was read, and time_ns when.
	 * [stats-2] CPU time grows with the work done.
	 * [stats-3] Memory in use is not 0, and its limit is the command's.
	 * [stats-4] pids_current counts the processes.
	 * [stats-5] Of a container that has ended it is EXD_ERR_NOT_RUNNING.
	 */
	int (*stats)(void *self, struct exd_record *record, struct exd_stats *stats,
		     struct exd_error *err);
	/*
	 * EXD_CAP_UPDATE.
	 * [update-1] Limits that are set in the command hold from now on, or are refused by name.
	 * [update-2] A key that cannot be changed is refused.
	 * [update-3] Of a container that has ended it is EXD_ERR_NOT_RUNNING.
	 */
	int (*update)(void *self, struct exd_record *record, const struct exd_command *command,
		      struct exd_error *err);
	/*
	 * EXD_CAP_EXPLAIN. Lines for people beside those of the plan itself.
	 * [explain-1] Each line has a topic and a text.
	 * [explain-2] It fails where run would fail.
	 */
	int (*explain)(void *self, const struct exd_command *command, struct exd_report *report,
		       struct exd_error *err);
};

/*
 * ---- what a plan makes of a command
 * --------------------------------------------------------------------
 */

/*
 * Standard descriptors
 *   [stdio-1] Each of the three is the program's own.
 *   [stdio-2] /dev/null reads as empty and takes everything.
 *   [stdio-3] When the host closes its end of stdin, the program reads EOF.
 *   [stdio-4] When the container is gone, the host reads EOF.
 *   [stdio-5] 64 MiB pass through unchanged.
 *   [stdio-6] What was written to a file is there when the end is reported.
 *   [stdio-7] A host whose own standard descriptors are closed can run containers.
 *   [stdio-8] A process that outlives the program does not hold up the report of its end.
 *   [stdio-9] When the program closes its stdout and goes on, the host reads EOF.
 *   [tty-1] With a tty, all three are a terminal, or the key is refused.
 *   [tty-2] The terminal has the size asked for before the program begins.
 *   [tty-3] A new size arrives.
 *   [tty-4] It is the controlling terminal: ^C is SIGINT.
 *
 * Hooks
 *   [hook-1] Each is called once: pre_start, start, exit, post_stop.
 *   [hook-2] The process given is the one that was started.
 *   [hook-3] The pid given is that of the program, or 0 when this host has none.
 *   [hook-4] In pre_start the program has not begun.
 *   [hook-5] In pre_start the pid is what it is in start.
 *   [hook-6] In pre_start its namespaces are those that the program will have.
 *   [hook-7] An error of pre_start keeps the program from beginning.
 *   [hook-8] Such a start leaves nothing behind.
 *   [hook-9] An error of start kills the container.
 *   [hook-10] A program that ends at once has its start hook too, before exit.
 *   [hook-11] An exec has start and exit with a process and a pid of its own.
 *
 * OOM channel
 *   [oom-1] Without an OOM kill there is no event.
 *   [oom-2] When the container is gone, it is at EOF.
 *   [oom-3] There is one event per OOM kill, as many as the exit status counts.
 *   [oom-4] Init that died of it is said to.
 *   [oom-5] A new one can be had while the container runs.
 *   [oom-6] That of an exec is at EOF from the beginning, unless it has EXD_KEY_CGROUP_CHILD.
 *
 * The end
 *   [end-1] When init has ended, all other processes of the container are ended too.
 *   [end-2] Then no process is left.
 *   [end-3] Then no mount is left in the host's namespace.
 *   [end-4] Then no cgroup is left.
 *   [end-5] Then no file is left.
 *
 * Recovery
 *   [recover-1] A container goes on when its host dies, and the next host learns its exit code.
 *   [recover-2] A tied one ends with its host.
 *   [recover-3] A container goes on when its monitor dies.
 *   [recover-4] When that has ended, its status is stopped or lost and calls are refused.
 */

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
 * A file below a directory that the record has lent, open for reading until the record goes: lent,
 * to be read with pread(). A host that keeps a container's record (exd_box_stats()) asks for the
 * same counters many times, and opening them is most of what that costs. At most 64 files, names
 * below 48 bytes: else -EMFILE, -ENAMETOOLONG. Negative errno value. Since 0.1.
 */
EXD_API int exd_record_file(struct exd_record *record, int dir, const char *name);
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
/*
 * What was added so far is the same for every process of this shape: it depends on nothing but its
 * texts and descriptors, and names the container in the last component of cgroup paths alone. So
 * the monitor may keep up to `count` (0 to 64) processes that have done it, each for one container
 * to come. To be called once, where nothing of the host is within reach any more, in plans that
 * join no pid namespace and have no exd_plan_init(), exd_plan_rebirth(), exd_plan_scratch(),
 * exd_plan_connect() or exd_plan_seccomp_notify(). Since 0.1.
 */
EXD_API int exd_plan_warm(struct exd_plan *plan, unsigned int count);

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
/* A connection to the SOCK_STREAM socket at an absolute path. Since 0.1. */
EXD_API int exd_plan_connect(struct exd_plan *plan, int out_slot, const char *path);
EXD_API int exd_plan_open(struct exd_plan *plan, enum exd_plan_phase phase, int dir_slot,
			  int out_slot, const char *path, int flags);
EXD_API int exd_plan_oom_watch(struct exd_plan *plan, int memory_slot, int version);
/*
 * Rules for devices of a cgroup v2: `size` bytes of struct bpf_insn, a program of
 * BPF_PROG_TYPE_CGROUP_DEVICE that is attached to the directory beside those that are in force
 * above it. `words` say the rules for explain and errors. Since 0.1.
 */
EXD_API int exd_plan_devices(struct exd_plan *plan, int leaf_slot, const void *program, size_t size,
			     const char *words);

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
/*
 * A time namespace of its own, by a procfs of the plan's (exd_plan_fs). `offsets`: lines of
 * CLOCK SECONDS NANOSECONDS as in time_namespaces(7), or NULL. Since 0.1.
 */
EXD_API int exd_plan_time(struct exd_plan *plan, int proc_slot, const char *offsets);
EXD_API int exd_plan_loopback_up(struct exd_plan *plan);
EXD_API int exd_plan_park(struct exd_plan *plan);

/* child: user namespaces */
enum exd_userns_flag {
	EXD_USERNS_HELPERS = 1 << 0,     /* maps are written by newuidmap and newgidmap */
	EXD_USERNS_NO_SETGROUPS = 1 << 1 /* additional groups stay what they are */
};
/*
 * A new user namespace for setns and idmap; maps as the kernel takes them, "INSIDE OUTSIDE COUNT\n"
 * for each range. Nobody is in it yet. Since 0.1.
 */
EXD_API int exd_plan_userns(struct exd_plan *plan, int out_slot, const char *uid_map,
			    const char *gid_map, uint32_t flags);
/*
 * A new process, born with these CLONE_NEW* (as for exd_plan_birth()), goes on in place of this
 * one: after it joined a user or pid namespace. Once at most. Since 0.1.
 */
EXD_API int exd_plan_rebirth(struct exd_plan *plan, uint64_t clone_flags);
/*
 * The files of a detached mount belong to the ids of the namespace that they have on disk; `what`
 * names the mount in errors. Since 0.1.
 */
EXD_API int exd_plan_idmap(struct exd_plan *plan, int slot, int userns_slot, const char *what,
			   bool recursive);

/* child: mounts */
EXD_API int exd_plan_propagation(struct exd_plan *plan, uint64_t ms_flags);
EXD_API int exd_plan_tree(struct exd_plan *plan, int source_slot, int out_slot, bool recursive);
/* options: "key=value,flag", split at commas. Since 0.1. */
EXD_API int exd_plan_fs(struct exd_plan *plan, int out_slot, const char *type, const char *options,
			uint64_t mount_attr);
EXD_API int exd_plan_attr(struct exd_plan *plan, int slot, uint64_t set, uint64_t clear,
			  uint64_t propagation, bool recursive);
/*
 * Two directories in the container's state directory, for what is written: they are removed when it
 * is over, at the latest by gc. Since 0.1.
 */
EXD_API int exd_plan_scratch(struct exd_plan *plan, int upper_slot, int work_slot);
/* An overlay of lower directories, the top one first, with those two. Since 0.1. */
EXD_API int exd_plan_overlay(struct exd_plan *plan, const int *lower_slots, size_t count,
			     int out_slot, const int scratch_slots[2], uint64_t mount_attr);
EXD_API int exd_plan_attach_root(struct exd_plan *plan, int slot);
enum exd_attach_make { EXD_ATTACH_EXISTING = 0,
		       EXD_ATTACH_MAKE_DIR = 1,
		       EXD_ATTACH_MAKE_FILE = 2 };
EXD_API int exd_plan_attach(struct exd_plan *plan, int slot, int root_slot, const char *target,
			    enum exd_attach_make make);
/*
 * Copies a directory of the root into a file system that is not attached yet: files, directories,
 * links, pipes and sockets of one file system, with owners, modes and times; `keep`: those of the
 * directory itself, too. Since 0.1.
 */
EXD_API int exd_plan_copyup(struct exd_plan *plan, int slot, int root_slot, const char *path,
			    bool keep);
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
/*
 * In place of the pivot where the host's root is a ramfs: the root stays over the old one, of which
 * all other mounts are detached. With CAP_SYS_ADMIN it could be uncovered. Since 0.1.
 */
EXD_API int exd_plan_no_pivot(struct exd_plan *plan, int root_slot, int proc_slot);
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
/*
 * The same for a filter with SECCOMP_RET_USER_NOTIF, but not for sendmsg and read: its listener goes
 * to the connection with the text of the pieces (NULL-terminated) and the process's pid between
 * them, and only then the process goes on. Once at most. Since 0.1.
 */
EXD_API int exd_plan_seccomp_notify(struct exd_plan *plan, const void *filter, size_t size,
				    uint32_t flags, int socket_slot, const char *const *pieces);
/* How it is scheduled, as the key scheduler has it. Since 0.1. */
EXD_API int exd_plan_scheduler(struct exd_plan *plan, const char *text);
EXD_API int exd_plan_nice(struct exd_plan *plan, int nice);
/* "rt:N", "be:N" or "idle". Since 0.1. */
EXD_API int exd_plan_ioprio(struct exd_plan *plan, const char *text);
/* The cpus that it may run on, a list such as "0-3,5". Since 0.1. */
EXD_API int exd_plan_affinity(struct exd_plan *plan, const char *cpus);
/* `persona` as in personality(2); the name is for people. Since 0.1. */
EXD_API int exd_plan_personality(struct exd_plan *plan, const char *name, uint32_t persona);
/*
 * "ro:PATH" and "rw:PATH", NULL-terminated, paths as the process sees them; `handled` and
 * `read_only` are LANDLOCK_ACCESS_FS_*: all that is restricted, and what ro leaves. Since 0.1.
 */
EXD_API int exd_plan_landlock(struct exd_plan *plan, const char *const *rules, uint64_t handled,
			      uint64_t read_only);
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
