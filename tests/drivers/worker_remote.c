/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As worker.c, but what its worker starts counts as running elsewhere. */
#define WORKER_FLAGS EXD_WORKER_REMOTE
#define WORKER_KILL kill_remote
#define WORKER_NAME "remote"
#include "tests/drivers/worker.c"
