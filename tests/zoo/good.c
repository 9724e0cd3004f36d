/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps the contract. */
#define ZOO_NAME "good"
#include "tests/zoo/good.h"

ZOO_DRIVER();
