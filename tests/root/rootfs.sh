# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A root directory of programs of this host with the libraries they need, for drivers that take no other.

# make_rootfs DIR PROGRAM...: the programs at their places, and who is who.
make_rootfs() {
	local dir=$1 program path
	shift
	mkdir -p "$dir"/{dev/pts,etc,home/alice,proc,root,sys,tmp} || return
	chmod 1777 "$dir/tmp"
	# A shell opens it for what it starts in the background; a file will do.
	install -m 666 /dev/null "$dir/dev/null" || return
	for program; do
		path=$(type -P "$program") || {
			echo "there is no $program" >&2
			return 1
		}
		mkdir -p "$dir/bin"
		cp -L "$path" "$dir/bin/$program" || return
		# A name and a path for each library, the path alone for the interpreter.
		ldd "$path" 2>/dev/null | grep -oE '/[^ ]+' | while read -r library; do
			[ -e "$dir$library" ] || cp -L --parents "$library" "$dir"
		done
	done
	printf '%s\n' root:x:0:0::/root:/bin/sh alice:x:1000:100::/home/alice:/bin/sh >"$dir/etc/passwd"
	printf '%s\n' root:x:0: wheel:x:10:alice users:x:100: >"$dir/etc/group"
}
