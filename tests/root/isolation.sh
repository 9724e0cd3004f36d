#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a container has, and what it has not, seen from inside.
# Functions are called by name; single quotes hold what another shell expands.
# shellcheck disable=SC2016,SC2317
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/audit.sh
. "$EXD_TEST_SRCDIR/tests/root/audit.sh"
cd "$TEST_TMPDIR" || exit 1

# A root with nothing in it but users and the program that looks around.
mkdir -p box/{dev,etc,proc,sys,tmp,mnt,home/alice}
cp "$audit" box/audit
printf '%s\n' root:x:0:0::/root:/bin/sh alice:x:1000:100::/home/alice:/bin/sh 'odd line' bob:x:1001:7:: >box/etc/passwd
printf '%s\n' root:x:0: wheel:x:10:carol,alice staff:x:50:alice,bob alicelike:x:60:alicelike users:x:100: >box/etc/group
boxed=(--rootfs box)

# processes and descriptors
look "processes" run "${boxed[@]}" -- /audit <<END
pid 1
procs 1
END
look "processes with --init" run --init "${boxed[@]}" -- /audit <<END
pid 2
procs 1 2
END
leaky() {
	local fd
	for fd in {3..9} {11..30} 100 500; do
		eval "exec $fd</"
	done
	exec 10<>/dev/null
	"$@"
}
look "descriptors" run "${boxed[@]}" -- /audit <<<"fds 0 1 2"
look "descriptors of a host that leaks its own" leaky run "${boxed[@]}" -- /audit <<<"fds 0 1 2"
look "descriptors with --init" leaky run --init "${boxed[@]}" -- /audit <<<"fds 0 1 2"
look "descriptors with a terminal" leaky run -t "${boxed[@]}" -- /audit <<<"fds 0 1 2"

# namespaces
kinds=(cgroup ipc mnt net pid uts)
for kind in "${kinds[@]}"; do
	own=$(readlink "/proc/self/ns/$kind")
	got=$(run "${boxed[@]}" -- /audit "link:/proc/self/ns/$kind" 2>&1)
	like "$got" "^link:/proc/self/ns/$kind=$kind:\[[0-9]+\]\$" "namespace $kind: there is one"
	ok "namespace $kind: it is not the host's" test "${got#*=}" != "$own"
done
run -d --pid-file pid "${inside[@]}" other -- /audit rest >/dev/null
other=$(cat pid)
for kind in cgroup ipc mnt net pid uts; do
	case $kind in
	cgroup) option=cgroupns key=cgroup_namespace ;;
	net) option=network key=network ;;
	*) option=$kind key=${kind/mnt/mount}_namespace ;;
	esac
	others=$(readlink "/proc/$other/ns/$kind")
	for mode in host container:other "path:/proc/$other/ns/$kind"; do
		wanted=$others where=("${inside[@]}") program=/audit
		[ "$mode" != host ] || wanted=$(readlink "/proc/self/ns/$kind")
		how=("--$option" "$mode")
		if [ "$kind" = mnt ]; then
			# a procfs shows /proc/self only to processes of its own namespace
		echo "$key = \"$mode\"; pid_namespace = \"${mode/%mnt/pid}\";" >command.conf
			how=(-f command.conf) where=()
			[ "$mode" != host ] || program=$audit
		fi
		is "$(run "${where[@]}" "${how[@]}" -- "$program" "link:/proc/self/ns/$kind" 2>&1)" \
			"link:/proc/self/ns/$kind=${wanted/\[/[}" "namespace $kind: ${mode%%/*}"
	done
done
for kind in "${kinds[@]}"; do
	[ "$kind" != net ] || continue
	fails 125 "/proc/$other/ns/$kind'.*(not|net)" "a $kind namespace is no network" \
		run --network "path:/proc/$other/ns/$kind" -- true
done

