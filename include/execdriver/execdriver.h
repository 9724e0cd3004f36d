/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The API for hosts: programs that run, supervise and control containers through libexecdriver. */
#ifndef EXECDRIVER_EXECDRIVER_H
#define EXECDRIVER_EXECDRIVER_H

/*
 * Order of use
 *
 *   1. exd_engine_open()      once; any number of engines may exist in a process
 *   2. exd_command_new(), exd_command_set() ...
 *   3. exd_run()              blocks until the container has ended, calling hooks on the way; or
 *      exd_start() and exd_engine_fd() + exd_engine_dispatch() in an event loop
 *   4. exd_exec(), exd_kill(), exd_pause(), exd_stats() ... on a container id, from any process of
 *      the same user
 *   5. exd_command_free(), exd_engine_close()
 *
 * Rules that hold for every function
 *
 *   Errors    A function that can fail returns int: 0 or more is success, a negative errno value is
 *             failure. The last parameter is a struct exd_error the caller owns, or NULL.
 *   Threads   Any thread may call any function on an engine; the library locks inside and holds no
 *             lock while a hook or the log function runs. A command is not locked: build it in one
 *             thread, then it may be shared.
 *   Blocking  A function blocks only where its comment says so. What has to ask a monitor waits at
 *             most 20 s for one that stands still, and what locks the state directory at most 30 s.
 *   Guest     No global state, no signal handler, no change to signal dispositions, mask, working
 *             directory, umask, environment or limits of the host; no waiting for children that are
 *             not the library's own; nothing is written to stdout or stderr; every descriptor is
 *             close-on-exec.
 *   Lifetime  const char * results belong to the object they were asked of. Descriptors that a getter
 *             returns are lent: do not close them, dup them to keep them.
 *   Growth    Structs with struct_size grow at their end: set it with sizeof before the call. A
 *             struct_size of 0 is EXD_ERR_INVALID.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <execdriver/api.h>
#include <execdriver/error.h>
#include <execdriver/version.h>

#ifdef __cplusplus
extern "C" {
#endif

struct exd_engine;
struct exd_plugin;
struct exd_command;
struct exd_process;
struct exd_box;
struct exd_report;

/*
 * ---- engine
 * ------------------------------------------------------------------------------------------
 */

enum exd_log_level {
	EXD_LOG_ERROR = 0,
	EXD_LOG_WARNING = 1,
	EXD_LOG_INFO = 2,
	EXD_LOG_DEBUG = 3
};

/*
 * One line, no newline. `id` and `driver` may be empty, never NULL. Called with no lock held, on
 * any thread.
 */
typedef void (*exd_log_fn)(void *arg, enum exd_log_level level, const char *driver, const char *id,
			   const char *text);

enum exd_engine_flag {
	/*
	 * A monitor of this engine's own, not shared with other engines on the same root, that
	 * ends with its last container.
	 */
	EXD_ENGINE_PRIVATE_MONITOR = 1 << 0,
	/*
	 * This host ends with the container it starts: a monitor of its own, unless the
	 * configuration lets shared ones wait for the next host (monitor_linger) and the one that
	 * is there has this host's mount namespace.
	 */
	EXD_ENGINE_SHORT_LIVED = 1 << 1
};

struct exd_engine_config {
	uint32_t struct_size;
	uint32_t flags; /* enum exd_engine_flag */
	/* execdriver.conf; NULL: $EXD_CONFIG (not when set-id), else the installed one */
	const char *config;
	/* state directory; NULL: /run/execdriver, or $XDG_RUNTIME_DIR/execdriver when not root */
	const char *root;
	/* NULL: default_driver of the configuration, else by priority and probe */
	const char *driver;
	exd_log_fn log; /* NULL: silent */
	void *log_arg;
	uint32_t log_level; /* lines above this level are not even formatted */
	uint32_t reserved;
};

/*
 * Reads the configuration. Loads no driver and starts no process: both happen when first needed.
 * `config` may be NULL for all defaults. Blocks for file reads only. EXD_ERR_CONFIG with
 * file:line, EXD_ERR_STATE. Since 0.1.
 */
EXD_API int exd_engine_open(struct exd_engine **out, const struct exd_engine_config *config,
			    struct exd_error *err);

/*
 * Frees the engine; containers go on (those started with EXD_START_TIED end). No other call on it
 * may be under way. NULL is fine; returns NULL. Process and plugin handles of the engine end with
 * it, boxes are still to be freed. Where the host adopts the monitor (pid 1, subreaper) it waits up
 * to 200 ms to reap it. Since 0.1.
 */
EXD_API struct exd_engine *exd_engine_close(struct exd_engine *engine);

/*
 * A descriptor that is readable when exd_engine_dispatch() has work. Lent; the same for the
 * engine's life. Since 0.1.
 */
EXD_API int exd_engine_fd(const struct exd_engine *engine);

/*
 * Does what is due: reads messages of monitors, calls hooks of processes made by exd_start() and
 * exd_exec_start(), queues events. Waits for nothing, but hooks run inside it, and so does the
 * cleanup of containers whose monitor died (bounded). Returns how many messages were handled. Since
 * 0.1.
 */
EXD_API int exd_engine_dispatch(struct exd_engine *engine, struct exd_error *err);

/* The state directory in use, absolute. Since 0.1. */
EXD_API const char *exd_engine_root(const struct exd_engine *engine);

/*
 * ---- drivers
 * -----------------------------------------------------------------------------------------
 */

