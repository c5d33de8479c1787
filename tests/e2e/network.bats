# The line between an agent and its daemon, each in a network namespace of its own: cut, silent, slow, gone on one side. The agent notices,
# comes back and misses nothing; the daemon says meanwhile that it is away.
# Takes minutes.
load helper

PORT=7443

setup() {
  headgate_setup
  NAMESPACES=()
  namespaces_up || skip "no user and network namespaces here"
  certificate
  server_config 'journal: {keep_events: 40}'
  sed -i "s#  - {address: .*#  - {address: \"192.0.2.1:$PORT\", tls: {cert: $T/cert.pem, key: $T/cert.key}}#" "$CONFIG"
  repo_new infra
  server_start
  agent_add web1
  repo_clone infra
  commit hosts/web/a one
  push
  URL=https://192.0.2.1:$PORT
  agent_config web1 "infra:hosts/web:$T/into"
  sed -i "1i ca_file: $T/cert.pem" "$T/web1.yaml"
}

teardown() {
  local status=0
  headgate_teardown || status=1
  ((${#NAMESPACES[@]} == 0)) || kill "${NAMESPACES[@]}"
  return $status
}

# The daemon's namespace has s0, the agent's a0, and nothing else is there but their loopbacks.
namespaces_up() {
  unshare --user --map-root-user --net sleep 600 3>&- &
  NAMESPACES+=($!)
  wait_for 5 in_server true || return 1
  enter 0
  "${ENTER[@]}" unshare --net sleep 600 3>&- &
  NAMESPACES+=($!)
  wait_for 5 is_apart || return 1
  in_server ip link add s0 type veth peer name a0 netns "${NAMESPACES[1]}" || return 1
  in_server ip address add 192.0.2.1/30 dev s0 && in_agent ip address add 192.0.2.2/30 dev a0 &&
    in_server ip link set lo up && in_agent ip link set lo up && link up && in_agent ip link set a0 up
}

is_apart() {
  [[ $(in_agent readlink /proc/self/ns/net) != "$(in_server readlink /proc/self/ns/net)" ]] && in_agent readlink /proc/self/ns/net
}

# What is started in the background is to have the pid that the shell knows, so it is no function that starts it.
enter() { ENTER=(nsenter --target "${NAMESPACES[$1]}" --user --net --preserve-credentials); }
in_server() { enter 0 && "${ENTER[@]}" "$@"; }
in_agent() { enter 1 && "${ENTER[@]}" "$@"; }

link() { in_server ip link set s0 "$1"; }

# What is sent is lost without a word, on both sides; and no longer.
silence() { in_server tc qdisc replace dev s0 root pfifo limit 0 && in_agent tc qdisc replace dev a0 root pfifo limit 0; }
no_silence() { in_server tc qdisc delete dev s0 root && in_agent tc qdisc delete dev a0 root; }

certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=server -addext subjectAltName=IP:192.0.2.1 \
    -keyout "$T/cert.key" -out "$T/cert.pem" 2>/dev/null
}

server_start() {
  enter 0
  "${ENTER[@]}" headgated -c "$CONFIG" >>"$DAEMON_LOG" 2>&1 </dev/null 3>&- &
  DAEMON_PID=$!
  wait_for 30 daemon_ready_or_ended
}

agent_up() {
  enter 1
  "${ENTER[@]}" headgate-agent -c "$T/web1.yaml" >>"$T/web1.log" 2>&1 </dev/null 3>&- &
  AGENT_PID[web1]=$!
  wait_for 20 agent_synced web1 t1 "$TIP"
}

push() {
  git push -q origin HEAD:refs/heads/main 2>/dev/null || return 1
  TIP=$(git rev-parse HEAD)
}

# is_here true|false: whether the daemon's picture shows the agent connected.
is_here() {
  [[ $(admin GET /v1/agents | jq -r '.agents[0].connected') == "$1" ]]
}

lost_lines() {
  grep -c 'msg="the stream has ended"' "$T/web1.log"
}

@test "the line is cut: both sides notice, and what was pushed and asked for meanwhile comes when it is back" {
  agent_up
  link down
  wait_for 100 is_here false
  commit hosts/web/a two
  push
  headgate sync web1 >/dev/null
  wait_for 60 grep -q 'the server has said nothing for 45 seconds' "$T/web1.log"
  [[ $(<"$T/into/a") == one ]]
  # Nobody says of an agent that is away what it does not know.
  [[ $(agent_state web1 t1) == "Synced Succeeded $(git rev-parse HEAD~1)" ]]
  is_here false
  [[ $(admin GET /v1/agents | jq '.agents[0].targets[0].commands | length') == 1 ]]
  link up
  wait_for 60 agent_synced web1 t1 "$TIP"
  [[ $(<"$T/into/a") == two ]]
  is_here true
  wait_for 20 eval '[[ $(admin GET /v1/agents | jq ".agents[0].targets[0].commands | length") == 0 ]]'
}

@test "the line falls silent: each side gives the other up in its time, and a report that was on its way is not lost" {
  sed -i 's#driver: files, options#compare_every: 1s, driver: files, self_heal: false, options#' "$T/web1.yaml"
  agent_up
  silence
  # A change by hand is reported to nobody now.
  echo drift >"$T/into/a"
  wait_for 20 grep -q 'a has other contents' "$T/web1.log"
  wait_for 100 is_here false
  wait_for 60 grep -q 'the server has said nothing for' "$T/web1.log"
  wait_for 60 grep -q 'msg="the stream has ended"' "$T/web1.log"
  no_silence
  wait_for 60 eval '[[ $(admin GET /v1/agents | jq -r ".agents[0].targets[0].report.message") == "a has other contents" ]]'
  wait_for 60 is_here true
  commit hosts/web/a two
  push
  wait_for 20 agent_synced web1 t1 "$TIP"
}

@test "the line is slow: an archive takes its time and comes whole" {
  agent_up
  # Two lines with one meaning: kernels without netem have tbf.
  in_server tc qdisc replace dev s0 root netem delay 150ms rate 400kbit limit 10000 2>/dev/null ||
    in_server tc qdisc replace dev s0 root tbf rate 400kbit burst 8k latency 20s
  head -c 250000 /dev/urandom >hosts/web/big
  git add hosts/web/big && git commit -qm big
  began=$SECONDS
  push
  wait_for 60 agent_synced web1 t1 "$TIP"
  # 250 kB through 50 kB a second.
  ((SECONDS - began >= 3))
  cmp hosts/web/big "$T/into/big"
  is_here true
  [[ $(lost_lines) == 0 ]]
}

@test "the server is killed and comes back: the agent goes on from where it was" {
  agent_up
  daemon_kill
  wait_for 20 grep -q 'msg="the stream has ended"' "$T/web1.log"
  commit hosts/web/a two
  push
  # It is not taken for one that is there before it is.
  kill -STOP "${AGENT_PID[web1]}"
  server_start
  is_here false
  kill -CONT "${AGENT_PID[web1]}"
  wait_for 40 agent_synced web1 t1 "$TIP"
  [[ $(<"$T/into/a") == two ]]
  grep 'msg=following' "$T/web1.log" | tail -n 1 | grep -qv 'cursor=""'
}

@test "the place from which the agent would go on is no longer held: it is told everything anew" {
  agent_up
  daemon_kill
  wait_for 20 grep -q 'msg="the stream has ended"' "$T/web1.log"
  link down
  server_start
  for ((i = 0; i < 60; i++)); do
    git commit -q --allow-empty -m "$i"
    git update-ref "refs/heads/b$i" HEAD
  done
  git push -q origin 'refs/heads/b*:refs/heads/b*' 2>/dev/null
  commit hosts/web/a two
  push
  wait_for 20 grep -q 'msg="old events removed"' "$DAEMON_LOG"
  link up
  wait_for 40 agent_synced web1 t1 "$TIP"
  [[ $(<"$T/into/a") == two ]]
  grep -q 'msg="the server tells everything anew"' "$T/web1.log"
}
