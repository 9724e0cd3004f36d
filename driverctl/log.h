/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Log lines of the engine and of driverctl itself: to standard error or a file, as text or JSON. */
#ifndef EXECDRIVER_DRIVERCTL_LOG_H
#define EXECDRIVER_DRIVERCTL_LOG_H

#include <stdbool.h>

#include <execdriver/execdriver.h>

struct settings;

struct log {
	int fd;    /* where lines go */
	bool file; /* fd is a file of ours */
	bool json;
	enum exd_log_level level;
};

/* By --log, --log-format and --debug. */
int log_open(struct log *log, const struct settings *settings, struct exd_error *err);
void log_close(struct log *log);

/* An exd_log_fn; arg is the struct log. */
void log_line(void *arg, enum exd_log_level level, const char *driver, const char *id,
	      const char *text);

#endif
