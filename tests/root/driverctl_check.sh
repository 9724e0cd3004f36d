#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# driverctl check on hosts that lack something: each is made of this one, and what is said must be so.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/drivers.sh
. "$EXD_TEST_SRCDIR/tests/root/drivers.sh"
root=$TEST_TMPDIR/state
chmod 755 "$TEST_TMPDIR"
mkdir "$TEST_TMPDIR/tree"
drivers_config "$TEST_TMPDIR" "$TEST_TMPDIR/tree" || exit 1
export EXD_CONFIG=$TEST_TMPDIR/execdriver.conf

# check COMMAND...: driverctl check within, its lines in the file `lines` and its exit code.
check() {
	local code=0
	timeout 100 "$@" driverctl --root "$root" --driver native check --json >"$TEST_TMPDIR/lines" 2>"$TEST_TMPDIR/errors" ||
		code=$?
	echo "$code"
}
# about TOPIC [DRIVER]: "STATUS: TEXT [CURE]" of the last check.
about() {
	python3 -c '
import json, sys
for line in map(json.loads, open(sys.argv[1])):
    if (line["driver"], line["topic"]) == (sys.argv[3], sys.argv[2]):
        print("%s: %s [%s]" % (line["status"], line["text"], line["cure"] or ""))' "$TEST_TMPDIR/lines" "$1" "${2:-host}"
}

# This host
left() {
	awk '{ print $5 }' /proc/self/mountinfo
	find /sys/fs/cgroup -maxdepth 2 -name 'execdriver-check-*'
	ls "$root"
}
mkdir "$root"
before=$(left)
is "$(check env)" 0 "a run works, and the exit code says so"
is "$(left)" "$before" "nothing is left: no mount, no cgroup, no container"
is "$(about run default)" "yes: 'driverctl run -- true' works, with driver native []" "the run was tried"
python3 -c '
import json, sys
for line in map(json.loads, open(sys.argv[1])):
    if line["status"] in ("no", "degraded") and not line["cure"]:
        print(line["driver"], line["topic"])' "$TEST_TMPDIR/lines" >"$TEST_TMPDIR/incurable"
is "$(cat "$TEST_TMPDIR/incurable")" "" "what is lacking has a cure"
topics=
for topic in kernel clone3 pidfd openat2 close_range memfd seccomp seccomp.notify landlock bpf.devices \
	namespace.{mnt,pid,ipc,uts,net,cgroup,time,user,user.ordinary} mount.{fsopen,setattr,idmap,overlay} \
	cgroup cgroup.{memory,cpu,cpuset,pids,io,hugetlb,freezer} rlimits oom_score_adj oom.kmsg lsm subids; do
	[ -n "$(about "$topic")" ] || topics+=" $topic"
done
is "$topics" "" "each feature of the host has a line"
for driver in ${EXD_TEST_TABLED-native}; do
	ok "and driver $driver has lines" grep -q "\"driver\": \"$driver\"" "$TEST_TMPDIR/lines"
done
text=$(driverctl --root "$root" check)
like "$text" "^host"$'\n'"info +kernel +Linux " "as text it is a table a driver"
like "$text" $'\ndefault\nyes +run +' "which ends with the run"

# Fewer rights
code=$(check setpriv --bounding-set=-sys_admin,-sys_resource)
is "$code" 125 "without CAP_SYS_ADMIN no run works"
like "$(cat "$TEST_TMPDIR/errors")" "^driverctl: check: a run does not work here: .+" "the reason is said"
like "$(about run default)" "^no: 'driverctl run -- true' fails: .+" "also among the lines"
like "$(about capabilities native)" "^no: no CAP_SYS_ADMIN.*\[give this process CAP_SYS_ADMIN\]" "so does the driver"
is "$(about namespace.net)" "yes: can be made inside a user namespace of one's own []" \
	"namespaces are tried as an ordinary user would"
like "$(about rlimits)" "^degraded: .*\[give this process CAP_SYS_RESOURCE" "limits cannot be raised without CAP_SYS_RESOURCE"
is "$(about mount.overlay)" "yes: can be mounted []" "an overlay in a user namespace"

