/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The private format between core and monitor: plans, messages, failure and exit records. Same
 * host, same build.
 */
#ifndef EXECDRIVER_BASE_WIRE_H
#define EXECDRIVER_BASE_WIRE_H

#include <stdint.h>

/*
 * A plan is one sealed memfd:
 *
 *   struct wire_plan | struct wire_step [steps] | data [data_size]
 *
 * Descriptors travel beside it: the plan has `slots` numbered places, of which the first `fds`
 * are filled from messages before it runs; the others are filled by its steps. Steps are grouped
 * by phase, in the order of enum wire_phase, and run in their order within a phase.
 */
#define WIRE_PLAN_MAGIC 0x50445845u /* "EXDP" */
#define WIRE_VERSION 1u
#define WIRE_STEPS_MAX 4096u
#define WIRE_SLOTS_MAX 1024u
#define WIRE_PLAN_MAX (8u << 20)
#define WIRE_NO_SLOT 0xffffu
#define WIRE_LAYERS_MAX 256u
/* In the state directory: what the container writes to an overlay. */
#define WIRE_LAYER_DIR "layer"

enum wire_phase {
	WIRE_PREPARE = 0, /* monitor, before birth; a failure aborts the launch */
	WIRE_CHILD = 1,   /* the new process, ends with WIRE_EXEC or WIRE_WORKER */
	/* monitor, after init's end and before its report; failures are only logged */
	WIRE_END = 2,
	WIRE_CLEANUP = 3, /* monitor, after the report, or after a failed start */
	WIRE_PHASES = 4
};

struct wire_plan {
	uint32_t magic;
	uint32_t version;
	uint32_t size;                     /* of the whole plan in bytes */
	uint16_t fds;                      /* slots filled from outside: 0 .. fds-1 */
	uint16_t slots;                    /* all of them */
	uint16_t phase_steps[WIRE_PHASES]; /* how many steps each phase has */
	uint16_t pidns_slot;               /* a pid namespace to be born in, or WIRE_NO_SLOT */
	/* a cgroup v2 directory for CLONE_INTO_CGROUP, or WIRE_NO_SLOT */
	uint16_t into_cgroup_slot;
	uint32_t data_size;
	/* CLONE_NEW* for clone3 (never CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUSER) */
	uint64_t clone_flags;
	/* so many of the first child steps are the same for every process of this shape, and may
	   be done before it is known which one it will be; 0: none */
	uint16_t cut;
	uint16_t reserved[3];
};

/*
 * A piece of the plan's data. Strings are NUL-terminated and `size` counts the NUL. offset 0,
 * size 0: absent.
 */
struct wire_span {
	uint32_t offset;
	uint32_t size;
};

struct wire_step {
	uint16_t op;      /* enum wire_op */
	uint16_t code;    /* enum exd_code that its failure becomes */
	uint16_t slot[4]; /* WIRE_NO_SLOT where unused */
	uint16_t flags;   /* enum wire_step_flag */
	uint16_t reserved;
	uint64_t num[4];
	struct wire_span str[3];
};

enum wire_step_flag {
	WIRE_OPTIONAL = 1 << 0,     /* a failure is a warning, not the end */
	WIRE_SKIP_MISSING = 1 << 1, /* ENOENT is not a failure (masked paths and the like) */
};

/*
 * Operations. "root" is a slot with the mounted root of the container; paths in it are resolved
 * with openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS) and missing parents are made one
 * component at a time with no-follow opens.
 */
