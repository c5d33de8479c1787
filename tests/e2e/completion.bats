# What bash, zsh and fish offer for headgate: every verb, every option of every verb, and the names that the daemon knows.
load helper

# offered_bash WORD...: what is offered for the last of the words.
offered_bash() {
  bash --norc --noprofile -c '
    source "$1"
    shift
    COMP_WORDS=(headgate "$@") COMP_CWORD=$#
    _headgate
    printf "%s\n" "${COMPREPLY[@]}"' bash "$ROOT/contrib/completion/headgate.bash" "$@"
}

offered_fish() {
  local line=headgate word
  for word in "$@"; do
    line+=" $word"
  done
  LINE=$line fish --no-config -c "source $ROOT/contrib/completion/headgate.fish; complete -C \"\$LINE\"" | cut -f 1
}

offered_zsh() {
  local line=headgate word
  for word in "$@"; do
    line+=" $word"
  done
  LINE=$line FOLDER=$ROOT/contrib/completion OUT=$T/offered timeout 30 zsh -f "$ROOT/tests/e2e/completion.zsh" >"$T/zsh.log" 2>&1
  grep -qx END "$T/offered" || { echo "zsh did not answer" >&2; cat "$T/zsh.log" >&2; return 1; }
  grep -vx END "$T/offered" | sort -u | sed '/^$/d'
}

verbs() {
  headgate --help | sed -nE 's/^  ([a-z]+)  +.*/\1/p'
}

# The options that getopt_long takes by a verb's --help.
options_of() {
  headgate "$@" --help 2>&1 | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u
}

# all_offered SHELL: every verb, and every option of each.
all_offered() {
  local verb missing
  (($(verbs | wc -l) > 15))
  missing=$(comm -23 <(verbs | sort) <("offered_$1" '' | sort))
  [[ -z $missing ]] || { echo "$1 does not offer: $missing"; return 1; }
  for verb in $(verbs) "schema import" "schema show"; do
    # shellcheck disable=SC2086
    (($(options_of $verb | wc -l) > 0)) || [[ $verb == schema ]]
    # shellcheck disable=SC2086
    missing=$(comm -23 <(options_of $verb) <("offered_$1" $verb -- 2>&1 | sort))
    [[ -z $missing ]] || { echo "$1 does not offer for $verb:" $missing; return 1; }
  done
}

# names_offered SHELL: what the daemon knows.
names_offered() {
  local offered=offered_$1
  [[ $($offered agent '' | sort | xargs) == "add list remove rotate" ]]
  [[ $($offered diff '') == web1 ]]
  [[ $($offered diff web1 '' | sort | xargs) == "t1 t2" ]]
  [[ $($offered history --limit 3 web1 t) == t[12]*t[12] ]]
  [[ $($offered agent remove w) == web1 ]]
  [[ $($offered wait '' | sort | xargs) == "infra other/deep" ]]
  [[ $($offered mirror '' | sort | xargs) == "list pause promote resume show sync upstreams verify" ]]
  [[ $($offered mirror show '' | sort | xargs) == "bak up" ]]
  [[ $($offered mirror sync --wait bak '' | sort | xargs) == "infra other/deep" ]]
  [[ $($offered history --repo '' | sort | xargs) == "infra other/deep" ]]
  [[ $($offered token add x --role '' | sort | xargs) == "admin operator viewer" ]]
  [[ $($offered explain yaml/dup) == yaml/duplicate-key ]]
  [[ $($offered status -c "$T/headgate.y") == *headgate.yaml* ]]
  # Without the daemon there are no names, and no complaint.
  daemon_stop
  [[ -z $($offered diff '' 2>&1) ]]
  daemon_start
}

setup() {
  headgate_setup
  server_config "mirrors: [{name: bak, direction: push, url: '$T/bak/{repo}.git'}, {name: up, direction: pull, url: '$T/up.git', repos: [infra]}]"
  repo_new infra
  repo_new other/deep
  daemon_start
  agent_add web1
  agent_config web1 "infra:web:$T/web" "infra:db:$T/db"
  agent_start web1
  wait_for 20 eval '[[ $(admin GET /v1/agents | jq ".agents[0].targets | length") == 2 ]]'
}

@test "bash" {
  all_offered bash
  names_offered bash
}

@test "zsh" {
  all_offered zsh
  names_offered zsh
}

@test "fish" {
  all_offered fish
  names_offered fish
}
