#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the linked files import, export and weigh.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"

lib=$EXD_TEST_BUILDDIR/.libs/libexecdriver.so
monitor=$EXD_TEST_BUILDDIR/monitor/execdriver-monitor

# A guest in another's process neither forks nor reaps nor touches what belongs to the whole process.
banned='fork|vfork|system|popen|wait|wait3|wait4|waitpid|signal|sigaction|exit|abort|chdir|fchdir'
banned="$banned|umask|setenv|putenv|unsetenv|printf|puts|perror|__printf_chk"
banned_imports() {
	nm -D --undefined-only "$1" | sed 's/@.*//' | grep -owE "($banned)$"
}

is "$(banned_imports "$lib")" "" "the library imports nothing a guest must not call"
like "$(readelf -d "$lib")" 'SONAME.*\[libexecdriver\.so\.0\]' "the library has its soname"
like "$(readelf -d "$lib")" 'NODELETE' "the library is never unloaded"
like "$(readelf -d "$lib")" 'BIND_NOW|FLAGS.*NOW' "the library is bound at load"

for driver in "$EXD_TEST_BUILDDIR"/drivers/*/.libs/*.so; do
	[ -e "$driver" ] || continue
	name=${driver##*/}
	is "$(banned_imports "$driver")" "" "$name imports nothing a guest must not call"
	is "$(nm -D --defined-only "$driver" | awk '{ print $3 }' | grep -v "^__odr_asan\.")" exd_driver_entry \
		"$name exports its entry alone"
done

is "$(readelf -l "$monitor" | grep -c INTERP)" 0 "the monitor is static"
ok "the monitor is smaller than 256 kB" test "$(stat -c %s "$monitor")" -lt 262144
is "$(nm "$monitor" 2>&1 | grep -c ' [TtDd] ')" 0 "the monitor is stripped"

cd "$EXD_TEST_SRCDIR" || exit 1
is "$(grep -nwiE 'native|lxc|hcs' core/*.[ch] monitor/*.[ch] 2>/dev/null)" "" \
	"core and monitor name no driver"

done_testing