enum wire_op {
	/* prepare */
	/* slot0 hierarchy root dir, slot1 out leaf dir; str0 path below it; str1 v2 controllers
	   to enable in each ancestor's subtree_control ("+memory +pids"); num0: 1 = inherit
	   cpuset.cpus/mems (v1 cpuset). The leaf must be new (EEXIST is a failure), parents may
	   exist. str2: a file of the leaf, which slot1 then becomes, opened for writing. */
	WIRE_CGROUP_MAKE = 1,
	/* slot0 dir; str0 file below it; str1 bytes (size without NUL is written, one write) */
	WIRE_WRITE = 2,
	/* slot0 dir (WIRE_NO_SLOT: str0 is absolute), slot1 out; str0 path; num0 open flags
	   (O_CLOEXEC | O_NOFOLLOW are added). Also a child step: "/" after joining a mount
	   namespace. */
	WIRE_OPEN = 3,
	/* slot0 memory cgroup dir; num0: 1 = v1 (oom_control, eventfd), 2 = v2 (memory.events) */
	WIRE_OOM_WATCH = 4,

	/* slot1 out, slot2 out: "upper" and "work" in "layer" of the state directory, which goes
	   before the container is told to be gone */
	WIRE_SCRATCH = 105,

	/* child: processes and namespaces */
	/* slot0 cgroup.procs, or tasks on v1 (which waits for no grace period); writes "0" */
	WIRE_CGROUP_JOIN = 20,
	WIRE_SETNS = 21,   /* slot0 namespace fd; num0 CLONE_NEW* type */
	WIRE_UNSHARE = 22, /* num0 flags */
	WIRE_SETSID = 23,
	WIRE_NONDUMPABLE = 24,
	WIRE_STDIO = 25, /* slot0..2 become descriptors 0..2 */
	WIRE_CTTY = 26,  /* makes descriptor 0 the controlling terminal */
	/* slot0 root; str0 devpts path in it ("dev/pts"); slot1 out slave; num0 = rows << 16 |
	   cols (0: leave); num1, num2: uid, gid of the slave. The master is sent to the monitor
	   and on to the client. */
	WIRE_TTY_OPEN = 27,
	WIRE_HOSTNAME = 28, /* str0 */
	WIRE_LOOPBACK_UP = 29,
	WIRE_DOMAINNAME = 31, /* str0 */
	/* a session keyring of its own; where the kernel refuses that, the one it has stays */
	WIRE_KEYRING = 32,
	WIRE_PARK = 30, /* reports PARKED, waits for the go; EOF ends the process */

	/* child: mounts */
	/* num0 MS_* flags for mount(NULL, "/", NULL, flags), from the namespace's own root even
	   if the host is in a chroot */
	WIRE_PROPAGATION = 40,
	/* open_tree clone: slot0 O_PATH source, slot1 out; num0: 1 = recursive */
	WIRE_TREE = 41,
	/* fsopen + fsconfig + fsmount: slot1 out; str0 type; str1 options "k=v\0flag\0"; num0
	   MOUNT_ATTR_* */
	WIRE_FS = 42,
	/* mount_setattr: slot0 mount; num0 attr_set; num1 attr_clr; num2 propagation; num3: 1 =
	   recursive */
	WIRE_ATTR = 43,
	/* slot0 detached mount, attached over "/": it stays the root slot for what follows */
	WIRE_ATTACH_ROOT = 44,
	/* slot0 detached mount, slot1 root; str0 target; num0: 0 must exist, 1 make a dir, 2 make
	   a file */
	WIRE_ATTACH = 45,
	/* slot1 root; str0 path; num0 mode; num1, num2: uid, gid. Existing is fine. */
	WIRE_MKDIR = 46,
	/* slot1 root; str0 path; num0 mode with type; num1 dev_t; num2 uid << 32 | gid. Existing
	   is a failure. */
	WIRE_MKNOD = 47,
	/* slot1 root; str0 link path; str1 target. An existing entry is left alone. */
	WIRE_SYMLINK = 48,
	/* slot1 root; str0 path; str1 bytes; num0 mode; num1, num2: uid, gid. O_EXCL. */
	WIRE_MKFILE = 49,
	/* slot1 root; str0 path; slot0 a detached clone of the host's checked /dev/null, one for
	   each mask; directories get an empty read-only tmpfs instead */
	WIRE_MASK = 50,
	/* slot1 root; str0 path: bind over itself, read-only, keeping nosuid, nodev, noexec */
	WIRE_READONLY = 51,
	/* slot0 the attached root: fchdir, pivot_root(".", "."), detach the old root, chdir "/" */
	WIRE_PIVOT = 52,
	/* slot0 procfs mount fd (checked by fstatfs); str0 path below it; str1 value */
	WIRE_SYSCTL = 53,
	/* as SYSCTL, but below /proc/self of that procfs, checked the same way ("oom_score_adj") */
	WIRE_PROC_WRITE = 54,
	WIRE_CHROOT = 55, /* slot0 directory: fchdir, chroot(".") (joined mount namespaces) */

