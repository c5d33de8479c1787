# Mirrors as a service: what a kill, a reload, an upgrade, a pause and repositories that come and go leave of them. What the ways do is in
# mirror_push*.bats and mirror_pull*.bats.
load helper
load mirrors

setup() { mirror_setup; }

# ready NAME...: here and there, each with a commit, in step.
ready() {
  local name
  for name in "$@"; do
    repo_new "$name"
    there "$name"
  done
  daemon_start
  for name in "$@"; do
    repo_clone "$name" "$T/$name"
    commit a.txt "$name"
    git push -q origin HEAD:main
    wait_for 20 in_step "$name"
  done
}

# move REPO: one more commit on main, in its clone.
move() {
  commit a.txt "$RANDOM $RANDOM" >/dev/null
  git push -q origin HEAD:main
}

settled() {
  [[ $(sqlite_row "select seq from mirrors_settled") -ge $(sqlite_row "select max(seq) from events where type = 'io.headgate.ref.updated.v1'") ]]
}

sqlite_row() {
  python3 -c 'import sqlite3, sys; print(*(sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True).execute(sys.argv[2]).fetchone() or [""]))' \
    "$STATE/journal.db" "$1"
}

rests() {
  [[ $(copy_of "$1" | jq -r '"\(.running) \(.waiting)"') == "null false" ]]
}

@test "what is behind when the daemon is killed is brought into step by the next one" {
  mirror_config "$THERE/{repo}.git"
  ready a b
  # Away, and journaled; a moves once more as nobody is there to hear of it.
  mv "$THERE" "$T/away"
  move
  wait_for 20 is failing b
  (cd "$T/a" && move)
  wait_for 20 is failing a
  daemon_kill
  (cd "$T/a" && move)
  mv "$T/away" "$THERE"
  daemon_start
  wait_for 30 in_step a
  wait_for 30 in_step b
  # In step on disk: the next start asks for nothing.
  wait_for 20 settled
  tried=$(copy_of a | jq .tried)
  daemon_stop
  daemon_start
  events=$(count_events mirror.updated)
  move
  wait_for 20 in_step b
  [[ $(count_events mirror.updated) == $((events + 1)) ]]
  [[ $(copy_of a | jq -c '[.state, .error, .tried]') == "[\"in-step\",null,$tried]" ]]
}

@test "a kill at any moment loses no move" {
  local i
  mirror_config "$THERE/{repo}.git"
  ready a
  for i in 1 2 3 4 5 6; do
    move
    # From before its turn to after it.
    [[ $i == 1 ]] || wait_for 1 eval "[[ \$(date +%s%N) -gt $(($(date +%s%N) + i * 15000000)) ]]"
    daemon_kill
    daemon_start
    wait_for 30 in_step a
  done
}

@test "one that is late is told, and when it is over" {
  mirror_config "$THERE/{repo}.git" ', alert_after: 1s'
  ready a
  mv "$THERE" "$T/away"
  move
  wait_for 20 has_events 1 mirror.late
  events_of mirror.late | jq -e '.subject == "m/a" and .data.repo == "a" and (.data.error | contains("no repository"))'
  [[ $(admin GET /metrics | grep -E '^headgate_mirror_copies\{.*failing' | grep -oE '[0-9]+$') == 1 ]]
  mv "$T/away" "$THERE"
  act sync a
  wait_for 20 in_step a
  wait_for 20 has_events 1 mirror.caught_up
  has_events 1 mirror.late
}

@test "pause and resume, over a restart" {
  mirror_config "$THERE/{repo}.git"
  ready a b
  act pause a
  act pause
  move
  (cd "$T/a" && move)
  wait_for 20 is behind a
  daemon_stop
  daemon_start
  [[ $(admin GET '/v1/mirrors?mirror=m' | jq -c '[.copies[] | [.repo, .state, .paused]]') == '[["a","behind",true],["b","behind",true]]' ]]
  [[ $(act sync a | jq -r .message) == *'resume it first'* ]]
  [[ $(act resume a | jq -r .message) == *'whole mirror m is paused'* ]]
  act resume
  wait_for 20 in_step a
  wait_for 20 in_step b
  events_of mirror.acted | jq -se '[.[].data | [.repo, .action, .actor]] == [["a", "pause", "test"], [null, "pause", "test"], [null, "resume", "test"]]'
}

