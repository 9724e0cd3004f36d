/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counters of network interfaces from the text of /proc/PID/net/dev. */
#ifndef EXECDRIVER_NATIVE_NETDEV_H
#define EXECDRIVER_NATIVE_NETDEV_H

#include <execdriver/execdriver.h>

/* Adds up all interfaces but lo into the network fields. */
void netdev_sum(const char *text, struct exd_stats *stats);
/* The same one by one, as far as there is room; returns how many there are. */
uint32_t netdev_list(const char *text, struct exd_stats_interface *list, uint32_t max);

#endif
