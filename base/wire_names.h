/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words for the plan's operations, for error texts and printed plans. */
#ifndef EXECDRIVER_BASE_WIRE_NAMES_H
#define EXECDRIVER_BASE_WIRE_NAMES_H

#include <stdint.h>

/*
 * What an operation does ("make cgroup"), so that "OP OBJECT: REASON" reads as a sentence; "unknown
 * step" else.
 */
const char *wire_op_name(uint32_t op);

/* Of enum wire_phase: "prepare", "child", "end", "cleanup"; "unknown" else. */
const char *wire_phase_name(uint32_t phase);

#endif
