# The verbs that ask the daemon: agent, status, events, audit. An agent's part is played by curl, so that every state of a target can be
# had at will.

load helper

begin() {
  server_config
  # The daemon knows the repository before the first push: one that it only finds then it tells of as it finds it.
  repo_new infra/prod
  daemon_start
  repo_clone infra/prod
  commit apps/web.yaml "$(good_manifest web)"
  git push -q origin HEAD:main
  TIP=$(git rev-parse HEAD)
  wait_for 10 has_events 1 ref.updated
}

push_broken() {
  commit apps/web.yaml $'a: 1\na: 2\n'
  fails git push -q origin HEAD:main
  git reset -q --hard HEAD~1
  wait_for 10 has_events 1 push.refused
}

# as_agent NAME METHOD PATH [JSON]
as_agent() {
  curl -sS --fail-with-body --noproxy '*' --max-time 20 -H "Authorization: Bearer $(<"$T/$1.token")" -X "$2" "$URL$3" ${4:+--json "$4"}
}

# Announce one target, t, of infra/prod.
announce() {
  as_agent "$1" PUT /v1/agents/self '{"version":"0.1.0","host":"'"$1"'.example.org","instance":"i-'"$1"'","targets":[{"name":"t",
    "repo":"infra/prod","ref":"refs/heads/main","path":"apps","driver":"files","sync":"auto"}]}' >/dev/null
}

# connect NAME: hold its stream open.
connect() {
  curl -sSN --noproxy '*' -H 'Accept: text/event-stream' -H "Authorization: Bearer $(<"$T/$1.token")" \
    "$URL/v1/agents/self/events?instance=i-$1" >/dev/null 2>&1 3>&- &
  STREAMS+=($!)
  wait_for 10 connected "$1"
}

connected() {
  [[ $(admin GET /v1/agents | jq ".agents[] | select(.name == \"$1\") | .connected") == true ]]
}

# report NAME SYNC HEALTH OPERATION APPLIED [MESSAGE]
report() {
  as_agent "$1" POST /v1/agents/self/reports "$(jq -nc --arg sync "$2" --arg health "$3" --arg operation "$4" --arg applied "$5" \
    --arg message "${6-}" --arg tip "$TIP" '{target: "t", sync: $sync, health: $health, operation: $operation, desired: $tip,
      applied: (if $applied == "" then null else $applied end), observed: null, cause: null, message: $message, tool: "files",
      version: "0.1.0", exit_status: null, started: "2026-01-02T03:04:05Z", finished: null,
      changes: {added: 2, modified: 1, removed: 0}, truncated: false}')" >/dev/null
}

STREAMS=()

