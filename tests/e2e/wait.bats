# Who pushes may wait for what becomes of it: git push -o headgate.wait, over a path, ssh and HTTP; headgate wait over the API.
load helper
load ssh_server

setup() {
  headgate_setup
  server_config
  repo_new infra
  daemon_start
  agent_add web1
  repo_clone infra
}

teardown() {
  local status=0
  ssh_down
  headgate_teardown || status=1
  return $status
}

# waiting_push [SECONDS [GIT ARGUMENT...]]: what has been committed goes to the server; what the pusher reads is in $output.
waiting_push() {
  run git push -o "headgate.wait${1:+=$1}" "${@:2}" "${REMOTE:-origin}" HEAD:refs/heads/main
  ((status == 0)) || { echo "$output"; return 1; }
  TIP=$(git rev-parse HEAD)
}

push() {
  git push -q "$@" origin HEAD:refs/heads/main 2>"$T/push.err" || { cat "$T/push.err"; return 1; }
  TIP=$(git rev-parse HEAD)
}

# connected NAME [false]
connected() {
  admin GET /v1/agents | jq -e --arg agent "$1" ".agents[] | select(.name == \$agent) | .connected == ${2:-true}" >/dev/null
}

agent_up() {
  agent_start "$1"
  wait_for 20 connected "$1"
}

# waits N: so many wait now.
waits() {
  [[ $(admin GET /metrics | awk '$1 == "headgate_waits" {print $2}') == "$1" ]]
}

# matches REGEX: judge $output of `run`, whole lines.
matches() {
  grep -qxE -- "$1" <<<"$output" || { echo "no line is: $1"; echo "$output"; return 1; }
}

@test "the pusher sees each target that the push is for, as it moves, and a summary" {
  agent_config web1 "infra:web:$T/web" "infra:db:$T/db"
  agent_up web1
  commit web/a one
  waiting_push 20
  has "remote: headgate: main at ${TIP:0:8}: 1 target, waiting 20 s at most"
  matches 'remote:   web1/t1  synced after [0-9]+ ms: 1 added, 0 modified, 0 removed *'
  matches 'remote: headgate: 1 of 1 target has it, after [0-9.]+ m?s *'
  lacks web1/t2

  # A push that is for both, and one that is for none.
  commit db/a one
  commit web/a two
  waiting_push ''
  has '2 targets, waiting 60 s at most'
  matches 'remote:   web1/t2  synced after .*: 1 added, 0 modified, 0 removed *'
  matches 'remote: headgate: all 2 targets have it, after [0-9.]+ m?s *'
  commit elsewhere/a one
  waiting_push 20
  has 'headgate: no target takes this change'

  # Who did not ask is told nothing and waits for nothing.
  agent_stop web1
  commit web/a three
  run git push origin HEAD:refs/heads/main
  ((status == 0))
  lacks headgate
}

@test "a target that fails ends it; the push is in all the same" {
  agent_config web1 '  - {name: good, repo: infra, path: web, driver: files, sync: manual, options: {into: '"$T"'/good}}' \
    '  - {name: bad, repo: infra, path: web, driver: files, options: {into: '"$T"'/bad, after: [sh, -c, "echo no such thing; exit 3"]}}'
  agent_up web1
  commit web/a one
  waiting_push 20
  matches 'remote:   web1/bad   failed after [0-9.]+ m?s: .*status 3.*'
  matches 'remote:   web1/good  waits for headgate sync web1 good *'
  matches 'remote: headgate: 0 of 2 targets have it, after [0-9.]+ m?s; failed: web1/bad; waiting: web1/good *'
  [[ $(git -C "$GIT_ROOT/infra.git" rev-parse main) == "$TIP" ]]
}

@test "a target that waits for somebody does not hold up the summary" {
  agent_config web1 '  - {name: t1, repo: infra, path: web, driver: files, sync: manual, options: {into: '"$T"'/web}}'
  agent_up web1
  commit web/a one
  waiting_push 600
  has 'web1/t1  waits for headgate sync web1 t1'
  matches 'remote: headgate: 0 of 1 target have it, after [0-9.]+ m?s; waiting: web1/t1 *'
}

@test "an agent that is away is told with the time, and waited for" {
  agent_config web1 "infra:web:$T/web"
  commit web/a zero
  waiting_push 1
  # It has never announced a target, so nobody knows of one.
  has 'no target takes this change'
  agent_up web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  agent_stop web1
  wait_for 20 connected web1 false
  commit web/a one
  waiting_push 1
  matches 'remote:   web1/t1  away since 20[0-9-]+ [0-9:]+ UTC *'
  matches 'remote: headgate: 0 of 1 target have it, after 1\.[0-9] s; away: web1/t1 *'

  # It comes back while the pusher waits.
  commit web/a two
  rm -f "$T/told"
  timeout 60 git push -o headgate.wait=30 origin HEAD:refs/heads/main >"$T/told" 2>&1 3>&- &
  pusher=$!
  wait_for 10 grep -q 'away since' "$T/told"
  agent_start web1
  wait "$pusher"
  output=$(<"$T/told")
  matches 'remote:   web1/t1  synced after .*'
  has '1 of 1 target has it'
}

