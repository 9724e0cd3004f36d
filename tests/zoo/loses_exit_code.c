/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Has no exit code but 0. */
#define ZOO_NAME "loses_exit_code"
#define WRAPPER "\"$@\"; exit 0"
#include "tests/zoo/wrapper.h"
