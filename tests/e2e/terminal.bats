# What operators read at a terminal: headgate status, diff, history.
load helper

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
  tmux -L "headgate-$$" kill-server 2>/dev/null || true
  headgate_teardown || status=1
  return $status
}

push() {
  git push -q origin HEAD:refs/heads/main 2>/dev/null || return 1
  TIP=$(git rev-parse HEAD)
}

# two_targets: web1 follows web and db of infra, the second is never healed.
two_targets() {
  agent_config web1 "  - {name: web, repo: infra, path: web, driver: files, compare_every: 1s, options: {into: $T/web}}" \
    "  - {name: db, repo: infra, path: db, driver: files, compare_every: 1s, self_heal: false, options: {into: $T/db}}"
}

both_synced() {
  agent_synced web1 web "$TIP" && agent_synced web1 db "$TIP"
}

# stale_soon: what an agent reported is believed for two seconds once it is away.
stale_soon() {
  server_config 'stale_after: 2s'
  kill -HUP "$DAEMON_PID"
  wait_for 10 grep -q 'the config is in force' "$DAEMON_LOG"
}

# target_is_stale NAME: of web1.
target_is_stale() {
  admin GET /v1/agents | jq -e --arg name "$1" '.agents[0].targets[] | select(.name == $name) | .stale' >/dev/null
}

told() {
  [[ $(admin GET /v1/agents | jq -r ".agents[0].targets[] | select(.name == \"$1\") | .report.$2") == "$3" ]]
}

matches() {
  grep -qE -- "$1" <<<"$output" || { echo "no line is: $1"; echo "$output"; return 1; }
}

@test "status: the worst first, counted, with an exit status for scripts" {
  commit web/a one
  commit db/a one
  push
  run headgate status --exit-code
  ((status == 0))
  has 'No agents yet' || has 'web1'
  two_targets
  agent_start web1
  wait_for 20 both_synced
  run headgate status --exit-code
  ((status == 0))
  matches '^2 targets: 2 Synced; 0 of 1 agent away$'
  matches "^web1 +host +yes +db +Synced +Healthy +Succeeded +${TIP:0:8} +[0-9]+s +1 added, 0 modified, 0 removed$"

  # Changed by hand: the one that is not healed stays so, and comes first.
  echo drift >"$T/db/a"
  wait_for 20 told db sync OutOfSync
  run headgate status --exit-code
  ((status == 1))
  matches '^2 targets: 1 Degraded, 1 Synced; 0 of 1 agent away$'
  [[ $(grep -E '^web1 ' <<<"$output" | head -n 1) == *' db '*OutOfSync*'a has other contents'* ]]
  run headgate status
  ((status == 0))

  # Of an agent that has been away for a while nothing is believed.
  agent_stop web1
  wait_for 10 eval '[[ $(headgate status) == *"1 of 1 agent away"* ]]'
  run headgate status
  matches '^2 targets: 1 Degraded, 1 Synced; 1 of 1 agent away$'
  stale_soon
  wait_for 20 target_is_stale db
  run headgate status --exit-code
  ((status == 1))
  matches '^2 targets: 2 Unknown; 1 of 1 agent away$'
  run headgate status --watch --exit-code
  ((status == 2))
}

# The screen as it is now.
screen() {
  tmux -L "headgate-$$" capture-pane -p -t watch >"$T/screen"
}

screen_has() {
  screen && grep -qE -- "$1" "$T/screen"
}

screen_lacks() {
  screen && ! grep -qE -- "$1" "$T/screen"
}

@test "status --watch: the fleet in its place on a terminal, and the terminal as it was at the end" {
  commit web/a one
  commit db/a one
  push
  two_targets
  agent_start web1
  wait_for 20 both_synced
  TERM=screen tmux -L "headgate-$$" -f /dev/null new-session -d -s watch -x 60 -y 12 "PS1='ready> ' bash --norc --noprofile" 3>&-
  wait_for 10 screen_has '^ready>'
  tmux -L "headgate-$$" send-keys -t watch "headgate status --watch; echo ended with \$?" Enter
  wait_for 10 screen_has '^2 targets: 2 Synced'
  # Lines longer than the terminal are cut, not wrapped.
  screen
  (($(grep -cE '^web1 ' "$T/screen") == 2))
  echo drift >"$T/db/a"
  wait_for 20 screen_has '^2 targets: 1 Degraded, 1 Synced'
  screen_lacks '2 Synced'
  agent_stop web1
  wait_for 20 screen_has '1 of 1 agent away'
  daemon_stop
  wait_for 20 screen_has '^the daemon does not answer; waiting for it$'
  daemon_start
  wait_for 20 screen_has '1 of 1 agent away'
  tmux -L "headgate-$$" send-keys -t watch C-c
  wait_for 10 screen_has '^ended with 0$'
  # What was there before is there again.
  screen_has 'ready> headgate status --watch'
  screen_lacks 'agent away'
}

