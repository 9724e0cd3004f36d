#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The same commands on every driver of this build, each held to what is expected: exit code and output. Where a driver
# differs, docs/drivers.md lists the case, the driver and what it gives instead, and it is held to that.
# Single quotes hold what is expanded inside the container.
# shellcheck disable=SC2016
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/rootfs.sh
. "$EXD_TEST_SRCDIR/tests/root/rootfs.sh"
# shellcheck source=tests/root/drivers.sh
. "$EXD_TEST_SRCDIR/tests/root/drivers.sh"
cd "$TEST_TMPDIR" || exit 1

read -ra drivers <<<"$EXD_TEST_DRIVERS"
root=$TEST_TMPDIR/state
make_rootfs "$PWD/box" sh cat env head id ls nproc readlink sha256sum sleep sort stat tty wc || exit 1
drivers_config "$PWD" "$PWD/box" || exit 1
export EXD_CONFIG=$PWD/execdriver.conf
mkdir data && echo content >data/file
head -c 1048576 /dev/urandom >random
case $(stat -fc %T /sys/fs/cgroup) in
cgroup2fs) memory_file=memory.max ;;
*) memory_file=memory/memory.limit_in_bytes ;;
esac

# The table of differences: CASE<tab>DRIVER<tab>OUTCOME.
sed -n '/^| case | driver |/,/^$/s/^| \([^|]*\) | \([a-z-]*\) | `\(.*\)` |$/\1\t\2\t\3/p' \
	"$EXD_TEST_SRCDIR/docs/drivers.md" >listed
: >met
cases=0

ctl() {
	timeout 60 driverctl --root "$root" --driver "$driver" "$@"
}
# outcome COMMAND...: "EXIT-CODE: OUTPUT", lines joined by ";". Of failures without output the error,
# without the verb, the number of the step, and where this test lies.
outcome() {
	local code=0 text
	"$@" >out 2>err || code=$?
	text=$(tr -d '\r' <out | paste -sd ';')
	if [ -z "$text" ] && [ "$code" -ge 125 ]; then
		text=$(sed -n "s/^driverctl: [a-z]*: //; s/^step [0-9]*:/a step:/; s,$PWD/,,g; 1p" err)
	fi
	echo "$code:${text:+ $text}"
}
# judge CASE EXPECTED GOT: of $driver.
judge() {
	local wanted
	wanted=$(awk -F '\t' -v name="$1" -v driver="$driver" '$1 == name && $2 == driver { print $3 }' listed)
	[ -z "$wanted" ] || printf '%s\t%s\n' "$1" "$driver" >>met
	is "$3" "${wanted:-$2}" "$driver: $1${wanted:+ (a difference that is listed)}"
}
# same CASE EXPECTED [OPTION...] -- COMMAND...: on each driver, in the same root. Standard input is $input.
same() {
	local name=$1 expected=$2 driver
	shift 2
	cases=$((cases + 1))
	for driver in "${drivers[@]}"; do
		judge "$name" "$expected" "$(outcome ctl run --rootfs box "$@" <"${input:-/dev/null}")"
	done
}

# how it ends
same "exit code 0" "0:" -- sh -c 'exit 0'
same "exit code 3" "3:" -- sh -c 'exit 3'
same "exit code 255" "255:" -- sh -c 'exit 255'
same "no such program" "127: cannot execute 'no-such-program': No such file or directory" -- no-such-program
same "no such path" "127: cannot execute '/bin/nothing': No such file or directory" -- /bin/nothing
same "a file that is no program" "126: cannot execute '/etc/passwd': Permission denied" -- /etc/passwd
same "a directory as program" "126: cannot execute '/etc': Permission denied" -- /etc
same "SIGTERM below an init" "143:" --init -- sh -c 'kill -TERM $$'
same "SIGKILL below an init" "137:" --init -- sh -c 'kill -KILL $$'
same "SIGTERM from itself as process 1" "4:" -- sh -c 'kill -TERM $$; exit 4'
same "a child that is left behind" "0: done" -- sh -c 'sleep 1000 & echo done'

