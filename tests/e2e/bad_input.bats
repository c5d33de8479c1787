# Bad input from end to end: each is answered with one clear line that says what and where, and loses nothing. What the gate alone
# answers is in gate.bats.
load helper

# A served repository with one commit on main, its clone the current folder; the daemon is not running.
begin() {
  server_config
  repo_new infra
  BARE=$GIT_ROOT/infra.git
  repo_clone infra
  commit app.yaml "$(good_manifest app)"
  git push -q origin main
  TIP=$(git rev-parse main)
}

# headgated refuses to start with one line that has TEXT.
will_not_start() {
  fails timeout 20 headgated -c "$CONFIG"
  ((status == 2)) || { echo "status $status: $output"; return 1; }
  has "$1"
}

no_escape_bytes() {
  ! grep -q $'\e' <<<"$output" || { echo "an escape byte came through"; return 1; }
}

@test "config missing, malformed, with an unknown key, with a wrong value: no daemon, told with file, line and column" {
  will_not_start "$CONFIG"
  has 'No such file'
  server_config 'groups: {ops: [alice'
  will_not_start "$CONFIG:"
  [[ $output =~ headgate.yaml:[0-9]+:[0-9]+: ]]
  server_config 'polices: []'
  will_not_start "$CONFIG:7:1:"
  has polices
  server_config 'policies:' '  - {repos: ["**"], limits: {seconds: soon}}'
  will_not_start "$CONFIG:8:"
  fails headgate status
  has "$CONFIG:8:"
}

@test "an agent's config missing, malformed, with an unknown key: told with file, line and column" {
  fails timeout 20 headgate-agent -c "$T/agent.yaml"
  has "$T/agent.yaml"
  URL=http://127.0.0.1:1 agent_config agent "infra::$T/into"
  echo 'colour: red' >>"$T/agent.yaml"
  fails timeout 20 headgate-agent -c "$T/agent.yaml"
  has "$T/agent.yaml:6:1:"
  URL=http://127.0.0.1:1 agent_config agent "infra::relative"
  fails timeout 20 headgate-agent -c "$T/agent.yaml"
  [[ $output =~ agent.yaml:[0-9]+:[0-9]+: ]]
}

@test "not a repository: install says so; among the served ones it harms no other" {
  server_config
  mkdir "$GIT_ROOT/nothing.git" "$GIT_ROOT/empty"
  echo text >"$GIT_ROOT/file.git"
  for path in "$GIT_ROOT/nothing.git" "$GIT_ROOT/file.git" "$T/nowhere"; do
    fails headgate install -c "$CONFIG" "$path"
    has "$path"
  done
  repo_new infra
  daemon_start
  repo_clone infra
  commit app.yaml "$(good_manifest app)"
  git push -q origin main
  wait_for 5 has_events 1 ref.updated
  admin GET /v1/status | jq -e '[.repositories[].name] | index("infra") != null'
}

@test "a damaged repository does not keep the daemon from serving another" {
  begin
  repo_new other
  rm -rf "$BARE"/objects/??
  echo nonsense >"$BARE/packed-refs"
  daemon_start
  repo_clone other "$T/other"
  commit app.yaml "$(good_manifest app)"
  git push -q origin main
  wait_for 5 eval 'events_of ref.updated | grep -q other:refs/heads/main'
  grep -q 'infra' "$DAEMON_LOG"
}

@test "SHA-256 and reftable repositories: install and daemon say so, and serve the others" {
  server_config
  git init -q --bare --object-format=sha256 "$GIT_ROOT/sha.git"
  git init -q --bare "$GIT_ROOT/table.git"
  git -C "$GIT_ROOT/table.git" config core.repositoryFormatVersion 1
  git -C "$GIT_ROOT/table.git" config extensions.refStorage reftable
  fails headgate install -c "$CONFIG" "$GIT_ROOT/sha.git"
  has sha256
  fails headgate install -c "$CONFIG" "$GIT_ROOT/table.git"
  has reftable
  repo_new infra
  daemon_start
  grep -q sha256 "$DAEMON_LOG"
  grep -q reftable "$DAEMON_LOG"
  repo_clone infra
  commit app.yaml "$(good_manifest app)"
  git push -q origin main
  wait_for 5 has_events 1 ref.updated
}

