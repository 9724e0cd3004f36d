#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Detached containers and every command that controls or watches them.
# Single quotes hold what is expanded inside the container.
# shellcheck disable=SC2016
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
cd "$TEST_TMPDIR" || exit 1

root=$TEST_TMPDIR/state
ctl() {
	timeout 60 driverctl --root "$root" "$@"
}
trap 'ctl list --json | sed "s/.*\"id\": \"\([^\"]*\)\".*/\1/" | xargs -r driverctl --root "$root" delete -f; rm -rf "$TEST_TMPDIR"' EXIT

status() {
	ctl list --json | sed -n "s/.*\"id\": \"$1\".*\"status\": \"\([a-z]*\)\".*/\1/p"
}
# field NAME: of the JSON object on standard input.
field() {
	python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

# the start
start=$SECONDS
id=$(ctl run -d -- sleep 1000)
like "$id" '^[0-9a-f]{12}$' "run -d prints an id"
ok "and returns at once, also in a command substitution" test $((SECONDS - start)) -lt 10
pid=$(ctl inspect "$id" | field pid)
is "$(readlink "/proc/$pid/fd/0")" /dev/null "its standard input is /dev/null"
is "$(readlink "/proc/$pid/fd/1"):$(readlink "/proc/$pid/fd/2")" "$root/$id/output:$root/$id/output" \
	"its output goes to the state directory"
monitor=$(ctl inspect --json "$id" | python3 -c 'import json, sys; print(json.load(sys.stdin)["monitor"]["pid"])')
is "$(for fd in 0 1 2; do readlink "/proc/$monitor/fd/$fd"; done | sort -u)" /dev/null \
	"the monitor holds no descriptor of the caller"
is "$(ctl run -d --annotation a=b --pid-file pid named -- sh -c 'echo out; echo err >&2; exec sleep 1000')" named \
	"run -d prints the id that was given"
is "$(cat pid)" "$(ctl inspect named | field pid)" "--pid-file of a detached one"
is "$(ctl inspect named | field annotations)" "{'a': 'b'}" "--annotation is in the record"
lines() {
	[ "$(wc -l <"$root/$1/output")" -ge "$2" ]
}
until_true lines named 2
is "$(cat "$root/named/output")" "out
err" "the output is kept"
says "127:driverctl: run: cannot execute 'no-such-program': No such file or directory" \
	"run -d of no such program" run -d -- no-such-program
like "$(ctl run -d named -- true 2>&1)" "^driverctl: run: .*'named'" "an id can be used once"

# list
like "$(ctl list)" "^ID +DRIVER +STATUS +PID +CREATED +COMMAND
$id +native +running +$pid +20[0-9T:.-]+Z +sleep 1000
named +native +running +[0-9]+ +20[0-9T:.-]+Z +sh -c echo out" "list"
is "$(ctl list --json | sed -n 2p | field command)" "['sh', '-c', 'echo out; echo err >&2; exec sleep 1000']" "list --json"
ok "a list that nobody reads is no error" bash -c 'driverctl --root "$1" list | :; test "${PIPESTATUS[0]}" != 125' - "$root"
output=$(ctl list 2>&1 >/dev/full)
is "$?:$output" "125:driverctl: list: cannot write to standard output: No space left on device" "list to a full disk"

# ps
like "$(ctl ps "$id")" "^ *PID +PPID +STATE +TIME +COMMAND
$pid +[0-9]+ +S +00:00:00 +sleep 1000\$" "ps"
is "$(ctl ps --json "$id" | field pid)" "$pid" "ps --json"

# exec
says "0:hi" "exec" exec "$id" echo hi
says "7" "exec: exit code" exec "$id" sh -c 'exit 7'
says "143" "exec: signal" exec "$id" sh -c 'kill $$'
says "127:driverctl: exec: cannot execute 'no-such-program': No such file or directory" "exec: not found" exec "$id" no-such-program
says "126:driverctl: exec: cannot execute '/etc/passwd': Permission denied" "exec: cannot be run" exec "$id" /etc/passwd
says "0:-t -- x" "exec: options end at the program" exec "$id" echo -t -- x
says "0:1:/tmp:65534" "exec: --env, --workdir, --user" exec -e A=1 -w /tmp -u nobody "$id" sh -c 'echo $A:$(pwd):$(id -u)'
says "0:0 1 2 3" "exec: descriptors 0, 1, 2 (and that of ls)" exec "$id" sh -c 'echo $(ls /proc/self/fd)'
is "$(seq 100000 | ctl exec "$id" sha256sum)" "$(seq 100000 | sha256sum)" "exec: standard input"
is "$(ctl exec "$id" readlink /proc/1/exe 2>&1)" "/usr/bin/sleep" "exec sees the container's processes"
# MKNOD is one of them where rules judge who may use a device.
guarded && usual=a80425fb || usual=a00425fb
is "$(ctl exec "$id" sed -n 's/^CapEff:\t0*//p' /proc/self/status)" "$usual" "exec: the usual capabilities"
is "$(ctl exec --cap-add sys_admin "$id" sed -n 's/^CapEff:\t0*//p' /proc/self/status)" "$(printf %x $((0x$usual | 1 << 21)))" \
	"exec --cap-add"
is "$(ctl exec --privileged "$id" sed -n 's/^CapBnd:\t0*//p' /proc/self/status)" "$(sed -n 's/^CapBnd:\t0*//p' /proc/self/status)" \
	"exec --privileged has all that we have"
like "$(ctl exec -d -t "$id" true 2>&1)" "^driverctl: exec: --detach and --tty exclude each other" "exec -dt"
like "$(ctl exec -t "$id" tty)" '^/dev/(pts/[0-9]+|console)' "exec -t"
says "0" "exec -d" exec -d --pid-file exec.pid "$id" sleep 999
like "$(ctl ps "$id")" "$(cat exec.pid) .* sleep 999" "exec -d goes on"
like "$(ctl ps --json "$id" | wc -l)" 2 "ps shows both"

# kill
says "0" "kill by name" kill named usr1
says "125:driverctl: kill: unknown signal 'FROB'; see 'driverctl kill --help'" "kill by no name" kill named FROB
says "125:driverctl: kill: unknown signal '65'; see 'driverctl kill --help'" "kill by no number" kill named 65
trapping='for s in USR1 HUP RTMIN+3 RTMAX-1; do trap "echo got $s" $s; done; echo ready; while :; do sleep 0.02; done'
ctl run -d trap -- bash -c "$trapping" >/dev/null
# output_has TEXT: waits until the output of `trap` has that line.
output_has() {
	until_true grep -qx "$1" "$root/trap/output"
}
ok "a program that traps signals" output_has ready
for signal in USR1:USR1 sighup:HUP RTMIN+3:RTMIN+3 sigrtmax-1:RTMAX-1; do
	ctl kill trap "${signal%:*}"
	ok "kill trap ${signal%:*}" output_has "got ${signal#*:}"
done
ctl kill trap 10
until_true lines trap 6
is "$(grep -c USR1 "$root/trap/output")" 2 "kill by number"

# pause and resume
says "0" "pause" pause trap
is "$(status trap)" paused "list says paused"
lines=$(wc -l <"$root/trap/output")
ctl kill trap USR1
sleep 0.3
is "$(wc -l <"$root/trap/output")" "$lines" "a paused program does nothing"
says "125:driverctl: pause: container 'trap' is paused already" "pause twice" pause trap
like "$(ctl exec trap true 2>&1)" "^driverctl: exec: container 'trap' is paused" "exec in a paused one"
says "0" "resume" resume trap
is "$(status trap)" running "list says running"
says "125:driverctl: resume: container 'trap' is not paused" "unpause one that is not" unpause trap
says "0" "pause two" pause trap named
says "0" "unpause two" unpause trap named

# stats and top
ctl run -d -m 64m --pids-limit 50 busy -- sh -c 'while :; do :; done' >/dev/null
like "$(ctl stats busy)" "^ID +CPU% +CPU-SECONDS +MEMORY +LIMIT +PEAK +OOM-KILLS +PIDS +RX +TX
busy +- +[0-9.]+ +[0-9.]+[KM] +64.0M " "stats"
ctl stats --json busy >sample
is "$(field memory_limit <sample):$(field pids_limit <sample):$(field pids_current <sample):$(field oom_kills <sample)" \
	67108864:50:1:0 "stats --json"
is "$(ctl stats --json | wc -l)" 4 "stats of all"
is "$(ctl top | awk 'NR == 2 { print $1, ($2 > 0) }')" "busy 1" "top: the busiest is first"
is "$(ctl top --json | head -1 | field id)" busy "top --json"
(sleep 1.5; ctl kill busy KILL) &
ok "stats --follow ends with the container" test "$(ctl stats --follow --json busy | wc -l)" -ge 2
wait

# wait, stop, delete
says "0:137" "wait" wait busy
is "$(status busy)" stopped "list says stopped"
like "$(ctl list)" "busy +native +stopped \(137\) +- " "list shows the exit code"
says "125:driverctl: kill: container 'busy' is not running" "kill one that has ended" kill busy
says "0" "stop one that has ended" stop busy
says "125:driverctl: exec: container 'busy' is not running" "exec in one that has ended" exec busy true
says "125:driverctl: stats: container 'busy' is not running" "stats of one that has ended" stats busy
ctl run -d ends -- sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.02; done' >/dev/null
until_true test -s "$root/ends/output"
ctl wait ends busy >codes &
says "0" "stop: TERM is enough" stop ends
wait
is "$(cat codes)" "5
137" "wait for two, begun before the end"
start=$SECONDS
says "0" "stop: KILL after some seconds" stop -t 1 named
ok "not before, not long after" test $((SECONDS - start)) -ge 1 -a $((SECONDS - start)) -lt 8
says "0:137" "it was killed" wait named
ctl pause trap
says "0" "stop a paused one" stop -t 0 trap
says "0:137" "it was killed too" wait trap
says "125:driverctl: stop: --time 'soon' is not a number of seconds from 0; see 'driverctl stop --help'" \
	"stop: bad seconds" stop -t soon "$id"
like "$(ctl delete "$id" 2>&1)" "^driverctl: delete: container '$id' " "delete refuses a running one"
is "$(status "$id")" running "and leaves it running"
says "0" "delete -f" delete -f "$id"
is "$(test -e "/proc/$pid" && echo there)" "" "its process is gone"
says "125:driverctl: delete: there is no container 'nobody'
driverctl: delete: there is no container 'neither'" "delete goes on after an error" delete nobody named neither trap
is "$(status named)$(status trap)" "" "the others are deleted"
says "0" "delete two" delete ends busy
is "$(ctl list --json)" "" "nothing is left"
is "$(ls "$root")" "" "nor in the state directory"

# --rm
ctl run -d --rm brief -- sleep 1000 >/dev/null
is "$(status brief)" running "run -d --rm runs"
ctl kill brief kill
until_true test ! -e "$root/brief"
is "$(status brief)" "" "and leaves no record"

# terminal of a detached one
ctl run -dit term -- sh -c 'tty; sleep 1000' >/dev/null
until_true test -s "$root/term/output"
like "$(cat "$root/term/output")" '^/dev/' "run -dit: the terminal's output is kept"
ctl delete -f term
says "125:driverctl: run: --interactive with --detach needs --tty: nothing else could write to it; see 'driverctl run --help'" \
	"run -di" run -di -- cat

# namespaces of another container
ctl run -d one -- sleep 1000 >/dev/null
is "$(ctl run --pid container:one -- readlink /proc/1/exe)" /usr/bin/sleep "--pid container:ID"
is "$(ctl run --network container:one -- readlink /proc/self/ns/net)" "$(ctl exec one readlink /proc/self/ns/net)" \
	"--network container:ID"
like "$(ctl run --network container:nobody -- true 2>&1)" "^driverctl: run: .*'nobody'" "--network of no container"

# nobody supervises it
monitor=$(ctl inspect one | python3 -c 'import json, sys; print(json.load(sys.stdin)["monitor"]["pid"])')
kill -KILL "$monitor"
until_true test ! -e "/proc/$monitor"
like "$(ctl list)" "one +native +running \(unsupervised\) " "list says that nobody supervises it"
is "$(ctl list --json | field supervised)" False "so does list --json"
says "0:hi" "exec works" exec one echo hi
says "0" "kill works" kill one KILL
like "$(ctl wait one 2>&1)" "^driverctl: wait: .*'?one'?.* lost" "its exit code is lost"
is "$(ctl wait one >/dev/null 2>&1 || echo $?)" 125 "wait exits with 125"
is "$(status one)" lost "list says lost"
says "0" "delete works" delete one
like "$(ctl gc --dry-run)" "^monitor .* to be removed\$" "gc finds what is left of the monitor"
like "$(ctl gc)" "^monitor .* removed\$" "and removes it"
is "$(ctl gc)" "" "gc finds nothing any more"
is "$(ls "$root")" "" "nothing is left in the state directory"
done_testing
