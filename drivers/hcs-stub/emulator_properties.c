/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a system tells of itself. */
#include <stdlib.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/strutil.h"
#include "drivers/hcs-stub/emulator.h"
#include "drivers/hcs-stub/emulator_agent.h"
#include "drivers/hcs-stub/guid.h"
#include "drivers/hcs-stub/hcs.h"

/* Those that were created by a call have a command line. */
static void add_process(struct strbuf *sb, const struct system *s, pid_t pid)
{
	const struct process *p = process_find(s, (uint32_t)pid);

	(void)sb_addf(sb, "{\"ProcessId\":%d", pid);
	if (p && !p->ended) {
		(void)sb_add(sb, ",\"CommandLine\":");
		(void)sb_add_json(sb, p->command_line);
	}
	(void)sb_add(sb, "}");
}

/* All of the system, also those that its processes have started. */
static void add_processes(struct strbuf *sb, const struct system *s)
{
	cleanup_free pid_t *pids = NULL;
	size_t count = s->agent.fd < 0 ? 0 : family_of(s->agent_pid, &pids);

	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			(void)sb_add(sb, ",");
		add_process(sb, s, pids[i]);
	}
}

void call_properties(struct emulator *e, struct client *c, const struct system *s)
{
	cleanup_strbuf struct strbuf sb = {0};
	struct answer answer = {.result = HCS_OK};
	char guid[HCS_GUID_SIZE];

	guid_of_system(s->id, guid);
	(void)sb_addf(&sb, "{\"Id\":\"%s\",\"SystemType\":\"Container\",\"Owner\":", s->id);
	(void)sb_add_json(&sb, s->document.owner);
	(void)sb_addf(&sb, ",\"State\":\"%s\",\"RuntimeId\":\"%s\"", system_state_name(s), guid);
	(void)sb_addf(&sb, ",\"HvPartition\":%s,\"Isolated\":%s,\"ProcessList\":[",
		      s->document.hyperv ? "true" : "false", s->document.root ? "true" : "false");
	add_processes(&sb, s);
	if (sb_add(&sb, "]}") < 0)
		answer.result = HCS_E_OUT_OF_MEMORY;
	else if (sb.size > HCS_TEXT_MAX)
		answer.result = HCS_E_TOO_LONG;
	else
		answer.text = sb.text;
	client_answer(e, c, &answer);
}