enum exd_cap {
	EXD_CAP_EXEC = 1 << 0,
	EXD_CAP_PAUSE = 1 << 1,
	EXD_CAP_PIDS = 1 << 2,
	EXD_CAP_STATS = 1 << 3,
	EXD_CAP_UPDATE = 1 << 4,
	EXD_CAP_EXPLAIN = 1 << 5,
	EXD_CAP_PRE_START = 1 << 6
};

/* Configured drivers in order of priority; NULL after the last, NULL to begin. Since 0.1. */
EXD_API const struct exd_plugin *exd_plugin_next(const struct exd_engine *engine,
						 const struct exd_plugin *previous);
EXD_API const char *exd_plugin_name(const struct exd_plugin *plugin);
EXD_API const char *exd_plugin_path(const struct exd_plugin *plugin);
EXD_API int exd_plugin_priority(const struct exd_plugin *plugin);
EXD_API bool exd_plugin_enabled(const struct exd_plugin *plugin);

struct exd_plugin_info {
	uint32_t struct_size;
	uint32_t abi;
	uint64_t caps;      /* claimed, enum exd_cap */
	uint64_t host_caps; /* of those, what this host allows */
	char version[32];
	char summary[128];
};

/*
 * Loads the driver if it is not loaded, checks it, and probes the host into *report (may be NULL;
 * else see exd_report_new). Blocks for the load and the probe. EXD_ERR_DRIVER_*. A broken driver
 * harms no other. Since 0.1.
 */
EXD_API int exd_plugin_probe(struct exd_engine *engine, const struct exd_plugin *plugin,
			     struct exd_plugin_info *info, struct exd_report *report,
			     struct exd_error *err);

/*
 * ---- reports: lines for people, from probe and explain
 * --------------------------------------------------
 */

enum exd_report_status {
	EXD_REPORT_INFO = 0,
	EXD_REPORT_YES = 1,
	EXD_REPORT_NO = 2, /* not to be had here; cure says how to change that */
	EXD_REPORT_DEGRADED = 3
};

struct exd_report_line {
	uint32_t struct_size;
	uint32_t status;   /* enum exd_report_status */
	const char *topic; /* "cgroup.memory", "child 14" */
	const char *text;
	const char *cure; /* "" when there is nothing to do */
};

