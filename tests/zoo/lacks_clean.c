/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lacks a required function. */
#define ZOO_NAME "lacks_clean"
#include "tests/zoo/good.h"

ZOO_DRIVER(.clean = NULL);
