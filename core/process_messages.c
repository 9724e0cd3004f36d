/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the monitor tells about a process, and the hooks that follow from it. */
#include "core/process.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/wire_names.h"
#include "core/collision.h"
#include "core/exit_status.h"
#include "core/leftover.h"
#include "core/log.h"

/* What to do about failures that the words of errno do not explain; else empty. */
static const char *hint(const struct wire_failure *failure)
{
	if (failure->op == WIRE_RLIMIT && failure->sys_errno == EPERM)
		return " (above the caller's hard limit only with CAP_SYS_RESOURCE)";
	if (failure->op == WIRE_PROC_WRITE && failure->sys_errno == EACCES)
		return " (below the caller's own value only with CAP_SYS_RESOURCE)";
	if (failure->sys_errno == EMFILE)
		return " (the hard limit of open files is too low: 'ulimit -Hn 1024' "
		       "does for a start)";
	if (failure->op == WIRE_WRITE && failure->sys_errno == ENOENT &&
	    strcmp(failure->object, "memory.swap.max") == 0)
		return " (cgroup controller memory of this kernel does not count swap: it takes "
		       "CONFIG_SWAP and, at boot, swapaccount=1)";
	return "";
}

/* A failure is one, whatever it is called. */
static enum exd_code code_of(const struct wire_failure *failure)
{
	bool known = failure->code > EXD_OK && failure->code <= EXD_ERR_INTERNAL;

	return known ? (enum exd_code)failure->code : EXD_ERR_INTERNAL;
}

/*
 * "step 14: mount proc on /proc: Operation not permitted"; a program that cannot run needs no step
 * number.
 */
static int failure_error(const struct wire_failure *failure, struct exd_error *error)
{
	const char *object = failure->object;
	int size = (int)strnlen(object, sizeof(failure->object));
	const char *op = wire_op_name(failure->op);
	int r;

	if (failure->code == EXD_ERR_LIMIT_TOO_SMALL)
		r = exd_error_set(error, EXD_ERR_LIMIT_TOO_SMALL, 0,
				  "the memory limit is too small: it killed the container "
				  "before its program began");
	else if (failure->op == WIRE_EXEC && failure->code == EXD_ERR_EXEC &&
		 failure->sys_errno == ENOENT)
		r = exd_error_set(error, code_of(failure), ENOENT,
				  "cannot execute '%.*s': the interpreter that it names in its "
				  "first line or ELF header was not found",
				  size, object);
	else if (failure->op == WIRE_EXEC && failure->code != EXD_ERR_RLIMIT)
		r = exd_error_set(error, code_of(failure), failure->sys_errno, "cannot execute '%.*s'",
				  size, object);
	else if (failure->op == WIRE_CGROUP_MAKE && failure->sys_errno == EEXIST && size &&
		 size < (int)sizeof(failure->object))
		r = collision_error(failure->object, error);
	else if (failure->step < 0)
		r = exd_error_set(error, code_of(failure), failure->sys_errno,
				  "cannot start the container%s%.*s%s", size ? ": " : "", size,
				  object, hint(failure));
	else
		r = exd_error_set(error, code_of(failure), failure->sys_errno, "step %d: %s%s%.*s%s",
				  failure->step, op, size ? " " : "", size, object, hint(failure));
	error->stage = failure->stage;
	error->step = failure->step;
	return r;
}

/* What a driver's worker says of itself, behind the failure; NULL: nothing. */
static const char *words(const struct message *message)
{
	const char *text = (const char *)message->body + sizeof(struct wire_failure);
	size_t size = message->size - sizeof(struct wire_failure);

	return message->size > sizeof(struct wire_failure) && text[0] && text[size - 1] == '\0'
		       ? text
		       : NULL;
}

static int worker_error(const struct wire_failure *failure, const char *text,
			struct exd_error *error)
{
	(void)exd_error_set(error, code_of(failure), 0, "%s", text);
	error->sys_errno = failure->sys_errno;
	error->stage = EXD_STAGE_CHILD;
	return failure->sys_errno > 0 ? -failure->sys_errno : -EINVAL;
}

static void take_started(struct exd_process *p, const struct wire_started *started,
			 struct message *message, enum exd_phase phase)
{
	p->start_time = started->start_time;
	if (started->flags & WIRE_STARTED_FULL)
		pool_forget(p->engine, p->conn->monitor);
	pthread_mutex_lock(&p->lock);
	p->pid = started->pid;
	/* It was lent out when the process was parked, and is of the same process. */
	if (p->pidfd < 0)
		p->pidfd = take_fd(&message->fds[0]);
	p->tty = take_fd(&message->fds[1]);
	p->phase = phase;
	pthread_mutex_unlock(&p->lock);
}

/* What a hook said, as the monitor's verdict. */
static int32_t verdict(struct exd_process *p, const char *hook, int r)
{
	if (r >= 0)
		return 0;
	if (p->result == 0)
		p->result = exd_error_set(&p->error, EXD_ERR_HOOK, -r, "the %s hook failed", hook);
	return r;
}

/*
 * The monitor would wait for it, and kill a program that runs. Without the line it knows at once,
 * and the next read shows it here too, as it does when the monitor is gone.
 */
