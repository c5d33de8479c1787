# What befalls a daemon from the machine and from strangers: it stays up, serves the others, and says what happened. What kills it and what
# its disk does to it is in tests/crash.
load helper

CROWD=$BATS_TEST_DIRNAME/crowd.py

begin() {
  server_config "$@"
  repo_new infra
  BARE=$GIT_ROOT/infra.git
  repo_clone infra
  commit app.yaml "$(good_manifest app)"
}

# crowd NAME ARGUMENT...: in the background, what it says in $T/NAME; ends when the file descriptor CROWD_FD is closed.
crowd() {
  local name=$1
  shift
  mkfifo "$T/$name.in"
  python3 "$CROWD" "$@" <"$T/$name.in" >"$T/$name" 3>&- &
  CROWD_PID=$!
  exec {CROWD_FD}>"$T/$name.in"
  wait_for 60 test -s "$T/$name"
}

crowd_goes() {
  exec {CROWD_FD}>&-
  wait "$CROWD_PID"
}

push_is_journaled() {
  commit "$1" "$(good_manifest x)"
  timeout 30 git push -q origin main
  wait_for 15 eval "events_of ref.updated | grep -q $(git rev-parse main)"
}

# So many announcements in a row, each a move of a ref of its own; false when one is not taken in within five seconds.
hand_over() {
  python3 - "$HOOK_SOCKET" "$BARE" "$(git rev-parse main)" "$@" <<'END'
import json, socket, sys, time
path, repo, new, first, last = sys.argv[1:]
longest = 0
for n in range(int(first), int(last)):
    line = {"v": 1, "type": "received", "repo": repo, "push": "%032x" % n, "time": "2026-01-01T00:00:00Z", "options": [],
            "actor": {"name": "alice", "id": None, "server": "ssh", "repo": None, "remote": None, "protocol": "ssh"},
            "updates": [{"old": "0" * 40, "new": new, "ref": "refs/heads/many/%d" % n}]}
    began = time.monotonic()
    with socket.socket(socket.AF_UNIX) as hook:
        hook.settimeout(5)
        hook.connect(path)
        hook.sendall(json.dumps(line).encode() + b"\n")
        answer = hook.makefile().readline()
    if not json.loads(answer)["ok"]:
        sys.exit(answer)
    longest = max(longest, time.monotonic() - began)
print("the longest took %.1f ms" % (1000 * longest))
END
}

@test "no hand-over waits for the journal's log to be moved, however long the disk takes for that" {
  begin
  git push -q origin main
  under FAULTS_OPS=write FAULTS_PATH='/journal.db$' FAULTS_ACTION=hold FAULTS_WHILE="$T/slow" FAULTS_TOLD="$T/told"
  daemon_start
  touch "$T/slow"
  for n in {1..200}; do echo "create refs/heads/many/$n $(git rev-parse main)"; done | git -C "$BARE" update-ref --stdin
  hand_over 1 200
  # It was begun, and is still on its way.
  [[ $(wc -l <"$T/told") == 1 && $(metric headgate_journal_checkpoints_total) == 0 ]]
  (($(metric headgate_journal_log_pages) > 200))
  rm "$T/slow"
  push_is_journaled b.yaml
  wait_for 10 eval '(($(metric headgate_journal_checkpoints_total) > 0))'
  [[ $(metric headgate_journal_checkpoint_failures_total) == 0 ]]
  headgate audit verify
}

@test "a journal that cannot be read ends streams, and is told once and then counted" {
  begin
  git push -q origin main
  echo 0 >"$T/up"
  under FAULTS_OPS=read FAULTS_PATH=/journal.db FAULTS_ACTION=EIO FAULTS_WHILE="$T/unreadable" FAULTS_UPTIME="$T/up"
  for n in {1..600}; do echo "create refs/heads/$(printf %0150d "$n") $(git rev-parse main)"; done | git -C "$BARE" update-ref --stdin
  daemon_start
  # Nothing of it in memory, but where it begins and ends.
  daemon_stop
  daemon_start
  local journal
  journal=$(admin GET '/v1/events?last=1' | jq -r '.cursor | split(".")[0]')
  admin GET "/v1/events?cursor=$journal.600&limit=1" -o /dev/null
  touch "$T/unreadable"
  for n in {1..20}; do
    [[ $(admin GET "/v1/events?cursor=$journal.300" -o /dev/null -w '%{http_code}') == 503 ]]
  done
  (($(grep -c 'level=error component=hub' "$DAEMON_LOG") == 1))
  grep -q 'streams end: the journal cannot be read' "$DAEMON_LOG"
  rm "$T/unreadable"
  (($(admin GET '/v1/events?cursor=0&limit=1000' | jq '.events | length') >= 600))
  ! grep -q 'can be read again' "$DAEMON_LOG"
  echo 61 >"$T/up"
  admin GET '/v1/events?cursor=0&limit=1000' -o /dev/null
  grep -q 'the journal can be read again.*left_out=19' "$DAEMON_LOG"
  [[ $(admin GET /readyz) == ok ]]
}

