#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# inside.sh SETTINGS: process 1 of the guest once it is at home: makes the place look like a host of cgroup v2 alone, runs
# the tests by make's own runner, leaves their logs and the exit code with the host, and powers off.
set -u
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
# shellcheck source=/dev/null
. "$1"

busybox=$GUEST_CACHE/busybox/bin/busybox
version=$(uname -r)

# A tmpfs over DIR, in which what is needed of the host's stays to be seen.
own_tmpfs() {
	local dir=$1 mode=$2 kept
	mkdir -p "/.kept"
	mount --bind / /.kept
	mount -t tmpfs -o "mode=$mode" tmpfs "$dir"
	for kept in "$GUEST_SRCDIR" "$GUEST_BUILDDIR" "$GUEST_CACHE"; do
		case $kept in
		"$dir"/*)
			mkdir -p "$kept"
			mount --bind "/.kept$kept" "$kept"
			;;
		esac
	done
	umount -l /.kept
}

# Modules are loaded by the kernel's own asking.
serve_modules() {
	mkdir -p /lib/modules /run/guest
	[ -e "/lib/modules/$version" ] ||
		ln -s "$GUEST_CACHE/kernel/lib/modules/$version" "/lib/modules/$version"
	cp "$busybox" /run/guest/modprobe
	echo /run/guest/modprobe >/proc/sys/kernel/modprobe
}

# As service managers leave it: no process in the root, all controllers handed down.
set_up_cgroups() {
	local controller controllers
	mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 /sys/fs/cgroup
	mkdir /sys/fs/cgroup/init.scope
	echo 1 >/sys/fs/cgroup/init.scope/cgroup.procs
	read -ra controllers </sys/fs/cgroup/cgroup.controllers
	for controller in "${controllers[@]}"; do
		echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
	done
}

set_up() {
	mount --make-rprivate /
	mkdir -p /dev/pts /dev/shm /dev/mqueue
	mount -t devpts -o ptmxmode=666,mode=620,gid=5 devpts /dev/pts
	mount -t tmpfs -o mode=1777 shm /dev/shm
	mount -t mqueue mqueue /dev/mqueue
	mount -t securityfs securityfs /sys/kernel/security
	ln -sfn /proc/self/fd /dev/fd
	own_tmpfs /run 755
	own_tmpfs /tmp 1777
	own_tmpfs /var/tmp 1777
	serve_modules
	set_up_cgroups
	hostname guest
	ulimit -n 20000
	"$busybox" ip link set lo up
	mkdir -p /run/guest/out
	mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288 out /run/guest/out
}

# Tests are given the time that emulation takes; what only hangs still ends.
run_tests() {
	export CK_TIMEOUT_MULTIPLIER=$GUEST_PATIENCE EXD_TEST_PATIENCE=$GUEST_PATIENCE
	cd "$GUEST_BUILDDIR" || return
	make -k "-j$(nproc)" --no-print-directory check-TESTS TESTS="$GUEST_TESTS" \
		VERBOSE=1 AM_COLOR_TESTS=no </dev/null
}

keep_logs() {
	local test
	for test in $GUEST_TESTS; do
		test=${test%.sh}
		cp -p "$GUEST_BUILDDIR/$test.log" "$GUEST_BUILDDIR/$test.trs" /run/guest/out/
	done
}

set_up
echo "check-cgroup2: $version, $(cat /sys/fs/cgroup/cgroup.controllers), up $(cut -d ' ' -f 1 /proc/uptime) s"
run_tests
code=$?
keep_logs
echo "check-cgroup2: over at $(cut -d ' ' -f 1 /proc/uptime) s"
echo "$code" >/run/guest/out/exit
sync
"$busybox" poweroff -f