@test "status --watch: more targets than the terminal has lines" {
  local i targets=()
  for i in {1..20}; do
    targets+=("infra:web:$T/web$i")
  done
  commit web/a one
  push
  agent_config web1 "${targets[@]}"
  agent_start web1
  wait_for 30 agent_synced web1 t20 "$TIP"
  TERM=screen tmux -L "headgate-$$" -f /dev/null new-session -d -s watch -x 100 -y 12 "headgate status -w" 3>&-
  wait_for 20 screen_has '^20 targets: 20 Synced'
  screen_has '^and 13 more, none of them worse$'
  screen_has '^test.example.org: headgated'
}

@test "status --watch elsewhere: a table each time something has happened, and JSON" {
  commit web/a one
  commit db/a one
  push
  two_targets
  agent_start web1
  wait_for 20 both_synced
  headgate status --watch >"$T/watched" 3>&- &
  watcher=$!
  headgate status --watch --json >"$T/watched.json" 3>&- &
  json=$!
  wait_for 10 grep -q '^2 targets: 2 Synced' "$T/watched"
  wait_for 10 test -s "$T/watched.json"
  echo drift >"$T/db/a"
  wait_for 20 grep -q '^2 targets: 1 Degraded, 1 Synced' "$T/watched"
  wait_for 20 grep -q OutOfSync "$T/watched.json"
  kill -TERM "$watcher" "$json"
  wait "$watcher"
  wait "$json"
  [[ $(<"$T/watched") != *$'\033'* ]]
  jq -es 'all(.[]; .site == "test.example.org") and length >= 2' "$T/watched.json"
}

@test "diff: what the agent reported, and whether there is a difference" {
  printf 'one\ntwo\n' >text
  commit web/a one
  mkdir -p db
  printf 'one\ntwo\n' >db/a
  git add db && git commit -qm db
  push
  two_targets
  agent_start web1
  wait_for 20 both_synced
  run headgate diff web1 db
  ((status == 0))
  matches '^sync +Synced$'
  printf 'one\nTWO\n' >"$T/db/a"
  wait_for 20 told db sync OutOfSync
  run headgate diff web1 db
  ((status == 1))
  matches '^target +web1/db, reported 20'
  matches '^cause +drift$'
  matches "^revisions +desired ${TIP:0:8}, applied ${TIP:0:8}, observed "
  has 'a has other contents'
  # From what is there to what should be.
  matches '^-TWO$'
  matches '^\+two$'
  run headgate diff --json web1 db
  ((status == 1))
  jq -e '.sync == "OutOfSync" and .cause == "drift"' <<<"$output"
  lacks $'\033'

  run headgate diff web1 nothing
  ((status == 2))
  has 'agent web1 has announced no target nothing'
  run headgate diff nobody db
  ((status == 2))
  has 'there is no agent nobody'
  run headgate diff web1
  ((status == 2))
  stale_soon
  agent_stop web1
  wait_for 20 target_is_stale db
  run headgate diff web1 db
  ((status == 2))
  has 'the agent is not connected: this is what it reported last'
}

@test "diff: everything that a report can say, harmless on a terminal" {
  agent_config web1 "  - {name: cluster, repo: infra, path: web, driver: files, options: {into: $T/web}}"
  commit web/a one
  push
  agent_start web1
  wait_for 20 agent_synced web1 cluster "$TIP"
  agent_stop web1
  jq -n --arg id "$TIP" '{target: "cluster", sync: "OutOfSync", health: "Degraded", operation: "Succeeded", desired: $id, applied: $id,
    cause: "drift", message: "first line\nsecond \u001b[31mline", coverage: {checked: 120, unchecked: 3}, redacted: 2,
    diff: "--- a/web.yaml\n+++ b/web.yaml\n@@ -1 +1 @@\n-\treplicas: 1\n+\treplicas: 2 # C:\\temp \u001b]0;x\u0007\n",
    ignored: [{rule: "/spec/replicas", hits: 4}], resources: [{name: "apps/v1/Deployment default/web", sync: "OutOfSync", health: "Degraded",
    message: "1 of 2 are there"}, {name: "v1/Service default/web", sync: "Synced", health: "Healthy", message: null}], resources_total: 70,
    truncated: true}' |
    curl -sS --noproxy '*' -f -X POST -H "Authorization: Bearer $(<"$T/web1.token")" -H 'Content-Type: application/json' -d @- \
      "$URL/v1/agents/self/reports"
  run headgate diff web1 cluster
  ((status == 1))
  matches '^message +first line$'
  matches '^ +second \\e\[31mline$'
  matches '^coverage +120 compared, 3 that cannot be compared$'
  matches '^redacted +2 secret values left out on the host$'
  matches '^ignored +/spec/replicas: 4 times$'
  matches '^apps/v1/Deployment default/web +OutOfSync +Degraded +1 of 2 are there$'
  lacks 'v1/Service'
  has '1 of 70 resources are not as they should be'
  has $'\n-\treplicas: 1\n+\treplicas: 2 # C:\\temp \\e]0;x\\x07\n'
  has '(the report was cut: there is more on the host)'
  lacks $'\033'
  # Colour on a terminal, unless nobody wants it.
  run script -qec 'headgate diff web1 cluster || true' /dev/null
  has $'\033[31m-\treplicas: 1\033[0m'
  run env NO_COLOR=1 script -qec 'headgate diff web1 cluster || true' /dev/null
  lacks $'\033['
}

