# What an administrator does when something went wrong, and when it went right: roll back, build a host anew, promote. docs/operations.md
# tells the same to him.
load helper

setup() {
  headgate_setup
  server_config
  repo_new infra
  daemon_start
  repo_clone infra
}

# push [BRANCH]: HEAD goes there; sets TIP.
push() {
  git push -q origin "HEAD:refs/heads/${1:-main}" 2>/dev/null || return 1
  TIP=$(git rev-parse HEAD)
}

# agent NAME PATH INTO [REF]: registered, configured for one target t1, started.
agent() {
  agent_add "$1"
  agent_config "$1" "  - {name: t1, repo: infra, ref: refs/heads/${4:-main}, path: $2, driver: files, options: {into: $3}}"
  agent_start "$1"
}

@test "git revert rolls back everywhere" {
  commit hosts/web/a good
  commit hosts/db/b good
  push
  agent web1 hosts/web "$T/web1"
  agent web2 hosts/web "$T/web2"
  agent db1 hosts/db "$T/db1"
  headgate wait infra main --timeout 30
  commit hosts/db/b bad
  git rm -q hosts/web/a
  commit hosts/web/c bad
  push
  headgate wait infra main --timeout 30
  [[ $(<"$T/web1/c") == bad && ! -e $T/web1/a && $(<"$T/db1/b") == bad ]]

  git revert --no-edit HEAD HEAD~1 >/dev/null
  push
  headgate wait infra main --timeout 30
  for host in web1 web2; do
    [[ $(<"$T/$host/a") == good && ! -e $T/$host/c ]]
    agent_synced "$host" t1 "$TIP"
  done
  [[ $(<"$T/db1/b") == good ]]
  agent_synced db1 t1 "$TIP"
  # The bad revision stays in the history, with who pushed it.
  headgate status --exit-code >/dev/null
  [[ $(events_of ref.updated | jq -r .data.actor | sort -u) == alice ]]
  headgate audit verify
}

@test "an older revision at once, while the repository is put right" {
  commit hosts/web/a good
  push
  good=$TIP
  agent web1 hosts/web "$T/web1"
  wait_for 20 agent_synced web1 t1 "$good"
  commit hosts/web/a bad
  push
  wait_for 20 agent_synced web1 t1 "$TIP"
  headgate sync web1 --rev "$good" >/dev/null
  wait_for 20 content_is good
  # It holds until the ref moves.
  git revert --no-edit HEAD >/dev/null
  push
  wait_for 20 agent_synced web1 t1 "$TIP"
  content_is good
}

content_is() {
  [[ $(<"$T/web1/a") == "$1" ]]
}

@test "a host that was wiped gets all of it again, with a new token, and nothing of another's" {
  commit hosts/web/a one
  commit hosts/web/deep/b two
  ln -s a hosts/web/link && git add . && git commit -qm link
  push
  agent web1 hosts/web "$T/web1"
  wait_for 20 agent_synced web1 t1 "$TIP"
  agent_stop web1
  rm -rf "$T/web1" "$T/web1.state" "$T/web1.token"
  # Meanwhile things go on.
  git rm -q hosts/web/deep/b && commit hosts/web/a three
  push
  [[ $(admin GET /v1/agents | jq -r '.agents[0].connected') == false ]]
  headgate agent rotate web1 >"$T/web1.token"
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  [[ $(<"$T/web1/a") == three && ! -e $T/web1/deep && $(readlink "$T/web1/link") == a ]]
  [[ $(admin GET /v1/agents | jq '.agents | length') == 1 ]]
}

@test "a host whose state alone is gone takes over what it finds" {
  commit hosts/web/a one
  commit hosts/web/b two
  push
  agent web1 hosts/web "$T/web1"
  wait_for 20 agent_synced web1 t1 "$TIP"
  agent_stop web1
  rm -rf "$T/web1.state"
  before=$(stat -c '%i %Z' "$T/web1/a")
  echo changed >"$T/web1/b"
  agent_start web1
  wait_for 20 grep -qs 'operation=Succeeded' "$T/web1.log"
  wait_for 20 eval '[[ $(<"$T/web1/b") == two ]]'
  wait_for 20 agent_synced web1 t1 "$TIP"
  [[ $(stat -c '%i %Z' "$T/web1/a") == "$before" ]]
}

@test "promotion by branch: what staging has had goes to production, and not before" {
  commit app/conf one
  push staging
  push production
  agent stage1 app "$T/stage1" staging
  agent prod1 app "$T/prod1" production
  wait_for 20 agent_synced stage1 t1 "$TIP"
  wait_for 20 agent_synced prod1 t1 "$TIP"
  before=$TIP
  commit app/conf two
  push staging
  wait_for 20 agent_synced stage1 t1 "$TIP"
  [[ $(<"$T/stage1/conf") == two && $(<"$T/prod1/conf") == one ]]
  agent_synced prod1 t1 "$before"

  # What is promoted is what staging has, by its id: nothing is built anew.
  git push -q origin origin/staging:refs/heads/production 2>/dev/null
  headgate wait infra production --timeout 30
  [[ $(<"$T/prod1/conf") == two ]]
  agent_synced prod1 t1 "$TIP"

  # Production has a fix of its own; the next promotion is a merge.
  git checkout -q -b production origin/production
  commit app/fix hot
  push production
  wait_for 20 agent_synced prod1 t1 "$TIP"
  [[ ! -e $T/stage1/fix ]]
  git checkout -q -b staging origin/staging
  commit app/conf three
  push staging
  wait_for 20 agent_synced stage1 t1 "$TIP"
  git checkout -q production
  git merge -q --no-edit staging
  push production
  wait_for 20 agent_synced prod1 t1 "$TIP"
  [[ $(<"$T/prod1/conf") == three && $(<"$T/prod1/fix") == hot ]]
}

@test "promotion by folder: one commit takes staging's folder to production" {
  commit stages/staging/conf one
  commit stages/production/conf one
  push
  first=$TIP
  agent stage1 stages/staging "$T/stage1"
  agent prod1 stages/production "$T/prod1"
  wait_for 20 agent_synced stage1 t1 "$TIP"
  wait_for 20 agent_synced prod1 t1 "$TIP"
  commit stages/staging/conf two
  commit stages/staging/new three
  push
  wait_for 20 agent_synced stage1 t1 "$TIP"
  # Production is not even woken.
  agent_synced prod1 t1 "$first"
  [[ ! -e $T/prod1/new ]]
  git rm -rq stages/production
  git read-tree -u --prefix=stages/production/ HEAD:stages/staging
  git commit -qm 'promote staging'
  push
  wait_for 20 agent_synced prod1 t1 "$TIP"
  [[ $(<"$T/prod1/conf") == two && $(<"$T/prod1/new") == three ]]
}
