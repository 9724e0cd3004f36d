#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Containers of hcs-stub from the command line: their life, what fails on script, what is left.
# Single quotes hold what is expanded inside the container.
# shellcheck disable=SC2016,SC1003
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
cd "$TEST_TMPDIR" || exit 1

root=$TEST_TMPDIR/state
journal=$root/.hcs/journal.jsonl
built=$EXD_TEST_BUILDDIR/drivers/hcs-stub

# configure OPTIONS: a configuration of its own with these options of the driver.
configure() {
	mkdir -p plugins.d
	chmod 755 . plugins.d
	cat >execdriver.conf <<-EOF
		monitor = "$EXD_TEST_BUILDDIR/monitor/execdriver-monitor";
		plugin_dir = "$TEST_TMPDIR/plugins.d";
		default_driver = "hcs-stub";
	EOF
	cat >plugins.d/90-hcs-stub.conf <<-EOF
		driver: { name = "hcs-stub"; path = "$built/.libs/hcs-stub.so";
			options: { worker = "$built/execdriver-hcs-worker";
				emulator = "$built/execdriver-hcs-emulator"; $1 }; };
	EOF
	chmod 644 execdriver.conf plugins.d/90-hcs-stub.conf
}
configure ""
export EXD_CONFIG=$TEST_TMPDIR/execdriver.conf

ctl() {
	timeout 60 driverctl --root "$root" "$@"
}
trap 'ctl list --json | sed "s/.*\"id\": \"\([^\"]*\)\".*/\1/" | xargs -r timeout 60 driverctl --root "$root" delete -f; rm -rf "$TEST_TMPDIR"' EXIT
status() {
	ctl list --json | sed -n "s/.*\"id\": \"$1\".*\"status\": \"\([a-z]*\)\".*/\1/p"
}
has_status() {
	[ "$(status "$1")" = "$2" ]
}
field() {
	python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}
# calls ID: the calls of the journal about it and how they ended, without those that only look.
calls() {
	python3 - "$journal" "$1" <<-'EOF'
		import json, sys
		for line in open(sys.argv[1]):
		    entry = json.loads(line)
		    if entry.get("id") == sys.argv[2] and entry["call"] not in (
		            "GetComputeSystemProperties", "RegisterComputeSystemCallback",
		            "WaitForProcessInComputeSystem", "SetEmulatorScript"):
		        print(entry["call"], entry["result"])
	EOF
}

# the life of a run
says "0:hello" "what it prints" run -- echo hello
says "42" "its exit code" run -- sh -c 'exit 42'
is "$(echo in | ctl run -i -- cat)" in "its standard input"
is "$(ctl run -- sh -c 'echo out; echo err >&2' 2>/dev/null)" out "its streams are apart"
is "$(ctl run -e 'A=b=c d' -e B= -w /usr -- sh -c 'echo "[$A][$B][$PWD]"')" "[b=c d][][/usr]" \
	"environment with '=' in values, working directory"
is "$(ctl run -- printf '<%s>' '' 'a b' 'q"q' '\' 'c:\d\\"' 'e\')" '<><a b><q"q><\><c:\d\\"><e\>' \
	"arguments come through the command line as they are"
is "$(ctl run --hostname www -- sh -c 'echo "$HOSTNAME"')" www "host name"
is "$(env SECRET=x driverctl --root "$root" run -- sh -c 'echo "[$SECRET]"')" "[]" \
	"nothing of the host's environment"
like "$(ctl run -- no-such-program 2>&1; echo $?)" "no-such-program.*
127$" "a program that is not there"
echo 'hcs_ports = "80:80/sctp";' >sctp.conf
says "125:driverctl: run: invalid protocol sctp" "a port of no known protocol" run -f sctp.conf -- true
cat >windows.conf <<'EOF'
hcs_layers = [ "/layers/app", "/layers/base" ];
hcs_isolation = "hyperv";
hcs_ports = "8080:80";
hcs_mac = "02:42:ac:11:00:02";
EOF
says "0:3" "a run from a file with keys of the service" run -f windows.conf layered -- echo 3
is "$(python3 -c 'import json, sys
for line in open(sys.argv[1]):
    entry = json.loads(line)
    if entry["id"] == "layered" and entry["call"] == "CreateComputeSystem":
        document = entry["document"]
        print(document["HvPartition"], document["Layers"][0]["ID"],
              document["Devices"][0]["Settings"]["MacAddress"])' "$journal")" \
	"True de37ed9e-8a59-57e9-a274-1993763264cc 02-42-ac-11-00-02" "the service got all of it"
like "$(ctl run -u bob -- true 2>&1)" "driver hcs-stub does not support the key user" "a key it has no place for"

