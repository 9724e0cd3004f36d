/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ends init alone, where nothing else ends with it. */
#define ZOO_NAME "leaves_processes"
#define ZOO_NAMESPACES 0
#include "tests/zoo/good.h"

ZOO_DRIVER();
