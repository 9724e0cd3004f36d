#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# driverctl top: a live view on a terminal, one sample elsewhere.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
root=$TEST_TMPDIR/state
trap 'driverctl --root "$root" list | awk "NR > 1 { print \$1 }" | xargs -r driverctl --root "$root" delete -f; rm -rf "$TEST_TMPDIR"' EXIT
ctl() {
	driverctl --root "$root" --driver native "$@"
}

is "$(ctl top)" "ID  CPU%  CPU-SECONDS  MEMORY  LIMIT  PIDS" "nothing runs"
ctl run -d a-large -- sh -c 'head -c 40000000 /dev/zero | { sleep 0.1; tail -c 40000000 >/tmp/x; sleep 1000; }' >/dev/null
ctl run -d b-busy -- sh -c 'while :; do :; done' >/dev/null
ctl run -d c-many -- sh -c 'for i in 1 2 3 4 5; do sleep 1000 & done; wait' >/dev/null
is "$(ctl list | awk '$3 == "running"' | wc -l)" 3 "three containers run"
large() {
	[ "$(ctl stats --json a-large | sed 's/.*"memory_usage": \([0-9]*\).*/\1/')" -gt 30000000 ]
}
ok "one of them is large" until_true large
ids() {
	ctl top "$@" | awk 'NR > 1 { printf "%s ", $1 }'
}
is "$(ids | awk '{ print $1 }')" b-busy "the busiest is first"
is "$(ids --sort memory | awk '{ print $1 }')" a-large "--sort memory"
is "$(ids --sort pids | awk '{ print $1 }')" c-many "--sort pids"
is "$(ids --sort time | awk '{ print $1 }')" b-busy "--sort time"
is "$(ids --sort id)" "a-large b-busy c-many " "--sort id"
says "125:driverctl: top: --sort 'size' is none of cpu, time, memory, pids and id; see 'driverctl top --help'" \
	"another key is refused" top --sort size
is "$(ctl top | tr -d '[:print:]\n' | wc -c)" 0 "elsewhere than on a terminal it is plain text"
is "$(ctl top --sort id --json | wc -l)" 3 "--json is a line a container"

python3 "$EXD_TEST_SRCDIR/tests/root/driverctl_top.py" "$root" "$tap_count" >"$TEST_TMPDIR/tap" || true
cat "$TEST_TMPDIR/tap"
tap_count=$(grep -cE '^(not )?ok ' "$TEST_TMPDIR/tap" | awk -v before="$tap_count" '{ print $1 + before }')
ok "the person at the terminal came to the end" grep -q '^# end$' "$TEST_TMPDIR/tap"
done_testing