# standard descriptors
same "standard output" "0: out" -- sh -c 'echo out; echo err >&2'
same "no output" "0:" -- sh -c 'echo err >&2'
same "standard input at its end" "0: 0" -- wc -c
input=random same "1 MiB of standard input" "0: $(sha256sum - <random)" -- sha256sum -
same "descriptors" "0: 0 1 2 3" -- sh -c 'echo $(ls /proc/self/fd)'
same "a terminal" "0: /dev/pts/0" -t -- tty

# arguments, environment, directory
same "arguments as they are" '0: <a b><><$x><;>' -- sh -c 'printf "<%s>" "$@"' sh 'a b' '' '$x' ';'
same "names of the default environment" "0: HOME HOSTNAME PATH" -- sh -c 'unset PWD OLDPWD; echo $(env | sort | while
	IFS== read -r name value; do [ "$name" = _ ] || echo $name; done)'
same "HOME and PATH" "0: /root /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" -- sh -c 'echo $HOME $PATH'
same "environment" "0: A=two words;B=" -e 'A=one' -e 'A=two words' -e B= -- sh -c 'echo "A=$A"; echo "B=${B-unset}"'
same "PATH that is given" "127: cannot execute 'env': No such file or directory" -e PATH=/nowhere -- env
same "TERM with a terminal" "0: xterm" -t -- sh -c 'echo $TERM'
same "working directory" "0: /" -- sh -c pwd
same "--workdir" "0: /home/alice" -w /home/alice -- sh -c pwd
same "--workdir that is not there" "125: a step: change to directory /nowhere: No such file or directory" -w /nowhere -- true

# ids and what a process has of its own
ids='echo $(id -u):$(id -g):$(id -G)'
same "ids" "0: 0:0:0" -- sh -c "$ids"
same "--user by number" "0: 1234:1001:1001" -u 1234:1001 -- sh -c "$ids"
same "--user without a group" "0: 1234:0:0" -u 1234 -- sh -c "$ids"
same "--user by name" "0: 1000:100:100 10" -u alice -- sh -c "$ids"
same "--user that is not there" "125: no user 'bob' in the container's /etc/passwd" -u bob -- true
same "--group-add" "0: 1234:1001:1001 7" -u 1234:1001 --group-add 7 -- sh -c "$ids"
same "process 1" "0: 1" -- sh -c 'echo $$'
same "process 2 below an init" "0: 2" --init -- sh -c 'echo $$'
same "processes that it sees" "0: /proc/1" -- sh -c 'echo /proc/[0-9]*'
same "umask" "0: 0022" -- sh -c umask
same "--umask" "0: 0027" --umask 027 -- sh -c umask
same "--ulimit" "0: 77;88" --ulimit nofile=77:88 -- sh -c 'ulimit -n; ulimit -Hn'
same "no_new_privileges" "0: 1" --security-opt no-new-privileges -- sh -c 'while read -r name value; do
	[ "$name" = NoNewPrivs: ] && echo $value; done </proc/self/status; true'
same "--oom-score-adj" "0: 321" --oom-score-adj 321 -- cat /proc/self/oom_score_adj
same "--cap-drop all" "0: 0000000000000000" --cap-drop all -- sh -c 'while read -r name value; do
	[ "$name" = CapEff: ] && echo $value; done </proc/self/status; true'

