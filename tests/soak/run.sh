#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# run.sh [DIRECTORY]: the long run in a place of its own, and a look at what it left there. `make soak` sets what it
# needs; its settings are SOAK_STARTS, SOAK_OOMS, SOAK_EXECS, SOAK_THREADS, SOAK_SEED, SOAK_WARM (boxes that are kept
# warm) and SOAK_PROGRAM (what runs in the containers).
set -eu
umask 022

dir=${1-}
[ -n "$dir" ] || dir=$(mktemp -d "${TMPDIR:-/tmp}/exd-soak.XXXXXX")
cgroup=${dir##*/}
mkdir -p "$dir/state" "$dir/conf/plugins.d" "$dir/root/"{dev,proc,sys,tmp}
chmod 755 "$dir"
cp "${SOAK_PROGRAM:-$EXD_TEST_BUILDDIR/tests/root/inside}" "$dir/root/inside"
# The monitor as it is installed, whatever EXD_TEST_WARM made of the configuration.
sed 's|execdriver-monitor-warm"|execdriver-monitor"|' "$EXD_CONFIG" >"$dir/conf/execdriver.conf"
sed "s|warm = [0-9]*; ||; s|options: { |&warm = ${SOAK_WARM:-0}; |" "${EXD_CONFIG%/*}/plugins.d/10-native.conf" \
	>"$dir/conf/plugins.d/10-native.conf"

# The program ends by these, in good order; what it leaves is looked for all the same.
trap : INT TERM
code=0
EXD_CONFIG=$dir/conf/execdriver.conf "$EXD_TEST_BUILDDIR/tests/soak/soak" "$dir/state" "$dir/root" "$cgroup" || code=$?

# The cgroups that containers of this run were made in, one of each hierarchy.
parents() {
	awk '/ - cgroup2? / { print $5 }' /proc/self/mountinfo | while read -r top; do
		[ ! -d "$top/$cgroup" ] || echo "$top/$cgroup"
	done
}

monitors() {
	find "$dir/state/.monitor" -mindepth 1 -maxdepth 1 ! -name shared 2>/dev/null
}

processes() {
	local exe
	for exe in /proc/[0-9]*/exe; do
		[ ! "$exe" -ef "$dir/root/inside" ] || echo "process ${exe//[!0-9]/}"
	done
}

# One line for each thing that is still there.
left() {
	monitors
	find "$dir/state" -mindepth 1 -maxdepth 1 ! -name '.*'
	parents | while read -r parent; do find "$parent" -mindepth 1 -type d; done
	grep -F "$dir" /proc/self/mountinfo || :
	processes
}

# A monitor goes some moments after its last container.
for ((i = 0; i < 100; i++)); do
	[ -n "$(monitors)" ] || break
	sleep 0.1
done
left=$(left)
parents | xargs -r rmdir 2>/dev/null || :
if [ -n "$left" ]; then
	echo "left: ${left//$'\n'/$'\n'left: }"
	code=1
else
	rm -rf "$dir"
	echo "nothing is left of cgroups, state, mounts and processes"
fi
[ "$code" -eq 0 ] && echo "soak: passed" || echo "soak: failed"
exit "$code"
