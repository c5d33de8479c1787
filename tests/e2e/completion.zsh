# What zsh offers for $LINE with the functions in $FOLDER, a word a line in $OUT; the last line is END. zsh completes in a terminal alone,
# so it gets one of its own, and compadd, which takes what is offered, writes it down.
zmodload zsh/zpty
: >$OUT
zpty shell zsh -f
zpty -w shell "fpath=($FOLDER \$fpath); autoload -U compinit; compinit -u -D; PS1=; unsetopt zle_bracketed_paste"
zpty -w shell "compadd() { local -a found; builtin compadd -O found \"\$@\"; print -rl -- \$found >>$OUT; builtin compadd \"\$@\" }"
zpty -w shell "offered() { zle complete-word; print -r -- END >>$OUT; BUFFER=; }; zle -N offered; bindkey '^I' offered"
zpty -w shell "print READY"
zpty -r shell found "*READY*READY*"
zpty -w -n shell "$LINE"$'\t'
repeat 500; do
  grep -qx END $OUT && break
  sleep 0.02
done
zpty -d shell