# names, files, network
same "--hostname" "0: box" --hostname box -- cat /proc/sys/kernel/hostname
same "--read-only" "1: no" --read-only -- sh -c '(echo >/x) 2>/dev/null && exit; echo no; exit 1'
same "--volume" "0: content" -v "$PWD/data:/mnt" -- cat /mnt/file
same "--tmpfs" "0: tmpfs" --tmpfs /mnt:size=1m -- stat -fc %T /mnt
same "its own root" "0: bin dev etc home lib lib64 mnt proc root sys tmp" -- sh -c 'echo $(ls /)'
same "--network none" "0: lo:" --network none -- sh -c 'while read -r name rest; do
	case $name in Inter-* | face*) ;; *) echo $name ;; esac; done </proc/net/dev'
same "--network host" "0: $(readlink /proc/self/ns/net)" --network host -- readlink /proc/self/ns/net
same "--sysctl" "0: 1" --sysctl net.ipv4.ip_forward=1 -- cat /proc/sys/net/ipv4/ip_forward

# limits as seen inside, and what comes of them
cat >limits.conf <<END
memory = "64m";
mounts = ["cgroup:/cgroup"];
END
same "a memory limit" "0: 67108864" -f limits.conf -- cat "/cgroup/$memory_file"
same "a limit of processes" "2: no" --pids-limit 2 -- sh -c '(sleep 0 & sleep 0 & sleep 0) 2>/dev/null || { echo no; exit 2; }'
same "--cpuset-cpus" "0: 1" --cpuset-cpus 0 -- nproc
same "out of memory" "137: hog: killed: it used more memory than its limit allows" -m 16m hog -- sh -c 'x=0123456789; while :; do x=$x$x; done'

# a container that stays: its output, further processes in it, signals, the verdict
stays() {
	ctl run -d --rootfs box -u 1234:1001 -w /tmp --umask 077 --ulimit nofile=77:88 stays -- \
		sh -c 'trap "exit 9" TERM; echo begun; sleep 1000 & wait' || return
	until_true grep -q begun "$root/stays/output"
}
# in_it CASE EXPECTED COMMAND...: of $driver, in the container that stays.
in_it() {
	cases=$((cases + 1))
	judge "$1" "$2" "$(outcome ctl "${@:3}")"
}
verdict() {
	ctl run -d --rootfs box -m 16m hog -- sh -c 'x=0123456789; while :; do x=$x$x; done' >id || return
	ctl wait hog
	ctl inspect hog | grep -oE '"(signal|oom_killed)": ?[a-z0-9]+' | tr -d ' "' | sort
	ctl delete hog
}
for driver in "${drivers[@]}"; do
	judge "a detached run" "0: stays" "$(outcome stays)"
	judge "the output of one that is detached" "0: begun" "$(outcome cat "$root/stays/output")"
	in_it "exit code of an exec" "5:" exec stays sh -c 'exit 5'
	in_it "user, directory, umask and limits of an exec" "0: 1234:1001 /tmp 0077 77" exec stays \
		sh -c 'echo $(id -u):$(id -g) $(pwd) $(umask) $(ulimit -n)'
	in_it "options of an exec" "0: 7:8 / b 0022" exec -u 7:8 -w / -e A=b --umask 022 stays \
		sh -c 'echo $(id -u):$(id -g) $(pwd) $A $(umask)'
	in_it "an exec of nothing" "127: cannot execute 'nothing': No such file or directory" exec stays nothing
	in_it "an exec with a terminal" "0: /dev/pts/0" exec -t stays tty
	in_it "a signal" "0:" kill stays TERM
	in_it "the exit code after a signal" "0: 9" wait stays
	in_it "an exec in one that has ended" "125: container 'stays' is not running" exec stays true
	in_it "delete" "0:" delete stays
	judge "the OOM verdict" "0: 137;oom_killed:true;signal:9" "$(outcome verdict)"
done

ok "there are cases enough" test "$cases" -ge 25
is "$(awk -F '\t' -v have=" ${drivers[*]} " 'index(have, " " $2 " ") { print $1 "\t" $2 }' listed | sort)" \
	"$(sort met)" "each difference that is listed for a driver of this build was met, once"
is "$(ls "$root")" "" "nothing is left"

done_testing
