/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl list: all containers of the state directory. */
#include <stdio.h>

#include "base/cleanup.h"
#include "driverctl/ctl.h"
#include "driverctl/print.h"

static const struct column columns[] = {
	{"ID", "id", COLUMN_TEXT},
	{"DRIVER", "driver", COLUMN_TEXT},
	{"STATUS", NULL, COLUMN_TEXT},
	{NULL, "status", COLUMN_TEXT},
	{NULL, "supervised", COLUMN_BOOL},
	{NULL, "exit_code", COLUMN_NUMBER},
	{"PID", "pid", COLUMN_NUMBER},
	{"CREATED", "created", COLUMN_TIME},
	{"COMMAND", NULL, COLUMN_TEXT},
	{NULL, "command", COLUMN_JSON},
	{NULL, NULL, COLUMN_TEXT},
};

static bool is_alive(enum exd_status status)
{
	return status == EXD_STATUS_RUNNING || status == EXD_STATUS_PAUSED;
}

/* "running", "running (unsupervised)", "stopped (3)". */
static void add_status(struct listing *listing, const struct exd_box *box)
{
	struct exd_exit_status end = {.struct_size = sizeof(end)};
	enum exd_status status = exd_box_status(box);
	bool ended = exd_box_exit_status(box, &end) && !end.lost;
	char text[64];

	if (status == EXD_STATUS_STOPPED && ended)
		(void)snprintf(text, sizeof(text), "%s (%u)", exd_status_name(status),
			       end.exit_code);
	else
		(void)snprintf(text, sizeof(text), "%s%s", exd_status_name(status),
			       is_alive(status) && !exd_box_monitor_alive(box) ? " (unsupervised)"
									       : "");
	listing_text(listing, text);
	listing_text(listing, exd_status_name(status));
	if (is_alive(status))
		listing_number(listing, exd_box_monitor_alive(box));
	else
		listing_none(listing);
	if (ended)
		listing_number(listing, end.exit_code);
	else
		listing_none(listing);
}

static void add_command(struct listing *listing, const struct exd_box *box)
{
	cleanup_strbuf struct strbuf words = {0}, json = {0};

	(void)sb_add(&words, "");
	(void)sb_add(&json, "[");
	for (size_t i = 0; i < exd_box_arg_count(box); i++) {
		(void)sb_addf(&words, "%s%s", i ? " " : "", exd_box_arg(box, i));
		(void)sb_add(&json, i ? ", " : "");
		(void)sb_add_json(&json, exd_box_arg(box, i));
	}
	(void)sb_add(&json, "]");
	if (words.error || json.error)
		listing->error = -ENOMEM;
	listing_text(listing, words.text ? words.text : "");
	listing_text(listing, json.text ? json.text : "");
}

int verb_list(struct ctl *ctl, struct exd_error *err)
{
	cleanup_listing struct listing listing;
	struct exd_box *box = NULL;
	int r;

	listing_init(&listing, columns, ctl->args.settings.json);
	while ((r = exd_box_next(ctl->engine, &box, err)) > 0) {
		pid_t pid = exd_box_pid(box);

		listing_text(&listing, exd_box_id(box));
		listing_text(&listing, exd_box_driver(box));
		add_status(&listing, box);
		if (pid > 0 && is_alive(exd_box_status(box)))
			listing_number(&listing, (uint64_t)pid);
		else
			listing_none(&listing);
		listing_number(&listing, exd_box_created_ns(box));
		add_command(&listing, box);
	}
	return r < 0 ? r : listing_print(&listing, err);
}
