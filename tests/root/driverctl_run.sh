#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# driverctl run in the foreground, as a person and a script use it.
# Single quotes hold what is expanded inside the container.
# shellcheck disable=SC2016
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
cd "$TEST_TMPDIR" || exit 1

root=$TEST_TMPDIR/state
ctl() {
	timeout 60 driverctl --root "$root" "$@"
}

# code WANTED NAME ARGS...: the exit code of a run.
code() {
	local wanted=$1 name=$2 got=0
	shift 2
	ctl run "$@" >/dev/null 2>&1 </dev/null || got=$?
	is "$got" "$wanted" "exit code $wanted: $name"
}
code 0 "of true" -- true
code 3 "of the program" -- sh -c 'exit 3'
code 42 "of python" -- python3 -c 'raise SystemExit(42)'
code 255 "the highest" -- sh -c 'exit 255'
code 127 "no such program" -- no-such-program
code 127 "no such path" -- /no/such/program
code 126 "no x bit" -- /etc/passwd
code 126 "a directory" -- /usr
code 143 "SIGTERM without a pid namespace" --pid host -- sh -c 'kill -TERM $$'
code 143 "SIGTERM below an init" --init -- sh -c 'kill -TERM $$'
code 137 "SIGKILL" --init -- sh -c 'kill -KILL $$'
code 125 "an option that is not there" --no-such-option -- true
code 125 "no program"

is "$(ctl run -- true 2>&1)" "" "a run that works prints nothing"
is "$(ctl run -- sh -c 'echo out; echo err >&2' 2>/dev/null)" out "standard output is the caller's"
is "$(ctl run -- sh -c 'echo out; echo err >&2' 2>&1 >/dev/null)" err "standard error is the caller's"
is "$(ctl run -- python3 -c 'print(6*7)')" 42 "python prints"
is "$(ctl run named -- hostname)" named "an id becomes the host name"
is "$(ctl run -- echo -- -x --rm)" "-- -x --rm" "the program's arguments are its own"

head -c 67108864 /dev/urandom >random
wanted=$(sha256sum <random)
is "$(ctl run -- sha256sum <random)" "$wanted" "64 MiB of a file arrive"
is "$(ctl run -- sha256sum < <(cat random))" "$wanted" "64 MiB through a pipe arrive"
is "$(ctl run -- cat <random | sha256sum)" "$wanted" "64 MiB come back"
rm random
is "$(printf 'a\nb\n' | { ctl run -- head -c 2 | tr -d '\n'; cat; })" "ab" "no more of standard input is read than the program reads"

is "$(ctl run -w /tmp -- sh -c 'cat >a.c && cc a.c -o a && ./a' <<<'#include <stdio.h>
int main(void) { return puts("compiled") < 0; }')" compiled "a C program is compiled and runs in the volatile root"

# what the program gets
is "$(SECRET=1 ctl run --hostname box -- env | sort)" "HOME=/root
HOSTNAME=box
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" "the environment is not the caller's"
is "$(MINE=host ctl run -e A=1 -e A=2 -e MINE -e UNSET_HERE -e B= -- sh -c 'echo $A-$MINE-${B-unset}-${UNSET_HERE-unset}')" \
	"2-host--unset" "--env"
printf '# comment\nA=1\nB=two words\n' >environment
is "$(ctl run --env-file environment -e A=9 -- sh -c 'echo $A $B')" "9 two words" "--env-file, then --env"
is "$(ctl run -w /usr/share -- pwd)" /usr/share "--workdir"
is "$(ctl run -u nobody -- id -u)" 65534 "--user by name"
is "$(ctl run -u 1000:1001 --group-add 7 -- sh -c 'echo $(id -u):$(id -g):$(id -G)')" 1000:1001:1001\ 7 \
	"--user by number, --group-add"
