/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the worker tells the monitor. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <execdriver/error.h>
#include <execdriver/worker.h>

#include "base/seqpacket.h"
#include "drivers/lxc/worker.h"

static void put(struct worker *w, const struct exd_worker_report *report, const int *fds,
		unsigned int count)
{
	struct iovec iov = {.iov_base = (void *)report, .iov_len = sizeof(*report)};

	if (w->monitor >= 0)
		(void)seq_send(w->monitor, &iov, 1, fds, count);
}

static struct exd_worker_report fresh(uint32_t kind)
{
	return (struct exd_worker_report){.struct_size = sizeof(struct exd_worker_report),
					  .kind = kind};
}

static void put_text(struct exd_worker_report *report, const char *text)
{
	(void)snprintf(report->text, sizeof(report->text), "%s", text);
	for (char *c = report->text; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = ' ';
}

void worker_failed(struct worker *w, uint32_t code, int error_num, const char *text)
{
	struct exd_worker_report report = fresh(EXD_WORKER_FAILED);

	report.code = code;
	report.error_num = error_num;
	put_text(&report, text);
	put(w, &report, NULL, 0);
}

void worker_warn(struct worker *w, const char *text)
{
	struct exd_worker_report report = fresh(EXD_WORKER_WARNING);

	put_text(&report, text);
	put(w, &report, NULL, 0);
}

void worker_alive(struct worker *w, uint32_t kind)
{
	struct exd_worker_report report = fresh(kind);
	int fds[2] = {w->pidfd, w->tty};
	bool tty = kind == EXD_WORKER_READY && w->tty >= 0;

	report.pid = w->pid;
	report.with = EXD_WORKER_WITH_PIDFD | (tty ? EXD_WORKER_WITH_TTY : 0u);
	put(w, &report, fds, tty ? 2 : 1);
	if (!tty)
		return;
	(void)close(w->tty);
	w->tty = -1;
}

void worker_exit(struct worker *w, uint32_t status)
{
	struct exd_worker_report report = fresh(EXD_WORKER_EXIT);

	report.status = status;
	put(w, &report, NULL, 0);
}

/* "lxc NAME DATE ERROR    start - FILE:FUNCTION:LINE - TEXT": the text. */
static bool first_error(char *text, size_t size)
{
	FILE *log = fopen(WORKER_LOG, "re");
	char line[1024];
	bool found = false;

	while (log && !found && fgets(line, sizeof(line), log)) {
		char *at = strstr(line, " ERROR "), *place = at ? strstr(at, " - ") : NULL,
		     *begin = place ? strstr(place + 3, " - ") : NULL;

		found = begin != NULL;
		if (found) {
			begin[3 + strcspn(begin + 3, "\n")] = '\0';
			(void)snprintf(text, size, "%s", begin + 3);
		}
	}
	if (log)
		(void)fclose(log);
	return found;
}

void worker_explain(struct worker *w, const char *what)
{
	char error[400], text[480];

	if (w->failure.kind) {
		(void)snprintf(text, sizeof(text), "%.400s: %s", w->failure.text,
			       strerror(w->failure.error_num));
		worker_failed(w, w->failure.code, w->failure.error_num, text);
		return;
	}
	if (first_error(error, sizeof(error)))
		(void)snprintf(text, sizeof(text), "%s: liblxc says: %s", what, error);
	else
		(void)snprintf(text, sizeof(text), "%s, and liblxc does not say why", what);
	worker_failed(w, EXD_ERR_SYSTEM, 0, text);
}
