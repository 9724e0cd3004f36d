#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Roots, volumes and programs that try to reach the host: nothing of it is made, changed or shown.
# Single quotes hold what is expanded when the root is made.
# shellcheck disable=SC2016
# shellcheck disable=SC2317 # functions are called by name
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/audit.sh
. "$EXD_TEST_SRCDIR/tests/root/audit.sh"
# shellcheck source=tests/security/canary.sh
. "$EXD_TEST_SRCDIR/tests/security/canary.sh"

# attack WANTED SETUP ARGS...: a run in a root that SETUP changed. WANTED is the exit code and a
# pattern for the one line of its error, or 0 and a pattern for what it prints.
attack() {
	local wanted=$1 setup=$2 name output code=0
	shift 2
	name="$setup${1:+ ($*)}"
	name=${name//$TEST_TMPDIR/}
	fresh_root
	eval "$setup"
	output=$(run --rootfs box "$@" 2>&1 </dev/null) || code=$?
	if [ "${wanted%% *}" = 0 ]; then
		like "$code:$output" "^0:${wanted#* }\$" "$name"
	else
		like "$code:$output" "^${wanted%% *}:driverctl: run: [^
]*(${wanted#* })[^
]*\$" "$name"
	fi
	unharmed "$name"
}

# Mount points of ours that lead elsewhere
for point in dev proc sys; do
	for target in "$host" "$up" /data nowhere /; do
		attack "125 /$point in the rootfs '$PWD/box' is a symbolic link" "rmdir box/$point; ln -s '$target' box/$point" -- /audit pid
	done
	attack "125 /$point in the rootfs '$PWD/box' is a file" "rmdir box/$point; mkfifo box/$point" -- /audit pid
	attack "125 /$point in the rootfs '$PWD/box' is a file" "rmdir box/$point; echo >box/$point" -- /audit pid
	attack "0 pid=1" "rmdir box/$point" -- /audit pid
done
attack "0 stat:/dev/null=c 1:3 666 0:0" 'ln -s $host/secret box/dev/null; ln -s /proc/sys/kernel/core_pattern box/dev/zero' -- /audit stat:/dev/null
attack "0 tty=controlling.*" 'ln -s $host/secret box/dev/console; ln -s $host/dir box/dev/pts; ln -s $host/secret box/dev/ptmx' -t -- /audit tty
attack "0 bytes:/proc/keys=0
w:/proc/sys/kernel/core_pattern=EROFS
ls:/sys/firmware=" 'ln -s /proc/sys/kernel/core_pattern box/dev/null' -- /audit bytes:/proc/keys w:/proc/sys/kernel/core_pattern ls:/sys/firmware

# A /dev, /proc or /sys of the command's own, full of links
attack "0 pid=1" 'mkdir share/pts; ln -s $host/secret share/null; ln -s $host share/shm; ln -s $host/secret share/full' -v "$PWD/share:/dev" -- /audit pid
attack "125 pty|/dev/pts|dev/pts" 'ln -s $host/secret share/console; ln -s $host/dir share/pts' -t -v "$PWD/share:/dev" -- /audit pid
echo "mounts = [ \"$PWD/share:/proc\", \"proc:/real\" ];" >mounts.conf
attack "0 cat:/real/sys/net/ipv4/ip_forward=1
cat:/real/self/oom_score_adj=77" 'mkdir -p share/sys/net/ipv4 share/self; ln -s $host/secret share/sys/net/ipv4/ip_forward; ln -s $host/secret share/self/oom_score_adj' \
	-f mounts.conf --sysctl net.ipv4.ip_forward=1 --oom-score-adj 77 -- /audit cat:/real/sys/net/ipv4/ip_forward cat:/real/self/oom_score_adj
echo 'masked_paths = [ "/link/secret", "/link/dir", "/data/x" ]; readonly_paths = [ "/link/dir", "/link" ];' >masks.conf
attack "0 pid=1" 'ln -s $host box/link' -f masks.conf -- /audit pid
attack "0 pid=1" 'ln -s $up box/link' -f masks.conf -- /audit pid

# Users
passwd="125 /etc/passwd"
attack "125 no user 'evil'" 'ln -sf $host/etc/passwd box/etc/passwd' -u evil -- /audit pid
attack "125 no user 'evil'" 'ln -sf $up/etc/passwd box/etc/passwd' -u evil -- /audit pid
attack "125 no user 'evil'" 'rm -r box/etc; ln -s $host/etc box/etc' -u evil -- /audit pid
attack "125 no group 'evil'" 'ln -sf $host/etc/group box/etc/group' -u root:evil -- /audit pid
attack "$passwd" 'ln -sf passwd box/etc/passwd' -u evil -- /audit pid
attack "$passwd" 'ln -sf /proc/self/environ box/etc/passwd' -u evil -- /audit pid
attack "$passwd" 'rm box/etc/passwd; mkfifo box/etc/passwd' -u evil -- /audit pid
attack "0 pid=1" 'rm box/etc/passwd; mkfifo box/etc/passwd' -- /audit pid
attack "$passwd" 'rm box/etc/passwd; mknod box/etc/passwd c 1 5' -u evil -- /audit pid
attack "$passwd" 'rm box/etc/passwd; mkdir box/etc/passwd' -u evil -- /audit pid
attack "$passwd" 'head -c 2097152 /dev/zero >box/etc/passwd' -u evil -- /audit pid
attack "$passwd" 'truncate -s 1T box/etc/passwd' -u evil -- /audit pid
attack "125 no user 'evil'" 'printf "evil:x:-1:0\nevil:x:0x0:0\nevil:x: 0:0\nevil:x:4294967296:0\nevil:x:00:0\nevil:x\n" >box/etc/passwd' -u evil -- /audit pid
attack "125 no user 'evil'" 'printf "\nevil\0:x:0:0\n" >box/etc/passwd' -u evil -- /audit pid

# Targets of volumes and devices
for link in "$host" "$up" "$host/dir" /proc/1/root/tmp /proc/self/cwd . ..; do
	case $link in
	. | ..) wanted="0 pid=1" ;;
	*) wanted="125 /link/x" ;;
	esac
	setup="ln -s '$link' box/link"
	attack "$wanted" "$setup" -v "$host/secret:/link/x" -- /audit pid
	attack "$wanted" "$setup" -v "$host/dir:/link/x/y/z" -- /audit pid
	attack "$wanted" "$setup" --tmpfs /link/x -- /audit pid
	attack "$wanted" "$setup" --device /dev/null:/link/x -- /audit pid
