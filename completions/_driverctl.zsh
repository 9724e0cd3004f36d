#compdef driverctl
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of driverctl in zsh. What follows this part is made of driverctl's own tables.

# The first column of a listing, by the options that were given before the command.
_driverctl_listed()
{
	local -a names

	names=(${${(f)"$($_driverctl_call $1 2>/dev/null </dev/null)"}[2,-1]%% *})
	compadd -a names
}

_driverctl_none() { _message -e value value }
_driverctl_files() { _files }
_driverctl_dirs() { _files -/ }
_driverctl_users() { _users }
_driverctl_groups() { _groups }
_driverctl_containers() { _driverctl_listed list }
_driverctl_drivers() { _driverctl_listed drivers }
_driverctl_signals() { _signals -a }

# A mode of a namespace: of its own, the host's, another container's, that of a file.
_driverctl_mode()
{
	if compset -P 'container:'; then
		_driverctl_listed list
	elif compset -P 'path:'; then
		_files
	else
		compadd $1 host
		compadd -S '' container: path:
	fi
}
_driverctl_namespaces() { _driverctl_mode private }
_driverctl_network() { _driverctl_mode none }

_driverctl()
{
	local curcontext=$curcontext state line context ret=1
	local -A opt_args
	local -a _driverctl_call=($words[1])
	local name

	# Not in a function of its own: what this makes of $words would end with that.
	_arguments -C -s -S : $_driverctl_globals '1: :_driverctl_verbs' '*:: :->verb' && ret=0
	for name in --config --root; do
		[[ -z $opt_args[$name] ]] || _driverctl_call+=($name ${(Q)opt_args[$name]})
	done
	[[ $state == verb ]] || return $ret
	# Behind the dashes stands a program with its own arguments.
	if (( $words[(i)--] < CURRENT )) && [[ $words[1] == (run|explain) ]]; then
		local at=$words[(i)--]

		shift $at words
		(( CURRENT -= at ))
		_normal
		return
	fi
	_driverctl_verb
}
