#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# driverctl with a driver whose containers are started by a worker.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
cd "$TEST_TMPDIR" || exit 1

build=$EXD_TEST_BUILDDIR
mkdir plugins.d
cat >execdriver.conf <<END
driver_dir = "$build/tests/drivers";
monitor = "$build/monitor/execdriver-monitor";
END
cat >plugins.d/10-worker.conf <<END
driver: { name = "worker"; path = "worker.so"; priority = 1; options: { program = "$build/tests/root/worker"; }; };
END
chmod -R go-w .
ctl() {
	timeout 60 driverctl --config "$TEST_TMPDIR/execdriver.conf" --root "$TEST_TMPDIR/state" "$@"
}
trap 'ctl delete -f box 2>/dev/null; rm -rf "$TEST_TMPDIR"' EXIT


says 0:hello "run prints what the program prints" run -- echo hello
says 3 "run ends with the program's exit code" run -- sh -c 'exit 3'
says 143 "and with 128 and the signal" run -- sh -c 'kill -TERM $$'
says 2 "of a code of 32 bits with its low byte" run -e WORKER=code -- sh -c 'exit 2'
says 125 "but with 125 when that would look like success" run -e WORKER=code -- true
says "125:driverctl: run: cannot start the container: the driver's worker ended too early, with exit code 3" \
	"a worker that fails is told of" run -e WORKER=early-exit -- true
like "$(ctl run -e WORKER=warns -- true 2>&1)" "no swap accounting here" "a warning of the worker is printed"
like "$(ctl run -e WORKER=liar -- sleep 30 2>&1)" "the driver's worker ended without telling" \
	"a container that a worker lost is called lost"

is "$(ctl run -d -e WORKER=code box -- sh -c 'exit 9')" box "run -d"
says 0:2147942409 "wait prints the whole code" wait box
like "$(ctl inspect box)" '"exit_code": 2147942409' "so does inspect"
like "$(ctl list)" 2147942409 "and list"
says 0 "delete" delete box
like "$(ctl explain -- echo hello)" "execute the driver's worker \[$build/tests/root/worker good '' echo hello\]" \
	"explain tells what the worker is called with"

# What is in front is ended as hard as can be.
driverctl --config execdriver.conf --root state run box -- sleep 1000 </dev/null &
front=$!
for _ in {1..500}; do
	pid=$(ctl inspect box 2>/dev/null | sed -n 's/^ *"pid": \([0-9]*\),*$/\1/p' | head -n 1)
	[ -n "$pid" ] && break
	sleep 0.02
done
kill -KILL $front
wait $front 2>/dev/null
for _ in {1..500}; do
	[ -d "/proc/$pid" ] || [ -d state/box ] || break
	sleep 0.02
done
ok "a killed driverctl leaves no process" test ! -d "/proc/$pid"
ok "and no directory" test ! -d state/box

done_testing
