#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The conformance kit on the drivers of this build, and the options of the verb.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"

# conforms DRIVER MINIMUM: none fails, and at least so many pass.
conforms() {
	local code=0 passed
	driverctl conformance "$1" >"$TEST_TMPDIR/$1" 2>&1 || code=$?
	last=$(tail -1 "$TEST_TMPDIR/$1")
	passed=${last%% passed*}
	diag "$1: $last"
	is "$code" 0 "$1 keeps the contract"
	[ "$code" = 0 ] || diag "$(grep -A2 '^not ok' "$TEST_TMPDIR/$1")"
	like "$last" '^[0-9]+ passed, 0 failed, [0-9]+ skipped$' "the last line for $1 is the count"
	ok "$1 passes at least $2 cases" test "${passed:-0}" -ge "$2"
}
for driver in native:70 lxc:60 hcs-stub:40; do
	driverctl drivers --json | grep -q "\"name\": *\"${driver%:*}\"" || continue
	conforms "${driver%:*}" "${driver#*:}"
done
ok "a driver was judged" test -n "${last-}"

output=$TEST_TMPDIR/native
if [ -e "$output" ]; then
	is "$(grep -cE '^(not )?ok ' "$output")" "$(sed -n 's/^1\.\.//p' "$output")" "the plan of TAP is right"
	is "$(grep -E '^(not )?ok ' "$output" | grep -cvE '^(not )?ok [0-9]+ - [a-z._]+ \[[a-z0-9 -]+\]( # SKIP .*)?$')" 0 \
		"each line names its case and ids"
	is "$(grep '# SKIP' "$output" | grep -cv 'the driver does not claim [a-z_]*$')" 0 \
		"a skip names the capability that is not claimed"
	is "$(driverctl conformance --only run-10 native | tail -2)" "$(printf '1..1\n1 passed, 0 failed, 0 skipped')" \
		"--only takes an id"
	is "$(driverctl conformance --only update-1 native | tail -1)" "1 passed, 0 failed, 0 skipped" \
		"native changes limits of a running container"
fi
if [ -e "$TEST_TMPDIR/hcs-stub" ]; then
	is "$(driverctl conformance --only update-1 hcs-stub | tail -1)" "0 passed, 0 failed, 1 skipped" \
		"--only skips what is not claimed"
fi
is "$(driverctl conformance 2>&1):$(driverctl conformance --time 0 x 2>&1):$(driverctl conformance --only x native 2>&1)" \
	"driverctl: conformance: which driver? driverctl conformance [OPTIONS] DRIVER; see 'driverctl conformance --help':driverctl: conformance: --time '0' is not a number of seconds; see 'driverctl conformance --help':driverctl: conformance: no case has the name or id 'x'; see 'driverctl conformance --help'" \
	"what is wrong with the call is said"
like "$(driverctl conformance nobody 2>&1)" "there is no driver 'nobody'" "a driver that is not configured is named"

done_testing
