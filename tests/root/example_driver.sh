#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The driver of examples/chroot-driver as an outsider has it: built from its installed copy with what
# pkg-config says, dropped in, and chosen by its name.
# Single quotes hold what is expanded inside the container.
# shellcheck disable=SC2016
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/rootfs.sh
. "$EXD_TEST_SRCDIR/tests/root/rootfs.sh"

# A driver that others may write to is refused.
umask 022
unset MAKEFLAGS MFLAGS MAKELEVEL PKG_CONFIG_PATH
dest=$TEST_TMPDIR/dest
# A copy: a driver is to be added to it.
ok "there is an installed copy" cp -a "${EXD_TEST_STAGE:?is set by make check}" "$dest"
sanitizer=$(sed -n 's/^SAN_CFLAGS = //p' "$EXD_TEST_BUILDDIR/Makefile")

# one_file NAME: where the installed copy has it.
one_file() {
	find "$dest" -name "$1" -not -path "*/completions/*" -print -quit
}
pc=$(one_file execdriver.pc)
library=$(one_file libexecdriver.so.0)
sources=$(one_file chroot.c)
ok "the example is installed as documentation" test -n "$sources"

example() {
	env -u CFLAGS PKG_CONFIG_LIBDIR="${pc%/*}:$(pkg-config --variable pc_path pkg-config)" \
		make -s -C "$TEST_TMPDIR/chroot-driver" "CC=${CC:-gcc} $sanitizer" "$@"
}
cp -r "${sources%/*}" "$TEST_TMPDIR/chroot-driver" || exit 1
# Headers and library lie below DESTDIR, where their .pc file does not know of.
is "$(PKG_CONFIG_SYSROOT_DIR=$dest example chroot.so 2>&1)" "" "it builds outside of the tree, without a warning"
is "$(nm -D --defined-only "$TEST_TMPDIR/chroot-driver/chroot.so" | awk '{ print $3 }' | grep -v "^__odr_asan\.")" exd_driver_entry \
	"it exports one symbol"

