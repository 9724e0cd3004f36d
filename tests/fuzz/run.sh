#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Fuzzes each target, or merges what was found into the corpus, in the folder of the build; prints
# how much of the files that a target aims at its corpus reaches, which has to be 80 % of the lines.
set -euo pipefail

src=$(cd "$(dirname "$0")/../.." && pwd)
corpus=$src/tests/fuzz/corpus
work=tests/fuzz/work
least=80
read -ra targets <<<"${FUZZ_TARGET:-$(cd tests/fuzz && echo ./*.fuzz | sed 's|\./||g; s|\.fuzz||g')}"

# The tools of the compiler's own version.
tool() {
	local dir
	dir=$(dirname "$(readlink -f "$(command -v "$FUZZ_CC")")")
	if [ -x "$dir/$1" ]; then echo "$dir/$1"; else echo "$1"; fi
}

aims() {
	case $1 in
	answers) echo core/conn.c core/process_messages.c ;;
	command) echo core/command_file.c core/command_parse.c core/command_text.c ;;
	config) echo core/conffile.c core/conffile_numbers.c core/config.c core/plugin_file.c ;;
	mounts) echo base/cgroupmounts.c drivers/native/cgroup_layout.c ;;
	plan) echo monitor/validate.c ;;
	procstat) echo base/procstat.c ;;
	record) echo core/record_parse.c ;;
	requests) echo monitor/launch.c monitor/report.c monitor/request.c ;;
	users) echo drivers/native/user.c drivers/native/user_groups.c drivers/native/userdb.c ;;
	workers) echo monitor/worker.c monitor/worker_init.c monitor/worker_report.c ;;
	*) echo "no target '$1'" >&2 && exit 1 ;;
	esac
}

flags() {
	echo "-timeout=20 -rss_limit_mb=2048 -print_final_stats=1"
	case $1 in
	plan) echo "-max_len=2048" ;;
	answers | requests | workers) echo "-max_len=1024" ;;
	*) echo "-max_len=4096 -dict=$src/tests/fuzz/text.dict" ;;
	esac
}

fuzz() {
	local args
	read -ra args <<<"$(flags "$1" | tr '\n' ' ')"
	mkdir -p "$work/$1"
	if ! LLVM_PROFILE_FILE=/dev/null nice -n 19 "tests/fuzz/$1.fuzz" "${args[@]}" \
		-max_total_time="$FUZZ_SECONDS" -artifact_prefix="$work/$1-" \
		"$work/$1" "$corpus/$1" >"$work/$1.log" 2>&1; then
		tail -n 60 "$work/$1.log"
		return 1
	fi
	echo "$1: $FUZZ_SECONDS s, nothing found"
}

# Edges alone count here: how often each is passed would make the corpus ten times as large. What was
# a finding once stays, by its name.
merge() {
	local args
	read -ra args <<<"$(flags "$1" | tr '\n' ' ')"
	rm -rf "$work/$1.new"
	mkdir -p "$work/$1" "$work/$1.new" "$corpus/$1"
	LLVM_PROFILE_FILE=/dev/null nice -n 19 "tests/fuzz/$1.fuzz" "${args[@]}" -merge=1 \
		-use_counters=0 "$work/$1.new" "$corpus/$1" "$work/$1" >"$work/$1.log" 2>&1
	find "$corpus/$1" -name 'found-*' -exec cp {} "$work/$1.new" ';'
	rm -rf "${corpus:?}/$1"
	mv "$work/$1.new" "$corpus/$1"
}

coverage() {
	local profile=$work/$1.profile file percent
	LLVM_PROFILE_FILE=$profile.raw "tests/fuzz/$1.fuzz" -runs=0 "$corpus/$1" 2>"$work/$1.log"
	"$(tool llvm-profdata)" merge -sparse -o "$profile" "$profile.raw"
	"$(tool llvm-cov)" report -instr-profile="$profile" "tests/fuzz/$1.fuzz" >"$work/$1.table"
	for file in $(aims "$1"); do
		# Regions, functions, lines: each with how many, missed, percent.
		percent=$(awk -v file="$file" '$1 == file { print int($10) }' "$work/$1.table")
		printf '%-10s %-32s %3d %%\n' "$1" "$file" "$percent"
		[ "$percent" -ge "$least" ] || short="${short:-} $file"
	done
}

mkdir -p "$work"
for target in "${targets[@]}"; do
	if [ "$1" = fuzz-merge ]; then
		merge "$target"
	elif [ "$FUZZ_SECONDS" -gt 0 ]; then
		fuzz "$target"
	fi
done
for target in "${targets[@]}"; do
	coverage "$target"
done
if [ -n "${short:-}" ]; then
	echo "less than $least % of the lines are reached:$short"
	exit 1
fi
