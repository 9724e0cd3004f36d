/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gives the pid of something else than the program. */
#define ZOO_NAME "wrong_pid"
#define WRAPPER "\"$@\"; exit $?"
#include "tests/zoo/wrapper.h"
