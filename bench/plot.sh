#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# make bench-plot: measures again what the plots show and draws them. Needs root and gnuplot.
#   plot.sh BUILDDIR IMAGEDIR
# Environment: ROUNDS (40), and that of run.sh.
set -eu

here=$(dirname "${BASH_SOURCE[0]}")
images=$(mkdir -p "$2" && cd "$2" && pwd)
ROUNDS=${ROUNDS:-40}
# shellcheck source=bench/common.sh
. "$here/common.sh" "$1"

if ! command -v gnuplot >/dev/null; then
	echo "bench-plot: gnuplot is not installed (Debian: apt-get install gnuplot-nox)" >&2
	exit 1
fi

host() {
	echo "$bench/libhost" --root "$state" --rootfs "$rootfs" "$@"
}

# What does not depend on the host it is started from.
peers() {
	subject driverctl - command "$driverctl" --root "$state" run --rootfs "$rootfs" -- /true
	subject bwrap - command bwrap --bind "$rootfs" / --proc /proc --dev /dev --unshare-all /true
	subject crun - command crun --root "$tmp/crun" run -b "$tmp" {}
	subject runc - command runc --root "$tmp/runc" run -b "$tmp" {}
}

# rows X FACTOR TABLE: the medians as "NAME X VALUE"; FACTOR divides what was measured together.
rows() {
	awk -F '\t' -v x="$1" -v n="$2" '{ print $1, x, $2 / n }' "$3"
}

by_size() {
	local size table=$tmp/table

	for size in 0 1 2 "$gib"; do
		# shellcheck disable=SC2046 # words
		{
			subject exd_run - server $(host --gib "$size" --threads 64 run)
			subject fork - server $(host --gib "$size" --threads 64 fork)
			peers
		} | "$bench/harness" "$rounds" 0 "$table" >&2
		rows "$size" 1 "$table"
	done | sort -u
}

by_neighbours() {
	local count table=$tmp/table

	for count in 0 10 100 300 1000; do
		# shellcheck disable=SC2046 # words
		{
			subject floor - server "$bench/floor" --cgroups --serve "$rootfs"
			subject exd_run - server $(host --beside "$count" run)
			peers
		} | "$bench/harness" "$rounds" 0 "$table" >&2
		rows "$count" 1 "$table"
	done
}

by_parallelism() {
	local count table=$tmp/table

	for count in 1 2 4 8 16 32 64; do
		# shellcheck disable=SC2046 # words
		{
			subject exd_start - server $(host "burst=$count")
			peers | sed "s/\tcommand\t/\tburst=$count\t/"
		} | "$bench/harness" "$((rounds / 4 + 1))" 0 "$table" >&2
		rows "$count" "$count" "$table"
	done
}

# resident NAME COMMAND...: what a container's own supervisor holds while its program idles.
resident() {
	local name=$1 pid kb

	shift
	"$@" >/dev/null 2>&1 </dev/null &
	pid=$!
	sleep 0.5
	kb=$(pss "$pid") || true
	[ -z "$kb" ] || echo "$name 1 $kb"
	kill "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

memory() {
	local count kb

	for count in 1 10 100 1000; do
		kb=$("$bench/libhost" --root "$state" --rootfs "$rootfs" "hold=$count" | awk '{ print $(NF - 2) }')
		echo "monitor $count $(awk -v k="$kb" -v n="$count" 'BEGIN { print k / n }')"
	done
	resident "driverctl" "$driverctl" --root "$state" run --rootfs "$rootfs" -- /pause
	resident "bwrap" bwrap --bind "$rootfs" / --proc /proc --dev /dev --unshare-all /pause
	resident "lxc" lxc-execute -P "$tmp/lxc" -n "$peer" -f "$tmp/lxc.conf" -- /pause
}

# draw NAME TITLE XLABEL YLABEL [GNUPLOT LINES]: one line for each name in the data.
draw() {
	local data=$tmp/$1.data names lines="" name

	names=$(awk '!seen[$1]++ { print $1 }' "$data")
	for name in $names; do
		lines+="${lines:+, }'< grep \"^$name \" $data' using 2:3 with linespoints title '$name'"
	done
	gnuplot <<-END
		set terminal svg size 640,400 font "sans-serif,12" background "white"
		set output "$images/$1.svg"
		set title "$2"
		set xlabel "$3"
		set ylabel "$4"
		set yrange [0:*]
		set key outside right
		set grid ytics
		${5:-}
		plot $lines
	END
}

make_rootfs
make_bundle
by_size >"$tmp/size.data"
by_neighbours >"$tmp/neighbours.data"
by_parallelism >"$tmp/parallel.data"
memory >"$tmp/memory.data"
draw size "Start to end of /true, by the size of the host" "resident memory of the host, GiB" \
	"ms, median"
draw neighbours "Start to end of /true, beside others" "idle containers already running" \
	"ms, median" "set logscale x 10; set xrange [1:1000]"
draw parallel "Starts at once" "how many" "ms each" "set logscale x 2"
draw memory "Memory of the supervisor" "containers in one host" "kB PSS each" \
	"set logscale xy; set yrange [1:*]"
tail -n +1 "$tmp"/*.data
