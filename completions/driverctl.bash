# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of driverctl in bash. What follows this part is made of driverctl's own tables.
# shellcheck disable=SC2154 # _driverctl_verbs is in that part

# The words up to the cursor, as driverctl would get them: bash also ends them at = and : .
_driverctl_split()
{
	local line=${COMP_LINE:0:COMP_POINT} rest word i

	_driverctl_words=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		rest=${line#"${line%%[![:space:]]*}"}
		word=${COMP_WORDS[i]}
		((i == COMP_CWORD)) && word=$rest
		if ((i > 0)) && [[ -n $line && $line == "$rest" ]]; then
			_driverctl_words[-1]+=$word
		else
			_driverctl_words+=("$word")
		fi
		line=${rest#"$word"}
	done
}

# The kind of the value that the next word must be after this one; nothing when it is no option that takes one.
_driverctl_wants()
{
	local verb=$1 word=$2 i

	_driverctl_reply=
	case $word in
	--*) _driverctl_value "$verb" "$word" ;;
	-?*)
		for ((i = 1; i < ${#word}; i++)); do
			_driverctl_value "$verb" "-${word:i:1}"
			[ -n "$_driverctl_reply" ] || continue
			((i + 1 == ${#word})) || _driverctl_reply=
			break
		done
		;;
	esac
}

# Proposals of a kind for the text that has been typed.
_driverctl_propose()
{
	local kind=$1 text=$2

	case $kind in
	files) mapfile -t COMPREPLY < <(compgen -f -- "$text") && compopt -o filenames 2>/dev/null ;;
	dirs) mapfile -t COMPREPLY < <(compgen -d -- "$text") && compopt -o filenames 2>/dev/null ;;
	users) mapfile -t COMPREPLY < <(compgen -u -- "$text") ;;
	groups) mapfile -t COMPREPLY < <(compgen -g -- "$text") ;;
	containers) _driverctl_listed list "$text" ;;
	drivers) _driverctl_listed drivers "$text" ;;
	signals) mapfile -t COMPREPLY < <(compgen -W "$(compgen -A signal | sed -n 's/^SIG//p')" -- "${text#SIG}") ;;
	verbs) mapfile -t COMPREPLY < <(compgen -W "$_driverctl_verbs" -- "$text") ;;
	program) mapfile -t COMPREPLY < <(compgen -c -- "$text") ;;
	namespaces | network) _driverctl_mode "$kind" "$text" ;;
	words\ *) mapfile -t COMPREPLY < <(compgen -W "${kind#words }" -- "$text") ;;
	esac
	# What the user goes on typing.
	case ${#COMPREPLY[@]}:${COMPREPLY[0]} in
	1:*=) compopt -o nospace 2>/dev/null ;;
	esac
}

# The first column of a listing, by the options that were given before the command.
_driverctl_listed()
{
	local names

	names=$("${_driverctl_call[@]}" "$1" 2>/dev/null </dev/null | sed '1d; s/ .*//')
	mapfile -t COMPREPLY < <(compgen -W "$names" -- "$2")
}

_driverctl_mode()
{
	local first=private

	case $2 in
	container:*)
		_driverctl_listed list "${2#container:}"
		COMPREPLY=("${COMPREPLY[@]/#/container:}")
		;;
	path:*)
		mapfile -t COMPREPLY < <(compgen -f -- "${2#path:}")
		COMPREPLY=("${COMPREPLY[@]/#/path:}")
		compopt -o filenames 2>/dev/null
		;;
	*)
		[ "$1" = network ] && first=none
		mapfile -t COMPREPLY < <(compgen -W "$first host container: path:" -- "$2")
		case ${COMPREPLY[*]} in
		*:) compopt -o nospace 2>/dev/null ;;
		esac
		;;
	esac
}

# bash replaces only what is behind the last = or : .
_driverctl_shorten()
{
	local text=$1 cut

	cut=${text%"${text##*[=:]}"}
	[[ -n $cut && $COMP_WORDBREAKS == *[=:]* ]] || return 0
	COMPREPLY=("${COMPREPLY[@]#"$cut"}")
}

# Reads the words before the one at the cursor: verb, what it still waits for, operands so far.
_driverctl_read()
{
	local word

	_driverctl_verb='' _driverctl_pending='' _driverctl_count=0 _driverctl_inside=''
	_driverctl_call=("${_driverctl_words[0]}")
	for word in "${_driverctl_words[@]:1:${#_driverctl_words[@]}-2}"; do
		[ -n "$_driverctl_verb" ] || _driverctl_call+=("$word")
		if [ -n "$_driverctl_pending" ]; then
			_driverctl_pending=
		elif [ -n "$_driverctl_inside" ]; then
			_driverctl_inside=$((_driverctl_inside + 1))
		elif [ "$word" = -- ]; then
			_driverctl_inside=0
		elif [[ $word == -* ]]; then
			_driverctl_wants "$_driverctl_verb" "$word"
			_driverctl_pending=$_driverctl_reply
		elif [ -z "$_driverctl_verb" ]; then
			_driverctl_verb=$word
			unset '_driverctl_call[-1]'
		else
			_driverctl_count=$((_driverctl_count + 1))
			[ "$_driverctl_verb" = exec ] && [ "$_driverctl_count" -gt 1 ] && _driverctl_inside=1
		fi
	done
}

_driverctl_operand()
{
	local text=$1 kinds
	local -a list

	_driverctl_reply=
	_driverctl_operands "$_driverctl_verb"
	read -ra list <<<"$_driverctl_reply"
	kinds=${list[_driverctl_count]-}
	# The last one's kind is that of all that follow, but of a signal.
	[ -n "$kinds" ] || [ "${#list[@]}" -ne 1 ] || kinds=${list[0]}
	_driverctl_propose "${kinds:-none}" "$text"
}

_driverctl()
{
	local _driverctl_reply='' _driverctl_verb _driverctl_pending _driverctl_count _driverctl_inside text
	local -a _driverctl_words _driverctl_call

	COMPREPLY=()
	_driverctl_split
	_driverctl_read
	text=${_driverctl_words[-1]}
	if [ -n "$_driverctl_pending" ]; then
		_driverctl_propose "$_driverctl_pending" "$text"
	elif [ -n "$_driverctl_inside" ]; then
		if [ "$_driverctl_inside" -eq 0 ]; then
			_driverctl_propose program "$text"
		else
			_driverctl_propose files "$text"
		fi
	elif [[ $text == --*=* ]]; then
		_driverctl_wants "$_driverctl_verb" "${text%%=*}"
		_driverctl_propose "${_driverctl_reply:-none}" "${text#*=}"
		COMPREPLY=("${COMPREPLY[@]/#/${text%%=*}=}")
	elif [[ $text == -* ]]; then
		_driverctl_reply=
		_driverctl_options "$_driverctl_verb"
		mapfile -t COMPREPLY < <(compgen -W "$_driverctl_reply" -- "$text")
	elif [ -z "$_driverctl_verb" ]; then
		_driverctl_propose verbs "$text"
	else
		_driverctl_operand "$text"
	fi
	_driverctl_shorten "$text"
}

