#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Further processes of a running container: in everything of its, with what is their own.
# shellcheck disable=SC2317 # functions are called by name
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/audit.sh
. "$EXD_TEST_SRCDIR/tests/root/audit.sh"
cd "$TEST_TMPDIR" || exit 1

mkdir -p box/{dev,etc,proc,sys,tmp,home/alice}
cp "$audit" box/audit
printf '%s\n' root:x:0:0::/root:/bin/sh alice:x:1000:100::/home/alice:/bin/sh >box/etc/passwd
printf '%s\n' root:x:0: wheel:x:10:alice users:x:100: >box/etc/group
start() {
	run -d --pid-file "$1.pid" "${@:2}" "$1" -- /audit rest >/dev/null
}
gone() {
	! [ -e "/proc/$1" ]
}

# it is where the first process is
start plain --rootfs box
start joined --rootfs box --network container:plain --ipc container:plain --uts host
start open "${inside[@]}" --pid host --ipc host --uts host --network host --cgroupns host

# /dev/shm goes with the ipc namespace
echo hello >"/proc/$(cat plain.pid)/root/dev/shm/hello"
look "/dev/shm of a shared ipc namespace is shared" ctl exec joined /audit <<END
ls:/dev/shm hello
flags:/dev/shm rw nosuid nodev noexec
make:/dev/shm/new 0
END
rm "/proc/$(cat plain.pid)/root/dev/shm/new"
look "it can be shared further" run --rootfs box --ipc container:joined -- /audit <<<"ls:/dev/shm hello"
look "what is mounted there by the command comes first" run --rootfs box --ipc container:plain --tmpfs /dev/shm -- /audit <<<"ls:/dev/shm"
look "a container of its own ipc namespace has its own" run --rootfs box -- /audit <<<"ls:/dev/shm"
rm "/proc/$(cat plain.pid)/root/dev/shm/hello"
look "mounts of the other container stay where they are" ctl exec plain /audit <<<"ls:/dev/shm"
fails 125 "'nosuch'" "a container that is not there" run --rootfs box --ipc container:nosuch -- /audit pid

# a container that has something else there
start odd "${inside[@]}" --privileged
ctl exec --privileged odd umount /dev/shm
fails 125 "'odd' has no tmpfs on /dev/shm" "a plain directory is not shared" run --rootfs box --ipc container:odd -- /audit pid
ctl exec --privileged odd mount --bind /usr /dev/shm
fails 125 "'odd' has no tmpfs on /dev/shm" "a directory of the host is not shared" run --rootfs box --ipc container:odd -- /audit pid
ctl exec --privileged odd sh -c 'umount /dev/shm; rmdir /dev/shm; ln -s /tmp /dev/shm'
fails 125 "'odd' has no tmpfs on /dev/shm" "a link is not followed" run --rootfs box --ipc container:odd -- /audit pid
look "but the command may have one of its own" run --rootfs box --ipc container:odd --tmpfs /dev/shm -- /audit <<<"ls:/dev/shm"
ctl delete -f odd
for id in plain joined open; do
	pid=$(cat $id.pid)
	for kind in cgroup ipc mnt net pid user uts; do
		echo "link:/proc/self/ns/$kind $(readlink "/proc/$pid/ns/$kind")"
	done >table
	look "namespaces of '$id'" ctl exec $id /audit <table
	ctl exec -d --pid-file exec.pid $id /audit rest
	is "$(cat "/proc/$(cat exec.pid)/cgroup")" "$(cat "/proc/$pid/cgroup")" "cgroups of '$id'"
	is "$(tr '\0' ' ' <"/proc/$(cat exec.pid)/cmdline")" "/audit rest " "--pid-file of an exec in '$id'"
	is "$(readlink "/proc/$(cat exec.pid)/root"):$(stat -Lc %d:%i "/proc/$(cat exec.pid)/root")" \
		"/:$(stat -Lc %d:%i "/proc/$pid/root")" "root of '$id'"
	is "$(readlink "/proc/$(cat exec.pid)/fd/"{0,1,2} | paste -sd ' ')" "/dev/null /dev/null /dev/null" \
		"descriptors of a detached exec in '$id'"
	kill -KILL "$(cat exec.pid)"
	until_true gone "$(cat exec.pid)"
