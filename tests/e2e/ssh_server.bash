# A real sshd for a test: one account for all, each key with a forced command that says whose it is.
# Sourced by `load ssh_server`; ssh_down ends what ssh_up began.

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

ssh_down() {
  [[ -n ${SSHD_PID-} ]] || return 0
  kill "$SSHD_PID"
  wait "$SSHD_PID" || true
  SSHD_PID=''
}
