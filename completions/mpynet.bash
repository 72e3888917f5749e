# bash completion for mpynet, which knows itself what fits where.
_mpynet()
{
	local line=${COMP_LINE:0:COMP_POINT} words word before
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=('')
	word=${COMP_WORDS[COMP_CWORD]}
	[[ $word == = ]] && word=
	before=${words[-1]%"$word"} # bash cuts words at = and :
	COMPREPLY=()
	while IFS=$'\t' read -r word _; do
		COMPREPLY+=("${word#"$before"}")
	done < <("${words[0]}" __complete -- "${words[@]:1}" 2>/dev/null)
	[[ ${COMPREPLY[0]-} == */ ]] && compopt -o nospace
}
complete -F _mpynet mpynet
