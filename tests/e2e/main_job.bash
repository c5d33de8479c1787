# The main job from end to end, the same over every transport: tests/e2e/push.bats and http.bats run it.

broken_manifest() {
  cat <<END
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
  name: web-2
data: {}
END
}

# main_job REMOTE ACTOR: REMOTE leads to the bare repository infra/prod, where ACTOR pushes.
main_job() {
  local remote=$1 actor=$2 bare=$GIT_ROOT/infra/prod.git first second
  git clone -q "$remote" "$T/work" 2>/dev/null
  cd "$T/work"
  mkdir -p apps hosts/web
  good_manifest web >apps/web.yaml
  echo 'listen 80;' >hosts/web/site.conf
  git add -A && git commit -q -m first
  run git push origin main
  ((status == 0))
  first=$(git rev-parse main)
  [[ $(git -C "$bare" rev-parse main) == "$first" ]]

  # Journaled once, with who, what and how.
  wait_for 5 has_events 1 ref.updated
  events_of ref.updated | jq -e --arg new "$first" --arg actor "$actor" '.source == "/headgate/test.example.org"
    and .subject == "infra/prod:refs/heads/main" and .data.new == $new and .data.change == "create"
    and .data.actor == $actor and .data.source == "hook" and .data.forced == false
    and ([.data.paths[].path] == ["apps/web.yaml", "hosts/web/site.conf"])'

  # An agent keeps a folder the same.
  agent_add web-1 infra/prod
  agent_config web-1 "infra/prod:hosts/web:$T/conf.d"
  agent_start web-1
  wait_for 15 agent_synced web-1 t1 "$first"
  diff -r hosts/web "$T/conf.d"

  # A broken manifest: told where, and nothing moves.
  broken_manifest >apps/web.yaml
  echo 'listen 8080;' >hosts/web/site.conf
  git commit -q -a -m broken
  fails git push origin main
  has 'remote: headgate: refused: refs/heads/main: 1 error in '
  has 'remote: apps/web.yaml:5:3: error: '
  has '[yaml/duplicate-key]'
  [[ $(git -C "$bare" rev-parse main) == "$first" ]]
  wait_for 5 has_events 1 push.refused
  events_of push.refused | jq -e --arg actor "$actor" '.data.actor == $actor and .data.errors == 1
    and .data.findings[0].path == "apps/web.yaml" and .data.findings[0].line == 5 and .data.findings[0].column == 3'
  [[ $(cat "$T/conf.d/site.conf") == 'listen 80;' ]]

  # Mended: through, applied, reported, shown.
  good_manifest web-2 >apps/web.yaml
  git commit -q -a --amend -m mended
  run git push origin main
  ((status == 0))
  second=$(git rev-parse main)
  wait_for 15 agent_synced web-1 t1 "$second"
  [[ $(cat "$T/conf.d/site.conf") == 'listen 8080;' ]]
  has_events 2 ref.updated

  run headgate status
  ((status == 0))
  has web-1
  has Synced
  has "${second:0:7}"
  run headgate audit
  ((status == 0))
  has "$actor"
  has infra/prod
  run headgate audit verify
  ((status == 0))
}