# mounts
there() {
	local path
	for path; do [ ! -e "$path" ] || echo "$path"; done
}
masks=$(there /proc/{acpi,kcore,keys,latency_stats,sched_debug,scsi,timer_list,timer_stats} /sys/firmware)
readonly=$(there /proc/{asound,bus,fs,irq,sys,sysrq-trigger})
wanted=$({
	printf '%s\n' / /dev /dev/{mqueue,pts,shm} /proc /sys "$masks" "$readonly"
	there /sys/fs/cgroup
} | grep . | sort)
grep -qw mqueue /proc/filesystems || wanted=$(grep -v mqueue <<<"$wanted")
mounts() {
	run "$@" -- /audit mounts 2>&1 | sed 's/^mounts=//' | tr -d '\r' | tr ' ' '\n' | sort
}
is "$(mounts "${boxed[@]}")" "$wanted" "mounts of a root: what every container has and no more"
is "$(mounts "${boxed[@]}" -t)" "$(sort <<<"$wanted"$'\n'/dev/console)" "mounts with a terminal: the console"
is "$(mounts "${boxed[@]}" --tmpfs /tmp -v "$PWD/box/etc:/mnt")" "$(sort <<<"$wanted"$'\n/tmp\n/mnt')" "mounts that were asked for"
is "$(mounts "${inside[@]}" | grep -vxE "$(tr '\n' '|' <<<"$wanted")/audit|/usr|/s?bin|/lib[0-9x]*|/etc/[-a-z/.]+")" "" \
	"mounts of the volatile root: programs and files of /etc besides"
look "mounts hear nothing of the host's" run "${inside[@]}" -- /audit <<<"shared-mounts "
before=$(cat /proc/self/mountinfo)
look "mounts of its own" run "${boxed[@]}" --cap-add sys_admin -- /audit <<END
call:mount 0
flags:/tmp rw
END
is "$(cat /proc/self/mountinfo)" "$before" "the host's mounts are as before"

# A mount of the host's comes in later only when it was asked for.
late() {
	run -d --rootfs-propagation "$1" --rootfs box late -- /audit rest
	mount -t tmpfs late box/mnt
	ctl exec late /audit mounts
	ctl delete -f late
}
export -f ctl run late
export root parent
for mode in private slave; do
	got=$("$EXD_TEST_BUILDDIR/tests/own_mounts" --shared bash -c "late $mode" 2>&1 | tr ' ' '\n' | grep -c '/mnt$')
	is "$got" "$([ "$mode" = slave ] && echo 1 || echo 0)" "--rootfs-propagation $mode: a later mount of the host's"
done

# files that are there to be read only, or not at all
look "/ with --read-only" run --read-only "${boxed[@]}" -- /audit <<END
flags:/ ~ro.*
make:/new EROFS
make:/etc/new EROFS
w:/etc/passwd EROFS
make:/dev/shm/new 0
END
ok "nothing was made in the root" test ! -e box/new -a ! -e box/etc/new
look "/ without it" run "${boxed[@]}" -- /audit <<<"make:/new 0"
ok "is made in the root" test -e box/new
{
	for path in $masks; do
		case $(stat -c %F "$path") in
		directory) printf '%s\n' "ls:$path " "make:$path/new EROFS" "flags:$path ro nosuid nodev noexec" ;;
		*) printf '%s\n' "bytes:$path 0" "stat:$path c 1:3 666 0:0" ;;
		esac
	done
} >table
look "masked" run "${inside[@]}" -- /audit <table
look "masked in a root" run "${boxed[@]}" -- /audit <table
{
	for path in $readonly; do
		echo "flags:$path ro nosuid nodev noexec"
	done
	cat <<-END
		w:/proc/sysrq-trigger ~EROFS|ENOENT
		w:/proc/sys/kernel/core_pattern EROFS
		w:/proc/sys/kernel/hostname EROFS
		w:/proc/sys/vm/drop_caches EROFS
		flags:/proc rw nosuid nodev noexec
		flags:/sys ro nosuid nodev noexec
		w:/sys/kernel/uevent_helper ~EROFS|ENOENT
		make:/sys/new ~EROFS|EPERM|EACCES
		ls:/sys/fs/cgroup
		flags:/sys/fs/cgroup ro nosuid nodev noexec
	END
} >table
look "read-only" run "${inside[@]}" -- /audit <table
look "not even with all capabilities" run --cap-add all "${inside[@]}" -- /audit <<END
w:/proc/sysrq-trigger ~EROFS|ENOENT
w:/proc/sys/kernel/core_pattern EROFS
END
look "with --privileged" run --privileged "${inside[@]}" -- /audit <<END
flags:/sys rw nosuid nodev noexec
flags:/proc/sys rw nosuid nodev noexec
END

