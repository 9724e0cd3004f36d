#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A root over that of a host that cannot be pivoted away.
# shellcheck disable=SC2016
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/audit.sh
. "$EXD_TEST_SRCDIR/tests/root/audit.sh"
cd "$TEST_TMPDIR" || exit 1
mkdir -p box/{dev,etc,proc,sys,tmp}
cp "$audit" box/audit
printf '%s\n' root:x:0:0::/root:/bin/sh >box/etc/passwd
touch marker
before=$(cat /proc/self/mountinfo)

mounts() {
	run "$@" --rootfs box -- /audit mounts 2>&1 | tr ' ' '\n' | sort
}
is "$(mounts --no-pivot)" "$(mounts)" "the same mounts as with a pivot, and none of the host's"
is "$(run --no-pivot --rootfs box -- /audit ls:/)" "$(run --rootfs box -- /audit ls:/)" "the same root"
is "$(cat /proc/self/mountinfo)" "$before" "the host's mounts are as before"
like "$(run --no-pivot -- sh -c 'wc -c </proc/keys; echo 1 >/proc/sys/kernel/hostname' 2>&1)" \
	'^0.*(Read-only file system|can.t create)' "masked and read-only paths are in force"
like "$(run --no-pivot --read-only -- touch /tmp/new 2>&1)" 'Read-only file system' "a root that can only be read"

# Where the kernel refuses the pivot: said by which step, and not needed.
if command -v strace >/dev/null; then
	# shellcheck disable=SC2317
	refused() {
		run "$@" --rootfs box -- /audit ls:/
	}
	export -f refused run ctl
	export root parent
	traced=(strace -f -o /dev/null -e trace=pivot_root -e inject=pivot_root:error=EINVAL bash -c 'refused "$@"' bash)
	like "$("${traced[@]}" 2>&1)" 'change the root' "a kernel that refuses the pivot is told of by the step"
	is "$("${traced[@]}" --no-pivot 2>&1)" "$(run --rootfs box -- /audit ls:/)" "without a pivot it starts there"
else
	skip "without a pivot it starts there" "no strace"
fi

# The way out of a plain chroot, with the capability that a container has: a root below the working
# directory, then up and up.
cat >escape.py <<'END'
import os, sys
os.mkdir("/tmp/below")
os.chroot("/tmp/below")
for _ in range(64):
    os.chdir("..")
os.chroot(".")
print("out" if os.path.exists(sys.argv[1]) else "in")
END
escape=(-v "$PWD/escape.py:/escape.py:ro" -- python3 /escape.py "$PWD/marker")
is "$(run --no-pivot "${escape[@]}" 2>&1)" in "no way out by chroot and .."
is "$(run --no-pivot --init "${escape[@]}" 2>&1)" in "nor in a child of a small init"

# Who makes a user namespace inside may not mount a procfs without masks: none is there to allow it.
if unshare -Urmpf true 2>/dev/null; then
	got=$(run --no-pivot --security-opt seccomp=unconfined -- unshare -Urmpf mount -t proc proc /proc 2>&1)
	like "$got" 'denied|permitted' "no procfs without masks in a user namespace inside"
else
	skip "no procfs without masks in a user namespace inside" "no user namespaces"
fi

# exec
run --no-pivot -d held -- sleep 300 >/dev/null
id=held
is "$(ctl exec "$id" sh -c "test -e '$PWD/marker' || echo in")" in "an exec is in the container's root"
is "$(ctl exec "$id" ls /)" "$(run -- ls /)" "and sees what it has"
fails 12[0-9] "leave it out" "an exec that could uncover the host's root" ctl exec --cap-add sys_admin "$id" true
fails 12[0-9] "leave it out" "a privileged exec" ctl exec --privileged "$id" true
ctl delete -f "$id"

# refusals
fails 125 "CAP_SYS_ADMIN could uncover it" "with CAP_SYS_ADMIN" run --no-pivot --cap-add sys_admin -- true
fails 125 "CAP_SYS_ADMIN could uncover it" "privileged" run --no-pivot --privileged -- true
is "$(ctl gc --dry-run)" "" "nothing is left"
done_testing
