/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lists of a sample as JSON: cpus, network interfaces, huge pages. */
#include "driverctl/stats_lists.h"

#include <errno.h>
#include <inttypes.h>

#include "base/strutil.h"

static uint32_t least(uint32_t count, uint32_t max)
{
	return count < max ? count : max;
}

static void add_cpus(struct strbuf *text, const struct exd_stats *stats)
{
	for (uint32_t i = 0; i < least(stats->cpus, stats->cpus_max); i++)
		(void)sb_addf(text, "%s%" PRIu64, i ? ", " : "", stats->cpu_ns[i]);
}

static void add_interfaces(struct strbuf *text, const struct exd_stats *stats)
{
	for (uint32_t i = 0; i < least(stats->interfaces, stats->interfaces_max); i++) {
		const struct exd_stats_interface *one = &stats->interface[i];

		(void)sb_add(text, i ? ", {\"name\": " : "{\"name\": ");
		(void)sb_add_json(text, one->name);
		(void)sb_addf(text,
			      ", \"rx_bytes\": %" PRIu64 ", \"rx_packets\": %" PRIu64
			      ", \"rx_errors\": %" PRIu64 ", \"rx_dropped\": %" PRIu64,
			      one->rx_bytes, one->rx_packets, one->rx_errors, one->rx_dropped);
		(void)sb_addf(text,
			      ", \"tx_bytes\": %" PRIu64 ", \"tx_packets\": %" PRIu64
			      ", \"tx_errors\": %" PRIu64 ", \"tx_dropped\": %" PRIu64 "}",
			      one->tx_bytes, one->tx_packets, one->tx_errors, one->tx_dropped);
	}
}

static void add_hugetlbs(struct strbuf *text, const struct exd_stats *stats)
{
	for (uint32_t i = 0; i < least(stats->hugetlbs, stats->hugetlbs_max); i++) {
		const struct exd_stats_hugetlb *one = &stats->hugetlb[i];

		(void)sb_addf(text,
			      "%s{\"page_size\": %" PRIu64 ", \"usage\": %" PRIu64
			      ", \"peak\": %" PRIu64 ", \"limit\": ",
			      i ? ", " : "", one->page_size, one->usage, one->peak);
		if (one->limit == UINT64_MAX)
			(void)sb_add(text, "null");
		else
			(void)sb_addf(text, "%" PRIu64, one->limit);
		(void)sb_addf(text, ", \"failures\": %" PRIu64 "}", one->failures);
	}
}

static void add_list(struct listing *listing, const struct sample *sample, uint32_t count,
		     void (*fill)(struct strbuf *text, const struct exd_stats *stats))
{
	cleanup_strbuf struct strbuf text = {0};

	if (!sample->lists || !count) {
		listing_none(listing);
		return;
	}
	(void)sb_add(&text, "[");
	fill(&text, &sample->stats);
	if (sb_add(&text, "]") < 0)
		listing->error = -ENOMEM;
	else
		listing_text(listing, text.text);
}

void stats_lists_add(struct listing *listing, const struct sample *sample)
{
	add_list(listing, sample, sample->stats.cpus, add_cpus);
	add_list(listing, sample, sample->stats.interfaces, add_interfaces);
	add_list(listing, sample, sample->stats.hugetlbs, add_hugetlbs);
}
