/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driverctl drivers: what is configured, what it can do, and why one cannot be used. */
#include "base/cleanup.h"
#include "driverctl/ctl.h"
#include "driverctl/print.h"

static const struct column columns[] = {
	{"NAME", "name", COLUMN_TEXT},
	{"PRIORITY", "priority", COLUMN_JSON},
	{"ENABLED", "enabled", COLUMN_BOOL},
	{"VERSION", "version", COLUMN_TEXT},
	{"CAPS", "caps", COLUMN_TEXT},
	{NULL, "summary", COLUMN_TEXT},
	{NULL, "path", COLUMN_TEXT},
	{NULL, "error", COLUMN_TEXT},
	{"PATH", NULL, COLUMN_TEXT},
	{NULL, NULL, COLUMN_TEXT},
};

/* "exec,pause"; what this host does not allow stands in parentheses. */
static int add_caps(struct strbuf *sb, const struct exd_plugin_info *info)
{
	static const struct {
		uint64_t bit;
		const char *name;
	} caps[] = {
		{EXD_CAP_EXEC, "exec"},
		{EXD_CAP_PAUSE, "pause"},
		{EXD_CAP_PIDS, "pids"},
		{EXD_CAP_STATS, "stats"},
		{EXD_CAP_UPDATE, "update"},
		{EXD_CAP_EXPLAIN, "explain"},
		{EXD_CAP_PRE_START, "pre_start"},
	};

	(void)sb_add(sb, "");
	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		bool here = info->host_caps & caps[i].bit;

		if (info->caps & caps[i].bit)
			(void)sb_addf(sb, "%s%s%s%s", sb->size ? "," : "", here ? "" : "(",
				      caps[i].name, here ? "" : ")");
	}
	return sb->error;
}

static void add_plugin(struct listing *listing, struct ctl *ctl, const struct exd_plugin *plugin)
{
	struct exd_plugin_info info = {.struct_size = sizeof(info)};
	struct exd_error error = EXD_ERROR_INIT;
	cleanup_strbuf struct strbuf caps = {0}, priority = {0};
	bool enabled = exd_plugin_enabled(plugin);
	bool usable = enabled && exd_plugin_probe(ctl->engine, plugin, &info, NULL, &error) >= 0;

	if (sb_addf(&priority, "%d", exd_plugin_priority(plugin)) < 0 ||
	    add_caps(&caps, &info) < 0) {
		listing->error = -ENOMEM;
		return;
	}
	listing_text(listing, exd_plugin_name(plugin));
	listing_text(listing, priority.text);
	listing_number(listing, enabled);
	if (usable) {
		listing_text(listing, info.version);
		listing_text(listing, caps.text ? caps.text : "");
		listing_text(listing, info.summary);
	} else {
		for (int i = 0; i < 3; i++)
			listing_none(listing);
	}
	listing_text(listing, exd_plugin_path(plugin));
	if (error.code)
		listing_text(listing, error.text);
	else
		listing_none(listing);
	listing_text(listing, error.code ? error.text : exd_plugin_path(plugin));
}

int verb_drivers(struct ctl *ctl, struct exd_error *err)
{
	cleanup_listing struct listing listing;
	const struct exd_plugin *plugin = NULL;

	listing_init(&listing, columns, ctl->args.settings.json);
	while ((plugin = exd_plugin_next(ctl->engine, plugin)))
		add_plugin(&listing, ctl, plugin);
	return listing_print(&listing, err);
}
