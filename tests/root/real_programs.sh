#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Programs that people run in containers: a server, daemons, compilers, interpreters, a shell's jobs.
# Single quotes hold what is expanded inside the container.
# shellcheck disable=SC2016
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/audit.sh
. "$EXD_TEST_SRCDIR/tests/root/audit.sh"
cd "$TEST_TMPDIR" || exit 1

# redis-server, detached, with no network but its own loopback
port=$((20000 + $$ % 10000))
redis() {
	ctl exec "$server" redis-cli -p "$port" "$@"
}
answers() {
	[ "$(redis ping 2>/dev/null)" = PONG ]
}
serve() {
	server=$1
	run -d "$server" -- redis-server --port "$port" --save '' --dir /tmp >/dev/null
	ok "redis: $server answers redis-cli through exec" until_true answers
}
serve cache
is "$(redis set greeting 'two words')" OK "redis: a value is set"
is "$(redis get greeting)" "two words" "redis: and read by another exec"
is "$(for _ in {1..500}; do echo INCR counter; done | redis | tail -n 1)" 500 "redis: 500 commands through standard input"
is "$(head -c 1048576 /dev/zero | tr '\0' x | redis -x set big)" OK "redis: a value of 1 MiB goes in"
is "$(redis get big | wc -c)" 1048577 "redis: and comes out"
is "$(redis-cli -p "$port" ping 2>&1)" "Could not connect to Redis at 127.0.0.1:$port: Connection refused" \
	"redis: its loopback is not the host's"
like "$(cat "$root/cache/output")" "Ready to accept connections" "redis: its log is the container's output"
is "$(redis shutdown nosave 2>&1)" "" "redis: SHUTDOWN"
is "$(ctl wait cache)" 0 "redis: its exit code after SHUTDOWN"
like "$(cat "$root/cache/output")" "Redis is now ready to exit, bye bye" "redis: it had the time to end"
ctl delete cache
serve stopped
is "$(ctl stop stopped 2>&1; ctl wait stopped)" 0 "redis: it ends by itself on stop"
ctl delete stopped
serve killed
is "$(ctl kill killed KILL 2>&1; ctl wait killed)" 137 "redis: its exit code after SIGKILL"
ctl delete killed

# a daemon: two forks, a session of its own, no standard descriptors, deaf to all that can be ignored
cat >daemon.py <<'END'
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    os.closerange(0, 3)
    for number in signal.SIGTERM, signal.SIGHUP, signal.SIGINT:
        signal.signal(number, signal.SIG_IGN)
    for worker in range(3):
        if os.fork() == 0:
            break
    os.execvp("sleep", ["sleep", sys.argv[1]])
os.wait()
if len(sys.argv) > 2:
    os.execvp("sleep", ["sleep", sys.argv[1]])
END
# A length of sleep that nobody else asks for finds the processes, in whatever namespace they are.
mark=$((700000 + $$))
sleepers() {
	# The bracket keeps grep from finding itself.
	grep -lsxz "[7]${mark#7}" /proc/[0-9]*/cmdline | xargs -r grep -lsxz sleep | wc -l
}
has_sleepers() {
	[ "$(sleepers)" = "$1" ]
}
for pid in private host; do
	name="a daemon, pid namespace: $pid"
	how=(-v "$PWD/daemon.py:/daemon.py:ro")
	[ "$pid" = private ] || how+=(--pid host)
	run -d "${how[@]}" "daemon-$pid" -- python3 /daemon.py "$mark" stay >/dev/null
	ok "$name: it and its three children run" until_true has_sleepers 5
	is "$(ctl ps "daemon-$pid" | grep -c sleep)" 5 "$name: ps shows them all"
	ctl kill "daemon-$pid" KILL
	is "$(ctl wait "daemon-$pid"):$(sleepers)" 137:0 "$name: SIGKILL of the program ends all"
	ctl delete "daemon-$pid"
	is "$(run "${how[@]}" -- python3 /daemon.py "$mark"; echo $?:"$(sleepers)")" 0:0 \
		"$name: so does its own end"
done