	/* child: the process itself, in this order */
	WIRE_RLIMIT = 60, /* num0 resource; str0 its name, or empty; num1 soft; num2 hard */
	WIRE_UMASK = 61,  /* num0 */
	/* str0; afterwards getcwd must not be outside the root. num0: 1 = make it when missing */
	WIRE_CHDIR = 62,
	WIRE_GROUPS = 63,   /* str0 array of uint32_t gids */
	WIRE_IDS = 64,      /* num0 uid; num1 gid: PR_SET_KEEPCAPS, setresgid, setresuid */
	WIRE_BOUNDING = 65, /* num0 mask of capabilities to keep in the bounding set */
	WIRE_CAPS = 66,     /* num0 effective; num1 permitted; num2 inheritable; num3 ambient */
	WIRE_NO_NEW_PRIVS = 67,
	WIRE_SECCOMP = 68, /* str0 array of struct sock_filter; num0 flags */
	/* stay as a small init: the rest of the phase runs in a child of it */
	WIRE_INIT = 69,
	/* str0 candidate paths "a\0b\0"; str1 argv "a\0b\0"; str2 envp "A=1\0"; num0 argc; num1
	   envc; num2: 1 = the first candidate failing with ENOENT was given as a path */
	WIRE_EXEC = 70,
	/* as WIRE_EXEC, in its place: a program that starts the container and tells of it, see
	   <execdriver/worker.h>; str0 its path; num2 enum wire_worker_flag. Without WIRE_INIT,
	   WIRE_PARK, WIRE_TTY_OPEN and new pid namespaces: those are the program's. */
	WIRE_WORKER = 71,
	/* child: how it is scheduled, and what it may do; before the privileges for it are gone */
	WIRE_SCHEDULER = 115,   /* str0 text; str1 struct scheduling for sched_setattr */
	WIRE_NICE = 116,        /* num0, an int64_t */
	WIRE_IOPRIO = 117,      /* str0 text; num0 value for ioprio_set */
	WIRE_AFFINITY = 118,    /* str0 text; str1 mask of cpus */
	WIRE_PERSONALITY = 119, /* str0 name; num0 */
	/* str0 "ro:PATH\0rw:PATH\0"; num0 the rights that are handled, which rw grants; num1 those
	   that ro grants */
	WIRE_LANDLOCK = 120,
	/* prepare: slot1 out, a connection to the SOCK_STREAM socket at the path str0 */
	WIRE_CONNECT = 121,
	/* as WIRE_SECCOMP, and the filter's listener goes to the connection slot0 with a text: the
	   pieces "a\0b\0c\0" of str1 with the process's pid between them. Once at most. */
	WIRE_SECCOMP_NOTIFY = 122,
	/* slot0 a descriptor for WIRE_WORKER, which gets them as 4 and up in the order of steps */
	WIRE_LEND = 72,

