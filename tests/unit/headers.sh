#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each header compiles alone: the public ones as C11 and C++17 without extensions, ours as gnu11.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
cd "$EXD_TEST_SRCDIR" || exit 1

read -ra cc <<<"${CC:-gcc}"
cxx=$(command -v g++ || command -v c++)

# compiles HEADER COMPILER [FLAGS...]: twice in one unit, to see the guard work. A unit that holds
# nothing is not ISO C, so it declares something of its own.
compiles() {
	local header=$1
	shift
	printf '#include "%s"\n#include "%s"\nextern int unit;\n' "$header" "$header" |
		"$@" -Wall -Wextra -Werror -fsyntax-only -Iinclude -I. -I"$EXD_TEST_BUILDDIR" -
}

for path in include/execdriver/*.h; do
	header=${path#include/}
	ok "$header is C11" compiles "$header" "${cc[@]}" -std=c11 -pedantic -x c
	if [ -n "$cxx" ]; then
		ok "$header is C++17" compiles "$header" "$cxx" -std=c++17 -pedantic -x c++
	else
		skip "$header is C++17" "no C++ compiler"
	fi
done

for header in base/*.h core/*.h monitor/*.h drivers/*/*.h driverctl/*.h conformance/*.h; do
	[ -e "$header" ] || continue
	ok "$header compiles alone" compiles "$header" "${cc[@]}" -std=gnu11 -D_GNU_SOURCE \
		-Wno-unused-function -Wno-unused-parameter -x c
done

done_testing
