# Operating the daemon: numbers, reload, sockets that are handed to it, upgrades without a gap.
load helper

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
  curl -sS --noproxy '*' -H 'Authorization: Bearer hga_none' "http://${doors[0]}/metrics" >/dev/null
  is headgate_agents_refused_total 1
  run curl -sS --noproxy '*' -I "http://${doors[1]}/metrics"
  has '200 OK'
}

@test "metrics: promtool takes them, and the dashboard and alerts ask for what there is" {
  begin
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
