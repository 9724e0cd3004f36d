#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each promise of docs/promises.md names tests that exist and are run.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
cd "$EXD_TEST_SRCDIR" || exit 1

# missing FILE TEST: says what is wrong with the reference, nothing when it holds.
missing() {
	local file=$1 name=$2 lists
	[ -f "$file" ] || {
		echo "$file: no such file"
		return
	}
	lists=$(cat ./*/Makefile.inc.am drivers/*/Makefile.inc.am)
	case $file in
	*.c)
		# Once where it is written, once where it is added to its suite.
		grep -qF "START_TEST($name)" "$file" || echo "$file: no test $name"
		[ "$(grep -cw "$name" "$file")" -gt 1 ] || echo "$file: $name is not run"
		grep -qE "^	${file%.c} \\\\|unit_tests \+= .*${file%.c}( |\$)" <<<"$lists" || echo "$file: not in the suite"
		;;
	*.sh)
		grep -qF "$name" "$file" || echo "$file: no test '$name'"
		grep -qF "$file" <<<"$lists" || echo "$file: not in the suite"
		;;
	*) echo "$file: neither C nor a script" ;;
	esac
}

promises=0
odd=
wrong=
while IFS= read -r line; do
	[[ $line == -* ]] || continue
	promises=$((promises + 1))
	[[ $line =~ ^-\ .+\.(\ \[tests/[a-z0-9_/]+\.(c|sh):[^]]+\])+$ ]] || odd+="$line"$'\n'
	while IFS=: read -r file name; do
		wrong+=$(missing "$file" "$name" | sed "s,$,;,")
	done < <(grep -oE '\[tests/[^]]+\]' <<<"$line" | tr -d '[]')
done <docs/promises.md

ok "there are promises" test "$promises" -gt 50
is "$odd" "" "each promise is a sentence and the tests that enforce it"
is "$(tr ';' '\n' <<<"$wrong" | sort -u | grep .)" "" "each test that is named exists and is run"
is "$(grep '^- ' docs/promises.md | sed 's/ \[.*//' | sort | uniq -d)" "" "no promise is made twice"

done_testing
