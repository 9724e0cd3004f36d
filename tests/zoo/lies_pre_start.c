/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Claims pre_start, but never waits for the hook. */
#define ZOO_NAME "lies_pre_start"
#define ZOO_NEVER_PARKS
#include "tests/zoo/good.h"

ZOO_DRIVER();