done
attack "125 /link" 'ln -s $host/dir box/link' -v "$PWD/share:/link" -- /audit pid
attack "125 /link" 'ln -s $host/dir/new box/link' -v "$PWD/share:/link" -- /audit pid
attack "125 /link" 'ln -s $host/secret box/link' -v "$host/dir/secret:/link" -- /audit pid
attack "125 /link" 'ln -s $host/dir/empty box/link' --device /dev/null:/link -- /audit pid
attack "125 /link" 'ln -s link box/link' -v "$PWD/share:/link" -- /audit pid
attack "125 /data/fifo" 'mkfifo box/data/fifo' -v "$PWD/share:/data/fifo" -- /audit pid
attack "0 ls:$host/dir/x=empty secret" 'mkdir -p "box$host/dir"; ln -s $host/dir box/link' -v "$host/dir:/link/x" -- /audit "ls:$host/dir/x"
for target in /a/../../../../x /../x /data/.. /data/../../x ..; do
	attack "125 '$target'|${target}" : -v "$host/dir:$target" -- /audit pid
done
# through a volume, where the link is somebody else's
for link in "$host" "$up"; do
	attack "125 /data/link/x" "ln -s '$link' share/link" -v "$PWD/share:/data" -v "$host/secret:/data/link/x" -- /audit pid
	attack "125 /data/link/x" "ln -s '$link' share/link" -v "$PWD/share:/data" --tmpfs /data/link/x -- /audit pid
	# a node in a volume would be made in its source: none is made at all
	attack "0 stat:/data/link/x=ENOENT" "ln -s '$link' share/link" -v "$PWD/share:/data" --device /dev/null:/data/link/x -- /audit stat:/data/link/x
