# Pushes through installed hooks over a local path and file://.
load helper
load main_job

# An infrastructure repository with one commit on main, cloned, the daemon running.
begin() {
  server_config "$@"
  repo_new infra/prod
  BARE=$GIT_ROOT/infra/prod.git
  daemon_start
  repo_clone infra/prod
  commit app.yaml "$(good_manifest app)"
  git push -q origin main
}

tip() {
  git -C "$BARE" rev-parse --verify -q "$1"
}

last_event() {
  events_of ref.updated | tail -n 1
}

@test "the main job over a local path" {
  server_config
  repo_new infra/prod
  daemon_start
  main_job "$GIT_ROOT/infra/prod.git" alice
}

@test "the main job over file://" {
  server_config
  repo_new infra/prod
  daemon_start
  main_job "file://$GIT_ROOT/infra/prod.git" alice
}

@test "a force push to the default branch is refused, to another branch it is told as forced" {
  begin
  first=$(tip main)
  git commit -q --amend -m other
  fails git push --force origin main
  has '[policy/force-push]'
  has 'refs/heads/main'
  [[ $(tip main) == "$first" ]]

  git push -q origin "$first:refs/heads/topic"
  git push -q --force origin main:topic
  [[ $(tip topic) == "$(git rev-parse main)" ]]
  wait_for 5 has_events 3 ref.updated
  last_event | jq -e '.data.forced == true and .data.change == "update" and .subject == "infra/prod:refs/heads/topic"'
}

@test "the default branch cannot be deleted, another one can, and that is journaled" {
  begin
  git -C "$BARE" config receive.denyDeleteCurrent false
  first=$(tip main)
  fails git push origin :main
  has '[policy/delete]'
  [[ $(tip main) == "$first" ]]

  git push -q origin main:topic
  git push -q origin :topic
  fails tip topic
  wait_for 5 has_events 3 ref.updated
  last_event | jq -e --arg old "$first" '.data.change == "delete" and .data.old == $old and (.data.new | test("^0+$"))
    and .data.source == "hook"'
}

@test "a tag passes and is journaled" {
  begin
  git tag -a -m one v1
  git push -q origin v1
  wait_for 5 has_events 2 ref.updated
  last_event | jq -e '.data.ref == "refs/tags/v1" and .data.change == "create" and .data.actor == "alice"'
}

@test "a new branch that no policy names passes unchecked, one that it names is checked" {
  begin 'policies:' '  - {repos: ["**"], refs: [HEAD, "refs/heads/release/*"]}'
  commit broken.yaml "$(broken_manifest)"
  git push -q origin main:topic
  fails git push origin main:release/1
  has 'remote: broken.yaml:5:3: error: '
  lacks app.yaml
  fails tip release/1
}

@test "one bad ref refuses the whole push" {
  begin
  commit broken.yaml "$(broken_manifest)"
  fails git push origin main main:topic
  has 'broken.yaml:5:3'
  fails tip topic
}

@test "only what has changed is judged" {
  begin
  # It comes in past the gate, and stays there until somebody touches it.
  commit broken.yaml "$(broken_manifest)"
  git push -q origin main:topic
  git -C "$BARE" update-ref refs/heads/main "$(tip topic)"
  commit other.yaml "$(good_manifest other)"
  git push -q origin main
  commit broken.yaml "$(broken_manifest)
# touched"
  fails git push origin main
  has 'broken.yaml:5:3'
}

@test "300 refs in one push are one event each" {
  begin
  for ((i = 0; i < 300; i++)); do
    echo "create refs/heads/topic/$i $(git rev-parse main)"
  done | git update-ref --stdin
  git push -q origin 'refs/heads/topic/*'
  wait_for 20 has_events 301 ref.updated
  [[ $(events_of ref.updated | jq -r .data.ref | sort -u | wc -l) == 301 ]]
  # A watcher may have been first with some of them; then the push is told afterwards.
  wait_for 10 eval '(($(events_of | jq -r "select(.data.actor == \"alice\").data.ref" | sort -u | wc -l) == 301))'
  run headgate audit verify
  ((status == 0))
}

@test "a hook that was there before runs after ours and can still refuse" {
  server_config
  git init -q --bare "$GIT_ROOT/old.git"
  BARE=$GIT_ROOT/old.git
  cat >"$BARE/hooks/pre-receive" <<END
#!/bin/sh
while read old new ref; do
  echo "old hook saw \$ref"
  case \$ref in *forbidden*) exit 1 ;; esac
done
END
  printf '#!/bin/sh\ncat >"%s/post"\n' "$T" >"$BARE/hooks/post-receive"
  chmod +x "$BARE"/hooks/{pre,post}-receive
  headgate install -c "$CONFIG" "$BARE"
  daemon_start
  repo_clone old
  commit app.yaml "$(good_manifest app)"
  run git push origin main
  ((status == 0))
  has 'old hook saw refs/heads/main'
  [[ $(cat "$T/post") == *" $(git rev-parse main) refs/heads/main" ]]
  fails git push origin main:forbidden
  has 'old hook saw refs/heads/forbidden'
  commit broken.yaml "$(broken_manifest)"
  fails git push origin main
  has '[yaml/duplicate-key]'
  lacks 'old hook saw'
}

@test "a ref moved by something else than a push is journaled as seen, without an actor" {
  begin
  commit app.yaml "$(good_manifest app2)"
  git push -q origin main:topic
  git -C "$BARE" update-ref refs/heads/main "$(tip topic)"
  wait_for 10 has_events 3 ref.updated
  last_event | jq -e '.data.source == "watch" and .data.actor == null and .data.ref == "refs/heads/main"'
}

@test "a repository made while the daemon runs is served" {
  begin
  repo_new infra/second
  repo_clone infra/second "$T/second"
  commit a.yaml "$(good_manifest a)"
  git push -q origin main
  wait_for 10 has_events 2 ref.updated
  last_event | jq -e '.subject == "infra/second:refs/heads/main" and .data.actor == "alice"'
}

@test "a push while nothing has changed for the agent leaves its folder alone" {
  begin
  commit hosts/web/site.conf 'listen 80;'
  git push -q origin main
  agent_add web-1
  agent_config web-1 "infra/prod:hosts/web:$T/conf.d"
  agent_start web-1
  wait_for 15 agent_synced web-1 t1 "$(tip main)"
  before=$(stat -c '%i %Y' "$T/conf.d/site.conf")
  commit other.yaml "$(good_manifest other)"
  git push -q origin main
  commit hosts/web/new.conf 'listen 81;'
  git push -q origin main
  wait_for 15 agent_synced web-1 t1 "$(tip main)"
  [[ $(stat -c '%i %Y' "$T/conf.d/site.conf") == "$before" ]]
  diff -r hosts/web "$T/conf.d"
}
