#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion in bash and zsh: what the shells propose, and that all of driverctl's tables are in it.
# shellcheck source=tests/lib.sh
. "$EXD_TEST_SRCDIR/tests/lib.sh"

scripts=$EXD_TEST_BUILDDIR/completions
driverctl=$(type -P driverctl)
# A driverctl that has containers and drivers, and writes down how it was called.
mkdir "$TEST_TMPDIR/bin"
cat >"$TEST_TMPDIR/bin/driverctl" <<END
#!/bin/bash
echo "\$*" >>"$TEST_TMPDIR/called"
case \${!#} in
list) printf 'ID  DRIVER  STATUS\nweb-1  native  running\nweb-2  lxc  stopped (1)\n' ;;
drivers) printf 'NAME  PRIORITY\nnative  10\nlxc  20\n' ;;
esac
END
chmod +x "$TEST_TMPDIR/bin/driverctl"
PATH=$TEST_TMPDIR/bin:$PATH
cd "$TEST_TMPDIR" || exit 1
mkdir directory
touch file.conf

# shellcheck source=/dev/null
. "$scripts/driverctl"

# completes WORDS...: what bash proposes for the last word. Words are split as bash does it: "--env = A".
completes() {
	local word
	COMP_LINE=
	for word; do
		case $word:$COMP_LINE in
		[=:]:* | *:*[=:]) ;;
		*:?*) COMP_LINE+=' ' ;;
		esac
		COMP_LINE+=$word
	done
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_POINT=${#COMP_LINE} COMPREPLY=()
	# A last word that is empty stands behind a blank.
	_driverctl driverctl "$word" "" 2>&1
	printf '%s\n' "${COMPREPLY[@]}" | sort -u | sed ':a; N; $!ba; s/\n/ /g'
}

is "$(complete -p driverctl)" "complete -F _driverctl driverctl" "bash: the function is bound"
is "$(completes driverctl ru)" run "bash: a verb"
is "$(completes driverctl unp)" unpause "bash: another name of a verb"
is "$(completes driverctl --ro)" --root "bash: an option before the verb"
is "$(completes driverctl run --memory-sw)" "--memory-swap --memory-swappiness" "bash: options of a verb"
is "$(completes driverctl list --mem)" "" "bash: no options of another verb"
is "$(completes driverctl --log-format '')" "json text" "bash: words of an option"
is "$(completes driverctl --log-format = j)" json "bash: words behind ="
is "$(completes driverctl --driver '')" "lxc native" "bash: drivers"
is "$(completes driverctl conformance n)" native "bash: a driver as an operand"
is "$(completes driverctl stop '')" "web-1 web-2" "bash: containers"
is "$(completes driverctl stop web-1 '')" "web-1 web-2" "bash: more containers"
is "$(completes driverctl kill web-1 TER)" TERM "bash: a signal"
is "$(completes driverctl kill web-1 TERM '')" "" "bash: nothing behind the signal"
is "$(completes driverctl exec web)" "web-1 web-2" "bash: exec in a container"
is "$(completes driverctl exec -it web-1 env)" "$(compgen -c env | sort -u | sed ':a; N; $!ba; s/\n/ /g')" "bash: exec a program"
is "$(completes driverctl run x -- mktem)" mktemp "bash: run a program"
is "$(completes driverctl run x -- cat file)" file.conf "bash: arguments of a program"
is "$(completes driverctl run -w x -m 64m -f file)" file.conf "bash: a file, behind other options"
is "$(completes driverctl run -itf file)" file.conf "bash: a letter that takes a value ends the others"
is "$(completes driverctl run -m64m --rootfs dir)" directory "bash: a directory"
is "$(completes driverctl run --network '')" "container: host none path:" "bash: networks"
is "$(completes driverctl run --network container : we)" "web-1 web-2" "bash: the network of a container"
is "$(completes driverctl run --cap-add net_r)" net_raw "bash: a capability"
is "$(completes driverctl help exe)" exec "bash: help of a verb"
is "$(completes driverctl list '')" "" "bash: nothing where nothing can stand"
: >called
completes driverctl --debug --root "/x y" --config c.conf stop '' >/dev/null
is "$(cat called)" "--debug --root /x y --config c.conf list" "bash: containers of the same root and configuration"

