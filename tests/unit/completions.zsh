# SPDX-License-Identifier: LGPL-2.1-or-later
# Prints what zsh proposes at the end of a line. Arguments: the directory with _driverctl, the line.
# Completion works in a line editor alone, so that a second zsh has one on a pseudo terminal.
zmodload zsh/zpty || exit 1

# Typed into the inner shell: each match becomes a line with a mark, and nothing else is said.
setup="
PS1= PS2= RPS1=
unset zle_bracketed_paste
setopt no_beep
module_path=($module_path) fpath=(${(q)1} $fpath)
autoload -Uz compinit && compinit -D -u
compadd()
{
	local -a hits
	case \" \${@[1,(i)-]} \" in
	*\ -[ADO]*) builtin compadd \"\$@\"; return ;;
	esac
	builtin compadd -A hits \"\$@\"
	print -rC1 -- \${hits/#/MATCH:}
	builtin compadd \"\$@\"
}
finish() { print END; exit }
zle -N finish
bindkey '^I' complete-word '^X' finish
print READY
"
zpty inner zsh=${ZSH:-zsh} ${ZSH:-zsh} -f -i
zpty -w inner "$setup"
zpty -r inner text '*READY*READY*'
zpty -w -n inner "$2"$'\t\x18'
zpty -r inner text $'*END\r\n*'
print -r -- $text | tr -d '\r' | sed -n 's/.*MATCH://p'
zpty -d inner