static void send_verdict(struct exd_process *p, enum wire_type type, int32_t answer)
{
	int r = conn_send(p->conn, type, &answer, sizeof(answer));

	if (r < 0 && r != -EPIPE)
		p->severed = p->tied ? -r : 0;
	if (r < 0)
		(void)shutdown(p->conn->fd, SHUT_RDWR);
}

/* The monitor did not wait any longer and killed it, which must not look like its own end. */
static void note_late_hooks(struct exd_process *p, const struct exd_exit_status *status)
{
	if (p->late && p->result == 0 && status->signal == SIGKILL)
		p->result = exd_error_set(
			&p->error, EXD_ERR_TIMEOUT, ETIMEDOUT,
			"the hooks of '%s' took longer than %" PRId64 " ms: it was killed", p->id,
			process_hook_ms(p));
}

static void parked(struct exd_process *p, struct message *message)
{
	const struct wire_started *started = message_body(message, sizeof(*started));
	struct exd_hooks hooks = process_hooks(p);
	int32_t answer = 0;

	if (!started || p->phase != EXD_PHASE_STARTING)
		return;
	take_started(p, started, message, EXD_PHASE_PARKED);
	p->pre_started = true;
	if (hooks.pre_start)
		answer = verdict(p, "pre_start", hooks.pre_start(hooks.ctx, p, p->pid));
	send_verdict(p, WIRE_GO, answer);
}

static void apply_size(struct exd_process *p)
{
	struct winsize size;

	pthread_mutex_lock(&p->lock);
	size = (struct winsize){.ws_row = p->rows, .ws_col = p->columns};
	if (p->tty >= 0 && (p->rows || p->columns))
		(void)ioctl(p->tty, TIOCSWINSZ, &size);
	pthread_mutex_unlock(&p->lock);
}

static void started_running(struct exd_process *p, struct message *message)
{
	const struct wire_started *started = message_body(message, sizeof(*started));
	struct exd_hooks hooks = process_hooks(p);
	int32_t answer = 0;

	if (!started || p->phase > EXD_PHASE_PARKED)
		return;
	take_started(p, started, message, EXD_PHASE_RUNNING);
	apply_size(p);
	/* From here on the lock of the state directory is the monitor's alone. */
	if (p->dir.lock_fd >= 0)
		(void)close(take_fd(&p->dir.lock_fd));
	free(take_ptr(&p->state));
	engine_log(p->engine, EXD_LOG_DEBUG, p->plugin->name, p->id, "%s runs as pid %d%s",
		   p->is_exec ? "process" : "init", (int)p->pid,
		   started->flags & WIRE_STARTED_WARM ? ", in a box that was kept warm" : "");
	if (hooks.start)
		answer = verdict(p, "start", hooks.start(hooks.ctx, p, p->pid, p->oom_fd));
	p->late = clock_ms() - p->launched_ms >= process_hook_ms(p);
	send_verdict(p, WIRE_ACK, answer);
}

static void warned(struct exd_process *p, const struct message *message)
{
	const struct wire_failure *failure = message_body(message, sizeof(*failure));
	struct exd_error error = EXD_ERROR_INIT;

	if (!failure)
		return;
	if (words(message))
		(void)worker_error(failure, words(message), &error);
	else if (failure->stage == EXD_STAGE_CLEANUP)
		(void)exd_error_set(&error, failure->code, failure->sys_errno,
				    "cannot write exit.json, the record of its end");
	else
		(void)failure_error(failure, &error);
	engine_log(p->engine, EXD_LOG_WARNING, p->plugin->name, p->id, "%s", error.text);
}

static void failed(struct exd_process *p, const struct message *message)
{
	const struct wire_failure *failure = message_body(message, sizeof(*failure));
	struct exd_error error = EXD_ERROR_INIT;
	int r;

	if (failure && words(message))
		r = worker_error(failure, words(message), &error);
	else if (failure)
		r = failure_error(failure, &error);
	else
		r = exd_error_set(&error, EXD_ERR_PROTOCOL, EPROTO,
				  "the monitor's report of a failure");
	/* The lock too has to go before anything else can be removed. */
	state_dir_close(&p->dir);
	if (!p->is_exec)
		leftover_remove(p->engine, p->id);
	process_failed(p, r, &error);
}

static void exited(struct exd_process *p, const struct message *message)
{
	const struct wire_exit *end = message_body(message, sizeof(*end));
	struct exd_exit_status status;

	if (!end || p->phase != EXD_PHASE_RUNNING)
		return;
	exit_status_from_wire(&status, end);
	note_late_hooks(p, &status);
	process_exited(p, &status);
}

void process_handle(struct exd_process *p, struct message *message)
{
	switch (message->head.type) {
	case WIRE_PARKED:
		parked(p, message);
		break;
	case WIRE_STARTED:
		started_running(p, message);
		break;
	case WIRE_WARNING:
		warned(p, message);
		break;
	case WIRE_FAILED:
		failed(p, message);
		break;
	case WIRE_EXITED:
		exited(p, message);
		break;
	case WIRE_CLEANED:
		if (p->phase == EXD_PHASE_EXITED)
			process_cleaned(p);
		break;
	case WIRE_RESULT:
		break;
	default:
		engine_log(p->engine, EXD_LOG_WARNING, p->plugin->name, p->id,
			   "the monitor sent a message of type %u", message->head.type);
		break;
	}
}
