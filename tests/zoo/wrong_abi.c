/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Speaks another ABI. */
#define ZOO_NAME "wrong_abi"
#include "tests/zoo/good.h"

ZOO_DRIVER(.abi = EXD_DRIVER_ABI + 1);
