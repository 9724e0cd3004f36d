#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# driverctl exec --cgroup-child: a cgroup below the container's, its limits, and that it goes.
# Single quotes hold what is expanded inside the container.
# shellcheck disable=SC2016,SC2317
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/audit.sh
. "$EXD_TEST_SRCDIR/tests/root/audit.sh"
cd "$TEST_TMPDIR" || exit 1

# children: how many cgroups of execs there are in any hierarchy
children() {
	find /sys/fs/cgroup -type d -path "*$parent/box/exec-*" 2>/dev/null | wc -l
}
no_children() {
	[ "$(children)" = 0 ]
}
some_children() {
	[ "$(children)" != 0 ]
}
# has_v1 CONTROLLER: a hierarchy of v1 that hands it down to whatever is made in it
has_v1() {
	grep -q " - cgroup [^ ]* \([^ ]*,\)*$1\(,.*\)*$" /proc/self/mountinfo
}
# of_box FILE: its value in the cgroup of the only exec
of_box() {
	find /sys/fs/cgroup -path "*$parent/box/exec-*/$1" -exec cat {} + 2>/dev/null
}
detached() {
	ctl exec -d --cgroup-child "$@" box sleep 1000 >/dev/null
}

run -d box -- sleep 1000 >/dev/null
like "$(ctl exec --cgroup-child box sed -n 's/^[0-9]*:[^:]*://p' /proc/self/cgroup | sort -u)" \
	"^(/"$'\n'")?/exec-[0-9a-f]{16}$" "it is in a cgroup below the container's"
ok "which is gone when it has ended" until_true no_children
is "$(ctl exec box sed -n 's/^[0-9]*:[^:]*://p' /proc/self/cgroup | sort -u)" "/" "an exec without is in the container's own"
is "$(ctl exec --cgroup-child box sh -c 'exit 5' || echo $?)" 5 "its exit code is its own"

fails 125 "'memory' is not for a further process.*\(cgroup_child\)" "a limit without a cgroup" ctl exec -m 64m box true
fails 125 "'pids_limit' is not for a further process.*\(cgroup_child\)" "another limit without a cgroup" \
	ctl exec --pids-limit 5 box true
fails 125 "'cgroup_child' is not for a run" "a run has one of its own anyway" sh -c \
	"echo 'args = [\"true\"]; cgroup_child = true;' >file; exec driverctl --root '$root' run -f file"

ok "none is left of all these" until_true no_children
if has_v1 pids && has_v1 memory && has_v1 cpu; then
	detached --pids-limit 7 -m 32m --cpus 0.5
	stay=$(children)
	is "$(of_box pids.max) $(of_box memory.limit_in_bytes) $(of_box cpu.cfs_quota_us)" "7 33554432 50000" \
		"limits of an exec are those of its cgroup"
	ctl exec --cgroup-child --pids-limit 3 box sh -c 'for i in 1 2 3 4 5; do sleep 0.1 & done' 2>forks || :
	like "$(cat forks)" "[Ff]ork" "more processes than its limit are refused"
	is "$(ctl exec box sh -c 'for i in 1 2 3 4 5; do sleep 0 & done; wait; echo fine')" fine "to the exec, and not the container"
	code=0
	ctl exec --cgroup-child -m 8m box tail /dev/zero >/dev/null 2>&1 || code=$?
	is "$code" 137 "what is killed for the limit of an exec is of that exec"
	is "$(ctl exec box echo lives)" lives "and the container lives"
	fails 125 "cpuset.cpus" "a limit that the kernel refuses" ctl exec --cgroup-child --cpuset-cpus 4095 box true
	is "$(ctl exec --cgroup-child --best-effort --cpuset-cpus 4095 box echo ran 2>warned)" ran "with --best-effort it runs without"
	like "$(cat warned)" "cpuset.cpus" "and it is said which"
else
	fails 125 "pids_limit of an exec cannot be set, cgroup controller pids: the cgroup v2 of container 'box' holds processes" \
		"cgroup v2 has no limits there" ctl exec --cgroup-child --pids-limit 5 box true
	is "$(ctl exec --cgroup-child --best-effort --pids-limit 5 box echo ran 2>warned)" ran "with --best-effort it runs without"
	like "$(cat warned)" "pids_limit" "and it is said which"
	detached
	stay=$(children)
	fails 125 "pids_limit" "and with another one there" ctl exec --cgroup-child --pids-limit 5 box true
fi
as_before() {
	[ "$(children)" = "$stay" ]
}
ok "what ended and what was refused leaves no cgroup" until_true as_before

# what it leaves behind goes with its cgroup
is "$(ctl exec --cgroup-child box sh -c 'sleep 2000 >/dev/null 2>&1 & exit 4' || echo $?)" 4 "it leaves a process behind"
gone() {
	! ctl exec box sh -c 'grep -lxz 2000 /proc/[0-9]*/cmdline' >/dev/null
}
ok "which is ended with it" until_true gone

# the container ends first, then nobody supervises
ok "one runs" some_children
ok "a container ends with an exec in a cgroup" ctl stop -t 0 box
ctl delete -f box
ok "and takes that cgroup along" until_true no_children

run -d box -- sleep 1000 >/dev/null
detached
monitor=$(ctl inspect box | python3 -c 'import json, sys; print(json.load(sys.stdin)["monitor"]["pid"])')
ok "another one runs" some_children
kill -9 "$monitor"
ok "a container without monitor goes with it" ctl delete -f box
ok "and what an exec had too" until_true no_children

done_testing
