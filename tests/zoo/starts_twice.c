/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the program twice. */
#define ZOO_NAME "starts_twice"
#define WRAPPER "\"$@\"; exec \"$@\""
#include "tests/zoo/wrapper.h"
