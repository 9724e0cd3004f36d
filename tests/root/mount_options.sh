#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Options of volumes, tmpfs and the root, as the kernel says inside that they are.
# Functions are called by name; single quotes hold what another shell expands.
# shellcheck disable=SC2016,SC2317
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/audit.sh
. "$EXD_TEST_SRCDIR/tests/root/audit.sh"
cd "$TEST_TMPDIR" || exit 1
mkdir -p source/below

# options TARGET ARGS...: options and propagation of the last mount on the target.
options() {
	local target=$1
	shift
	run "$@" -- awk -v "t=$target" '$5 == t { text = $6 " " $7 } END { print text }' \
		/proc/self/mountinfo 2>&1
}

# words: each of them, and with an r before it, of a volume, a tmpfs and the root
for word in ro nosuid nodev noexec noatime strictatime nodiratime nosymfollow; do
	shown=$word
	# What is always kept is not said.
	[ "$word" != strictatime ] || shown=rw
	for way in "" r; do
		like ",$(options /mnt -v "$PWD/source:/mnt:$way$word")" ",${shown}[, ]" "a volume with $way$word"
		like ",$(options /mnt --tmpfs "/mnt:$way$word")" ",${shown}[, ]" "a tmpfs with $way$word"
	done
	case $word in
	noexec) shown="Permission denied" ;;
	nosymfollow) shown="Too many levels of symbolic links" ;;
	*) shown=",${shown}[, ]" ;;
	esac
	like ",$(options / --rootfs-options "$word")" "$shown" "the root with $word"
done
like "$(options /mnt -v "$PWD/source:/mnt:noatime,strictatime")" '^rw(,nodev)? -$' "the last word about times counts"
like "$(options /mnt -v "$PWD/source:/mnt:ro,rrw")" '^rw' "rrw takes ro back"
like "$(options /usr --rootfs-options noatime)" '^ro,.*noatime' "pieces of the host in the volatile root have its options"
like "$(options /mnt -v "$PWD/source:/mnt:runbindable")" ' unbindable$' "an unbindable volume"
like "$(options /mnt --tmpfs /mnt:unbindable)" ' unbindable$' "an unbindable tmpfs"
like "$(options /mnt -v "$PWD/source:/mnt:rprivate")" ' -$' "a private volume"
like "$(options / --rootfs-propagation shared)" ' shared:[0-9]+$' "a root whose mounts are shared"
like "$(options /proc --rootfs-propagation rshared)" ' -$' "what is mounted in a shared root is not"
like "$(options / --rootfs-propagation unbindable)" ' unbindable$' "an unbindable root"

# what is mounted below, in a mount namespace of this test's own
below() {
	mount -t tmpfs below "$PWD/source/below" || return
	"$@"
}
apart() {
	"$EXD_TEST_BUILDDIR/tests/own_mounts" --shared bash -c 'below "$@"' bash "$@"
}
in_rootfs() {
	local box=$PWD/box
	rm -rf "$box"
	mkdir -p "$box"/{dev,proc,sys,below} || return
	cp "$audit" "$box/audit"
	mount -t tmpfs below "$box/below" || return
	run --rootfs "$box" "$@" -- /audit make:/new make:/below/new
}
export -f below in_rootfs ctl run options
export root parent audit TEST_TMPDIR
like "$(apart options /mnt/below -v "$PWD/source:/mnt:ro,nosymfollow")" '^ro,(nodev,)?.*nosymfollow' \
	"options of a volume cover what is mounted below it"
is "$(apart options /mnt/below -v "$PWD/source:/mnt:bind,ro")" "" "bind takes along nothing that is mounted below"
like "$(apart options /mnt/below -v "$PWD/source:/mnt:rslave")" ' master:[0-9]+$' "a slave volume is one below, too"
like "$(apart options /mnt/below -v "$PWD/source:/mnt:shared")" ' shared:[0-9]+$' "a shared one likewise"
got=$("$EXD_TEST_BUILDDIR/tests/own_mounts" bash -c in_rootfs 2>&1)
is "$got" $'make:/new=0\nmake:/below/new=0' "a root and what is mounted in it can be written"
got=$("$EXD_TEST_BUILDDIR/tests/own_mounts" bash -c 'in_rootfs --read-only' 2>&1)
is "$got" $'make:/new=EROFS\nmake:/below/new=0' "--read-only is about the root alone"
got=$("$EXD_TEST_BUILDDIR/tests/own_mounts" bash -c 'in_rootfs --rootfs-options ro --tmpfs /fresh' 2>&1)
is "$got" $'make:/new=EROFS\nmake:/below/new=EROFS' "--rootfs-options ro covers what is mounted below"

# effects
printf '#!/bin/sh\necho ran\n' >source/program
chmod +x source/program
ln -s program source/link
like "$(run -v "$PWD/source:/mnt:noexec" -- /mnt/program 2>&1)" 'Permission denied' "noexec: a program of the volume does not run"
like "$(run -v "$PWD/source:/mnt:nosymfollow" -- cat /mnt/link 2>&1)" 'Too many levels' "nosymfollow: a link is not followed"
like "$(run -v "$PWD/source:/mnt:rro" -- touch /mnt/new 2>&1)" 'Read-only file system' "rro: nothing is written"
ok "nothing of it was made on the host" test ! -e source/new

# masked and read-only paths stay in force, whatever the root and its mounts are
for how in "--rootfs-propagation shared" "--rootfs-options noatime,ro" "--rootfs-propagation unbindable"; do
	# shellcheck disable=SC2086
	got=$(run $how -- sh -c 'wc -c </proc/keys; echo 1 >/proc/sys/kernel/hostname' 2>&1)
	like "$got" '^0.*(Read-only file system|can.t create)' "masked and read-only paths with $how"
done

# refusals
fails 125 "'nonsense' is not ro, rw, nosuid" "a word that is none" run -v "$PWD/source:/mnt:nonsense" -- true
fails 125 "is not mount options such as" "propagation is no option of the root" run --rootfs-options slave -- true
fails 125 "is not private, slave, shared or unbindable" "propagation that is none" run --rootfs-propagation odd -- true
fails 125 "only a tmpfs can begin with a copy" "a volume that is to be a copy" run -v "$PWD/source:/mnt:tmpcopyup" -- true
fails 125 "has no mounts to share" "a shared tmpfs" run --tmpfs /mnt:shared -- true
done_testing
