#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# User namespaces: of root's containers, with maps and mapped mounts; of an ordinary user's, from start to end.
# Single quotes hold what is expanded inside the container.
# shellcheck disable=SC2016
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
cd "$TEST_TMPDIR" || exit 1
chmod 755 .

ctl() {
	timeout 60 driverctl --root "$TEST_TMPDIR/state" "$@"
}
own=(run --userns private --uidmap 0:100000:65536 --gidmap 0:200000:65536)
# Where only its own uid and gid are mapped, and as the user of a number without a name.
user() {
	EXD_CONFIG=$TEST_TMPDIR/conf/execdriver.conf XDG_RUNTIME_DIR=$TEST_TMPDIR/runtime timeout 60 setpriv --reuid 4711 --regid 4712 --clear-groups driverctl "$@"
}
# The exit code and what was said, in one.
said() {
	local output code=0
	output=$("$@" 2>&1 </dev/null) || code=$?
	echo "$code${output:+:$output}"
}
# The user namespace whose capabilities another namespace obeys.
owner() {
	python3 -c 'import fcntl, os, sys; print(os.fstat(fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0xb701)).st_ino)' "$1"
}
install -d -o 4711 -g 4712 -m 700 runtime

# ---- of root

says "0:0:0
         0     100000      65536
         0     200000      65536" "ids inside are those of the maps" \
	"${own[@]}" -- sh -c 'echo $(id -u):$(id -g); cat /proc/self/uid_map /proc/self/gid_map'
id=$(ctl "${own[@]}" -d --pid-file pid -- sleep 1000)
pid=$(cat pid)
is "$(stat -c %u:%g "/proc/$pid")" 100000:200000 "root of the container is nobody of the host"
is "$(grep '^Groups' "/proc/$pid/status" | tr -d '[:blank:]')" Groups: "no group of the host's root is left"
for ns in pid mnt net uts ipc cgroup; do
	is "$(owner "/proc/$pid/ns/$ns")" "$(stat -Lc %i "/proc/$pid/ns/user")" "its $ns namespace belongs to its user namespace"
done
is "$(ctl exec "$id" sh -c 'readlink /proc/self/ns/user; id -u; grep ^Groups /proc/self/status | tr -d "[:blank:]"')" \
	"$(readlink "/proc/$pid/ns/user")
0
Groups:" "exec goes into its user namespace"
is "$(ctl exec -u 1000:1000 --oom-score-adj 7 "$id" sh -c 'id -u; cat /proc/self/oom_score_adj')" "1000
7" "exec as another user of it, with a score of its own"
says "0:/dev/null" "exec finds the host's nodes in /dev" exec "$id" sh -c 'echo x >/dev/null && ls /dev/null'
like "$(said ctl exec --cap-add MKNOD "$id" mknod /tmp/n c 1 3)" 'Operation not permitted' "no node can be made in it"
like "$(said ctl exec --privileged "$id" sh -c 'echo 1 >/proc/sys/kernel/panic')" 'Read-only|Permission' "settings of the host cannot be written in it"

is "$(ctl run --userns "container:$id" -- readlink /proc/self/ns/user)" "$(readlink "/proc/$pid/ns/user")" \
	"the user namespace of a container can be joined"
is "$(ctl run --userns "path:/proc/$pid/ns/user" -- readlink /proc/self/ns/user)" "$(readlink "/proc/$pid/ns/user")" \
	"or that of a path"
is "$(ctl run --userns "container:$id" --pid "container:$id" --network "container:$id" --ipc "container:$id" -- \
	sh -c 'tr "\0" " " </proc/1/cmdline; readlink /proc/self/ns/net')" "sleep 1000 $(readlink "/proc/$pid/ns/net")" \
	"with its other namespaces"
ok "a container with a user namespace is killed" ctl kill "$id" KILL
is "$(ctl wait "$id")" 137 "and its end is known"
ok "it is deleted" ctl delete "$id"

says "0:proc ro
sysfs ro" "of namespaces that are the host's, the host's files are shown read-only" \
	"${own[@]}" --pid host --network host --ipc host -- \
	sh -c 'while read -r _ at type how _; do case $at in /proc|/sys) echo "$type ${how%%,*}";; esac; done </proc/mounts'
like "$(said ctl "${own[@]}" --pid "path:/proc/$$/ns/pid" -- true)" '^125:.*join both' "the processes of others are not to be had alone"
like "$(said ctl run --userns private -- true)" '^125:.*uid_map and a gid_map' "without maps root gets no user namespace"
like "$(said ctl run --uidmap 0:1:1 -- true)" '^125:.*user_namespace = private' "nor maps without one"
like "$(said ctl "${own[@]}" -u 70000 -- true)" '^125:.*70000.*is nobody' "a user outside of the maps is refused"
is "$(ctl "${own[@]}" --init -- sh -c 'readlink /proc/1/exe; exit 3' >/dev/null; echo $?)" 3 "a small init works in it"
# shellcheck disable=SC2016 # for the shell inside
is "$(script -qec "driverctl --root '$TEST_TMPDIR/state' ${own[*]} -t -- sh -c 'stat -c %u:%g \$(tty)'" /dev/null </dev/null | tr -d '\r\0\4^@D\b')" 0:5 \
	"a terminal belongs to its user"

