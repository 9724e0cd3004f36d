/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Needs a function that nobody has. */
#define ZOO_NAME "undefined_symbol"
#include "tests/zoo/good.h"

extern void function_that_nobody_has(void);

static void zoo_close(void *self)
{
	(void)self;
	function_that_nobody_has();
}

ZOO_DRIVER(.close = zoo_close);
