/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Its summary is no line. */
#define ZOO_NAME "wordy"
#include "tests/zoo/good.h"

ZOO_DRIVER(.summary = "one line\nand another");