EXD_API int exd_report_new(struct exd_report **out, struct exd_error *err);
EXD_API struct exd_report *exd_report_free(struct exd_report *report);
/* Adds a line; texts are copied. Since 0.1. */
EXD_API int exd_report_add(struct exd_report *report, enum exd_report_status status,
			   const char *topic, const char *cure, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
EXD_API size_t exd_report_count(const struct exd_report *report);
/* Fills *line; false when there is no such line. Texts live as long as the report. Since 0.1. */
EXD_API bool exd_report_line(const struct exd_report *report, size_t index,
			     struct exd_report_line *line);

/*
 * ---- commands
 * ----------------------------------------------------------------------------------------
 */

/*
 * What a container or an exec'ed process is to be. Keys are only appended. The table with types
 * and meaning: exd_command_key_next().
 */
enum exd_key {
	EXD_KEY_ID = 1,             /* string */
	EXD_KEY_ARGS,               /* list: program and arguments */
	EXD_KEY_ENV,                /* list of NAME=VALUE; a later one replaces */
	EXD_KEY_CWD,                /* string */
	EXD_KEY_USER,               /* string: USER[:GROUP], names or numbers */
	EXD_KEY_GROUPS,             /* list: additional groups */
	EXD_KEY_TTY,                /* bool */
	EXD_KEY_TTY_SIZE,           /* string ROWSxCOLUMNS */
	EXD_KEY_INIT,               /* bool: a small init is pid 1 */
	EXD_KEY_HOSTNAME,           /* string */
	EXD_KEY_DOMAINNAME,         /* string */
	EXD_KEY_ROOTFS,             /* string: a directory; unset: a volatile root */
	EXD_KEY_ROOTFS_READONLY,    /* bool */
	EXD_KEY_ROOTFS_PROPAGATION, /* string: private, slave, shared, unbindable */
	EXD_KEY_MOUNTS,             /* mounts */
	EXD_KEY_DEVICES,            /* devices */
	EXD_KEY_MASKED_PATHS,       /* list */
	EXD_KEY_READONLY_PATHS,     /* list */
	EXD_KEY_MOUNT_NAMESPACE,    /* namespace: private, host, container:ID, path:P */
	EXD_KEY_PID_NAMESPACE,
	EXD_KEY_IPC_NAMESPACE,
	EXD_KEY_UTS_NAMESPACE,
	EXD_KEY_CGROUP_NAMESPACE,
	/* namespace; none = private with only loopback (the default) */
	EXD_KEY_NETWORK,
	EXD_KEY_USER_NAMESPACE, /* namespace */
	EXD_KEY_UID_MAP,        /* list of INSIDE:OUTSIDE:COUNT */
	EXD_KEY_GID_MAP,
	EXD_KEY_ROOTFS_IDMAP,      /* bool */
	EXD_KEY_PRIVILEGED,        /* bool */
	EXD_KEY_CAP_ADD,           /* list of names, or all */
	EXD_KEY_CAP_DROP,          /* list */
	EXD_KEY_NO_NEW_PRIVILEGES, /* bool */
	/* string: default, unconfined, the path of a profile, or its JSON */
	EXD_KEY_SECCOMP,
	EXD_KEY_SECCOMP_LISTENER,  /* string: path of a socket */
	EXD_KEY_APPARMOR,          /* string */
	EXD_KEY_SELINUX_LABEL,     /* string */
	EXD_KEY_RLIMITS,           /* rlimits */
	EXD_KEY_SYSCTLS,           /* list of NAME=VALUE */
	EXD_KEY_OOM_SCORE_ADJ,     /* number */
	EXD_KEY_UMASK,             /* number, octal in text */
	EXD_KEY_SCHEDULER,         /* string "fifo,priority=10" */
	EXD_KEY_NICE,              /* number -20..19 */
	EXD_KEY_IOPRIO,            /* string "be:4" */
	EXD_KEY_EXEC_CPU_AFFINITY, /* string "INITIAL[:FINAL]": of further processes */
	EXD_KEY_PERSONALITY,       /* string: linux, linux32 */
	EXD_KEY_LANDLOCK,          /* list of ro:PATH and rw:PATH */
	EXD_KEY_CGROUP_PARENT,     /* string: overrides the driver's cgroup_parent */
	EXD_KEY_MEMORY,            /* bytes */
	/* bytes: memory + swap; -1 unlimited; unset with memory: no swap */
	EXD_KEY_MEMORY_SWAP,
	EXD_KEY_MEMORY_RESERVATION,   /* bytes */
	EXD_KEY_MEMORY_SWAPPINESS,    /* number 0..100 */
	EXD_KEY_OOM_KILL_DISABLE,     /* bool (v1) */
	EXD_KEY_CPU_SHARES,           /* number 2..262144 */
	EXD_KEY_CPU_PERIOD,           /* number, us */
	EXD_KEY_CPU_QUOTA,            /* number, us; -1 unlimited */
	EXD_KEY_CPUS,                 /* string "0.5": quota and period in one */
	EXD_KEY_CPUSET_CPUS,          /* string */
	EXD_KEY_CPUSET_MEMS,          /* string */
	EXD_KEY_PIDS_LIMIT,           /* number; -1 unlimited */
	EXD_KEY_BLKIO_WEIGHT,         /* number 10..1000 */
	EXD_KEY_BLKIO_WEIGHT_DEVICES, /* list of PATH:WEIGHT */
	EXD_KEY_DEVICE_READ_BPS,      /* list of PATH:BYTES, or max; a second */
	EXD_KEY_DEVICE_WRITE_BPS,
	EXD_KEY_DEVICE_READ_IOPS, /* list of PATH:NUMBER, or max */
	EXD_KEY_DEVICE_WRITE_IOPS,
	EXD_KEY_HUGETLB_LIMITS, /* map PAGE-SIZE=BYTES, or max */
	EXD_KEY_RDMA_LIMITS,    /* map DEVICE=hca_handle=N,hca_object=N */
	EXD_KEY_MISC_LIMITS,    /* map RESOURCE=NUMBER, or max */
	EXD_KEY_CGROUP_CONF,    /* list of FILE=VALUE of cgroup v2, written in order */
	EXD_KEY_BEST_EFFORT,    /* bool: a limit this host cannot set is a warning */
	EXD_KEY_ANNOTATIONS,    /* list of NAME=VALUE, kept in the record */
	/* What only containers of a Host Compute Service have; other drivers refuse them. */
	EXD_KEY_HCS_LAYERS,       /* list of folders, the top one first */
	EXD_KEY_HCS_LAYER_FOLDER, /* string */
	EXD_KEY_HCS_FIRST_START,  /* bool */
	EXD_KEY_HCS_ISOLATION,    /* string: default, process, hyperv */
	EXD_KEY_HCS_ARGS_ESCAPED, /* bool */
	EXD_KEY_HCS_NETWORK,      /* string: name of a virtual switch */
	EXD_KEY_HCS_MAC,          /* string */
	EXD_KEY_HCS_PORTS,        /* list of [HOST_IP:]HOST_PORT:PORT[/PROTOCOL] */
	EXD_KEY_ROOTFS_OPTIONS,   /* string: mount options as of a mount, "nosuid,noatime" */
	EXD_KEY_NO_PIVOT,         /* bool: a root over that of a host that cannot pivot */
	EXD_KEY_TIME_NAMESPACE,   /* namespace; unset: the host's, or own with offsets */
	EXD_KEY_TIME_OFFSETS,     /* map: monotonic=SECONDS[.NNN], boottime=SECONDS[.NNN] */
	EXD_KEY_CGROUP_CHILD,     /* bool: a further process gets a cgroup of its own */
	EXD_KEY_MAX               /* one past the newest; grows */
};

enum exd_key_type {
	EXD_TYPE_STRING = 0,
	EXD_TYPE_BOOL,
	EXD_TYPE_NUMBER,    /* int64_t */
	EXD_TYPE_BYTES,     /* int64_t; text takes b, k, m, g, t */
	EXD_TYPE_LIST,      /* of strings */
	EXD_TYPE_MAP,       /* a list of NAME=VALUE in which a later NAME replaces */
	EXD_TYPE_NAMESPACE, /* a string: private, host, none, container:ID, path:P */
	EXD_TYPE_MOUNTS,
	EXD_TYPE_DEVICES,
	EXD_TYPE_RLIMITS
};

enum exd_key_use {
	EXD_USE_RUN = 1 << 0,
	EXD_USE_EXEC = 1 << 1,
	EXD_USE_CGROUP_CHILD = 1 << 2 /* an exec with EXD_KEY_CGROUP_CHILD */
};

struct exd_command_key {
	uint32_t key;     /* enum exd_key */
	uint32_t type;    /* enum exd_key_type */
	uint32_t use;     /* enum exd_key_use */
	const char *name; /* as in the command file: "memory_swap" */
	const char *doc;
};

/* The table, in order; NULL to begin, NULL after the last. Static. Since 0.1. */
EXD_API const struct exd_command_key *exd_command_key_next(const struct exd_command_key *previous);

EXD_API int exd_command_new(struct exd_command **out, struct exd_error *err);
EXD_API struct exd_command *exd_command_free(struct exd_command *command);

/*
 * Sets a key by name from text, the way the command file and driverctl do: "64m" for bytes,
 * "yes"/"no"/"true"/"false" for bools, "SRC:DST[:OPTIONS]" for a mount,
 * "PATH[:PATH-INSIDE][:rwm]" for a device, "NAME=SOFT[:HARD]" for an rlimit. Lists and maps are
 * appended to, everything else is replaced. EXD_ERR_KEY names the key and what it takes. Since
 * 0.1.
 */
EXD_API int exd_command_set(struct exd_command *command, const char *name, const char *value,
			    struct exd_error *err);
/* Typed setters; the type must be the key's. Since 0.1. */
EXD_API int exd_command_set_string(struct exd_command *command, enum exd_key key, const char *value,
				   struct exd_error *err);
EXD_API int exd_command_set_bool(struct exd_command *command, enum exd_key key, bool value,
				 struct exd_error *err);
EXD_API int exd_command_set_number(struct exd_command *command, enum exd_key key, int64_t value,
				   struct exd_error *err);
EXD_API int exd_command_add(struct exd_command *command, enum exd_key key, const char *value,
			    struct exd_error *err);
/* Replaces EXD_KEY_ARGS by a NULL-terminated array. Since 0.1. */
EXD_API int exd_command_set_args(struct exd_command *command, const char *const *args,
				 struct exd_error *err);
/*
 * Reads a command file (libconfig: key = value;) into the command. EXD_ERR_CONFIG with file:line.
 * Blocks for the read. Since 0.1.
 */
EXD_API int exd_command_load(struct exd_command *command, const char *path, struct exd_error *err);

enum exd_mount_type {
	EXD_MOUNT_BIND = 0, /* recursive unless EXD_MOUNT_NORECURSE */
	EXD_MOUNT_TMPFS,
	EXD_MOUNT_PROC,
	EXD_MOUNT_SYSFS,
	EXD_MOUNT_MQUEUE,
	EXD_MOUNT_DEVPTS,
	EXD_MOUNT_CGROUP
};

enum exd_mount_flag {
	EXD_MOUNT_READONLY = 1 << 0,
	EXD_MOUNT_NOSUID = 1 << 1,
	EXD_MOUNT_NODEV = 1 << 2,
	EXD_MOUNT_NOEXEC = 1 << 3,
	EXD_MOUNT_NORECURSE = 1 << 4,
	EXD_MOUNT_NOATIME = 1 << 5, /* at most one of these three */
	EXD_MOUNT_RELATIME = 1 << 6,
	EXD_MOUNT_STRICTATIME = 1 << 7,
	EXD_MOUNT_NODIRATIME = 1 << 8,
	EXD_MOUNT_NOSYMFOLLOW = 1 << 9,
	EXD_MOUNT_COPYUP = 1 << 10, /* a tmpfs begins with a copy of what lies under it */
	EXD_MOUNT_IDMAP = 1 << 11   /* owners as on disk, counted in the user namespace */
};

struct exd_mount {
	uint32_t struct_size;
	uint32_t type;       /* enum exd_mount_type */
	const char *source;  /* host path of a bind; else "" */
	const char *target;  /* absolute path inside */
	const char *options; /* of the file system: "size=64m,mode=1777"; "" for none */
	uint32_t flags;      /* enum exd_mount_flag; those of a bind cover what is below it */
	/*
	 * 0 (private), MS_PRIVATE or MS_UNBINDABLE; of a bind also MS_SLAVE or MS_SHARED, from a
	 * shared mount
	 */
	uint32_t propagation;
};

struct exd_device {
	uint32_t struct_size;
	uint32_t access;    /* 4 = r, 2 = w, 1 = m */
	const char *path;   /* on the host */
	const char *target; /* inside */
};

struct exd_rlimit {
	uint32_t struct_size;
	int32_t resource; /* RLIMIT_* */
	uint64_t soft;    /* UINT64_MAX: unlimited */
	uint64_t hard;
};

EXD_API int exd_command_add_mount(struct exd_command *command, const struct exd_mount *mount,
				  struct exd_error *err);
EXD_API int exd_command_add_device(struct exd_command *command, const struct exd_device *device,
				   struct exd_error *err);
EXD_API int exd_command_add_rlimit(struct exd_command *command, const struct exd_rlimit *rlimit,
				   struct exd_error *err);

/*
 * Getters, for drivers and hosts. Unset: false, NULL, 0 entries, or the fallback given. Since
 * 0.1.
 */
EXD_API bool exd_command_is_set(const struct exd_command *command, enum exd_key key);
EXD_API const char *exd_command_string(const struct exd_command *command, enum exd_key key,
				       const char *fallback);
EXD_API bool exd_command_bool(const struct exd_command *command, enum exd_key key);
EXD_API int64_t exd_command_number(const struct exd_command *command, enum exd_key key,
				   int64_t fallback);
EXD_API size_t exd_command_count(const struct exd_command *command, enum exd_key key);
EXD_API const char *exd_command_item(const struct exd_command *command, enum exd_key key,
				     size_t index);
/* EXD_KEY_ROOTFS_OPTIONS as flags, enum exd_mount_flag. Since 0.1. */
EXD_API uint32_t exd_command_rootfs_flags(const struct exd_command *command);
EXD_API bool exd_command_mount(const struct exd_command *command, size_t index,
			       struct exd_mount *mount);
EXD_API bool exd_command_device(const struct exd_command *command, size_t index,
				struct exd_device *device);
EXD_API bool exd_command_rlimit(const struct exd_command *command, size_t index,
				struct exd_rlimit *rlimit);

/*
 * ---- running
 * -----------------------------------------------------------------------------------------
 */

/*
 * Certain is only the kernel's log. The counter decides where the monitor cannot read /dev/kmsg,
 * where the log lost lines, and in a nested pid namespace whose processes may not ask for their
 * pids in the first one (it takes BPF and Linux 5.10; under EXD_KEY_INIT also no seccomp filter).
 * An OOM kill of init is told as one then too, but so is a SIGKILL from elsewhere that hits init at
 * most 100 ms after an OOM kill of another process in the container.
 */
enum exd_oom_evidence {
	EXD_OOM_EVIDENCE_NONE = 0,
	EXD_OOM_EVIDENCE_KMSG = 1, /* the kernel's log names init's pid */
	/* the counter moved at most 100 ms before a SIGKILL hit init that was not ours */
	EXD_OOM_EVIDENCE_COUNTER = 2
};

enum exd_lost {
	EXD_LOST_NO = 0,
	EXD_LOST_MONITOR = 1, /* the monitor had gone and the kernel gave no exit code */
	EXD_LOST_REBOOT = 2,  /* the record is of an earlier boot */
	EXD_LOST_WORKER = 3,  /* a driver's worker ended without telling */
	EXD_LOST_RECORD = 4   /* the monitor could not write the record */
};

/* How a container or an exec'ed process ended. Written by the library; set struct_size. */
struct exd_exit_status {
	uint32_t struct_size;
	uint32_t exit_code; /* 128 + signal when it was signalled */
	uint32_t signal;    /* 0: it exited */
	uint32_t lost;      /* enum exd_lost; when not 0, exit_code means nothing */
	/* processes the kernel's OOM killer took in the container, at any time */
	uint64_t oom_kills;
	bool core_dumped;
	bool oom_killed; /* init itself died of OOM */
	/* something still held stdout or stderr when the grace was over */
	bool stdio_held_open;
	uint8_t oom_evidence; /* enum exd_oom_evidence */
	uint32_t reserved;
	uint64_t started_ns; /* CLOCK_REALTIME */
	uint64_t finished_ns;
	uint64_t user_us; /* rusage of init and the children it reaped */
	uint64_t system_us;
	uint64_t maxrss_kb;
};

#define EXD_FD_NULL (-1)   /* /dev/null */
#define EXD_FD_PIPE (-2)   /* a pipe; the host's end: exd_process_stdin() ... */
#define EXD_FD_OUTPUT (-3) /* the file `output` in the state directory, appended to; runs only */

/*
 * Descriptors are lent for the call. With EXD_KEY_TTY all three are ignored and exd_process_tty()
 * is the pty, unless out is EXD_FD_OUTPUT (then the monitor copies the pty there).
 */
struct exd_stdio {
	uint32_t struct_size;
	int32_t in; /* a descriptor, EXD_FD_NULL or EXD_FD_PIPE */
	int32_t out;
	int32_t err;
	/* grace for stdout and stderr pipes after the exit; 0: 500 */
	uint32_t drain_ms;
	uint32_t reserved;
};

/*
 * A hook returns 0, or a negative errno value. `process` is the one that was started, for an exec
 * the exec's own; it lives until the last of its hooks has returned (exd_run, exd_exec) or
 * exd_process_free() (exd_start, exd_exec_start). oom_fd is lent: struct exd_oom_event per kernel
 * OOM kill, then EOF when the container is gone; an exec's is at EOF from the beginning, unless it
 * has a cgroup of its own (EXD_KEY_CGROUP_CHILD).
 */
struct exd_hooks {
	uint32_t struct_size;
	/*
	 * From the launch until the start hook has returned; 0: 30000. Then it is killed, and the
	 * call fails with EXD_ERR_TIMEOUT.
	 */
	uint32_t timeout_ms;
	void *ctx;
	/* Namespaces exist, the program has not begun. An error aborts. Needs EXD_CAP_PRE_START. */
	int (*pre_start)(void *ctx, struct exd_process *process, pid_t pid);
	/* Exactly once, before the exit can be reported. An error kills the container. */
	int (*start)(void *ctx, struct exd_process *process, pid_t pid, int oom_fd);
	/* After the exit was decided, at most once, with its status. */
	void (*exit)(void *ctx, struct exd_process *process, const struct exd_exit_status *status);
	/*
	 * After the cleanup: cgroups and state are gone (or kept as the record of a detached
	 * container). Runs only.
	 */
	void (*post_stop)(void *ctx, struct exd_process *process);
};

/* What can be read from an OOM channel. */
struct exd_oom_event {
	uint32_t struct_size;
	uint32_t reserved;
	uint64_t time_ns;   /* CLOCK_REALTIME when it was seen */
	uint64_t oom_kills; /* kills so far, this one included */
};

enum exd_start_flag {
	/* the process ends with this host: killed when that dies or closes the engine */
	EXD_START_TIED = 1 << 0,
	/* its record goes with it; without it, the record stays until exd_delete() */
	EXD_START_EPHEMERAL = 1 << 1
};

/*
 * Runs a container from start to end: blocks until it has ended and was cleaned up, calling hooks
 * on this thread. The record does not outlive the call. A program that exits non-zero is no
 * error. On any failure before the program began nothing is left behind. `id` unset: one is made.
 * `stdio` NULL: all three /dev/null; `hooks`, `status` may be NULL. Any signal handler of the
 * host may run meanwhile; EINTR is not returned. The start is given up with EXD_ERR_TIMEOUT when
 * the monitor has not told of it 10 s after the hooks' timeout; the end is waited for without
 * limit. Since 0.1.
 */
EXD_API int exd_run(struct exd_engine *engine, const struct exd_command *command,
		    const struct exd_stdio *stdio, const struct exd_hooks *hooks,
		    struct exd_exit_status *status, struct exd_error *err);

/*
 * Runs a further process in a running container and blocks until it has ended. As exd_run().
 * Since 0.1.
 */
EXD_API int exd_exec(struct exd_engine *engine, const char *id, const struct exd_command *command,
		     const struct exd_stdio *stdio, const struct exd_hooks *hooks,
		     struct exd_exit_status *status, struct exd_error *err);

/*
 * The same, evented: returns when the launch is on its way to the monitor; hooks are called by
 * exd_engine_dispatch(). *out is the caller's, to be freed with exd_process_free() (which does
 * not end the container). `flags`: enum exd_start_flag; an exec knows only EXD_START_TIED, and
 * without it goes on when the host ends. A start that the monitor has not told of 10 s after the
 * hooks' timeout is given up by exd_engine_dispatch(), with EXD_ERR_TIMEOUT. Since 0.1.
 */
EXD_API int exd_start(struct exd_engine *engine, const struct exd_command *command,
		      const struct exd_stdio *stdio, const struct exd_hooks *hooks, uint32_t flags,
		      struct exd_process **out, struct exd_error *err);
EXD_API int exd_exec_start(struct exd_engine *engine, const char *id,
			   const struct exd_command *command, const struct exd_stdio *stdio,
			   const struct exd_hooks *hooks, uint32_t flags, struct exd_process **out,
			   struct exd_error *err);

enum exd_phase {
	EXD_PHASE_STARTING = 0,
	EXD_PHASE_PARKED = 1,
	EXD_PHASE_RUNNING = 2,
	EXD_PHASE_EXITED = 3, /* exit status known, cleanup under way */
	EXD_PHASE_DONE = 4,   /* cleaned up */
	EXD_PHASE_FAILED = 5  /* never began; exd_process_wait() gives the error */
};

EXD_API enum exd_phase exd_process_phase(const struct exd_process *process);
EXD_API const char *exd_process_id(const struct exd_process *process);
/* 0 before the start, and for a container that is no process of this host. Since 0.1. */
EXD_API pid_t exd_process_pid(const struct exd_process *process);
/* Where there is no process of this host: another descriptor that becomes readable. Since 0.1. */
EXD_API int exd_process_pidfd(const struct exd_process *process);
EXD_API bool exd_process_is_exec(const struct exd_process *process);
/* The host's ends of pipes and the pty master, lent; -EBADF where there is none. Since 0.1. */
EXD_API int exd_process_stdin(const struct exd_process *process);
EXD_API int exd_process_stdout(const struct exd_process *process);
EXD_API int exd_process_stderr(const struct exd_process *process);
EXD_API int exd_process_tty(const struct exd_process *process);
/* The OOM channel's read end, lent; -EBADF before the start. Since 0.1. */
EXD_API int exd_process_oom_fd(const struct exd_process *process);
/*
 * Gives the host's end of stdin, stdout, stderr (0, 1, 2) or the pty (3) to the caller, who
 * closes it. -EBADF when there is none. Since 0.1.
 */
EXD_API int exd_process_take_fd(struct exd_process *process, int which);
/* Closes the host's end of stdin so that the program reads EOF. Idempotent. Since 0.1. */
EXD_API int exd_process_close_stdin(struct exd_process *process, struct exd_error *err);
/*
 * Sets the size of the pty; before the start it is kept and applied at birth of the pty.
 * EXD_ERR_TTY without one. Since 0.1.
 */
EXD_API int exd_process_resize(struct exd_process *process, uint16_t rows, uint16_t columns,
			       struct exd_error *err);
/*
 * A descriptor that becomes readable when the process has ended (its pidfd; -EBADF before the
 * start). The status is there after exd_process_wait() or dispatch. Lent. Since 0.1.
 */
EXD_API int exd_wait_fd(const struct exd_process *process);
/*
 * Waits until the process is done (at most timeout_ms; negative: without limit), dispatching its
 * messages and hooks on this thread. -ETIMEDOUT; the error of a start that failed. May be called
 * again. Since 0.1.
 */
EXD_API int exd_process_wait(struct exd_process *process, int timeout_ms,
			     struct exd_exit_status *status, struct exd_error *err);
EXD_API struct exd_process *exd_process_free(struct exd_process *process);

/*
 * ---- containers, by id
 * ---------------------------------------------------------------------------------
 */

enum exd_status {
	EXD_STATUS_CREATING = 0,
	EXD_STATUS_CREATED = 1,
	EXD_STATUS_RUNNING = 2,
	EXD_STATUS_PAUSED = 3,
	EXD_STATUS_STOPPED = 4,
	EXD_STATUS_LOST = 5
};

EXD_API const char *exd_status_name(uint32_t status);
EXD_API const char *exd_lost_reason(uint32_t lost);

/*
 * A snapshot of one container, read from its record. exd_box_find: EXD_ERR_NOT_FOUND.
 * exd_box_next() walks all of them in order of id: *box is NULL to begin with, is freed and
 * replaced by the next; returns 1, 0 after the last, or a negative errno value, *box then being
 * NULL. One whose record is damaged is EXD_STATUS_LOST. Drivers are asked only for `paused`. Since
 * 0.1.
 */
EXD_API int exd_box_find(struct exd_engine *engine, const char *id, struct exd_box **out,
			 struct exd_error *err);
EXD_API int exd_box_next(struct exd_engine *engine, struct exd_box **box, struct exd_error *err);
EXD_API struct exd_box *exd_box_free(struct exd_box *box);
EXD_API const char *exd_box_id(const struct exd_box *box);
EXD_API const char *exd_box_driver(const struct exd_box *box);
EXD_API enum exd_status exd_box_status(const struct exd_box *box);
EXD_API pid_t exd_box_pid(const struct exd_box *box);
EXD_API uint64_t exd_box_created_ns(const struct exd_box *box);
EXD_API bool exd_box_monitor_alive(const struct exd_box *box);
EXD_API size_t exd_box_arg_count(const struct exd_box *box);
EXD_API const char *exd_box_arg(const struct exd_box *box, size_t index);
EXD_API const char *exd_box_annotation(const struct exd_box *box, const char *name);
/* false while it has not ended. Since 0.1. */
EXD_API bool exd_box_exit_status(const struct exd_box *box, struct exd_exit_status *status);
/*
 * The whole record as one JSON object, for people and scripts. Lives as long as the box. Since
 * 0.1.
 */
EXD_API const char *exd_box_json(const struct exd_box *box);

/*
 * Sends a signal to init. A container that is paused goes on when it is SIGKILL, so that it can
 * die; other signals wait until it is unpaused. EXD_ERR_NOT_RUNNING when it has ended. Blocks,
 * bounded. Since 0.1.
 */
EXD_API int exd_kill(struct exd_engine *engine, const char *id, int signal, struct exd_error *err);
/*
 * Kills everything in it, from the record alone, also when nobody supervises it any more. Done
 * already: 0. Blocks, bounded. Since 0.1.
 */
EXD_API int exd_terminate(struct exd_engine *engine, const char *id, struct exd_error *err);
EXD_API int exd_pause(struct exd_engine *engine, const char *id, struct exd_error *err);
EXD_API int exd_unpause(struct exd_engine *engine, const char *id, struct exd_error *err);
/*
 * Waits for the end of a container started by anyone, at most timeout_ms (negative: without limit).
 * -ETIMEDOUT; EXD_ERR_LOST when nobody knows its exit. Since 0.1.
 */
EXD_API int exd_wait(struct exd_engine *engine, const char *id, int timeout_ms,
		     struct exd_exit_status *status, struct exd_error *err);
/*
 * Removes all traces of a container that has ended; with `force`, ends it first, and removes a
 * damaged record when nobody is at work with the container. Idempotent but for EXD_ERR_NOT_FOUND.
 * Blocks, bounded. Since 0.1.
 */
EXD_API int exd_delete(struct exd_engine *engine, const char *id, bool force,
		       struct exd_error *err);
/* Docker's Clean(): exd_delete() of a container that has ended. Since 0.1. */
EXD_API int exd_clean(struct exd_engine *engine, const char *id, struct exd_error *err);

/* Host pids of all processes in it. Writes up to `max`, returns how many there are. Since 0.1. */
EXD_API int exd_pids(struct exd_engine *engine, const char *id, pid_t *pids, size_t max,
		     struct exd_error *err);

/* One network interface, seen from inside; as one huge page size below, it never grows. */
struct exd_stats_interface {
	char name[16];
	uint64_t rx_bytes;
	uint64_t rx_packets;
	uint64_t rx_errors;
	uint64_t rx_dropped;
	uint64_t tx_bytes;
	uint64_t tx_packets;
	uint64_t tx_errors;
	uint64_t tx_dropped;
};

struct exd_stats_hugetlb {
	uint64_t page_size; /* bytes, as all but failures */
	uint64_t usage;
	uint64_t peak;     /* 0 under cgroup v2, which does not keep it */
	uint64_t limit;    /* UINT64_MAX: none */
	uint64_t failures; /* times the limit was hit */
};

/*
 * Set `want` and the lists before the call, or leave them zero. A list has room for *_max entries;
 * how many there are is counted, even when that is more.
 */
struct exd_stats {
	uint32_t struct_size;
	uint32_t valid;   /* enum exd_stats_group: what could be read */
	uint64_t time_ns; /* CLOCK_REALTIME of the sample */
	uint64_t cpu_total_ns;
	uint64_t cpu_user_ns;
	uint64_t cpu_system_ns;
	uint64_t cpu_periods;
	uint64_t cpu_throttled_periods;
	uint64_t cpu_throttled_ns;
	uint64_t memory_usage; /* bytes */
	uint64_t memory_peak;
	uint64_t memory_limit; /* UINT64_MAX: none */
	uint64_t memory_cache;
	uint64_t memory_rss;
	uint64_t memory_swap;
	uint64_t memory_failcnt; /* times the limit was hit */
	uint64_t oom_kills;
	uint64_t pids_current;
	uint64_t pids_limit;       /* UINT64_MAX: none */
	uint64_t network_rx_bytes; /* all interfaces but loopback, seen from inside */
	uint64_t network_rx_packets;
	uint64_t network_rx_errors;
	uint64_t network_rx_dropped;
	uint64_t network_tx_bytes;
	uint64_t network_tx_packets;
	uint64_t network_tx_errors;
	uint64_t network_tx_dropped;
	uint64_t io_read_bytes; /* of all disks */
	uint64_t io_write_bytes;
	uint64_t io_reads;
	uint64_t io_writes;
	/* how long some process, and how long all of them, waited for the resource */
	uint64_t pressure_cpu_some_ns;
	uint64_t pressure_cpu_full_ns;
	uint64_t pressure_memory_some_ns;
	uint64_t pressure_memory_full_ns;
	uint64_t pressure_io_some_ns;
	uint64_t pressure_io_full_ns;
	uint32_t want; /* enum exd_stats_group; 0: CPU, MEMORY, PIDS and NETWORK */
	uint32_t cpus; /* how many there are; 0 also where nobody counts by cpu (cgroup v2) */
	uint32_t cpus_max;
	uint32_t interfaces; /* but loopback */
	uint32_t interfaces_max;
	uint32_t hugetlbs;
	uint32_t hugetlbs_max;
	uint32_t reserved;
	uint64_t *cpu_ns; /* CPU time on each cpu */
	struct exd_stats_interface *interface;
	struct exd_stats_hugetlb *hugetlb;
};

enum exd_stats_group {
	EXD_STATS_CPU = 1 << 0,
	EXD_STATS_MEMORY = 1 << 1,
	EXD_STATS_PIDS = 1 << 2,
	EXD_STATS_NETWORK = 1 << 3,
	EXD_STATS_IO = 1 << 4,
	EXD_STATS_PRESSURE = 1 << 5
};

EXD_API int exd_stats(struct exd_engine *engine, const char *id, struct exd_stats *stats,
		      struct exd_error *err);
/*
 * Counters of the container as they are now, as exd_stats() gives them: the box keeps its record
 * and the counters' files open, which makes a further sample several times cheaper, for up to some
 * twenty descriptors. `engine` is the one the box is of. EXD_ERR_NOT_RUNNING when it has ended.
 * Blocks for the kernel only. One thread at a time for a box. Since 0.1.
 */
EXD_API int exd_box_stats(struct exd_engine *engine, struct exd_box *box, struct exd_stats *stats,
			  struct exd_error *err);
/*
 * Applies the limits set in `command` to a running container, all of them or none; what is not
 * set stays, with `memory` alone also the limit of swap. EXD_ERR_UNSUPPORTED where the driver
 * cannot, or for a key that is no limit; EXD_ERR_CGROUP names the file that could not be written,
 * and one that could not be put back. Since 0.1.
 */
EXD_API int exd_update(struct exd_engine *engine, const char *id, const struct exd_command *command,
		       struct exd_error *err);

struct exd_info {
	uint32_t struct_size;
	bool running;
	bool paused;
	uint8_t reserved[2];
	char driver[64];    /* "native 0.1.0" */
	char isolation[64]; /* "namespaces", "process", "hyperv" */
};

EXD_API int exd_info(struct exd_engine *engine, const char *id, struct exd_info *info,
		     struct exd_error *err);
/* Sets the size of the pty of a detached container. Since 0.1. */
EXD_API int exd_resize(struct exd_engine *engine, const char *id, uint16_t rows, uint16_t columns,
		       struct exd_error *err);
/*
 * A new OOM channel of a running container, at any time, by any process; the caller closes it.
 * Since 0.1.
 */
EXD_API int exd_oom_open(struct exd_engine *engine, const char *id, struct exd_error *err);

/*
 * What exd_gc() did; lines come in the report: one per leftover. Blocks, bounded. `dry_run` only
 * looks. Returns how many. Since 0.1.
 */
EXD_API int exd_gc(struct exd_engine *engine, bool dry_run, struct exd_report *report,
		   struct exd_error *err);

/*
 * What exd_run() of this command would do, step by step, without doing it; hash is the plan's.
 * `hash` may be NULL. Since 0.1.
 */
EXD_API int exd_explain(struct exd_engine *engine, const struct exd_command *command,
			struct exd_report *report, uint64_t *hash, struct exd_error *err);

/*
 * ---- events
 * -------------------------------------------------------------------------------------------
 */

enum exd_event_type {
	EXD_EVENT_STARTED = 1,
	EXD_EVENT_OOM = 2,
	EXD_EVENT_EXITED = 3,
	EXD_EVENT_LOST_MONITOR = 4 /* a monitor went away; its containers go on unsupervised */
};

struct exd_event {
	uint32_t struct_size;
	uint32_t type; /* enum exd_event_type */
	/* grows strictly; give it to exd_subscribe() to go on after it */
	uint64_t sequence;
	uint64_t time_ns;
	int32_t pid;
	uint32_t reserved;
	char id[136]; /* of at most 128 characters */
	/* of EXD_EVENT_EXITED; grows, so nothing ever comes behind it */
	struct exd_exit_status exit;
};

/*
 * From now on dispatch queues events of all containers on this root with a sequence number above
 * `since` (0: all still remembered), also of monitors that are started later. Waits for nothing.
 * Since 0.1.
 */
EXD_API int exd_subscribe(struct exd_engine *engine, uint64_t since, struct exd_error *err);
/* Takes the oldest queued event. Returns 1, or 0 when there is none. Since 0.1. */
EXD_API int exd_event_next(struct exd_engine *engine, struct exd_event *event,
			   struct exd_error *err);

#ifdef __cplusplus
}
#endif
#endif
