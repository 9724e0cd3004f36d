/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Has exec, but does not claim it. */
#define ZOO_NAME "hides_exec"
#include "tests/zoo/good.h"

ZOO_DRIVER(.caps = EXD_CAP_PRE_START);
