# Operating the daemon: numbers, reload, sockets that are handed to it, upgrades without a gap.
load helper

setup() {
  MANAGER='' PUSHES=''
  headgate_setup
}

teardown() {
  touch "$T/enough"
  [[ -z $PUSHES ]] || wait "$PUSHES" || true
  [[ -z $MANAGER ]] || manager_stop || true
  headgate_teardown
}

# It ends its program first, and tells how that ended.
manager_stop() {
  local pid=$MANAGER
  MANAGER=''
  kill -TERM "$pid"
  wait "$pid"
}

# A repository with one commit on main, journaled, cloned; the daemon with a door where anyone may scrape.
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

metrics() {
  admin GET /metrics
}

# metric NAME{LABELS}: its value.
metric() {
  metrics | awk -v name="$1" '{ at = match($0, / [^ ]*$/); if (substr($0, 1, at - 1) == name) print substr($0, at + 1) }'
}

# is NAME{LABELS} VALUE
is() {
  [[ $(metric "$1") == "$2" ]] || { echo "$1 is $(metric "$1"), not $2"; return 1; }
}

@test "metrics: what happens is counted" {
  begin
  is headgate_ready 1
  is 'headgate_events_total{type="ref.updated"}' 1
  is 'headgate_ref_moves_total{source="hook"}' 1
  is 'headgate_announcements_total{kind="received"}' 1
  is headgate_journal_head 1
  is headgate_journal_writable 1
  is 'headgate_repositories{state="served"}' 1
  is 'headgate_repositories{state="trouble"}' 0
  git -C "$BARE" update-ref refs/heads/seen "$TIP"
  wait_for 10 is 'headgate_ref_moves_total{source="watch"}' 1
  commit bad.yaml $'a: 1\na: 2\nb: 1\nb: 2\n'
  fails git push -q origin main
  wait_for 10 is 'headgate_refused_pushes_total{rule="yaml/duplicate-key"}' 1
  is 'headgate_announcements_total{kind="refused"}' 1
  admin GET /v1/nowhere >/dev/null
  is 'headgate_http_requests_total{method="other",route="other",code="404"}' 1
  admin DELETE /v1/agents/nobody >/dev/null
  is 'headgate_http_requests_total{method="DELETE",route="/v1/agents/{name}",code="404"}' 1
  wait_for 10 is headgate_hook_connections 0
}

@test "metrics: agents, their targets and how far they are behind" {
  begin
  agent_add web1
  agent_add web2
  is 'headgate_agents{state="disconnected"}' 2
  is 'headgate_agent_connected{agent="web1"}' 0
  # Never connected: nothing to be behind of.
  [[ -z $(metric 'headgate_agent_lag_events{agent="web1"}') ]]
  agent_config web1 "infra::$T/into"
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  is 'headgate_agents{state="connected"}' 1
  is 'headgate_agent_connected{agent="web1"}' 1
  is 'headgate_agent_lag_events{agent="web1"}' 0
  is 'headgate_agent_lag_seconds{agent="web1"}' 0
  is 'headgate_agent_targets{agent="web1",sync="Synced"}' 1
  is 'headgate_archives_built_total{result="ok"}' 1
  agent_stop web1
  wait_for 10 is 'headgate_agent_connected{agent="web1"}' 0
  commit two 2
  git push -q origin main
  wait_for 10 eval '(($(metric "headgate_agent_lag_events{agent=\"web1\"}") >= 1))'
  [[ $(metric 'headgate_agent_lag_seconds{agent="web1"}') != 0 ]]
  admin DELETE /v1/agents/web1
  [[ -z $(metric 'headgate_agent_connected{agent="web1"}') ]]
}

@test "metrics: what waits in the spool" {
  begin
  daemon_stop
  commit two 2
  git push -q origin main
  daemon_start
  is headgate_spool_files 0
  is headgate_spool_oldest_seconds 0
  is 'headgate_spool_taken_total{result="taken"}' 1
  is 'headgate_ref_moves_total{source="spool"}' 1
  echo '{"v":1}' >"$T/again" && mv "$T/again" "$STATE/spool/again.json"
  wait_for 10 is 'headgate_spool_taken_total{result="set-aside"}' 1
}

