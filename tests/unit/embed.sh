#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a user of an installed copy has: pkg-config, headers, the example, which runs where it may.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"

# The folder of drivers is refused when others may write to it.
umask 022
unset MAKEFLAGS MFLAGS MAKELEVEL
unset PKG_CONFIG_PATH

read -ra cc <<<"${CC:-gcc}"
cxx=$(command -v g++ || command -v c++)
dest=${EXD_TEST_STAGE:?is set by make check}
prefix=$(sed -n 's/^prefix = //p' "$EXD_TEST_BUILDDIR/Makefile")
# A sanitized library is loaded only by programs built the same way.
read -ra sanitizer <<<"$(sed -n 's/^SAN_CFLAGS = //p' "$EXD_TEST_BUILDDIR/Makefile")"

ok "make install works" test -d "$dest$prefix"

# one_file NAME: where the installed copy has it.
one_file() {
	find "$dest" -name "$1" -not -path "*/completions/*" -print -quit
}

pc=$(one_file execdriver.pc)
# As from outside: the prefix is in the .pc file, the copy lies below DESTDIR.
flags() {
	PKG_CONFIG_LIBDIR=${pc%/*}:$(pkg-config --variable pc_path pkg-config) PKG_CONFIG_SYSROOT_DIR=$dest \
		PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 pkg-config "$@" execdriver
}

like "$(flags --cflags)" "-I$dest$prefix/include" "pkg-config names the headers"
like "$(flags --libs)" "-L$dest.* -lexecdriver" "pkg-config names the library and where it is"
is "$(flags --modversion)" "$(sed -n 's/^PACKAGE_VERSION = //p' "$EXD_TEST_BUILDDIR/Makefile")" \
	"pkg-config knows the version"

read -ra cflags <<<"$(flags --cflags)"
read -ra libs <<<"$(flags --libs)"
embed=$TEST_TMPDIR/embed
ok "the example compiles as C11 with what pkg-config says" "${cc[@]}" "${sanitizer[@]}" -std=c11 -Wall -Wextra \
	-Werror -pedantic "${cflags[@]}" -o "$embed" "$EXD_TEST_SRCDIR/examples/embed.c" "${libs[@]}"
ok "it compiles as the compiler's own C as well" "${cc[@]}" -Wall -Wextra -Werror "${cflags[@]}" \
	-fsyntax-only "$EXD_TEST_SRCDIR/examples/embed.c"

all_headers() {
	(cd "$dest$prefix/include" && printf '#include <%s>\n' execdriver/*.h)
	echo 'int main() { return exd_version() == nullptr; }'
}
cxx_program() {
	all_headers | "$cxx" "${sanitizer[@]}" -std=c++17 -Wall -Wextra -Werror -pedantic "${cflags[@]}" \
		-x c++ -o "$TEST_TMPDIR/cxx" - -x none "${libs[@]}"
}
if [ -n "$cxx" ]; then
	ok "all headers together are C++17 and link" cxx_program
else
	skip "all headers together are C++17 and link" "no C++ compiler"
fi

# The driver of the manual, as its reader would have it.
mkdir "$TEST_TMPDIR/plugins.d" "$TEST_TMPDIR/drivers" || exit 1
awk '/^\.Ed$/ { inside = 0 } inside { print }
	/^\.Bd -literal/ { getline; if (/signal\.h/) { inside = 1; print } }' \
	"$EXD_TEST_SRCDIR/man/execdriver-driver.7" >"$TEST_TMPDIR/plain.c"
plain=$TEST_TMPDIR/drivers/plain.so
ok "the driver of the manual compiles" "${cc[@]}" "${sanitizer[@]}" -Wall -Wextra -Wno-unused-parameter -Werror \
	-shared -fPIC "${cflags[@]}" -o "$plain" "$TEST_TMPDIR/plain.c" "${libs[@]}"
echo "driver: { name = \"plain\"; path = \"$plain\"; };" >"$TEST_TMPDIR/plugins.d/plain.conf"

is "$(find "$dest" -name '*.la' -path '*/drivers/*' -prune -o -perm /6000 -print)" "" \
	"nothing that is installed is set-user-id"

# configure FILE PLUGIN_DIR: for the installed copy, which thinks it lies at its prefix.
configure() {
	local driver
	driver=$(one_file native.so)
	{
		[ -z "$driver" ] || echo "driver_dir = \"${driver%/*}\";"
		echo "monitor = \"$(one_file execdriver-monitor)\";"
		echo "plugin_dir = \"$2\";"
	} >"$1"
}
conf=$TEST_TMPDIR/execdriver.conf
configure "$conf" "$(one_file plugins.d)"
configure "$TEST_TMPDIR/plain.conf" "$TEST_TMPDIR/plugins.d"

# The example uses the standard state directory: here one of its own, that ends with it.
run_embed() {
	local library
	library=$(one_file libexecdriver.so.0)
	# shellcheck disable=SC2016
	"$EXD_TEST_BUILDDIR/tests/own_mounts" sh -c 'mount -t tmpfs tmpfs /run && exec "$@"' sh \
		env EXD_CONFIG="$conf" LD_LIBRARY_PATH="${library%/*}" "$embed" "$@" 2>&1
}

if [ "$(id -u)" = 0 ] && [ -n "$(one_file native.so)" ]; then
	output=$(run_embed)
	is "$?" 42 "the example ends with the exit code of its program"
	like "$output" "hello from process 1" "its program ran in a container"
	like "$output" "started as process [1-9]" "its start hook was called"
	like "$output" "ended with 42" "its exit hook was called"
	# shellcheck disable=SC2046
	set -- $(grep '^memory' /proc/cgroups)
	if [ "${4-1}" = 1 ]; then
		like "$(run_embed sh -c 'head -c 256m /dev/zero | tail -c 200m >/dev/null')" \
			"killed a process for memory, 1 so far" "it reads its OOM channel"
	else
		skip "it reads its OOM channel" "this kernel has no memory controller"
	fi
	output=$(run_embed /no/such/program)
	is "$?" 127 "a program that is not there is 127"
	like "$output" "^embed: .*/no/such/program" "the error names the program"
fi
if [ "$(id -u)" = 0 ]; then
	conf=$TEST_TMPDIR/plain.conf
	output=$(run_embed)
	is "$?" 42 "the driver of the manual runs a program"
	like "$output" "hello from process [1-9]" "it says hello"
fi

done_testing