# No namespaces left
# shellcheck disable=SC2016
code=$(check unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; echo 0 >/proc/sys/user/max_uts_namespaces; "$@"' sh)
is "$(about namespace.user)" "no: cannot be made: No space left on device [sysctl -w user.max_user_namespaces=65536]" \
	"a sysctl that allows no user namespaces, and its cure"
is "$(about namespace.uts)" "no: cannot be made: No space left on device [sysctl -w user.max_uts_namespaces=65536]" \
	"or none of another kind"
like "$(about mount.idmap)" "^no: .*\[run as root" "nor are ids mapped there"
is "$code" 125 "a run that cannot have them does not work"

# A seccomp filter around it: calls that are not there, refused or deadly.
cat >"$TEST_TMPDIR/filter.py" <<'END'
import ctypes, os, struct, sys
calls = [tuple(int(n, 0) for n in pair.split(":")) for pair in sys.argv[1].split(",")]
program = [(0x20, 0, 0, 0)]
for number, action in calls:
    program += [(0x15, 0, 1, number), (0x06, 0, 0, action)]
program += [(0x06, 0, 0, 0x7fff0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *p) for p in program))
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
libc = ctypes.CDLL(None, use_errno=True)
filter = Program(len(program), ctypes.addressof(code))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(filter), 0, 0) == 0
os.execvp(sys.argv[2], sys.argv[2:])
END
enosys=0x50026 eperm=0x50001 kill=0x80000000
if [ "$(uname -m)" = x86_64 ]; then
	code=$(check python3 "$TEST_TMPDIR/filter.py" "442:$enosys,434:$enosys,436:$eperm,444:$kill,430:$enosys")
	is "$(about mount.setattr)" \
		"no: not in this kernel, or a seccomp filter hides it [use Linux 5.12 or newer]" "no mount_setattr"
	is "$(about pidfd)" "no: not in this kernel, or a seccomp filter hides it [use Linux 5.3 or newer]" "no pidfd_open"
	is "$(about mount.fsopen)" "no: not in this kernel, or a seccomp filter hides it [use Linux 5.2 or newer]" "no fsopen"
	is "$(about close_range)" "no: Operation not permitted [use Linux 5.9 or newer]" "close_range is refused"
	like "$(about landlock)" "^no: who tries is killed by signal 31 \(.*\): a seccomp filter \[call driverctl from outside" \
		"a deadly call kills the probe alone"
	is "$(about clone3)" "yes: clone3(2) works []" "the others go on"
	is "$code" 125 "no run works with so little"
	check python3 "$TEST_TMPDIR/filter.py" "165:$eperm,272:$eperm,321:$eperm,317:$eperm" >"$TEST_TMPDIR/code"
	like "$(about mount.overlay)" "^no: not tried, since nothing can be mounted: Operation not permitted \[" "no mount"
	like "$(about namespace.pid)" "^no: cannot be made: Operation not permitted \[.*seccomp" "unshare is refused"
	like "$(about bpf.devices)" "^no: Operation not permitted \[run as root" "no bpf"
	like "$(about seccomp)" "^no: Operation not permitted \[use a kernel with CONFIG_SECCOMP_FILTER" "no seccomp"
else
	not_here "calls that a filter hides" "their numbers are of x86_64"
fi

# Files of the host
code=$(check unshare -m --propagation private sh -c 'mount -t tmpfs none /proc && "$@"' sh)
is "$code" 125 "without /proc no run works"
like "$(about cgroup)" "^no: no cgroups are mounted, or /proc is not \[mount -t proc proc /proc" "and the cure is said"
code=$(check unshare -m --propagation private sh -c 'umount -R -l /sys/fs/cgroup && "$@"' sh)
like "$(about cgroup)" "^no: no cgroups are mounted.*mount -t cgroup2 cgroup2 /sys/fs/cgroup\]" "no cgroups are mounted"
# shellcheck disable=SC2016
code=$(check unshare -m --propagation private sh -c 'dir=$(awk "/ - cgroup2? / && /pids|cgroup2/ { print \$5; exit }" /proc/self/mountinfo)
	mount -o remount,bind,ro "$dir" && "$@"' sh)
like "$(about cgroup.pids)" "^(no: version [12]: no cgroup can be made: Read-only file system \[mount -o remount,rw|yes: version 1)" \
	"cgroups that are mounted read-only"
code=$(check unshare -m --propagation private sh -c 'mount -t tmpfs none /sys/kernel && "$@"' sh)
like "$(about lsm)" "^info: .*\[mount -t securityfs securityfs /sys/kernel/security\]" "security modules are not told"
code=$(check unshare -m --propagation private sh -c 'mount --bind /dev/null /dev/kmsg && mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && "$@"' sh)
like "$(about oom.kmsg)" "^degraded: /dev/kmsg cannot be read \(No such file.*\[mknod -m 600 /dev/kmsg c 1 11\]" "no kernel log"
if [ -e /proc/sys/vm/memfd_noexec ]; then
	# shellcheck disable=SC2016
	code=$(check unshare -pf --mount-proc sh -c 'echo 2 >/proc/sys/vm/memfd_noexec && "$@"' sh)
	is "$(about memfd)" "degraded: vm.memfd_noexec forbids it: the installed monitor is run instead of a copy [sysctl -w vm.memfd_noexec=1]" \
		"programs in memory are forbidden"
else
	not_here "programs in memory are forbidden" "this kernel has no vm.memfd_noexec"
fi

# An ordinary user
if setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$(type -P driverctl)" -a -r "$EXD_CONFIG"; then
	root=$TEST_TMPDIR/theirs
	install -d -o 65534 -g 65534 "$root"
	code=$(check setpriv --reuid 65534 --regid 65534 --clear-groups)
	like "$(about subids)" "^no: user 65534 may map no ids but its own \[usermod --add-subuids .* nobody\]" "no subordinate ids"
	like "$(about cgroup.memory)" "^no: version [12]: no cgroup can be made: Permission denied \[run as root, or .*Delegate=yes" \
		"no cgroup of theirs"
else
	not_here "an ordinary user" "they may not reach this build"
fi

done_testing