@test "a newer push that the agent applies instead is as good; one that went another way is told" {
  agent_config web1 "infra:web:$T/web"
  commit web/a one
  push
  agent_up web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  agent_stop web1
  wait_for 20 connected web1 false
  commit web/a two
  rm -f "$T/told"
  timeout 60 git push -o headgate.wait=30 origin HEAD:refs/heads/main >"$T/told" 2>&1 3>&- &
  pusher=$!
  wait_for 10 grep -q 'away since' "$T/told"
  commit web/a three
  push
  agent_start web1
  wait "$pusher"
  output=$(<"$T/told")
  matches 'remote:   web1/t1  synced after .*'
  wait_for 20 agent_synced web1 t1 "$TIP"
  # It never was at the second.
  events_of agent.reported | jq -e --arg id "$(git rev-parse HEAD~1)" 'select(.data.applied == $id)' >"$T/second" || true
  [[ ! -s $T/second ]]

  agent_stop web1
  wait_for 20 connected web1 false
  git -C "$GIT_ROOT/infra.git" config receive.denyNonFastForwards false
  server_config 'policies: [{repos: ["**"], refs: ["refs/heads/other"]}]'
  kill -HUP "$DAEMON_PID"
  commit web/a four
  rm -f "$T/told"
  timeout 60 git push -o headgate.wait=30 origin HEAD:refs/heads/main >"$T/told" 2>&1 3>&- &
  pusher=$!
  wait_for 10 grep -q 'away since' "$T/told"
  git reset -q --hard HEAD~1
  commit web/a five
  push --force
  wait "$pusher"
  output=$(<"$T/told")
  has "web1/t1  overtaken: refs/heads/main is at ${TIP:0:8} by now, which does not contain it"
  matches 'remote: headgate: 0 of 1 target have it, after [0-9.]+ m?s; overtaken: web1/t1 *'
}

@test "over ssh" {
  agent_config web1 "infra:web:$T/web"
  agent_up web1
  ssh_up bob
  become bob
  commit web/a one
  REMOTE=$SSH_URL/infra.git waiting_push 20
  matches 'remote:   web1/t1  synced after .*'
  matches 'remote: headgate: 1 of 1 target has it, after [0-9.]+ m?s *'
  wait_for 5 has_events 1 ref.updated
  events_of ref.updated | jq -e '.data.actor == "bob"'
}

@test "over smart HTTP" {
  agent_config web1 "infra:web:$T/web"
  agent_up web1
  web_up bob:secret
  commit web/a one
  REMOTE=http://bob:secret@127.0.0.1:$WEB_PORT/infra.git waiting_push 20
  matches 'remote:   web1/t1  synced after .*'
  matches 'remote: headgate: 1 of 1 target has it, after [0-9.]+ m?s *'
}

@test "a pusher who presses ^C is waited for no longer" {
  agent_config web1 "infra:web:$T/web"
  agent_up web1
  agent_stop web1
  git -C "$GIT_ROOT/infra.git" config receive.keepAlive 1
  ssh_up bob
  become bob
  web_up bob:secret
  local url
  for url in "$SSH_URL/infra.git" "http://bob:secret@127.0.0.1:$WEB_PORT/infra.git"; do
    commit web/a "$url"
    rm -f "$T/told"
    setsid timeout --foreground 60 git push -o headgate.wait=600 "$url" HEAD:refs/heads/main >"$T/told" 2>&1 3>&- &
    pusher=$!
    wait_for 10 grep -q 'away since' "$T/told"
    waits 1
    kill -TERM -- "-$pusher"
    wait "$pusher" || true
    wait_for 30 waits 0
  done
}

@test "the hook that was there before runs at once, and to its end" {
  agent_config web1 "infra:web:$T/web"
  agent_up web1
  agent_stop web1
  printf '#!/bin/sh\ncat >%s\n' "$T/chained" >"$GIT_ROOT/infra.git/hooks/post-receive.before-headgate"
  chmod +x "$GIT_ROOT/infra.git/hooks/post-receive.before-headgate"
  commit web/a one
  rm -f "$T/told"
  timeout 60 git push -o headgate.wait=600 origin HEAD:refs/heads/main >"$T/told" 2>&1 3>&- &
  pusher=$!
  wait_for 10 grep -q "$(git rev-parse HEAD) refs/heads/main" "$T/chained"
  wait_for 10 waits 1
  agent_start web1
  wait "$pusher"
  grep -q 'synced after' "$T/told"
}

