/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a system tells of itself. */
#include <stdlib.h>
#include <sys/types.h>

#include "base/strutil.h"
#include "drivers/hcs-stub/emulator.h"
#include "drivers/hcs-stub/guid.h"
#include "drivers/hcs-stub/hcs.h"

static void add_processes(struct strbuf *sb, const struct system *s)
{
	const char *comma = "";

	for (const struct process *p = s->processes; p; p = p->next) {
		if (p->ended)
			continue;
		(void)sb_addf(sb, "%s{\"ProcessId\":%d,\"CommandLine\":", comma, p->pid);
		(void)sb_add_json(sb, p->command_line);
		(void)sb_add(sb, "}");
		comma = ",";
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
