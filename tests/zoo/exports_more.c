/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exports a function beside its entry. */
#define ZOO_NAME "exports_more"
#include "tests/zoo/good.h"

EXD_DRIVER_EXPORT void helper_of_the_zoo(void);

void helper_of_the_zoo(void)
{
}

ZOO_DRIVER();