# compilers
printf '%s\n' '#include <cstdio>' '#include <thread>' '#include <vector>' 'int main() {' \
	'	std::vector<std::thread> threads; int sums[8] = {};' \
	'	for (int i = 0; i < 8; i++) threads.emplace_back([&sums, i] { for (int j = 0; j < 1000; j++) sums[i] += j; });' \
	'	for (auto &thread : threads) thread.join();' \
	'	int sum = 0; for (int s : sums) sum += s; std::printf("%d\n", sum); }' >threads.cc
is "$(run -w /tmp -- sh -c 'cat >a.cc && g++ -pthread a.cc -o a && ./a' <threads.cc 2>&1)" 3996000 \
	"a C++ program with threads is compiled and runs"
cat >library.sh <<'END'
set -e
printf '%s\n' 'int answer(void) { return 42; }' >answer.c
printf '%s\n' '#include <stdio.h>' 'int answer(void);' 'int main(void) { return printf("%d\n", answer()) < 0; }' >main.c
printf '%s\n' 'all: main' 'libanswer.so: answer.c' '	gcc -shared -fPIC -o $@ $<' \
	'main: main.c libanswer.so' '	gcc -o $@ $< -L. -lanswer -Wl,-rpath,/tmp' >Makefile
make -s -j2
gcc -static -o still main.c answer.c
./main
./still
END
is "$(run -w /tmp -- sh -s <library.sh 2>&1)" $'42\n42' "make builds a shared library and a static program, which run"

# interpreters
cat >crowd.py <<'END'
import multiprocessing, os, socket, subprocess, tempfile, threading
with multiprocessing.Pool(4) as pool:
    print(sum(pool.map(abs, range(-1000, 0))))
print(subprocess.run(["sh", "-c", "cat; exit 7"], input=b"x", capture_output=True))
with tempfile.TemporaryDirectory() as d, socket.socket(socket.AF_UNIX) as server:
    server.bind(d + "/s")
    server.listen()
    client = socket.socket(socket.AF_UNIX)
    threading.Thread(target=lambda: server.accept()[0].sendall(b"over a socket")).start()
    client.connect(d + "/s")
    print(client.recv(100).decode())
END
is "$(run -- python3 - <crowd.py 2>&1)" "500500
CompletedProcess(args=['sh', '-c', 'cat; exit 7'], returncode=7, stdout=b'x', stderr=b'')
over a socket" "python: semaphores, processes, threads, sockets"
run -d web -- python3 -u -m http.server --directory /etc --bind 127.0.0.1 8000 >/dev/null
fetches() {
	ctl exec web python3 -c 'from urllib.request import urlopen
print(urlopen("http://127.0.0.1:8000/hostname").read().decode(), end="")' 2>/dev/null
}
ok "python: a web server answers in its container" until_true fetches
is "$(fetches)" web "python: with a file of its container"
ctl delete -f web
if command -v node >/dev/null; then
	is "$(run -- node -e 'const { Worker } = require("worker_threads");
		new Worker("require(\"worker_threads\").parentPort.postMessage(6 * 7)", { eval: true }).on("message", console.log)')" \
		42 "node: a worker thread"
fi

# a shell and its jobs
is "$(run -- bash -c 'set -m; sleep 1000 & kill -STOP %1; wait %1; echo $?; kill -CONT %1; kill %1; wait %1; echo $?' 2>/dev/null)" \
	$'147\n143' "bash: a job is stopped, goes on and is killed"
is "$(run -- bash -c 'trap "echo trapped" EXIT; (exit 3) | cat; echo ${PIPESTATUS[0]}; coproc cat; echo x >&"${COPROC[1]}"; read -r y <&"${COPROC[0]}"; echo $y')" \
	$'3\nx\ntrapped' "bash: pipes, a coprocess, a trap"
is "$(seq 200000 | shuf | run -- sh -c 'sort -n -S 1M -T /tmp | tail -n 1')" 200000 "sort: temporary files"
is "$(tar -C /usr/share -cf - common-licenses | run -w /tmp -- sh -c 'tar xf - && tar cf - common-licenses' | tar tf - | sort)" \
	"$(tar -C /usr/share -cf - common-licenses | tar tf - | sort)" "tar: files go in and come out"
is "$(head -c 67108864 /dev/urandom | tee >(sha256sum >sum) | run -- sh -c 'sha256sum; head -c 1 | wc -c')" \
	"$(cat sum)"$'\n0' "sha256sum: 64 MiB and the end of them"

is "$(ctl list | wc -l)" 1 "nothing is left"
done_testing
