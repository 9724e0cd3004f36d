/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal: one JSON object a line for each call, in the order of the answers. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json_object.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fdio.h"
#include "base/strutil.h"
#include "drivers/hcs-stub/emulator.h"
#include "drivers/hcs-stub/emulator_json.h"
#include "drivers/hcs-stub/hcs.h"

/* A journal that has grown to this is put aside for a new one; one of old is kept. */
#define JOURNAL_MAX (1024 * 1024)

int journal_open(int dir)
{
	int fd = openat(dir, HCS_JOURNAL, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
			0600);

	return fd < 0 ? -errno : fd;
}

/* Calls whose text is told, and under which name. */
static const char *text_name(uint32_t call)
{
	switch (call) {
	case HCS_CALL_CREATE_SYSTEM:
		return "document";
	case HCS_CALL_CREATE_PROCESS:
		return "parameters";
	case HCS_CALL_SET_SCRIPT:
		return "script";
	default:
		return NULL;
	}
}

/* As JSON where it is that, otherwise as a string. */
static void add_text(struct strbuf *sb, const char *name, const char *text)
{
	cleanup_json struct json_object *json = json_parse(text);

	(void)sb_addf(sb, ",\"%s\":", name);
	if (json)
		(void)sb_add(sb, json_object_to_json_string_ext(
					 json, JSON_C_TO_STRING_PLAIN |
						       JSON_C_TO_STRING_NOSLASHESCAPE));
	else
		(void)sb_add_json(sb, text);
}

static void add_time(struct strbuf *sb)
{
	struct timespec now;
	struct tm tm;
	char text[32];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)sb_addf(sb, "{\"time\":\"%s.%09ldZ\"", text, now.tv_nsec);
}

static void add_arguments(struct strbuf *sb, const struct client *c)
{
	const struct hcs_request *head = &c->call.head;
	const char *name = text_name(head->call);

	if (head->call == HCS_CALL_SHUTDOWN_SYSTEM)
		(void)sb_addf(sb, ",\"timeout_ms\":%d", head->timeout_ms);
	if (head->call == HCS_CALL_RESIZE_CONSOLE)
		(void)sb_addf(sb, ",\"height\":%u,\"width\":%u", head->height, head->width);
	if (head->call == HCS_CALL_CREATE_PROCESS)
		(void)sb_addf(sb, ",\"stdin\":%s,\"stdout\":%s,\"stderr\":%s",
			      head->handles & 1 ? "true" : "false",
			      head->handles & 2 ? "true" : "false",
			      head->handles & 4 ? "true" : "false");
	if (name)
		add_text(sb, name, c->call.text);
}

static void add_outcome(struct strbuf *sb, const struct client *c, const struct answer *answer)
{
	uint32_t process_id = answer->process_id ? answer->process_id : c->call.head.process_id;

	if (process_id)
		(void)sb_addf(sb, ",\"process_id\":%u", process_id);
	(void)sb_addf(sb, ",\"result\":\"0x%08x\",\"text\":", answer->result);
	(void)sb_add_json(sb, hcs_error_text(answer->result));
	if (c->call.head.call == HCS_CALL_WAIT_PROCESS && answer->result == HCS_OK)
		(void)sb_addf(sb, ",\"exit_code\":%u", answer->exit_code);
	if (c->why[0]) {
		(void)sb_add(sb, ",\"why\":");
		(void)sb_add_json(sb, c->why);
	}
	(void)sb_addf(sb, ",\"scripted\":%s,\"duration_ns\":%llu}\n",
		      c->verdict.scripted ? "true" : "false",
		      (unsigned long long)(clock_ns(CLOCK_MONOTONIC) - c->began_ns));
}

static void put_aside(struct emulator *e)
{
	struct stat st;

	if (fstat(e->journal, &st) < 0 || st.st_size < JOURNAL_MAX)
		return;
	(void)renameat(e->dir, HCS_JOURNAL, e->dir, HCS_JOURNAL ".1");
	(void)close(e->journal);
	e->journal = journal_open(e->dir);
}

/* A disk that is full must not stop the service: a line that cannot be written is left out. */
void journal_write(struct emulator *e, const struct client *c, const struct answer *answer)
{
	cleanup_strbuf struct strbuf sb = {0};

	if (e->journal < 0)
		return;
	put_aside(e);
	add_time(&sb);
	(void)sb_addf(&sb, ",\"serial\":%llu,\"client\":%d,\"uid\":%u,\"call\":\"%s\",\"id\":",
		      (unsigned long long)++e->serial, c->pid, c->uid,
		      hcs_call_name(c->call.head.call));
	(void)sb_add_json(&sb, c->call.id);
	add_arguments(&sb, c);
	add_outcome(&sb, c, answer);
	if (!sb.error)
		(void)write_all(e->journal, sb.text, sb.size);
}
