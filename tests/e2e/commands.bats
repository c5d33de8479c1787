#!/usr/bin/env bats
# What operators ask of agents' targets: on disk before it is told, told on every stream until it is acknowledged, whatever is killed,
# cut off, removed or put back meanwhile. curl is the agent here.
load helper

teardown() {
  hang_up
  headgate_teardown
}

# as TOKEN METHOD PATH [CURL...]: the body, then the status on a line of its own.
as() {
  local token=$1 method=$2 path=$3
  shift 3
  curl -sS --noproxy '*' --max-time 20 -w '\n%{http_code}' -X "$method" -H "Authorization: Bearer $token" "$URL$path" "$@"
}

status_of() {
  as "$@" -o /dev/null | tail -n 1
}

announce() {
  as "$1" PUT /v1/agents/self -d '{"version":"1","host":"h","instance":"i","targets":[
    {"name":"web","repo":"infra/prod","ref":"refs/heads/main","path":"web","driver":"files","sync":"manual"},
    {"name":"db","repo":"infra/prod","ref":"refs/heads/main","path":"db","driver":"files","sync":"auto"}]}' | tail -n 1 | grep -qx 200
}

# A repository with three commits on main, and the agent web1 with two targets of it.
start() {
  server_config "$@"
  repo_new infra/prod
  daemon_start
  repo_clone infra/prod
  commit web/a one
  commit db/a two
  commit web/b three
  git push -q origin HEAD:main 2>/dev/null
  wait_for 10 has_events 1 ref.updated
  TOKEN=$(headgate agent add web1 --kind host --allow 'infra/*')
  announce "$TOKEN"
}

# dial FILE [CURL...]: the agent's stream into the file.
dial() {
  local file=$1
  shift
  curl -sSN --noproxy '*' --max-time 60 -H "Authorization: Bearer $TOKEN" -H 'Accept: text/event-stream' "$@" \
    "$URL/v1/agents/self/events?instance=i" >"$file" 2>/dev/null 3>&- &
  STREAM=$!
}

# The same, until it is told that this is all. A stream that goes on from a cursor has its first bookmark later.
listen() {
  dial "$@"
  wait_for 10 heard_a_bookmark "$1"
}

heard_a_bookmark() {
  grep -q '^event: bookmark' "$1"
}

hang_up() {
  [[ -z ${STREAM:-} ]] || { kill "$STREAM" && wait "$STREAM"; } 2>/dev/null || true
  STREAM=''
}

# The commands that a stream told: one line of JSON each.
told() {
  sed -n '/^event: command$/{n;s/^data: //p}' "$1"
}

told_are() {
  (($(told "$1" | wc -l) == $2))
}

# pending [TARGET]: the ids that are not acknowledged.
pending() {
  admin GET /v1/agents | jq -r --arg target "${1:-}" '.agents[] | .targets[] | select($target == "" or .name == $target) | .commands[].id'
}

acknowledge() {
  as "$TOKEN" POST /v1/agents/self/commands -d "{\"id\":\"$1\"}"
}