done

# Programs and working directories
attack "127 '/bin/audit'" 'rmdir box/bin; ln -s $host/bin box/bin' -- /bin/audit pid
attack "127 'audit'" 'ln -s $up/bin/audit box/bin/audit' -- audit pid
attack "125 /link" 'ln -s $host/dir box/link' -w /link -- /audit cwd
attack "125 /link" 'ln -s $up/dir box/link' -w /link -- /audit cwd
attack "0 cwd=/" 'ln -s / box/link' -w /link -- /audit cwd
attack "0 cwd=/" : -w /../../.. -- /audit cwd
# whatever descriptor the set-up has open there
fresh_root
run -d --rootfs box held -- /audit rest >/dev/null
cwds() {
	local n place
	for n in {3..20}; do
		for place in "/proc/self/fd/$n" "/proc/self/fd/$n/.."; do
			"$@" -w "$place" </dev/null 2>&1 | sed "s,^driverctl: .*'\?$place'\?.*,refused,"
		done
	done
}
in_run() {
	run --rootfs box "$@" -- /audit cwd r:secret
}
in_volatile() {
	run "${inside[@]}" "$@" -- /audit cwd r:secret
}
in_exec() {
	ctl exec "$@" held /audit cwd r:secret
}
for how in in_run in_volatile in_exec; do
	is "$(cwds "$how" | grep -vx 'cwd=/[a-z/]*' | sort -u | tr '\n' ' ')" "refused " "--workdir of a descriptor: $how"
done
# as programs and interpreters too
programs() {
	local n
	for n in {3..20}; do
		printf '#!%s\n' "/proc/self/fd/$n/$up/bin/audit" >box/interpreted
		chmod 755 box/interpreted
		"$@" "/proc/self/fd/$n/$up/bin/audit" pid </dev/null 2>&1
		"$@" /interpreted pid </dev/null 2>&1
	done
}
is "$(programs run --rootfs box -- | grep -v '^driverctl: run: cannot execute ')" "" "programs of a descriptor: run"
is "$(programs ctl exec held | grep -v '^driverctl: exec: cannot execute ')" "" "programs of a descriptor: exec"
ctl delete -f held
unharmed "descriptors"

# A program that runs whoever starts it, with somebody inside who looks for what can be changed
fresh_root
printf '#!/proc/self/exe\n' >box/script
chmod 755 box/script
monitor=$EXD_TEST_BUILDDIR/monitor/execdriver-monitor
hash=$(sha256sum <"$monitor")
run -d --cap-add sys_ptrace --rootfs box hunted -- /audit hunt /stop >/dev/null
for _ in {1..20}; do
	ctl exec hunted /script </dev/null >/dev/null 2>&1
	ctl exec hunted /audit pid </dev/null >/dev/null 2>&1
	ctl exec --privileged hunted /script </dev/null >/dev/null 2>&1
done
is "$(ctl list | grep -c ' running ')" 1 "#!/proc/self/exe: the container is as before"
touch box/stop
ctl wait hunted >/dev/null
like "$(cat "$root/hunted/output")" "^seen=(some|none)
changed=0\$" "#!/proc/self/exe: no program could be changed by exec"
ctl delete hunted
is "$(timeout 20 driverctl --root "$root" run --rootfs box -- /script </dev/null >/dev/null 2>&1; echo $(($? == 124)))" 0 \
	"#!/proc/self/exe as the first program ends"
is "$(run --init --cap-add all --rootfs box -- /audit hunt)" "seen=some
changed=0" "the small init can be seen, not changed"
is "$(run --init --rootfs box -- /audit hunt)" "seen=none
changed=0" "and without CAP_SYS_PTRACE not seen"
is "$(run --pid host --cap-add all --rootfs box -- /audit link:/proc/self/exe)" "link:/proc/self/exe=/audit" "with the host's processes"
is "$(sha256sum <"$monitor")" "$hash" "the monitor's file is as before"

done_testing
