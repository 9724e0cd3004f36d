#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# How programs are scheduled, which kernel they see and which files Landlock leaves them, from inside.
# Single quotes hold what is expanded inside the container.
# shellcheck disable=SC2016,SC2317
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/audit.sh
. "$EXD_TEST_SRCDIR/tests/root/audit.sh"
cd "$TEST_TMPDIR" || exit 1

policy() {
	echo 'chrt -p $$ | sed "s/.*: //"; nice'
}
is "$(run -- sh -c "$(policy)")" $'SCHED_OTHER\n0\n0' "nothing is changed that was not asked for"
is "$(run --scheduler batch,nice=3 -- sh -c "$(policy)")" $'SCHED_BATCH\n0\n3' "scheduler batch"
is "$(run --scheduler idle -- sh -c "$(policy)")" $'SCHED_IDLE\n0\n0' "scheduler idle"
is "$(run --scheduler other,nice=-4 --user 65534:65534 -- sh -c "$(policy)")" $'SCHED_OTHER\n0\n-4' \
	"it is set while the right to do so is there"
is "$(run --scheduler other,nice=-4,reset-on-fork -- sh -c 'cut -d" " -f19 /proc/1/stat; nice')" $'-4\n0' \
	"reset-on-fork"
# a cgroup v1 of one's own has no real time unless it is given some
if real=$(run --scheduler fifo,priority=7 -- sh -c "$(policy)" 2>&1); then
	is "$real" $'SCHED_FIFO\n7\n0' "scheduler fifo"
else
	like "$real" "^driverctl: run: step [0-9]+: set the scheduler fifo,priority=7: Operation not permitted$" \
		"scheduler fifo"
fi
is "$(run --nice 5 -- nice)" 5 "nice"
is "$(run --nice -5 --init -- nice)" -5 "nice below an init"
is "$(run --ioprio be:6 -- sh -c 'ionice -p $$')" "best-effort: prio 6" "ioprio be"
is "$(run --ioprio rt:2 -- sh -c 'ionice -p $$')" "realtime: prio 2" "ioprio rt"
is "$(run --ioprio idle -- sh -c 'ionice -p $$')" idle "ioprio idle"
is "$(run --personality linux32 -- uname -m)" "$(setarch linux32 uname -m)" "personality linux32"
is "$(run --personality linux -- uname -m)" "$(uname -m)" "personality linux"
fails 125 "scheduler.*'fifo' is not" "fifo needs a priority" run --scheduler fifo -- true
fails 125 "scheduler.*'other,priority=3' is not" "other has none" run --scheduler other,priority=3 -- true
fails 125 "exclude each other" "scheduler and nice" run --scheduler batch --nice 3 -- true
fails 125 "init" "reset-on-fork and an init" run --init --scheduler batch,reset-on-fork -- true
fails 125 "'be:8' is not rt:N, be:N" "an I/O priority that is not there" run --ioprio be:8 -- true
fails 125 "is not linux or linux32" "a personality that is not there" run --personality bsd -- true

# a further process
last=$(($(nproc --all) - 1))
run -d --personality linux32 --exec-cpu-affinity "0:$last" --nice 4 box -- sleep 1000 >/dev/null
cpus() {
	sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status
}
is "$(ctl exec box uname -m)" "$(setarch linux32 uname -m)" "an exec sees the kernel of the container"
is "$(ctl exec box nice)" 0 "an exec has a nice of its own"
is "$(ctl exec --nice 9 --scheduler batch box true 2>&1 | grep -c exclude)" 1 "an exec is checked as a run is"
is "$(ctl exec --scheduler batch,nice=9 box sh -c "$(policy)")" $'SCHED_BATCH\n0\n9' "scheduler of an exec"
is "$(ctl exec box sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)" "$last" "its cpus are those that the run says"
is "$(ctl exec --exec-cpu-affinity :0 box sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)" 0 \
	"or those that it says itself"
fails 125 "set the cpu affinity 4095: Invalid argument" "cpus that are not there" ctl exec --exec-cpu-affinity 4095 box true
fails 125 "exec_cpu_affinity" "no list" ctl exec --exec-cpu-affinity 1-0 box true
is "$(run -- sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)" "$(cpus)" "a run is on the cpus of its host"
ctl delete -f box

# Landlock
rules=(--landlock ro:/ --landlock rw:/tmp --landlock rw:/dev)
tries='echo x >/tmp/a && cat /tmp/a; for f in /run/a /etc/passwd /etc/new; do { echo x >>$f; } 2>/dev/null && echo "wrote $f"; done
	truncate -s 0 /etc/passwd 2>/dev/null && echo truncated; rm /etc/passwd 2>/dev/null && echo removed
	mv /tmp/a /run/a 2>/dev/null && echo moved; test -s /etc/passwd && echo whole'
is "$(run "${rules[@]}" -- sh -c "$tries")" $'x\nwhole' "what is read-only cannot be changed in any way"
is "$(run "${rules[@]}" --privileged -- sh -c "$tries")" $'x\nwhole' "not by a privileged one either"
is "$(run "${rules[@]}" --security-opt no-new-privileges -u 65534:65534 -- sh -c "$tries")" $'x\nwhole' \
	"nor with no_new_privileges and without rights"
is "$(run "${rules[@]}" --init -- sh -c "$tries")" $'x\nwhole' "nor below an init"
small=(--landlock ro:/usr --landlock ro:/bin --landlock ro:/lib --landlock ro:/lib64)
is "$(run "${small[@]}" -- sh -c 'cat /etc/passwd' 2>&1)" "cat: /etc/passwd: Permission denied" "what is not named cannot be read"
is "$(run "${small[@]}" --landlock ro:/etc/passwd -- sh -c 'wc -l </etc/passwd; cat /etc/group' 2>&1)" \
	"$(run -- sh -c 'wc -l </etc/passwd')"$'\ncat: /etc/group: Permission denied' "a rule can be of one file"
fails 125 "Landlock ro:/nosuch: No such file" "a path that is not there" run --landlock ro:/nosuch -- true
fails 126 "cannot execute" "a program that no rule allows" run --landlock ro:/tmp -- true
fails 125 "is not ro:PATH or rw:PATH" "a rule that is none" run --landlock /tmp -- true
mkdir -p tree/{proc,sys,dev,tmp,usr,bin,lib,lib64}
ln -s /proc/self/fd/3/../../etc tree/out
fails 125 "Landlock rw:/out: (Too many levels|No such file)" "a link of the container leads nowhere else" \
	run --rootfs tree --landlock rw:/out -- true
run -d "${rules[@]}" fenced -- sleep 1000 >/dev/null
is "$(ctl exec fenced sh -c "$tries")" $'x\nwhole' "an exec is held by the same rules"
is "$(ctl exec --privileged fenced sh -c "$tries")" $'x\nwhole' "a privileged one too"
ctl delete -f fenced

done_testing