# words COMMAND...: verbs, or options of a verb, that its help shows.
words() {
	EXD_CONFIG=/dev/null "$driverctl" "$@" --help
}
# The help's table is driverctl's own: all that stands there must be proposed.
lacking=
for verb in $(words | sed -n 's/^  \([a-z]\{2,\}\)  .*/\1/p') unpause; do
	[ "$(completes driverctl "$verb")" = "$verb" ] || lacking+=" $verb"
	for option in $(words "$verb" | sed -nE 's/^ +(-([a-zA-Z]), +)?--([a-z-]+).*/-\2 --\3/p'); do
		[ "$option" = - ] || [[ " $(completes driverctl "$verb" "$option") " == *" $option "* ]] ||
			lacking+=" $verb:$option"
	done
done
is "$lacking" "" "bash: each verb and option of the help is proposed"
lacking=
for verb in '' $(words | sed -n 's/^  \([a-z]\{2,\}\)  .*/\1/p'); do
	while read -r option argument; do
		_driverctl_reply=
		_driverctl_value "$verb" "$option"
		[ "${argument:+value}" = "${_driverctl_reply:+value}" ] || lacking+=" $verb:$option"
	done < <(words ${verb:+"$verb"} | sed -nE 's/^ +(-[a-zA-Z], +)?(--[a-z-]+)( [^ ]+)?($|  .*)/\2\3/p')
done
is "$lacking" "" "bash: each option that takes a value is known to"

lacking=
for verb in $(words | sed -n 's/^  \([a-z]\{2,\}\)  .*/\1/p') unpause; do
	grep -q "^		'$verb:" "$scripts/_driverctl" || lacking+=" $verb"
	for option in $(words "$verb" | sed -nE 's/^ +(-([a-zA-Z]), +)?--([a-z-]+).*/-\2 --\3/p'); do
		[ "$option" = - ] ||
			sed -nE "/^	($verb|[a-z]+\\|$verb|$verb\\|[a-z]+)\\)/,/;;/p" "$scripts/_driverctl" |
			grep -qE -- "^			'[*]?${option}[=+]?\\[" || lacking+=" $verb:$option"
	done
done
is "$lacking" "" "zsh: each verb and option of the help is there"

if type -P "${ZSH:=zsh}" >/dev/null; then
	ok "zsh: the script can be read" "$ZSH" -fn "$scripts/_driverctl"
	# proposes LINE: what zsh proposes there.
	proposes() {
		"$ZSH" -f "$EXD_TEST_SRCDIR/tests/unit/completions.zsh" "$scripts" "$1" | sort | tr '\n' ' '
	}
	is "$(proposes 'driverctl ru')" "run " "zsh: a verb"
	is "$(proposes 'driverctl --ro')" "--root " "zsh: an option before the verb"
	is "$(proposes 'driverctl run --memory-sw')" "--memory-swap --memory-swappiness " "zsh: options of a verb"
	is "$(proposes 'driverctl list --mem')" "" "zsh: no options of another verb"
	is "$(proposes 'driverctl --log-format ')" "json text " "zsh: words of an option"
	is "$(proposes 'driverctl --driver ')" "lxc native " "zsh: drivers"
	is "$(proposes 'driverctl stop ')" "web-1 web-2 " "zsh: containers"
	is "$(proposes 'driverctl stop web-1 web-')" "web-1 web-2 " "zsh: more containers"
	is "$(proposes 'driverctl kill web-1 TER')" "TERM " "zsh: a signal"
	is "$(proposes 'driverctl exec -i web-1 mktem')" "mktemp " "zsh: exec a program"
	is "$(proposes 'driverctl run x -- mktem')" "mktemp " "zsh: run a program"
	is "$(proposes 'driverctl run -m 64m -f fil')" "file.conf " "zsh: a file, behind other options"
	is "$(proposes 'driverctl run --network ')" "container: host none path: " "zsh: networks"
	is "$(proposes 'driverctl run --network container:')" "web-1 web-2 " "zsh: the network of a container"
	is "$(proposes 'driverctl help exe')" "exec " "zsh: help of a verb"
	: >called
	proposes 'driverctl --debug --root /x stop ' >/dev/null
	is "$(sort -u called)" "--root /x list" "zsh: containers of the same root"
else
	not_here "zsh: what it proposes" "zsh is not installed"
fi

done_testing