# ---- mapped mounts

mkdir volume root
echo text >volume/file
says "0:0:0" "owners of a mapped volume are those on disk" "${own[@]}" -v "$PWD/volume:/v:idmap" -- stat -c %u:%g /v/file
ok "what is made in it is owned as inside" ctl "${own[@]}" -v "$PWD/volume:/v:idmap" -- sh -c 'touch /v/new && chown 7:8 /v/new'
is "$(stat -c %u:%g volume/new volume/file)" "7:8
0:0" "on disk too, and nothing else was chowned"
like "$(said ctl "${own[@]}" -v "$PWD/volume:/v" -- sh -c 'stat -c %u:%g /v/file; echo >/v/file')" '65534:65534.*Permission denied' \
	"one that is not mapped is somebody else's"
like "$(said ctl "${own[@]}" -v /proc:/v:idmap -- true)" "^125:.*'/proc' \(file system proc\)" "a file system without mapped ids is named"
like "$(said ctl run -v "$PWD/volume:/v:idmap" -- true)" '^125:.*user_namespace' "without a user namespace nothing is mapped"
# shellcheck source=tests/root/rootfs.sh
. "$EXD_TEST_SRCDIR/tests/root/rootfs.sh"
make_rootfs root sh stat touch
chmod 700 root
says "0:0:0" "a mapped root is its root's, though only the host's may look into it" \
	"${own[@]}" --rootfs "$PWD/root" --rootfs-idmap -- sh -c 'touch /root/new && stat -c %u:%g /root/new'
is "$(stat -c %u:%g root/root/new)" 0:0 "and is left with the owners it had"

# ---- of an ordinary user

cp -r "$(dirname "$EXD_CONFIG")" conf
chmod -R a+rX,go-w conf
if ! user drivers >/dev/null 2>&1; then
	not_here "an ordinary user's containers" "ordinary users cannot enter the directory of the build"
	done_testing
	exit
fi

is "$(said user run -- sh -c 'echo $(id -u):$(id -g); cat /proc/self/uid_map /proc/self/setgroups')" "0:0:0
         0       4711          1
deny" "an ordinary user is root of a container with one id"
like "$(said user run --userns host -- true)" '^125:.*takes root' "but not of the host"
like "$(said user run -m 64m -- true)" '^125:.*memory.*user 4711 may make no cgroup' "a limit that cannot be kept is refused"
like "$(said user run --best-effort -m 64m -- true)" '^0:.*warning.*memory is not set' "or told, with --best-effort"
like "$(said user run --group-add 5 -- true)" '^125:.*/etc/subgid' "additional groups take ranges"
like "$(said user run -v "$PWD/volume:/v:idmap" -- true)" '^125:.*takes root' "mapped mounts take root"
is "$(user run -d --pid-file runtime/pid box -- sleep 1000)" box "a detached container of an ordinary user"
is "$(stat -c %u "/proc/$(cat runtime/pid)")" 4711 "it is his"
is "$(said user exec box sh -c 'id -u; tr "\0" " " </proc/1/cmdline')" "0:0
sleep 1000 " "exec goes into its namespaces"
is "$(said user run --userns container:box --pid container:box --network container:box -- sh -c 'tr "\0" " " </proc/1/cmdline')" "0:sleep 1000 " \
	"another joins them"
like "$(user list)" 'box +native +running' "it is listed"
like "$(said user stats box)" '^0:.*box' "it has statistics, as far as there are any"
is "$(said user kill box KILL; user wait box; user delete box; user gc; user list | sed 1d)" "0
137" "it is killed, waited for and deleted"
is "$(ls runtime/execdriver)" "" "nothing of it is left"

# with ranges, in files that only this test sees
if [ -x /usr/bin/newuidmap ] && [ -x /usr/bin/newgidmap ]; then
	# the helpers know only users that have a name
	id=$(id -u daemon):$(id -g daemon)
	echo daemon:300000:65536 >ranges
	install -d -o "${id%:*}" -g "${id#*:}" -m 700 ranged
	ranged() {
		unshare -m bash -c 'mount --bind ranges /etc/subuid && mount --bind ranges /etc/subgid &&
			XDG_RUNTIME_DIR=$PWD/ranged EXD_CONFIG=$PWD/conf/execdriver.conf exec timeout 60 setpriv --reuid daemon --regid daemon --clear-groups driverctl "$@"' - "$@"
	}
	is "$(said ranged run -- sh -c 'cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups')" "0:$(printf '%10d %10d %10d' 0 "${id%:*}" 1)
         1     300000      65536
$(printf '%10d %10d %10d' 0 "${id#*:}" 1)
         1     300000      65536
allow" "ranges of /etc/subuid and /etc/subgid are the other ids"
	is "$(said ranged run -u 5:6 --group-add 7 -- id)" "0:uid=5 gid=6 groups=6,7" "all of them can be had"
	like "$(said ranged run --uidmap 0:0:1 --gidmap 0:0:1 -- true)" '^125:.*newgidmap' "but none of the host's root, whatever was asked for"
else
	skip "ranges of /etc/subuid" "there is no newuidmap (package uidmap)"
fi

done_testing
