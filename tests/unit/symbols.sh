#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The headers, the version script and the built library name the same symbols.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"

lib=$EXD_TEST_BUILDDIR/.libs/libexecdriver.so
map=$EXD_TEST_SRCDIR/core/libexecdriver.map

# Every declaration that starts with EXD_API, up to its first parenthesis.
in_headers=$(cat "$EXD_TEST_SRCDIR"/include/execdriver/*.h | tr '\n\t' '  ' | sed 's/EXD_API/\n&/g' |
	sed -n 's/^EXD_API [^;]*[ *]\(exd_[a-z0-9_]*\)(.*/\1/p' | sort -u)
in_map=$(sed -n 's/^\t\(exd_[a-z0-9_]*\);$/\1/p' "$map" | sort -u)
in_library=$(nm -D --defined-only "$lib" | sed -n 's/.* [TDRBV] \([^@]*\)@@.*/\1/p' | sort -u)
foreign=$(printf '%s\n' "$in_library" | grep -v '^exd_')

is "$in_map" "$in_headers" "the version script lists what the headers declare"
is "$in_library" "$in_headers" "the library exports what the headers declare"
is "$foreign" "" "the library exports nothing without the prefix"

# What hosts call is called in tests and examples; drivers call the rest, and are tested themselves.
cd "$EXD_TEST_SRCDIR" || exit 1
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