# the calls
ctl run called -- true
is "$(calls called)" "CreateComputeSystem 0x00000000
StartComputeSystem 0x00000000
CreateProcessWithStdHandlesInComputeSystem 0x00000000
ShutdownComputeSystem 0x00000000" "the calls of a run"

# detached
id=$(ctl run -d --hostname www box -- sleep 1000)
is "$id" box "run -d prints the id"
is "$(status box)" running "list"
pid=$(ctl inspect box | field pid)
is "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "sleep 1000 " "its pid is that of the program"
like "$(ctl ps box)" "$pid .*sleep 1000" "ps"
says "0:hi" "exec" exec box echo hi
says "7" "exit code of an exec" exec box sh -c 'exit 7'
ctl run -d family -- sh -c 'sleep 1000 & (sleep 1000 & wait) & wait' >/dev/null
has_pids() {
	[ "$(ctl ps "$1" | tail -n +2 | wc -l)" = "$2" ]
}
ok "ps has all processes" until_true has_pids family 4
ok "which end with it" ctl delete -f family
is "$(ctl exec -e A=1=2 -w /usr box sh -c 'echo $A:$PWD')" "1=2:/usr" "environment and directory of an exec"
like "$(ctl exec box no-such-program 2>&1; echo $?)" "no-such-program.*
127$" "an exec of no such program"
says "125:driverctl: pause: Windows: Containers cannot be paused" "pause" pause box
says "125:driverctl: stats: Windows: Stats not implemented" "stats" stats box
is "$(status box)" running "a refused verb changes nothing"

# it outlives its host, which was that driverctl; the next one finds all of it
like "$(ctl kill box USR1 2>&1; echo $?)" "the service has no signals.*
125$" "another signal than KILL and TERM is refused"
is "$(status box)" running "and changes nothing"
says "0" "TERM shuts it down" kill box TERM
until_true has_status box stopped
is "$(status box)" stopped "it has ended"
like "$(ctl wait box)" '^[0-9]+$' "wait prints its code"
ok "delete" ctl delete box
is "$(ctl list --json)" "" "and nothing is listed"

ctl run -d killed -- sleep 1000 >/dev/null
ok "kill KILL" ctl kill killed KILL
until_true has_status killed stopped
like "$(calls killed)" "TerminateComputeSystem 0x00000000" "KILL terminates the system"
ok "stop of one that has ended, or not yet" ctl delete -f killed
ctl run -d stopped -- sh -c 'trap "" TERM; sleep 1000 & wait' >/dev/null
ok "stop" ctl stop -t 1 stopped
is "$(status stopped)" stopped "stop ends what would ignore the signal"
ok "delete of a stopped one" ctl delete stopped

# two at a time, each with its own end
ctl run -d one -- sh -c 'sleep 0.2; exit 5' >/dev/null
ctl run -d two -- sleep 1000 >/dev/null
is "$(ctl wait one)" 5 "wait until it ends"
is "$(status two)" running "the other goes on"

# a terminal
echo 'tty_size = "50x132";' >tty.conf
is "$(ctl run -f tty.conf -t -- sh -c 'stty size; test -t 0 && test -t 1 && test -t 2 && echo "tty $TERM"' </dev/null | tr -d '\r')" \
	"50 132
tty xterm" "a terminal of its own"
is "$(ctl exec -t two sh -c 'test -t 0 && echo tty' </dev/null | tr -d '\r')" tty "an exec with a terminal"

# the monitor dies: the system goes on, and can be ended by who comes next
ctl run -d orphan -- sleep 1000 >/dev/null
monitor=$(ctl inspect --json orphan | python3 -c 'import json, sys; print(json.load(sys.stdin)["monitor"]["pid"])')
pid=$(ctl inspect orphan | field pid)
kill -KILL "$monitor"
ok "its program goes on without a monitor" kill -0 "$pid"
is "$(ctl exec orphan echo still here)" "still here" "and can be entered"
ok "and be removed" ctl delete -f orphan
gone() {
	! kill -0 "$1" 2>/dev/null
}
ok "then its program has ended" until_true gone "$pid"

# the emulator dies, and its systems with it
emulator=$(for p in /proc/[0-9]*; do
	[ "$(readlink "$p/exe")" = "$built/execdriver-hcs-emulator" ] || continue
	case $(readlink "$p/cwd" "$p/fd/"* 2>/dev/null) in *"$root"*) echo "${p##*/}" ;; esac
done | head -1)
if [ -n "$emulator" ]; then
	kill -KILL "$emulator"
	until_true has_status two stopped || until_true has_status two lost
	like "$(status two)" "^(lost|stopped)$" "a system whose service died has ended"
	ok "its record can be deleted" ctl delete -f two
else
	tap_result "not ok" "the emulator of this state directory is found"
fi
says "0:again" "the next run starts another service" run -- echo again
ctl delete one >/dev/null 2>&1

