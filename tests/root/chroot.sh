#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A host that is in a chroot whose / is no mount, as in a bare debootstrap, and in one where it is.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/audit.sh
. "$EXD_TEST_SRCDIR/tests/root/audit.sh"

# What the host has, in another place: directories are mounted, links copied.
enter=$TEST_TMPDIR/enter
cat >"$enter" <<'SCRIPT'
#!/bin/bash
# enter bind|bare DIR COMMAND...
set -eu
kind=$1 dir=$2
shift 2
mkdir -p "$dir"
[ "$kind" = bare ] || mount --bind "$dir" "$dir"
for entry in /*; do
	if [ -L "$entry" ]; then
		ln -sfn "$(readlink "$entry")" "$dir$entry"
	elif [ -d "$entry" ]; then
		mkdir -p "$dir$entry"
		mount --rbind "$entry" "$dir$entry"
	fi
done
exec chroot "$dir" "$@"
SCRIPT
chmod +x "$enter"

# in_chroot KIND COMMAND...: in a mount namespace of its own, so that nothing is left.
in_chroot() {
	local kind=$1
	shift
	timeout 60 "$EXD_TEST_BUILDDIR/tests/own_mounts" ${shared:+"$shared"} "$enter" "$kind" "$TEST_TMPDIR/chroot-$kind" "$@"
}

# Programs and a configuration of the lxc driver that are nowhere else than in the chroot.
lxc=$EXD_TEST_BUILDDIR/tests/plugins.d/20-lxc.conf
install_lxc() {
	local dir=$TEST_TMPDIR/chroot-$1/only
	mkdir -p "$dir/plugins.d"
	cp "$EXD_TEST_BUILDDIR/drivers/lxc/execdriver-lxc-worker" "$EXD_TEST_BUILDDIR/drivers/lxc/execdriver-lxc-init" "$dir"
	cp "$EXD_TEST_BUILDDIR/tests/execdriver.conf" "$dir"
	sed "s|\"[^\"]*/execdriver-lxc-|\"/only/execdriver-lxc-|g" "$lxc" >"$dir/plugins.d/20-lxc.conf"
}

mounted() {
	wc -l </proc/self/mountinfo
}

before=$(mounted)
mkdir -p "$TEST_TMPDIR"/box/{dev,etc,proc,sys,tmp}
cp "$audit" "$TEST_TMPDIR/box/audit"
for kind in bare bind; do
	# shellcheck disable=SC2016
	is "$(in_chroot $kind sh -c 'stat -c %m / | grep -c "^/$"; awk "\$5 == \"/\"" /proc/self/mountinfo | wc -l' | tail -n 1)" \
		"$([ $kind = bind ] && echo 1 || echo 0)" "$kind: / is a mount or not"
	is "$(in_chroot $kind driverctl --root "$root" run --cgroup-parent "$parent" -- sh -c 'echo $$; ls /home' 2>&1)" "1" \
		"$kind: a run with a volatile root"
	is "$(in_chroot $kind driverctl --root "$root" run --cgroup-parent "$parent" --rootfs "$TEST_TMPDIR/box" -- /audit pid 2>&1)" "pid=1" \
		"$kind: a run with a rootfs"
	is "$(in_chroot $kind driverctl --root "$root" run --cgroup-parent "$parent" -v "$TEST_TMPDIR/box:/v:ro" -- ls /v 2>&1 | tr '\n' ' ')" \
		"audit dev etc proc sys tmp " "$kind: a volume is the chroot's file"
	in_chroot $kind driverctl --root "$root" run --cgroup-parent "$parent" -d "in-$kind" -- sleep 100 >/dev/null
	is "$(in_chroot $kind driverctl --root "$root" exec "in-$kind" sh -c 'echo $$ | grep -c .; ls /home')" "1" \
		"$kind: an exec is in the container"
	ok "$kind: it is deleted" in_chroot $kind driverctl --root "$root" delete -f "in-$kind"
	if [ -e "$lxc" ]; then
		install_lxc $kind
		lxc_ctl=(in_chroot "$kind" driverctl --config /only/execdriver.conf --root "$root")
		is "$("${lxc_ctl[@]}" run -- sh -c 'echo $$; ls /home' 2>&1)" "1" \
			"$kind: a run by liblxc"
		"${lxc_ctl[@]}" run -d "lxc-$kind" -- sleep 100 >/dev/null
		is "$("${lxc_ctl[@]}" exec "lxc-$kind" sh -c 'echo $$ | grep -c .; ls /home' 2>&1)" "1" "$kind: an exec by liblxc"
		ok "$kind: it is deleted, too" "${lxc_ctl[@]}" delete -f "lxc-$kind"
	fi
	shared=--shared
	is "$(in_chroot $kind driverctl --root "$root" run --cgroup-parent "$parent" -- sh -c 'mount -t tmpfs x /tmp 2>/dev/null; echo ran' 2>&1)" "ran" \
		"$kind: a run where mounts are shared"
	shared=
done
is "$(mounted)" "$before" "no mount is left on the host"
done_testing
