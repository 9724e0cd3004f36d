#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Containers of the lxc driver, as users see them: starts, ends, limits, control, what stays behind.
# shellcheck disable=SC2001,SC2016,SC2317 # expanded inside; functions are called by name
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
cd "$TEST_TMPDIR" || exit 1

ctl() {
	timeout -s KILL 60 driverctl --root "$TEST_TMPDIR/state" --driver lxc "$@" </dev/null
}
run() {
	ctl run "$@"
}
code() {
	local code=0
	"$@" >out 2>err || code=$?
	echo $code
}
locks() {
	find /run/lxc -mindepth 1 2>/dev/null | sort
}
before=$(locks)
# Those of this build, and what liblxc would leave for its own names.
parent=$(grep -o 'cgroup_parent = "[^"]*"' "${EXD_CONFIG%/*}/plugins.d/20-lxc.conf" | cut -d '"' -f 2)
cgroups() {
	local name
	for name in box lost lost2 hog same kept ended limits; do
		find /sys/fs/cgroup -path "*$parent/*" -name "$name" 2>/dev/null
		find /sys/fs/cgroup -name "lxc.*.$name*" 2>/dev/null
	done
}

# start and end
is "$(run -- echo hello)" hello "a program runs without an image"
is "$(run -- sh -c 'echo $$')" 1 "it is the first process of its pid namespace"
is "$(code run -- sh -c 'exit 7')" 7 "the exit code is its own"
is "$(code run -- no-such-program)" 127 "a program that is not there ends with 127"
like "$(cat err)" "no-such-program" "and is named"
is "$(code run -- /etc/passwd)" 126 "one that cannot be run ends with 126"
is "$(code run --init -- sh -c 'kill -9 $$')" 137 "a signal below the small init is 128 and its number"
is "$(code run --pid host -- sh -c 'kill -TERM $$')" 143 "a signal is 128 and its number"
is "$(code timeout -s KILL 20 driverctl --root state --driver lxc run --pid host -- sh -c 'kill -HUP $$')" 129 \
	"an end by SIGHUP is not taken for a reboot"
is "$(for _ in 1 2 3 4 5 6 7 8; do code run -- true; done | sort -u)" 0 "starts that end at once are told right"
is "$(run -w /nowhere -- true 2>&1 | grep -c /nowhere)" 1 "a working directory that is not there is named"

# descriptors
is "$(echo text | timeout 60 driverctl --root state --driver lxc run -- cat)" text "stdin is passed on"
is "$(run -- sh -c 'echo 1 >&2' 2>&1 >/dev/null)" 1 "stderr is apart from stdout"
is "$(run -- sh -c 'ls /proc/self/fd | wc -l')" 4 "no other descriptor is inherited"
is "$(run -- sh -c 'exec >&- 2>&-; sleep 0.2' | cat)" "" "output that the program closes ends"

# as on the native driver
for option in "" "-u 33" "--privileged" "--read-only" "--cap-drop all" "--init" "--network host" \
	"--hostname other" "-w /tmp" "-e A=b" "--ulimit nofile=77:99" "--security-opt no-new-privileges"; do
	look='env | sort; pwd; id; hostname; ulimit -n; grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status
		cat /proc/self/cgroup /proc/self/oom_score_adj; grep -c . /proc/net/dev; cat /etc/passwd; ls /'
	# shellcheck disable=SC2086
	lxc=$(run $option same -- sh -c "$look" 2>&1)
	# shellcheck disable=SC2086
	native=$(timeout -s KILL 60 driverctl --root state --driver native run $option same -- sh -c "$look" 2>&1 </dev/null)
	like "$lxc" "uid=" "its output is there: '$option'"
	is "$(sed 's/^0::.*/0::/' <<<"$lxc")" "$(sed 's/^0::.*/0::/' <<<"$native")" \
		"it looks the same as on the native driver: '$option'"
done

