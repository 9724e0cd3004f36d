#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# make bench: everything that is measured, side by side in one run. Needs root.
#   run.sh BUILDDIR
# Environment: ROUNDS (200), GAP_MS between measurements (0), STATE_PARENT, the folder that the state
# directory is made in (/run, or /dev/shm when /run is not in memory).
set -eu

# shellcheck source=bench/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh" "$1"

starts() {
	local host=("$bench/libhost" --root "$state" --rootfs "$rootfs")
	local spaces=(--unshare-pid --unshare-uts --unshare-ipc --unshare-net --unshare-cgroup)

	subject "floor" - server "$bench/floor" --serve "$rootfs"
	subject "floor+cgroups" floor server "$bench/floor" --cgroups --serve "$rootfs"
	subject "floor as a process" floor command "$bench/floor" --rounds 1 "$rootfs"
	subject "exd_run" floor+cgroups server "${host[@]}" run
	subject "exd_run, features of the floor" floor+cgroups server "${host[@]}" --plain run
	subject "exd_run, warm" floor+cgroups server env "EXD_CONFIG=$tmp/warm/execdriver.conf" \
		"$bench/libhost" --root "$state/warm" --rootfs "$rootfs" run
	subject "exd_run, 64 threads, $gib GiB" floor+cgroups server \
		"${host[@]}" --threads 64 --gib "$gib" run
	subject "driverctl run --rootfs" floor+cgroups command \
		"$driverctl" --root "$state" run --rootfs "$rootfs" -- /true
	subject "driverctl run, lingering monitor" floor+cgroups command \
		"$driverctl" --config "$tmp/linger/execdriver.conf" --root "$state/linger" \
		run --rootfs "$rootfs" -- /true
	subject "driverctl run, lingering monitor, warm" floor+cgroups command \
		"$driverctl" --config "$tmp/linger-warm/execdriver.conf" --root "$state/linger-warm" \
		run --rootfs "$rootfs" -- /true
	subject "crun run" floor+cgroups command \
		crun --root "$tmp/crun" run -b "$tmp" exd-bench-crun
	subject "runc run" floor+cgroups command \
		runc --root "$tmp/runc" run -b "$tmp" exd-bench-runc
	subject "lxc-execute" floor+cgroups command \
		lxc-execute -P "$tmp/lxc" -n exd-bench-lxc -f "$tmp/lxc.conf" -- /true
	subject "bwrap" floor command \
		bwrap --bind "$rootfs" / --proc /proc --dev /dev "${spaces[@]}" /true
	subject "exd_run, driver lxc" lxc-execute server "${host[@]}" --driver lxc run
	subject "driverctl --driver lxc run --rootfs" lxc-execute command \
		"$driverctl" --root "$state" --driver lxc run --rootfs "$rootfs" -- /true
	subject "unshare" floor command unshare -mpuinC -f --mount-proc -R "$rootfs" /true
}

execs() {
	local host=("$bench/libhost" --root "$state" --rootfs "$rootfs")

	subject "setns+fork+execve" - server "$bench/floor" --exec --serve "$rootfs"
	subject "setns+fork+execve+cgroups" setns+fork+execve server \
		"$bench/floor" --exec --cgroups --serve "$rootfs"
	subject "exd_exec" setns+fork+execve+cgroups server "${host[@]}" exec
	subject "driverctl exec" setns+fork+execve+cgroups command \
		"$driverctl" --root "$state" exec "$box" /true
	subject "exd_exec, driver lxc" lxc-attach server "${host[@]}" --driver lxc exec
	subject "driverctl exec, driver lxc" lxc-attach command \
		"$driverctl" --root "$state" exec "$box-lxc" /true
	subject "lxc-attach" setns+fork+execve+cgroups command \
		lxc-attach -P "$tmp/lxc" -n "$peer" -- /true
	subject "exd_stats" - server "${host[@]}" stats
	subject "exd_box_stats" exd_stats server "${host[@]}" box-stats
}

# All at once, from one host or from as many processes.
bursts() {
	local host=("$bench/libhost" --root "$state" --rootfs "$rootfs")

	subject "64 x exd_start" - server "${host[@]}" burst=64
	subject "64 x driverctl run" "64 x exd_start" burst=64 \
		"$driverctl" --root "$state" run --rootfs "$rootfs" -- /true
	subject "64 x crun run" "64 x exd_start" burst=64 \
		crun --root "$tmp/crun" run -b "$tmp" {}
	subject "64 x runc run" "64 x exd_start" burst=64 \
		runc --root "$tmp/runc" run -b "$tmp" {}
	subject "64 x bwrap" "64 x exd_start" burst=64 \
		bwrap --bind "$rootfs" / --proc /proc --dev /dev --unshare-all /true
}

