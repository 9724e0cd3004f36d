#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# liblxc is linked by the worker of the lxc driver and by nothing else.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"

needs() {
	readelf -d "$EXD_TEST_BUILDDIR/$1" | grep -c 'NEEDED.*liblxc'
}
is "$(needs drivers/lxc/execdriver-lxc-worker)" 1 "the worker links liblxc"
for file in driverctl/.libs/driverctl .libs/libexecdriver.so drivers/lxc/.libs/lxc.so drivers/native/.libs/native.so; do
	is "$(needs $file)" 0 "$file does not"
done
is "$(readelf -d "$EXD_TEST_BUILDDIR/drivers/lxc/execdriver-lxc-init" | grep -c NEEDED)" 0 "the first program of a container is static"
like "$("$EXD_TEST_BUILDDIR/drivers/lxc/execdriver-lxc-worker" --version)" "^execdriver-lxc-worker [0-9.]+, liblxc [0-9.]+" "the worker says which liblxc it has"
done_testing
