# complete.bash SCRIPT WORD…: what bash offers for the last word, with the words as bash itself takes a line apart.
source "$1"
shift
spec=$(complete -p punktfunk-host) || exit 1
[[ $spec == 'complete -F '*' punktfunk-host' ]] || exit 1
function=${spec#complete -F }
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
"${function% punktfunk-host}" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
