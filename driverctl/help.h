/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Help, made from the tables of options and sub-commands. */
#ifndef EXECDRIVER_DRIVERCTL_HELP_H
#define EXECDRIVER_DRIVERCTL_HELP_H

#include "driverctl/ctl.h"

/* To standard output. Returns 0 or a negative errno value. */
int help_print_all(struct exd_error *err);
int help_print_verb(const struct verb *verb, struct exd_error *err);

#endif
