#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Bad input: one clear line that names the object, the right exit code, and nothing left behind.
# Single quotes hold what is expanded inside the container.
# shellcheck disable=SC2016
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
cd "$TEST_TMPDIR" || exit 1

root=$TEST_TMPDIR/state
parent=/exd-test-bad-$$
ctl() {
	timeout 60 driverctl --root "$root" "$@"
}
cgroups() {
	find /sys/fs/cgroup -mindepth 1 -depth -type d -path "*$parent*" 2>/dev/null
}
trap 'driverctl --root "$root" delete -f taken 2>/dev/null; cgroups | xargs -r rmdir; rm -rf "$TEST_TMPDIR"' EXIT

# judge NAME CODE PATTERN GOT OUTPUT: what a bad call may say.
judge() {
	local left
	is "$4" "$2" "$1: exit code"
	like "$5" "^driverctl: [^
]*$3[^
]*\$" "$1: one line that says it"
	left=$(find "$root" -mindepth 1 -maxdepth 1 ! -name '.*' ! -name taken 2>/dev/null
		cgroups | grep "$parent/" | grep -v "/taken$")
	is "$left" "" "$1: nothing is left"
}

# bad CODE PATTERN ARGS...: a run that must fail like that.
bad() {
	local wanted=$1 pattern=$2 output code=0
	shift 2
	output=$(ctl run --cgroup-parent "$parent" "$@" 2>&1 >/dev/null </dev/null) || code=$?
	judge "run $(printf '%.60s' "$*")" "$wanted" "$pattern" "$code" "$output"
}

# on the command line
bad 125 "'--frob'; see 'driverctl run --help'" --frob -- true
bad 125 "'-z'" -z -- true
bad 125 "'nobodys'.*path:/FILE" --userns nobodys -- true
bad 125 "--tty and --no-tty" -t --no-tty -- true
bad 125 "no program" -m 64m
bad 125 "--memory: .*'lots'" -m lots -- true
bad 125 "--memory: .*'-5'" -m -5 -- true
bad 125 "--cpus: .*'0'" --cpus 0 -- true
bad 125 "--cpu-shares: .*'1'" --cpu-shares 1 -- true
bad 125 "--pids-limit: .*'none'" --pids-limit none -- true
bad 125 "--cpuset-cpus: .*'0-'" --cpuset-cpus 0- -- true
bad 125 "--cpuset-mems|cpuset.mems|memory node" --cpuset-mems 999 -- true
bad 125 "--cpuset-cpus|cpuset.cpus|'60000'" --cpuset-cpus 60000 -- true
bad 125 "FROBNICATE" --cap-add FROBNICATE -- true
bad 125 "--device: .*'dev/null'" --device dev/null -- true
bad 125 "/dev/no-such-device" --device /dev/no-such-device -- true
bad 125 "/etc/passwd" --device /etc/passwd -- true
bad 125 "no-such-user" -u no-such-user -- true
bad 125 "no-such-group" -u root:no-such-group -- true
bad 125 "no-such-group" --group-add no-such-group -- true
bad 125 "4294967295" -u 4294967295 -- true
bad 125 "--user: .*':'" -u : -- true
bad 125 "--env: .*'=x'" -e =x -- true
bad 125 "--env-file: .*/no/env" --env-file /no/env -- true
bad 125 "--hostname: " --hostname 'a b' -- true
bad 125 "--network: .*'bridge:x'" --network bridge:x -- true
bad 125 "nobody" --network container:nobody -- true
bad 125 "/no/ns" --network path:/no/ns -- true
bad 125 "/etc/passwd" --pid path:/etc/passwd -- true
bad 125 "--security-opt: .*'frob'" --security-opt frob -- true
bad 125 "seccomp.*/profile.json'" --security-opt seccomp=profile.json -- true
bad 125 "[aA]pp[aA]rmor" --security-opt apparmor=profile -- true
bad 125 "[sS][eE][lL]inux" --security-opt label=x -- true
bad 125 "--ulimit: .*frob" --ulimit frob=1 -- true
bad 125 "--ulimit: .*soft limit of nofile" --ulimit nofile=9:8 -- true
bad 125 "--umask: .*'999'" --umask 999 -- true
bad 125 "kernel.hostname|kernel/hostname|hostname" --sysctl kernel.hostname=x -- true
bad 125 "vm.swappiness" --sysctl vm.swappiness=1 -- true
bad 125 "no/such" --sysctl net.no.such=1 -- true
bad 125 "--sysctl: .*'\.\./x=1'" --sysctl ../x=1 -- true
bad 125 "--annotation: .*'x'" --annotation x -- true
bad 125 "--oom-score-adj: .*'1001'" --oom-score-adj 1001 -- true
bad 125 "--rootfs-propagation: .*'rbind'" --rootfs-propagation rbind -- true

# ids
ctl run -d taken -- sleep 1000 >/dev/null
bad 125 "'taken'" taken -- true
bad 125 "\.\./x" ../x -- true
bad 125 "'-'" - -- true
bad 125 "" "$(printf 'x%.0s' {1..10240})" -- true
bad 125 "" "" -- true
bad 125 "'b' is one word too many" a b -- true