is "$(ctl run --umask 077 -- sh -c umask)" 0077 "--umask"
is "$(ctl run --hostname box -- hostname)" box "--hostname"
is "$(ctl run --ulimit nofile=77:88 -- sh -c 'ulimit -n; ulimit -Hn' | tr '\n' ' ')" "77 88 " "--ulimit"
is "$(ctl run --oom-score-adj 321 -- cat /proc/self/oom_score_adj)" 321 "--oom-score-adj"
is "$(ctl run --sysctl net.ipv4.ip_forward=1 -- cat /proc/sys/net/ipv4/ip_forward)" 1 "--sysctl"
is "$(ctl run -- sh -c 'echo $$ $(ls /proc/self/fd)')" "1 0 1 2 3" "process 1, three descriptors (and that of ls)"
is "$(ctl run --init -- sh -c 'echo $$')" 2 "--init is process 1"
is "$(ctl run -- sh -c 'echo $(ls /proc/self/fd)' <&-)" "0 1 2 3" "a closed standard input"
is "$(ctl run -- sh -c 'echo $(ls /proc/self/fd)' 2>&-)" "0 1 2 3" "a closed standard error"
is "$(ctl run -- sh -c 'echo $(ls /proc/self/fd)' 9</dev/null)" "0 1 2 3" "no further descriptor of the caller"

# file systems
mkdir data && echo content >data/file
is "$(ctl run -v "$PWD/data:/data" -- sh -c 'cat /data/file; echo new >/data/new')" content "--volume is read"
is "$(cat data/new)" new "--volume is written"
is "$(ctl run -v data:/data:ro -- sh -c 'cat /data/file; echo x 2>/dev/null >/data/x || echo ro')" "content
ro" "--volume with a relative path, read-only"
is "$(ctl run --tmpfs /x:size=1m -- sh -c 'head -c 2097152 /dev/zero 2>/dev/null >/x/f; stat -c %s /x/f')" 1048576 \
	"--tmpfs with a size"
is "$(ctl run --read-only -- sh -c 'touch /tmp/x 2>/dev/null || touch /etc/x 2>/dev/null || echo ro')" ro "--read-only"
is "$(ctl run -- sh -c 'touch /usr/x 2>/dev/null || echo ro; ls /home /root /tmp /var/tmp | grep -v :' | tr -d '\n')" ro \
	"/usr is read-only, the rest empty"
is "$(ctl run -- sh -c 'ls /etc/shadow 2>/dev/null || echo none')" none "no /etc/shadow"

# capabilities
caps() {
	ctl run "$@" -- sed -n 's/^CapEff:\t0*//p' /proc/self/status
}
# MKNOD is one of them where rules judge who may use a device.
guarded && usual=a80425fb || usual=a00425fb
is "$(caps)" "$usual" "the usual capabilities"
is "$(caps --cap-drop all)" "" "--cap-drop all"
is "$(caps --cap-drop all --cap-add net_admin)" 1000 "--cap-add after it"
is "$(ctl run --security-opt no-new-privileges -- sed -n 's/^NoNewPrivs:\t//p' /proc/self/status)" 1 "no-new-privileges"
is "$(ctl run -- sed -n 's/^Seccomp:\t//p' /proc/self/status)" 2 "a seccomp filter"
is "$(ctl run --security-opt seccomp=unconfined -- sed -n 's/^Seccomp:\t//p' /proc/self/status)" 0 "no seccomp filter"
is "$(ctl run --privileged -- sed -n 's/^Seccomp:\t//p' /proc/self/status)" 0 "--privileged: no seccomp filter"

# namespaces
is "$(ctl run -- sh -c 'ls /sys/class/net')" lo "only a loopback network"
is "$(ctl run --network host -- readlink /proc/self/ns/net)" "$(readlink /proc/self/ns/net)" "--network host"
for name in uts ipc pid; do
	is "$(ctl run "--$name" host -- readlink "/proc/self/ns/$name")" "$(readlink "/proc/self/ns/$name")" "--$name host"
done

# files that it writes
ctl run --pid-file pid -- sh -c 'sleep 2' &
for _ in {1..100}; do
	[ -e pid ] && break
	sleep 0.02