@test "another URL under the name is another place; a mirror that is gone is forgotten" {
  mirror_config "$THERE/{repo}.git"
  ready a
  git init -q --bare "$T/second.git"
  # The new place has what the old one was known to have, and more: had it been taken for the old one, that would be overwritten.
  git -C "$T/second.git" fetch -q "$GIT_ROOT/a.git" main:main
  theirs=$(git -C "$T/second.git" commit-tree -p main -m theirs 'main^{tree}')
  git -C "$T/second.git" update-ref refs/heads/main "$theirs"
  server_config 'mirrors:' "  - {name: m, direction: push, repos: [a], url: '$T/second.git', retry_first: 1s, retry_most: 1s}"
  kill -HUP "$DAEMON_PID"
  wait_for 20 eval '[[ $(copy_of a | jq -r .url) == "$T/second.git" ]]'
  wait_for 20 is stopped a
  move
  wait_for 20 eval 'is stopped a && rests a'
  [[ $(git -C "$T/second.git" rev-parse main) == "$theirs" ]]
  # The same while the daemon is away.
  daemon_stop
  mirror_config "$THERE/{repo}.git"
  git -C "$THERE/a.git" update-ref -d refs/heads/main
  daemon_start
  wait_for 20 in_step a
  server_config
  kill -HUP "$DAEMON_PID"
  wait_for 20 eval '[[ $(admin GET /v1/mirrors | jq -c .copies) == "[]" ]]'
  wait_for 20 eval '[[ $(sqlite_row "select (select count(*) from mirrors) + (select count(*) from mirror_copies) + (select count(*) from mirror_refs)") == 0 ]]'
}

@test "a config that is refused leaves turns alone; one that is taken cures what has failed" {
  mirror_config "$THERE/{repo}.git" ', retry_first: 1h' && sed -i 's/retry_first: 1s, retry_most: 1s, \(.*\), retry_first: 1h/retry_first: 1h, retry_most: 1h, \1/' "$CONFIG"
  ready a
  mv "$THERE" "$T/away"
  move
  wait_for 20 is failing a
  mv "$T/away" "$THERE"
  cp "$CONFIG" "$T/good.yaml"
  echo 'nonsense: true' >>"$CONFIG"
  kill -HUP "$DAEMON_PID"
  wait_for 20 grep -q 'the config is not taken' "$DAEMON_LOG"
  is failing a
  cp "$T/good.yaml" "$CONFIG"
  kill -HUP "$DAEMON_PID"
  wait_for 20 in_step a
}

@test "repositories come and go" {
  mirror_config "$THERE/{repo}.git"
  ready a
  there late
  repo_new late
  repo_clone late "$T/clone"
  commit a.txt late
  git push -q origin HEAD:main
  wait_for 30 in_step late
  mv "$GIT_ROOT/late.git" "$T/late.git"
  wait_for 30 eval '[[ -z $(copy_of late) ]]'
  # What is known of it stays: it may be a file system that is not mounted.
  [[ $(sqlite_row "select count(*) from mirror_refs where repo = 'late'") == 1 ]]
  mv "$T/late.git" "$GIT_ROOT/late.git"
  wait_for 30 in_step late
  move
  wait_for 30 in_step late
}

@test "an upgrade waits for what runs, and the next program goes on" {
  mirror_config "$THERE/{repo}.git"
  ready a
  # A push that hangs there until it is stopped.
  printf '#!/bin/sh\necho $$ >"%s/hook.pid"\nexec sleep 60\n' "$T" >"$THERE/a.git/hooks/pre-receive"
  chmod +x "$THERE/a.git/hooks/pre-receive"
  move
  wait_for 20 test -s "$T/hook.pid"
  rm "$THERE/a.git/hooks/pre-receive"
  begun=$(grep -c 'msg=ready' "$DAEMON_LOG")
  kill -USR2 "$DAEMON_PID"
  wait_for 30 eval '(($(grep -c msg=ready "$DAEMON_LOG") > begun))'
  lacks_log 'without waiting'
  wait_for 30 in_step a
}

lacks_log() {
  ! grep -q "$1" "$DAEMON_LOG"
}

@test "a scope by repository sees what is told of its own" {
  mirror_config "$THERE/{repo}.git"
  ready a b
  act pause a
  act pause
  for scope in '"repos":["a"]' '"repos":["a"],"refs":["refs/heads/main"]'; do
    token=$(admin POST /v1/tokens -H 'Content-Type: application/json' --data-binary "{\"name\":\"t${#scope}\",\"role\":\"viewer\",$scope}" | jq -r .token)
    curl -sS --noproxy '*' -H "Authorization: Bearer $token" "$URL/v1/events?cursor=0&limit=1000&type=io.headgate.mirror.*" | jq -c '[.events[] | .subject] | unique' >>"$T/seen"
  done
  [[ $(<"$T/seen") == $'["m/a"]\n[]' ]]
}

@test "mirrors that are in step cost nothing" {
  mirror_config "$THERE/{repo}.git"
  ready a b
  wait_for 20 settled
  # No wake-up of the loop: a whole second without one, within some.
  switches() { grep -h ^voluntary /proc/"$DAEMON_PID"/task/"$DAEMON_PID"/status; }
  quiet() {
    local before
    before=$(switches)
    read -rt 1 <> <(:) || true
    [[ $(switches) == "$before" ]]
  }
  wait_for 20 quiet
  [[ -z $(pgrep -P "$DAEMON_PID" || true) ]]
}
