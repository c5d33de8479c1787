# What the tests of drivers share that call tools: a daemon, an agent web1, a clone of the repository infra as the current folder, in it
# the folder hosts/web, which is the target t1's.

tools_setup() {
  headgate_setup
  server_config
  repo_new infra
  daemon_start
  agent_add web1
  repo_clone infra
  mkdir -p hosts/web
  cd hosts/web || return 1
}

# put PATH: a file of the target's tree from stdin, committed.
put() {
  mkdir -p "$(dirname "$1")"
  cat >"$1"
  git add -- "$1"
  git commit -q -m "$1"
}

# push: what has been committed goes to the server; sets TIP.
push() {
  git push -q origin HEAD:refs/heads/main || return 1
  TIP=$(git rev-parse HEAD)
}

# one_target DRIVER [YAML...]: the config of web1 with the target t1.
one_target() {
  local driver=$1 line
  shift
  agent_config web1 "  - name: t1" "    repo: infra" "    path: hosts/web" "    driver: $driver"
  for line in "$@"; do
    printf '    %s\n' "$line" >>"$T/web1.yaml"
  done
}

# report FIELD: of target t1, as the daemon has it.
report() {
  admin GET /v1/agents | jq -r ".agents[0].targets[0].report.$1"
}

# told FIELD VALUE, told_like FIELD PATTERN: for wait_for.
told() {
  [[ $(report "$1") == "$2" ]]
}
told_like() {
  # shellcheck disable=SC2053
  [[ $(report "$1") == $2 ]]
}

# agent_peak_below AGENT KILOBYTES: the most memory it has had; sanitizers have as much again for themselves, and more.
agent_peak_below() {
  sanitized || (($(awk '/^VmHWM/ { print $2 }' "/proc/${AGENT_PID[$1]}/status") < $2))
}

# row NAME: of the report's resources, "Synced Healthy message".
row() {
  admin GET /v1/agents | jq -r --arg name "$1" '.agents[0].targets[0].report.resources[] | select(.name == $name) | "\(.sync) \(.message)"'
}
