/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container that is acted upon: its record and its driver. */
#ifndef EXECDRIVER_CORE_CONTROL_H
#define EXECDRIVER_CORE_CONTROL_H

#include <execdriver/driver.h>

#include "core/plugin.h"
#include "core/record.h"

struct target {
	struct exd_record *record;
	struct exd_plugin *plugin; /* loaded, or NULL when it was not asked for */
};

#define TARGET_INIT ((struct target){NULL, NULL})

void target_close(struct target *target);
#define cleanup_target CLEANUP(target_close)

/*
 * Loads the record of a container that has started and not ended. EXD_ERR_NOT_FOUND,
 * EXD_ERR_NOT_RUNNING.
 */
int target_open_running(struct exd_engine *engine, const char *id, struct target *target,
			struct exd_error *err);
/* Loads its driver. */
int target_load_driver(struct exd_engine *engine, struct target *target, struct exd_error *err);
/* Kills all that is in it, so that its monitor knows who did it. */
int target_terminate(struct exd_engine *engine, struct target *target, struct exd_error *err);

#endif
