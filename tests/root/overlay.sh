#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A root of layers, under a directory that goes with the container.
# Functions are called by name; single quotes hold what another shell expands.
# shellcheck disable=SC2016,SC2317
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/rootfs.sh
. "$EXD_TEST_SRCDIR/tests/root/rootfs.sh"
# shellcheck source=tests/root/audit.sh
. "$EXD_TEST_SRCDIR/tests/root/audit.sh"
cd "$TEST_TMPDIR" || exit 1
if ! grep -qw overlay /proc/filesystems && ! modprobe overlay 2>/dev/null; then
	skip "a root of layers" "no overlayfs"
	done_testing
	exit
fi
make_rootfs base sh ls cat mkdir rm seq dd sleep wc || exit 1
mkdir -p top/etc 'odd:na,me\x'
echo top >top/which
echo base >base/which
echo odd >'odd:na,me\x/odd'
printf '%s\n' root:x:0:0::/root:/bin/sh bob:x:1234:100::/:/bin/sh >top/etc/passwd
here=$PWD
layers=overlay:$here/top:$here/'odd\:na,me\\x':$here/base
boxed=(--rootfs "$layers")
sum() {
	find "$here/top" "$here/odd:na,me\\x" "$here/base" -printf '%P %m %s %T@\n' | sort | cksum
}
before=$(sum)

# what is seen, and what is written
is "$(run "${boxed[@]}" -- cat /which /odd /etc/group 2>&1 | head -2)" $'top\nodd' "the top directory counts, and names may hold colons and commas"
is "$(run "${boxed[@]}" --user bob -- cat /proc/self/status | sed -n "s/^Uid:\t\([0-9]*\).*/\1/p")" 1234 \
	"users are those of the layers together"
is "$(run "${boxed[@]}" -- sh -c 'echo new >/which; rm /etc/group; mkdir -p /a/b; cat /which; ls /etc')" $'new\npasswd' \
	"what is written is seen"
is "$(sum)" "$before" "the lower directories are as before"
is "$(run "${boxed[@]}" -- cat /which)" top "the next container begins anew"
is "$(find "$root" -mindepth 1 -maxdepth 1 ! -name ".*")" "" "nothing is left of it"
like "$(run --read-only "${boxed[@]}" -- mkdir /new 2>&1)" 'Read-only file system' "a root of layers that can only be read"
like "$(run "${boxed[@]}" -- sh -c 'wc -c </proc/keys; echo 1 >/proc/sys/kernel/hostname' 2>&1)" \
	'^0.*(Read-only file system|can.t create)' "masked and read-only paths are in force"
many=overlay
for i in {1..20}; do
	mkdir "layer-$i"
	many+=:$here/layer-$i
done
got=$(run --rootfs "$many:$here/base" -- cat /which 2>&1)
case $(uname -r) in
[1-5].* | 6.[0-6].*) like "$got" 'lower directories|more directories' "more layers than an old kernel takes" ;;
*) is "$got" base "more layers than fit into one option" ;;
esac

# what is written goes: with the container, or with its record
gone() {
	[ ! -e "$root/$1/layer" ]
}
run -d "${boxed[@]}" deep -- sh -c 'for i in $(seq 1500); do mkdir d && cd -P d; done; cd /; mkdir many; cd many; for i in $(seq 3000); do : >$i; done' >/dev/null
ok "what is deep and what is many" ctl wait deep
ok "is gone when the container is" until_true gone deep
like "$(ctl list)" 'deep .*stopped' "its record is not"
ctl delete deep
run -d "${boxed[@]}" killed -- sh -c 'echo x >/file; mkdir -p /d/e/f; sleep 300' >/dev/null
ok "while it runs it is there" until_true test -e "$root/killed/layer/upper/d/e/f"
monitor=$(sed -E 's/.*"monitor":\{"dir":"[0-9a-f]*","pid":([0-9]+).*/\1/' "$root/killed/state.json")
program=$(sed -E 's/.*"pid": ?([0-9]+),"start_time.*/\1/' "$root/killed/state.json")
kill -9 "$monitor" "$program"
ended() {
	! kill -0 "$program" 2>/dev/null
}
until_true ended
is "$(gone killed || echo left)" left "a monitor that is killed leaves it"
got=$(ctl gc)
like "$got" "killed" "gc tells of it"
ok "gc removes it" gone killed

# a disk that is full
full() {
	mount -t tmpfs -o size=3m,mode=755 full "$TEST_TMPDIR/full" || return
	root=$TEST_TMPDIR/full
	run --rootfs "$1" -- sh -c 'dd if=/dev/zero of=/file bs=1M count=10 2>&1; echo still here'
	find "$root" -name layer
}
on_overlay() {
	mkdir -p "$TEST_TMPDIR"/{u,w,m} && mount -t tmpfs -o mode=755 both "$TEST_TMPDIR/full" && mkdir "$TEST_TMPDIR"/full/{u,w} &&
		mount -t overlay -o "lowerdir=$TEST_TMPDIR/u,upperdir=$TEST_TMPDIR/full/u,workdir=$TEST_TMPDIR/full/w" o "$TEST_TMPDIR/m" || return
	root=$TEST_TMPDIR/m
	run --rootfs "$1" -- cat /which
}
mkdir full
export -f full on_overlay run ctl
export parent TEST_TMPDIR
got=$("$EXD_TEST_BUILDDIR/tests/own_mounts" bash -c 'full "$1"' bash "$layers" 2>&1)
like "$got" 'No space left on device.*still here' "a full disk is the program's to see"
like "$("$EXD_TEST_BUILDDIR/tests/own_mounts" bash -c 'on_overlay "$1"' bash "$layers" 2>&1)" \
	'on an overlay itself: choose another' "a state directory on an overlay is refused"

# refusals
fails 125 "is no absolute path" "a relative layer" run --rootfs overlay:base -- true
fails 125 "is no absolute path" "no layer at all" run --rootfs overlay: -- true
fails 125 "cannot open '/nowhere', a lower directory" "a layer that is not there" run --rootfs "overlay:$here/base:/nowhere" -- true
fails 125 "an overlay is a mount of its own" "a slave" run "${boxed[@]}" --rootfs-propagation slave -- true
is "$(ctl gc --dry-run)" "" "nothing is left behind"
done_testing
