#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Somebody swaps what a start is about to use, over and over: it is used as one of the two that are
# the container's, or the start fails in one line, and the host is as before.
# EXD_RACE_SECONDS: how long each takes (1; make check-security has 60).
# shellcheck disable=SC2016,SC2317 # roots are made by eval; functions are called by name
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/audit.sh
. "$EXD_TEST_SRCDIR/tests/root/audit.sh"
# shellcheck source=tests/security/canary.sh
. "$EXD_TEST_SRCDIR/tests/security/canary.sh"

seconds=${EXD_RACE_SECONDS:-1}
racers=()

stop_racers() {
	kill "${racers[@]}" 2>/dev/null
	wait "${racers[@]}" 2>/dev/null
	racers=()
}
trap 'stop_racers; audit_end' EXIT

# Pairs of paths, each exchanged by a process of its own.
start_racers() {
	while [ $# -gt 1 ]; do
		"$audit" exchange "$1" "$2" &
		racers+=("$!")
		shift 2
	done
}

# race NAME SETUP PAIRS WORKED FAILED COMMAND...: rounds of the command in a root that SETUP made,
# while the PAIRS are swapped. What it prints is to match WORKED ("never": it must not work), or to be
# one line that matches FAILED.
race() {
	local name=$1 setup=$2 pairs=$3 worked=$4 failed=$5 output bad='' good=0 refused=0 end
	shift 5
	fresh_root
	eval "$setup"
	# shellcheck disable=SC2086 # words
	start_racers $pairs
	end=$((SECONDS + seconds))
	while [ "$SECONDS" -lt "$end" ] || [ $((good + refused)) -lt 20 ]; do
		if output=$("$@" 2>&1 </dev/null); then
			[[ $output =~ ^($worked)$ ]] || bad+="worked: $output"$'\n'
			good=$((good + 1))
		else
			[[ $output =~ ^driverctl:\ [a-z]+:\ [^$'\n']*($failed)[^$'\n']*$ ]] || bad+="failed: $output"$'\n'
			refused=$((refused + 1))
		fi
	done
	stop_racers
	is "$(sort <<<"$bad" | uniq -c | sed '/^ *[0-9]* *$/d')" "" "$name: one of the two, or one clear line"
	diag "$name: $good worked, $refused were refused"
	[ "$worked" = never ] || ok "$name: some worked" test "$good" -gt 0
	unharmed "$name"
}

# Destinations of mounts (CVE-2021-30465, CVE-2024-45310): below a directory that becomes a link.
mounts_are_inside() {
	local output
	output=$("$@") || return
	tr ' =' '\n' <<<"$output" | grep -vxE "/|/(dev|proc|sys)(/.*)?|/data|/data/[dl]/x(/y)?|$host/x(/y)?|mounts|r:.*|ENOENT" &&
		return 0
	echo fine
}
for link in "$host" "$up"; do
	setup="ln -s $link share/l; ln -s $link/new share/n; mkdir share/m"
	pairs='share/d share/l share/m share/n'
	see=(/audit mounts r:/data/d/secret r:/data/l/secret)
	race "a tmpfs below ${link%%/*}/..." "$setup" "$pairs" fine '/data/d/x' \
		mounts_are_inside run --rootfs box -v "$PWD/share:/data" --tmpfs /data/d/x -- "${see[@]}"
	race "a volume that has to be made below ${link%%/*}/..." "$setup" "$pairs" fine '/data/[dm]/x' \
		mounts_are_inside run --rootfs box -v "$PWD/share:/data" -v "$PWD/box/data:/data/d/x/y" -- "${see[@]}"
	race "a file that has to be made below ${link%%/*}/..." "$setup; echo ours >box/ours" "$pairs" fine '/data/[dm]/x' \
		mounts_are_inside run --rootfs box -v "$PWD/share:/data" -v "$PWD/box/ours:/data/d/x" -- "${see[@]}"
done

# /dev, /proc and /sys of the root itself (CVE-2019-16884, CVE-2019-19921, CVE-2026-41579)
for point in dev proc sys; do
	race "/$point of the root" "ln -s $host box/other" "box/$point box/other" 'pid=1
w:/proc/sys/kernel/core_pattern=(EROFS|ENOENT)
w:/other/sys/kernel/core_pattern=(EROFS|ENOENT|ENOTDIR)' "/$point" \
		run --rootfs box -- /audit pid w:/proc/sys/kernel/core_pattern w:/other/sys/kernel/core_pattern
done

# A /dev that somebody else writes to (CVE-2025-31133, CVE-2025-52565, CVE-2026-88264): masks are made of
# the host's null, the console of the pty itself.
shared_dev='mknod -m 666 share/null c 1 3; ln -s /proc/sys/kernel/core_pattern share/other'
race "the null of masks" "$shared_dev" "share/null share/other" 'bytes:/proc/keys=0
w:/proc/sys/kernel/core_pattern=EROFS' '/dev' \
	run --rootfs box -v "$PWD/share:/dev" -- /audit bytes:/proc/keys w:/proc/sys/kernel/core_pattern
echo "mounts = [ \"$PWD/share:/dev\", \"devpts:/dev/pts\" ];" >terminal.conf
race "the console" "$shared_dev; : >share/console; ln -s $host/secret share/link; mkdir share/pts; ln -s $host/dir share/links" \
	"share/console share/link share/pts share/links" 'tty=controlling.*' '/dev|pty|console' \
	run -t --rootfs box -f terminal.conf -- /audit tty

# Sysctls and oom_score_adj go to our own procfs (CVE-2025-52881)
echo "mounts = [ \"$PWD/share:/proc\", \"proc:/real\" ];" >mounts.conf
race "what is written to procfs" 'mkdir -p share/sys/net/ipv4 share/self; : >share/sys/net/ipv4/ip_forward
	: >share/self/oom_score_adj; ln -s $host share/lsys; ln -s $host share/lself' \
	"share/sys share/lsys share/self share/lself" 'cat:/real/sys/net/ipv4/ip_forward=1
cat:/real/self/oom_score_adj=77' 'proc|mount' \
	run --rootfs box -f mounts.conf --sysctl net.ipv4.ip_forward=1 --oom-score-adj 77 \
	-- /audit cat:/real/sys/net/ipv4/ip_forward cat:/real/self/oom_score_adj

# Users (CVE-2024-9676), programs, working directories
race "the list of users" "ln -s $host/etc/passwd box/etc/link" "box/etc/passwd box/etc/link" never "no user 'evil'|/etc/passwd" \
	run --rootfs box -u evil -- /audit pid
race "the program" "ln -s $up/bin/audit box/bin/link; cp box/audit box/bin/audit" "box/bin/audit box/bin/link" 'r:/secret=ENOENT' '/bin/audit' \
	run --rootfs box -- /bin/audit r:/secret
race "the working directory" "ln -s $up/dir box/link" "box/data box/link" 'cwd=/(data|link)
r:secret=ENOENT' '/data' \
	run --rootfs box -w /data -- /audit cwd r:secret

done_testing