@test "inotify loses events: everything is compared, and it is said" {
  begin
  git push -q origin main
  under FAULTS_OVERFLOW="$T/lose"
  daemon_start
  touch "$T/lose"
  git -C "$BARE" update-ref refs/heads/unseen main
  wait_for 10 grep -q 'inotify has lost events' "$DAEMON_LOG"
  wait_for 10 eval 'events_of ref.updated | jq -e "select(.data.ref == \"refs/heads/unseen\")"'
  rm "$T/lose"
  push_is_journaled b.yaml
}

@test "the wall clock goes back a day, and ahead ten: order and chain hold, streams go on" {
  begin
  echo 0 >"$T/offset"
  under FAULTS_CLOCK="$T/offset"
  daemon_start
  curl -sS -N --noproxy '*' --unix-socket "$ADMIN_SOCKET" -H 'Accept: text/event-stream' 'http://x/v1/events?cursor=0' >"$T/stream" 3>&- &
  local stream=$! offset n=0
  for offset in 0 -86400 864000 -3600 0; do
    echo "$offset" >"$T/offset"
    n=$((n + 1))
    push_is_journaled "f$n.yaml"
    wait_for 5 grep -q "$(git rev-parse main)" "$T/stream"
    # Seen, not told: the compare's clock is another than the hook's.
    git -C "$BARE" update-ref "refs/heads/seen$n" main
    wait_for 10 eval "events_of ref.updated | grep -q refs/heads/seen$n"
  done
  kill "$stream"
  [[ $(events_of | jq -r '.id | split(".")[1]' | paste -sd ' ') == $(seq -s ' ' "$(events_of | wc -l)") ]]
  events_of ref.updated | jq -r '.data | select(.ref == "refs/heads/main") | .new' >"$T/journaled"
  git rev-list --reverse main | tail -n "$(wc -l <"$T/journaled")" | diff - "$T/journaled"
  headgate audit verify
  # The times are the clock's: a day back is told as it was.
  events_of ref.updated | jq -r .time | sort -c 2>/dev/null && { echo "no time went back"; false; }
  [[ $(admin GET /readyz) == ok ]]
}

@test "more silent hooks than there are places: a push waits a moment and is told, or spooled, and taken in" {
  begin
  daemon_start
  crowd silent hold "$HOOK_SOCKET" 600 '{"v":1,'
  (($(<"$T/silent") >= 256))
  push_is_journaled b.yaml
  [[ $(admin GET /readyz) == ok ]]
  wait_for 10 grep -q 'a hook did not end its line in time' "$DAEMON_LOG"
  crowd_goes
  push_is_journaled c.yaml
  wait_for 15 eval '[[ -z $(ls "$STATE/spool") ]]'
}

@test "descriptors run out: it is said, hooks are served or spool, and all is well when they come back" {
  begin 'limits: {streams: 20}'
  headgated() {
    ulimit -n 64
    exec "$BUILD/bin/headgated" "$@"
  }
  daemon_start
  crowd hooks hold "$HOOK_SOCKET" 200 '{"v":1,'
  wait_for 10 grep -q 'cannot accept' "$DAEMON_LOG"
  commit b.yaml "$(good_manifest b)"
  timeout 30 git push -q origin main
  crowd_goes
  wait_for 20 eval "events_of ref.updated | grep -q $(git rev-parse main)"
  wait_for 20 eval '[[ -z $(ls "$STATE/spool") ]]'
  events_of | jq -es --arg new "$(git rev-parse main)" 'any(.[]; .data.new == $new and .data.actor == "alice")'
}

