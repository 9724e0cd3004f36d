#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# monitor_linger: a monitor that waits for the next driverctl run, and what does not change by that.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# Boxes go with every mount that anybody makes on the host.
if [ "${LINGER_IN_OWN_MOUNTS:-0}" = 0 ]; then
	rm -rf "$TEST_TMPDIR"
	LINGER_IN_OWN_MOUNTS=1 exec "$EXD_TEST_BUILDDIR/tests/own_mounts" "$BASH" "$0"
fi
cd "$TEST_TMPDIR" || exit 1
shopt -s nullglob

# config NAME SECONDS [OPTION]: a configuration with or without, and an option of native more.
config() {
	local from=${EXD_CONFIG%/*}
	mkdir -p "$1/plugins.d"
	cp "$from/execdriver.conf" "$1/"
	[ "$2" = 0 ] || echo "monitor_linger = $2;" >>"$1/execdriver.conf"
	sed "s/warm = [0-9]*; //; s/options: { /&${3-} /" "$from/plugins.d/10-native.conf" >"$1/plugins.d/10-native.conf"
	chmod -R go-w "$1"
}
config none 0
config long 60 "warm = 1;"
config short 1

root=$TEST_TMPDIR/state
shape=(-v "$PWD:/here")
# with CONFIG ARGS...
with() {
	local config=$1
	shift
	EXD_CONFIG=$TEST_TMPDIR/$config/execdriver.conf timeout 60 driverctl --root "$root" "$@"
}

# The directories of living monitors, and their pids.
monitors() {
	local dir names=
	for dir in "$root"/.monitor/*/; do
		names+=" $(basename "$dir")"
	done
	echo "${names# }"
}
count_monitors() {
	[ "$(monitors | wc -w)" = "$1" ]
}
# of_record ID KEY: a value of the monitor in its record.
of_record() {
	with none inspect "$1" 2>/dev/null | sed -n "/\"monitor\"/,/}/s/.*\"$2\": \"*\([^\",]*\).*/\1/p"
}
# hold CONFIG ID: a foreground run that goes on until the file is there; driverctl's pid in $held.
hold() {
	(EXD_CONFIG=$TEST_TMPDIR/$1/execdriver.conf exec driverctl --root "$root" run --pid-file "$PWD/pid" "${shape[@]}" \
		"$2" -- timeout 60 sh -c 'until [ -e /here/go ]; do sleep 0.05; done') &
	held=$!
	until_true running "$2"
}
running() {
	[ -e "$root/$1/state.json" ]
}
let_go() {
	touch go
	wait "$held"
	rm -f go pid
}
is_gone() {
	! kill -0 "$1" 2>/dev/null
}
has_warm() {
	with none inspect "$1" | grep -q '"warm": "warm-'
}
# Its cgroups are there before a box is ready.
warm_run() {
	local code=0
	hold long two
	has_warm two || code=1
	let_go
	return "$code"
}
boxes() {
	find /sys/fs/cgroup -maxdepth 5 -type d -name "warm-$1-*" 2>/dev/null | grep -q .
}

# without the key
with none run -- true
ok "without the key a monitor ends with its run" until_true count_monitors 0
ok "nor is one shared" test ! -e "$root/.monitor/shared"

# one after the other, all of one shape
with long run "${shape[@]}" -- true
first=$(monitors)
like "$first" '^[0-9a-f]{8}$' "one monitor stays after a run"
with none list >/dev/null
is "$(with long run "${shape[@]}" -- sh -c 'exit 7'; echo $?)" 7 "an exit code from a monitor that waited"
is "$(monitors)" "$first" "the next run takes the same"
rm -f go
hold long one
is "$(of_record one dir)" "$first" "and its record says so"
pid=$(of_record one pid)
like "$(tr '\0' ' ' <"/proc/$pid/cmdline")" '^execdriver-monitor' "the pid in it is the monitor's"
like "$(cat "/proc/$pid/cgroup")" "/execdriver-monitor/$first" "it is in cgroups of its own"
let_go

# warm
ok "boxes are made for the next run" until_true boxes "$first"
ok "the next run of the shape takes a box" until_true warm_run
ok "a box is there again" until_true boxes "$first"

# foreground: what is killed is gone
hold long killed
until_true test -s pid
program=$(cat pid)
like "$(tr '\0' ' ' <"/proc/$program/cmdline")" '^timeout 60 sh' "its program runs"
kill -9 "$held"
wait "$held" 2>/dev/null
ok "SIGKILL of driverctl ends its container" until_true is_gone "$program"
ok "and leaves nothing of it" until_true test ! -e "$root/killed"
is "$(monitors)" "$first" "but the monitor"
is "$(with none gc 2>&1)" "" "gc finds nothing to remove, and leaves the monitor alone"
is "$(monitors)" "$first" "which is there still"

# in the background
with long run -d back -- sleep 60 >/dev/null
is "$(of_record back dir)" "$first" "run -d has it too"
is "$(with long exec back sh -c 'exit 9'; echo $?)" 9 "exec"
with long delete -f back

# other mounts than the monitor's
is "$("$EXD_TEST_BUILDDIR/tests/own_mounts" "$BASH" -c "mkdir -p m && mount -t tmpfs m m && echo inside >m/file &&
	EXD_CONFIG=$TEST_TMPDIR/long/execdriver.conf driverctl --root $root run -v $PWD/m:/m -- cat /m/file")" inside \
	"from another mount namespace a run has a monitor of its own"
ok "that ends with it" until_true count_monitors 1

# a monitor that is killed
kill -9 "$pid"
until_true is_gone "$pid"
is "$(with long run -- echo on)" on "a monitor that was killed is replaced"
with none gc >/dev/null
second=$(monitors)
like "$second" '^[0-9a-f]{8}$' "by one"
is "$([ "$second" = "$first" ]; echo $?)" 1 "other than it"
hold long three
pid=$(of_record three pid)
let_go
ok "a box is there" until_true boxes "$second"
kill -TERM "$pid"
ok "SIGTERM ends one that waits" until_true is_gone "$pid"
with none gc >/dev/null
ok "and of its boxes nothing is left" test "$(monitors)" = "" -a -z "$(find /sys/fs/cgroup -name "warm-$second-*" 2>/dev/null)"

# its time
with short run -- true
short=$(monitors)
ok "it ends when its time is over" until_true count_monitors 0
ok "with its cgroups" test -z "$(find /sys/fs/cgroup -path "*/execdriver-monitor/$short" 2>/dev/null)"

done_testing