# faults: what passes by itself is tried again, five times
configure 'faults = ( { call = "CreateComputeSystem"; times = 4; error = 0x800401f3L; } );'
says "0:fifth" "four failures that may pass" run retried -- echo fifth
is "$(calls retried | grep -c 'CreateComputeSystem')" 5 "five attempts"
configure 'faults = ( { call = "CreateComputeSystem"; times = 5; error = 0x800401f3L; } );'
like "$(ctl run never -- echo 2>&1; echo $?)" "CreateComputeSystem.*0x800401f3.*
125$" "the last failure is an error"
is "$(calls never | grep -c StartComputeSystem)" 0 "and nothing is started"
configure 'faults = ( { call = "CreateComputeSystem"; times = 1; error = 0x80070005L; } );'
like "$(ctl run denied -- echo 2>&1; echo $?)" "0x80070005.*
125$" "another failure is not tried again"
is "$(calls denied | grep -c CreateComputeSystem)" 1 "one attempt"
configure 'faults = ( { call = "StartComputeSystem"; error = 0xc0370105L; } );'
like "$(ctl run torn -- echo 2>&1; echo $?)" "StartComputeSystem.*0xc0370105.*
125$" "a start that fails"
like "$(calls torn | tail -1)" "TerminateComputeSystem 0x00000000" "what was created is torn down"
is "$(ctl list)" "ID  DRIVER  STATUS  PID  CREATED  COMMAND" "a failed start leaves no record"
configure 'faults = ( { call = "CreateProcessWithStdHandlesInComputeSystem"; nth = 2; error = 0x80072726L; } );'
ctl run -d limited -- sleep 1000 >/dev/null
like "$(ctl exec limited true 2>&1; echo $?)" "The limit of docker execs per Hyper-V container has been exceeded
125$" "the limit of execs"
ok "and the container goes on" ctl exec limited true
ctl delete -f limited
configure 'faults = ( { call = "WaitForProcessInComputeSystem"; times = 100; error = 0xc0370106L; } );'
ctl run -d waited -- true >/dev/null
is "$(ctl wait waited)" 32767 "a wait that fails is exit code 32767"
ctl delete -f waited
ctl run -- true
is "$?" 255 "of which the caller sees the low byte"

# options
configure 'forcekill = true;'
ctl run forced -- true
like "$(calls forced)" "TerminateComputeSystem 0x00000000" "forcekill terminates instead of shutting down"
is "$(calls forced | grep -c Shutdown)" 0 "without asking first"
configure ''
says "7" "what ignores TERM and is left behind does not hold up the end" run left -- \
	sh -c '(trap "" TERM; sleep 1000) >/dev/null 2>&1 & exit 7'
like "$(calls left)" "ShutdownComputeSystem 0x00000000$" "and needs no termination"
is "$(ctl run -- printf '<%s>' $'\xff\xc3' $'\xc3\xa4' $'a\nb\x01' | od -An -tx1 | tr -d ' \n')" \
	"$(printf '<\xff\xc3><\xc3\xa4><a\nb\x01>' | od -An -tx1 | tr -d ' \n')" "bytes that are no text arrive as they are"
like "$(ctl run --hostname www -- true 2>&1)" "hostname: " "a host name that others cannot see is warned of"
configure 'shutdown_timeout_ms = 200; delays = ( { call = "StartComputeSystem"; ms = 300; },
	{ call = "ShutdownComputeSystem"; ms = 5000; } );'
start=$(date +%s%N)
says "0" "a system whose other processes do not end" run held -- \
	sh -c 'trap "" TERM; sleep 1000 >/dev/null 2>&1 & exit 0'
ok "a start that takes longer on script" test $(($(date +%s%N) - start)) -ge 300000000
like "$(calls held)" "ShutdownComputeSystem 0x800704c7
TerminateComputeSystem 0x00000000" "a shutdown that takes too long ends in a termination"
configure 'colour = 1;'
like "$(ctl run -- true 2>&1)" "Unrecognised exec driver option.*90-hcs-stub.conf:[0-9]+: 'colour' is not known" \
	"an option that is not known"
configure 'isolation = "vm";'
like "$(ctl run -- true 2>&1)" "Unrecognised exec driver option 'isolation':'vm'" "an isolation that is not known"

# explain prints what the service gets
configure ''
like "$(ctl explain --hostname www shown -- echo 'a b')" 'document +Name: "shown".*document +HostName: "www".*process +CommandLine: "echo \\"a b\\""' \
	"explain prints document and process"

# what is left: nothing but what people read
is "$(ctl list --json)" "" "no container is left"
service_gone() {
	! find "$root/.hcs" -name sock 2>/dev/null | grep -q .
}
ok "the service ends when its last system is gone" until_true service_gone
is "$(find "$root" -mindepth 1 -maxdepth 1 ! -name '.*')" "" "no state of a container is left"

done_testing
