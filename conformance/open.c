/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases: open, close, probe. */
#include "conformance/kit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"

#define UNKNOWN_OPTION "conformance_knows_no_such_option"
#define CYCLES 20

static const struct exd_plugin *plugin_of(struct kit *kit, const struct exd_engine *engine)
{
	const struct exd_plugin *plugin = NULL;

	while ((plugin = exd_plugin_next(engine, plugin)))
		if (strcmp(exd_plugin_name(plugin), kit->options->driver) == 0)
			return plugin;
	kit_fail(kit, "the driver is not configured");
}

static int probe(struct kit *kit, struct exd_engine *engine, struct exd_plugin_info *info,
		 struct exd_report *report)
{
	*info = (struct exd_plugin_info){.struct_size = sizeof(*info)};
	return exd_plugin_probe(engine, plugin_of(kit, engine), info, report, &kit->err);
}

static void case_accepts(struct kit *kit)
{
	struct exd_plugin_info info;
	int r = probe(kit, kit->engine, &info, NULL);

	if (r < 0 && kit->err.code >= EXD_ERR_DRIVER_NOT_FOUND &&
	    kit->err.code <= EXD_ERR_DRIVER_OPTION)
		kit_must(kit, r, "open");
}

static void case_works(struct kit *kit)
{
	struct exd_plugin_info info;

	kit_must(kit, probe(kit, kit->engine, &info, NULL), "probe");
	kit->verdict->caps = info.host_caps;
}

static void write_file(struct kit *kit, const char *path, const char *text)
{
	int r = make_file_at(AT_FDCWD, path, text, strlen(text), 0644, false);

	kit_check(kit, r == 0, "the kit cannot write '%s': %s", path, strerror(-r));
}

/* Another engine, for which the driver has an option that it cannot know. */
static int open_unknown(struct kit *kit)
{
	char path[256], text[1024];
	struct exd_plugin_info info;
	struct exd_engine *other;
	int r;

	(void)snprintf(path, sizeof(path), "%s/.etc", kit->root);
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof(path), "%s/.etc/plugins.d", kit->root);
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof(path), "%s/.etc/plugins.d/10-odd.conf", kit->root);
	(void)snprintf(text, sizeof(text),
		       "driver: { name = \"%s\"; path = \"%s\"; options: { %s = 1; }; };\n",
		       kit->options->driver,
		       exd_plugin_path(plugin_of(kit, kit->engine)), UNKNOWN_OPTION);
	write_file(kit, path, text);
	(void)snprintf(path, sizeof(path), "%s/.etc/execdriver.conf", kit->root);
	write_file(kit, path, "");
	other = kit_engine(kit, path);
	r = probe(kit, other, &info, NULL);
	exd_engine_close(other);
	return r;
}

static void case_unknown(struct kit *kit)
{
	kit_refused(kit, open_unknown(kit), EXD_ERR_DRIVER_OPTION, "an unknown option");
}

static void case_named(struct kit *kit)
{
	(void)open_unknown(kit);
	kit_check(kit, strstr(kit->err.text, UNKNOWN_OPTION) != NULL,
		  "the error does not name the option: %s", kit->err.text);
}

static void open_and_close(struct kit *kit)
{
	struct exd_plugin_info info;

	kit->engine = kit_engine(kit, kit->options->config);
	kit_must(kit, probe(kit, kit->engine, &info, NULL), "probe");
	kit->engine = exd_engine_close(kit->engine);
}

static void case_gives_back(struct kit *kit)
{
	size_t before;

	exd_engine_close(kit->engine);
	open_and_close(kit);
	before = kit_count_entries("/proc/self/fd");
	for (int i = 0; i < CYCLES; i++)
		open_and_close(kit);
	kit_check(kit, kit_count_entries("/proc/self/fd") == before,
		  "after %d times of open, probe and close %zd descriptors more are open", CYCLES,
		  (ssize_t)kit_count_entries("/proc/self/fd") - (ssize_t)before);
}

/* ---- probe ----------------------------------------------------------------------------------- */

static struct exd_report *new_report(struct kit *kit)
{
	struct exd_report *report = NULL;

	kit_must(kit, exd_report_new(&report, &kit->err), "making a report");
	return report;
}

static void case_same(struct kit *kit)
{
	struct exd_plugin_info first, with, again;
	struct exd_report *one = new_report(kit), *two = new_report(kit);

	kit_must(kit, probe(kit, kit->engine, &first, NULL), "probe without a report");
	kit_must(kit, probe(kit, kit->engine, &with, one), "probe with a report");
	kit_must(kit, probe(kit, kit->engine, &again, two), "probe with another");
	kit_check(kit, first.host_caps == with.host_caps && with.host_caps == again.host_caps,
		  "capabilities are 0x%llx without a report, then 0x%llx and 0x%llx with one",
		  (unsigned long long)first.host_caps, (unsigned long long)with.host_caps,
		  (unsigned long long)again.host_caps);
	kit_check(kit, exd_report_count(one) == exd_report_count(two),
		  "it reports %zu lines, and then %zu", exd_report_count(one),
		  exd_report_count(two));
	exd_report_free(one);
	exd_report_free(two);
}

static void case_lines(struct kit *kit)
{
	struct exd_report *report = new_report(kit);
	struct exd_report_line line = {.struct_size = sizeof(line)};
	struct exd_plugin_info info;

	kit_must(kit, probe(kit, kit->engine, &info, report), "probe");
	for (size_t i = 0; exd_report_line(report, i, &line); i++) {
		kit_check(kit, line.topic[0] && line.text[0], "line %zu has no topic or text", i);
		kit_check(kit, line.status != EXD_REPORT_NO || line.cure[0],
			  "line %zu, '%s', is a no without a cure", i, line.topic);
	}
	exd_report_free(report);
}

static const struct kit_case cases[] = {
	{"open.accepts", "open-1", .needs = "abi.capabilities", .run = case_accepts},
	{"open.unknown", "open-2", .needs = "open.accepts", .run = case_unknown},
	{"open.named", "open-3", .needs = "open.unknown", .run = case_named},
	{"probe.works", "probe-1", .needs = "open.accepts", .run = case_works},
	{"probe.same", "probe-2", .needs = "probe.works", .run = case_same},
	{"probe.lines", "probe-3", .needs = "probe.works", .run = case_lines},
	{"probe.quiet", "probe-4", .needs = "probe.works", .left = KIT_LEFT_ALL, .run = case_works},
	{"close.gives_back", "close-1", .needs = "probe.works", .run = case_gives_back},
};

KIT_GROUP(kit_open);
