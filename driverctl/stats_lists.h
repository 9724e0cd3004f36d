/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lists of a sample as JSON: cpus, network interfaces, huge pages. */
#ifndef EXECDRIVER_DRIVERCTL_STATS_LISTS_H
#define EXECDRIVER_DRIVERCTL_STATS_LISTS_H

#include "driverctl/print.h"
#include "driverctl/sample.h"

/* Three cells; each is nothing where there is no such list. */
void stats_lists_add(struct listing *listing, const struct sample *sample);

#endif