# files
mkdir -p empty usual/{usr,proc,dev,sys,tmp,etc} outside
for name in bin lib lib64; do ln -s usr/$name usual/$name; done
echo file >file
bad 125 "/no/such/root" --rootfs /no/such/root -- true
bad 125 "$PWD/file" --rootfs file -- true
bad 127 "'true'" --rootfs empty -- true
bad 125 "/no/source" -v /no/source:/x -- true
bad 125 "--volume: .*'/x'" -v /x -- true
bad 125 "--volume: " -v /usr:relative -- true
bad 125 "--volume: .*frob" -v /usr:/x:frob -- true
bad 125 "--tmpfs: " --tmpfs relative -- true
bad 125 "tmpfs with size=lots for /x: Invalid argument" --tmpfs /x:size=lots -- true
bad 125 "/usr/bin/env" -v /usr:/usr/bin/env -- true
bad 125 "/no/dir" -w /no/dir -- true
bad 125 "/etc/passwd" -w /etc/passwd -- true
bad 125 "relative" -w relative -- true
bad 125 "/no/command.conf" -f /no/command.conf -- true
printf 'args = [ "true" ];\nfrob = 1;\n' >unknown.conf
bad 125 "unknown.conf:2: .*frob" -f unknown.conf
printf 'args = [ "true" ;\n' >syntax.conf
bad 125 "syntax.conf:1: " -f syntax.conf
printf 'memory = [ 1 ];\n' >type.conf
bad 125 "type.conf:1: " -f type.conf -- true

# A link in the root that leads out of it is followed inside, when there is something to follow it to.
ln -s "$PWD/outside" usual/link
bad 125 "mount on /link/made: Not a directory$" --rootfs usual -v /usr:/usr:ro -v "$PWD/file:/link/made" -- true
is "$(ls outside)" "" "a link out of the root leads nowhere outside"
mkdir -p "usual$PWD/outside"
output=$(ctl run --cgroup-parent "$parent" --rootfs usual -v /usr:/usr:ro -v "$PWD/file:/link/made" -- cat /link/made 2>&1)
is "$?:$output:$(ls outside)" "0:file:" "but to the same path inside"
ln -s /proc/1/root/tmp usual/magic
output=$(ctl run --cgroup-parent "$parent" --rootfs usual -v /usr:/usr:ro -v "$PWD/file:/magic/made" -- true 2>&1)
judge "a magic link" 125 "/magic/made" "$?" "$output"
mkfifo usual/fifo
output=$(ctl run --cgroup-parent "$parent" --rootfs usual -v /usr:/fifo -- true 2>&1)
judge "a directory on a fifo" 125 "/fifo" "$?" "$output"

# programs
mkdir programs
echo 'echo no x bit' >programs/plain
printf '#!/no/interpreter\n' >programs/interpreter
printf '\177ELFnonsense' >programs/nonsense
: >programs/empty
chmod 755 programs/{interpreter,nonsense,empty}
bad 127 "'no-such-program'" -- no-such-program
bad 127 "'/no/such/program'" -- /no/such/program
bad 125 "no program" -- ""
bad 126 "'/p/plain'.*Permission denied" -v "$PWD/programs:/p" -- /p/plain
bad 126 "'/p/interpreter': the interpreter .* was not found" -v "$PWD/programs:/p" -- /p/interpreter
bad 126 "'/p/nonsense'.*Exec format error" -v "$PWD/programs:/p" -- /p/nonsense
bad 126 "'/p/empty'.*Exec format error" -v "$PWD/programs:/p" -- /p/empty
bad 126 "'/usr/bin'.*Permission denied" -- /usr/bin
bad 126 "'/etc/passwd/x'.*Not a directory" -- /etc/passwd/x
mapfile -t long < <(head -c 2600000 /dev/zero | tr '\0' x | fold -w 100000)
for word in "${long[@]}"; do printf '"%s",\n' "$word"; done >words
{ echo 'args = ["true",'; cat words; echo '""];'; } >long.conf
bad 126 "bin/true'.*Argument list too long" -f long.conf

# exec
bad_exec() {
	local wanted=$1 pattern=$2 output code=0
	shift 2
	output=$(ctl exec "$@" 2>&1 >/dev/null </dev/null) || code=$?
	judge "exec $*" "$wanted" "$pattern" "$code" "$output"
}
bad_exec 125 "'nobody'" nobody true
bad_exec 125 "no program" taken
bad_exec 125 "'--rootfs'" --rootfs / taken true
bad_exec 125 "no-such-user" -u no-such-user taken true
bad_exec 125 "/no/dir" -w /no/dir taken true
bad_exec 127 "'no-such-program'" taken no-such-program
bad_exec 126 "'/etc/passwd'" taken /etc/passwd
is "$(ctl exec taken echo fine)" fine "the container is as it was"
ctl delete -f taken

