# Pushes over ssh, through a real sshd: one account for all, each key with a forced command that says whose it is.
load helper
load main_job
load ssh_server

teardown() {
  local status=0
  ssh_down
  headgate_teardown || status=1
  return $status
}

@test "the main job over ssh, who pushed is told by the key" {
  server_config
  repo_new infra/prod
  daemon_start
  ssh_up bob
  become bob
  main_job "$SSH_URL/infra/prod.git" bob
}

@test "one account, two people: only one of them may push" {
  server_config 'policies:' '  - {repos: ["**"], refs: [HEAD], push: {allow: [alice]}}'
  repo_new infra/prod
  daemon_start
  ssh_up alice mallory
  repo_clone infra/prod
  commit a.txt a
  become mallory
  fails git push "$SSH_URL/infra/prod.git" main
  has 'mallory may not push to this ref [policy/not-allowed]'
  # What a client says of itself is not listened to.
  fails env REMOTE_USER=alice GL_USERNAME=alice git -c "core.sshCommand=$GIT_SSH_COMMAND -o SendEnv=*" push "$SSH_URL/infra/prod.git" main
  has '[policy/not-allowed]'
  become alice
  run git push "$SSH_URL/infra/prod.git" main
  ((status == 0))
  wait_for 5 has_events 1 ref.updated
  events_of ref.updated | jq -e '.data.actor == "alice"'
  events_of push.refused | jq -e '.data.actor == "mallory" and .data.remote == "127.0.0.1"'
}
