# Pushes over ssh, through a real sshd: one account for all, each key with a forced command that says whose it is.
load helper
load main_job

# ssh_up NAME...: sshd on a port of its own, a key pair for each name; sets SSH_URL.
ssh_up() {
  local name try
  SSH_FOLDER=$T/ssh
  mkdir "$SSH_FOLDER"
  [[ $(id -u) != 0 ]] || mkdir -p /run/sshd
  ssh-keygen -q -t ed25519 -N '' -f "$SSH_FOLDER/host"
  for name in "$@"; do
    ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$SSH_FOLDER/$name"
    printf 'restrict,command="REMOTE_USER=%s exec git-shell -c \\"$SSH_ORIGINAL_COMMAND\\"" %s\n' "$name" \
      "$(<"$SSH_FOLDER/$name.pub")" >>"$SSH_FOLDER/authorized_keys"
  done
  cat >"$SSH_FOLDER/config" <<END
ListenAddress 127.0.0.1
HostKey $SSH_FOLDER/host
AuthorizedKeysFile $SSH_FOLDER/authorized_keys
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
END
  # sshd takes no port 0: a random one, until one is free.
  for try in {1..20}; do
    SSH_PORT=$((20000 + RANDOM % 40000))
    /usr/sbin/sshd -D -e -f "$SSH_FOLDER/config" -p "$SSH_PORT" >"$T/sshd.log" 2>&1 </dev/null 3>&- &
    SSHD_PID=$!
    wait_for 10 sshd_listens_or_ended
    ! process_ended "$SSHD_PID" || { wait "$SSHD_PID" || SSHD_PID=''; continue; }
    SSH_URL=ssh://$(id -un)@127.0.0.1:$SSH_PORT$GIT_ROOT
    return 0
  done
  cat "$T/sshd.log"
  return 1
}

sshd_listens_or_ended() {
  process_ended "$SSHD_PID" || grep -q 'Server listening' "$T/sshd.log"
}

# The rest of the test speaks as this person.
become() {
  export GIT_SSH_COMMAND="ssh -F none -i $SSH_FOLDER/$1 -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
}

teardown() {
  local status=0
  if [[ -n ${SSHD_PID-} ]]; then
    kill "$SSHD_PID"
    wait "$SSHD_PID" || true
  fi
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