@test "metrics: who may scrape" {
  server_config
  cat >>"$CONFIG" <<'END'
  - {address: "127.0.0.1:0", metrics: true}
END
  daemon_start
  mapfile -t doors < <(grep -oE '127\.0\.0\.1:[1-9][0-9]*' "$DAEMON_LOG")
  run curl -sS --noproxy '*' -i "http://${doors[0]}/metrics"
  has '401 Unauthorized'
  lacks headgate_
  run curl -sS --noproxy '*' -i "http://${doors[1]}/metrics"
  has '200 OK'
  has 'Content-Type: text/plain; version=0.0.4; charset=utf-8'
  has 'headgate_build_info{version='
  # Only that is open there.
  run curl -sS --noproxy '*' -i "http://${doors[1]}/v1/status"
  has '401 Unauthorized'
  agent_add web1
  run curl -sS --noproxy '*' -i -H "Authorization: Bearer $(<"$T/web1.token")" "http://${doors[0]}/metrics"
  has '403 Forbidden'
  before=$(metric headgate_agents_refused_total)
  curl -sS --noproxy '*' -H 'Authorization: Bearer hga_none' "http://${doors[0]}/metrics" >/dev/null
  is headgate_agents_refused_total $((before + 1))
  run curl -sS --noproxy '*' -I "http://${doors[1]}/metrics"
  has '200 OK'
}

@test "metrics: promtool takes them, and the dashboard and alerts ask for what there is" {
  begin 'webhooks: [{name: w, url: "http://127.0.0.1:9/", format: cloudevents, repos: ["none/**"]}]' \
    "mirrors: [{name: m, direction: push, url: '$T/far/{repo}.git'}]"
  agent_add web1
  agent_config web1 "infra::$T/into"
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  fails git push -q "$BARE" :main
  wait_for 10 is 'headgate_announcements_total{kind="refused"}' 1
  metrics >"$T/metrics"
  run "$ROOT/tests/operate/check" "$T/metrics"
  echo "$output"
  ((status == 0))
}

# The config takes effect or not, when SIGHUP is sent, and that is told.
reload_well() {
  local before
  before=$(grep -c 'the config is in force' "$DAEMON_LOG" || true)
  kill -HUP "$DAEMON_PID"
  wait_for 10 eval "((\$(grep -c 'the config is in force' '$DAEMON_LOG') == $before + 1))"
}

reload_badly() {
  local before
  before=$(grep -c 'stays in force' "$DAEMON_LOG" || true)
  kill -HUP "$DAEMON_PID"
  wait_for 10 eval "((\$(grep -c 'stays in force' '$DAEMON_LOG') == $before + 1))"
}

# A stream of all events into $T/stream; its end is a line "ended".
stream_start() {
  { curl -sSN --noproxy '*' --unix-socket "$ADMIN_SOCKET" -H 'Accept: text/event-stream' "http://headgate/v1/events?cursor=0"; echo ended; } \
    >"$T/stream" 2>&1 3>&- &
  STREAM_PID=$!
}

# names_are NAME...: the repositories that are served.
names_are() {
  [[ $(admin GET /v1/status | jq -r '[.repositories[].name] | join(" ")') == "$*" ]]
}

@test "reload: repositories, limits and the log follow; a stream stays open" {
  begin
  repo_new other
  wait_for 10 names_are infra other
  stream_start
  wait_for 10 grep -q refs/heads/main "$T/stream"
  is headgate_streams_limit 10000
  server_config 'limits: {streams: 3, archive_cache: 2MiB}' 'log: {level: debug, format: json}'
  sed -i "s,root: [^}]*,&\, exclude: [\"oth*\"]," "$CONFIG"
  reload_well
  wait_for 10 names_are infra
  is headgate_streams_limit 3
  is headgate_archive_cache_limit_bytes 2097152
  is 'headgate_config_reloads_total{result="ok"}' 1
  tail -n 1 "$DAEMON_LOG" | jq -e '.level and .component and .msg'
  grep -q '"level":"debug"' "$DAEMON_LOG"
  # And back; the stream has seen it all.
  server_config
  reload_well
  wait_for 10 names_are infra other
  ! grep -q '"level":"debug"' <(tail -n 1 "$DAEMON_LOG")
  commit two 2
  git push -q origin main
  wait_for 10 eval "((\$(grep -c '^event: io.headgate.ref.updated.v1' '$T/stream') == 2))"
  ! grep -q ended "$T/stream"
  kill "$STREAM_PID"
  wait "$STREAM_PID" || true
}

