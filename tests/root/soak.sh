#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A little of the long run (`make soak`), cold and warm; and that it finds what it is to find.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
cd "$TEST_TMPDIR" || exit 1
# Emulation takes its time.
export SOAK_STARTS=$((200 / ${EXD_TEST_PATIENCE:-1})) SOAK_OOMS=6 SOAK_EXECS=40 SOAK_SEED=7

soak() {
	bash "$EXD_TEST_SRCDIR/tests/soak/run.sh" "$@"
}

# summary: of a run's output, what it did and what came of it.
summary() {
	sed -n -e 's/ [0-9]* s, 4 threads, seed 7//' -e '/misjudged, .* failed$/p' -e '/^nothing is left/p' -e '/^left:/p' \
		-e '/^soak: [a-z]*$/p'
}
good="$SOAK_STARTS starts, 6 OOM kills, 6 plain kills under a limit, 40 execs,: 0 misjudged, 0 failed
nothing is left of cgroups, state, mounts and processes
soak: passed"

out=$(SOAK_WARM=0 soak 2>&1)
is "$(summary <<<"$out")" "$good" "a long run, cold"
like "$out" 'host: own memory.*: flat.*monitor: own memory.*: flat' "memory and descriptors of host and monitor are flat"

out=$(SOAK_WARM=2 soak 2>&1)
is "$(summary <<<"$out")" "$good" "a long run, warm"
like "$out" $'\n[1-9][0-9]* of [1-9][0-9]* starts were warm' "in boxes that were kept warm"

# A program that ends otherwise than it is told to.
out=$(SOAK_STARTS=20 SOAK_OOMS=0 SOAK_EXECS=0 SOAK_THREADS=1 SOAK_PROGRAM=$EXD_TEST_BUILDDIR/tests/root/audit soak 2>&1)
like "$out" 'expected code [1-9][0-9]* signal 0\): code 0 .* [1-9][0-9]* misjudged, 0 failed.*soak: failed$' \
	"a wrong exit code is found"

# Things in its place that it did not make, and so does not remove.
place=$(mktemp -d "${TMPDIR:-/tmp}/exd-soak.XXXXXX")
top=$(awk '/ - cgroup2? / && $6 ~ /^rw/ { print $5; exit }' /proc/self/mountinfo)
mkdir -p "$place/state/left" "$top/${place##*/}/left"
out=$(SOAK_STARTS=2 SOAK_OOMS=0 SOAK_EXECS=0 soak "$place" 2>&1)
is "$(summary <<<"$out" | sed 1d)" "$(printf 'left: %s\nleft: %s\n%s' "$place/state/left" "$top/${place##*/}/left" "soak: failed")" \
	"a state directory and a cgroup that are left are found"
rmdir "$top/${place##*/}/left" "$top/${place##*/}"
rm -rf "$place"

# Told to end: the rounds that have begun are the last.
place=$(mktemp -d "${TMPDIR:-/tmp}/exd-soak.XXXXXX")
SOAK_STARTS=1000000 soak "$place" >early 2>&1 &
pid=$!
until_true test -d "$place/state/resting-3"
for ((i = 0; i < 4; i++)); do
	child=$(cut -d ' ' -f 1 "/proc/$pid/task/$pid/children")
	[ "$(cat "/proc/$child/comm")" = bash ] || break
	pid=$child
done
kill "$child"
wait
like "$(cat early)" 'ended early, by signal 15.*: flat.*nothing is left.*soak: passed$' "a run that is told to end tells of what it did"

like "$(SOAK_STARTS=many soak "$PWD/none" 2>&1)" "SOAK_STARTS='many' is no number" "a setting that is no number is refused"
done_testing