	/* child: roots and clocks */
	/* slot0 procfs; str0 lines for timens_offsets, or none: unshares, sets, enters */
	WIRE_TIME = 100,
	/* slot0 a detached file system; slot1 root; str0 a directory, of which it gets a copy;
	   num0: 1 = with the owner and mode of that itself */
	WIRE_COPYUP = 102,
	/* slot0 a lower directory of the overlay that follows, the top one first */
	WIRE_LAYER = 103,
	/* slot1 out; slot2 upper; slot3 work; num0 MOUNT_ATTR_* */
	WIRE_OVERLAY = 104,
	/* slot0 the attached root; slot1 procfs: detaches all else of the old root, chroot(2) */
	WIRE_NO_PIVOT = 101,

	/* end and cleanup */
	/* slot0 dir; num0: 1 = v1 (slot1 freezer dir, which may be slot0), 2 = v2 (cgroup.kill) */
	WIRE_CGROUP_KILL = 80,
	/* slot0 hierarchy root dir; slot1 the leaf dir (skipped when never made); str0 path; with
	   its children, bounded */
	WIRE_CGROUP_REMOVE = 81,

	/* child: user namespaces */
	/* slot1 out: a new one, with str0 as uid_map and str1 as gid_map; num0 enum
	   wire_userns_flag. Nobody is in it yet. */
	WIRE_USERNS = 90,
	/* a new process goes on with the next step, in place of this one and as the monitor's
	   child; num0 CLONE_NEW* for it. Only so does one get into a pid namespace that it made
	   or joined itself. Not with WIRE_WORKER, and before WIRE_INIT and WIRE_PARK. */
	WIRE_REBIRTH = 91,
	/* slot0 mount; slot1 user namespace: files of user N belong there to the N of the
	   namespace; num0: 1 = recursive; str0 the mount for people */
	WIRE_IDMAP = 92,
	/* prepare */
	/* slot0 cgroup v2 dir; str0 the rules in words; str1 array of struct bpf_insn, a program of
	   BPF_PROG_TYPE_CGROUP_DEVICE to be attached to it beside those of others */
	WIRE_DEVICES = 110,
};

enum wire_worker_flag {
	WIRE_WORKER_REMOTE = 1 << 0, /* EXD_WORKER_REMOTE */
	WIRE_WORKER_PARK = 1 << 1,   /* it must report PARKED */
	WIRE_WORKER_TTY = 1 << 2,    /* its READY brings a pty master */
};

enum wire_userns_flag {
	WIRE_USERNS_HELPERS = 1 << 0,      /* maps written by newuidmap and newgidmap */
	WIRE_USERNS_NO_SETGROUPS = 1 << 1, /* nobody in it can change additional groups */
};

/* A step that failed, as the child or the walker reports it. */
struct wire_failure {
	uint32_t code; /* enum exd_code */
	int32_t sys_errno;
	uint32_t stage;   /* enum exd_stage */
	int32_t step;     /* index in the whole plan, or -1 */
	uint32_t op;      /* enum wire_op */
	char object[128]; /* what it was about: a path, a name; NUL-terminated, cut */
};

/* How a process ended. Times are CLOCK_REALTIME and in ns. */
struct wire_exit {
	int32_t status; /* raw wait status of the program; 0 when `coded` */
	uint8_t oom_killed;
	uint8_t oom_evidence; /* enum exd_oom_evidence */
	uint8_t stdio_held_open;
	uint8_t lost; /* enum exd_lost: 0 = not lost */
	uint64_t oom_kills;
	uint64_t started_ns;
	uint64_t finished_ns;
	uint64_t user_us;
	uint64_t system_us;
	uint64_t maxrss_kb;
	uint32_t code; /* when `coded`: how a program ended that has no wait status */
	uint8_t coded;
	uint8_t reserved[3];
};

/*
 * Messages: SOCK_SEQPACKET, one struct wire_msg followed by `size - sizeof(struct wire_msg)`
 * bytes of body, at most WIRE_MSG_MAX in all, with at most WIRE_FDS_MAX descriptors. `request` is
 * chosen by the client, unique on its connection; everything about one launch carries the request
 * of its WIRE_LAUNCH.
 */
