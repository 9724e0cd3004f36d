# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# For scripts that look at containers from inside: source it after tests/lib.sh. The program audit
# is /audit in containers that are given "${inside[@]}".

root=$TEST_TMPDIR/state
audit=$EXD_TEST_BUILDDIR/tests/root/audit
parent=/exd-test-$$
# shellcheck disable=SC2034
inside=(-v "$audit:/audit:ro")

# The capabilities of root in a container. Making device nodes is one of them where rules judge who
# may use them.
hex() {
	printf '%016x' "$1"
}
guarded && basic=0xa80425fb || basic=0xa00425fb
# shellcheck disable=SC2034
usual=$(hex "$basic") none=$(hex 0) every=$(sed -n 's/^CapBnd:\t//p' /proc/self/status)

ctl() {
	timeout 60 driverctl --root "$root" "$@"
}

run() {
	ctl run --cgroup-parent "$parent" "$@"
}

# Everything that a script left, in an order in which it can be removed.
audit_end() {
	local code=$? ids
	ids=$(ctl list --json 2>/dev/null | sed 's/.*"id": "\([^"]*\)".*/\1/')
	# shellcheck disable=SC2086
	[ -z "$ids" ] || ctl delete -f $ids
	find /sys/fs/cgroup -mindepth 1 -depth -type d -path "*$parent*" -exec rmdir {} + 2>/dev/null
	rm -rf "$TEST_TMPDIR"
	exit "$code"
}
trap audit_end EXIT

# agrees GOT WANTED NAME: WANTED is a text, or ~ and a pattern for all of it.
agrees() {
	case $2 in
	"~"*) like "$1" "^(${2#\~})\$" "$3" ;;
	*) is "$1" "$2" "$3" ;;
	esac
}

# look NAME COMMAND... <<TABLE: the command runs audit with the first word of each line of the table,
# and is to get the rest of that line. Each line is a test case.
look() {
	local name=$1 output word wanted words=() all=()
	shift
	while read -r word wanted; do
		words+=("$word")
		all+=("$wanted")
	done
	output=$("$@" "${words[@]}" 2>&1 </dev/null | tr -d '\r')
	for ((i = 0; i < ${#words[@]}; i++)); do
		word=${words[i]} wanted=${all[i]}
		if [[ $'\n'$output$'\n' == *$'\n'"$word="* ]]; then
			output=${output#*"$word="}
			agrees "${output%%$'\n'*}" "$wanted" "$name: $word is $wanted"
		else
			is "$output" "$word=$wanted" "$name: $word is $wanted"
		fi
	done
}

# fails CODE PATTERN NAME COMMAND...: the exit code, and one line on standard error.
fails() {
	local wanted=$1 pattern=$2 name=$3 output code=0
	shift 3
	output=$("$@" 2>&1 </dev/null) || code=$?
	like "$code:$output" "^$wanted:driverctl: [^
]*($pattern)[^
]*\$" "$name"
}
