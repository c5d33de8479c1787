# The journal as an operator has it: old events go, copies and exports are made while it is written, what was put back goes on by another id.

load helper

# begin [CONFIG...]
begin() {
  server_config "$@"
  repo_new infra/prod
  daemon_start
  repo_clone infra/prod
  commit apps/web.yaml "$(good_manifest web)"
  git push -q origin HEAD:main
  TIP=$(git rev-parse HEAD)
  wait_for 10 has_events 1 ref.updated
}

# move COUNT FIRST: that many tags, seen by the watcher.
move() {
  local i
  for ((i = $2; i < $2 + $1; i++)); do
    echo "create refs/tags/t$i $TIP"
  done | git -C "$GIT_ROOT/infra/prod.git" update-ref --stdin
}

head_of() {
  admin GET /v1/status | jq -r .head
}

# Nothing is appended any more.
quiet() {
  local before
  before=$(head_of)
  grep -q 'old events removed' "$DAEMON_LOG" && [[ $(head_of) == "$before" ]]
}

head_is_past() {
  local head
  head=$(head_of)
  ((${head#*.} >= $1))
}

first_event() {
  admin GET '/v1/events?cursor=0&limit=1' | jq -r '.events[0].id'
}

first_is_past() {
  local first
  first=$(first_event)
  ((${first#*.} > $1))
}

# stream CURSOR: its first lines.
stream() {
  curl -sSN --noproxy '*' --max-time 2 --unix-socket "$ADMIN_SOCKET" -H 'Accept: text/event-stream' "http://headgate/v1/events?cursor=$1" |
    head -n 12 || true
}

@test "retention: the oldest events go by count, the rest is proven, the refs stay" {
  begin 'journal: {keep_events: 50}'
  local id
  id=$(head_of)
  id=${id%.*}
  move 120 0
  wait_for 30 head_is_past 121
  wait_for 30 first_is_past 60
  run headgate audit verify
  ((status == 0))
  [[ $output =~ ^journal\ $id:\ [0-9]+\ events\ from\ number\ [0-9]+\ on,\ chain\ holds$ ]]
  run headgate audit --type journal.compacted
  ((status == 0))
  has "events up to"
  has "removed by count"
  # A place in what is gone, exactly at its end, just behind it.
  local tail
  wait_for 10 quiet
  tail=$(first_event)
  tail=${tail#*.}
  [[ $(admin GET "/v1/events?cursor=$id.1" -o /dev/null -w '%{http_code}') == 410 ]]
  [[ $(admin GET "/v1/events?cursor=$id.$((tail - 2))" -o /dev/null -w '%{http_code}') == 410 ]]
  [[ $(admin GET "/v1/events?cursor=$id.$((tail - 1))&limit=1" | jq -r '.events[0].id') == "$id.$tail" ]]
  run stream "$id.1"
  has 'event: reset'
  has 'no longer holds'
  has '"ref":"refs/heads/main"'
  run stream "$id.$((tail - 1))"
  lacks 'event: reset'
  # Where every ref is stays, though nothing tells of it any more: nothing is seen to move after a restart.
  daemon_stop
  local before
  before=$(headgate audit verify)
  daemon_start
  [[ $(headgate audit verify) == "$before" ]]
  [[ $(admin GET /v1/events | jq -r '.snapshot[] | select(.ref == "refs/heads/main") | .new') == "$TIP" ]]
  [[ $(admin GET /v1/events | jq '.snapshot | length') == 121 ]]
  # What is gone is refused by an export, and named.
  run headgate audit export --since "$id.1"
  ((status == 1))
  has 'no longer holds'
}

# at WALL [UPTIME]: so many seconds after the start, by the wall clock and by those that count from a start; the loop is told by a request.
at() {
  echo "$1" >"$T/clock.new" && mv "$T/clock.new" "$T/clock"
  echo "${2:-$1}" >"$T/up.new" && mv "$T/up.new" "$T/up"
  admin GET /healthz >/dev/null
}

@test "retention: the oldest events go by age, as long as the clock can be believed" {
  echo 0 >"$T/clock"
  echo 0 >"$T/up"
  under FAULTS_CLOCK="$T/clock" FAULTS_UPTIME="$T/up"
  begin 'journal: {keep_days: 2}'
  local id day=86400
  move 20 0
  wait_for 10 head_is_past 21
  at 100000
  move 20 20
  wait_for 10 head_is_past 41
  # Two days after the first of them they are not old enough by the half of one.
  at $((2 * day - 60))
  [[ $(first_event) == *.1 ]]
  # A clock that jumps proves nothing; there is a look every hour.
  at $((30 * day)) $((2 * day + 7200))
  wait_for 10 grep -q 'the clock has jumped; nothing is removed by its age for an hour' "$DAEMON_LOG"
  [[ $(first_event) == *.1 ]]
  at $((3 * day)) $((3 * day))
  wait_for 10 eval '(($(grep -c "the clock has jumped" "$DAEMON_LOG") == 2))'
  [[ $(first_event) == *.1 ]]
  # An hour of it later, three days after the first and less than two after the rest.
  at $((3 * day + 3700))
  wait_for 10 first_is_past 21
  [[ $(first_event) == *.22 ]]
  id=$(first_event)
  [[ $(events_of journal.compacted | jq -c '.data | [.reason, .seq, .count]') == '["age",21,21]' ]]
  headgate audit verify | grep -q "events from number 22 on, chain holds"
  [[ $(admin GET "/v1/events?cursor=${id%.*}.1" -o /dev/null -w '%{http_code}') == 410 ]]
  # The refs stay, though nothing tells of them any more; also past a restart, and when all are too old.
  daemon_stop
  daemon_start
  [[ $(first_event) == "$id" && $(admin GET /v1/events | jq '.snapshot | length') == 41 ]]
  at $((9 * day))
  wait_for 10 first_is_past 41
  [[ $(admin GET /v1/events | jq '.snapshot | length') == 41 ]]
  headgate audit verify
}

@test "retention: what a webhook's target has not been told yet stays" {
  begin 'journal: {keep_events: 20}' 'webhooks:' '  - {name: down, url: "http://127.0.0.1:9/", allow_private: true}'
  move 60 0
  wait_for 30 head_is_past 61
  wait_for 30 grep -q 'still needed' "$DAEMON_LOG"
  [[ $(first_event) == *.1 || $(first_event) == *.2 ]]
  grep -q 'by=webhooks' "$DAEMON_LOG"
  # Nobody needs them any more.
  daemon_stop
  server_config 'journal: {keep_events: 20}'
  daemon_start
  wait_for 30 first_is_past 30
  headgate audit verify
}

@test "retention: for ever when nothing else is said" {
  begin 'journal: {keep_events: 0, keep_days: 0}'
  move 100 0
  wait_for 30 head_is_past 101
  [[ $(first_event) == *.1 ]]
  daemon_stop
  daemon_start
  [[ $(first_event) == *.1 ]]
  [[ $(events_of journal.compacted) == '' ]]
}

@test "retention: a journal from before, lowered limits, its file gets smaller" {
  begin 'journal: {keep_events: 0}'
  local size
  move 5000 0
  wait_for 60 head_is_past 5001
  daemon_stop
  size=$(stat -c %s "$STATE/journal.db")
  server_config 'journal: {keep_events: 100}'
  # The file shrinks to what is kept for reuse, whatever was freed.
  sqlite3 "$STATE/journal.db" 'create table ballast (x); insert into ballast select zeroblob(16000000); drop table ballast'
  (($(stat -c %s "$STATE/journal.db") > size + 10000000))
  daemon_start
  wait_for 60 first_is_past 4800
  wait_for 60 freed
  headgate audit verify
  daemon_stop
  (($(stat -c %s "$STATE/journal.db") < size + 5000000))
}

freed() {
  (($(sqlite3 -readonly "$STATE/journal.db" 'pragma freelist_count') <= 1024))
}

@test "backup: while it is written; put back it goes on by another id, and newer cursors are told" {
  begin
  local pid old mid new copy_head id
  move 300 0
  wait_for 30 head_is_past 301
  old=$(head_of)
  run headgate audit backup "$T/copy.db"
  ((status == 0))
  [[ $output =~ ^journal\ ${old%.*}\ up\ to\ [0-9]+:\ [0-9]+\ events\ copied\ and\ verified$ ]]
  copy_head=$(headgate audit backup --json "$T/copy.db" | jq -r '.journal + "." + (.seq | tostring)')
  [[ $copy_head == "$old" && $(stat -c %a "$T/copy.db") == 600 && ! -e $T/copy.db-wal ]]
  headgate audit verify --journal "$T/copy.db"
  # It went on, and was lost.
  move 10 1000
  wait_for 30 head_is_past 311
  new=$(head_of)
  daemon_stop
  rm "$STATE/journal.db"*
  cp "$T/copy.db" "$STATE/journal.db"
  daemon_start
  grep -q 'it goes on under a new id' "$DAEMON_LOG"
  id=$(head_of)
  id=${id%.*}
  [[ $id != "${old%.*}" ]]
  # What moved since then is seen again, as new events of the new id.
  wait_for 30 head_is_past 312
  [[ $(admin GET '/v1/events?cursor=0&limit=1000' | jq -r '.events[301].type, .events[301].data.seq, .events[301].data.journal') == \
    $'io.headgate.journal.restored.v1\n301\n'"${old%.*}" ]]
  # A place that the copy has is the same place still; one after it is not.
  [[ $(admin GET "/v1/events?cursor=$old&limit=1" | jq -r '.events[0].type') == io.headgate.journal.restored.v1 ]]
  [[ $(admin GET "/v1/events?cursor=${old%.*}.7&limit=1" | jq -r '.events[0].id') == "${old%.*}.8" ]]
  [[ $(admin GET "/v1/events?cursor=$new" -o /dev/null -w '%{http_code}') == 410 ]]
  [[ $(admin GET "/v1/events?cursor=${old%.*}.302" -o /dev/null -w '%{http_code}') == 410 ]]
  run stream "$new"
  has 'event: reset'
  has 'of another journal'
  run headgate audit verify
  ((status == 0))
  has "journal $id: 312 events, chain holds"
  headgate audit export >all
  headgate audit verify --export all
  run headgate audit --type 'journal.*'
  has 'goes on from a backup of'
  # Once is enough.
  daemon_stop
  daemon_start
  [[ $(head_of) == "$id".* && $(count_events journal.restored) == 1 ]]
  # A push goes on as ever.
  commit apps/db.yaml "$(good_manifest db)"
  git push -q origin HEAD:main
  wait_for 10 headgate_told db
}

headgate_told() {
  headgate audit --limit 1 | grep -q "apps/$1.yaml"
}

@test "backup: a target that cannot be, a journal that is damaged" {
  begin
  run headgate audit backup
  ((status == 2))
  has 'one file is wanted after backup'
  run headgate audit backup "$STATE/journal.db"
  ((status == 2))
  has 'is the journal itself'
  run headgate audit backup "$T/missing/copy.db"
  ((status != 0))
  daemon_stop
  sqlite3 "$STATE/journal.db" "update events set body = replace(body, 'alice', 'mallory') where seq = 1"
  echo before >"$T/copy.db"
  run headgate audit backup "$T/copy.db"
  ((status == 1))
  has 'row 1'
  [[ $(<"$T/copy.db") == before ]]
  [[ $(find "$T" -maxdepth 1 -name 'copy.db*' | wc -l) == 1 ]]
}

@test "export: verified elsewhere; what is altered or missing is named" {
  begin
  move 20 0
  wait_for 30 head_is_past 21
  headgate audit export >all
  [[ $(wc -l <all) == 23 ]]
  jq -e . <all >/dev/null
  run headgate audit verify --export all
  ((status == 0))
  [[ $output =~ ^export\ [0-9a-f]{16}:\ 21\ events,\ chain\ holds$ ]]
  headgate audit export --since "$(jq -r 'select(.seq == 10 and .event) | .event.id' all)" | headgate audit verify --export - >said
  grep -q ': 11 events from number 11 on, chain holds' said
  # By hand: the hash of the first row from that of the journal's id.
  local first body
  first=$(sed -n 2p all)
  body=${first#*,\"event\":}
  body=${body%\}}
  [[ $({ printf '%s' "$(jq -r .journal <(head -n 1 all))" | sha256sum | cut -c1-64 | xxd -r -p; printf '%s' "$body"; } | sha256sum | cut -c1-64) == \
    $(jq -r .hash <<<"$first") ]]
  sed '5s/refs/refz/' all >altered
  run headgate audit verify --export altered
  ((status == 1))
  has 'line 5'
  sed 7d all >altered
  run headgate audit verify --json --export altered
  ((status == 1))
  has 'row 6 is missing'
  head -n 20 all >altered
  run headgate audit verify --export altered
  ((status == 1))
  has 'ends after line 20'
  run headgate audit verify --export /dev/null
  ((status == 1))
  run headgate audit verify --export missing
  ((status == 2))
  run headgate audit export --since nonsense
  ((status == 2))
}

@test "audit: filters" {
  begin
  commit hosts/a.conf x
  USER=bob LOGNAME=bob git push -q origin HEAD:refs/heads/side
  commit apps/web.yaml $'a: 1\na: 2\n'
  fails git push -q origin HEAD:main
  agent_add web-1
  wait_for 10 has_events 1 push.refused
  wait_for 10 has_events 2 ref.updated
  shown() {
    headgate audit --json "$@" | jq -r '.kind + " " + (.actor // "-")' | paste -sd,
  }
  [[ $(shown) == 'updated alice,updated bob,refused alice' ]]
  [[ $(shown --actor bob) == 'updated bob' ]]
  [[ $(shown --actor '*' --repo 'infra/*' --ref 'refs/heads/main') == 'updated alice,refused alice' ]]
  [[ $(shown --path hosts) == 'updated bob' ]]
  [[ $(shown --path apps/web.yaml) == 'updated alice,updated bob,refused alice' || $(shown --path apps/web.yaml) == 'updated alice,refused alice' ]]
  [[ $(shown --type push.refused) == 'refused alice' ]]
  [[ $(shown --type 'io.headgate.ref.*') == 'updated alice,updated bob' ]]
  [[ $(shown --limit 1) == 'refused alice' ]]
  [[ $(shown --type 'agent.*') == 'event -' ]]
  [[ $(headgate audit --json --type agent.added | jq -r .event.data.agent) == web-1 ]]
  [[ $(shown --agent web-1) == 'event -' ]]
  [[ $(shown --agent other) == '' ]]
  local first
  first=$(headgate audit --json --limit 3 | head -n 1 | jq -r .event)
  [[ $(shown --since "$first") == 'updated bob,refused alice' ]]
  [[ $(shown --until "$first") == 'updated alice' ]]
  [[ $(shown --since 1h) == 'updated alice,updated bob,refused alice' ]]
  [[ $(shown --since 2020-01-01 --limit 1) == 'refused alice' ]]
  [[ $(shown --until 2020-01-01T00:00:00Z) == '' ]]
  [[ $(shown --since 2999-01-01) == '' ]]
  local arguments
  while read -r arguments; do
    # shellcheck disable=SC2086
    run headgate audit $arguments
    ((status == 2)) || { echo "status $status: $arguments"; return 1; }
    has "Try 'headgate audit --help'."
  done <<'END'
--since yesterday
--until 5
--actor [
--type [
verify --repo x
verify more
export --repo x
export --until 0
backup a b
backup --since 0 a
--journal x
--export x
export --export x
END
}