# devices
guarded && made=0 written=EACCES || made=EPERM written=ENOENT
look "devices" run "${inside[@]}" -- /audit <<END
ls:/dev core fd full $(grep -ow mqueue /proc/filesystems | tr '\n' ' ')null ptmx pts random shm stderr stdin stdout tty urandom zero
stat:/dev/null c 1:3 666 0:0
stat:/dev/zero c 1:5 666 0:0
stat:/dev/full c 1:7 666 0:0
stat:/dev/random c 1:8 666 0:0
stat:/dev/urandom c 1:9 666 0:0
stat:/dev/tty c 5:0 666 0:0
stat:/dev/fd /proc/self/fd
stat:/dev/stdin /proc/self/fd/0
stat:/dev/ptmx pts/ptmx
stat:/dev/core /proc/kcore
ls:/dev/pts ptmx
ls:/dev/shm
flags:/dev rw nosuid
flags:/dev/pts rw nosuid noexec
flags:/dev/shm rw nosuid nodev noexec
flags:/ rw nodev
r:/dev/zero 0
w:/dev/null 0
r:/dev/urandom 0
r:/dev/tty ENXIO
mknod:c,1,11,/tmp/kmsg $made
w:/tmp/kmsg $written
END
# not_allowed NAME RUN...: devices that were not given, to be run in one way or another.
not_allowed() {
	look "$1" "${@:2}" --cap-add all "${inside[@]}" -- /audit <<-END
		mknod:c,1,11,/dev/kmsg 0
		r:/dev/kmsg EPERM
		w:/dev/kmsg EPERM
		mknod:c,1,1,/dev/mem 0
		r:/dev/mem EPERM
		mknod:b,7,0,/dev/loop0 0
		r:/dev/loop0 EPERM
		mknod:c,1,3,/dev/another-null 0
		r:/dev/another-null 0
	END
}
# in_own_mounts COMMAND...: a function of this script, in a mount namespace of its own.
in_own_mounts() {
	"$EXD_TEST_BUILDDIR/tests/own_mounts" bash -c '"$@"' - "$@"
}
by_program() {
	unmount_rules v1
	run "$@"
}
export -f by_program unmount_rules
if guarded; then
	not_allowed "devices that were not allowed" run
	device=(--cap-add syslog "${inside[@]}")
	for rights in :r :w :rw "" :m; do
		r=EPERM w=EPERM
		case $rights in *r*) r=0 ;; esac
		case $rights in *w*) w=0 ;; esac
		[ "$rights" ] || r=0 w=0
		look "--device /dev/kmsg:/dev/k$rights" run --device "/dev/kmsg:/dev/k$rights" "${device[@]}" -- /audit <<-END
			stat:/dev/k c 1:11 $(stat -c '%a %u:%g' /dev/kmsg)
			r:/dev/k $r
			w:/dev/k $w
		END
	done
	look "--privileged" run --privileged "${inside[@]}" -- /audit <<-END
		mknod:c,1,11,/dev/kmsg 0
		w:/dev/kmsg 0
	END
else
	not_here "devices that were not allowed" "no devices controller of cgroup v1 and no cgroup v2"
fi

# On cgroup v2 the same rules are a program, which works beside a v1 without them as well.
if grep -q ' - cgroup2 ' /proc/self/mountinfo; then
	not_allowed "devices that were not allowed, by a program" in_own_mounts by_program
	look "by a program, read-only access" in_own_mounts by_program --device /dev/kmsg:/dev/k:r \
		--cap-add syslog "${inside[@]}" -- /audit <<-END
			r:/dev/k 0
			w:/dev/k EPERM
		END
	look "by a program, --privileged" in_own_mounts by_program --privileged "${inside[@]}" -- /audit <<-END
		mknod:c,1,11,/dev/kmsg 0
		w:/dev/kmsg 0
	END
	checked() {
		unmount_rules v1
		ctl check
	}
	export -f checked
	like "$(in_own_mounts checked)" "yes +cgroup.devices +programs on cgroup v2" "check says what has the rules"
	# What is in force above stays in force.
	in_own_mounts by_program -d "${inside[@]}" outer -- /audit rest >/dev/null
	nested() {
		unmount_rules v1
		ctl run --cgroup-parent "$parent/outer" "$@"
	}
	export -f nested
	for option in --privileged --device=/dev/kmsg; do
		look "below a container with rules, $option" in_own_mounts nested "$option" --cap-add all \
			"${inside[@]}" -- /audit <<-END
			w:/dev/null 0
			mknod:c,1,11,/dev/kmsg2 0
			w:/dev/kmsg2 EPERM
		END
	done
	ok "the outer one ends" ctl delete -f outer

	# Where the kernel refuses such a program, it is as without rules, and check says so.
	refused() {
		unmount_rules v1
		"$EXD_TEST_BUILDDIR/tests/no_bpf" driverctl --root "$root" "$@"
	}
	export -f refused
	look "where bpf() is refused" in_own_mounts refused run --cgroup-parent "$parent" "${inside[@]}" -- /audit <<-END
		status:CapEff 00000000a00425fb
		mknod:c,1,11,/dev/kmsg EPERM
		w:/dev/null 0
	END
	like "$(in_own_mounts refused check)" "cgroup.devices .*refuses rules for devices on cgroup v2: Operation not permitted" \
		"check says that bpf() is refused"
