#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What others could get at: sockets, installed programs; and that docs/threat-model.md names real tests.
# shellcheck disable=SC2317 # functions are called by name
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/audit.sh
. "$EXD_TEST_SRCDIR/tests/root/audit.sh"
cd "$TEST_TMPDIR" || exit 1

# Sockets: in a folder of root's, and none in the abstract namespace, which has no owners (CVE-2020-15257).
abstract() {
	awk '$8 ~ /^@/ { print $8 }' /proc/net/unix | sort
}
before=$(abstract)
run -d --network host "${inside[@]}" watched -- /audit rest >/dev/null
is "$(comm -13 <(echo "$before") <(abstract))" "" "no abstract socket beside a container with the host's network"
is "$(stat -c '%a %u %F' "$root"/.monitor "$root"/.monitor/*/ "$root"/.monitor/*/sock "$root"/watched | sort -u)" "600 0 socket
700 0 directory" "sockets and records are root's alone"
# Where another user cannot even get at this build there is nothing to see.
cp -r "${EXD_CONFIG%/*}" conf
chmod -R a+rX,go-w conf
export EXD_CONFIG=$TEST_TMPDIR/conf/${EXD_CONFIG##*/}
chmod 755 "$TEST_TMPDIR"
if setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$(type -P driverctl)"; then
	fails 125 "'$root'.*Permission denied" "another user gets at nothing: list" \
		setpriv --reuid 65534 --regid 65534 --clear-groups timeout 60 driverctl --root "$root" list
	fails 125 "'$root'.*Permission denied" "another user gets at nothing: exec" \
		setpriv --reuid 65534 --regid 65534 --clear-groups timeout 60 driverctl --root "$root" exec watched /audit pid
else
	not_here "another user gets at nothing" "this build is in a folder that other users cannot enter"
fi
ctl delete -f watched

# No installed file gives rights to who runs it (CVE-2018-6556 and others of setuid helpers).
stage=$EXD_TEST_BUILDDIR/tests/stage
ok "there is an installed tree to look at" test -n "$(find "$stage" -name driverctl -type f)"
is "$(find "$stage" -type f -perm /6000)" "" "nothing is installed setuid or setgid"
is "$(python3 - "$stage" <<'END'
import os, sys
for top, _, files in os.walk(sys.argv[1]):
    for name in files:
        path = os.path.join(top, name)
        if not os.path.islink(path) and "security.capability" in os.listxattr(path):
            print(path)
END
)" "" "nothing is installed with file capabilities"
is "$(find "$stage" -type f -perm /022)" "" "nothing is installed for others to write"

# The threat model
missing=
while read -r path; do
	[ -e "$EXD_TEST_SRCDIR/$path" ] || missing+=" $path"
done < <(grep -oE 'tests/[a-z0-9_/]*\.(c|sh)' "$EXD_TEST_SRCDIR/docs/threat-model.md" | sort -u)
is "$missing" "" "docs/threat-model.md names tests that exist"
while IFS=: read -r path name; do
	ok "docs/threat-model.md: $path has $name" grep -q "START_TEST($name)" "$EXD_TEST_SRCDIR/$path"
done < <(grep -oE 'tests/[a-z0-9_/]*\.c:[a-z0-9_]*' "$EXD_TEST_SRCDIR/docs/threat-model.md")

done_testing