done
rm exec.pid
driverctl --root "$root" exec --pid-file exec.pid plain /audit rest &
client=$!
until_true test -s exec.pid
kill -KILL $client
wait $client 2>/dev/null
is "$(tr '\0' ' ' <"/proc/$(cat exec.pid)/cmdline")" "/audit rest " "a killed driverctl leaves what it started in a container"
kill -KILL "$(cat exec.pid)"
until_true gone "$(cat exec.pid)"
leaky() {
	local fd
	for fd in {3..9} {11..30} 100 500; do
		eval "exec $fd</"
	done
	exec 10<>/dev/null
	"$@"
}
look "of a host that leaks its descriptors" leaky ctl exec plain /audit <<END
fds 0 1 2
procs 1 $(($("$audit" pid >/dev/null; ctl exec plain /audit pid | sed 's/pid=//') + 1))
END
look "what is masked" ctl exec --cap-add all plain /audit <<END
w:/proc/sys/kernel/core_pattern EROFS
bytes:/proc/keys ~0|ENOENT
flags:/sys ro nosuid nodev noexec
mounts $(sed 's/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]*\) .*/\1/' "/proc/$(cat plain.pid)/mountinfo" | paste -sd ' ')
END
guarded && look "devices" ctl exec --cap-add all plain /audit <<END
mknod:c,1,11,/dev/kmsg 0
w:/dev/kmsg EPERM
END

# what it takes from the run, and what is its own
start odd --rootfs box -u alice:wheel --group-add 77 -e OF_RUN=1 -w /home/alice --umask 027 --ulimit nofile=77:88 \
	--cap-add sys_admin --cap-drop chown --security-opt no-new-privileges --hostname odd --oom-score-adj 300
look "as the run says" ctl exec odd /audit <<END
ids 1000:10 77
env ~(.* )?HOME=/home/alice HOSTNAME=odd .*
cwd /home/alice
umask 027
nofile 77:88
status:NoNewPrivs 1
status:Seccomp 2
END
look "as the exec says" ctl exec -u root --group-add 5 -e A=1 -w /tmp --umask 002 --ulimit nofile=33:44 --oom-score-adj 500 odd /audit <<END
ids 0:0 5 77
env ~A=1 (.* )?HOME=/root HOSTNAME=odd .*
cwd /tmp
umask 002
nofile 33:44
cat:/proc/self/oom_score_adj 500
END
look "groups of a user by membership, and of the run" ctl exec -u alice odd /audit <<<"ids 1000:100 10 77"
look "groups named twice" ctl exec -u alice --group-add wheel --group-add 77 odd /audit <<<"ids 1000:100 10 77"
start named --rootfs box --group-add users
printf '%s\n' root:x:0: wheel:x:10:alice >box/etc/group
look "a group whose name is gone since" ctl exec named /audit <<<"ids 0:0 100"
printf '%s\n' root:x:0: wheel:x:10:alice users:x:100: >box/etc/group
ctl delete -f named
is "$(SECRET=1 ctl exec odd /audit env | grep -c SECRET)" 0 "the environment is not the caller's"
fails 125 "nofile" "a limit above the run's" setpriv --bounding-set=-sys_resource timeout 60 driverctl --root "$root" \
	exec --ulimit nofile=999999999 plain /audit pid
fails 125 "/no/such" "a directory that is not there" ctl exec -w /no/such odd /audit
fails 125 "nobody" "a user that is not there" ctl exec -u nobody odd /audit
fails 125 "1x" "a user that is none" ctl exec -u 1x odd /audit

