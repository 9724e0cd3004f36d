/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines for the host's log function. */
#include "core/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/engine.h"

void engine_log(struct exd_engine *engine, enum exd_log_level level, const char *driver,
		const char *id, const char *format, ...)
{
	char text[1024];
	va_list args;

	if (!engine->log || (uint32_t)level > engine->log_level)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = '?';
	engine->log(engine->log_arg, level, driver ? driver : "", id ? id : "", text);
}