# the state directory
bad_root() {
	local name=$1 pattern=$2 output code=0
	shift 2
	output=$(timeout 60 driverctl --root "$1" run --cgroup-parent "$parent" -- true 2>&1 >/dev/null </dev/null) || code=$?
	judge "$name" 125 "$pattern" "$code" "$output"
}
bad_root "a state directory that is a file" "$PWD/file" "$PWD/file"
bad_root "a state directory that cannot be made" "/proc/no" /proc/no/such
mkdir -m 777 open
bad_root "a state directory that others may write" "$PWD/open" "$PWD/open"
mkdir full
output=$("$EXD_TEST_BUILDDIR/tests/own_mounts" bash -c 'mount -t tmpfs -o size=64k,mode=700 none full && head -c 1m /dev/zero >full/x 2>/dev/null
	timeout 60 driverctl --root "$PWD/full" run --cgroup-parent "$0" -- true 2>&1 >/dev/null; code=$?
	ls full; exit $code' "$parent")
code=$?
is "$(tail -n +2 <<<"$output")" x "no space: nothing stays in the state directory"
judge "no space" 125 "No space left on device" "$code" "${output%%$'\n'*}"

# configuration and drivers
# configured NAME CODE PATTERN TEXT: with that text as the file of the only driver.
configured() {
	local output code=0
	mkdir -p conf/plugins.d
	{
		echo "driver_dir = \"$EXD_TEST_BUILDDIR/drivers/native/.libs\";"
		echo "monitor = \"$EXD_TEST_BUILDDIR/monitor/execdriver-monitor\";"
	} >conf/execdriver.conf
	printf '%s\n' "$4" >conf/plugins.d/one.conf
	output=$(timeout 60 driverctl --config conf/execdriver.conf --root "$root" run --cgroup-parent "$parent" -- true 2>&1) || code=$?
	judge "$1" "$2" "$3" "$code" "$output"
}
driver() {
	echo "driver: { name = \"odd\"; path = \"$1\"; options: { $2 }; };"
}
cp "$EXD_TEST_BUILDDIR"/tests/drivers/*.so "$EXD_TEST_BUILDDIR"/drivers/native/.libs/native.so .
chmod 755 ./*.so
echo text >text.so
cp plain.so writable.so && chmod 777 writable.so
ln -s plain.so link.so
mkdir -m 777 anyone && cp plain.so anyone
configured "a driver that is missing" 125 "$PWD/missing.so" "$(driver "$PWD/missing.so")"
configured "a driver that is no object" 125 "$PWD/text.so" "$(driver "$PWD/text.so")"
configured "an object that is no driver" 125 "$PWD/no_symbol.so" "$(driver "$PWD/no_symbol.so")"
configured "a driver of another ABI" 125 "$PWD/other_abi.so" "$(driver "$PWD/other_abi.so")"
configured "a driver with a short struct" 125 "$PWD/short_struct.so" "$(driver "$PWD/short_struct.so")"
configured "a driver that all may write" 125 "$PWD/writable.so" "$(driver "$PWD/writable.so")"
configured "a driver in a folder that all may write" 125 "$PWD/anyone" "$(driver "$PWD/anyone/plain.so")"
configured "a driver that is a link" 125 "$PWD/link.so" "$(driver "$PWD/link.so")"
configured "a driver of another name" 125 "'?odd'?|'?native'?" "$(driver "$PWD/native.so")"
configured "a driver that this host is not for" 125 "moon" "$(driver "$PWD/refuses.so")"
configured "an option that the driver does not know" 125 "frob" \
	"driver: { name = \"native\"; path = \"native.so\"; options: { frob = 1; }; };"
configured "a driver's file that is wrong" 125 "one.conf:[0-9]+: " "driver: {"
configured "a driver's file with an unknown key" 125 "one.conf:1: .*frob" 'driver: { name = "odd"; path = "x.so"; frob = 1; };'
configured "no driver" 125 "driver" ""

output=$(driverctl --config conf/nothing.conf list 2>&1)
judge "no configuration" 125 "conf/nothing.conf" "$?" "$output"
output=$(ctl --driver frob run -- true 2>&1)
judge "--driver of none" 125 "'frob'" "$?" "$output"

output=$(timeout 60 setpriv --bounding-set=-sys_admin driverctl --root "$root" run --cgroup-parent "$parent" -- true 2>&1)
judge "no CAP_SYS_ADMIN" 125 "driver native: it needs root with CAP_SYS_ADMIN" "$?" "$output"

# A broken driver harms no other and is shown.
cp "${EXD_CONFIG%/*}/plugins.d/10-native.conf" conf/plugins.d/
driver "$PWD/other_abi.so" >conf/plugins.d/one.conf
list=$(driverctl --config conf/execdriver.conf drivers)
is "$?" 0 "drivers exits with 0 when one is broken"
like "$list" "native .* yes .*native.so" "it shows the one that works"
like "$list" "odd .*- +-  .*$PWD/other_abi.so.*ABI" "and why the other does not"
is "$(driverctl --config conf/execdriver.conf --root "$root" run --cgroup-parent "$parent" -- echo fine)" fine \
	"a run with the good one works"
like "$(driverctl --config conf/execdriver.conf check)" "odd: cannot be used" "check says so too"
done_testing
