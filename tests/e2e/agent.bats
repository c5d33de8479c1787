# The agent against the real daemon: it makes folders hold trees, tells what became of it, and never does more than that.
load helper

setup() {
  headgate_setup
  server_config
  repo_new infra
  daemon_start
  agent_add web1
  repo_clone infra
}

# push: what has been committed goes to the server; sets TIP.
push() {
  git push -q origin HEAD:refs/heads/main 2>/dev/null || return 1
  TIP=$(git rev-parse HEAD)
}

# one_target [YAML...]: the config of web1 with one target "t1" of hosts/web into $T/into.
one_target() {
  agent_config web1 "  - name: t1" "    repo: infra" "    path: hosts/web" "    driver: files" "$@"
}

# report FIELD: of target t1, as the daemon has it.
report() {
  admin GET /v1/agents | jq -r ".agents[0].targets[0].report.$1"
}

# told FIELD VALUE: for wait_for.
told() {
  [[ $(report "$1") == "$2" ]]
}

@test "what is pushed comes to the folder, changes come, what is gone goes" {
  mkdir -p "$T/into"
  echo theirs >"$T/into/theirs"
  commit hosts/web/a one
  commit elsewhere/b two
  ln -s a hosts/web/link && git add . && git commit -qm link
  push
  one_target "    options: {into: $T/into}"
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  [[ $(<"$T/into/a") == one && $(readlink "$T/into/link") == a && ! -e $T/into/elsewhere ]]

  commit hosts/web/a three
  git rm -q hosts/web/link
  commit hosts/web/deep/c four
  push
  wait_for 20 agent_synced web1 t1 "$TIP"
  [[ $(<"$T/into/a") == three && ! -e $T/into/link && $(<"$T/into/deep/c") == four && $(<"$T/into/theirs") == theirs ]]
  [[ $(report changes) == $(jq -n '{added: 1, modified: 1, removed: 1}') ]]
  [[ -z $(find "$T/into" -name '.headgate-*') ]]

  # Who received what can be read from the journal: the operation's beginning and its end.
  wait_for 5 journal_tells_of "$TIP"
}

journal_tells_of() {
  [[ $(events_of agent.reported | jq -r "select(.data.desired == \"$1\") | .data.operation" | xargs) == "Running Succeeded" ]]
}

@test "a change elsewhere in the repository does not touch the target" {
  commit hosts/web/a one
  push
  one_target "    options: {into: $T/into}"
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  before=$(stat -c '%i %Z' "$T/into/a")
  agent_stop web1
  commit elsewhere/b two
  push
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  [[ $(report message) == "the content is unchanged" ]]
  [[ $(stat -c '%i %Z' "$T/into/a") == "$before" ]]
}

@test "what was changed by hand is told and put right; without self_heal only told" {
  commit hosts/web/a one
  push
  one_target "    options: {into: $T/into}" "    compare_every: 1s"
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  echo drift >"$T/into/a"
  wait_for 20 grep -qx one "$T/into/a"
  wait_for 20 agent_synced web1 t1 "$TIP"
  [[ $(events_of agent.reported | jq -r 'select(.data.cause == "drift") | .data.message' | head -n 1) == "a has other contents" ]]
  agent_stop web1

  one_target "    options: {into: $T/into}" "    compare_every: 1s" "    self_heal: false"
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  rm "$T/into/a"
  wait_for 20 told cause drift
  [[ $(report sync) == OutOfSync && $(report message) == "a is missing" ]]
  echo -n one >"$T/into/a"
  wait_for 20 agent_synced web1 t1 "$TIP"
}

@test "a command that refuses the files gets the old ones back, and says why" {
  commit hosts/web/a good
  push
  good=$TIP
  one_target "    options: {into: $T/into, after: [sh, -c, 'cat $T/into/a; ! grep -q bad $T/into/a']}"
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  [[ $(report exit_status) == 0 ]]
  commit hosts/web/a bad
  commit hosts/web/b new
  push
  wait_for 20 told operation Failed
  [[ $(report sync) == OutOfSync && $(report health) == Degraded && $(report exit_status) == 1 ]]
  [[ $(report applied) == "$good" && $(report desired) == "$TIP" && $(report message) == *"status 1"*bad* ]]
  [[ $(<"$T/into/a") == good && ! -e $T/into/b ]]
  commit hosts/web/a better
  push
  wait_for 20 agent_synced web1 t1 "$TIP"
  [[ $(<"$T/into/a") == better && $(<"$T/into/b") == new ]]
}