done
like "$(cat pid)" '^[0-9]+$' "--pid-file"
like "$(tr '\0' ' ' <"/proc/$(cat pid)/cmdline")" '^sh -c sleep 2' "its process is the program"
wait
output=$(ctl run --pid-file /no/such/dir/pid -- true 2>&1)
is "$?:$output" "125:driverctl: run: --pid-file: cannot create '/no/such/dir/pid': No such file or directory" \
	"--pid-file that cannot be written"

# Users may look at cgroups, whatever the caller's umask is; state is for its owner.
parent=/exd-test-run-$$
cat >cgroup.conf <<END
mounts = ( { type = "cgroup"; target = "/sys/fs/cgroup"; } );
END
seen=$(umask 077 && ctl run -u nobody --cgroup-parent "$parent" -f cgroup.conf -- \
	sh -c 'cd /sys/fs/cgroup && find . -name cgroup.procs | wc -l; find . ! -readable -perm /0444' 2>&1)
like "$seen" '^[1-9][0-9]*$' "a cgroup mount can be read by a user that is not root"
ctl run -d --cgroup-parent "$parent" looked-at -- sleep 1000 >/dev/null
modes=$(find /sys/fs/cgroup -type d -path "*$parent*" ! -perm 0755)
is "$modes" "" "cgroup directories have the usual mode"
open=$(umask 0 && ctl exec looked-at true && find "$root" -mindepth 1 -perm /077 ! -type l)
is "$open" "" "nothing in the state directory is open to others"
ctl delete -f looked-at
find /sys/fs/cgroup -depth -type d -path "*$parent" -exec rmdir {} +

# the command file
cat >command.conf <<END
args = [ "sh", "-c", "echo \$A \$(hostname)" ];
env: { A = "file"; };
hostname = "fromfile";
END
is "$(ctl run -f command.conf)" "file fromfile" "--file"
is "$(ctl run -f command.conf --hostname option -e A=option)" "option option" "options change what the file says"
is "$(ctl run -f command.conf -- echo other)" other "a program changes it too"

# logs and explain
hash=$(ctl explain same -- true | sed -n 's/^hash //p')
like "$(ctl --debug run same -- true 2>&1)" "$hash" "explain has the hash of the run"
ctl --log log.json --log-format json run -- no-such-program 2>/dev/null
ok "the log is JSON" python3 -c 'import json,sys; [json.loads(l) for l in open("log.json")]'
like "$(cat log.json)" '"level": "error", .*no-such-program' "the log has the error"
ok "explain --json is JSON" python3 -c '
import json, subprocess, sys
lines = subprocess.run(sys.argv[1:], capture_output=True, check=True).stdout.splitlines()
assert len([json.loads(line) for line in lines]) > 20' driverctl --root "$root" explain --json -- true

# signals
# signalled SIGNAL...: exit code of a program that traps TERM and HUP, after these signals to driverctl.
signalled() {
	rm -f ready
	driverctl --root "$root" run -v "$PWD:/host" -- sh -c \
		'trap "exit 5" TERM; trap "exit 6" HUP; touch /host/ready; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; done' &
	for _ in {1..250}; do
		[ -e ready ] && break
		sleep 0.02
	done
	for signal; do
		kill "-$signal" $!
	done
	wait $!
	echo $?
}
is "$(signalled TERM)" 5 "TERM is passed on"
is "$(signalled HUP)" 6 "HUP is passed on"
is "$(trap '' HUP && signalled HUP)" 0 "a HUP that driverctl ignores does not reach the program"

# A name with a new line in it is one line in every output.
like "$(ctl run -- $'no\nsuch' 2>&1)" $'^driverctl: run: [^\n]*$' "an error is one line"

is "$(ctl list)" "ID  DRIVER  STATUS  PID  CREATED  COMMAND" "nothing is listed afterwards"
is "$(find "$root" -mindepth 1 -maxdepth 1 ! -name '.*')" "" "nothing is left in the state directory"
done_testing
