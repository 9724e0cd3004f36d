#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Clocks of a container's own.
# shellcheck disable=SC2016
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/audit.sh
. "$EXD_TEST_SRCDIR/tests/root/audit.sh"
cd "$TEST_TMPDIR" || exit 1
if [ ! -e /proc/self/ns/time ]; then
	fails 125 "time" "a time namespace where the kernel has none" run --timens private -- true
	done_testing
	exit
fi

days() {
	awk '{ print int($1 / 86400) }' /proc/uptime
}
day=$(days)
own=$(readlink /proc/self/ns/time)
look='awk "{ print int(\$1 / 86400) }" /proc/uptime; cat /proc/self/timens_offsets; readlink /proc/self/ns/time'

# offsets
got=$(run --time boottime=86400000 --time monotonic=5.25 -- sh -c "$look")
like "$got" "^($((day + 1000))|$((day + 1001)))"$'\n''monotonic +5 250000000'$'\n''boottime +86400000 +0'$'\n' \
	"the clocks are as far ahead as asked"
ok "in a time namespace of its own" test "${got##*$'\n'}" != "$own"
like "$(run --time monotonic=-0.5 -- cat /proc/self/timens_offsets)" '^monotonic +-1 500000000' "half a second back"
got=$(run --init --time boottime=86400000 -- sh -c "$look")
like "$got" "^($((day + 1000))|$((day + 1001)))" "with a small init, too"
got=$(run --timens private -- readlink /proc/self/ns/time)
like "$got" '^time:' "a namespace without offsets"
ok "it is not the host's" test "$got" != "$own"
is "$(run -- readlink /proc/self/ns/time)" "$own" "without a word the clocks are the host's"

# who joins
run -d --time boottime=86400000 --pid-file pid box -- sleep 300 >/dev/null
others=$(readlink "/proc/$(cat pid)/ns/time")
is "$(ctl exec box readlink /proc/self/ns/time)" "$others" "an exec is in the time namespace"
like "$(ctl exec box sh -c "$look")" "^($((day + 1000))|$((day + 1001)))" "an exec has the container's clocks"
is "$(run --timens container:box -- readlink /proc/self/ns/time)" "$others" "the clocks of another container"
is "$(run --timens "path:/proc/$(cat pid)/ns/time" -- readlink /proc/self/ns/time)" "$others" "the clocks of a path"
like "$(ctl list)" 'running' "a container with clocks of its own is known as running"
like "$(ctl stop --time 1 box 2>&1; ctl list)" 'stopped' "and as stopped"

# masked and read-only paths stay
got=$(run --time boottime=5 -- sh -c 'wc -c </proc/keys; echo 1 >/proc/sys/kernel/hostname' 2>&1)
like "$got" '^0.*(Read-only file system|can.t create)' "masked and read-only paths with clocks of its own"

# refusals
fails 125 "needs? a time namespace of its own" "offsets of the host's clocks" run --timens host --time monotonic=1 -- true
fails 125 "below 0 or too far" "a clock before its beginning" run --time monotonic=-99999999 -- true
fails 125 "below 0 or too far" "a clock beyond its end" run --time boottime=9999999999 -- true
fails 125 "is not monotonic=SECONDS" "a clock that has no offset" run --time realtime=5 -- true
fails 125 "is not a time namespace" "a file that is no time namespace" run --timens path:/proc/self/ns/net -- true
is "$(ctl gc --dry-run)" "" "nothing is left"
done_testing
