#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The headers, the version script and the built library name the same symbols.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"

lib=$EXD_TEST_BUILDDIR/.libs/libexecdriver
cd "$EXD_TEST_SRCDIR" || exit 1

# Every declaration that starts with EXD_API, up to its first parenthesis.
declared() {
	cat "$@" | tr '\n\t' '  ' | sed 's/EXD_API/\n&/g' |
		sed -n 's/^EXD_API [^;]*[ *]\(exd_[a-z0-9_]*\)(.*/\1/p' | sort -u
}
# compare NAME MAP LIBRARY PREFIX: what the map lists and the library exports is what stdin names.
compare() {
	local wanted exports
	wanted=$(cat)
	exports=$(nm -D --defined-only "$3" | sed -n 's/.* [TDRBV] \([^@]*\)@@.*/\1/p' | sort -u)
	is "$(sed -n 's/^\t\(exd_[a-z0-9_]*\);$/\1/p' "$2" | sort -u)" "$wanted" \
		"the version script of $1 lists what the headers declare"
	is "$exports" "$wanted" "$1 exports what the headers declare"
	is "$(grep -v "^$4" <<<"$exports")" "" "$1 exports nothing without the prefix"
}
mapfile -t headers < <(printf '%s\n' include/execdriver/*.h | grep -v /conformance.h)
in_headers=$(declared "${headers[@]}")
compare libexecdriver core/libexecdriver.map "$lib.so" exd_ <<<"$in_headers"
compare libexecdriver-conformance conformance/libexecdriver-conformance.map "$lib-conformance.so" exd_conformance_ \
	< <(declared include/execdriver/conformance.h)

# What hosts call is called in tests and examples; drivers call the rest, and are tested themselves.
called_in() {
	cat "$@" 2>/dev/null | grep -oE '\bexd_[a-z0-9_]+ *\(' | tr -d ' (' | sort -u
}
for_drivers='^exd_(plan|record|options|report|error|command)_'
untested=$(comm -23 <(printf '%s\n' "$in_headers" | grep -vE "$for_drivers") \
	<(called_in tests/*/*.c examples/*.c))
unused=$(comm -23 <(printf '%s\n' "$in_headers" | grep -E "$for_drivers") \
	<(called_in tests/*/*.c examples/*.c drivers/*/*.c driverctl/*.c))
is "$untested" "" "each function for hosts is called in a test"
is "$unused" "" "each function for drivers is called in a test or a driver"

done_testing
