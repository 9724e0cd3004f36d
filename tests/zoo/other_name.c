/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Has another name than its configuration says. */
#define ZOO_NAME "other_name"
#include "tests/zoo/good.h"

ZOO_DRIVER(.name = "somebody");