@test "reload: addresses come and go, and who is connected stays" {
  begin
  local first=$URL second
  agent_add web1
  agent_config web1 "infra::$T/into"
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  # Another address in place of the first.
  sed -i 's,address: "127.0.0.1:0",address: "127.0.0.2:0"\, metrics: true,' "$CONFIG"
  reload_well
  second=http://$(grep -oE '127\.0\.0\.2:[1-9][0-9]*' "$DAEMON_LOG" | tail -n 1)
  curl -sS --noproxy '*' "$second/healthz" | grep -qx ok
  curl -sS --noproxy '*' "$second/metrics" | grep -q '^headgate_ready 1'
  fails curl -sS --noproxy '*' "$first/healthz"
  # The agent came in by the first, and hears of what happens.
  is 'headgate_agent_connected{agent="web1"}' 1
  commit two 2
  git push -q origin main
  wait_for 10 is 'headgate_agent_lag_events{agent="web1"}' 0
  wait_for 10 grep -q "$(git rev-parse main)" "$T/web1.log" || true
  is 'headgate_agent_connected{agent="web1"}' 1
  # metrics follows too, on an address that stays.
  sed -i 's/metrics: true/metrics: false/' "$CONFIG"
  reload_well
  curl -sS --noproxy '*' -i "$second/metrics" | grep -q '401 Unauthorized'
  agent_stop web1
  # The door that was left goes with its last connection.
  wait_for 10 is 'headgate_http_connections{door="tcp"}' 0
  curl -sS --noproxy '*' "$second/healthz" | grep -qx ok
}

@test "reload: a bad config leaves the one before in force" {
  begin
  good=$(<"$CONFIG")
  echo 'nonsense: 1' >>"$CONFIG"
  reload_badly
  grep -q 'stays in force.*nonsense' "$DAEMON_LOG"
  is headgate_config_last_reload_successful 0
  is 'headgate_config_reloads_total{result="refused"}' 1
  # One that is good by itself, and cannot be had: an address that is taken, after one that is free.
  printf '%s\n  - {address: "127.0.0.3:0"}\n  - {address: "%s"}\nlimits: {streams: 7}\n' "$good" "${URL#http://}" >"$CONFIG"
  sed -i 's,127.0.0.1:0,127.0.0.4:0,' "$CONFIG"
  reload_badly
  grep -q "stays in force.*${URL#http://}" "$DAEMON_LOG"
  is headgate_streams_limit 10000
  third=http://$(grep -oE '127\.0\.0\.3:[1-9][0-9]*' "$DAEMON_LOG" | tail -n 1)
  fails curl -sS --noproxy '*' "$third/healthz"
  curl -sS --noproxy '*' "$URL/healthz" | grep -qx ok
  # A root that is not there.
  sed "s,root: [^}]*,root: $T/none," <<<"$good" >"$CONFIG"
  reload_badly
  names_are infra
  # State and sockets stay until a restart, which is told; the rest follows.
  sed "s,$STATE,$T/elsewhere,; s,$HOOK_SOCKET,$T/hook2.sock,; s/^site: .*/site: other/" <<<"$good" >"$CONFIG"
  reload_well
  grep -q 'stay as they were until a restart.*state, sockets.hook' "$DAEMON_LOG"
  [[ $(admin GET /v1/status | jq -r .site) == other ]]
  [[ ! -e $T/elsewhere && ! -e $T/hook2.sock ]]
  # A hook that reads the config on disk looks for its socket there and spools elsewhere: so put it back.
  echo "$good" >"$CONFIG"
  reload_well
  is headgate_config_last_reload_successful 1
  commit two 2
  git push -q origin main
  has_events 2 ref.updated
}

@test "reload: under pushes, none is lost or refused" {
  begin
  (
    for i in 1 2 3 4 5 6 7 8; do
      git push -q "$BARE" "$TIP:refs/heads/p$i" || echo "push $i" >>"$T/failed"
    done
  ) 3>&- &
  local pushes=$!
  until process_ended "$pushes"; do
    reload_well
  done
  wait "$pushes"
  [[ ! -e $T/failed ]]
  has_events 9 ref.updated
  [[ -z $(ls "$STATE/spool") ]]
}

# Sockets that are handed over.

# wait until the daemon that somebody else has started is ready; sets DAEMON_PID to its pid.
daemon_found() {
  wait_for 20 eval '[[ $(admin GET /readyz) == ok* ]]'
}

