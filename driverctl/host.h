/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the host's kernel allows, whatever the driver: each feature is tried, none is guessed. */
#ifndef EXECDRIVER_DRIVERCTL_HOST_H
#define EXECDRIVER_DRIVERCTL_HOST_H

#include <execdriver/execdriver.h>

struct host_answer {
	uint32_t status; /* enum exd_report_status */
	char text[320];
	char cure[400];
};

/*
 * A probe runs in a process of its own, so that whatever it makes, joins or is killed by ends with
 * that. What it makes beyond, it removes.
 */
struct host_probe {
	const char *topic; /* NULL: the end of a table */
	void (*probe)(struct host_answer *answer, const void *arg);
	const void *arg;
};

extern const struct host_probe host_namespaces[];
extern const struct host_probe host_mounts[];
extern const struct host_probe host_calls[];
extern const struct host_probe host_process[];
extern const struct host_probe host_cgroups[];

/* A line for each probe. 0 or negative errno. */
int host_report(struct exd_report *report, struct exd_error *err);

/* ---- for probes ------------------------------------------------------------------------------ */

void host_say(struct host_answer *answer, enum exd_report_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void host_cure(struct host_answer *answer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Yes when r is 0 or more; else no, with what is behind the negative errno value and the cure. */
void host_verdict(struct host_answer *answer, int r, const char *yes, const char *cure);

/* The number in a file of one, such as a sysctl; -1 when it cannot be read. */
long host_number(const char *path);

/*
 * Namespaces of these kinds (CLONE_NEW*) for this process; of who may not, behind a user namespace
 * of its own, in which it is root. Returns 1 when that was needed, 0, or negative errno.
 */
int host_unshare(int flags);

#endif
