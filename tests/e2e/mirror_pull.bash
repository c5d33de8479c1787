# What the tests of pull mirrors share: an upstream repository, and a clone of it in which people work.
#
#   pull_setup              $UPSTREAM (bare, with an empty history), $WORK (its clone, made the current folder)
#   mirror_config [KEY...]  server_config with a mirror `vendor` of repository `charts`; MORE is added to the config, KEY... to the mirror
#   upstream ...            git in $UPSTREAM;  ours ...  git in the copy
#   send ARGS...            git push -q in the work folder
#   copy FIELD              of the copy, as the daemon tells it
#   refs_of [REF]           JSON of the refs that are not in step
#   act ACTION              sync, accept, verify
#   in_step REF             ours is upstream's

pull_setup() {
  headgate_setup
  UPSTREAM=$T/upstream.git WORK=$T/work
  git init -q --bare "$UPSTREAM"
  git clone -q "$UPSTREAM" "$WORK" 2>/dev/null
  cd "$WORK" || return 1
  commit base.txt base
  commit a.txt one
  git push -q origin main
}

mirror_config() {
  server_config "mirrors:
  - {name: vendor, direction: pull, repos: [charts], url: ${MIRROR_URL-file://$UPSTREAM}, every: 0s, retry_first: 1s, retry_most: 1s${1:+, $1}}" "${@:2}"
}

upstream() { git -C "$UPSTREAM" "$@"; }
ours() { git -C "$GIT_ROOT/charts.git" "$@"; }
send() { git push -q "$@" 2>/dev/null; }

copy() {
  admin GET '/v1/mirrors?mirror=vendor' | jq -r ".copies[0].$1"
}

is() { [[ $(copy "$1") == "$2" ]]; }

refs_of() {
  admin GET '/v1/mirrors/refs?mirror=vendor&repo=charts' | jq -c --arg ref "${1-}" '.refs[] | select($ref == "" or .ref == $ref)'
}

act() {
  admin POST /v1/mirrors/act -H 'Content-Type: application/json' -d "{\"mirror\":\"vendor\",\"repo\":\"charts\",\"action\":\"$1\",\"actor\":\"alice\"}"
}

# synced: a turn that somebody asks for, to its end.
turn() {
  local before
  before=$(copy tried)
  act "${1-sync}" >/dev/null
  wait_for 20 turn_over "$before"
}

turn_over() {
  [[ $(copy tried) != "$1" && $(copy running) == null && $(copy waiting) == false ]]
}

# in_step REF...: here is what is there.
in_step() {
  local ref
  for ref; do
    [[ $(ours rev-parse -q --verify "$ref") == "$(upstream rev-parse -q --verify "$ref")" ]] || return 1
  done
}

kept() { ours for-each-ref --format='%(objectname)' refs/headgate/kept; }