@test "sockets of the service manager: by name, each where the config says" {
  server_config
  repo_new infra
  BARE=$GIT_ROOT/infra.git
  python3 "$ROOT/tests/operate/manager.py" "$HOOK_SOCKET" "$ADMIN_SOCKET" 127.0.0.1 "$T/manager" headgated -c "$CONFIG" \
    >"$DAEMON_LOG" 2>&1 3>&- &
  MANAGER=$!
  wait_for 10 test -s "$T/manager"
  # Nobody has accepted anything yet; who comes waits.
  repo_clone infra
  commit README one
  git push -q origin main
  [[ -z $(ls "$STATE/spool") ]]
  has_events 1 ref.updated
  curl -sS --noproxy '*' "http://127.0.0.1:$(<"$T/manager")/healthz" | grep -qx ok
  # Stopped, it leaves the sockets where they are.
  manager_stop
  [[ -S $HOOK_SOCKET && -S $ADMIN_SOCKET ]]
}

@test "sockets of the service manager: what does not fit is refused" {
  server_config
  run python3 "$ROOT/tests/operate/manager.py" "$T/elsewhere.sock" "$ADMIN_SOCKET" 127.0.0.1 "$T/manager" headgated -c "$CONFIG"
  ((status == 2))
  has "sockets.hook is $HOOK_SOCKET in the config, and the socket that was handed over is at $T/elsewhere.sock"
  rm "$T/elsewhere.sock" "$ADMIN_SOCKET"
  run python3 "$ROOT/tests/operate/manager.py" "$HOOK_SOCKET" "$ADMIN_SOCKET" 127.0.0.5 "$T/manager" headgated -c "$CONFIG"
  ((status == 2))
  has 'the config has no use for it: add it to listen'
  run env -u LISTEN_FDNAMES LISTEN_FDS=1 sh -c 'LISTEN_PID=$$ exec headgated -c "$0" 3</dev/null' "$CONFIG"
  ((status == 2))
  has 'FileDescriptorName= is to be hook, admin or tcp'
  run env LISTEN_FDNAMES=hook LISTEN_FDS=1 sh -c 'LISTEN_PID=$$ exec headgated -c "$0" 3</dev/null' "$CONFIG"
  ((status == 2))
  has 'is no such listening socket'
}

@test "socket activation by systemd-socket-activate" {
  command -v systemd-socket-activate >/dev/null || skip 'systemd-socket-activate is not here'
  server_config
  repo_new infra
  BARE=$GIT_ROOT/infra.git
  systemd-socket-activate -l "$HOOK_SOCKET" -l "$ADMIN_SOCKET" --fdname=hook:admin -E "PATH=$PATH" \
    headgated -c "$CONFIG" >"$DAEMON_LOG" 2>&1 3>&- &
  DAEMON_PID=$!
  wait_for 10 test -S "$ADMIN_SOCKET"
  # The first push starts it.
  ! grep -q 'admin socket is open' "$DAEMON_LOG"
  repo_clone infra
  commit README one
  git push -q origin main
  has_events 1 ref.updated
  [[ -z $(ls "$STATE/spool" 2>/dev/null) ]]
}

# Pushes go on until $T/enough is there; their number in $T/pushed, those that were refused in $T/failed.
push_in_a_loop() {
  local n=0
  until [[ -e $T/enough ]]; do
    n=$((n + 1))
    git push -q "$BARE" "$TIP:refs/heads/loop$n" || echo "$n" >>"$T/failed"
    echo $n >"$T/pushed"
  done
}

# every_push_arrived: none was refused, none went by the spool, each is in the journal once and with its pusher. A ref that moved while one
# daemon became the next may have been seen by the compare before its hook had its turn: then the hook's word explains it.
every_push_arrived() {
  local n
  n=$(<"$T/pushed")
  [[ ! -e $T/failed ]]
  [[ -z $(ls "$STATE/spool") ]]
  admin GET "/v1/events?cursor=0&limit=1000&ref=refs/heads/loop*" >"$T/events"
  jq -e --argjson n "$n" '
    ([.events[] | select(.type == "io.headgate.ref.updated.v1") | .data.ref] | length == $n and (unique | length == $n))
    and ([.events[].data | select(.actor == "alice") | .ref] | length == $n and (unique | length == $n))
    and all(.events[].data; .source != "spool")' "$T/events"
  run headgate audit verify
  ((status == 0))
}