@test "commands are told live, and to each stream again until they are acknowledged" {
  start
  listen live
  ! grep -q '^event: command' live || false
  headgate sync web1 web --json >answer
  jq -e '.agent == "web1" and .connected and (.commands | length == 1) and .commands[0].target == "web" and .commands[0].revision == null' answer
  wait_for 5 told_are live 1
  diff <(told live | jq -S .) <(jq -S '.commands[0]' answer)
  # It has the id of its event.
  events_of sync.requested | jq -e --slurpfile answer answer '.id == $answer[0].commands[0].id and .subject == "web1/web" and
    .data == {"agent": "web1", "target": "web", "action": "sync", "revision": null, "actor": $answer[0].commands[0].actor}'
  # All of the agent's, in the order in which they were asked, and none taken together with another.
  headgate suspend web1
  headgate resume web1
  headgate sync web1 web
  wait_for 5 told_are live 6
  [[ $(told live | jq -r '.target + " " + .action' | paste -sd,) == "web sync,web suspend,db suspend,web resume,db resume,web sync" ]]
  # A stream that comes later is told all of them before its first bookmark.
  hang_up
  listen again
  [[ $(told again) == "$(told live)" ]]
  (($(grep -nm1 '^event: bookmark' again | cut -d: -f1) > $(grep -n '^event: command' again | tail -n 1 | cut -d: -f1)))
  # So is one that goes on from a cursor, and one whose cursor is worth nothing.
  cursor=$(sed -n 's/^id: //p' again | tail -n 1)
  hang_up
  commit web/c four && git push -q origin HEAD:main 2>/dev/null
  dial on -H "Last-Event-ID: $cursor"
  wait_for 10 grep -q '^event: io.headgate.ref.updated' on
  wait_for 10 told_are on 6
  [[ $(told on) == "$(told live)" ]]
  ! grep -q '^event: snapshot' on || false
  hang_up
  listen reset -H 'Last-Event-ID: 0123456789abcdef.7'
  [[ $(told reset) == "$(told live)" ]]
  grep -q '^event: reset' reset
  # A command moves no cursor: none of them has an id.
  ! grep -B1 '^event: command' live again on reset | grep -q 'id: ' || false
  # What is acknowledged is not told again, to nobody.
  first=$(told live | head -n 1 | jq -r .id)
  run acknowledge "$first"
  has '"cursor"'
  has 200
  run acknowledge "$first"
  has 200
  hang_up
  listen less
  [[ $(told less) == "$(told live | tail -n +2)" ]]
  [[ $(pending) == "$(told live | tail -n +2 | jq -r 'select(.target == "web").id'; told live | jq -r 'select(.target == "db").id')" ]]
  told less | jq -r .id | while read -r id; do acknowledge "$id"; done
  hang_up
  listen none
  told_are none 0
  [[ -z $(pending) ]]
}

@test "a daemon that is killed between request and delivery tells it afterwards" {
  start
  headgate sync web1 web 2>note
  grep -q 'web1: the agent is not connected; it is told when it comes' note
  id=$(pending web)
  daemon_kill
  daemon_start
  [[ $(pending web) == "$id" ]]
  listen s
  [[ $(told s | jq -r .id) == "$id" ]]
  hang_up
  # The agent may have been told and not have got to say so.
  daemon_kill
  daemon_start
  listen s2
  [[ $(told s2 | jq -r .id) == "$id" ]]
  acknowledge "$id" | tail -n 1 | grep -qx 200
  daemon_kill
  daemon_start
  hang_up
  listen s3
  told_are s3 0
  headgate audit verify
}

@test "whatever was answered is told, whenever the daemon is killed" {
  start
  local round n
  : >answered
  for round in 1 2 3 4 5; do
    # One asks, the other acknowledges, as fast as they are answered.
    for n in 1 2 3; do
      while admin GET /healthz >/dev/null 2>&1; do
        admin POST /v1/agents/web1/commands -d '{"action":"sync"}' 2>/dev/null | jq -r '.commands[]?.id' >>"answered.$n" || true
      done &
      PIDS[n]=$!
    done 3>&-
    while admin GET /healthz >/dev/null 2>&1; do
      for id in $(pending 2>/dev/null | head -n 4); do
        echo "$id" >>tried
        [[ $(acknowledge "$id" 2>/dev/null | tail -n 1) != 200 ]] || echo "$id" >>acknowledged
      done
    done 3>&- &
    PIDS[4]=$!
    wait_for 20 eval "(( \$(cat answered.* 2>/dev/null | wc -l) >= round * 12 && \$(cat acknowledged 2>/dev/null | wc -l) >= round * 2 ))"
    daemon_kill
    wait "${PIDS[@]}" || true
    daemon_start
  done
  sort -u acknowledged >gone
  sort -u tried >offered
  sort -u answered.* >asked
  pending | sort >left
  # What was answered and not acknowledged waits (an acknowledgement whose answer was lost may count or not); what was acknowledged does
  # not; nothing waits that is no event.
  [[ -z $(comm -23 <(comm -23 asked offered) left) ]]
  [[ -z $(comm -12 gone left) ]]
  [[ -z $(comm -13 <(events_all sync.requested | jq -r .id | sort) left) ]]
  (($(comm -23 asked offered | wc -l) > 5))
  listen s
  [[ $(told s | jq -r .id | sort) == "$(<left)" ]]
  headgate audit verify
}

