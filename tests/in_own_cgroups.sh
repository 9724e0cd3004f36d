#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# in_own_cgroups.sh [INTERPRETER] TEST: runs a test with a configuration and a parent cgroup of its own. Tests use the
# same ids, and run side by side.
set -u

name=${!#}
name=${name##*/}
dir=$(mktemp -d "${TMPDIR:-/tmp}/exd-conf.XXXXXX") || exit 99
umask 022
mkdir "$dir/plugins.d"
cp "$EXD_TEST_BUILDDIR/tests/execdriver.conf" "$dir/"
# EXD_TEST_WARM=N: containers of the native driver start in boxes that are kept warm, and by the monitor that is built
# for this even the first of each shape.
if [ "${EXD_TEST_WARM:-0}" -gt 0 ]; then
	sed -i 's|execdriver-monitor"|execdriver-monitor-warm"|' "$dir/execdriver.conf"
fi
for conf in "$EXD_TEST_BUILDDIR"/tests/plugins.d/*.conf; do
	sed "s|\(cgroup_parent = \"[^\"]*\)\"|\1/$name\"|" "$conf" >"$dir/plugins.d/${conf##*/}"
	if [ "${EXD_TEST_WARM:-0}" -gt 0 ] && grep -q 'name = "native"' "$conf"; then
		sed -i "s|options: { |&warm = $EXD_TEST_WARM; |" "$dir/plugins.d/${conf##*/}"
	fi
done
parent=$(sed -n 's/.*cgroup_parent = "\([^"]*\)".*/\1/p' "$dir"/plugins.d/*.conf | head -n 1)

# each_parent COMMAND...: with the parent cgroup in every hierarchy, where it is there.
each_parent() {
	[ -n "$parent" ] || return
	awk '/ - cgroup2? / { print $5 }' /proc/self/mountinfo | while read -r top; do
		[ -d "$top$parent" ] && "$@" "$top$parent" 2>/dev/null
	done
}

# What a run that failed has left, of the same names.
# shellcheck disable=SC2317  # it is called by each_parent
remove_empty() {
	find "$1" -depth -type d -exec rmdir {} +
}

each_parent remove_empty
EXD_CONFIG=$dir/execdriver.conf "$@"
code=$?
# A cgroup of a container that is left stays, to be found.
each_parent rmdir
rm -rf "$dir"
exit "$code"
