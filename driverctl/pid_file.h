/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --pid-file. */
#ifndef EXECDRIVER_DRIVERCTL_PID_FILE_H
#define EXECDRIVER_DRIVERCTL_PID_FILE_H

#include <sys/types.h>

#include <execdriver/error.h>

/* Writes the number, without a newline, so that nobody ever reads half of it. */
int pid_file_write(const char *path, pid_t pid, struct exd_error *err);

#endif
