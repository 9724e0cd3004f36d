/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a start that was cut short has made outside the state directory. */
#ifndef EXECDRIVER_CORE_CLAIM_H
#define EXECDRIVER_CORE_CLAIM_H

#include <execdriver/execdriver.h>

struct exd_record;

/*
 * Lets the driver end and remove it, as far as it is certain to be this container's. The record has
 * no state.json, and the caller holds its lock. 0, also when there is nothing.
 */
int claim_clean(struct exd_engine *engine, struct exd_record *record, struct exd_error *err);

#endif