@test "killed while it applies, it comes to the same end" {
  commit hosts/web/a one
  commit hosts/web/gone x
  push
  one_target "    options: {into: $T/into, after: [sh, -c, 'echo run >>$T/runs; [ ! -e $T/die ] || { rm $T/die; kill -9 \$PPID; }']}"
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  [[ $(wc -l <"$T/runs") == 1 ]]
  touch "$T/die"
  commit hosts/web/a two
  git rm -q hosts/web/gone
  commit hosts/web/new y
  push
  wait_for 20 process_ended "${AGENT_PID[web1]}"
  wait "${AGENT_PID[web1]}" || true
  [[ -n $(find "$T/into" -name '.headgate-*') ]]
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  [[ $(<"$T/into/a") == two && $(<"$T/into/new") == y && ! -e $T/into/gone ]]
  [[ -z $(find "$T/into" -name '.headgate-*') ]]
  # The command had not been heard to its end, so it was run again, though every file was in place.
  [[ $(wc -l <"$T/runs") == 3 ]]
}

@test "a path that is not in the tree, and a ref that is gone, take nothing away" {
  commit hosts/web/a one
  push
  one_target "    options: {into: $T/into}"
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  git mv hosts/web hosts/www && git commit -qm moved
  push
  wait_for 20 told message "path not in the tree"
  [[ $(report sync) == OutOfSync && $(report health) == Missing && $(report desired) == "$TIP" ]]
  [[ $(<"$T/into/a") == one ]]
  git mv hosts/www hosts/web && git commit -qm 'moved back'
  push
  wait_for 20 agent_synced web1 t1 "$TIP"
  # An administrator's own hand: our hook does not let the default branch be deleted.
  git -C "$GIT_ROOT/infra.git" update-ref -d refs/heads/main
  wait_for 20 told sync Unknown
  [[ $(report health) == Missing && $(report desired) == null ]]
  [[ $(<"$T/into/a") == one ]]
}

@test "sync: manual is told what there is to do, and does nothing" {
  commit hosts/web/a one
  push
  one_target "    options: {into: $T/into}" "    sync: manual"
  agent_start web1
  wait_for 20 told cause pending
  [[ $(report sync) == OutOfSync && $(report operation) == Pending && ! -e $T/into/a ]]
}

@test "a link where a folder should be is named, and not followed" {
  commit hosts/web/conf/a one
  push
  mkdir -p "$T/into" "$T/outside"
  ln -s ../outside "$T/into/conf"
  one_target "    options: {into: $T/into}"
  agent_start web1
  wait_for 20 told operation Failed
  [[ $(report message) == *"conf is a link"* ]]
  [[ -z $(ls "$T/outside") ]]
}

@test "two targets of one repository, one agent" {
  commit hosts/web/a one
  commit hosts/db/a two
  push
  agent_config web1 "infra:hosts/web:$T/web" "infra:hosts/db:$T/db"
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  wait_for 20 agent_synced web1 t2 "$TIP"
  [[ $(<"$T/web/a") == one && $(<"$T/db/a") == two ]]
}