@test "a subscriber that reads a byte a second keeps nobody waiting, and costs no queue" {
  begin
  daemon_start
  git push -q origin main
  crowd slow trickle "$ADMIN_SOCKET" 'GET /v1/events?cursor=0 HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n'
  curl -sS -N --noproxy '*' --unix-socket "$ADMIN_SOCKET" -H 'Accept: text/event-stream' 'http://x/v1/events?cursor=0' >"$T/stream" 3>&- &
  local stream=$! before after i
  before=$(awk '/VmRSS/ { print $2 }' "/proc/$DAEMON_PID/status")
  for i in {1..5}; do
    for n in {1..400}; do
      echo "create refs/heads/many/$i/$n $(git rev-parse main)"
    done | git -C "$BARE" update-ref --stdin
    commit "f$i.yaml" "$(good_manifest x)"
    git push -q origin main
    wait_for 10 grep -q "$(git rev-parse main)" "$T/stream"
    wait_for 10 grep -q "refs/heads/many/$i/400\"" "$T/stream"
  done
  kill "$stream"
  after=$(awk '/VmRSS/ { print $2 }' "/proc/$DAEMON_PID/status")
  sanitized || ((after - before < 16384)) || { echo "$before KB before, $after KB after"; false; }
  [[ $(<"$T/slow") == reading ]]
  crowd_goes
}

@test "10,000 requests that are never finished keep nobody out" {
  begin
  ulimit -S -n "$(ulimit -H -n)"
  daemon_start
  crowd half hold "${URL##*:}" 10000 'GET /healthz HT'
  (($(<"$T/half") == 10000 || $(<"$T/half") > $(ulimit -H -n) - 200)) || { cat "$T/half"; false; }
  [[ $(curl -sS --noproxy '*' --max-time 10 "$URL/healthz") == ok ]]
  [[ $(admin GET /healthz) == ok ]]
  push_is_journaled b.yaml
  [[ -z $(ls "$STATE/spool") ]]
  crowd_goes
}

@test "headers and bodies over their limits are answered, and the next one is served" {
  begin
  daemon_start
  head -c 40000 /dev/zero | tr '\0' x >"$T/long"
  [[ $(admin GET /healthz -H "X: $(<"$T/long")" -o /dev/null -w '%{http_code}') == 4* ]]
  [[ $(admin GET "/v1/events?repo=$(<"$T/long")" -o /dev/null -w '%{http_code}') == 4* ]]
  head -c 1100000 /dev/zero >"$T/large"
  [[ $(admin POST /v1/agents --data-binary @"$T/large" -o /dev/null -w '%{http_code}') == 413 ]]
  [[ $(admin POST /v1/agents -H 'Content-Length: 99999999999999999999' -d x -o /dev/null -w '%{http_code}') != 2* ]]
  [[ $(admin GET /healthz) == ok ]]
  # A line of 17 MiB on the hook socket.
  { printf '{"v":1,"x":"'; head -c 17825792 /dev/zero | tr '\0' x; printf '"}\n'; } | python3 "$CROWD" ask "$HOOK_SOCKET" >"$T/answer"
  [[ ! -s $T/answer || $(jq -r .ok "$T/answer") == false ]]
  push_is_journaled b.yaml
}

@test "malformed JSON at each door is answered, logged, and changes nothing" {
  begin
  git push -q origin main
  daemon_start
  local before text
  before=$(events_of | wc -l)
  for text in '' '{' '[]' 'null' '"x"' '{"v":1}' '{"v":2,"type":"received"}' '{"v":1,"type":"received","repo":"/x","push":7}' \
    '{"v":1e999}' '{"a":"\ud800"}' $'{"a":"\xff"}' "$(printf '[%.0s' {1..200})" '{"v":1}{"v":1}'; do
    python3 "$CROWD" ask "$HOOK_SOCKET" <<<"$text" >"$T/answer"
    jq -e '.ok == false and (.error | length > 0)' "$T/answer" || { echo "to $text: $(<"$T/answer")"; false; }
    [[ $(admin POST /v1/agents -d "$text" -o "$T/answer" -w '%{http_code}') == 400 ]] || { echo "to $text: $(<"$T/answer")"; false; }
    jq -e '.error == "bad-request" and (.message | length > 0)' "$T/answer"
    printf '%s\n' "$text" >"$STATE/spool/.new"
    mv "$STATE/spool/.new" "$STATE/spool/2026-01-01T00:00:00.000Z-$((++n)).json"
  done
  grep -q 'an announcement makes no sense' "$DAEMON_LOG"
  wait_for 10 eval '! compgen -G "$STATE/spool/*.json"'
  (($(events_of | wc -l) == before))
  push_is_journaled b.yaml
  run headgate audit verify
  ((status == 0))
}
