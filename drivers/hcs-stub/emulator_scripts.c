/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which systems have a script. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/hcs-stub/emulator.h"
#include "drivers/hcs-stub/hcs.h"

struct scripted *scripts_find(const struct emulator *e, const char *id)
{
	struct scripted *s = e->scripts;

	while (s && strcmp(s->id, id) != 0)
		s = s->next;
	return s;
}

static struct scripted *add(struct emulator *e, const char *id)
{
	struct scripted *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->id = strdup(id);
	if (!s->id) {
		free(s);
		return NULL;
	}
	s->next = e->scripts;
	e->scripts = s;
	return s;
}

uint32_t scripts_set(struct emulator *e, struct client *c)
{
	struct scripted *s = scripts_find(e, c->call.id);
	struct script script;
	const char *why;

	if (script_parse(&script, c->call.text, &why) < 0) {
		(void)snprintf(c->why, sizeof(c->why), "%s", why);
		return HCS_E_INVALID_JSON;
	}
	if (!s)
		s = add(e, c->call.id);
	if (!s) {
		script_clear(&script);
		return HCS_E_OUT_OF_MEMORY;
	}
	script_clear(&s->script);
	s->script = script;
	s->owner = c;
	return HCS_OK;
}

void scripts_tidy(struct emulator *e)
{
	struct scripted **at = &e->scripts;
	struct scripted *s;

	while ((s = *at)) {
		if (s->owner || system_find(e, s->id)) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		script_clear(&s->script);
		free(s->id);
		free(s);
	}
}