@test "history: what was applied when, by which push and whom, and with what result" {
  run headgate history
  ((status == 0))
  has 'Nothing was applied'
  commit web/a one
  commit db/a one
  push
  first=$TIP
  agent_config web1 "  - {name: web, repo: infra, path: web, driver: files, compare_every: 1s, options: {into: $T/web}}" \
    "  - {name: db, repo: infra, path: db, driver: files, options: {into: $T/db, after: [sh, -c, '! grep -q bad $T/db/a']}}"
  agent_start web1
  wait_for 20 both_synced
  commit db/a bad
  USER=bob LOGNAME=bob push
  bad=$TIP
  wait_for 20 told db operation Failed
  commit db/a good
  push
  wait_for 20 agent_synced web1 db "$TIP"
  echo drift >"$T/web/a"
  wait_for 20 grep -qx one "$T/web/a"
  wait_for 20 eval '(($(headgate history web1 web --json | wc -l) == 2))'

  run headgate history
  ((status == 0))
  matches "^20.* web1/web +${first:0:8} +Succeeded +\+1 ~0 -0 +push +alice +[0-9a-f]{8} +1 added"
  matches "^20.* web1/db +${bad:0:8} +Failed +.* push +bob +[0-9a-f]{8} +.*status 1"
  matches "^20.* web1/db +${TIP:0:8} +Succeeded +.* push +alice"
  matches "^20.* web1/web +${TIP:0:8} +Succeeded +.* drift +alice"
  [[ $(headgate history --json | jq -r .result | xargs) == "Succeeded Succeeded Failed Succeeded Succeeded" ]]
  [[ $(headgate history web1 db --json | jq -r .result | xargs) == "Succeeded Failed Succeeded" ]]
  [[ $(headgate history --limit 1 web1 db --json | jq -r .revision) == "$TIP" ]]
  headgate history --json web1 db | jq -se --arg push "$(events_of ref.updated | jq -r 'select(.data.actor == "bob") | .data.push')" \
    '.[1] | .actor == "bob" and .push == $push and .repo == "infra" and .ref == "refs/heads/main" and .why == "push"'
  [[ -z $(headgate history --repo 'other/**' --json) ]]
  [[ -n $(headgate history --repo 'inf*' --json) ]]
  run headgate history --repo '['
  ((status == 2))
  run headgate history a b c
  ((status == 2))

  # An agent that starts again has applied nothing by that.
  agent_stop web1
  agent_start web1
  wait_for 20 agent_synced web1 db "$TIP"
  wait_for 20 eval 'admin GET /v1/agents | jq -e ".agents[0].connected"'
  (($(headgate history --json | wc -l) == 5))

  # What was told again and again since then has been applied once, however far back that is; what nobody applied is no entry.
  agent_stop web1
  admin GET /v1/agents | jq '.agents[0].targets[] | select(.name == "db") | .report | del(.diff)' >"$T/again"
  curl -sS --noproxy '*' -f -o /dev/null -X POST -H "Authorization: Bearer $(<"$T/web1.token")" -H 'Content-Type: application/json' -d "@$T/again" \
    "$URL/v1/agents/self/reports#[1-220]"
  (($(events_of agent.reported | wc -l) > 220))
  [[ $(headgate history --json | jq -r '"\(.target) \(.result) \(.actor)"' | xargs) == \
    "web Succeeded alice db Succeeded alice db Failed bob db Succeeded alice web Succeeded alice" ||
    $(headgate history --json | jq -r '"\(.target) \(.result) \(.actor)"' | xargs) == \
    "db Succeeded alice web Succeeded alice db Failed bob db Succeeded alice web Succeeded alice" ]]
  [[ $(headgate history --json --limit 2 | jq -r .target | xargs) == "db web" ]]
}
