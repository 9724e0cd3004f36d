#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The manual: pages are well-formed, name everything there is, and their examples work.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
cd "$EXD_TEST_SRCDIR" || exit 1

read -ra cc <<<"${CC:-gcc}"
conf=man/execdriver.conf.5
library=man/execdriver.7
driver=man/execdriver-driver.7

for page in man/*.[0-9]; do
	if command -v mandoc >/dev/null; then
		# Pages of this machine that a page names are not its business.
		is "$(mandoc -Tlint -W warning "$page" 2>&1 | grep -v ': outdated mandoc.db ')" "" "$page is well-formed"
	else
		skip "$page is well-formed" "no mandoc"
	fi
	refs=$(sed -n 's/^\.Xr \(driverctl\|execdriver[^ ]*\) \([0-9]\).*/\1.\2/p' "$page" | sort -u)
	missing=$(for ref in $refs; do [ -e "man/$ref" ] || echo "$ref"; done)
	is "$missing" "" "$page refers to pages that are there"
done

# without FILE WORD...: the words that the page has not, each as a word of its own.
without() {
	local file=$1 word
	shift
	for word in "$@"; do
		grep -qE "(^|[^A-Za-z0-9_])$word([^A-Za-z0-9_]|\$)" "$file" || echo "$word"
	done
}
# items FILE: what its lists define as names of configuration.
items() {
	sed -n 's/^\.It Ic \([a-z_]*\).*/\1/p' "$1" | sort
}

mapfile -t keys < <(sed -n 's/^\tEXD_KEY_\([A-Z_]*\)[ ,].*/\1/p' include/execdriver/execdriver.h |
	grep -v '^MAX$' | tr '[:upper:]' '[:lower:]')
ok "the header has command keys" test "${#keys[@]}" -gt 50
is "$(comm -23 <(printf '%s\n' "${keys[@]}" | sort) <(items $conf))" "" "each command key is in $conf"

mapfile -t names < <(cat core/config.c core/plugin_file.c core/command_file.c drivers/*/*.c | tr '\n' ' ' |
	grep -oE 'known\[\] = \{[^}]*\}' | grep -oE '"[a-z_]+"' | tr -d '"' | sort -u)
ok "the sources have configuration keys" test "${#names[@]}" -gt 10
is "$(without $conf "${names[@]}")" "" "each configuration key is in $conf"

mapfile -t codes < <(grep -oE '^	EXD_(OK|ERR_[A-Z_]+) = [0-9]+' include/execdriver/error.h | tr -d '\t=' | tr -s ' ')
ok "the header has error codes" test "${#codes[@]}" -gt 40
is "$(printf '%s\n' "${codes[@]}")" "$(sed -n 's/^\.It Dv \(EXD_[A-Z_]*\) Pq \([0-9]*\)$/\1 \2/p' $library)" \
	"$library has each error code and its number"

mapfile -t enums < <(grep -ohE '^	EXD_(CAP|EVENT|STEP|FD|START|ENGINE)_[A-Z_]+|^	EXD_(PREPARE|CHILD|END|CLEANUP)\b' \
	include/execdriver/execdriver.h include/execdriver/driver.h | tr -d '\t')
cat $library $driver >"$TEST_TMPDIR/pages"
is "$(without "$TEST_TMPDIR/pages" "${enums[@]}")" "" \
	"capabilities, events, phases and flags are in a page"

exported() {
	sed -n 's/^\t\(exd_[a-z0-9_]*\);$/\1/p' core/libexecdriver.map | grep "$@"
}
for_drivers='^exd_(plan|record|options)_'
mapfile -t host_calls < <(exported -vE "$for_drivers")
mapfile -t driver_calls < <(exported -E "$for_drivers")
is "$(without $library "${host_calls[@]}")" "" "each function for hosts is in $library"
is "$(without $driver "${driver_calls[@]}")" "" "each function for drivers is in $driver"
mapfile -t named < <(cat man/*.[0-9] | sed -n 's/^\.\(Fn\|It Fn\) //p' | grep -oE '\bexd_[a-z0-9_]+' | sort -u)
cat core/*.map conformance/*.map >"$TEST_TMPDIR/maps"
is "$(without "$TEST_TMPDIR/maps" "${named[@]}")" "" "each function that a page names exists"

# example FILE FIRST: the literal block of a page or the block of C of README.md that begins with this line.
example() {
	awk -v first="$2" '
		/^\.Ed$|^```$/ { inside = 0 }
		inside { print }
		/^\.Bd -literal|^```c$/ { getline; if ($0 == first) { inside = 1; print } }' "$1" | sed 's/\\e/\\/g'
}
# compiles NAME [FLAGS...]: the example on stdin.
compiles() {
	local name=$1
	shift
	"${cc[@]}" -Wall -Wextra -Wno-unused-parameter -Werror -Iinclude "$@" -x c -o "$TEST_TMPDIR/$name" -
}
example $library '#include <execdriver/execdriver.h>' >"$TEST_TMPDIR/host.c"
ok "the example of $library compiles" compiles host.o -std=c11 -pedantic -c <"$TEST_TMPDIR/host.c"
example README.md '#include <execdriver/execdriver.h>' >"$TEST_TMPDIR/readme.c"
ok "the example of README.md compiles" compiles readme.o -std=c11 -pedantic -c <"$TEST_TMPDIR/readme.c"

done_testing
