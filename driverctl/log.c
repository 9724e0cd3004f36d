/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Log lines: each is one write, so that lines of several processes do not mix. */
#include "driverctl/log.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/strutil.h"
#include "driverctl/options.h"
#include "driverctl/print.h"

int log_open(struct log *log, const struct settings *settings, struct exd_error *err)
{
	const char *format = settings->log_format ? settings->log_format : "text";

	*log = (struct log){.fd = STDERR_FILENO, .level = EXD_LOG_WARNING};
	if (strcmp(format, "json") != 0 && strcmp(format, "text") != 0)
		return exd_error_set(err, EXD_ERR_INVALID, 0,
				     "--log-format '%s' is neither text nor json", format);
	log->json = strcmp(format, "json") == 0;
	if (settings->log) {
		int fd = open(settings->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY,
			      0640);

		if (fd < 0)
			return exd_error_set(err, EXD_ERR_SYSTEM, errno, "--log: cannot open '%s'",
					     settings->log);
		log->fd = fd;
		log->file = true;
		log->level = EXD_LOG_INFO;
	}
	if (settings->debug)
		log->level = EXD_LOG_DEBUG;
	return 0;
}

void log_close(struct log *log)
{
	if (log->file)
		(void)close(log->fd);
	log->file = false;
}

static const char *level_name(enum exd_log_level level)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};

	return (size_t)level < sizeof(names) / sizeof(names[0]) ? names[level] : "debug";
}

static void add_member(struct strbuf *sb, const char *name, const char *text)
{
	if (!*text)
		return;
	(void)sb_addf(sb, ", \"%s\": ", name);
	(void)sb_add_json(sb, text);
}

static void add_text(struct strbuf *sb, const char *text)
{
	for (; *text; text++)
		(void)sb_add_bytes(sb, (unsigned char)*text < 0x20 || *text == 0x7f ? "?" : text,
				   1);
}

void log_line(void *arg, enum exd_log_level level, const char *driver, const char *id,
	      const char *text)
{
	const struct log *log = arg;
	cleanup_strbuf struct strbuf sb = {0};
	char time[TIME_TEXT_MAX];

	if (level > log->level)
		return;
	time_text(time, clock_ns(CLOCK_REALTIME));
	if (log->json) {
		(void)sb_addf(&sb, "{\"time\": \"%s\", \"level\": \"%s\"", time, level_name(level));
		add_member(&sb, "driver", driver);
		add_member(&sb, "id", id);
		(void)sb_add(&sb, ", \"msg\": ");
		(void)sb_add_json(&sb, text);
		(void)sb_add(&sb, "}\n");
	} else {
		if (log->file)
			(void)sb_addf(&sb, "%s ", time);
		(void)sb_addf(&sb, "driverctl: %s: %s%s%s%s", level_name(level), driver,
			      *driver ? ": " : "", id, *id ? ": " : "");
		add_text(&sb, text);
		(void)sb_add(&sb, "\n");
	}
	/* A log that cannot be written has nobody left to be told. */
	if (!sb.error && write(log->fd, sb.text, sb.size) < 0)
		return;
}
