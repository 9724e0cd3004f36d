#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each driver of the zoo breaks a rule, and the kit convicts it of that one and of no other.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
cd "$TEST_TMPDIR" || exit 1

# judge NAME: the kit's lines for it, in the file NAME.
judge() {
	local out=$PWD/$1
	mkdir -p "$1.conf/plugins.d"
	sed -n '/^monitor/p' "$EXD_CONFIG" >"$1.conf/execdriver.conf"
	echo "driver: { name = \"$1\"; path = \"$EXD_TEST_BUILDDIR/tests/zoo/$1.so\"; };" >"$1.conf/plugins.d/10-$1.conf"
	driverctl --config "$PWD/$1.conf/execdriver.conf" --root "$PWD/$1.root" conformance --time 30 "$1" \
		>"$out" 2>&1
	echo "$?" >"$out.code"
}
export -f judge

grep -v '^#' "$EXD_TEST_SRCDIR/tests/zoo/animals" >animals
# Some wait for what never comes: side by side they take less time.
cut -d ' ' -f 1 animals | xargs -P 4 -I{} bash -c "judge {}"

while read -r -a words; do
	name=${words[0]} wanted=${words[1]-}
	convicted=$(sed -n 's/^not ok .*\[\(.*\)\]$/\1/p' "$name" | tr ' ' '\n' | sort -u)
	last=$(tail -1 "$name")
	if [ -z "$wanted" ]; then
		is "$(cat "$name.code"):$convicted" "0:" "$name is innocent"
		like "$last" '^[0-9]+ passed, 0 failed, [0-9]+ skipped$' "and the count says so"
		[ "$(cat "$name.code")" = 0 ] || diag "$(grep -A2 '^not ok' "$name")"
		continue
	fi
	unrelated=$(comm -23 <(echo "$convicted") <(printf '%s\n' "${words[@]:1}" | sort))
	is "$(cat "$name.code"):$(grep -cx "$wanted" <<<"$convicted"):$unrelated" "1:1:" "$name breaks $wanted and nothing else"
	like "$last" '^[0-9]+ passed, [1-9][0-9]* failed, [0-9]+ skipped$' "the count for $name says so"
	[ -z "$unrelated" ] || diag "$(grep -A2 '^not ok' "$name")"
done <animals
ok "there are at least 15 of them" test "$(grep -c ' ' animals)" -ge 15

done_testing
