/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports: lines for people, from probe, explain and gc. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <execdriver/execdriver.h>

#include "base/cleanup.h"
#include "core/sized.h"

struct report_line {
	enum exd_report_status status;
	char *topic;
	char *cure;
	char *text;
};

struct exd_report {
	struct report_line *lines;
	size_t count;
	size_t room;
};

int exd_report_new(struct exd_report **out, struct exd_error *err)
{
	struct exd_report *report = calloc(1, sizeof(*report));

	if (!report)
		return exd_error_set(err, EXD_ERR_NO_MEMORY, ENOMEM, "cannot make a report");
	*out = report;
	return 0;
}

static void line_free(struct report_line *line)
{
	free(line->topic);
	free(line->cure);
	free(line->text);
}

struct exd_report *exd_report_free(struct exd_report *report)
{
	if (!report)
		return NULL;
	for (size_t i = 0; i < report->count; i++)
		line_free(&report->lines[i]);
	free(report->lines);
	free(report);
	return NULL;
}

static int report_reserve(struct exd_report *report)
{
	size_t room = report->room ? report->room * 2 : 16;
	struct report_line *lines;

	if (report->count < report->room)
		return 0;
	lines = reallocarray(report->lines, room, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	report->lines = lines;
	report->room = room;
	return 0;
}

int exd_report_add(struct exd_report *report, enum exd_report_status status, const char *topic,
		   const char *cure, const char *format, ...)
{
	struct report_line line = {.status = status};
	va_list args;
	int r;

	/* So that a probe need not ask whether anybody listens. */
	if (!report)
		return 0;
	line.topic = strdup(topic ? topic : "");
	line.cure = strdup(cure ? cure : "");
	va_start(args, format);
	if (vasprintf(&line.text, format, args) < 0)
		line.text = NULL;
	va_end(args);
	r = line.topic && line.cure && line.text ? report_reserve(report) : -ENOMEM;
	if (r < 0) {
		line_free(&line);
		return r;
	}
	report->lines[report->count++] = line;
	return 0;
}

size_t exd_report_count(const struct exd_report *report)
{
	return report ? report->count : 0;
}

bool exd_report_line(const struct exd_report *report, size_t index, struct exd_report_line *line)
{
	struct exd_report_line full;

	if (!report || index >= report->count)
		return false;
	full = (struct exd_report_line){
		.status = report->lines[index].status,
		.topic = report->lines[index].topic,
		.text = report->lines[index].text,
		.cure = report->lines[index].cure,
	};
	sized_give(line, &full, sizeof(full));
	return true;
}