# root and mounts
mkdir -p box/{proc,sys,dev,etc,usr} 'a b,c'
for d in bin lib lib64; do ln -s "usr/$d" box/; done
echo 'alice:x:1000:100::/home/alice:/bin/sh' >box/etc/passwd
echo text >'a b,c/file'
is "$(run --rootfs box -v /usr:/usr:ro -u alice -- id -u)" 1000 "users are those of the rootfs"
is "$(run -v "$PWD/a b,c:/x y,z" -- cat '/x y,z/file')" text "blanks and commas in mounts"
is "$(code run -v "$PWD/a b,c:/x:ro" -- touch /x/new)" 1 "a read-only mount is read-only"
like "$(run --tmpfs /scratch -- grep ' /scratch ' /proc/mounts)" "^tmpfs /scratch tmpfs rw,nosuid,nodev" "a tmpfs"
is "$(code run -- sh -c 'echo 1 >/proc/sys/kernel/core_pattern')" 2 "/proc/sys is read-only"
is "$(run -- sh -c 'cat /proc/keys | wc -c')" 0 "masked files are empty"
is "$(run --sysctl net.ipv4.ip_forward=1 -- cat /proc/sys/net/ipv4/ip_forward)" 1 "a sysctl of its network"
is "$(code run --sysctl kernel.panic=1 -- true)" 125 "a sysctl of the host is refused"
is "$(run --device /dev/full:/dev/other -- stat -c %t:%T /dev/other)" 1:7 "a device"
guarded && is "$(run --cap-add all -- sh -c 'mknod /dev/kmsg c 1 11; cat /dev/kmsg' 2>&1)" \
	"cat: /dev/kmsg: Operation not permitted" "a device that was not given"
is "$(code run -v /tmp:/x:rslave -- true)" 125 "what liblxc cannot express is refused"

# limits and OOM
is "$(code run -m 20m --pids-limit 20 hog -- sh -c 'tail /dev/zero; exit 3')" 3 "an OOM kill of a child"
is "$(code run -m 20m hog -- sh -c 'exec tail /dev/zero')" 137 "an OOM kill of the first process"
like "$(cat err)" "memory" "which is told as one"
is "$(code run -m 20m kept -d -- sh -c 'tail /dev/zero; sleep 100')" 0 "a container goes on after an OOM kill"
for _ in {1..100}; do
	kills=$(ctl stats --json kept | grep -o '"oom_kills": *[0-9]*' | grep -o '[0-9]*$')
	[ "${kills:-0}" -gt 0 ] && break
	sleep 0.1
done
is "$kills" 1 "and the kill is counted"
ctl delete -f kept
dir=$(run limits -m 32m -- sh -c 'grep -E "memory|^0::" /proc/self/cgroup' | head -1)
like "$dir" ":/$" "the cgroup namespace begins at its own cgroup"

# a filter by a profile, with its flags; nobody can be asked
printf '{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_LOG"], "syscalls": [{"names": ["mkdir", "mkdirat"], %s}]}' \
	'"action": "SCMP_ACT_ERRNO", "errnoRet": 28' >profile.json
is "$(run --security-opt seccomp=profile.json -- mkdir /tmp/x 2>&1)" \
	"mkdir: cannot create directory '/tmp/x': No space left on device" "a profile filters system calls"
is "$(code run --nice 3 -- true)" 125 "what the recipe has no words for is refused"

# security modules: a host without one says so, one that has it does not know these
label() {
	local there=$1 missing=$2
	[ -e "$there" ] && missing="set label|liblxc says|No such file|Invalid argument"
	is "$(code run "${@:3}" -- touch began)" 125 "no program begins under a label that is not there: ${*:3}"
	like "$(cat err)" "$missing" "which is said: ${*:3}"
}
label /sys/kernel/security/apparmor \
	"apparmor 'exd-none': '/sys/kernel/security/apparmor' is not there: boot with this security module" \
	--security-opt apparmor=exd-none
label /sys/fs/selinux "selinux_label 'a:b:c:s0': '/sys/fs/selinux' is not there: boot with this security module" \
	--security-opt label=a:b:c:s0
is "$(run --security-opt apparmor=unconfined -- echo ran 2>&1)" ran "unconfined asks for none"
is "$(code run --security-opt apparmor=exd-none --security-opt label=a:b:c:s0 -- true)" 125 "there is one at most"
like "$(cat err)" "apparmor and selinux_label exclude each other" "which is said"

# terminals
is "$(run -t -- tty | tr -d '\r')" /dev/pts/0 "a terminal of its own"
is "$(run -t -- sh -c 'echo out; echo err >&2; exit 6' | tr -d '\r' | paste -sd ' ')" "out err" \
	"all that it prints arrives at the terminal"
is "$(code run -t -- sh -c 'exit 6')" 6 "the exit code is that of the program"
is "$(run -t -- sh -c 'cut -d " " -f 5-8 /proc/self/stat' | tr -d '\r' | cut -d ' ' -f 2-3)" "1 34816" \
	"it is the controlling terminal of its session"
