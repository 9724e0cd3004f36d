/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a case of the kit is, and what it may call. A case runs in a child process of its own. */
#ifndef EXECDRIVER_CONFORMANCE_KIT_H
#define EXECDRIVER_CONFORMANCE_KIT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <execdriver/conformance.h>

/* For what happens at once; a machine under load may take its time. */
#define KIT_SOON_MS 15000
#define KIT_LINE 512
#define KIT_ID 160

/* What must not be left when a case is over. */
enum kit_left {
	KIT_LEFT_PROCESSES = 1 << 0,
	KIT_LEFT_MOUNTS = 1 << 1,
	KIT_LEFT_CGROUPS = 1 << 2,
	KIT_LEFT_FILES = 1 << 3,
	KIT_LEFT_ALL = (1 << 4) - 1
};

/* Shared by the kit and the processes of one case. */
struct kit_verdict {
	bool done;
	bool failed;
	char text[1024];
	uint64_t caps; /* by the case that probes */
};

struct kit {
	const struct exd_conformance_options *options;
	struct kit_verdict *verdict;
	uint64_t caps;
	char root[128];  /* state directory of the case */
	char token[32];  /* in each id, and so in the name of all that is made for it */
	int captured;    /* where stdout and stderr of the case go */
	int warnings_fd; /* warnings of the driver, one a line */
	struct exd_engine *engine;
	struct exd_error err;
};

struct kit_case {
	const char *name;
	const char *ids;
	uint64_t caps;
	/* cases, with blanks between them: when one failed, this one would only say it again */
	const char *needs;
	uint32_t left; /* enum kit_left */
	void (*run)(struct kit *kit);
};

/* The cases in order, over all files. */
const struct kit_case *kit_case_at(size_t index);

/* A file's cases. */
struct kit_group {
	const struct kit_case *cases;
	size_t count;
};

extern const struct kit_group kit_abi, kit_open, kit_guest, kit_run, kit_start, kit_stdio, kit_tty,
	kit_hooks, kit_oom, kit_exec, kit_kill, kit_terminate, kit_clean, kit_info, kit_pause,
	kit_figures, kit_end, kit_recover;

#define KIT_GROUP(group)                 \
	const struct kit_group group = { \
		cases,                   \
		sizeof(cases) / sizeof(cases[0])}

/* ---- verdicts: none of these return when the case has failed --------------------------------- */

void kit_fail(struct kit *kit, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
/* Fails unless `held`. */
void kit_check(struct kit *kit, bool held, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Fails when r is negative, with the text of kit->err. Returns r. */
int kit_must(struct kit *kit, int r, const char *what);
/* Fails unless the call failed with this code. */
void kit_refused(struct kit *kit, int r, enum exd_code code, const char *what);
/* Whether the call was refused as beyond the driver, by a text that names `key`. */
bool kit_unsupported(struct kit *kit, int r, const char *key);

/* ---- engines and containers ------------------------------------------------------------------ */

struct exd_engine *kit_engine(struct kit *kit, const char *config);
/* Whether the driver has warned of something that its text names. */
bool kit_warned(struct kit *kit, const char *key);
const char *kit_id(struct kit *kit, const char *name, char id[KIT_ID]);
/* A container's command: the script, its root and its id. Lives as long as the case. */
struct exd_command *kit_command(struct kit *kit, const char *name, const char *script);
/* The same for an exec: neither id nor root. */
struct exd_command *kit_exec_command(struct kit *kit, const char *script);
void kit_set(struct kit *kit, struct exd_command *command, const char *key, const char *value);
/* Runs it to its end, and fails when it could not be run. */
struct exd_exit_status kit_run_command(struct kit *kit, const struct exd_command *command);
/* The same, with what it wrote to stdout. */
struct exd_exit_status kit_output(struct kit *kit, const struct exd_command *command, char *text,
				  size_t size);

/* A container with pipes of ours as stdin and stdout; stderr is /dev/null. */
struct kit_box {
	struct exd_process *process;
	char id[KIT_ID];
	int in;
	int out;
};

#define KIT_ONCE (EXD_START_TIED | EXD_START_EPHEMERAL)

/* Starts it and waits until it runs. */
struct kit_box kit_start_command(struct kit *kit, const char *name,
				 const struct exd_command *command, const struct exd_hooks *hooks,
				 uint32_t flags);
struct kit_box kit_start_box(struct kit *kit, const char *name, const char *script, uint32_t flags);
struct kit_box kit_start_exec(struct kit *kit, const struct kit_box *box,
			      const struct exd_command *command, const struct exd_hooks *hooks);
/* Dispatches until the process is in this phase. */
void kit_until(struct kit *kit, const struct exd_process *process, enum exd_phase phase);
void kit_tell(struct kit *kit, const struct kit_box *box, const char *text);
/* The next line of its stdout without the newline; fails at EOF. */
void kit_line(struct kit *kit, int fd, char line[KIT_LINE]);
void kit_expect(struct kit *kit, int fd, const char *line);
/* Reads on until EOF; fails when none comes. */
void kit_eof(struct kit *kit, int fd, const char *what);
struct exd_exit_status kit_wait(struct kit *kit, const struct kit_box *box);
/* Lets a script that waits in `read` end, and waits for it. */
void kit_let_end(struct kit *kit, struct kit_box *box, uint32_t code);
/* A detached container that has ended; its record is there. */
void kit_stopped(struct kit *kit, const char *name, char id[KIT_ID]);
enum exd_status kit_status(struct kit *kit, const char *id);
/* The engine forgets all, as if its host had gone. */
void kit_new_engine(struct kit *kit);

/* ---- further processes ----------------------------------------------------------------------- */

/* A child that runs fn with an engine of its own; another host. */
pid_t kit_fork(struct kit *kit, void (*fn)(struct kit *kit, void *arg), void *arg);
/* Waits for it; its failure is the case's. */
void kit_join(struct kit *kit, pid_t pid);
/* Runs fn as a host that is killed when fn has returned. */
void kit_host_dies(struct kit *kit, void (*fn)(struct kit *kit, void *arg), void *arg);
/* Kills the monitor of a container. */
void kit_kill_monitor(struct kit *kit, const char *id);

/* ---- looks from outside ---------------------------------------------------------------------- */

void kit_pipe(struct kit *kit, int ends[2]);
void kit_nap(int ms);
size_t kit_count_entries(const char *path);
/* A file of /proc/PID, NUL-terminated; false when it cannot be read. */
bool kit_proc(int pid, const char *file, char *text, size_t size);
/* The field of a status file as text, "" when it has none. */
void kit_proc_field(const char *status, const char *field, char *text, size_t size);
/* device:inode of a namespace, "" when it cannot be read. */
void kit_namespace(int pid, const char *name, char *text, size_t size);
/* Whether the process is there and no zombie. */
bool kit_alive(int pid);

/* ---- the supervisor of a case (supervise.c, left.c) ------------------------------------------ */

/* Runs the case in a child of a child; the verdict says how it ended. */
void kit_supervise(struct kit *kit, const struct kit_case *one);

struct kit_mounts;
struct kit_mounts *kit_mounts_read(void);
/* Says what is left of the case, except processes; false when nothing is. */
bool kit_find_left(struct kit *kit, uint32_t left, const struct kit_mounts *before, char *text,
		   size_t size);
/* Removes the state directory, and with `all` the cgroups and files that bear the token. */
void kit_remove_left(struct kit *kit, bool all);

#endif
