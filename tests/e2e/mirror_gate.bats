# Gated mirrors: what is upstream is judged as a push is, and what is refused is not published.
load helper
load mirror_pull

setup() { pull_setup; }

CHECKED='policies: [{refs: ["refs/heads/**"], checks: [{paths: ["**.yaml"], as: kubernetes}]}]'
DUPLICATE=$'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  name: b\n'

# begin [CONFIG]: a gated copy in step with one branch.
begin() {
  mirror_config 'gate: true' "${1-$CHECKED}"
  repo_new charts
  daemon_start
  wait_for 20 is state in-step
  in_step refs/heads/main
}

state_of() { refs_of "$1" | jq -r .state; }

@test "a refused change keeps the last good state published, and a mended one goes through" {
  begin
  good=$(git rev-parse HEAD)
  commit app.yaml "$DUPLICATE"
  send origin main
  turn
  is state stopped
  [[ $(ours rev-parse refs/heads/main) == "$good" ]]
  [[ $(state_of refs/heads/main) == refused ]]
  [[ $(refs_of refs/heads/main | jq -r .note) == '1 error in 1 changed file; app.yaml:5:3: error: duplicate key "name"'* ]]
  [[ $(copy error) == 'refs/heads/main: 1 error in 1 changed file; '* ]]
  wait_for 10 has_events 1 push.refused
  events_of push.refused | jq -e --arg new "$(git rev-parse HEAD)" '.data | .actor == "mirror:vendor" and .repo == "charts" and .findings[0].rule == "yaml/duplicate-key" and
    .updates[0].new == $new'
  # Who looks at the copy cannot see it by any name.
  [[ $(git ls-remote "file://$GIT_ROOT/charts.git" | grep -c "$(git rev-parse HEAD)") == 0 ]]
  commit app.yaml "$(good_manifest app)"
  send origin main
  turn
  in_step refs/heads/main
  is state in-step
}

@test "one bad branch does not hold the others" {
  begin
  git checkout -q -b bad
  commit app.yaml "$DUPLICATE"
  git checkout -q -b good main
  commit good.yaml "$(good_manifest good)"
  git checkout -q -b worse main
  commit bad.yaml "$DUPLICATE"
  git checkout -q main
  commit more.yaml "$(good_manifest more)"
  send origin bad good worse main
  turn
  in_step refs/heads/main refs/heads/good
  fails ours rev-parse -q --verify refs/heads/bad
  fails ours rev-parse -q --verify refs/heads/worse
  is state stopped
  [[ $(copy error) == *'(and 1 more refs)' ]]
  [[ $(refs_of | jq -r '"\(.ref) \(.state)"' | sort | tr '\n' ' ') == 'refs/heads/bad refused refs/heads/worse refused ' ]]
  # Both were judged once.
  wait_for 10 has_events 1 push.refused
  events_of push.refused | jq -e '.data.errors == 2'
}

@test "the same tip is not judged again until upstream moves, the config is reloaded, or somebody asks for all" {
  begin
  commit app.yaml "$DUPLICATE"
  send origin main
  turn
  wait_for 10 has_events 1 push.refused
  turn
  turn
  is state stopped
  has_events 1 push.refused
  turn verify
  wait_for 10 has_events 2 push.refused
  # Another config may take it.
  mirror_config 'gate: true' "policies: [{refs: ['refs/heads/**'], checks: [{paths: ['docs/**'], as: kubernetes}]}]"
  kill -HUP "$DAEMON_PID"
  wait_for 20 in_step refs/heads/main
  wait_for 20 is state in-step
}

verified_after() { [[ $(copy verified) > $1 ]]; }

@test "what the clock has verified is not judged again" {
  mirror_config 'gate: true, verify_every: 1s' "$CHECKED"
  repo_new charts
  daemon_start
  wait_for 20 is state in-step
  commit app.yaml "$DUPLICATE"
  send origin main
  turn
  wait_for 10 has_events 1 push.refused
  before=$(copy verified)
  wait_for 20 verified_after "$before"
  before=$(copy verified)
  wait_for 20 verified_after "$before"
  wait_for 10 is running null
  has_events 1 push.refused
}

@test "the policy of the branch holds for the mirror as for any other" {
  begin "policies: [{refs: ['refs/heads/**'], push: {allow: ['mirror:vendor'], force: never, delete: never}}, {refs: ['refs/tags/**'], push: {allow: [alice]}}]"
  fails git push "$GIT_ROOT/charts.git" main:refs/heads/people
  has '[policy/not-allowed]'
  old=$(git rev-parse HEAD)
  git branch side
  git tag v1
  git commit -q --amend -m other
  send -f origin main side v1
  turn
  in_step refs/heads/side
  [[ $(ours rev-parse refs/heads/main) == "$old" ]]
  [[ $(refs_of refs/heads/main | jq -r .note) == *'policy/force-push'* ]]
  [[ $(refs_of refs/tags/v1 | jq -r .note) == *'mirror:vendor may not push to this ref'* ]]
  send origin :side
  turn
  # One that is refused does not move, so the guard does not count it.
  ours rev-parse -q --verify refs/heads/side
  [[ $(refs_of refs/heads/side | jq -r .note) == *'policy/delete'* ]]
  # Nor does a decision about the mirror overrule the policy.
  turn accept
  [[ $(ours rev-parse refs/heads/main) == "$old" ]]
}

@test "where the gate cannot judge nothing is published, and it is tried again" {
  begin
  good=$(git rev-parse HEAD)
  cp "$CONFIG" "$CONFIG.good"
  echo 'no such key: 1' >>"$CONFIG"
  commit app.yaml "$(good_manifest app)"
  send origin main
  act sync
  wait_for 20 is state failing
  [[ $(ours rev-parse refs/heads/main) == "$good" ]]
  [[ $(copy error) == *'cannot judge this push'* ]]
  cp "$CONFIG.good" "$CONFIG"
  wait_for 30 is state in-step
  in_step refs/heads/main
}

@test "agents follow the gated copy" {
  begin
  agent_add web1 charts
  agent_config web1 "charts:site:$T/site"
  agent_start web1
  commit site/app.yaml "$(good_manifest app)"
  good=$(git rev-parse HEAD)
  send origin main
  turn
  wait_for 30 agent_synced web1 t1 "$good"
  commit site/app.yaml "$DUPLICATE"
  commit site/new.txt new
  send origin main
  turn
  is state stopped
  [[ $(<"$T/site/app.yaml") == "$(good_manifest app)" && ! -e $T/site/new.txt ]]
  # Nor can it be had by its id, by whoever may see that branch alone.
  headgate agent add web2 --kind host --allow=charts --ref=refs/heads/main >"$T/web2.token"
  [[ $(curl -sS --noproxy '*' -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $(cat "$T/web2.token")" \
    "$URL/v1/archive?repo=charts&rev=$(git rev-parse HEAD)&path=site") == 404 ]]
  commit site/app.yaml "$(good_manifest other)"
  send origin main
  turn
  wait_for 30 agent_synced web1 t1 "$(git rev-parse HEAD)"
  [[ $(<"$T/site/app.yaml") == "$(good_manifest other)" && -e $T/site/new.txt ]]
}

@test "killed at the gate: what was not judged is not published" {
  begin
  good=$(git rev-parse HEAD)
  commit app.yaml "$DUPLICATE"
  git branch other "$good"
  send origin main other
  act sync
  daemon_kill
  daemon_start
  act sync
  wait_for 20 is state stopped
  in_step refs/heads/other
  [[ $(ours rev-parse refs/heads/main) == "$good" ]]
}
