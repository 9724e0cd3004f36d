/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines for the host's log function, each with its driver and container. */
#ifndef EXECDRIVER_CORE_LOG_H
#define EXECDRIVER_CORE_LOG_H

#include <execdriver/execdriver.h>

/*
 * Not even formatted when nobody listens at that level. driver and id may be NULL. Never with the
 * engine's lock held.
 */
void engine_log(struct exd_engine *engine, enum exd_log_level level, const char *driver,
		const char *id, const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