# events_all TYPE: events_of, past its first page.
events_all() {
  local cursor=0 page
  while page=$(admin GET "/v1/events?cursor=$cursor&limit=1000&type=io.headgate.$1.v1"); do
    jq -c '.events[]' <<<"$page"
    cursor=$(jq -r .cursor <<<"$page")
    [[ $(jq -r .more <<<"$page") == true ]] || break
  done
}

@test "a command comes behind the push that it was asked for after: on a new stream, on one that goes on, and live" {
  start
  # order FILE: what it told, by a letter each: the ref, a command.
  order() {
    grep -E '^event: (snapshot|command|io.headgate.ref.updated)' "$1" | sed 's/.*command/c/; s/.*\(snapshot\|updated.*\)/r/' | tr -d '\n'
  }
  listen live
  cursor=$(sed -n 's/^id: //p' live | tail -n 1)
  commit web/a moved && git push -q origin HEAD:main 2>/dev/null
  headgate sync web1 web
  wait_for 10 told_are live 1
  # The refs of its two targets are one: it is told once.
  [[ $(order live) == rrc ]] || { cat live; false; }
  hang_up
  dial on -H "Last-Event-ID: $cursor"
  wait_for 10 told_are on 1
  [[ $(order on) == rc ]] || { cat on; false; }
  hang_up
  listen new
  [[ $(order new) == rc ]] || { cat new; false; }
  hang_up
}

@test "a revision is one of the target's own ref, and is looked up by the daemon" {
  start
  listen s
  git push -q origin HEAD~1:refs/tags/v1 HEAD~2:refs/heads/old
  git checkout -q -b side HEAD~1 && commit side x && git push -q origin side 2>/dev/null
  run headgate sync web1 web --rev main~2
  [[ $status == 0 && $output == "web1/web: sync to $(git rev-parse main~2 | cut -c1-8), command "* ]]
  headgate sync web1 --rev v1
  headgate sync web1 db --rev "$(git rev-parse main)"
  wait_for 5 told_are s 4
  [[ $(told s | jq -r '.target + " " + .revision') == "web $(git rev-parse main~2)
web $(git rev-parse main~1)
db $(git rev-parse main~1)
db $(git rev-parse main)" ]]
  local rev
  for rev in side "$(git rev-parse side)" main~7 nothing "$(printf %040d 7)"; do
    fails headgate sync web1 web --rev "$rev"
    ((status == 1))
    has "headgate: target web: $rev names no commit in the history of refs/heads/main"
  done
  for rev in ':/three' 'main:web' 'main@{1}' '-x' 'a b' ''; do
    fails headgate sync web1 web "--rev=$rev"
    ((status == 2))
    has 'field "revision"'
  done
  told_are s 4
  # Not even of all where it is none of one of them.
  as "$TOKEN" PUT /v1/agents/self -d '{"version":"1","host":"h","instance":"i","targets":[
    {"name":"web","repo":"infra/prod","ref":"refs/heads/main","path":"web","driver":"files","sync":"manual"},
    {"name":"old","repo":"infra/prod","ref":"refs/heads/old","path":"web","driver":"files","sync":"auto"}]}'
  fails headgate sync web1 --rev v1
  has 'target old: v1 names no commit in the history of refs/heads/old'
  has_events 4 sync.requested
}

