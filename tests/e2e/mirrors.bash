# What the tests of mirrors share. Sourced by `load mirrors`.
#
#   setup() { mirror_setup; }  as headgate_setup; $THERE is where the other side's repositories are
#   mirror_config URL [MORE]   the config with one push mirror "m" of all repositories; MORE: further keys (", key: value")
#   there NAME                 a bare repository on the other side, $THERE/NAME.git
#   act ACTION [REPO]          as headgate mirror ACTION
#   copy_of REPO               the row of the copy, as JSON
#   is STATE REPO              whether the copy is in that state
#   same REPO                  whether both sides have the same branches and tags
#   ref_of REPO REF            what is known of a ref: "state note"

mirror_setup() {
  headgate_setup
  THERE=$T/there
  mkdir "$THERE"
}

mirror_config() {
  server_config 'mirrors:' "  - {name: m, direction: push, url: '$1', retry_first: 1s, retry_most: 1s, silence: 20s${2-}}"
}

there() {
  git init -q --bare "$THERE/$1.git"
}

act() {
  jq -nc --arg action "$1" --arg repo "${2-}" '{mirror: "m", repo: (if $repo == "" then null else $repo end), action: $action, actor: "test"}' |
    admin POST /v1/mirrors/act -H 'Content-Type: application/json' --data-binary @-
}

copy_of() {
  admin GET "/v1/mirrors?mirror=m&repo=$1" | jq -c --arg repo "$1" '.copies[] | select(.repo == $repo)'
}

is() {
  [[ $(copy_of "$2" | jq -r .state) == "$1" ]]
}

tips() {
  git -C "$1" for-each-ref --format='%(objectname) %(refname)' refs/heads refs/tags
}

same() {
  [[ $(tips "$GIT_ROOT/$1.git") == "$(tips "$THERE/$1.git")" ]]
}

in_step() {
  is in-step "$1" && same "$1"
}

ref_of() {
  admin GET "/v1/mirrors/refs?mirror=m&repo=$1&all=true" | jq -r --arg ref "$2" '.refs[] | select(.ref == $ref) | "\(.state) \(.note)"'
}

# ref_is REPO REF STATE
ref_is() {
  [[ $(ref_of "$1" "$2") == "$3"* ]]
}

error_of() {
  copy_of "$1" | jq -r .error
}

# error_has REPO TEXT
error_has() {
  [[ $(error_of "$1") == *"$2"* ]]
}

# A commit there that nobody here has, onto that ref.
meddle() {
  local repo=$THERE/$1.git id
  id=$(git -C "$repo" commit-tree -m "theirs ${3-}" "$(git -C "$repo" mktree </dev/null)")
  git -C "$repo" update-ref "$2" "$id"
  echo "$id"
}