@test "what cannot be waited for is said, and the push is in" {
  agent_config web1 "infra:web:$T/web"
  agent_up web1
  agent_stop web1
  commit web/a one
  waiting_push soon
  has 'remote: headgate: warning: not waiting: push option headgate.wait=soon is to be headgate.wait=SECONDS; git push -o headgate.wait=60 waits a minute'
  lacks 'web1/t1'

  # No room, and no more time than the config allows.
  server_config 'limits: {waits: 0}'
  kill -HUP "$DAEMON_PID"
  wait_for 10 grep -q 'the config is in force' "$DAEMON_LOG"
  commit web/a two
  waiting_push 20
  has 'what becomes of it could not be told: the daemon: 0 wait already, and limits.waits allows no more'
  server_config 'limits: {wait: 1s}'
  kill -HUP "$DAEMON_PID"
  wait_for 10 eval '(($(grep -c "the config is in force" "$DAEMON_LOG") == 2))'
  commit web/a three
  waiting_push 600
  has 'waiting 1 s at most'
  has 'away: web1/t1'

  # The daemon goes while somebody waits; and is away.
  server_config
  kill -HUP "$DAEMON_PID"
  wait_for 10 eval '(($(grep -c "the config is in force" "$DAEMON_LOG") == 3))'
  commit web/a four
  rm -f "$T/told"
  timeout 60 git push -o headgate.wait=600 origin HEAD:refs/heads/main >"$T/told" 2>&1 3>&- &
  pusher=$!
  wait_for 10 grep -q 'away since' "$T/told"
  daemon_stop
  wait "$pusher"
  grep -q 'away: web1/t1; the daemon can tell no more' "$T/told"
  commit web/a five
  waiting_push 20
  has 'not waiting: the daemon does not answer, and takes the push in when it is back; headgate status tells it later'
}

@test "nobody waits in the spool" {
  jq -cn --arg repo "$GIT_ROOT/infra.git" '{v: 1, type: "wait", repo: $repo, push: "0123456789abcdef0123456789abcdef", actor: {name: "a"}, time: "t",
    seconds: 60, updates: [{old: ("0" * 40), new: ("a" * 40), ref: "refs/heads/main"}]}' >"$T/line"
  mv "$T/line" "$STATE/spool/2026-01-01T00:00:00.000Z-0123456789abcdef0123456789abcdef.json"
  wait_for 10 grep -q 'nobody waits in a file' "$DAEMON_LOG"
  waits 0
}

@test "nobody is told of other repositories and refs" {
  repo_new secret
  agent_config web1 "infra:web:$T/web" "secret::$T/secret" '  - {name: other, repo: infra, ref: refs/heads/other, path: web, driver: files, options: {into: '"$T"'/other}}'
  agent_up web1
  commit web/a one
  waiting_push 20
  has web1/t1
  lacks t2
  lacks other
  wait_for 20 agent_synced web1 t1 "$TIP"

  # The same over the API, for whoever may see only a part.
  headgate token add part --role viewer --repo infra --ref refs/heads/main >"$T/part.token"
  ask() { curl -sS --noproxy '*' -H "Authorization: Bearer $(<"$T/part.token")" "$URL/v1/rollout?$1"; }
  [[ $(ask "repo=infra&rev=$TIP" | jq -c '[.state, .count, .targets[0].target]') == '["converged",1,"t1"]' ]]
  [[ $(ask "repo=secret&rev=$TIP" | jq -r .error) == forbidden ]]
  [[ $(ask "repo=infra&rev=main" | jq -r .error) == bad-request ]]
}

@test "headgate wait: the same words, an exit status for scripts" {
  agent_config web1 "infra:web:$T/web" "infra:db:$T/db"
  commit web/a one
  commit db/a one
  push
  agent_up web1
  run headgate wait infra "$TIP"
  ((status == 0))
  has "headgate: main at ${TIP:0:8}: 2 targets, waiting 300 s at most"
  matches '  web1/t1  synced after .*'
  matches 'headgate: all 2 targets have it, after .*'

  # One target's folder has not changed since: it has what the revision holds.
  commit web/a two
  push
  run headgate wait --json --timeout 20 infra main
  ((status == 0))
  jq -se '.[-1].end == "converged" and ([.[] | select(.state == "synced") | .target] | unique) == ["t1", "t2"]' <<<"$output" || { echo "$output"; false; }
  run headgate wait infra "$(git rev-parse HEAD~1)" --ref refs/heads/main
  ((status == 0))

  # It waits for what is yet to come.
  agent_stop web1
  commit web/a three
  push
  rm -f "$T/told"
  timeout 60 headgate wait infra main >"$T/told" 3>&- &
  waiter=$!
  wait_for 10 grep -q 'web1/t1  away since' "$T/told"
  agent_start web1
  wait "$waiter"
  grep -q 'all 2 targets have it' "$T/told"

  agent_stop web1
  commit web/a four
  push
  run headgate wait --timeout 1 infra main
  ((status == 1))
  matches 'headgate: 1 of 2 targets has it, after 1\.[0-9] s; away: web1/t1'
  run headgate wait infra "${TIP/[0-9]/f}f"
  ((status == 2))
  has 'no revision'
  run headgate wait nowhere main
  ((status == 2))
  has 'there is no repository nowhere'
  run headgate wait infra 'main~1'
  ((status == 2))
  run headgate wait infra
  ((status == 2))
  daemon_stop
  run headgate wait infra main
  ((status == 2))
}
