/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passes over what it does not do. */
#define ZOO_NAME "ignores_keys"
#define ZOO_TAKES_ALL
#include "tests/zoo/good.h"

ZOO_DRIVER();
