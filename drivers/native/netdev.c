/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counters of network interfaces from the text of /proc/PID/net/dev. */
#include "drivers/native/netdev.h"

#include <stdlib.h>
#include <string.h>

/* Eight columns of what was received, then those of what was sent. */
enum {
	RX_BYTES = 0,
	RX_PACKETS,
	RX_ERRORS,
	RX_DROPPED,
	TX_BYTES = 8,
	TX_PACKETS,
	TX_ERRORS,
	TX_DROPPED,
	COLUMNS
};

static void add_interface(const char *at, struct exd_stats *stats)
{
	uint64_t column[COLUMNS] = {0};

	for (int i = 0; i < COLUMNS; i++) {
		char *end;

		column[i] = strtoull(at, &end, 10);
		if (end == at)
			return;
		at = end;
	}
	stats->network_rx_bytes += column[RX_BYTES];
	stats->network_rx_packets += column[RX_PACKETS];
	stats->network_rx_errors += column[RX_ERRORS];
	stats->network_rx_dropped += column[RX_DROPPED];
	stats->network_tx_bytes += column[TX_BYTES];
	stats->network_tx_packets += column[TX_PACKETS];
	stats->network_tx_errors += column[TX_ERRORS];
	stats->network_tx_dropped += column[TX_DROPPED];
}

/* Old kernels write no blank behind the colon, and names of aliases hold colons of their own. */
void netdev_sum(const char *text, struct exd_stats *stats)
{
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");
		const char *name = line + strspn(line, " ");
		const char *colon = memrchr(name, ':', n - (size_t)(name - line));

		if (colon && strncmp(name, "lo:", 3) != 0)
			add_interface(colon + 1, stats);
		line += n + (line[n] == '\n');
	}
}