@test "sync, suspend, resume: what they say and how they end" {
  start
  listen s
  run headgate sync web1
  [[ $status == 0 && ${#lines[@]} == 2 && ${lines[0]} =~ ^web1/web:\ sync,\ command\ [0-9a-f]{16}\.[0-9]+$ ]]
  run headgate suspend web1 db
  [[ $status == 0 && ${#lines[@]} == 1 && $output == "web1/db: suspend, command "* ]]
  run headgate resume web1 db --json
  jq -e '.commands[0].action == "resume"' <<<"$output"
  local args
  while read -r code message <&4; do
    read -r args <&4
    # shellcheck disable=SC2086
    fails headgate $args
    ((status == code)) || { echo "$args: $status"; false; }
    has "$message"
  done 4<<'END'
1 there is no agent web2
sync web2
1 agent web1 has announced no target mail
sync web1 mail
2 which AGENT?
sync
2 one AGENT and one TARGET are wanted, but there is also x
sync web1 web x
2 --rev is for sync
suspend web1 web --rev main
2 unknown option --all
resume web1 --all
2 a value is missing after --rev
sync web1 --rev
END
  daemon_stop
  fails headgate sync web1
  ((status == 2))
  daemon_start
  # An agent that has announced nothing.
  headgate agent add web3 --kind host --allow '**' >web3.token
  fails headgate sync web3
  ((status == 1))
  has 'agent web3 has announced no target'
}

@test "so many commands wait for a target, and no more" {
  start
  local i
  for ((i = 0; i < 64; i++)); do
    admin POST /v1/agents/web1/commands -d '{"action":"sync","target":"web"}'
  done >/dev/null
  fails headgate sync web1 web
  ((status == 1))
  has '64 commands wait for target web of agent web1, and no more are kept; see that the agent runs and reaches the server'
  [[ $(admin POST /v1/agents/web1/commands -d '{"action":"sync"}' | jq -r .error) == too-many-commands ]]
  # Of both or of none.
  [[ -z $(pending db) ]]
  headgate sync web1 db
  acknowledge "$(pending web | head -n 1)" | tail -n 1 | grep -qx 200
  headgate sync web1
  (($(pending | wc -l) == 66))
  [[ $(admin GET /metrics | grep -E '^headgate_(agent_)?commands_pending') == 'headgate_commands_pending 66
headgate_agent_commands_pending{agent="web1"} 66' ]]
}

@test "who may ask, and of what" {
  start
  viewer=$(headgate token add v --role viewer)
  operator=$(headgate token add o --role operator)
  narrow=$(headgate token add n --role operator --repo 'infra/*' --path db)
  elsewhere=$(headgate token add e --role operator --repo 'other/*')
  listen s
  local body='{"action":"sync","target":"web"}'
  [[ $(status_of "$viewer" POST /v1/agents/web1/commands -d "$body") == 403 ]]
  [[ $(status_of "$TOKEN" POST /v1/agents/web1/commands -d "$body") == 403 ]]
  [[ $(status_of "" POST /v1/agents/web1/commands -d "$body") == 401 ]]
  [[ $(status_of "$operator" POST /v1/agents/self/commands -d '{"id":"0123456789abcdef.1"}') == 403 ]]
  [[ $(status_of "$operator" POST /v1/agents/web1/commands -d "$body") == 201 ]]
  # Of what lies within, and as if nothing else were there.
  as "$narrow" POST /v1/agents/web1/commands -d "$body" >outside
  as "$narrow" POST /v1/agents/web1/commands -d '{"action":"sync","target":"nothing"}' | sed s/nothing/web/ >absent
  cmp outside absent
  as "$narrow" POST /v1/agents/web1/commands -d '{"action":"sync"}' | head -n 1 | jq -e '[.commands[].target] == ["db"]'
  as "$elsewhere" POST /v1/agents/web1/commands -d '{"action":"sync"}' >outside
  as "$elsewhere" POST /v1/agents/web9/commands -d '{"action":"sync"}' | sed s/web9/web1/ >absent
  cmp outside absent
  wait_for 5 told_are s 2
  [[ $(told s | jq -r '.target + " " + .actor' | paste -sd,) == 'web token:o,db token:n' ]]
  # Nobody speaks for another but by the admin socket.
  as "$operator" POST /v1/agents/web1/commands -d '{"action":"sync","target":"web","actor":"root"}' | head -n 1 | jq -e '.commands[0].actor == "token:o"'
  admin POST /v1/agents/web1/commands -d '{"action":"sync","target":"web","actor":"carol"}' | jq -e '.commands[0].actor == "carol"'
  # Nor acknowledges for another.
  other=$(headgate agent add web2 --kind host --allow '**')
  TOKEN=$other announce "$other"
  for id in $(pending) 0123456789abcdef.1; do
    [[ $(status_of "$other" POST /v1/agents/self/commands -d "{\"id\":\"$id\"}") == 404 ]]
  done
  (($(pending | wc -l) == 4))
  # What waits is shown to who may see the target.
  as "$narrow" GET /v1/agents | head -n 1 | jq -e '[.agents[].targets[] | .name, (.commands | length)] == ["db", 1, "db", 0]'
  # The audit trail tells who asked for what.
  run headgate audit --type sync.requested
  (($(grep -c sync.requested <<<"$output") == 4))
  run headgate audit --actor 'token:*'
  (($(grep -c sync.requested <<<"$output") == 3))
  has 'web1/web  token:o  sync'
  run headgate audit --actor carol --json
  jq -e '.event.data.actor == "carol" and .event.data.action == "sync"' <<<"$output"
  run headgate audit --repo infra/prod --agent web1
  has 'carol  sync'
  run headgate audit --repo other
  lacks sync.requested
}

@test "an agent's commands go with it" {
  start
  headgate sync web1
  old=$(pending | head -n 1)
  headgate agent remove web1
  TOKEN=$(headgate agent add web1 --kind host --allow '**')
  announce "$TOKEN"
  [[ -z $(pending) ]]
  listen s
  told_are s 0
  daemon_stop
  daemon_start
  [[ -z $(pending) ]]
  # Its successor may say that it has what it never was told of, as often as it likes.
  acknowledge "$old" | tail -n 1 | grep -qx 200
}

@test "commands outlive their events, and keep their ids when a backup is put back" {
  start 'journal: {keep_events: 20}'
  headgate sync web1 web
  id=$(pending web)
  seq=${id#*.}
  local i
  for ((i = 0; i < 60; i++)); do
    echo "create refs/tags/t$i $(git rev-parse HEAD)"
  done | git -C "$GIT_ROOT/infra/prod.git" update-ref --stdin
  first_is_past() {
    local first
    first=$(admin GET '/v1/events?cursor=0&limit=1' | jq -r '.events[0].id')
    ((${first#*.} > seq))
  }
  wait_for 20 first_is_past
  [[ $(pending web) == "$id" ]]
  headgate audit verify
  headgate audit backup copy.db
  headgate sync web1 db
  lost=$(pending db)
  daemon_stop
  rm "$STATE"/journal.db*
  cp copy.db "$STATE/journal.db"
  daemon_start
  grep -q 'this is a backup that was put in place' "$DAEMON_LOG"
  [[ $(pending) == "$id" && $(admin GET /v1/status | jq -r .journal) != "${id%.*}" ]]
  listen s
  [[ $(told s | jq -r .id) == "$id" ]]
  # Another one now stands where the lost one stood.
  headgate sync web1 web
  [[ $(status_of "$TOKEN" POST /v1/agents/self/commands -d "{\"id\":\"$lost\"}") == 404 ]]
  [[ $(status_of "$TOKEN" POST /v1/agents/self/commands -d "{\"id\":\"$id\"}") == 200 ]]
  (($(pending | wc -l) == 1))
  headgate audit verify
}

@test "a command for a target that is announced no more is told all the same" {
  start
  headgate sync web1 db
  id=$(pending db)
  as "$TOKEN" PUT /v1/agents/self -d '{"version":"1","host":"h","instance":"i","targets":[
    {"name":"web","repo":"infra/prod","ref":"refs/heads/main","path":"web","driver":"files","sync":"manual"}]}'
  listen s
  [[ $(told s | jq -r '.id + " " + .target') == "$id db" ]]
  acknowledge "$id" | tail -n 1 | grep -qx 200
  hang_up
  listen s2
  told_are s2 0
}
