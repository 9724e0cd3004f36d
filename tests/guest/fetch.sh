#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# fetch.sh DIR: Debian's own kernel and a static busybox, unpacked below DIR and never installed. Prints the kernel's version.
set -euo pipefail

cache=$1
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

die() {
	echo "check-cgroup2: $*" >&2
	exit 1
}

# The version is in the name of the package that the one without a version depends on.
kernel_package() {
	apt-cache depends --important linux-image-amd64 2>/dev/null |
		awk '/Depends: linux-image-[0-9]/ { print $2; exit }'
}

# fetch PACKAGE: where apt's lists are missing or old, they are read anew, once.
fetch() {
	apt-get -q -q download "$1" && return
	[ "$updated" = no ] || return
	updated=yes
	apt-get -q update && apt-get -q -q download "$1"
}

# unpack PACKAGE: by way of a directory that is renamed, so that what is there is whole.
unpack() {
	local package=$1 work
	[ -d "$cache/$package" ] && return
	work=$(mktemp -d "$cache/fetch.XXXXXX")
	(cd "$work" && fetch "$package" >fetch.log 2>&1) || {
		cat "$work/fetch.log" >&2
		rm -rf "$work"
		die "cannot fetch the package $package"
	}
	mkdir "$work/root"
	dpkg -x "$work"/*.deb "$work/root"
	mv "$work/root" "$cache/$package"
	rm -rf "$work"
}

updated=no
kernel=$(kernel_package)
if [ -z "$kernel" ]; then
	apt-get -q update >&2 || die "apt-get update failed"
	updated=yes
	kernel=$(kernel_package)
fi
[ -n "$kernel" ] || die "apt knows no linux-image-amd64"
version=${kernel#linux-image-}
unpack "$kernel"
unpack busybox-static
ln -sfn "$kernel" "$cache/kernel"
ln -sfn busybox-static "$cache/busybox"
[ -e "$cache/kernel/lib/modules/$version/modules.dep" ] ||
	"$cache/busybox/bin/busybox" depmod -b "$cache/$kernel" "$version"
echo "$version"
