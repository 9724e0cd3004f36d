/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A script of failures and delays for the calls about one system. */
#ifndef EXECDRIVER_HCS_EMULATOR_SCRIPT_H
#define EXECDRIVER_HCS_EMULATOR_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/hcs-stub/hcs_protocol.h"

/* Longest delay, in milliseconds. */
#define SCRIPT_DELAY_MAX 600000

struct script_rule {
	int call; /* enum hcs_call */
	uint32_t nth;
	uint32_t times;
	uint32_t error; /* 0: only a delay */
	uint32_t delay_ms;
};

struct script {
	struct script_rule *rules;
	size_t count;
	uint32_t calls[HCS_CALL_COUNT]; /* so far */
};

/* What the script says of one call. */
struct script_verdict {
	uint32_t error; /* 0: as it comes */
	uint32_t delay_ms;
	bool scripted;
};

/*
 * Reads {"faults": [{"call", "nth", "times", "error", "delay_ms"}], "delays": [{"call", "ms"}]}.
 * -EINVAL with *why saying what is wrong; -ENOMEM.
 */
int script_parse(struct script *script, const char *text, const char **why);
void script_clear(struct script *script);

/* Counts a call. The first rule that fails it says how; delays add up. */
struct script_verdict script_next(struct script *script, uint32_t call);

#endif
