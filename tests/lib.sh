# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# TAP for test scripts. Source it first; end with done_testing.
#
#	. "$EXD_TEST_SRCDIR/tests/lib.sh"
#	is "$(driverctl --version)" "driverctl 0.1.0" "the version is printed"
#	ok "driverctl lists its drivers" driverctl drivers
#	done_testing

: "${EXD_TEST_SRCDIR:?is set by make check}" "${EXD_TEST_BUILDDIR:?is set by make check}"

tap_count=0
TEST_TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/exd-test.XXXXXX") || exit 1
trap 'rm -rf "$TEST_TMPDIR"' EXIT

# tap_result ok|"not ok" NAME: one test case.
tap_result() {
	tap_count=$((tap_count + 1))
	echo "$1 $tap_count - $2"
}

# diag TEXT: lines that explain, shown in the log.
diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# ok NAME COMMAND [ARG...]: passes when the command exits 0; its output is shown when it does not.
ok() {
	local name=$1 output code=0
	shift
	output=$("$@" 2>&1) || code=$?
	if [ "$code" -eq 0 ]; then
		tap_result ok "$name"
	else
		tap_result "not ok" "$name"
		diag "exit code $code of: $*"
		diag "$output"
	fi
}

# is GOT WANTED NAME: passes when both are the same text.
is() {
	if [ "$1" = "$2" ]; then
		tap_result ok "$3"
	else
		tap_result "not ok" "$3"
		diag "got:    $1"
		diag "wanted: $2"
	fi
}

# like GOT PATTERN NAME: passes when the text matches the extended regular expression.
like() {
	if [[ $1 =~ $2 ]]; then
		tap_result ok "$3"
	else
		tap_result "not ok" "$3"
		diag "got:     $1"
		diag "pattern: $2"
	fi
}

# skip NAME REASON: one test case that cannot run here, which is a failure where it must.
skip() {
	if [ "${EXD_TEST_MUST_WORK:-0}" = 1 ]; then
		tap_result "not ok" "$1"
		diag "would be skipped, but must work here: $2"
	else
		tap_result ok "$1 # SKIP $2"
	fi
}

# not_here NAME REASON: the same of what this kind of machine cannot have, which is no failure.
not_here() {
	tap_result ok "$1 # SKIP $2"
}

# done_testing: the plan, last. Without it the script counts as broken.
done_testing() {
	echo "1..$tap_count"
}

# says WANTED NAME ARGS...: one test case: exit code and everything printed by the script's own ctl.
says() {
	local wanted=$1 name=$2 output code=0
	shift 2
	output=$(ctl "$@" 2>&1 </dev/null) || code=$?
	is "$code${output:+:$output}" "$wanted" "$name"
}

# until_true COMMAND...: waits for it to become true, 10 s at most, or EXD_TEST_PATIENCE times that.
until_true() {
	local turn
	for ((turn = 0; turn < 500 * ${EXD_TEST_PATIENCE:-1}; turn++)); do
		"$@" && return 0
		sleep 0.02
	done
	return 1
}

# guarded: whether this host can have rules for devices, by the v1 controller or by programs on v2.
guarded() {
	grep -q '[:,]devices[:,]' /proc/self/cgroup || grep -q ' - cgroup2 ' /proc/self/mountinfo
}

# unmount_rules v1|all: what could judge who may use a device, in a mount namespace of the caller's own: v1's
# controller, or v2 too.
unmount_rules() {
	local line=' - cgroup [^ ]* \([^ ]*,\)*devices\(,.*\)*$'
	sed -n "s/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]*\) .*$line/\1/p" /proc/self/mountinfo | xargs -r umount
	[ "$1" = v1 ] || sed -n 's/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]*\) .* - cgroup2 .*/\1/p' /proc/self/mountinfo | xargs -r umount
}