# capabilities: inheritable and ambient are empty whatever is asked for
start privileged --rootfs box --privileged
odd=$(hex $(((basic | 1 << 21) & ~1))) with_net=$(hex $((basic | 1 << 12)))
caps() {
	look "capabilities: $1" "${@:4}" /audit <<-END
		status:CapInh $none
		status:CapPrm $2
		status:CapEff $2
		status:CapBnd $3
		status:CapAmb $none
	END
}
generous() {
	setpriv --inh-caps +chown,+net_raw --ambient-caps +chown,+net_raw timeout 60 driverctl --root "$root" exec "$@"
}
caps "root" "$usual" "$usual" ctl exec plain
caps "alice" "$none" "$usual" ctl exec -u alice plain
caps "one more" "$with_net" "$with_net" ctl exec --cap-add net_admin plain
caps "one more for alice" "$none" "$with_net" ctl exec --cap-add net_admin -u alice plain
caps "none" "$none" "$none" ctl exec --cap-drop all plain
caps "all" "$every" "$every" ctl exec --cap-add all plain
caps "--privileged" "$every" "$every" ctl exec --privileged plain
caps "a host that hands some on" "$usual" "$usual" generous plain
caps "alice, of a host that hands some on" "$none" "$usual" generous -u alice plain
caps "those of the run" "$odd" "$odd" ctl exec -u root odd
caps "of a privileged run" "$every" "$every" ctl exec privileged
look "the filter" ctl exec plain /audit <<END
status:Seccomp 2
call:unshare-user EPERM
call:keyctl EPERM
call:mount EPERM
END
ok "keys of the host's session are not an exec's" test \
	"$(ctl exec --security-opt seccomp=unconfined plain /audit keyring)" != "$("$audit" keyring)"
look "no filter" ctl exec --security-opt seccomp=unconfined plain /audit <<<"status:Seccomp 0"
look "no filter in a privileged one" ctl exec privileged /audit <<<"status:Seccomp 0"
look "--privileged" ctl exec --privileged plain /audit <<<"status:Seccomp 0"
look "no-new-privileges" ctl exec --security-opt no-new-privileges plain /audit <<<"status:NoNewPrivs 1"
ctl delete -f odd joined privileged

# terminals
look "a terminal" ctl exec -t plain /audit <<END
fds 0 1 2
tty ~controlling foreground [0-9]+x[0-9]+ no-console
r:/dev/tty 0
ls:/dev/pts 0 ptmx
stat:/dev/pts/0 c 136:0 620 0:5
END
look "a terminal of another user" ctl exec -t -u alice plain /audit <<<"stat:/dev/pts/0 c 136:0 620 1000:5"
look "the terminal is gone" ctl exec plain /audit <<END
ls:/dev/pts ptmx
tty none
r:/dev/tty ENXIO
END

# exit codes
start shell "${inside[@]}"
for code in 0 1 3 126 255; do
	ctl exec shell sh -c "exit $code"
	is "$?" "$code" "exit code $code"
done
for signal in TERM:143 KILL:137 SEGV:139; do
	# shellcheck disable=SC2016
	ctl exec shell sh -c 'kill -$0 $$' "${signal%:*}" </dev/null >/dev/null 2>&1
	is "$?" "${signal#*:}" "exit code of SIG${signal%:*}"
done
fails 127 "'no-such-program'" "no such program" ctl exec shell no-such-program
fails 126 "'/etc/passwd'.*Permission denied" "no x bit" ctl exec shell /etc/passwd
fails 126 "'/tmp'.*Permission denied" "a directory" ctl exec shell /tmp

# 64 at once, each with an answer of its own
for n in {1..64}; do
	# shellcheck disable=SC2016
	(
		output=$(ctl exec shell sh -c 'read -r line; echo "$line of $1"; exit "$1"' - "$n" 2>&1 <<<"answer")
		echo "$?:$output"
	) >"answer.$n" &
