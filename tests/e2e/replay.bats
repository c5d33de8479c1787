#!/usr/bin/env bats
# headgate replay: what a policy would have cost.

bats_require_minimum_version 1.5.0
load helper

bad_manifest() {
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: Bad_1\n'
}

# A repository of the server with this history on main: well, refused (twice wrong), well again (mends it), refused, then a merge that
# brings what side had wrong and what side had mended.
history() {
  git init -q --bare -b main "$GIT_ROOT/infra.git"
  git init -q work && cd work
  commit a.yaml "$(good_manifest a)" 'start'
  commit b.yaml "$(bad_manifest)
data:
  a: one
  a: two" 'break it'
  commit b.yaml "$(good_manifest b)" 'mend it'
  commit c.json '{"a": 1,}' "$(printf 'a comma \e[31m too many')"
  git checkout -q -b side HEAD~1
  commit d.yaml "$(bad_manifest)" 'side: break'
  commit d.yaml "$(good_manifest d)" 'side: mend'
  commit e.yaml "$(bad_manifest)" 'side: break again'
  git checkout -q main
  git merge -q --no-ff -m 'merge side' side
  git push -q "$GIT_ROOT/infra.git" main side
  cd "$T"
}

@test "replay: tells the pushes that would have been refused, and what it comes to" {
  server_config
  history
  run --separate-stderr headgate replay "$GIT_ROOT/infra.git"
  [ "$status" -eq 1 ]
  [ -z "$stderr" ]
  work() { git -C work rev-parse --short=12 "$1"; }
  day=$(date -u +%F)
  [ "$output" = "refused: $(work main~3) $day Alice: break it: 2 errors in 1 changed file
b.yaml:4:9: error: metadata.name \"Bad_1\" is not a DNS name: \"B\" is not allowed (allowed: a-z, 0-9, \"-\" and \".\") [k8s/name]
     4 |   name: Bad_1
                 ^
  hint: for example bad-1
b.yaml:7:3: error: duplicate key \"a\" [yaml/duplicate-key]
     7 |   a: two
           ^
  hint: remove one of the two; the first is on line 6
refused: $(work main~1) $day Alice: a comma \\e[31m too many: 1 error in 1 changed file
c.json:1:9: error: a value has to come after ',' [json/syntax]
     1 | {\"a\": 1,}
                 ^
  hint: remove the comma before the closing bracket
refused: $(work main) $day Alice: merge side: 1 error in 2 changed files
e.yaml:4:9: error: metadata.name \"Bad_1\" is not a DNS name: \"B\" is not allowed (allowed: a-z, 0-9, \"-\" and \".\") [k8s/name]
     4 |   name: Bad_1
                 ^
  hint: for example bad-1

3 of 5 pushes to refs/heads/main would have been refused: 4 errors in 6 changed files
policy: built in

RULE                SEVERITY  PUSHES  FINDINGS
k8s/name            error          2         2
json/syntax         error          1         1
yaml/duplicate-key  error          1         1" ]
}

@test "replay: the same verdicts as the gate gives to the pushes themselves" {
  server_config
  history
  repo_new other
  git clone -q "$GIT_ROOT/infra.git" clone 2>/dev/null
  cd clone
  for commit in $(git rev-list --first-parent --reverse main); do
    git push -q "$GIT_ROOT/other.git" "$commit:refs/heads/main" 2>/dev/null || echo "$commit" >>"$T/refused"
    # What was refused is put there all the same, for the next to be told from it.
    git push -q "$GIT_ROOT/other.git" "$commit:refs/heads/stand-in"
    git --git-dir "$GIT_ROOT/other.git" update-ref refs/heads/main "$commit"
  done
  [ "$(headgate replay --json "$GIT_ROOT/infra.git" | jq -r '.pushes[].commit')" = "$(cat "$T/refused")" ]
}

@test "replay: nothing refused is exit 0" {
  server_config
  history
  run --separate-stderr headgate replay "$GIT_ROOT/infra.git" main~2
  [ "$status" -eq 1 ]
  run --separate-stderr headgate replay "$GIT_ROOT/infra.git" main~3..main~2
  [ "$status" -eq 0 ]
  [ "$output" = "none of 1 pushes to refs/heads/main would have been refused: no findings in 1 changed file
policy: built in" ]
  run headgate replay "$GIT_ROOT/infra.git" main..main
  [ "$status" -eq 0 ]
  [[ $output == "none of 0 pushes"* ]]
}

@test "replay: ranges" {
  server_config
  history
  counted() { headgate replay --json "$GIT_ROOT/infra.git" "$@" | jq -c '[.summary.pushes, .summary.refused]'; }
  [ "$(counted)" = "[5,3]" ]
  [ "$(counted main)" = "[5,3]" ]
  [ "$(counted main~2..)" = "[2,2]" ]
  [ "$(counted ..main)" = "[0,0]" ]
  [ "$(counted main..side)" = "[0,0]" ]
  [ "$(counted main~1..side)" = "[3,2]" ]
  for range in main...side nothing..main main..nothing nothing; do
    run --separate-stderr headgate replay "$GIT_ROOT/infra.git" "$range"
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    [[ $stderr == "headgate: replay: "* ]]
  done
}

@test "replay --json" {
  server_config
  history
  run --separate-stderr headgate replay --json "$GIT_ROOT/infra.git"
  [ "$status" -eq 1 ]
  [ -z "$stderr" ]
  [ "$(jq -c '.summary' <<<"$output")" = '{"ref":"refs/heads/main","policy":"built in","pushes":5,"refused":3,"warned":0,"unjudged":0,"files":6,"errors":4,"warnings":0,"told":4,"rules":[{"rule":"k8s/name","severity":"error","pushes":2,"findings":2},{"rule":"json/syntax","severity":"error","pushes":1,"findings":1},{"rule":"yaml/duplicate-key","severity":"error","pushes":1,"findings":1}]}' ]
  [ "$(jq -r '.pushes[0] | .commit, .parent' <<<"$output" | xargs)" = "$(git -C work rev-parse main~3 main~4 | xargs)" ]
  [ "$(jq -c '.pushes[1] | [.author, .email, .subject, .refused, .trouble, .errors, .warnings, (.findings | length)]' <<<"$output")" = \
    '["Alice","alice@example.org","a comma \u001b[31m too many",true,null,1,0,1]' ]
  [[ "$(jq -r '.pushes[0].date' <<<"$output")" == "$(date -u +%F)T"*Z ]]
}

@test "replay --limit: findings past it are counted, not told" {
  server_config
  history
  run --separate-stderr headgate replay --limit 1 "$GIT_ROOT/infra.git"
  [ "$status" -eq 1 ]
  [ "$(grep -c '^refused: ' <<<"$output")" -eq 3 ]
  [ "$(grep -c ': error: ' <<<"$output")" -eq 1 ]
  [ "$(grep -c 'and 1 more, not shown' <<<"$output")" -eq 3 ]
  [[ $output == *"4 errors in 6 changed files"* ]]
  [ "$(headgate replay --limit 0 --json "$GIT_ROOT/infra.git" | jq '[.pushes[].findings | length] | add')" = 0 ]
}

@test "replay: the policy of the ref in the server's config" {
  server_config "policies:
  - repos: [infra]
    refs: [refs/heads/main]
    push: {allow: [nobody]}
    rules: {k8s/name: warning, json/syntax: 'off'}
  - repos: [infra]
    refs: [refs/heads/side]
    checks: [{paths: ['e.*']}]"
  history
  run --separate-stderr headgate replay "$GIT_ROOT/infra.git"
  [ "$status" -eq 1 ]
  [ "$(grep -c '^refused: ' <<<"$output")" -eq 1 ]
  [[ $output == *"1 of 5 pushes to refs/heads/main would have been refused, 1 warned of: 1 error, 2 warnings in 6 changed files"* ]]
  [[ $output == *"policy: $CONFIG:8"* ]]
  [[ $output == *"k8s/name            warning        2         2" ]]
  # Only what warned is in the JSON besides.
  [ "$(headgate replay --json "$GIT_ROOT/infra.git" | jq -c '[.pushes[] | [.refused, .errors, .warnings]]')" = '[[true,1,1],[false,0,1]]' ]
  run --separate-stderr headgate replay --ref side "$GIT_ROOT/infra.git"
  [ "$status" -eq 1 ]
  [[ $output == *"1 of 6 pushes to refs/heads/side would have been refused: 1 error in 1 changed file"* ]]
  run headgate replay --ref refs/heads/none "$GIT_ROOT/infra.git"
  [ "$status" -eq 2 ]
  [ "$output" = "headgate: replay: no policy holds for refs/heads/none of infra in $CONFIG; name another branch with --ref" ]
  # -c goes before the environment.
  server_config
  cp "$CONFIG" other.yaml
  echo 'wrong: 1' >>"$CONFIG"
  run headgate replay "$GIT_ROOT/infra.git"
  [ "$status" -eq 2 ]
  [[ $output == "headgate: replay: $CONFIG:"* ]]
  run headgate replay -c other.yaml "$GIT_ROOT/infra.git"
  [ "$status" -eq 1 ]
}

widget() {
  printf 'apiVersion: example.org/v1\nkind: Widget\nmetadata: {name: %s}\nspec: {size: %s}\n' "$1" "$2"
}

@test "replay: each push is held against the definitions of its time; the repository is left as it is" {
  server_config
  git init -q work && cd work
  commit a.yaml "$(widget a 1)" 'not known yet'
  commit crd.yaml "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}" 'define it'
  commit a.yaml "$(widget a 2)" 'known'
  commit b.yaml "$(widget b large)" 'wrong'
  sed -i 's/type: integer/type: string/' crd.yaml
  git commit -qam 'define it otherwise'
  commit c.yaml "$(widget c large)" 'right now'
  cd "$T"
  git clone -q --bare work "$GIT_ROOT/widgets.git"
  mkdir "$GIT_ROOT/widgets.git/headgate"
  (cd "$GIT_ROOT/widgets.git" && find . -type f -exec sha256sum {} + | sort) >before
  run --separate-stderr headgate replay --json "$GIT_ROOT/widgets.git"
  [ "$status" -eq 1 ]
  [ "$(jq -c '[.pushes[] | [.subject, .refused, .findings[].rule]]' <<<"$output")" = \
    '[["not known yet",false,"schema/unknown-kind"],["wrong",true,"schema/type"]]' ]
  diff before <(cd "$GIT_ROOT/widgets.git" && find . -type f -exec sha256sum {} + | sort)
}

@test "replay: a clone, which the config knows by another place" {
  server_config "policies:
  - {repos: [infra], refs: [HEAD]}"
  history
  run headgate replay work
  [ "$status" -eq 2 ]
  [[ $output == *"is not below repositories.root"*"; if it is a clone, say with --name what the config calls the repository" ]]
  run headgate replay --name infra work
  [ "$status" -eq 1 ]
  [[ $output == *"3 of 5 pushes to refs/heads/main would have been refused"* ]]
  # What is checked out is not the default branch; the ref that is asked about is taken for it.
  git -C work checkout -q side
  run headgate replay --name infra --ref main work
  [ "$status" -eq 1 ]
  [[ $output == *"3 of 5 pushes to refs/heads/main would have been refused"* ]]
  git -C work checkout -q --detach main
  run headgate replay --name infra work
  [ "$status" -eq 2 ]
  [ "$output" = "headgate: replay: HEAD is detached; say with --ref which branch it is about" ]
  run headgate replay --name infra --ref gone work HEAD~1..HEAD
  [ "$status" -eq 1 ]
  [[ $output == *"1 of 1 pushes to refs/heads/gone would have been refused"* ]]
}

@test "replay: without a config the built-in policy" {
  history
  unset HEADGATE_CONFIG
  run headgate replay work
  [ "$status" -eq 1 ]
  [[ $output == *"policy: built in"* ]]
}

@test "replay: a shallow clone says that it is one" {
  server_config
  history
  git clone -q --depth 2 "file://$T/work" shallow
  run --separate-stderr headgate replay --name x shallow
  [ "$status" -eq 1 ]
  [[ $output == *"1 of 1 pushes"* ]]
  [ "$stderr" = "headgate: replay: the clone is a shallow one: what is before its first commits is not there to be judged" ]
}

@test "replay: what the gate cannot judge it would have refused" {
  server_config
  history
  cd "$GIT_ROOT/infra.git"
  blob=$(git rev-parse main:a.yaml)
  inner=$(printf '100644 blob %s\ta.yaml\n' "$blob" | git mktree)
  tree=$(printf '040000 tree %s\t..\n' "$inner" | git mktree)
  git update-ref refs/heads/main "$(git commit-tree -p main -m $'odd\n\nbody' "$tree")"
  run --separate-stderr headgate replay "$PWD" main~1..main
  [ "$status" -eq 1 ]
  [[ ${lines[0]} == "refused: "*": odd: cannot be judged: the folder "* ]]
  [[ $output == *"1 of 1 pushes to refs/heads/main would have been refused; 1 of those refused cannot be judged"* ]]
  run headgate replay --json "$PWD" main~1..main
  [[ "$(jq -r '.pushes[0].trouble' <<<"$output")" == *"impossible name"* ]]
}

@test "replay: an object that is missing is exit 2" {
  server_config
  history
  id=$(git -C work rev-parse main~2)
  rm -f "work/.git/objects/${id:0:2}/${id:2}"
  run --separate-stderr headgate replay --name infra work
  [ "$status" -eq 2 ]
  [[ $stderr == "headgate: replay: cannot read commit $id"* ]]
}

@test "replay: colours on a terminal, unless NO_COLOR says no" {
  server_config
  history
  TERM=xterm run script -qec "headgate replay '$GIT_ROOT/infra.git'" /dev/null
  [[ $output == *$'\033[1;31mrefused:\033[m '* ]]
  TERM=xterm NO_COLOR=1 run script -qec "headgate replay '$GIT_ROOT/infra.git'" /dev/null
  [[ $output == *"3 of 5 pushes"* && $output != *$'\033'* ]]
}

@test "replay: mistakes in the arguments" {
  for arguments in "" "a b c" "--limit x a" "--limit -1 a" "--limit 1000001 a" "--foo a" "-c" "$T/none"; do
    # shellcheck disable=SC2086
    run headgate replay $arguments
    [ "$status" -eq 2 ]
    [[ ${lines[0]} == "headgate: replay: "* ]]
  done
  run headgate replay --help
  [ "$status" -eq 0 ]
}

@test "replay: a result that cannot be written is exit 2" {
  server_config
  history
  run bash -c 'headgate replay "$1" >/dev/full' - "$GIT_ROOT/infra.git"
  [ "$status" -eq 2 ]
}