@test "it outlives the daemon: reports wait, the stream goes on" {
  commit hosts/web/a one
  push
  # The address has to stay: the config gets the port that the kernel chose.
  port=${URL##*:}
  one_target "    options: {into: $T/into}" "    compare_every: 1s"
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  daemon_kill
  commit hosts/web/a two
  git push -q origin HEAD:refs/heads/main 2>/dev/null
  TIP=$(git rev-parse HEAD)
  sed -i "s/127.0.0.1:0/127.0.0.1:$port/" "$CONFIG"
  daemon_start
  wait_for 40 agent_synced web1 t1 "$TIP"
  [[ $(<"$T/into/a") == two ]]
}

@test "--once converges and tells by its exit status" {
  commit hosts/web/a one
  push
  one_target "    options: {into: $T/into}"
  headgate-agent --once -c "$T/web1.yaml"
  [[ $(<"$T/into/a") == one ]]
  agent_synced web1 t1 "$TIP"
  git rm -rq hosts/web && git commit -qm gone
  push
  run headgate-agent --once -c "$T/web1.yaml"
  ((status == 1))
  daemon_stop
  run headgate-agent --once -c "$T/web1.yaml"
  ((status == 2))
}

@test "a second agent of one name is refused, and takes over when the first is gone" {
  commit hosts/web/a one
  push
  one_target "    options: {into: $T/into}"
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  sed "s#^state: .*#state: $T/other.state#; s#$T/into#$T/into2#" "$T/web1.yaml" >"$T/other.yaml"
  run headgate-agent --once -c "$T/other.yaml"
  ((status == 2))
  has "agent-name-in-use"
  [[ ! -e $T/into2/a ]]
  # The same state is not for two either.
  run headgate-agent --once -c "$T/web1.yaml"
  ((status == 2))
  has "another headgate-agent runs with the state in $T/web1.state"
  agent_stop web1
  headgate-agent --once -c "$T/other.yaml"
  [[ $(<"$T/into2/a") == one ]]
}

@test "a token that is missing, wrong or revoked; a target that is not allowed" {
  commit hosts/web/a one
  push
  one_target "    options: {into: $T/into}"
  mv "$T/web1.token" "$T/kept"
  run headgate-agent -c "$T/web1.yaml"
  ((status == 2 && ${#lines[@]} == 1))
  has "$T/web1.token: No such file"
  echo >"$T/web1.token"
  run headgate-agent -c "$T/web1.yaml"
  ((status == 2 && ${#lines[@]} == 1))
  has "holds no token"
  echo hga_wrong >"$T/web1.token"
  agent_start web1
  wait_for 20 grep -q "the server refuses this agent.*401" "$T/web1.log"
  ! process_ended "${AGENT_PID[web1]}" || false
  agent_stop web1
  mv "$T/kept" "$T/web1.token"
  chmod 640 "$T/web1.token"
  : >"$T/web1.log"
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  fails grep 'can read the token' "$T/web1.log"
  agent_stop web1
  chmod 644 "$T/web1.token"
  agent_start web1
  wait_for 20 grep -q "everyone on this host can read the token.*$T/web1.token" "$T/web1.log"
  headgate agent remove web1
  wait_for 20 grep -q "the server refuses this agent.*401" "$T/web1.log"
  ! process_ended "${AGENT_PID[web1]}" || false
  agent_stop web1

  agent_add narrow 'apps/**'
  agent_config narrow "infra:hosts/web:$T/into"
  run headgate-agent --once -c "$T/narrow.yaml"
  ((status == 2))
  has "403"
  has "t1"
}

@test "a server that plain HTTP should not go to" {
  one_target "    options: {into: $T/into}"
  sed -i 's#^server: .*#server: https://127.0.0.1:7420#; 1i ca_file: /nonexistent/ca.pem' "$T/web1.yaml"
  run headgate-agent -c "$T/web1.yaml"
  ((status == 2 && ${#lines[@]} == 1))
  has "cannot use ca_file /nonexistent/ca.pem"
  sed -i 1d "$T/web1.yaml"
  sed -i 's#^server: .*#server: http://192.0.2.7:7420#' "$T/web1.yaml"
  run headgate-agent -c "$T/web1.yaml"
  ((status == 2 && ${#lines[@]} == 1))
  has "plain HTTP would show the token to the network"
  sed -i 's#^server: .*#server: nonsense#' "$T/web1.yaml"
  run headgate-agent -c "$T/web1.yaml"
  ((status == 2 && ${#lines[@]} == 1))
  has "expected a URL"
}

@test "options" {
  run headgate-agent --version
  ((status == 0))
  has "headgate-agent "
  run headgate-agent --help
  ((status == 0))
  has "--once"
  run headgate-agent --nonsense
  ((status == 2))
  run headgate-agent -c "$T/nowhere.yaml"
  ((status == 2 && ${#lines[@]} == 1))
  has "$T/nowhere.yaml"
  one_target "    options: {into: $T/into}"
  headgate-agent -t -c "$T/web1.yaml"
  echo "nonsense: 1" >>"$T/web1.yaml"
  run headgate-agent -t -c "$T/web1.yaml"
  ((status == 2))
  has "web1.yaml:"
}
