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
for conf in "$EXD_TEST_BUILDDIR"/tests/plugins.d/*.conf; do
	sed "s|\(cgroup_parent = \"[^\"]*\)\"|\1/$name\"|" "$conf" >"$dir/plugins.d/${conf##*/}"
done

EXD_CONFIG=$dir/execdriver.conf "$@"
code=$?

parent=$(sed -n 's/.*cgroup_parent = "\([^"]*\)".*/\1/p' "$dir"/plugins.d/*.conf | head -n 1)
if [ -n "$parent" ]; then
	# What holds a container's cgroup stays, to be found.
	awk '/ - cgroup2? / { print $5 }' /proc/self/mountinfo | while read -r top; do
		rmdir "$top$parent" 2>/dev/null
	done
fi
rm -rf "$dir"
exit "$code"
