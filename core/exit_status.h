/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exit statuses: the monitor's form and the public one. */
#ifndef EXECDRIVER_CORE_EXIT_STATUS_H
#define EXECDRIVER_CORE_EXIT_STATUS_H

#include <execdriver/execdriver.h>

#include "base/wire.h"

/* The whole status, struct_size set. */
void exit_status_from_wire(struct exd_exit_status *to, const struct wire_exit *from);

/* From a raw wait status and nothing else. */
void exit_status_from_wait(struct exd_exit_status *to, int wait_status);

#endif
