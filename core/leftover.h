/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a monitor could not remove of a start that failed, or of a run that is over. */
#ifndef EXECDRIVER_CORE_LEFTOVER_H
#define EXECDRIVER_CORE_LEFTOVER_H

struct exd_engine;

/*
 * To be called when the monitor has told that it is through with a container whose record goes with
 * it, and nobody here holds its lock. Mostly nothing is there; what cannot be removed now either
 * stays for gc.
 */
void leftover_remove(struct exd_engine *engine, const char *id);

#endif
