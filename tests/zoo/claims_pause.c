/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Claims pause, but has no such function. */
#define ZOO_NAME "claims_pause"
#include "tests/zoo/good.h"

ZOO_DRIVER(.caps = EXD_CAP_EXEC | EXD_CAP_PRE_START | EXD_CAP_PAUSE);