# A kernel with so many namespaces and cgroups is slower for all, so the floor is measured in it too.
beside() {
	local host=("$bench/libhost" --root "$state" --rootfs "$rootfs")

	subject "floor+cgroups" - server "$bench/floor" --cgroups --serve "$rootfs"
	[ "$1" = 0 ] || subject "exd_run, other host" floor+cgroups server \
		"$bench/libhost" --root "$state/other" --rootfs "$rootfs" run
	subject "exd_run, $1 in the same host" floor+cgroups server "${host[@]}" --beside "$1" run
}

# What it costs the chosen driver that others are configured.
loads() {
	local run=(run --rootfs "$rootfs" -- /true)

	subject "native alone" - command env "EXD_CONFIG=$tmp/alone/execdriver.conf" \
		"$driverctl" --root "$state" --driver native "${run[@]}"
	subject "all drivers configured" "native alone" command env "EXD_CONFIG=$tmp/all/execdriver.conf" \
		"$driverctl" --root "$state" --driver native "${run[@]}"
}

# Two that differ in nothing else: copies of this tree's, with all its drivers and with one. And others with warm starts
# and monitors that wait.
make_configs() {
	local dir

	for dir in alone all warm linger linger-warm; do
		mkdir -p "$tmp/$dir/plugins.d"
		cp "$EXD_CONFIG" "$tmp/$dir/execdriver.conf"
	done
	cp "${EXD_CONFIG%/*}"/plugins.d/*.conf "$tmp/all/plugins.d/"
	cp "${EXD_CONFIG%/*}"/plugins.d/*-native.conf "$tmp/alone/plugins.d/"
	sed 's/options: { /&warm = 2; /' "${EXD_CONFIG%/*}"/plugins.d/*-native.conf >"$tmp/warm/plugins.d/10-native.conf"
	for dir in linger linger-warm; do
		echo "monitor_linger = 10;" >>"$tmp/$dir/execdriver.conf"
	done
	cp "$tmp/alone/plugins.d/"*.conf "$tmp/linger/plugins.d/"
	cp "$tmp/warm/plugins.d/"*.conf "$tmp/linger-warm/plugins.d/"
	chmod -R go-w "$tmp/alone" "$tmp/all" "$tmp/warm" "$tmp/linger" "$tmp/linger-warm"
}

# Their kernel's work (a dump of every task) would weigh on what runs beside them.
ooms() {
	subject "OOM kill to the OOM channel" - server \
		"$bench/libhost" --root "$state" --rootfs "$rootfs" oom
}

memory() {
	local pid out

	# Not through ctl: the pid must be that of driverctl, not of a shell above it.
	"$driverctl" --root "$state" run --rootfs "$rootfs" -- /pause >"$tmp/idle" 2>&1 &
	pid=$!
	sleep 0.5
	out=$(pss "$pid") || true
	if [ -n "$out" ]; then
		printf 'driverctl run, idle             %7s kB PSS\n' "$out"
	else
		echo "driverctl run, idle: cannot run here: $(head -n 1 "$tmp/idle")"
	fi
	kill -9 "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
	for count in 1 100; do
		"$bench/libhost" --root "$state" --rootfs "$rootfs" "hold=$count" 2>&1 || true
	done
}

make_rootfs
make_bundle
make_configs
echo "kernel $(uname -r), $(nproc) cpus"
echo "state directory on $(stat -f -c %T "$state"), rootfs on $(stat -f -c %T "$rootfs")"
echo
echo "Start to end of /true"
starts | "$bench/harness" "$rounds" "$gap"
echo
echo "64 starts at once"
bursts | "$bench/harness" "$((rounds / 10 + 1))" "$gap"
for count in 0 1000; do
	echo
	echo "Beside $count idle containers"
	beside "$count" | "$bench/harness" "$rounds" "$gap"
done
echo
echo "A further /true in a running container"
ctl run -d --rootfs "$rootfs" "$box" -- /pause >/dev/null 2>&1 || true
ctl --driver lxc run -d --rootfs "$rootfs" "$box-lxc" -- /pause >/dev/null 2>&1 || true
lxc-execute -P "$tmp/lxc" -n "$peer" -f "$tmp/lxc.conf" -- /pause >/dev/null 2>&1 &
execs | "$bench/harness" "$rounds" "$gap"
echo
echo "Drivers that are not chosen"
loads | "$bench/harness" "$rounds" "$gap"
echo
echo "Out of memory"
ooms | "$bench/harness" "$rounds" "$gap"
echo
echo "Memory"
memory
