#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Seccomp profiles of the user's own: what they forbid inside, what is refused, and who is asked.
# shellcheck disable=SC2016,SC2317 # single quotes hold what is expanded inside the container
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/audit.sh
. "$EXD_TEST_SRCDIR/tests/root/audit.sh"
cd "$TEST_TMPDIR" || exit 1

# under PROFILE COMMAND: what a shell under this profile says.
under() {
	run --security-opt seccomp="$1" "${@:3}" -- sh -c "$2" 2>&1
}
# refused PATTERN NAME <<PROFILE
refused() {
	cat >refused.json
	fails 125 "$1" "$2" run --security-opt seccomp=refused.json -- true
}
make='mkdir /tmp/x && echo made'
full="mkdir: cannot create directory '/tmp/x': No space left on device"
quota="mkdir: cannot create directory '/tmp/x': Disk quota exceeded"
cat >docker.json <<'END'
{"defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": null,
 "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]},
	{"architecture": "SCMP_ARCH_NOSUCH", "subArchitectures": null}],
 "syscalls": [
	{"names": ["mkdir", "mkdirat", "no_such_call"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28, "args": [], "comment": "full"},
	{"name": "personality", "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]},
	{"names": ["sethostname"], "action": "SCMP_ACT_ERRNO", "errnoRet": 39, "includes": {"caps": ["CAP_NET_ADMIN"]}},
	{"names": ["setpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 39, "excludes": {"caps": ["CAP_SYS_NICE"]}},
	{"names": ["fchmodat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 39, "includes": {"minKernel": "4.8"}},
	{"names": ["fchmodat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 40, "excludes": {"minKernel": "4.8"}},
	{"names": ["chmod"], "action": "SCMP_ACT_ERRNO", "errnoRet": 40, "includes": {"arches": ["s390x"]}}]}
END
is "$(under docker.json "$make")" "$full" "an errno of the profile's"
is "$(under docker.json 'setarch linux32 true; setarch linux64 echo other')" \
	$'setarch: failed to set personality to linux32: Operation not permitted\nother' "an argument that is compared"
like "$(under docker.json 'renice -n 1 $$')" "Directory not empty" "a rule for who has not a capability"
is "$(under docker.json 'renice -n 1 $$ >/dev/null && echo set' --cap-add sys_nice)" set "it does not count for who has it"
like "$(under docker.json 'chmod 700 /tmp')" "Directory not empty" "a rule for kernels from a version on"
name='python3 -c "import socket; socket.sethostname(\"x\")" 2>&1 | tail -1; hostname'
is "$(under docker.json "$name" --cap-add sys_admin)" x "a rule for a capability that is not there"
like "$(under docker.json "$name" --cap-add sys_admin --cap-add net_admin)" "Directory not empty" "and for one that is"
cat >oci.json <<'END'
{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
 "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC"],
 "syscalls": [
	{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_KILL_PROCESS"},
	{"names": ["personality"], "action": "SCMP_ACT_ERRNO",
		"args": [{"index": 0, "value": 255, "valueTwo": 8, "op": "SCMP_CMP_MASKED_EQ"}]},
	{"names": ["fchmodat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 39,
		"args": [{"index": 2, "value": 448, "op": "SCMP_CMP_EQ"}, {"index": 2, "value": 449, "op": "SCMP_CMP_GE"}]}]}
END
is "$(run --security-opt seccomp=oci.json -- sh -c 'mkdir /tmp/x; echo $?' 2>/dev/null)" 159 "a call that kills"
like "$(under oci.json 'setarch linux32 true')" "Operation not permitted" "a masked comparison"
is "$(under oci.json 'chmod 755 /tmp; chmod 700 /tmp; chmod 400 /tmp && echo lower' | grep -c 'not empty')" 2 \
	"two comparisons of one argument mean either"
cat >strict.json <<'END'
{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "syscalls": [{"names": ["execve", "sendmsg", "close_range",
	"brk", "mmap", "mprotect", "munmap", "read", "write", "openat", "close", "newfstatat", "fstat", "pread64", "arch_prctl",
	"set_tid_address", "set_robust_list", "rseq", "prlimit64", "exit_group", "access", "faccessat"], "action": "SCMP_ACT_ALLOW"}]}
END
fails 125 "allow .*no_new_privileges.*'setresgid'" "what the way to the program needs is named" \
	run --security-opt seccomp=strict.json -- /usr/bin/echo strict
is "$(run --security-opt seccomp=strict.json --security-opt no-new-privileges -- /usr/bin/echo strict 2>&1)" strict \
	"with no_new_privileges the filter comes last"
is "$(run --security-opt seccomp="$(cat docker.json)" -- sh -c "$make" 2>&1)" "$full" "the profile itself as the value"
is "$(under docker.json "$make" --privileged)" "$full" "privileged, with a profile that is asked for"

# further processes
run -d --security-opt seccomp=docker.json box -- sleep 1000 >/dev/null
mv docker.json moved.json
is "$(ctl exec box sh -c "$make" 2>&1)" "$full" "an exec has the profile of the container, which it keeps"
is "$(ctl exec --privileged box sh -c "$make" 2>&1)" made "a privileged one has none"
is "$(ctl exec --security-opt seccomp=oci.json box sh -c 'mkdir /tmp/y; echo $?' 2>/dev/null)" 159 "or a profile of its own"
ctl delete -f box
mv moved.json docker.json

# what is refused
refused "line 3: " "bad JSON is named by its line" <<<$'{"defaultAction":\n"SCMP_ACT_ALLOW",\n]}'
refused "syscalls\[1\] \('b'\): unknown action 'SCMP_ACT_DENY'" "an unknown action" \
	<<<'{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_LOG"}, {"names": ["b"], "action": "SCMP_ACT_DENY"}]}'
refused "unknown key 'agrs'" "a misspelt key" \
	<<<'{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_LOG", "agrs": []}]}'
refused "no 'defaultAction'" "no default" <<<'{}'
refused "unknown flag 'FAST'" "an unknown flag" <<<'{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["FAST"]}'
refused "unknown architecture 'SCMP_ARCH_NOSUCH'" "an unknown architecture" \
	<<<'{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_NOSUCH"]}'
refused "unknown operator 'SCMP_CMP_NEAR'" "an unknown operator" \
	<<<'{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_LOG", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_NEAR"}]}]}'
refused "out of range: 'index'" "a seventh argument" \
	<<<'{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_LOG", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]}'
refused "out of range: 'errnoRet'" "an errno that is none" \
	<<<'{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_ERRNO", "errnoRet": 4096}]}'
refused "an earlier entry says something else of 'mkdir'" "rules that contradict each other" \
	<<<'{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_LOG"}, {"names": ["mkdir"], "action": "SCMP_ACT_KILL"}]}'
refused "both architectures and archMap" "two lists of architectures" \
	<<<'{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"], "archMap": [{"architecture": "SCMP_ARCH_X86_64"}]}'
refused "wrong type of 'syscalls'" "another type" <<<'{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": {}}'
refused "line 1: " "JSON that is too deep" < <(printf '[%.0s' {1..100000})
refused "at most 1 MiB" "a file that is too long" < <(head -c 2000000 /dev/zero)
refused "NUL byte" "a file of zeroes" < <(head -c 1000 /dev/zero)
mkfifo refused.pipe
fails 125 "not a file" "a pipe keeps nobody waiting" run --security-opt seccomp=refused.pipe -- true
fails 125 "cannot open seccomp profile.*nosuch" "a profile that is not there" run --security-opt seccomp=nosuch -- true

# compiled once
cache=$root/.seccomp
is "$(stat -c %a "$cache")" 700 "compiled profiles are private"
ok "they are kept" test "$(find "$cache" -type f | wc -l)" -gt 3
rm -f "$cache"/*
under docker.json true
before=$(cd "$cache" && stat -c '%n %i %Y' -- *)
under docker.json true
is "$(cd "$cache" && stat -c '%n %i %Y' -- *)" "$before" "and used again"
file=$cache/$(cd "$cache" && echo *)
size=$(stat -c %s "$file")
# a filter that allows everything, where the one of the profile was; and with a checksum that fits
forge='import sys
with open(sys.argv[1], "r+b") as f:
    head = f.read(24); size = int.from_bytes(head[12:16], "little")
    f.seek(-size, 2); f.write(bytes.fromhex("06000000 0000ff7f") * (size // 8))
    f.seek(24); rest = f.read(); rest += bytes(-len(rest) % 8); hash = 0xcbf29ce484222325
    for i in range(0, len(rest), 8):
        hash = (hash ^ int.from_bytes(rest[i:i + 8], "little")) * 0x100000001b3 % 2**64
        hash ^= hash >> 32
    if sys.argv[2:] == ["fits"]:
        f.seek(16); f.write(hash.to_bytes(8, "little"))'
python3 -c "$forge" "$file"
is "$(under docker.json "$make")" "$full" "a file that was half-written is not used"
python3 -c "$forge" "$file" fits
is "$(under docker.json "$make")" made "what is there under the same key is what is loaded"
chmod 666 "$file"
is "$(under docker.json "$make")" "$full" "a file that others can write is not trusted"
chmod 777 "$cache"
is "$(under docker.json "$make")" "$full" "nor a directory that others can write"
chmod 700 "$cache"
truncate -s $((size - 8)) "$file"
is "$(under docker.json "$make")" "$full" "nor a file that was cut short"
rm -rf "$cache"
ln -s "$TEST_TMPDIR" "$cache"
is "$(under docker.json "$make")" "$full" "nor one behind a link"
rm "$cache"
for file in drivers/native/.libs/native.so .libs/libexecdriver.so driverctl/.libs/driverctl; do
	readelf -d "$EXD_TEST_BUILDDIR/$file"
done >linked
is "$(grep -c 'NEEDED.*libc\.' linked):$(grep -c 'NEEDED.*seccomp' linked)" 3:0 "no driver links libseccomp"

# who is asked
cat >notify.json <<'END'
{"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "of \"mine\"",
 "flags": ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],
 "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY"}]}
END
asked=(--security-opt "seccomp=notify.json" --seccomp-listener "$PWD/socket")
timeout 60 python3 "$EXD_TEST_SRCDIR/tests/root/seccomp_agent.py" socket log 122 4 &
agent=$!
until_true test -S socket
is "$(run "${asked[@]}" --annotation a=b asked -- sh -c "$make" 2>&1)" "$quota" "who listens decides of the call"
like "$(cat log)" '^\{"ociVersion":"1.0.2","fds":\["seccompFd"\],"pid":[0-9]+,"metadata":"of \\"mine\\"","state":\{"ociVersion":"1.0.2","id":"asked","status":"creating","pid":[0-9]+,"bundle":"","annotations":\{"a":"b"\}\}\}$' \
	"it is told of what container"
is "$(run "${asked[@]}" --init --security-opt no-new-privileges -- sh -c "$make" 2>&1)" "$quota" "also of a filter that comes last"
run -d --pid-file pid "${asked[@]}" kept -- sleep 1000 >/dev/null
is "$(ctl exec kept sh -c "$make" 2>&1)" "$quota" "an exec asks as well"
like "$(cat log)" "\"status\":\"running\",\"pid\":$(cat pid),.*" "with the pid of the container"
ctl delete -f kept
wait $agent
fails 125 "connect to .*/socket: Connection refused" "without a listener no program begins" run "${asked[@]}" -- sh -c 'echo began'
rm socket
fails 125 "connect to .*/socket: No such file" "nor without its socket" run "${asked[@]}" -- sh -c 'echo began'
fails 125 "SCMP_ACT_NOTIFY and no listener" "a profile that notifies needs one" run --security-opt seccomp=notify.json -- true
fails 125 "notifies nobody" "a listener needs a profile that notifies" run --security-opt seccomp=docker.json --seccomp-listener /x -- true
fails 125 "notifies nobody" "the built-in one does not" run --seccomp-listener /x -- true
sed 's/"mkdir"/"sendmsg"/' notify.json >refused.json
fails 125 "SCMP_ACT_NOTIFY cannot be had for 'sendmsg'" "a call that hands the listener over cannot be asked about" \
	run --security-opt seccomp=refused.json --seccomp-listener /x -- true
refused "default action cannot be" "nor can all calls" <<<'{"defaultAction": "SCMP_ACT_NOTIFY"}'
# one that takes the connection and goes
python3 -c 'import socket
s = socket.socket(socket.AF_UNIX); s.bind("socket"); s.listen(); open("ready", "w").close(); s.accept()[0].close()' &
until_true test -e ready
like "$(timeout 20 driverctl --root "$root" run --cgroup-parent "$parent" "${asked[@]}" -- sh -c 'echo began' 2>&1)" \
	"^driverctl: run: .*seccomp listener: Broken pipe$|^began$" "one that goes away before it is told keeps the program from beginning"
wait
is "$(ctl list)" "$(driverctl --root "$TEST_TMPDIR/none" list)" "nothing is left"

done_testing