else
	not_here "devices that were not allowed, by a program" "no cgroup v2"
fi

# Where no rule judges who may use a device, nodes are of no use and cannot be made.
unruled() {
	unmount_rules all
	run --rootfs box "$@"
}
export -f unruled
mknod -m 666 box/kmsg c 1 11
without_rules() {
	"$EXD_TEST_BUILDDIR/tests/own_mounts" bash -c 'unruled "$@"' - "$@"
}
look "without rules for devices" without_rules -- /audit <<END
status:CapEff 00000000a00425fb
mknod:c,1,11,/dev/kmsg EPERM
w:/kmsg EACCES
w:/dev/null 0
END
look "without rules for devices, one that was given" without_rules --device /dev/kmsg -- /audit <<<"w:/dev/kmsg 0"
look "a device node in the root" run "${boxed[@]}" -- /audit <<<"w:/kmsg ~EPERM|EACCES"
rm box/kmsg

# capabilities: inheritable and ambient are empty whatever is asked for
caps() {
	look "capabilities of $1" "${@:4}" -- /audit <<-END
		status:CapInh $none
		status:CapPrm $2
		status:CapEff $2
		status:CapBnd $3
		status:CapAmb $none
	END
}
without_chown=$(hex $((basic & ~1))) with_admin=$(hex $((basic | 1 << 21)))
box() {
	run "${inside[@]}" "$@"
}
caps root "$usual" "$usual" box
caps nobody "$none" "$usual" box -u nobody
caps "nobody with one more" "$none" "$with_admin" box -u nobody --cap-add sys_admin
caps "one more" "$with_admin" "$with_admin" box --cap-add CAP_SYS_ADMIN
caps "one less" "$without_chown" "$without_chown" box --cap-drop chown
caps "none" "$none" "$none" box --cap-drop all
caps "only one" "$(hex 1)" "$(hex 1)" box --cap-drop all --cap-add chown
caps "all" "$every" "$every" box --cap-add all
caps "all but one" "$(hex $((0x$every & ~1)))" "$(hex $((0x$every & ~1)))" box --cap-add all --cap-drop chown
caps "--privileged" "$every" "$every" box --privileged
caps "nobody, privileged" "$none" "$every" box --privileged -u nobody
caps "a program below --init" "$usual" "$usual" box --init
generous() {
	setpriv --inh-caps +chown,+net_raw --ambient-caps +chown,+net_raw timeout 60 driverctl --root "$root" run "${inside[@]}" "$@"
}
caps "a host that hands some on" "$usual" "$usual" generous
caps "nobody, and a host that hands some on" "$none" "$usual" generous -u nobody
look "privileges" run "${inside[@]}" -- /audit <<END
status:NoNewPrivs 0
status:Seccomp 2
call:chroot 0
call:sethostname EPERM
END
look "no-new-privileges" run --security-opt no-new-privileges "${inside[@]}" -- /audit <<END
status:NoNewPrivs 1
status:Seccomp 2
END

