/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Its struct ends before info. */
#define ZOO_NAME "short_struct"
#include "tests/zoo/good.h"

#include <stddef.h>

ZOO_DRIVER(.struct_size = offsetof(struct exd_driver, info));
