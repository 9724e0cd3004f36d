#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# driverctl and a person at a terminal, with the lxc driver.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"

python3 "$EXD_TEST_SRCDIR/tests/root/driverctl_tty.py" "$TEST_TMPDIR/state" --driver lxc
