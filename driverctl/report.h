/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports of the library (probe, explain, gc) as listings. */
#ifndef EXECDRIVER_DRIVERCTL_REPORT_H
#define EXECDRIVER_DRIVERCTL_REPORT_H

#include "base/cleanup.h"
#include "driverctl/ctl.h"

void report_freep(struct exd_report **report);
#define cleanup_report CLEANUP(report_freep)

const char *report_status_name(uint32_t status);

/* STATUS, TOPIC and TEXT, the cure in brackets behind it; with `driver` in JSON, unless NULL. */
int report_print(const struct exd_report *report, const char *driver, bool json,
		 struct exd_error *err);
/* TOPIC and TEXT alone: lines that neither pass nor fail. */
int report_print_steps(const struct exd_report *report, bool json, struct exd_error *err);

#endif
