/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a worker program and its monitor say to each other. A worker is a program of a driver's
 * that starts the container by means of its own (a library, a remote service); a plan names it
 * with exd_plan_worker().
 */
#ifndef EXECDRIVER_WORKER_H
#define EXECDRIVER_WORKER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A worker starts with the container's stdin, stdout and stderr as descriptors 0 to 2 (with a tty:
 * /dev/null), a SOCK_SEQPACKET socket to the monitor as 3, the descriptors that
 * exd_plan_worker() named as 4 and up, and no other. It is single-threaded and a session leader,
 * in the working directory "/", with all signals at their defaults. It closes 0 to 2 once init has
 * them: what it holds open counts as held open by the container.
 *
 * It sends one struct exd_worker_report a message, in this order:
 *
 *   PARKED?  READY  EXIT | CODE      or at any point before READY: FAILED
 *
 * with WARNING anywhere between, and ends soon after the last. Anything else is a mistake: before
 * READY it fails the launch, after READY the container is lost. (Send with MSG_NOSIGNAL: the
 * monitor may be gone.)
 *
 * The end of the socket before READY means: undo everything and end, within the timeout of hooks
 * and within 10 s; whoever has not ended by then is killed. After READY it means that nobody
 * listens any more: the container goes on, and the worker cleans up when it has ended. A worker
 * that ends after READY without EXIT or CODE has lost its container: what is left of it is killed
 * and its status is "lost". The same when init has ended for 10 s and nothing was said. After EXIT
 * or CODE it has 10 s to clean up: the phase EXD_CLEANUP of the plan waits for its end. Nothing is
 * ever concluded from the exit code of a worker.
 *
 * Init should not be reaped before READY was sent; one that was is taken at the worker's word.
 * Descent is by parent: a worker whose helpers end before init does is to make itself a child
 * subreaper. The program's resource usage is not reported, and 0 in its exit status.
 *
 * Since 0.1.
 */
#define EXD_WORKER_FD 3
#define EXD_WORKER_FIRST_SLOT 4

enum exd_worker_report_kind {
	/*
	 * The namespaces are complete, the program has not started: EXD_WORKER_GO or the end of the
	 * socket follows. Sent if exd_plan_wants_park() said so; same fields as READY.
	 */
	EXD_WORKER_PARKED = 1,
	/* The program runs: pid, and descriptors as `with` says. */
	EXD_WORKER_READY = 2,
	/* The program has ended: `status` is its raw wait status. */
	EXD_WORKER_EXIT = 3,
	/* As EXIT, where there is no wait status: `status` is the exit code, any 32 bits. */
	EXD_WORKER_CODE = 4,
	/* It never ran, nothing is left of it: code, error_num, text. */
	EXD_WORKER_FAILED = 5,
	/* One line for the log and the user: text. Of the first 64; those beyond are dropped. */
	EXD_WORKER_WARNING = 6
};

/* Descriptors of PARKED and READY, in this order. */
enum exd_worker_report_with {
	/*
	 * Of init. Required unless EXD_WORKER_REMOTE; must belong to `pid`, a descendant of the
	 * worker, and to the same process in both reports.
	 */
	EXD_WORKER_WITH_PIDFD = 1 << 0,
	/*
	 * The master of the container's terminal. Only when a tty was asked for, and required with
	 * READY then.
	 */
	EXD_WORKER_WITH_TTY = 1 << 1,
	/*
	 * The directory of its memory cgroup (v1) or of its cgroup (v2), watched for OOM kills.
	 * Without it and with EXD_WORKER_REMOTE the OOM channel is at its end from the beginning.
	 */
	EXD_WORKER_WITH_MEMORY = 1 << 2
};

struct exd_worker_report {
	uint32_t struct_size;
	uint32_t kind; /* enum exd_worker_report_kind */
	uint32_t with; /* enum exd_worker_report_with */
	int32_t pid;   /* of init as the worker sees it; 0: none on this host (EXD_WORKER_REMOTE) */
	uint32_t status;
	uint32_t code;     /* FAILED: enum exd_code */
	int32_t error_num; /* FAILED: errno value, or 0 */
	char text[484];    /* NUL-terminated, one line */
};

/* What the monitor sends: one struct exd_worker_order a message. */
enum exd_worker_order_kind {
	EXD_WORKER_GO = 1, /* after PARKED: the pre_start hook is done, start the program */
	/*
	 * Only with EXD_WORKER_REMOTE, at any time after READY: end the container now, by
	 * force. EXIT or CODE is still to be reported, within 10 s, or it is lost. (Without that
	 * flag the monitor kills init itself.)
	 */
	EXD_WORKER_STOP = 2
};

struct exd_worker_order {
	uint32_t struct_size;
	uint32_t kind; /* enum exd_worker_order_kind */
};

#ifdef __cplusplus
}
#endif
#endif
