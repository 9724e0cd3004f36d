# shellcheck shell=bash disable=SC2034,SC2154 # for and from those that source it
# SPDX-License-Identifier: LGPL-2.1-or-later
# A place on the host that nothing in a container may reach, and whether it is as before. Source it after
# tests/root/audit.sh: the working directory becomes the test's own, where `box` is a root and `share` a
# folder for volumes.
cd "$TEST_TMPDIR" || exit 1

# What must stay as it is, and where it leads to from a root.
mkdir -p host/dir host/etc host/bin
host=$PWD/host
up=../../../../../../../../..$host
echo secret >host/secret
echo secret >host/dir/secret
printf '%s\n' root:x:0:0::/root:/bin/sh evil:x:0:0::/:/bin/sh >host/etc/passwd
printf '%s\n' root:x:0: evil:x:0: >host/etc/group
cp "$audit" host/bin/audit
mkfifo host/fifo
: >host/dir/empty
snapshot() {
	find host -printf '%p %y %m %U:%G %s %T@ %C@ %n\n' | sort
	sha256sum host/secret host/dir/secret host/etc/passwd host/bin/audit
	stat -c '%n %a %u:%g %t:%T' /dev/null /dev/zero /dev/tty /dev/ptmx
	sed 's/^[0-9]* [0-9]* //' /proc/self/mountinfo
	cat /proc/sys/kernel/core_pattern /proc/sys/net/ipv4/ip_forward
}
before=$(snapshot)
unharmed() {
	is "$(diff <(echo "$before") <(snapshot))" "" "$1: the host is as before"
	before=$(snapshot)
}

fresh_root() {
	rm -rf box share
	mkdir -p share/d box/{dev,etc,proc,sys,tmp,bin,data}
	cp "$audit" box/audit
	echo root:x:0:0::/root:/bin/sh >box/etc/passwd
}
