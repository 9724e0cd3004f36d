/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the worker tells its monitor, and what it is told. */
#include "drivers/hcs-stub/worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <execdriver/error.h>
#include <execdriver/worker.h>

#include "base/cleanup.h"
#include "base/seqpacket.h"
#include "drivers/hcs-stub/cmdline.h"
#include "drivers/hcs-stub/emulator_json.h"
#include "drivers/hcs-stub/hcs_protocol.h"

static int report(struct exd_worker_report *r, const int *fds, unsigned int nfds)
{
	struct iovec iov = {.iov_base = r, .iov_len = sizeof(*r)};
	ssize_t n;

	r->struct_size = sizeof(*r);
	n = seq_send(EXD_WORKER_FD, &iov, 1, fds, nfds);
	return n < 0 ? (int)n : 0;
}

static enum exd_code code_of(bool exec, uint32_t call, uint32_t result)
{
	bool process = call == HCS_CALL_CREATE_PROCESS;

	switch (result) {
	case HCS_E_FILE_NOT_FOUND:
		return process ? EXD_ERR_EXEC_NOT_FOUND : EXD_ERR_SYSTEM;
	case HCS_E_ACCESS_DENIED:
	case HCS_E_BAD_PROGRAM:
		return process ? EXD_ERR_EXEC : EXD_ERR_SYSTEM;
	case HCS_E_BAD_DIRECTORY:
		return EXD_ERR_CWD;
	case HCS_E_EXEC_LIMIT:
		return EXD_ERR_HOST;
	case HCS_E_SYSTEM_EXISTS:
		return EXD_ERR_ID_IN_USE;
	case HCS_E_NO_SUCH_SYSTEM:
	case HCS_E_ALREADY_STOPPED:
	case HCS_E_SHUTTING_DOWN:
	case HCS_E_UNEXPECTED_EXIT:
		return exec ? EXD_ERR_NOT_RUNNING : EXD_ERR_SYSTEM;
	case HCS_E_OUT_OF_MEMORY:
		return EXD_ERR_NO_MEMORY;
	default:
		return EXD_ERR_SYSTEM;
	}
}

static void describe(const struct hcs_worker *w, char *text, size_t size, const char *call,
		     uint32_t result)
{
	(void)snprintf(text, size, "hcsshim::%s - Win32 API call returned error r1=0x%08x err=%s "
				   "id=%s",
		       call, result, hcs_error_text(result), w->launch.id);
}

/* The program's name is what a user wants to know then. */
static void name_program(const struct hcs_worker *w, char *text, size_t size)
{
	cleanup_json struct json_object *json = json_parse(w->launch.process);
	const char *program = json_text(json, "ApplicationName");
	cleanup_free char **argv = NULL;
	size_t argc, end = strlen(text);

	if (!*program && cmdline_split(json_text(json, "CommandLine"), &argv, &argc) == 0)
		program = argv[0];
	(void)snprintf(text + end, size - end, " program=%s", program);
}

int worker_failed(uint32_t code, int error_num, const char *text)
{
	struct exd_worker_report r = {
		.kind = EXD_WORKER_FAILED, .code = code, .error_num = error_num};

	(void)snprintf(r.text, sizeof(r.text), "%s", text);
	(void)report(&r, NULL, 0);
	return 125;
}

int worker_call_failed(struct hcs_worker *w, const char *call, uint32_t result)
{
	const enum exd_code code =
		code_of(w->launch.exec, (uint32_t)hcs_call_find(call), result);
	char text[sizeof(((struct exd_worker_report *)NULL)->text)];

	if (result == HCS_E_EXEC_LIMIT)
		(void)snprintf(
			text, sizeof(text),
			"The limit of docker execs per Hyper-V container has been exceeded");
	else
		describe(w, text, sizeof(text), call, result);
	if (code == EXD_ERR_EXEC_NOT_FOUND || code == EXD_ERR_EXEC)
		name_program(w, text, sizeof(text));
	return worker_failed(code, 0, text);
}

void worker_warn(const struct hcs_worker *w, const char *call, uint32_t result)
{
	struct exd_worker_report r = {.kind = EXD_WORKER_WARNING};

	describe(w, r.text, sizeof(r.text), call, result);
	(void)report(&r, NULL, 0);
}

/*
 * Without the pidfd that the service gives: the monitor would wait 10 s for our word once the
 * process has ended, and the others in the system may have longer than that to shut down.
 */
int worker_ready(const struct hcs_worker *w)
{
	struct exd_worker_report r = {.kind = EXD_WORKER_READY,
				      .pid = (int32_t)w->process.process_id};

	if (w->process.console_fd >= 0)
		r.with = EXD_WORKER_WITH_TTY;
	return report(&r, &w->process.console_fd, r.with ? 1 : 0);
}

void worker_code(uint32_t code)
{
	struct exd_worker_report r = {.kind = EXD_WORKER_CODE, .status = code};

	(void)report(&r, NULL, 0);
}

bool worker_told_to_stop(struct hcs_worker *w)
{
	struct exd_worker_order order;
	unsigned int nfds = 0;
	ssize_t n = seq_recv(EXD_WORKER_FD, &order, sizeof(order), NULL, &nfds, MSG_DONTWAIT);

	if (n == -EAGAIN)
		return false;
	if (n <= 0)
		w->alone = true;
	return n == (ssize_t)sizeof(order) && order.kind == EXD_WORKER_STOP;
}