done
wait
for n in {1..64}; do
	[ "$(cat "answer.$n")" = "$n:answer of $n" ] || echo "$n: $(cat "answer.$n")"
done >wrong
is "$(cat wrong)" "" "64 at once have the right output and exit code"
one_is_left() {
	[ "$(ctl ps --json shell | wc -l)" = 1 ]
}
until_true one_is_left
is "$(ctl ps --json shell | wc -l)" 1 "64 at once leave no process"

# Users are looked up in files that the container may have changed since.
rm box/etc/passwd
mkfifo box/etc/passwd
fails 125 "/etc/passwd" "a passwd that became a pipe" ctl exec -u alice plain /audit pid
ln -sf /proc/1/root/etc/passwd box/etc/passwd
fails 125 "/etc/passwd" "a passwd that became a magic link" ctl exec -u alice plain /audit pid
rm box/etc/passwd

# where nothing runs
ctl pause plain
fails 125 "'plain' is paused" "in a paused one" ctl exec plain /audit pid
ctl resume plain
fails 125 "'nobody'" "in one that is not there" ctl exec nobody /audit pid
ctl exec -d --pid-file exec.pid plain /audit rest
exec_pid=$(cat exec.pid)
ctl exec plain /audit rest &
waiting=$!
three() {
	[ "$(ctl ps --json plain | wc -l)" = 3 ]
}
until_true three
ctl kill plain KILL
is "$(ctl wait plain)" 137 "the first process is killed"
wait "$waiting"
is "$?" 137 "an exec that is waited for ends with it"
ok "a detached exec ends with it" until_true gone "$exec_pid"
fails 125 "'plain' is not running" "in one that has ended" ctl exec plain /audit pid
ctl delete plain
fails 125 "'plain'" "in one that is deleted" ctl exec plain /audit pid
ctl exec -d --pid-file exec.pid open /audit rest
exec_pid=$(cat exec.pid)
ctl kill open KILL
is "$(ctl wait open)" 137 "the first process is killed, without a pid namespace"
ok "a detached exec ends with it there too" until_true gone "$exec_pid"
ctl delete -f open shell

# A container that makes cgroups of its own: of v2 its topmost then takes in no process. Controllers
# that this does not concern are all that the v2 of a mixed host has.
cat >nest.conf <<'END'
mounts = ( { type = "cgroup"; target = "/sys/fs/cgroup"; } );
END
if grep -qw pids /sys/fs/cgroup/cgroup.controllers 2>/dev/null; then
	run -d "${inside[@]}" --privileged -f nest.conf nest -- sh -c "cd /sys/fs/cgroup && mkdir rest &&
		echo 0 >rest/cgroup.procs && echo +pids >cgroup.subtree_control; exec sleep 1000" >/dev/null
	handed_down() {
		grep -q pids "/sys/fs/cgroup/$parent/nest/cgroup.subtree_control"
	}
	ok "a container with cgroups below its own" until_true handed_down
	is "$(ctl exec nest cat /proc/self/cgroup)" "0::/rest" "what is started in it is where its first process is"
	is "$(ctl ps --json nest | wc -l)" 1 "and its processes are counted there"
	ctl delete -f nest
fi
is "$(find "$root" -mindepth 1 -maxdepth 1 ! -name '.*')" "" "nothing is left"
# Whoever is in the container sees an exec come, which has all capabilities at first.
mkdir traced
run -d -v "$EXD_TEST_BUILDDIR/tests/root/tracer:/tracer:ro" -v "$PWD/traced:/traced" traced -- /tracer /traced/stop >/dev/null
for _ in {1..200}; do ctl exec traced true >/dev/null; done
touch traced/stop
ctl wait traced >/dev/null
like "$(sort -u "$root/traced/output" | tr '\n' ' ')" "^ ?(true )?\$" "no exec can be traced before its program runs"

done_testing
