# complete.zsh SCRIPT FILE LINE: what a real zsh with its own completion system offers at the end of LINE, into FILE.
# A pseudo-terminal, because zsh completes nowhere else; compadd is wrapped to write down what fits.
zmodload zsh/zpty
script=$1 file=$2 line=$3
zpty z zsh -f -i
zpty -w z "PS1=; autoload -Uz compinit; compinit -u -D; source ${(q)script}
compadd() {
  if [[ \" \$* \" == *' -'[AOD]' '* ]]; then builtin compadd \"\$@\"; return; fi
  local -a hits
  builtin compadd -A hits \"\$@\"
  print -rl -- \$hits >> ${(q)file}
  builtin compadd \"\$@\"
}
probe() { _main_complete; print END >> ${(q)file} }
zle -C probe complete-word probe
bindkey '^X' probe
print READY >> ${(q)file}"
waitfor() {
  repeat 400; do
    grep -qs $1 $file && return
    sleep 0.05
  done
}
waitfor READY
zpty -n -w z "$line"$'\x18'
waitfor END
zpty -d z