@test "escape bytes in a path and in a key do not reach the terminal" {
  begin
  daemon_start
  commit $'bad\e[31m.yaml' $'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  "\\e]0;title\\a": 1\n  "\\e]0;title\\a": 2\n'
  fails git push origin main
  has ':7:3: error: '
  has '[yaml/duplicate-key]'
  no_escape_bytes
  wait_for 5 has_events 1 push.refused
  run events_of push.refused
  no_escape_bytes
  run headgate events --since 0
  no_escape_bytes
  run headgate audit
  no_escape_bytes
  run headgate check .
  ((status == 1))
  no_escape_bytes
}

@test "daemon down: the push succeeds, the event arrives later, once" {
  begin
  daemon_start
  wait_for 10 has_events 1 ref.updated
  daemon_stop
  commit b.yaml "$(good_manifest b)"
  run git push origin main
  ((status == 0))
  (($(ls "$STATE/spool" | wc -l) == 1))
  daemon_start
  wait_for 10 has_events 2 ref.updated
  events_of ref.updated | tail -n 1 | jq -e --arg new "$(git rev-parse main)" '.data.actor == "alice" and .data.new == $new
    and .data.source == "spool"'
  wait_for 5 eval '[[ -z $(ls "$STATE/spool") ]]'
  daemon_stop
  daemon_start
  has_events 2 ref.updated
}

@test "daemon killed in mid-write, again and again: every push is there once" {
  begin
  daemon_start
  # Pushes come from a child while the daemon is killed under it.
  (
    for ((i = 0; i < 40; i++)); do
      commit "f$i.yaml" "$(good_manifest "f$i")"
      git push -q origin main || exit 1
    done
  ) >"$T/pushes.log" 2>&1 3>&- &
  local pushes=$!
  while ! process_ended "$pushes"; do
    local before=$(git -C "$BARE" rev-parse main)
    wait_for 10 eval "[[ \$(git -C $BARE rev-parse main) != $before ]] || process_ended $pushes"
    daemon_kill
    daemon_start
  done
  wait "$pushes"
  wait_for 20 eval 'events_of ref.updated | grep -q "\"new\":\"$(git rev-parse main)\""'
  wait_for 5 eval '[[ -z $(ls "$STATE/spool") ]]'
  # From the first commit to the last, without a gap or a repetition.
  events_of ref.updated | jq -r .data.new >"$T/journaled"
  git rev-list --reverse main >"$T/pushed"
  diff "$T/pushed" "$T/journaled"
  # Nobody's name was lost either: told with the event, or explained afterwards.
  events_of | jq -rs '[.[] | select(.data.actor == "alice") | .data.new] | unique | length' | grep -qx "$(wc -l <"$T/pushed")" ||
    { events_of; false; }
  run headgate audit verify
  ((status == 0))
}

# Run in a mount namespace of its own, with the state on a file system that is nearly full.
full_disk() {
  set -eu
  trap '[[ -z $DAEMON_PID ]] || daemon_kill' EXIT
  mount -t tmpfs -o size=4m tmpfs "$STATE"
  daemon_start
  git push -q origin main
  wait_for 10 has_events 1 ref.updated
  # Leave the daemon nothing, and then the hook's spool nothing either.
  cat /dev/zero >"$STATE/filler" 2>/dev/null || true
  commit b.yaml "$(good_manifest b)"
  git push origin main >"$T/push.out" 2>&1
  cat "$T/push.out"
  # Whoever looks is told; it is over with the first commit that goes well.
  headgate status | grep -q '^The journal cannot be written, pushes are spooled: '
  [[ $(admin GET /readyz) == 'the journal cannot be written, '* ]]
  rm "$STATE/filler"
  commit c.yaml "$(good_manifest c)"
  git push -q origin main
  wait_for 30 has_events 3 ref.updated
  events_of ref.updated | jq -r .data.new >"$T/journaled"
  git rev-list --reverse main | diff - "$T/journaled"
  [[ $(admin GET /readyz) == ok ]]
  headgate audit verify
  daemon_stop
}

