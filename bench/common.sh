# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034 # much of it is for who sources this
# What the measuring scripts share: a state directory, a rootfs, bundles for peers, and their end.
#   . common.sh BUILDDIR

build=$(cd "$1" && pwd)
rounds=${ROUNDS:-200}
gap=${GAP_MS:-0}
bench=$build/bench
driverctl=$build/driverctl/.libs/driverctl
export EXD_CONFIG=${EXD_CONFIG:-$build/tests/execdriver.conf}
export LD_LIBRARY_PATH=$build/.libs

if [ "$(id -u)" != 0 ]; then
	echo "bench: needs root: it makes namespaces and cgroups" >&2
	exit 1
fi

tmp=$(mktemp -d "${TMPDIR:-/tmp}/exd-bench.XXXXXX")
# State is kept in memory on a common host; one whose /run is a disk would be measured for its disk.
memory_folder() {
	[ "$(stat -f -c %T /run)" = tmpfs ] && echo /run || echo /dev/shm
}
state=$(mktemp -d "${STATE_PARENT:-$(memory_folder)}/exd-bench.XXXXXX")
rootfs=$tmp/rootfs
box=exdbench
peer=exd-bench-peer

clean_up() {
	trap - EXIT INT TERM
	ctl delete -f "$box" >/dev/null 2>&1 || true
	ctl delete -f "$box-lxc" >/dev/null 2>&1 || true
	lxc-stop -k -P "$tmp/lxc" -n "$peer" >/dev/null 2>&1 || true
	wait
	# Left by floors that were killed, and by every lxc-execute. What is in use stays.
	for top in $hierarchies; do
		for left in "$top"/exd-bench-*; do
			[ -d "/proc/${left##*-}" ] || rmdir "$left"/* "$left" 2>/dev/null || true
		done
		[[ " $had_pivot " == *" $top "* ]] || rmdir "$top/lxc.pivot" 2>/dev/null || true
	done
	rm -rf "$tmp" "$state"
}

hierarchies=$(awk '/ - cgroup2? / && $4 == "/" { print $5 }' /proc/self/mountinfo)
had_pivot=
for top in $hierarchies; do
	[ ! -d "$top/lxc.pivot" ] || had_pivot+=" $top"
done
trap clean_up EXIT
trap 'exit 1' INT TERM

ctl() {
	"$driverctl" --root "$state" "$@"
}

make_rootfs() {
	mkdir -p "$rootfs"/{proc,dev,sys,tmp,etc}
	for name in true pause stamp hog; do
		cp "$bench/guest" "$rootfs/$name"
	done
}

# For crun and runc: the same namespaces and mounts as the floor's.
make_bundle() {
	cat >"$tmp/config.json" <<-END
	{ "ociVersion": "1.0.2",
	  "process": { "cwd": "/", "args": ["/true"], "env": [], "user": { "uid": 0, "gid": 0 } },
	  "root": { "path": "$rootfs" },
	  "mounts": [
	    { "destination": "/proc", "type": "proc", "source": "proc" },
	    { "destination": "/dev", "type": "tmpfs", "source": "tmpfs" } ],
	  "linux": { "namespaces": [ { "type": "mount" }, { "type": "pid" }, { "type": "uts" },
	    { "type": "ipc" }, { "type": "network" }, { "type": "cgroup" } ] } }
	END
	mkdir "$tmp/lxc"
	printf '%s\n' "lxc.rootfs.path = dir:$rootfs" "lxc.net.0.type = empty" \
		"lxc.uts.name = bench" "lxc.mount.auto = proc" >"$tmp/lxc.conf"
}

# subject NAME BASE KIND PROGRAM [ARGUMENT...]
subject() {
	local IFS=$'\t'
	printf '%s\n' "$*"
}

pss() {
	awk '$1 == "Pss:" { print $2 }' "/proc/$1/smaps_rollup" 2>/dev/null
}

# Small hosts are measured with what they have, and told so by the row's name.
gib=$(awk '$1 == "MemAvailable:" { print int($2 / 1048576) - 1 }' /proc/meminfo)
gib=$((gib > 4 ? 4 : gib > 0 ? gib : 0))

