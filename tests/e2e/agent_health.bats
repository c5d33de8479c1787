# The agent's port on loopback: what it tells, where it listens, and that without one it listens nowhere.
load helper

PORT=

setup() {
  headgate_setup
  server_config
  repo_new infra
  daemon_start
  repo_clone infra
  commit hosts/web/a one
  git push -q origin HEAD:main
  agent_add web1
}

# with_port NUMBER: the agent's config.
with_port() {
  agent_config web1 "infra:hosts/web:$T/into"
  sed -i "1i health_port: $1" "$T/web1.yaml"
}

get() {
  curl -s --noproxy '*' --max-time 10 -o "$T/answer" -w '%{http_code}' "http://127.0.0.1:$PORT$1"
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# listening PID: where it listens, as address:port in hexadecimal, from the kernel's table by the process's own sockets.
listening() {
  local sockets
  sockets=$(readlink "/proc/$1/fd/"* | sed -n 's/^socket:\[\(.*\)\]$/\1/p')
  cat /proc/net/tcp /proc/net/tcp6 | awk -v inodes="$sockets" 'BEGIN { split(inodes, l, "\n"); for (i in l) mine[l[i]] = 1 }
    $4 == "0A" && ($10 in mine) { print $2 }'
}

@test "health_port: healthy while it runs, ready while the line is open, states as numbers" {
  PORT=$(free_port)
  with_port "$PORT"
  agent_start web1
  ready() { [[ $(get /readyz) == 200 ]]; }
  wait_for 20 ready
  wait_for 20 agent_synced web1 t1 "$(git rev-parse HEAD)"
  [[ $(get /healthz) == 200 && $(<"$T/answer") == ok ]]
  [[ $(get /metrics) == 200 ]]
  promtool check metrics <"$T/answer"
  grep -qx 'headgate_agent_up 1' "$T/answer"
  grep -qx 'headgate_agent_target_synced{target="t1"} 1' "$T/answer"
  [[ $(get /etc/passwd) == 404 ]]
  [[ $(listening "${AGENT_PID[web1]}") == "$(printf '0100007F:%04X' "$PORT")" ]]
  daemon_stop
  away() { [[ $(get /readyz) == 503 ]]; }
  wait_for 20 away
  [[ $(<"$T/answer") == 'the line to the server is not open' && $(get /healthz) == 200 ]]
  agent_stop web1
}

@test "health_port: a port that is taken stops the start; without one nothing listens" {
  local taken
  taken=$(sed 's/.*://' <<<"$URL")
  with_port "$taken"
  run timeout 20 headgate-agent -c "$T/web1.yaml"
  ((status == 2))
  has "health: cannot listen on 127.0.0.1:$taken"
  with_port 0
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$(git rev-parse HEAD)"
  [[ -z $(listening "${AGENT_PID[web1]}") ]]
  agent_stop web1
}