@test "upgrade: the program on disk takes over in the same process, under pushes, with its sockets" {
  begin
  agent_add web1
  agent_config web1 "infra::$T/into"
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  push_in_a_loop 3>&- &
  PUSHES=$!
  for n in 1 2 3; do
    wait_for 20 eval "((\$(cat '$T/pushed' 2>/dev/null || echo 0) >= 2 * $n))"
    kill -USR2 "$DAEMON_PID"
    wait_for 20 eval "((\$(grep -c 'msg=ready' '$DAEMON_LOG') == 1 + $n))"
  done
  touch "$T/enough"
  wait "$PUSHES"
  PUSHES=''
  [[ $(grep -c 'the program on disk takes over' "$DAEMON_LOG") == 3 ]]
  every_push_arrived
  # The same process, the same port, and the agent has come back.
  kill -0 "$DAEMON_PID"
  curl -sS --noproxy '*' "$URL/healthz" | grep -qx ok
  wait_for 20 is 'headgate_agent_connected{agent="web1"}' 1
  commit two 2
  git push -q origin main
  wait_for 20 agent_synced web1 t1 "$(git rev-parse main)"
}

@test "upgrade: a program that does not take the config changes nothing" {
  mkdir "$T/bin"
  cp "$BUILD/bin/headgated" "$T/bin"
  PATH=$T/bin:$PATH
  begin
  # A config that is bad for it.
  good=$(<"$CONFIG")
  echo 'nonsense: 1' >>"$CONFIG"
  kill -USR2 "$DAEMON_PID"
  wait_for 20 grep -q 'the program on disk does not take the config' "$DAEMON_LOG"
  echo "$good" >"$CONFIG"
  # One that is none.
  mv "$T/bin/headgated" "$T/bin/aside"
  kill -USR2 "$DAEMON_PID"
  wait_for 20 grep -q 'the program on disk cannot be run' "$DAEMON_LOG"
  commit two 2
  git push -q origin main
  has_events 2 ref.updated
  # Another one in its place is taken, though its file is not the one that was started.
  cp "$T/bin/aside" "$T/bin/headgated"
  kill -USR2 "$DAEMON_PID"
  wait_for 20 eval "((\$(grep -c 'msg=ready' '$DAEMON_LOG') == 2))"
  commit three 3
  git push -q origin main
  has_events 3 ref.updated
}

@test "upgrade: sockets of the service manager stay its own" {
  server_config
  repo_new infra
  python3 "$ROOT/tests/operate/manager.py" "$HOOK_SOCKET" "$ADMIN_SOCKET" 127.0.0.1 "$T/manager" headgated -c "$CONFIG" \
    >"$DAEMON_LOG" 2>&1 3>&- &
  MANAGER=$!
  daemon_found
  kill -USR2 "$(cat "$T/manager.pid")"
  wait_for 20 eval "((\$(grep -c 'msg=ready' '$DAEMON_LOG') == 2))"
  curl -sS --noproxy '*' "http://127.0.0.1:$(<"$T/manager")/healthz" | grep -qx ok
  manager_stop
  [[ -S $HOOK_SOCKET && -S $ADMIN_SOCKET ]]
}

@test "restart with the sockets kept by the service manager, under pushes" {
  server_config
  repo_new infra
  BARE=$GIT_ROOT/infra.git
  python3 "$ROOT/tests/operate/manager.py" "$HOOK_SOCKET" "$ADMIN_SOCKET" 127.0.0.1 "$T/manager" headgated -c "$CONFIG" \
    >"$DAEMON_LOG" 2>&1 3>&- &
  MANAGER=$!
  daemon_found
  repo_clone infra
  commit README one
  git push -q origin main
  TIP=$(git rev-parse main)
  push_in_a_loop 3>&- &
  PUSHES=$!
  for n in 1 2 3; do
    wait_for 20 eval "((\$(cat '$T/pushed' 2>/dev/null || echo 0) >= 2 * $n))"
    kill -HUP "$MANAGER"
    wait_for 20 eval "((\$(grep -c 'msg=ready' '$DAEMON_LOG') == 1 + $n))"
  done
  touch "$T/enough"
  wait "$PUSHES"
  PUSHES=''
  [[ $(grep -c 'msg=stopping' "$DAEMON_LOG") == 3 ]]
  every_push_arrived
  manager_stop
}