teardown() {
  ((${#STREAMS[@]} == 0)) || { kill "${STREAMS[@]}" && wait "${STREAMS[@]}" || true; }
  headgate_teardown
}

@test "agent add: the token alone on stdout; list; remove" {
  begin
  headgate agent add web-1 --kind host --allow 'infra/*' --allow other >token 2>said
  [[ $(<token) =~ ^hga_[A-Za-z0-9_-]{43}$ && ! -s said ]]
  [[ $(headgate agent add web-2 --kind cluster --allow '**' --json | jq -r '.name + " " + (.token | length | tostring)') == "web-2 47" ]]
  run headgate agent add web-1 --kind host --allow '**'
  ((status == 1))
  has "headgate: there is an agent web-1 already"
  run headgate agent list
  ((status == 0))
  [[ ${lines[0]} =~ ^NAME\ +KIND\ +CONNECTED\ +SEEN\ +HOST\ +ADDRESS\ +TARGETS\ +ALLOW$ ]]
  [[ ${lines[1]} =~ ^web-1\ +host\ +no\ +-\ +-\ +-\ +0\ +infra/\*\ other$ ]]
  [[ ${lines[2]} =~ ^web-2\ +cluster ]]
  [[ $(headgate agent list --json | jq -c '[.agents[].name]') == '["web-1","web-2"]' ]]
  headgate agent remove web-1
  run headgate agent remove web-1
  ((status == 1))
  has "there is no agent web-1"
  [[ $(headgate agent list --json | jq -c '[.agents[].name]') == '["web-2"]' ]]
}

@test "agent: mistakes in the arguments" {
  server_config
  local said
  while IFS='|' read -r arguments said; do
    # shellcheck disable=SC2086
    run headgate agent $arguments
    ((status == 2)) || { echo "status $status: $arguments"; return 1; }
    has "$said"
    has "Try 'headgate agent --help'."
  done <<'END'
|add, list, remove or rotate?
rename x|add, list, remove or rotate, not rename
add|one NAME is wanted after add
add a b --kind host --allow x|one NAME is wanted after add
add Web_1 --kind host --allow x|a name is 1 to 63 of
add web|say --kind cluster or --kind host
add web --kind vm --allow x|--kind is cluster or host, not vm
add web --kind host|say with --allow
add web --kind|a value is missing after --kind
list x|no arguments are wanted after list
list --kind host|are for add, not for list
list --bogus|unknown option --bogus
END
}

@test "status: the daemon, its repositories, the fleet, the worst first" {
  begin
  local name
  run headgate status
  ((status == 0))
  has 'No agents yet: headgate agent add '
  for name in fine broken behind gone idle; do
    agent_add "$name"
  done
  for name in fine broken behind gone; do
    announce "$name"
  done
  for name in fine broken behind; do
    connect "$name"
  done
  report fine Synced Healthy Succeeded "$TIP"
  report gone Synced Healthy Succeeded "$TIP"
  report broken OutOfSync Degraded Failed "" "after: exit 1"
  report behind OutOfSync Healthy Pending "$(git -C "$GIT_ROOT/infra/prod.git" hash-object -t tree /dev/null)"
  server_config 'stale_after: 1s'
  kill -HUP "$DAEMON_PID"
  wait_for 20 eval 'admin GET /v1/agents | jq -e ".agents[] | select(.name == \"gone\") | .targets[0].stale"'
  run headgate status
  ((status == 0))
  [[ ${lines[0]} =~ ^test\.example\.org:\ headgated\ 0\.1\.0,\ up\ since\ .*,\ journal\ at\ [0-9a-f]{16}\.[0-9]+$ ]]
  [[ ${lines[2]} =~ ^infra/prod\ +1$ ]]
  [[ ${lines[3]} == '4 targets: 1 Failed, 1 OutOfSync, 1 Unknown, 1 Synced; 2 of 5 agents away' ]]
  [[ ${lines[4]} =~ ^NAME\ +KIND\ +CONNECTED\ +TARGET\ +SYNC\ +HEALTH\ +OPERATION\ +REVISION\ +AGE\ +MESSAGE$ ]]
  [[ ${lines[5]} =~ ^broken\ +host\ +yes\ +t\ +OutOfSync\ +Degraded\ +Failed\ +-\.\.${TIP:0:8}\ +[0-9]+s\ +after:\ exit\ 1$ ]]
  [[ ${lines[6]} =~ ^behind\ .*\ OutOfSync\ +Healthy\ +Pending\ +4b825dc6\.\.${TIP:0:8}\  ]]
  # Away for a while: what it said last counts no more.
  [[ ${lines[7]} =~ ^gone\ +host\ +no\ +t\ +Unknown\ +Unknown\ +Succeeded\ +${TIP:0:8}\  ]]
  [[ ${lines[8]} =~ ^idle\ +host\ +no\ +-\ +Unknown ]]
  [[ ${lines[9]} =~ ^fine\ +host\ +yes\ +t\ +Synced\ +Healthy\ +Succeeded\ +${TIP:0:8}\  ]]
  lacks $'\e'
  run headgate status --exit-code
  ((status == 1))
  [[ $(headgate status --json | jq -r '.agents | length') == 5 ]]
}

@test "status --exit-code: well when every target is synced" {
  begin
  headgate status --exit-code
  agent_add fine
  announce fine
  run headgate status --exit-code
  ((status == 1))
  connect fine
  report fine Synced Healthy Succeeded "$TIP"
  headgate status --exit-code
}

@test "events: a line each, filters, cursors, JSON" {
  begin
  push_broken
  commit hosts/a.conf x
  git push -q origin HEAD:main
  wait_for 10 has_events 2 ref.updated
  run headgate events
  ((status == 0 && ${#lines[@]} == 3))
  [[ ${lines[0]} =~ ^[0-9-]{10}\ [0-9:]{8}\ \ ref\.updated\ {6}infra/prod:refs/heads/main\ \ alice\ \ new\ ${TIP:0:8},\ 1\ path$ ]]
  [[ ${lines[1]} =~ \ push\.refused\ {5}infra/prod\ \ alice\ \ 1\ error$ ]]
  [[ ${lines[2]} =~ \ alice\ \ ${TIP:0:8}\.\.[0-9a-f]{8},\ 1\ path$ ]]
  # The last that match, however far back.
  [[ $(headgate events --last 1 --type push.refused | wc -l) == 1 ]]
  [[ $(headgate events --last 1 --json | jq -r .data.paths[0].path) == hosts/a.conf ]]
  [[ $(headgate events --path apps --json | jq -r .data.new) == "$TIP" ]]
  [[ $(headgate events --repo 'infra/*' --ref 'refs/tags/*' | wc -l) == 0 ]]
  [[ $(headgate events --since 0 | wc -l) == 3 ]]
  local first
  first=$(headgate events --since 0 --json | jq -r .id | head -n 1)
  [[ $(headgate events --since "$first" | wc -l) == 2 ]]
  run headgate events --since 0123456789abcdef.1
  ((status == 2))
  run headgate events --since nonsense
  ((status == 2))
  run headgate events --since 0 --last 3
  ((status == 2))
  has "exclude each other"
  run headgate events --last many
  ((status == 2))
  has "--last is a number from 0 to 1000000, not many"
}

@test "events: more than a page" {
  begin
  local before i
  before=$(git rev-parse HEAD)
  for i in $(seq 600); do
    echo "create refs/tags/t$i $before"
  done | git -C "$GIT_ROOT/infra/prod.git" update-ref --stdin
  wait_for 30 has_601
  [[ $(headgate events --since 0 | wc -l) == 601 ]]
  [[ $(headgate events --last 550 | wc -l) == 550 ]]
  [[ $(headgate events --last 1 --ref refs/heads/main --json | jq -r .data.new) == "$before" ]]
}

has_601() {
  [[ $(admin GET /v1/status | jq -r .head) == *.601 ]]
}

@test "events --follow: as they happen, through a restart of the daemon, each once" {
  begin
  headgate events --follow --json >"$T/followed" 2>"$T/follow.log" 3>&- &
  local pid=$! status=0
  wait_for 10 lines_in 1 "$T/followed"
  commit hosts/a.conf 1
  git push -q origin HEAD:main
  wait_for 10 lines_in 2 "$T/followed"
  daemon_stop
  wait_for 10 grep -q 'headgate: the daemon' "$T/follow.log"
  daemon_start
  commit hosts/a.conf 2
  git push -q origin HEAD:main
  wait_for 20 lines_in 3 "$T/followed"
  kill -INT "$pid"
  wait "$pid" || status=$?
  ((status == 0))
  [[ $(jq -r .id "$T/followed" | sed 's/.*\.//' | tr '\n' ' ') == "1 2 3 " ]]
  [[ $(wc -l <"$T/follow.log") == 1 ]]
}

lines_in() {
  [[ $(wc -l <"$2") == "$1" ]]
}

@test "audit: who pushed what, why not, and where it was applied" {
  begin
  push_broken
  agent_add web-1
  announce web-1
  connect web-1
  report web-1 Synced Healthy Succeeded "$TIP"
  # Looked at again: the same state with nothing to do.
  report web-1 Synced Healthy Succeeded "$TIP"
  wait_for 10 has_events 2 agent.reported
  run headgate audit
  ((status == 0))
  [[ ${lines[0]} =~ ^[0-9-]{10}\ [0-9:]{8}\ \ infra/prod\ \ by\ alice$ ]]
  [[ ${lines[1]} == "    refs/heads/main new ${TIP:0:8}" ]]
  [[ ${lines[2]} == "    A apps/web.yaml" ]]
  [[ ${lines[3]} =~ ^\ {4}-\>\ web-1/t:\ Synced,\ Healthy,\ Succeeded\ after\ [0-9]+\.[0-9]{3}\ s:\ 2\ added,\ 1\ modified,\ 0\ removed$ ]]
  [[ ${lines[4]} =~ infra/prod\ \ refused:\ 1\ error\ \ by\ alice$ ]]
  [[ ${lines[5]} =~ ^\ {4}refs/heads/main\ ${TIP:0:8}\.\.[0-9a-f]{8}$ ]]
  [[ ${lines[6]} == "    1 x yaml/duplicate-key" ]]
  ((${#lines[@]} == 7))
  [[ $(headgate audit --limit 1 --json | jq -c '[.kind, .rules]') == '["refused",{"yaml/duplicate-key":1}]' ]]
  [[ $(headgate audit --json | jq -sc '.[0] | [.actor, .reports[0].agent, .reports[0].sync, .reports[0].changes.added]') == \
    '["alice","web-1","Synced",2]' ]]
  [[ $(headgate audit --repo 'other/*' | wc -l) == 0 ]]
  run headgate audit --repo '['
  ((status == 2))
  run headgate audit --limit 0
  ((status == 2))
  run headgate audit bogus
  ((status == 2))
}

@test "audit: a move that nobody told of" {
  begin
  git -C "$GIT_ROOT/infra/prod.git" update-ref refs/heads/side "$TIP"
  wait_for 15 has_events 2 ref.updated
  run headgate audit --limit 1
  has "infra/prod  by somebody that nobody named"
  has "refs/heads/side new ${TIP:0:8}"
}

@test "audit verify: holds, with the daemon and without; altered and missing rows are named" {
  begin
  push_broken
  run headgate audit verify
  ((status == 0))
  [[ $output =~ ^journal\ [0-9a-f]{16}:\ 2\ events,\ chain\ holds$ ]]
  daemon_stop
  run headgate audit verify
  ((status == 0))
  [[ $(headgate audit verify --json | jq -c '[.events, .holds, .error]') == '[2,true,null]' ]]
  cp "$STATE/journal.db" copy.db
  sqlite3 copy.db "update events set body = replace(body, 'alice', 'mallory') where seq = 1"
  run headgate audit verify --journal copy.db
  ((status == 1))
  [[ $output =~ (event|row|seq)\ 1 ]]
  [[ $(headgate audit verify --journal copy.db --json 2>/dev/null | jq .holds) == false ]]
  cp "$STATE/journal.db" copy.db
  sqlite3 copy.db "delete from events where seq = 1"
  run headgate audit verify --journal copy.db
  ((status == 1))
  echo 'not a database, and long enough to be looked at twice' >nothing.db
  run headgate audit verify --journal nothing.db
  ((status != 0))
  run headgate audit verify --journal missing.db
  ((status == 2))
  [[ ! -e missing.db ]]
}

@test "the daemon is away, or the config is" {
  server_config
  local verb
  for verb in status "agent list" events audit; do
    # shellcheck disable=SC2086
    run headgate $verb
    ((status == 2))
    [[ $output == "headgate: the daemon does not answer on $ADMIN_SOCKET: no such file or directory; is headgated running?" ]]
  done
  # A socket that nobody listens on any more.
  daemon_start
  daemon_kill
  run headgate status
  ((status == 2))
  [[ $output == "headgate: the daemon does not answer on $ADMIN_SOCKET: connection refused; is headgated running?" ]]
  run headgate status -c "$T/none.yaml"
  ((status == 2))
  has none.yaml
}

@test "text from outside is shown harmless, columns stay straight" {
  begin
  agent_add web-1
  announce web-1
  connect web-1
  report web-1 Unknown Unknown Failed "" $'\e[31mred\e[0m\nline'
  wait_for 10 has_events 1 agent.reported
  run headgate events --type agent.reported
  ((status == 0 && ${#lines[@]} == 1))
  has '\e[31mred\e[0m\nline'
  lacks $'\e'
  run headgate audit
  lacks $'\e'
}

@test "a closed stdout is trouble, and nothing else is written to in its place" {
  begin
  for verb in status events audit 'agent list' 'agent add new --kind host --allow x'; do
    # shellcheck disable=SC2086
    fails bash -c "headgate $verb 1>&-"
    ((status == 2))
  done
}

@test "--help of each verb; what is no option" {
  local verb
  for verb in agent status events audit; do
    run headgate "$verb" --help
    ((status == 0))
    has "usage: headgate $verb"
    run headgate "$verb" --no-such-option
    ((status == 2))
    has "headgate: $verb: unknown option --no-such-option"
  done
}
