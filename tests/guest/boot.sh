#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# boot.sh TEST...: runs tests of the build tree on Debian's kernel with cgroup v2 and nothing else, in qemu. Exits with 0 when all of them
# passed; a guest that panics, hangs, or ends without an exit code has failed.
#
#	GUEST_ACCEL=tcg|kvm  (tcg, which needs nothing of the host)	GUEST_TIMEOUT=SECONDS  (1200)
#	GUEST_MEMORY=MB      (2048)					GUEST_PATIENCE=FACTOR  of the tests' time-outs (5)
set -euo pipefail

: "${EXD_TEST_SRCDIR:?is set by make check-cgroup2}" "${EXD_TEST_BUILDDIR:?is set by make check-cgroup2}"
here=$EXD_TEST_BUILDDIR/check-cgroup2.d
cache=$here/cache
out=$here/out
accel=${GUEST_ACCEL:-tcg}

die() {
	echo "check-cgroup2: $*" >&2
	exit 1
}

[ "$(uname -m)" = x86_64 ] || die "this boots a kernel for x86_64 only"
[ "$(id -u)" = 0 ] || die "only root can hand the whole of its files to the guest"
command -v qemu-system-x86_64 >/dev/null || die "qemu-system-x86_64 is missing: apt-get install qemu-system-x86"
[ $# -gt 0 ] || die "no tests were named"

# What init and inside.sh are to know; a path may hold anything but a newline.
write_settings() {
	local patience=${GUEST_PATIENCE:-5}
	printf '%s=%q\n' GUEST_SRCDIR "$EXD_TEST_SRCDIR" GUEST_BUILDDIR "$EXD_TEST_BUILDDIR" \
		GUEST_CACHE "$cache" GUEST_SETTINGS "$here/settings" GUEST_TESTS "$*" \
		GUEST_PATIENCE "$patience" >"$here/settings"
}

# Only what it takes to mount the host's files: busybox, and the modules with all that they need.
make_initramfs() {
	local version=$1 root=$here/initramfs modules file
	modules=lib/modules/$version
	rm -rf "$root"
	mkdir -p "$root/bin" "$root/$modules"
	cp "$cache/busybox/bin/busybox" "$root/bin/"
	install -m 755 "$EXD_TEST_SRCDIR/tests/guest/init" "$root/init"
	cp "$here/settings" "$root/settings"
	awk -F '[: ]+' '{ needs[$1] = $0 }
		END {
			for (path in needs)
				if (path ~ /\/(virtio_pci|9pnet_virtio|9p|overlay)\.ko$/)
					print needs[path]
		}' "$cache/kernel/$modules/modules.dep" | tr -s ': ' '\n' | sort -u |
		while read -r file; do
			[ -n "$file" ] || continue
			mkdir -p "$root/$modules/${file%/*}"
			cp "$cache/kernel/$modules/$file" "$root/$modules/$file"
		done
	cp "$cache/kernel/$modules/modules.dep" "$root/$modules/"
	(cd "$root" && find . | "$cache/busybox/bin/busybox" cpio -o -H newc -R 0:0 2>/dev/null) >"$here/initramfs.cpio"
	rm -rf "$root"
}

boot() {
	local version=$1 tcg=
	[ "$accel" != tcg ] || tcg=,thread=multi
	timeout --kill-after=5 "${GUEST_TIMEOUT:-1200}" qemu-system-x86_64 \
		-accel "$accel$tcg" -cpu max -smp 2 -m "${GUEST_MEMORY:-2048}" \
		-nodefaults -display none -monitor none -serial stdio -nic none -no-reboot \
		-kernel "$cache/kernel/boot/vmlinuz-$version" -initrd "$here/initramfs.cpio" \
		-append "console=ttyS0 quiet loglevel=3 panic=-1 rdinit=/init cgroup_no_v1=all mitigations=off" \
		-virtfs local,path=/,mount_tag=host,security_model=passthrough,readonly=on,multidevs=remap \
		-virtfs "local,path=$out,mount_tag=out,security_model=none" </dev/null 2>"$here/qemu.log" |
		sed -u 's/\r$//'
}

mkdir -p "$here"
version=$("$BASH" "$EXD_TEST_SRCDIR/tests/guest/fetch.sh" "$cache")
rm -rf "$out"
mkdir "$out"
write_settings "$@"
make_initramfs "$version"
code=0
boot "$version" || code=$?
[ "$code" != 124 ] || die "timed out; the logs of the tests are lost with the guest"
[ -s "$out/exit" ] || {
	cat "$here/qemu.log" >&2
	die "the guest ended without an exit code (qemu: $code)"
}
code=$(cat "$out/exit")
echo "check-cgroup2: exit code $code, logs in $out"
exit "$code"
