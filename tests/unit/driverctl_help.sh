#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# driverctl without an engine: help, version, usage errors, and that the manual knows what the tables know.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"
cd "$TEST_TMPDIR" || exit 1

verbs='run exec kill stop delete list ps pause resume update wait stats top inspect gc drivers check explain conformance help'
manual=$EXD_TEST_SRCDIR/man/driverctl.1

is "$(driverctl --version)" "driverctl 0.1.0" "--version"
help=$(driverctl --help)
is "$(driverctl -h)" "$help" "-h is --help"
is "$(driverctl help)" "$help" "help is --help"
is "$(sed -n 's/^  \([a-z]\{2,\}\)  .*/\1/p' <<<"$help" | tr '\n' ' ')" "$verbs " "the help lists all commands"

for verb in $verbs; do
	text=$(driverctl "$verb" --help)
	is "$?:${text%%$'\n'*}" "0:usage: driverctl $verb $(sed -n "s/^usage: driverctl $verb //p" <<<"$text")" \
		"$verb --help"
	is "$(driverctl help "$verb")" "$text" "help $verb is the same"
	is "$(awk 'length > 160' <<<"$text")" "" "$verb --help is not too wide"
done

# in_manual VERB: options that its help shows and the manual does not.
in_manual() {
	driverctl "$1" --help | sed -nE 's/^ +(-[a-zA-Z], +)?--([a-z-]+).*/\2/p' | while read -r option; do
		grep -qE "^\.It Fl (. , Fl )?-$option( |\$)" "$manual" || echo "$option"
	done
}
for verb in $verbs; do
	is "$(in_manual "$verb")" "" "the manual has all options of $verb"
	ok "the manual has $verb" grep -qE "^\.(Ss|It Cm) (.* )?$verb( |\$)" "$manual"
done

# usage WANTED ARGS...: one line on stderr, nothing on stdout, exit code 125.
usage() {
	local wanted=$1 output code=0
	shift
	output=$(driverctl "$@" 2>&1 >stdout) || code=$?
	is "$code:$(cat stdout):$output" "125::driverctl: $wanted" "usage: driverctl $*"
}
usage "no command; see 'driverctl --help'"
usage "unknown option '--frob'; see 'driverctl --help'" --frob
usage "unknown command 'frob'; see 'driverctl --help'" frob
usage "update: something is missing: driverctl update [OPTIONS] ID...; see 'driverctl update --help'" update -m 1m
usage "--root needs a value: DIR; see 'driverctl --help'" --root
usage "--log-format 'xml' is neither text nor json; see 'driverctl --help'" --log-format xml list
usage "run: unknown option '--frob'; see 'driverctl run --help'" run --frob -- true
usage "run: put '--' before the program: driverctl run [OPTIONS] [ID] -- CMD [ARG...]; see 'driverctl run --help'" \
	run echo hi
usage "run: 'b' is one word too many; see 'driverctl run --help'" run a b -- true
usage "exec: something is missing: driverctl exec [OPTIONS] ID CMD [ARG...]; see 'driverctl exec --help'" exec
usage "kill: 'c' is one word too many; see 'driverctl kill --help'" kill a TERM c
usage "kill: unknown option '-9'; see 'driverctl kill --help'" kill -9 a
usage "resume: something is missing: driverctl resume [OPTIONS] ID...; see 'driverctl resume --help'" unpause
usage "help: unknown command 'frob'; see 'driverctl help --help'" help frob

# full WANTED ARGS...: what cannot be printed is an error.
full() {
	local name=$1 code=0
	shift
	output=$(driverctl "$@" 2>&1 >/dev/full) || code=$?
	is "$code:$output" "125:driverctl: ${name:+$name: }cannot write to standard output: No space left on device" \
		"full disk: driverctl $*"
}
full "" --version
full "" --help
full run run --help
output=$(driverctl --version 2>&1 >&-)
is "$?:$output" "125:driverctl: cannot write to standard output: Bad file descriptor" "closed standard output"

done_testing
