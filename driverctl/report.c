/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports of the library (probe, explain, gc) as listings. */
#include "driverctl/report.h"

#include "base/cleanup.h"
#include "driverctl/print.h"

static const struct column columns[] = {
	{NULL, "driver", COLUMN_TEXT},
	{"STATUS", "status", COLUMN_TEXT},
	{"TOPIC", "topic", COLUMN_TEXT},
	{NULL, "text", COLUMN_TEXT},
	{NULL, "cure", COLUMN_TEXT},
	{"TEXT", NULL, COLUMN_TEXT},
	{NULL, NULL, COLUMN_TEXT},
};

static const struct column step_columns[] = {
	{"TOPIC", "topic", COLUMN_TEXT},
	{"TEXT", "text", COLUMN_TEXT},
	{NULL, NULL, COLUMN_TEXT},
};

void report_freep(struct exd_report **report)
{
	*report = exd_report_free(*report);
}

const char *report_status_name(uint32_t status)
{
	static const char *const names[] = {
		[EXD_REPORT_INFO] = "info",
		[EXD_REPORT_YES] = "yes",
		[EXD_REPORT_NO] = "no",
		[EXD_REPORT_DEGRADED] = "degraded",
	};

	return status < sizeof(names) / sizeof(names[0]) ? names[status] : "info";
}

static void add_line(struct listing *listing, const struct exd_report_line *line)
{
	cleanup_strbuf struct strbuf text = {0};

	listing_text(listing, report_status_name(line->status));
	listing_text(listing, line->topic);
	listing_text(listing, line->text);
	if (*line->cure)
		listing_text(listing, line->cure);
	else
		listing_none(listing);
	(void)sb_addf(&text, "%s%s%s%s", line->text, *line->cure ? " [" : "", line->cure,
		      *line->cure ? "]" : "");
	if (text.error)
		listing->error = text.error;
	listing_text(listing, text.text ? text.text : "");
}

int report_print(const struct exd_report *report, const char *driver, bool json,
		 struct exd_error *err)
{
	cleanup_listing struct listing listing;
	struct exd_report_line line = {.struct_size = sizeof(line)};

	/* Without a driver there is no column for it. */
	listing_init(&listing, driver ? columns : columns + 1, json);
	listing.bare = true;
	for (size_t i = 0; exd_report_line(report, i, &line); i++) {
		if (driver)
			listing_text(&listing, driver);
		add_line(&listing, &line);
	}
	return listing_print(&listing, err);
}

int report_print_steps(const struct exd_report *report, bool json, struct exd_error *err)
{
	cleanup_listing struct listing listing;
	struct exd_report_line line = {.struct_size = sizeof(line)};

	listing_init(&listing, step_columns, json);
	listing.bare = true;
	for (size_t i = 0; exd_report_line(report, i, &line); i++) {
		listing_text(&listing, line.topic);
		listing_text(&listing, line.text);
	}
	return listing_print(&listing, err);
}