#define WIRE_MSG_MAX 65536u
#define WIRE_FDS_MAX 253u
#define WIRE_LINGER_MAX 3600u

struct wire_msg {
	uint32_t size;
	uint16_t type; /* enum wire_type */
	uint16_t fds;  /* how many descriptors come with it */
	uint64_t request;
};

enum wire_type {
	/* client to monitor */
	WIRE_HELLO = 1, /* body wire_hello; answered by WIRE_WELCOME */
	WIRE_FDS = 2,   /* descriptors for the slots of the launch to come, in order */
	/* body wire_launch + texts; fds: plan memfd, then as wire_launch.with says */
	WIRE_LAUNCH = 3,
	/* body int32_t verdict: 0 = start hook done, else kill it, also before it has started */
	WIRE_ACK = 4,
	WIRE_GO = 5,   /* body int32_t verdict: 0 = pre_start hook done, else abort */
	WIRE_KILL = 6, /* body wire_kill; answered by WIRE_RESULT */
	/* body id text; fd: write end of an OOM channel; answered by WIRE_RESULT */
	WIRE_OOM_ATTACH = 7,
	/* body uint64_t: events with a greater sequence number follow as WIRE_EVENT */
	WIRE_SUBSCRIBE = 8,
	WIRE_RESIZE = 9, /* body wire_resize, for a detached tty; answered by WIRE_RESULT */
	/* body id text: WIRE_EXITED with this request follows when that container ends, at once
	   when it has; WIRE_RESULT with -ENOENT when it is not one of this monitor's */
	WIRE_WATCH = 10,

	/* monitor to client */
	WIRE_WELCOME = 32, /* body wire_welcome */
	WIRE_PARKED = 33,  /* body wire_started; fd: pidfd */
	/* body wire_started; fds: pidfd, or another that is readable at the end; then the pty
	   master when there is one */
	WIRE_STARTED = 34,
	/* body wire_failure: the launch came to nothing and was cleaned up; a worker's words, with
	   NUL, may follow it */
	WIRE_FAILED = 35,
	/* body wire_failure: an optional step failed; or, with code 0, a worker's words, with NUL */
	WIRE_WARNING = 36,
	WIRE_EXITED = 37,  /* body wire_exit */
	WIRE_RESULT = 38,  /* body int32_t: 0 or -errno */
	WIRE_EVENT = 39,   /* body wire_event + id text */
	WIRE_CLEANED = 40, /* no body: cleanup of an exited container is over (cgroups gone) */
};

struct wire_hello {
	uint32_t version;  /* WIRE_VERSION */
	uint32_t linger_s; /* how long it is to stay after its last client */
};

struct wire_welcome {
	uint32_t version;
	uint32_t pid;
	uint64_t sequence; /* of the newest event */
	uint32_t full;     /* 1: it has enough to do; new containers are for another one */
	uint32_t reserved;
};

enum wire_launch_flag {
	/* a process in a running container: no state; OOM watch, end and cleanup only of a cgroup of
	   its own */
	WIRE_LAUNCH_EXEC = 1 << 0,
	WIRE_LAUNCH_TIED = 1 << 1, /* dies with the client's connection */
	/* the state directory goes after the exit (--rm, foreground) */
	WIRE_LAUNCH_EPHEMERAL = 1 << 2,
	/* with[WIRE_WITH_DRAIN_*]: read ends to watch for the hang-up */
	WIRE_LAUNCH_DRAIN = 1 << 3,
};

/* Descriptors after the plan, present in this order when their bit is set in wire_launch.with. */
enum wire_with {
	WIRE_WITH_STATE_DIR = 1 << 0, /* directory fd of <root>/<id> */
	WIRE_WITH_ROOT_DIR = 1 << 1,  /* directory fd of <root> */
	/* the held lock of the state directory, kept until the container is gone */
	WIRE_WITH_LOCK = 1 << 2,
	WIRE_WITH_OOM = 1 << 3, /* write end of the OOM channel */
	/* read end of the stdout pipe: watched for EOF, never read */
	WIRE_WITH_DRAIN_OUT = 1 << 4,
	WIRE_WITH_DRAIN_ERR = 1 << 5,
	WIRE_WITH_OUTPUT = 1 << 6, /* file: the pty master is copied into it (detached tty) */
};

