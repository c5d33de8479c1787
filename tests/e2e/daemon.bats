# The daemon as a process: what it hears, sees and finds, how it starts and ends. What befalls a push when the daemon is away, killed, or
# out of disk is in bad_input.bats.
load helper

# A repository with one commit on main, journaled, cloned.
begin() {
  server_config "$@"
  repo_new infra
  BARE=$GIT_ROOT/infra.git
  daemon_start
  repo_clone infra
  commit README one
  git push -q origin main
  TIP=$(git rev-parse main)
}

moves() {
  events_of ref.updated | jq -r '.data | "\(.source) \(.change) \(.ref)"'
}

# The last move of a repository that nothing announced has been seen, so everything before it has been too.
seen_all() {
  git -C "$BARE" update-ref refs/heads/marker "$TIP"
  wait_for 10 eval 'moves | grep -qx "watch create refs/heads/marker"'
  git -C "$BARE" update-ref -d refs/heads/marker
  wait_for 10 eval 'moves | grep -qx "watch delete refs/heads/marker"'
}

@test "a push is journaled when git push returns, once" {
  begin
  has_events 1 ref.updated
  events_of ref.updated | jq -e --arg tip "$TIP" '.data.actor == "alice" and .data.new == $tip and .data.source == "hook"
    and .data.paths == [{"path":"README","status":"A"}] and .data.paths_truncated == false'
  commit two 2
  git tag v1
  git push -q origin main v1
  has_events 3 ref.updated
  seen_all
  [[ $(moves | grep -v marker) == "hook create refs/heads/main
hook update refs/heads/main
hook create refs/tags/v1" ]]
  has_events 0 push.attributed
}

@test "refs that no hook tells of: made, moved, packed, renamed, deleted" {
  begin
  git -C "$BARE" update-ref refs/heads/deep/down/here "$TIP"
  wait_for 10 eval 'moves | grep -qx "watch create refs/heads/deep/down/here"'
  git -C "$BARE" pack-refs --all
  seen_all
  (($(moves | grep -vc marker) == 2))
  git -C "$BARE" branch -m deep/down/here there
  wait_for 10 eval 'moves | grep -qx "watch delete refs/heads/deep/down/here"'
  wait_for 10 eval 'moves | grep -qx "watch create refs/heads/there"'
  git -C "$BARE" update-ref -d refs/heads/there
  wait_for 10 eval 'moves | grep -qx "watch delete refs/heads/there"'
  # Moved while the daemon was away.
  daemon_stop
  git -C "$BARE" update-ref refs/heads/away "$TIP"
  daemon_start
  moves | tail -n 1 | grep -qx 'watch create refs/heads/away'
  run headgate audit verify
  ((status == 0))
}

@test "repositories that appear and disappear" {
  begin
  mkdir -p "$GIT_ROOT/team/sub"
  git clone -q --bare "$BARE" "$GIT_ROOT/team/sub/copy.git"
  wait_for 10 eval 'events_of ref.updated | jq -e "select(.data.repo == \"team/sub/copy\")"'
  admin GET /v1/status | jq -e '[.repositories[].name] == ["infra", "team/sub/copy"]'
  git -C "$GIT_ROOT/team/sub/copy.git" update-ref refs/heads/x "$TIP"
  wait_for 10 eval 'events_of ref.updated | jq -e "select(.data.repo == \"team/sub/copy\" and .data.ref == \"refs/heads/x\")"'
  before=$(events_of | wc -l)
  # Out of sight is not deleted.
  mv "$GIT_ROOT/team" "$T/aside"
  wait_for 10 eval 'admin GET /v1/status | jq -e "[.repositories[].name] == [\"infra\"]"'
  mv "$T/aside" "$GIT_ROOT/team"
  wait_for 10 eval 'admin GET /v1/status | jq -e "[.repositories[].name] == [\"infra\", \"team/sub/copy\"]"'
  git -C "$GIT_ROOT/team/sub/copy.git" update-ref refs/heads/y "$TIP"
  wait_for 10 has_events $((before + 1))
}

@test "a second daemon is refused, the first goes on" {
  begin
  run headgated -c "$CONFIG"
  ((status == 2))
  has "pid $DAEMON_PID"
  sed "s,$STATE,$T/other," "$CONFIG" >"$T/second.yaml"
  run headgated -c "$T/second.yaml"
  ((status == 2))
  has "$ADMIN_SOCKET"
  commit two 2
  git push -q origin main
  has_events 2 ref.updated
}

@test "a state folder that cannot be made, a root that is not there" {
  server_config
  sed "s,^state: .*,state: $CONFIG/state," "$CONFIG" >"$T/bad.yaml"
  run headgated -c "$T/bad.yaml"
  ((status == 2))
  has "$CONFIG/state"
  sed "s,root: [^}]*,root: $T/none," "$CONFIG" >"$T/bad.yaml"
  run headgated -c "$T/bad.yaml"
  ((status == 2))
  has "$T/none"
}

@test "a journal that was cut or is none keeps the daemon from starting" {
  begin
  commit two 2
  git push -q origin main
  daemon_stop
  sqlite3 "$STATE/journal.db" 'DELETE FROM events WHERE seq = 2'
  run headgated -c "$CONFIG"
  ((status == 2))
  has 'does not end where it ended'
  run headgate audit verify
  ((status == 1))
  has 'row 2'
  head -c 5000 /dev/urandom >"$STATE/journal.db"
  run headgated -c "$CONFIG"
  ((status == 2))
  has 'is no journal'
}

@test "the spool: sense is taken in, nonsense set aside" {
  begin
  commit two 2
  daemon_stop
  git push -q origin main
  sed "s,$BARE,$T/none.git,; s/\"push\":\"......../\"push\":\"00000000/" "$STATE"/spool/*.json >"$T/strange"
  mv "$T/strange" "$STATE/spool/20260102T030406-strange.json"
  echo '{"v":1}' >"$STATE/spool/20260102T030405-nonsense.json"
  echo unfinished >"$STATE/spool/.20260102T030407.json.tmp"
  daemon_start
  moves | tail -n 1 | grep -qx 'spool update refs/heads/main'
  [[ $(ls "$STATE/spool") == bad && $(ls "$STATE/spool/bad") == *nonsense.json ]]
  grep -q 'none of ours' "$DAEMON_LOG"
  # One that appears while the daemon runs.
  cp "$STATE/spool/bad/"*nonsense.json "$T/again" && mv "$T/again" "$STATE/spool/again.json"
  wait_for 10 test -e "$STATE/spool/bad/again.json"
}

@test "a state folder that goes away under the daemon loses no push" {
  begin
  rm -rf "$STATE/spool"
  mkdir "$STATE/spool"
  echo '{"v":1}' >"$T/again" && mv "$T/again" "$STATE/spool/again.json"
  wait_for 20 test -e "$STATE/spool/bad/again.json"
  rm -rf "$STATE"
  commit two 2
  git push -q origin main
  compgen -G "$STATE/spool/*.json"
  # It does not take from the new spool what it could not journal.
  wait_for 20 grep -q 'removed or replaced' "$DAEMON_LOG"
  compgen -G "$STATE/spool/*.json"
  daemon_stop
  daemon_start
  moves | tail -n 1 | grep -qx 'spool update refs/heads/main'
}

@test "options" {
  server_config
  run headgated -t -c "$CONFIG"
  ((status == 0))
  has good
  [[ ! -e $STATE/journal.db ]]
  run headgated --version
  ((status == 0))
  has headgated
  for words in --none '--log-level loud' '--log-format xml' word; do
    # shellcheck disable=SC2086
    run headgated $words
    ((status == 2))
    has usage
  done
  run headgated -t -c "$T/none.yaml"
  ((status == 2))
  has "$T/none.yaml"
}

@test "what the service manager is told" {
  export NOTIFY_SOCKET=$T/notify.sock
  "$BUILD/tools/notified" "$NOTIFY_SOCKET" >"$T/notified" 3>&- &
  local notified=$!
  wait_for 10 grep -q listening "$T/notified"
  begin
  wait_for 10 grep -qx READY=1 "$T/notified"
  kill -HUP "$DAEMON_PID"
  wait_for 10 grep -q 'the config is in force' "$DAEMON_LOG"
  wait_for 10 grep -qx RELOADING=1 "$T/notified"
  echo 'nonsense: 1' >>"$CONFIG"
  kill -HUP "$DAEMON_PID"
  wait_for 10 grep -q 'stays in force.*nonsense' "$DAEMON_LOG"
  daemon_stop
  wait_for 10 grep -qx STOPPING=1 "$T/notified"
  kill "$notified"
  wait "$notified" || true
}

@test "a stop while pushes come in: each is answered or spooled" {
  begin
  for i in 1 2 3 4 5 6; do
    git push -q "$BARE" "$TIP:refs/heads/p$i" 2>"$T/push$i" 3>&- &
    pushes[i]=$!
  done
  daemon_stop
  for i in 1 2 3 4 5 6; do wait "${pushes[i]}"; done
  daemon_start
  for i in 1 2 3 4 5 6; do
    (($(moves | grep -c " refs/heads/p$i$") == 1))
  done
  [[ -z $(ls "$STATE/spool") ]]
  # Told by the hook or explained by it, none without a name.
  events_of | jq -rs '[.[] | select(.data.actor == "alice") | .data.ref] | unique | length' | grep -qx 7
}

# Nothing woke any of the daemon's threads in the second in which nobody asked anything of it.
idle_for_a_second() {
  local before
  before=$(cat "/proc/$DAEMON_PID"/task/*/status | grep ctxt)
  sleep 1
  [[ $before == "$(cat "/proc/$DAEMON_PID"/task/*/status | grep ctxt)" ]]
}

@test "an idle daemon does not wake up" {
  begin
  seen_all
  wait_for 20 idle_for_a_second
}
