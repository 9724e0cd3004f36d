#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# driverctl explain: the hash of the run with the same options, for each driver, as text and as JSON.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/drivers.sh
. "$EXD_TEST_SRCDIR/tests/root/drivers.sh"
: "${EXD_TEST_TABLED:?is set by make check}"
root=$TEST_TMPDIR/state
cd "$TEST_TMPDIR" || exit 1
mkdir -p shared tree/{proc,sys,dev/pts}
drivers_config "$PWD" "$PWD/tree" || exit 1
export EXD_CONFIG=$PWD/execdriver.conf
printf 'args = [ "true" ];\nenv = [ "FROM=file" ];\n' >command.conf

# ctl ARGS...: driverctl with the driver of the loop.
ctl() {
	driverctl --root "$root" --driver "$driver" "$@"
}
# hashes ARGS...: that of explain, its JSON and the run, or what kept them; one line when all are the same.
hashes() {
	ctl explain "$@" 2>&1 | sed -n 's/^hash //p; s/^driverctl: //p'
	ctl explain --json "$@" 2>&1 | sed -n 's/^{"hash": "\(.*\)"}$/\1/p; s/^driverctl: //p'
	ctl --debug run "$@" 2>&1 | grep -oE '\b[0-9a-f]{16}\b' | sort -u
}
same() {
	local got
	got=$(hashes "$@" | sort -u)
	like "$got" '^[0-9a-f]{16}$' "$driver: explain has the hash of the run: ${*//$TEST_TMPDIR/}"
}

for driver in $EXD_TEST_TABLED; do
	same same -- true
	same -e A=1 -e 'B=two words' same -- true 'an argument' ''
	same -w / same -- true
	same -t same -- true
	same --annotation x=y same -- true
	# The others have few keys; a program that is not in its root is missed behind the hash.
	[ "$driver" = hcs-stub ] || [ "$driver" = chroot ] || {
		same --hostname box -m 64m --pids-limit 50 same -- true
		same -v "$TEST_TMPDIR/shared:/shared:ro" --tmpfs /scratch:size=1m same -- true
		same --cap-drop all --security-opt no-new-privileges -u 1000:1000 same -- true
		same --network host --ipc host --uts host same -- true
		same --privileged same -- true
		same --read-only --ulimit nofile=64 --umask 077 same -- true
		same --sysctl net.ipv4.ip_forward=1 --init same -- true
		same -f command.conf --cpus 0.5 --oom-score-adj 500 same --
	}
	ctl explain --json same -- true 'a "b"' >json
	ok "$driver: each line of --json has a topic and a text, the last the hash" python3 -c '
import json
lines = [json.loads(line) for line in open("json")]
assert set(lines[-1]) == {"hash"} and len(lines) > 3
for line in lines[:-1]:
    assert set(line) == {"topic", "text"} and line["topic"] and line["text"], line'
	is "$(ctl explain same -- true | sed '$d' | awk '{ print (NF > 1) }' | sort -u)" 1 "$driver: as text, each line says something"
done

driver=native
like "$(ctl explain -e 'SECRET=a b' same -- true 'an argument' '')" \
	"execute \[true 'an argument' ''\] with [0-9]+ variables \[.*'SECRET=a b'.*\], the first of: /" \
	"all arguments and variables are told"
like "$(ctl explain same -- true)" "keep capabilities chown,dac_override,.*setfcap in the bounding set" "capabilities have names"
like "$(ctl explain same -- true)" $'\nbirth +be born, with own namespaces \(' "the birth is told"
is "$(ls "$root")" "" "explain makes nothing"

done_testing
