#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Breaks one line at a time in a copy of the tree, and demands that the test that guards it turns red.
# A mutant is NAME.sed: what it breaks, which file, which test, and one substitution. MUTANTS="a b":
# only these.
set -euo pipefail

src=$(cd "$(dirname "$0")/../.." && pwd)
work=$PWD/check-mutants.d
patience=180
read -ra mutants <<<"${MUTANTS:-$(cd "$src/tests/mutants" && echo ./*.sed | sed 's|\./||g; s|\.sed||g')}"

say() {
	printf '%-24s %s\n' "$1" "$2"
}

header() {
	sed -n "s/^# $2: //p" "$src/tests/mutants/$1.sed"
}

# The tree of this moment, and a build of its own of it. What an earlier run broke is older again than
# its object.
prepare() {
	local below=${PWD#"$src"/}
	mkdir -p "$work/tree/build"
	tar -C "$src" --exclude=./.git --exclude=./build --exclude="./$below" -cf - . |
		tar -C "$work/tree" -xf -
	touch "$work/broken"
	cd "$work/tree"
	sort -u "$work/broken" | xargs -r touch
	cd build
	[ -f Makefile ] || ../configure -q CFLAGS="${MUTANTS_CFLAGS:--O1}"
	build || {
		tail -n 30 "$work/build.log"
		exit 1
	}
	rm "$work/broken"
	# Once, for what tests need besides their programs.
	[ -f tests/stage.stamp ] || make -j2 check TESTS= >"$work/build.log" 2>&1
}

# One after the other: two at once would make the same libraries.
build() {
	make -j2 all >"$work/build.log" 2>&1 || return 1
	[ $# -eq 0 ] || make -j2 "$@" >"$work/build.log" 2>&1
}

program_of() {
	case $1 in
	*.sh) ;;
	*) echo "$1" ;;
	esac
}

# Green: it ran to its end, and every case passed.
green() {
	local command=$1 code=0
	case $1 in
	*.sh) command="bash ../$1" ;;
	esac
	timeout -k 10 "$patience" make -s run-test TEST="$command" >"$work/test.log" 2>&1 </dev/null ||
		code=$?
	[ "$code" -eq 0 ] && grep -q '^1\.\.' "$work/test.log" && ! grep -q '^not ok' "$work/test.log"
}

# Cgroups that a mutant did not remove, below the parent that is this build's own.
sweep() {
	local parent top
	parent=$(sed -n 's/.*cgroup_parent = "\([^"]*\)".*/\1/p' tests/plugins.d/10-native.conf)
	[ -n "$parent" ] || return 0
	awk '/ - cgroup2? / { print $5 }' /proc/self/mountinfo | while read -r top; do
		find "$top$parent" -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null || :
	done
}

failed=0
fail() {
	say "$1" "$2"
	failed=$((failed + 1))
}

mutate() {
	local file test
	file=$(header "$1" file)
	test=$(header "$1" test)
	sed -f "$src/tests/mutants/$1.sed" "$src/$file" >"$work/mutated"
	if [ "$(diff "$src/$file" "$work/mutated" | grep -c '^<')" != 1 ]; then
		fail "$1" "does not apply to exactly one line of $file"
		return
	fi
	echo "$file" >>"$work/broken"
	cp "$work/mutated" "$tree/$file"
	# shellcheck disable=SC2046  # a script has no program to be built
	if ! build $(program_of "$test"); then
		fail "$1" "does not compile: $(grep -m 1 'error:' "$work/build.log")"
	elif green "$test"; then
		fail "$1" "SURVIVES $test"
	else
		say "$1" "killed by $test: $(grep -m 1 '^not ok' "$work/test.log" || echo "it came to no end")"
	fi
	cp "$src/$file" "$tree/$file"
	sweep
}

tree=$work/tree
prepare
tests=()
for mutant in "${mutants[@]}"; do
	tests+=("$(header "$mutant" test)")
done
mapfile -t tests < <(printf '%s\n' "${tests[@]}" | sort -u)
for test in "${tests[@]}"; do
	# shellcheck disable=SC2046
	build $(program_of "$test")
	if ! green "$test"; then
		fail "$test" "is red without any mutant: $(grep -m 1 '^not ok' "$work/test.log")"
	fi
done
[ "$failed" -eq 0 ] || exit 1
for mutant in "${mutants[@]}"; do
	mutate "$mutant"
done
echo "${#mutants[@]} mutants, $failed not killed"
[ "$failed" -eq 0 ]