# system calls; what needs a capability is looked at with all of them and without the filter too
look "the filter" run "${inside[@]}" -- /audit <<END
call:unshare-user EPERM
call:unshare-uts EPERM
call:setns EPERM
call:mount EPERM
call:umount EPERM
call:keyctl EPERM
call:add-key EPERM
call:bpf EPERM
call:open-by-handle EPERM
END
# In a chroot, the host has no user namespaces, and the container has.
user=0
[ / -ef /proc/1/root ] && user=$("$audit" call:unshare-user | sed 's/.*=//')
look "no filter" run --security-opt seccomp=unconfined "${inside[@]}" -- /audit <<END
status:Seccomp 0
call:unshare-user $user
call:keyctl 0
call:add-key 0
call:mount EPERM
END
# Keys of the host's session are not the container's, nor are those of another container.
keyring() {
	run --security-opt seccomp=unconfined "${inside[@]}" -- /audit keyring
}
first=$(keyring) second=$(keyring)
like "$first" "^keyring=[1-9][0-9]*\$" "a session keyring"
ok "is not the host's" test "$first" != "$("$audit" keyring)"
ok "nor another container's" test "$first" != "$second"
look "a capability opens what it is for" run --cap-add sys_admin "${inside[@]}" -- /audit <<END
status:Seccomp 2
call:mount 0
call:umount 0
call:keyctl EPERM
END

# limits
look "--ulimit" run --ulimit nofile=77:88 "${inside[@]}" -- /audit <<<"nofile 77:88"
(
	ulimit -Sn 333
	ulimit -Hn 444
	run "${inside[@]}" -- /audit nofile
) >got 2>&1
is "$(cat got)" "nofile=333:444" "without --ulimit, the limit is the caller's"
# A caller that may raise nothing.
weak() {
	prlimit --nofile=400:400 setpriv --bounding-set=-sys_resource timeout 60 driverctl --root "$root" run "$@"
}
fails 125 "nofile.*Operation not permitted|CAP_SYS_RESOURCE" "a limit cannot be raised without CAP_SYS_RESOURCE" \
	weak --ulimit nofile=401 -- true
look "it can be lowered" weak --ulimit nofile=99 "${inside[@]}" -- /audit <<<"nofile 99:99"

# users, of the container's own files
while IFS='|' read -r user wanted home; do
	look "--user '$user'" run "${boxed[@]}" -u "$user" -- /audit <<-END
		ids $wanted
		env ~HOME=$home HOSTNAME=[0-9a-f]{12} PATH=[^ ]*
	END
done <<END
root|0:0|/root
alice|1000:100 10 50|/home/alice
bob|1001:7 50|/
1000|1000:100 10 50|/home/alice
alice:staff|1000:50|/home/alice
alice:7|1000:7|/home/alice
1000:root|1000:0|/home/alice
5000|5000:0|/
5000:5001|5000:5001|/
4294967294|4294967294:0|/
END
look "--group-add" run "${boxed[@]}" -u alice --group-add wheel --group-add 77 -- /audit <<<"ids 1000:100 10 50 77"
look "groups of the caller stay outside" setpriv --groups 1,2,3 timeout 60 driverctl --root "$root" run "${inside[@]}" -- /audit <<<"ids 0:0"
for user in 1x -1 ' 1' 01 +1 0x1 1: :1 : 4294967295 4294967296 99999999999999999999 alic alicelike odd 'odd line' alice:carol root:; do
	fails 125 "user|group" "--user '$user' is refused" run "${boxed[@]}" -u "$user" -- /audit
done

# odds and ends
look "umask and cwd" run "${inside[@]}" -- /audit <<END
umask 022
cwd /
END
(
	umask 077
	cd /usr || exit
	run -v "$audit:/audit" -- /audit umask cwd
) >got 2>&1
is "$(cat got)" "umask=022
cwd=/" "umask and cwd are not the caller's"
look "--umask, --workdir" run --umask 027 -w /home/alice "${boxed[@]}" -- /audit <<END
umask 027
cwd /home/alice
END
fails 125 "/no/such" "--workdir that is not there" run -w /no/such "${boxed[@]}" -- /audit
mkdir -m 700 box/private
fails 125 "/private.*Permission denied" "--workdir that the user may not enter" run -w /private -u alice "${boxed[@]}" -- /audit
SECRET=1 LD_PRELOAD='' look "environment" run "${inside[@]}" -e A=1 --hostname h -- /audit <<END
env A=1 HOME=/root HOSTNAME=h PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
END
look "--hostname" run --hostname inside-$$ "${inside[@]}" -- /audit <<<"cat:/proc/sys/kernel/hostname inside-$$"
ok "the host is called as before" test "$(cat /proc/sys/kernel/hostname)" != inside-$$
host_port=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start) host_msgmax=$(cat /proc/sys/kernel/msgmax)
look "--sysctl" run --sysctl net.ipv4.ip_unprivileged_port_start=77 --sysctl kernel/msgmax=7777 "${boxed[@]}" -- /audit <<END
cat:/proc/sys/net/ipv4/ip_unprivileged_port_start 77
cat:/proc/sys/kernel/msgmax 7777
END
is "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start):$(cat /proc/sys/kernel/msgmax)" "$host_port:$host_msgmax" "the host's are as before"
for name in kernel.core_pattern vm.overcommit_memory fs.file-max kernel.hostname net.ipv4.ip_forward/../../../kernel/core_pattern kernel.shm; do
	fails 125 "$name" "--sysctl $name is refused" run --sysctl "$name=1" "${boxed[@]}" -- /audit