struct wire_launch {
	uint32_t flags;           /* enum wire_launch_flag */
	uint32_t with;            /* enum wire_with */
	uint32_t hook_timeout_ms; /* 0: 30 s */
	uint32_t drain_ms;        /* grace for stdio after the exit */
	/* how many slots were filled by WIRE_FDS messages; must equal wire_plan.fds */
	uint16_t slot_fds;
	uint16_t id_size; /* text 1: the container's id, with NUL */
	/* text 2: state.json without its closing brace, with NUL; the monitor appends
	   ,"status":"running","pid":N,"start_time":N,"boot_id":"..."} and writes it (temp +
	   rename) */
	uint32_t state_size;
	uint64_t plan_hash; /* FNV-1a of the plan, repeated in the record and the log */
	uint32_t warm;      /* of a plan with a cut: how many boxes to keep, up to WIRE_WARM_MAX */
	uint32_t reserved;
};

#define WIRE_WARM_MAX 64u
/* A box's cgroups are named so until a launch takes it, and <this><name of its monitor>-... */
#define WIRE_WARM_PREFIX "warm-"

enum wire_started_flag {
	WIRE_STARTED_WARM = 1 << 0, /* it was taken from the boxes that were kept */
	WIRE_STARTED_FULL = 1 << 1, /* as wire_welcome.full, from now on */
};

struct wire_started {
	int32_t pid;         /* in the monitor's pid namespace; 0: none on this host */
	uint32_t flags;      /* enum wire_started_flag */
	uint64_t start_time; /* field 22 of /proc/PID/stat */
};

struct wire_kill {
	int32_t signal;
	uint32_t id_size; /* text: the container's id, with NUL */
};

struct wire_resize {
	uint16_t rows;
	uint16_t columns;
	uint32_t id_size;
};

struct wire_event {
	uint64_t sequence; /* grows strictly; not dense */
	uint64_t time_ns;  /* CLOCK_REALTIME */
	uint32_t type;     /* enum exd_event_type */
	int32_t pid;
	struct wire_exit exit; /* for an exit; oom_kills is also set for an OOM event */
	uint32_t id_size;
	uint32_t reserved;
};

/*
 * What the child tells the monitor over its report socket (SOCK_SEQPACKET); EOF after EXECUTING
 * means: it runs.
 */
enum wire_report_type {
	WIRE_REPORT_FAILURE = 1,   /* body wire_failure */
	WIRE_REPORT_WARNING = 2,   /* body wire_failure */
	WIRE_REPORT_PARKED = 3,    /* waits for one byte: 0 = go */
	WIRE_REPORT_TTY = 4,       /* fd: the pty master */
	WIRE_REPORT_EXECUTING = 5, /* execve comes next */
	/* body int32_t: raw wait status of the program under WIRE_INIT */
	WIRE_REPORT_INIT_EXIT = 6,
	WIRE_REPORT_LISTENER = 8, /* fd: a seccomp listener; waits for one byte: 0 = go */
	WIRE_REPORT_BOX = 7,      /* at the cut: waits for a struct wire_take, or the end of the line */
};

/*
 * The monitor's answer to WIRE_REPORT_BOX: the plan to go on with from its cut, and descriptors for
 * slots of it. fds: the plan's memfd, then as many as slots.
 */
struct wire_take {
	uint16_t slots;
	uint16_t slot[WIRE_FDS_MAX - 1];
};

struct wire_report {
	uint32_t type;
	int32_t status;
	struct wire_failure failure;
};

#endif