@test "disk full: the push succeeds, the event arrives later, once" {
  server_config
  repo_new infra
  repo_clone infra
  commit app.yaml "$(good_manifest app)"
  { declare -f && declare -p T STATE CONFIG GIT_ROOT ADMIN_SOCKET DAEMON_LOG; } >"$T/functions"
  local user=()
  [[ $(id -u) == 0 ]] || user=(--map-root-user)
  run unshare "${user[@]}" --mount bash -c 'source "$1"; full_disk' full-disk "$T/functions"
  ((status == 0))
}

@test "an agent without a token, with a wrong one, with a revoked one" {
  begin
  daemon_start
  agent_add web-1
  agent_config web-1 "infra::$T/into"
  good=$(cat "$T/web-1.token")

  rm "$T/web-1.token"
  fails timeout 20 headgate-agent -c "$T/web-1.yaml"
  has "$T/web-1.token"

  echo "hga_$(printf 'A%.0s' {1..43})" >"$T/web-1.token"
  chmod 600 "$T/web-1.token"
  agent_start web-1
  wait_for 10 grep -q unauthorized "$T/web-1.log"
  agent_stop web-1
  wait_for 5 eval '(($(count_events agent.refused) >= 1))'
  events_of agent.refused | jq -e '.data.agent == null and .data.remote != null'

  echo "$good" >"$T/web-1.token"
  : >"$T/web-1.log"
  agent_start web-1
  wait_for 10 agent_synced web-1 t1 "$TIP"
  headgate agent remove web-1
  wait_for 20 grep -q unauthorized "$T/web-1.log"
  agent_stop web-1
  [[ -e $T/into/app.yaml ]]
}

@test "an agent asks for what it may not see" {
  begin
  daemon_start
  agent_add web-1 'other/**'
  agent_config web-1 "infra::$T/into"
  agent_start web-1
  wait_for 10 grep -q t1 "$T/web-1.log"
  agent_stop web-1
  [[ ! -e $T/into/app.yaml ]]
}

@test "two agents of one name: the second is told so, the first goes on" {
  begin
  daemon_start
  agent_add web-1
  agent_config web-1 "infra::$T/into"
  agent_start web-1
  wait_for 10 agent_synced web-1 t1 "$TIP"
  sed "s,$T/web-1.state,$T/twin.state,; s,$T/into,$T/twin," "$T/web-1.yaml" >"$T/twin.yaml"
  agent_start twin
  wait_for 10 grep -q agent-name-in-use "$T/twin.log"
  [[ ! -e $T/twin/app.yaml ]]
  commit b.yaml "$(good_manifest b)"
  git push -q origin main
  wait_for 10 agent_synced web-1 t1 "$(git rev-parse main)"
  wait_for 5 eval '(($(count_events agent.refused) >= 1))'
}

@test "a tree with .. in it, or links out of the target, is not unpacked over the host" {
  begin
  daemon_start
  agent_add web-1
  agent_config web-1 "infra:tree:$T/into/target"
  mkdir -p "$T/into"
  commit tree/good.conf good
  git push -q origin main
  agent_start web-1
  wait_for 10 agent_synced web-1 t1 "$(git rev-parse main)"
  echo mine >"$T/into/precious"

  # git add makes no such tree; hash-object is made to.
  local blob=$(echo evil | git hash-object -w --stdin) evil tree
  evil=$(printf '100644 precious\0%b' "$(sed 's/../\\x&/g' <<<"$blob")" | git hash-object -t tree --literally -w --stdin)
  tree=$(printf '40000 ..\0%b' "$(sed 's/../\\x&/g' <<<"$evil")" | git hash-object -t tree --literally -w --stdin)
  evil=$(printf '40000 tree\0%b' "$(sed 's/../\\x&/g' <<<"$tree")" | git hash-object -t tree --literally -w --stdin)
  evil=$(git commit-tree -p main -m evil "$evil")
  git push -q origin "$evil:refs/heads/main" || true
  # Then a link out of the target, as git add makes it.
  ln -s ../precious tree/link
  ln -s /etc/passwd tree/absolute
  git add tree && git commit -q -m links
  git push -q --force origin main || true
  wait_for 15 eval '[[ $(agent_state web-1 t1) == *Failed* || $(agent_state web-1 t1) == Unknown* ]]'
  [[ $(cat "$T/into/precious") == mine ]]
  [[ $(cat "$T/into/target/good.conf") == good ]]
  [[ ! -e $T/into/target/link && ! -e $T/into/target/absolute ]]
}
