/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The clocks of a time namespace of its own. */
#ifndef EXECDRIVER_NATIVE_TIME_H
#define EXECDRIVER_NATIVE_TIME_H

#include <execdriver/driver.h>

#include "drivers/native/namespaces.h"

/* Offsets only with a namespace of its own. */
int native_time_check(const struct exd_command *command, struct exd_error *err);
int native_time_plan(const struct exd_command *command, struct exd_plan *plan, int proc_slot,
		     struct exd_error *err);

#endif
