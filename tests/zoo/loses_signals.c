/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sends only SIGKILL, whatever it is asked for. */
#define ZOO_NAME "loses_signals"
#include "tests/zoo/good.h"

static int zoo_kill(void *self, struct exd_record *record, int number, struct exd_error *err)
{
	if (exd_record_pidfd(record) < 0)
		return exd_error_set(err, EXD_ERR_NOT_RUNNING, ESRCH, "it has ended");
	return number == SIGKILL ? good_terminate(self, record, err) : 0;
}

ZOO_DRIVER(.kill = zoo_kill);