# Beside what is installed, as its own Makefile does it, or by hand.
driver_dir=$(PKG_CONFIG_LIBDIR=${pc%/*} pkg-config --variable driverdir execdriver)
plugin_dir=$(PKG_CONFIG_LIBDIR=${pc%/*} pkg-config --variable plugindir execdriver)
ok "it installs itself" example install "DESTDIR=$dest"
ok "its object lies among the drivers" test -f "$dest$driver_dir/chroot.so"
ok "its configuration lies among the plugins" test -f "$dest$plugin_dir/50-chroot.conf"
{
	echo "driver_dir = \"$dest$driver_dir\";"
	echo "plugin_dir = \"$dest$plugin_dir\";"
	echo "monitor = \"$(one_file execdriver-monitor)\";"
} >"$TEST_TMPDIR/execdriver.conf"

cd "$TEST_TMPDIR" || exit 1
root=$TEST_TMPDIR/state
plain() {
	EXD_CONFIG=$TEST_TMPDIR/execdriver.conf LD_LIBRARY_PATH=${library%/*} \
		timeout 60 "$(one_file driverctl)" --root "$root" "$@"
}
ctl() {
	plain --driver chroot "$@"
}
like "$(ctl drivers)" $'\nchroot +99 +yes +[0-9.]+ +exec,pids,pre_start +'"$dest$driver_dir/chroot.so" \
	"driverctl drivers lists it and what it can do"
like "$(ctl check)" "root +effective user 0" "driverctl check has its report"

make_rootfs "$PWD/box" sh cat env grep head id ls pwd readlink sha256sum sleep stty tail tty || exit 1
box() {
	ctl run --rootfs box "$@"
}
find box | sort >before
mount_count=$(wc -l </proc/self/mountinfo)

# what has no root
is "$(ctl run -- true 2>&1)" "driverctl: run: driver chroot has no root directory of its own: give one with \
--rootfs DIR, or as option rootfs in its file in plugins.d" "without a root it says how to give one"
is "$(ctl run --rootfs nowhere -- true 2>&1)" \
	"driverctl: run: cannot open the rootfs '$PWD/nowhere': No such file or directory" "a root that is not there"
mkdir bare
is "$(ctl run --rootfs bare -- true 2>&1)" \
	"driverctl: run: the rootfs '$PWD/bare' has no directory proc: mkdir -p '$PWD/bare/proc'" "a root without proc"
mkdir bare/proc
is "$(ctl run -t --rootfs bare -- true 2>&1)" \
	"driverctl: run: the rootfs '$PWD/bare' has no directory dev/pts: mkdir -p '$PWD/bare/dev/pts'" \
	"a terminal in a root without a place for it"

# code WANTED NAME ARGS...: the exit code of a run.
code() {
	local wanted=$1 name=$2 got=0
	shift 2
	box "$@" >/dev/null 2>&1 </dev/null || got=$?
	is "$got" "$wanted" "exit code $wanted: $name"
}
code 0 "of a program that works" -- sh -c true
code 7 "of the program" -- sh -c 'exit 7'
code 255 "the highest" -- sh -c 'exit 255'
code 127 "no such program" -- no-such-program
code 127 "no such path" -- /bin/no-such-program
code 126 "no x bit" -- /etc/passwd
code 143 "SIGTERM below an init" --init -- sh -c 'kill -TERM $$'
code 137 "SIGKILL below an init" --init -- sh -c 'kill -KILL $$'
code 125 "no such directory to work in" -w /nowhere -- sh -c true

# what the program sees
is "$(box -- sh -c 'echo out; echo err >&2' 2>/dev/null)" out "standard output is the caller's"
is "$(box -- sh -c 'echo out; echo err >&2' 2>&1 >/dev/null)" err "standard error is the caller's"
head -c 8388608 /dev/urandom >random
is "$(box -- sha256sum <random)" "$(sha256sum <random)" "8 MiB of standard input arrive"
is "$(box -- cat <random | sha256sum)" "$(sha256sum <random)" "8 MiB of standard output come back"
is "$(box -- sh -c 'echo $$; echo /proc/[0-9]*; cat /proc/1/comm' | tr '\n' ' ')" "1 /proc/1 sh " \
	"it is process 1, and its proc shows no other"
is "$(box -- ls / | tr '\n' ' ')" "bin dev etc home lib lib64 proc root sys tmp " "its root is the directory"
is "$(box --init -- sh -c 'echo $$')" 2 "--init is process 1"
is "$(box -- sh -c 'echo $(ls /proc/self/fd)')" "0 1 2 3" "it has three descriptors (and that of ls)"
is "$(SECRET=1 box -e A=1 -e PATH=/bin -- env | sort)" "A=1
HOME=/root
HOSTNAME=$(uname -n)
PATH=/bin" "its environment is not the caller's"
is "$(box -w /tmp -- pwd)" /tmp "--workdir"
is "$(box -u 1000:1001 -- sh -c 'echo $(id -u):$(id -g):$(id -G)')" 1000:1001:1001 "--user by number"
is "$(box -u 1000 -- sh -c 'grep=$(cat /proc/self/status); echo ${grep#*CapEff:}' | cut -d ' ' -f 1)" 0000000000000000 \
	"another user has no capabilities"
like "$(box -u alice -- true 2>&1)" "user 'alice' is not UID or UID:GID" "no user by name"
like "$(box -u 4294967295 -- true 2>&1)" "is not UID or UID:GID" "no user who would be root after all"
is "$(box --ulimit nofile=77:88 --umask 027 -- sh -c 'ulimit -n; ulimit -Hn; umask' | tr '\n' ' ')" "77 88 0027 " \
	"--ulimit and --umask"
like "$(box --read-only -- sh -c 'echo x >/x' 2>&1)" "Read-only file system" "--read-only"
like "$(box --security-opt no-new-privileges -- cat /proc/self/status)" "NoNewPrivs:.1" "no-new-privileges"
is "$(box -t -- tty </dev/null | tr -d '\r')" /dev/pts/0 "--tty"
is "$(ctl run --rootfs box -- readlink /proc/1/ns/net)" "$(readlink /proc/self/ns/net)" "its network is the host's"

# what it cannot do is refused by name, and never left out
for option in --memory=64m --pids-limit=9 --cap-drop=all --hostname=a --volume=/:/mnt --sysctl=kernel.domainname=a \
	--group-add=5 --device=/dev/null --cpus=1 --best-effort; do
	like "$(box "$option" -- true 2>&1)" "^driverctl: run: driver chroot does not support the key [a-z_]+\$" \
		"refused: $option"
done
for option in --network=none --pid=host --ipc=private --security-opt=seccomp=default; do
	like "$(box "$option" -- true 2>&1)" "^driverctl: run: driver chroot knows the key [a-z_]+ only as '[a-z]+'\$" \
		"refused: $option"
done
for option in --network=host --pid=private --ipc=host --security-opt=seccomp=unconfined; do
	is "$(box "$option" -- sh -c 'echo ran' 2>&1)" ran "taken: $option"
done

# a container that stays
until_true() {
	local i
	for ((i = 0; i < 400; i++)); do
		"$@" && return
		sleep 0.05
	done
	return 1
}
gone() {
	! [ -e "/proc/$1" ]
}
stays() {
	box -d --pid-file "$1.pid" "${@:2}" "$1" -- sh -c 'trap "exit 9" TERM; sleep 1000 & echo ready; wait' >/dev/null
	until_true grep -q ready "$root/$1/output"
}
stays one -u 1000:1001 -w /tmp --umask 077 --security-opt no-new-privileges
is "$(ctl exec one sh -c 'echo $(id -u):$(id -g) $(pwd) $(umask)')" "1000:1001 /tmp 0077" \
	"an exec is the user of the container, in its directory, with its umask"
like "$(ctl exec one cat /proc/self/status)" "NoNewPrivs:.1" "an exec gains no more privileges than the container"
is "$(ctl exec -u 0 -w / one sh -c 'echo $(id -u) $(pwd)')" "0 /" "an exec has a user and a directory of its own"
is "$(ctl exec one sh -c 'readlink /proc/self/ns/pid /proc/self/ns/mnt' | tr '\n' ' ')" \
	"$(readlink "/proc/$(cat one.pid)/ns/pid" "/proc/$(cat one.pid)/ns/mnt" | tr '\n' ' ')" "an exec joins its namespaces"
is "$(ctl exec -t -u 0 one tty </dev/null | tr -d '\r')" /dev/pts/0 "an exec has a terminal of its own"
ctl exec one sh -c 'exit 5'
is $? 5 "an exec has its own exit code"
ctl exec one no-such-program 2>/dev/null
is $? 127 "an exec of nothing is 127"
like "$(ctl exec --cap-drop all one true 2>&1)" "does not support the key cap_drop" "an exec is refused what a run is"
is "$(ctl ps --json one | grep -c pid)" 2 "its processes are listed"
ctl exec -d one sleep 1000
is "$(ctl ps --json one | grep -c pid)" 3 "those of an exec too"
deep() {
	[ "$(ctl ps --json one 2>/dev/null | grep -c pid)" -ge 5 ]
}
nsenter -t "$(cat one.pid)" -p -- unshare -p -f -- sleep 1000 >/dev/null 2>&1 &
disown
ok "those of nested pid namespaces too" until_true deep
ctl kill one TERM
is "$(ctl wait one)" 9 "a signal reaches the program"
like "$(ctl exec one true 2>&1)" "is not running" "no exec in what has ended"
like "$(ctl ps one 2>&1)" "is not running" "no list of what has ended"
ok "delete removes it" ctl delete one

stays two
ctl exec -d --pid-file exec.pid two sleep 1000
ctl kill two KILL
is "$(ctl wait two)" 137 "SIGKILL ends it"
ok "and all that ran in it" gone "$(cat exec.pid)"
ctl delete two
stays three
ctl exec -d --pid-file exec.pid three sleep 1000
ok "delete --force ends it from its record" ctl delete -f three
ok "with its first process" gone "$(cat three.pid)"
ok "and with that of an exec" gone "$(cat exec.pid)"
like "$(ctl delete three 2>&1)" "no container 'three'" "nothing is left to delete"

# a monitor that dies leaves nobody behind who could not be found again
stays four
ctl exec -d --pid-file exec.pid four sleep 1000
monitor=$(sed -n 's/^PPid:\t//p' "/proc/$(cat four.pid)/status")
like "$(cat "/proc/$monitor/comm")" ^execdriver-mon "its parent is the monitor"
kill -KILL "$monitor"
until_true gone "$monitor"
ok "without its monitor it goes on" test -e "/proc/$(cat four.pid)"
ok "without its monitor it is ended too" ctl delete -f four
ok "its first process has ended" until_true gone "$(cat four.pid)"
ok "the exec has ended" until_true gone "$(cat exec.pid)"

# one that is ending: its first process waits for the last, whom a monitor that stands still does not reap
stays five
ctl exec -d five sleep 1000
monitor=$(sed -n 's/^PPid:\t//p' "/proc/$(cat five.pid)/status")
no_namespaces() {
	! [ -e "/proc/$(cat five.pid)/ns/mnt" ]
}
kill -STOP "$monitor"
kill -KILL "$(cat five.pid)"
until_true no_namespaces
is "$(ctl exec five true 2>&1)" "driverctl: exec: container 'five' is not running" "no exec in one that is ending"
kill -CONT "$monitor"
is "$(ctl wait five)" 137 "its end is told when the monitor goes on"
ctl delete five

# a default of its own
sed "s|# rootfs = .*|rootfs = \"$PWD/box\";|" chroot-driver/chroot.conf >"$dest$plugin_dir/50-chroot.conf"
is "$(ctl run -- sh -c 'echo $$')" 1 "the option rootfs is the root of commands that name none"
is "$(ctl run -- readlink /proc/self/exe)" /bin/readlink "the program is the root's own"
# its judge, in a root of its own
cp -r box judged
sed "s|# rootfs = .*|rootfs = \"$PWD/judged\";|" chroot-driver/chroot.conf >"$dest$plugin_dir/50-chroot.conf"
judged=$(plain conformance chroot 2>&1 </dev/null)
like "${judged##*$'\n'}" "^[1-9][0-9]+ passed, 0 failed, [0-9]+ skipped\$" "it passes the conformance kit"
diag "$(grep -vE '^ok ' <<<"$judged")"
sed 's|options: {|options: { root = "/";|' chroot-driver/chroot.conf >"$dest$plugin_dir/50-chroot.conf"
like "$(ctl run --rootfs box -- true 2>&1)" "50-chroot.conf:[0-9]+: .*root" "an option that it does not know is an error"
sed 's|options: {|options: { rootfs = "box";|' chroot-driver/chroot.conf >"$dest$plugin_dir/50-chroot.conf"
like "$(ctl run -- true 2>&1)" "rootfs 'box' is not an absolute path" "a relative root is an error"
cp chroot-driver/chroot.conf "$dest$plugin_dir/50-chroot.conf"
ok "it uninstalls itself" example uninstall "DESTDIR=$dest"
like "$(ctl run --rootfs box -- true 2>&1)" "chroot" "without its file there is no such driver"

is "$(find box | sort)" "$(cat before)" "nothing is left in the root"
is "$(wc -l </proc/self/mountinfo)" "$mount_count" "no mount is left"
is "$(ls "$root")" "" "no record is left"

done_testing