done
fails 125 "net.ipv4.ip_forward" "--sysctl of the host's network is refused" run --network host --sysctl net.ipv4.ip_forward=1 -- true
fails 125 "kernel.msgmax" "--sysctl of the host's ipc is refused" run --ipc host --sysctl kernel.msgmax=8192 -- true
look "--oom-score-adj" run --oom-score-adj 400 "${inside[@]}" -- /audit <<<"cat:/proc/self/oom_score_adj 400"
fails 125 "oom_score_adj.*(Permission denied|CAP_SYS_RESOURCE)" "--oom-score-adj below its own" weak --oom-score-adj -100 -- true

# network
look "--network none" run "${inside[@]}" -- /audit <<END
lo up
ls:/sys/class/net lo
END
look "--network host" run --network host "${inside[@]}" -- /audit <<<"$("$audit" lo ls:/sys/class/net | sed 's/=/ /')"
look "--network of another" run --network container:other "${inside[@]}" -- /audit <<END
lo up
ls:/sys/class/net lo
link:/proc/self/ns/net $(readlink "/proc/$other/ns/net")
END

# terminals
look "no terminal" run "${inside[@]}" -- /audit <<END
tty none
ls:/dev/pts ptmx
stat:/dev/console ENOENT
END
echo 'tty = true; tty_size = "33x77";' >command.conf
look "a terminal" run -f command.conf "${inside[@]}" -- /audit <<END
tty controlling foreground 33x77 console
r:/dev/tty 0
r:/dev/console 0
ls:/dev/pts 0 ptmx
stat:/dev/console c 136:0 620 0:5
END
look "a terminal of another user" run -f command.conf -u alice "${boxed[@]}" -- /audit <<END
tty controlling foreground 33x77 console
stat:/dev/console c 136:0 620 1000:5
END
# The caller's terminal, handed in as standard input, takes no keys from inside.
cat >typist.py <<'END'
import fcntl, os, pty, select, subprocess, sys, termios
master, slave = pty.openpty()
def at_terminal():
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
settings = termios.tcgetattr(slave)
settings[3] &= ~(termios.ICANON | termios.ECHO)
termios.tcsetattr(slave, termios.TCSANOW, settings)
out = subprocess.run(sys.argv[1:], stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=at_terminal)
print(out.stdout.decode(), end="")
print("typed=" + (os.read(slave, 10).decode() if select.select([slave], [], [], 0)[0] else "nothing"))
END
typed() {
	python3 typist.py timeout --foreground 60 driverctl --root "$root" "$@"
}
is "$(typed run --no-tty "${inside[@]}" -- /audit r:/dev/tty tiocsctty:0 tiocsti:0 tioclinux:0 2>&1)" "r:/dev/tty=ENXIO
tiocsctty:0=EPERM
tiocsti:0=EPERM
tioclinux:0=EPERM
typed=nothing" "keys for the caller's terminal: run"
is "$(typed exec --no-tty other /audit r:/dev/tty tiocsctty:0 tiocsti:0 2>&1)" "r:/dev/tty=ENXIO
tiocsctty:0=EPERM
tiocsti:0=EPERM
typed=nothing" "keys for the caller's terminal: exec"
is "$(python3 typist.py "$audit" tiocsti:0)" "tiocsti:0=0
typed=X" "the same program outside can type"

ctl delete -f other
done_testing
