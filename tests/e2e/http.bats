# Pushes over smart HTTP: git-http-backend behind nginx, people known by basic authentication.
load helper
load main_job

@test "the main job over smart HTTP" {
  server_config
  repo_new infra/prod
  daemon_start
  web_up bob:secret
  main_job "http://bob:secret@127.0.0.1:$WEB_PORT/infra/prod.git" bob
}

@test "who is allowed is judged by the name that the web server knows" {
  server_config 'policies:' '  - {repos: ["**"], refs: [HEAD], push: {allow: ["@ops"]}}' 'groups: {ops: [alice]}'
  repo_new infra/prod
  daemon_start
  web_up alice:secret mallory:secret
  repo_clone infra/prod
  commit a.txt a
  fails git push "http://mallory:secret@127.0.0.1:$WEB_PORT/infra/prod.git" main
  has '[policy/not-allowed]'
  run git push "http://alice:secret@127.0.0.1:$WEB_PORT/infra/prod.git" main
  ((status == 0))
  wait_for 5 has_events 1 push.refused
  events_of push.refused | jq -e '.data.actor == "mallory" and .data.remote == "127.0.0.1"'
}

@test "a push larger than the web server's buffers" {
  server_config
  repo_new infra/prod
  daemon_start
  web_up alice:secret
  repo_clone infra/prod
  # 4 MiB that do not compress: git sends it in chunks.
  head -c 4194304 /dev/urandom >blob.bin
  git add blob.bin && git commit -q -m blob
  run git push "http://alice:secret@127.0.0.1:$WEB_PORT/infra/prod.git" main
  ((status == 0))
  [[ $(git -C "$GIT_ROOT/infra/prod.git" rev-parse main) == "$(git rev-parse main)" ]]
}
