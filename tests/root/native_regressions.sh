#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Ways out of a container, or into somebody else's, that were open once.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/audit.sh
. "$EXD_TEST_SRCDIR/tests/root/audit.sh"
cd "$TEST_TMPDIR" || exit 1

mkdir -p box/{dev,etc,proc,sys,tmp} volume
cp "$audit" box/audit
boxed=(--rootfs box)

# A program of the host, named by way of a descriptor that the set-up still has: its owner could
# write to the host's file later, through /proc/self/exe.
cp "$audit" outside
ran=
up=../../../../../../../../../..
for fd in {3..40}; do
	if run "${boxed[@]}" -- "/proc/self/fd/$fd/$up$PWD/outside" pid >/dev/null 2>&1; then ran+=" $fd"; fi
done
is "$ran" "" "no descriptor leads to a program of the host"
run -d "${boxed[@]}" target -- /audit rest >/dev/null
ran=
for fd in {3..40}; do
	if ctl exec target -- "/proc/self/fd/$fd/$up$PWD/outside" pid >/dev/null 2>&1; then ran+=" $fd"; fi
done
is "$ran" "" "nor does one of an exec"

# The node over a masked file is the host's: the mode that is asked for is the one it has.
before=$(stat -c '%a %u %g %Y' /dev/null)
like "$(run -- chmod "$(stat -c %a /dev/null)" /proc/keys 2>&1)" "Read-only" "the mode of a masked file cannot be changed"
like "$(run -- chown "$(stat -c %u:%g /dev/null)" /proc/keys 2>&1)" "Read-only" "nor can its owner"
is "$(run -- sh -c 'echo x >/proc/keys && cat /proc/keys')" "" "it takes and gives nothing"
is "$(stat -c '%a %u %g %Y' /dev/null)" "$before" "the host's node is as before"

# Files that the kernel makes up may act when they are read.
for file in /proc/kmsg /sys/kernel/uevent_seqnum; do
	ln -sf $file box/etc/passwd
	like "$(ctl exec -u alice target -- /audit pid 2>&1)" "/etc/passwd is not a regular file" "$file is no list of users"
	is "$(ctl exec -u 5:6 target -- /audit ids 2>&1)" "ids=5:6" "$file keeps no user with a number away"
done
rm box/etc/passwd

