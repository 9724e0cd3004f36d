/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counters of network interfaces from the text of /proc/PID/net/dev. */
#include "drivers/native/netdev.h"

#include <stdbool.h>
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

static bool read_columns(const char *at, uint64_t column[COLUMNS])
{
	for (int i = 0; i < COLUMNS; i++) {
		char *end;

		column[i] = strtoull(at, &end, 10);
		if (end == at)
			return false;
		at = end;
	}
	return true;
}

/*
 * Takes the next interface but lo off the text; false at its end. Old kernels write no blank behind
 * the colon, and names of aliases hold colons of their own.
 */
static bool next_interface(const char **text, struct exd_stats_interface *out)
{
	while (**text) {
		const char *line = *text;
		size_t n = strcspn(line, "\n");
		const char *name = line + strspn(line, " ");
		const char *colon = memrchr(name, ':', n - (size_t)(name - line));
		uint64_t column[COLUMNS] = {0};
		size_t size;

		*text = line + n + (line[n] == '\n');
		if (!colon || strncmp(name, "lo:", 3) == 0 || !read_columns(colon + 1, column))
			continue;
		size = (size_t)(colon - name);
		*out = (struct exd_stats_interface){
			.rx_bytes = column[RX_BYTES],
			.rx_packets = column[RX_PACKETS],
			.rx_errors = column[RX_ERRORS],
			.rx_dropped = column[RX_DROPPED],
			.tx_bytes = column[TX_BYTES],
			.tx_packets = column[TX_PACKETS],
			.tx_errors = column[TX_ERRORS],
			.tx_dropped = column[TX_DROPPED],
		};
		memcpy(out->name, name, size < sizeof(out->name) ? size : sizeof(out->name) - 1);
		return true;
	}
	return false;
}

void netdev_sum(const char *text, struct exd_stats *stats)
{
	struct exd_stats_interface one;

	while (next_interface(&text, &one)) {
		stats->network_rx_bytes += one.rx_bytes;
		stats->network_rx_packets += one.rx_packets;
		stats->network_rx_errors += one.rx_errors;
		stats->network_rx_dropped += one.rx_dropped;
		stats->network_tx_bytes += one.tx_bytes;
		stats->network_tx_packets += one.tx_packets;
		stats->network_tx_errors += one.tx_errors;
		stats->network_tx_dropped += one.tx_dropped;
	}
}

uint32_t netdev_list(const char *text, struct exd_stats_interface *list, uint32_t max)
{
	struct exd_stats_interface one;
	uint32_t count = 0;

	for (; next_interface(&text, &one); count++)
		if (count < max)
			list[count] = one;
	return count;
}
