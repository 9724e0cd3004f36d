#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A tmpfs that begins with a copy of what lies under it.
# shellcheck disable=SC2016
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
# shellcheck source=tests/root/rootfs.sh
. "$EXD_TEST_SRCDIR/tests/root/rootfs.sh"
# shellcheck source=tests/root/audit.sh
. "$EXD_TEST_SRCDIR/tests/root/audit.sh"
cd "$TEST_TMPDIR" || exit 1
make_rootfs box sh find cat sort seq touch ls || exit 1
boxed=(--rootfs "$PWD/box")

mkdir -p box/data/{empty,deep/er/still,many}
echo text >box/data/file
head -c 3000000 /dev/urandom >box/data/deep/er/still/large
for i in {1..400}; do : >"box/data/many/a-name-that-takes-some-room-in-a-buffer-$i"; done
ln -s /etc/shadow box/data/link
ln -s "$PWD/secret" box/data/outside
echo secret >secret
mkfifo box/data/pipe
chown -h 1000:100 box/data/file box/data/link box/data/deep
chmod 4751 box/data/file
chmod 1770 box/data/deep
touch -d 2001-02-03 box/data/file box/data/deep
chmod 2750 box/data
chown 7:8 box/data

list='cd /data && find . -printf "%p %y %m %U:%G %l %s %TY\n" | sort'
shown() {
	run "${boxed[@]}" "$@" -- sh -c "$list" | sed -E 's/ ([0-9]+) ([0-9]{4})$/ \1 \2/; / d /s/ [0-9]+ ([0-9]{4})$/ \1/'
}
wanted=$(shown)
is "$(wc -l <<<"$wanted")" 411 "what is to be copied"
is "$(shown --tmpfs /data:tmpcopyup)" "$wanted" "a copy has names, kinds, modes and contents"
is "$(run "${boxed[@]}" --tmpfs /data:tmpcopyup -- cat /data/deep/er/still/large | cksum)" \
	"$(cksum <box/data/deep/er/still/large)" "contents are the same"
is "$(run "${boxed[@]}" --tmpfs /data:tmpcopyup -- find /data -name outside -printf %y:%l)" "l:$PWD/secret" \
	"a link is copied as a link"
run "${boxed[@]}" --tmpfs /data:tmpcopyup -- sh -c 'echo new >/data/file; echo new >/data/added'
is "$(cat box/data/file):$(ls box/data/added 2>/dev/null)" "text:" "what is written stays in it"
is "$(run "${boxed[@]}" --tmpfs /data -- ls -A /data)" "" "without the word a tmpfs is empty"
is "$(run "${boxed[@]}" --tmpfs /data:tmpcopyup,notmpcopyup -- ls -A /data)" "" "the word taken back"
like "$(run "${boxed[@]}" --tmpfs /data:tmpcopyup,ro -- sh -c 'cat /data/deep/er/still/large | wc -c; touch /data/new' 2>&1)" \
	'Read-only file system|not found' "a copy that can only be read"
is "$(run "${boxed[@]}" --tmpfs /data:tmpcopyup,mode=711 -- find /data -maxdepth 0 -printf '%m %U')" "711 0" \
	"a mode that was asked for counts"
is "$(run "${boxed[@]}" --tmpfs /fresh:tmpcopyup -- ls -A /fresh)" "" "under what is not there lies nothing"
is "$(run "${boxed[@]}" -v "$PWD/box/data/deep:/vol" --tmpfs /vol/er:tmpcopyup -- ls /vol/er)" still "what an earlier volume has there"
is "$(run "${boxed[@]}" --tmpfs /data:tmpcopyup -- cat /proc/keys)" "" "masked paths are in force"

# a host's mount below is not a part of it
# shellcheck disable=SC2317
mounted() {
	mount -t tmpfs below "$TEST_TMPDIR/box/data/empty" && echo x >"$TEST_TMPDIR/box/data/empty/file" &&
		run --rootfs "$TEST_TMPDIR/box" --tmpfs /data:tmpcopyup -- ls -A /data/empty
}
export -f mounted run ctl
export root parent TEST_TMPDIR
is "$("$EXD_TEST_BUILDDIR/tests/own_mounts" bash -c mounted 2>&1)" "" "another file system below is left out"

# bounds
fails 125 "copy /data.*No space left" "what does not fit is an error" run "${boxed[@]}" --tmpfs /data:tmpcopyup,size=1m -- true
truncate -s 1T box/data/sparse
fails 125 "copy /data.*No space left" "a file of a terabyte, too" run "${boxed[@]}" --tmpfs /data:tmpcopyup,size=8m -- true
rm box/data/sparse
fails 125 "copy /data.*No space left" "too many files" run "${boxed[@]}" --tmpfs /data:tmpcopyup,nr_inodes=100 -- true
(cd box/data && for _ in {1..140}; do mkdir d && cd d || exit; done)
fails 125 "copy /data.*Too many levels" "directories without end" run "${boxed[@]}" --tmpfs /data:tmpcopyup -- true
is "$(ctl gc --dry-run)" "" "nothing is left"
done_testing
