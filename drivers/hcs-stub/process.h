/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command -> the parameters that the service creates a process by. */
#ifndef EXECDRIVER_HCS_STUB_PROCESS_H
#define EXECDRIVER_HCS_STUB_PROCESS_H

#include "base/strutil.h"
#include "drivers/hcs-stub/stub.h"

/* Adds an argument, quoted so that a program of Windows reads it back as it is. */
void process_quote(struct strbuf *line, const char *argument);

/* Height and width of its console: zero without one, and where the command asks for none. */
void process_console(const struct exd_command *command, uint16_t size[2]);

int stub_process(const struct stub *stub, const struct exd_command *command,
		 struct json_object **out, struct exd_error *err);

#endif