# More groups than a process can have, and many with one number.
echo u:x:5:5::/:/bin/sh >box/etc/passwd
seq 70000 | sed 's/.*/a::&:u/' >box/etc/group
like "$(run -u u "${boxed[@]}" -- /audit pid 2>&1)" "user 'u': more than 65536 additional groups" "too many groups"
seq 40000 | sed 's/.*/a::7:u/' >box/etc/group
is "$(run -u u "${boxed[@]}" -- /audit ids 2>&1)" "ids=5:5 7" "one group under many names"
rm box/etc/*

# An exec is in the namespaces of the container, when the engine is in them too and the monitor is not.
unshare -n sleep 1000 &
other=$!
net_differs() {
	[ "$(readlink /proc/"$other"/ns/net)" != "$(readlink /proc/self/ns/net)" ]
}
until_true net_differs
net=$(readlink /proc/$other/ns/net)
run -d --network "path:/proc/$other/ns/net" "${boxed[@]}" elsewhere -- /audit rest >/dev/null
is "$(nsenter -t $other -n timeout 60 driverctl --root "$root" exec elsewhere -- /audit link:/proc/self/ns/net)" \
	"link:/proc/self/ns/net=$net" "an exec joins what its engine is in already"
kill $other

# A record of an earlier boot names cgroups that may be another engine's by now.
boot=$(cat /proc/sys/kernel/random/boot_id)
mkdir -m 700 stale stale/target
sed "s/$boot/00000000-0000-4000-8000-000000000000/" "$root/target/state.json" >stale/target/state.json
like "$(driverctl --root "$PWD/stale" list)" "target .*lost" "a record of an earlier boot"
driverctl --root "$PWD/stale" gc >/dev/null 2>&1
driverctl --root "$PWD/stale" delete -f target >/dev/null 2>&1
ok "it harms nobody" ctl exec target -- /audit pid

# A root that is used twice has the node of the first run.
for time in first second; do
	is "$(run --device /dev/null:/data/null "${boxed[@]}" -- /audit w:/data/null 2>&1)" "w:/data/null=0" "a device outside of /dev, $time run"
done
mkdir -p box/other
mknod box/other/null c 1 5
fails 125 "make device /other/null: File exists" "another device in its place" \
	run --device /dev/null:/other/null "${boxed[@]}" -- /audit pid

# Without rules for devices, nodes in volumes are of no use, and access cannot be limited.
mknod -m 666 volume/kmsg c 1 11
here() {
	unmount_rules all
	run "$@"
}
unruled() {
	"$EXD_TEST_BUILDDIR/tests/own_mounts" bash -c 'here "$@"' - "$@"
}
export -f run ctl here unmount_rules
export root parent
is "$(unruled -v "$PWD/volume:/volume" "${boxed[@]}" -- /audit w:/volume/kmsg w:/dev/null 2>&1)" \
	"$(printf 'w:/volume/kmsg=EACCES\nw:/dev/null=0')" "without rules for devices: a volume's node"
fails 125 "device '/dev/kmsg' cannot be limited to read or write" "without rules for devices: read-only access" \
	unruled --device /dev/kmsg:/dev/kmsg:r "${boxed[@]}" -- /audit pid
like "$(unruled --best-effort --device /dev/kmsg:/dev/kmsg:r "${boxed[@]}" -- /audit pid 2>&1)" \
	"warning.*'/dev/kmsg' can be read and written" "without rules for devices: best effort"

# The volatile root has no device nodes but those that were asked for.
is "$(run --device /dev/null:/data/null "${inside[@]}" -- /audit w:/data/null 2>&1)" "w:/data/null=0" "a device outside of /dev in a volatile root"
like "$(run "${inside[@]}" -- /audit flags:/ 2>&1)" "nodev" "without one, the volatile root has none"
is "$(unruled --device /dev/null:/data/null "${inside[@]}" -- /audit w:/data/null 2>&1)" "w:/data/null=0" "nor does it need rules"
fails 125 "device '/data/other' would be of no use" "a device outside of /dev in a rootfs without rules" \
	unruled --device /dev/null:/data/other "${boxed[@]}" -- /audit pid

# A start opens more files than some hosts may.
few() {
	ulimit -n 72
	run "$@"
}
fails 125 "hard limit of open files is too low: 'ulimit -Hn 1024'.*Too many open files" "a low limit of open files" few "${inside[@]}" -- /audit pid

# One id on two state directories: the second is told of the first, and harms it not.
other=$PWD/other-state
fails 125 "is that of a container on the state directory '$root': use that one \(--root\), another id" "an id of another state directory" \
	timeout 60 driverctl --root "$other" run --cgroup-parent "$parent" "${boxed[@]}" target -- /audit pid
ok "the one that has it goes on" ctl exec target -- /audit pid
is "$(timeout 60 driverctl --root "$other" gc 2>&1; ls "$other")" "" "nothing is left of the other"
ctl delete -f target
# Of v1 where there is one: a start in a box that was kept warm makes none of v2.
free=$(find /sys/fs/cgroup -maxdepth 2 -type d -path "*$parent" ! -path "*/unified/*" | head -n 1)
mkdir "$free/target"
fails 125 "exists already but is empty: rmdir it" "a cgroup that nobody is in" run "${boxed[@]}" target -- /audit pid
ok "it is left alone" rmdir "$free/target"

# The small init is made under the filter, which knows no clone3.
is "$(run --init "${boxed[@]}" -- /audit pid 2>&1)" "pid=2" "a small init under the built-in filter"

done_testing