is "$(run -t -- stat -c %t:%T /dev/console | tr -d '\r')" 88:0 "it is the console"

# control
run -d --pid-file pid box -- sleep 1000 >/dev/null
is "$(ctl exec box sh -c 'cd /proc/self/ns; readlink mnt pid net cgroup ipc uts | sort')" \
	"$(for n in mnt pid net cgroup ipc uts; do readlink "/proc/$(cat pid)/ns/$n"; done | sort)" \
	"an exec is in all namespaces of the container"
is "$(ctl exec box sh -c 'cat /proc/self/cgroup' | grep -v ^0::)" "$(ctl exec box cat /proc/1/cgroup | grep -v ^0::)" \
	"and in its cgroups"
is "$(code ctl exec box sh -c 'exit 9')" 9 "an exec has its own exit code"
is "$(code ctl exec box no-such-program)" 127 "a program that is not there"
is "$(code ctl exec box sh -c 'kill -KILL $$')" 137 "a signal"
is "$(ctl exec -u 33 -w /tmp -e A=1 box sh -c 'id -u; pwd; echo $A' | paste -sd ' ')" "33 /tmp 1" "user, directory, environment"
is "$(ctl exec box grep -E '^(CapBnd|Seccomp):' /proc/self/status)" \
	"$(ctl exec box grep -E '^(CapBnd|Seccomp):' /proc/1/status)" "and no more rights than the first process"
is "$(ctl exec -t box tty | tr -d '\r')" /dev/pts/0 "an exec has a terminal of its own"
is "$(code ctl exec -t box sh -c 'exit 4')" 4 "and its exit code"
ok "pause" ctl pause box
like "$(ctl list)" "box +lxc +paused" "it is listed as paused"
ok "unpause" ctl resume box
like "$(ctl ps box)" "sleep 1000" "its processes are listed"
like "$(ctl stats box)" "box " "its counters are read"
ok "kill" ctl kill box KILL
is "$(ctl wait box)" 137 "the exit code is kept for whoever asks later"
ok "delete" ctl delete box

# who dies
start_and_find() {
	run -d --pid-file pid "$1" -- sleep 1000 >/dev/null
	starter=$(awk '/^PPid/ {print $2}' "/proc/$(cat pid)/status")
	worker=$(awk '/^PPid/ {print $2}' "/proc/$starter/status")
	like "$(tr '\0' ' ' <"/proc/$worker/cmdline")" execdriver-lxc-worker "its worker is found: $1"
}
start_and_find lost
[ "$worker" -gt 1 ] && kill -KILL "$worker"
is "$(code ctl wait lost)" 125 "without its worker a container is lost"
like "$(cat err)" "lost" "which is said"
is "$([ -e "/proc/$(cat pid)" ] && echo there)" "" "and nothing of it runs on"
ctl delete lost
start_and_find lost2
[ "$starter" -gt 1 ] && kill -KILL "$starter"
is "$(code ctl wait lost2)" 125 "the same when liblxc itself dies"
ctl delete lost2
run -d --pid-file pid ended -- sleep 1000 >/dev/null
ok "terminate from the record" ctl delete -f ended

# raw lines
sed -e "s|options: {|options: { lxc_config = [\"lxc.hook.version = 1\", \"lxc.mount.entry = tmpfs raw tmpfs create=dir 0 0\"];|" \
	"${EXD_CONFIG%/*}/plugins.d/20-lxc.conf" >raw.conf
mkdir -p raw/plugins.d
cp "${EXD_CONFIG%/*}/execdriver.conf" raw/
cp raw.conf raw/plugins.d/20-lxc.conf
is "$(timeout -s KILL 60 driverctl --config raw/execdriver.conf --root state --driver lxc run -- grep -c ' /raw ' /proc/mounts </dev/null)" 1 \
	"raw lines of the driver's options count"
sed -i 's/lxc.hook.version = 1/lxc.cap.drop = sys_admin/' raw/plugins.d/20-lxc.conf
like "$(timeout -s KILL 60 driverctl --config raw/execdriver.conf --root state --driver lxc run -- true 2>&1 </dev/null)" \
	"lxc.cap.drop.*contradicts.*cap_add" "one that contradicts the command is refused"

# nothing stays
is "$(locks)" "$before" "nothing is left in liblxc's directory"
is "$(cgroups)" "" "nor in cgroups"
is "$(ls state)" "" "nor in the state directory"
done_testing
