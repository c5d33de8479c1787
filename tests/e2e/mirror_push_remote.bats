# Push mirrors over a real sshd, and over nginx with git-http-backend.
load helper
load ssh_server
load mirrors

setup() { mirror_setup; }

teardown() {
  headgate_teardown
  ssh_down
}

# sshd for the repositories below $THERE; the mirror speaks as "mirror", with keys and host keys by file.
over_ssh() {
  local GIT_ROOT=$THERE
  ssh_up mirror
  host_key >"$T/known_hosts"
  MIRROR_URL=$SSH_URL/{repo}.git
  MIRROR_KEYS=", identity_file: $SSH_FOLDER/mirror, known_hosts_file: $T/known_hosts"
}

host_key() {
  printf '[127.0.0.1]:%s %s\n' "$SSH_PORT" "$(cut -d' ' -f1,2 "$SSH_FOLDER/host.pub")"
}

ready() {
  repo_new "$1"
  there "$1"
  [[ -n $DAEMON_PID ]] || daemon_start
  repo_clone "$1"
  commit a.txt a
  git push -q origin HEAD:main
}

# What is told anywhere of this text: the log, the journal, the API, the processes that have been.
told() {
  grep -rqF -- "$1" "$DAEMON_LOG" "$STATE" "$T/ps" || { admin GET /v1/mirrors; admin GET /metrics; events_of; } | grep -qF -- "$1"
}

# A program in the place of git that notes all arguments and goes on as git.
watch_git() {
  local git
  git=$(command -v git)
  mkdir "$T/bin"
  : >"$T/ps"
  printf '#!/bin/sh\nprintf "%%s\\n" "$@" >>%q\ncat /proc/[0-9]*/cmdline >>%q 2>/dev/null\nexec %q "$@"\n' "$T/ps" "$T/ps" "$git" >"$T/bin/git"
  chmod +x "$T/bin/git"
  export PATH=$T/bin:$PATH
}

@test "over ssh, each turn through the same connection" {
  over_ssh
  mirror_config "$MIRROR_URL" "$MIRROR_KEYS"
  ready r
  wait_for 20 in_step r
  for i in {1..5}; do
    commit a.txt "$i"
    git push -q origin HEAD:main
    wait_for 20 in_step r
  done
  (($(grep -c 'Accepted publickey' "$T/sshd.log") == 1))
  # It ends with the daemon.
  socket=$(echo "$STATE"/ssh/*)
  [[ -S $socket ]]
  daemon_stop
  wait_for 10 eval '[[ ! -e $socket ]]'
}

@test "over ssh: a host key that is not known or has changed, a key that is not taken" {
  over_ssh
  : >"$T/known_hosts"
  mirror_config "$MIRROR_URL" "$MIRROR_KEYS"
  ready r
  wait_for 20 is failing r
  error_has r 'the host key of 127.0.0.1:'
  error_has r "put it into $T/known_hosts"
  [[ ! -s $T/known_hosts ]]
  host_key >"$T/known_hosts"
  wait_for 20 in_step r
  # Another host under the name. Nothing of ours is shown to it.
  daemon_stop
  ssh-keygen -q -t ed25519 -N '' -f "$T/other"
  printf '[127.0.0.1]:%s %s\n' "$SSH_PORT" "$(cut -d' ' -f1,2 "$T/other.pub")" >"$T/known_hosts"
  before=$(grep -c 'Accepted publickey' "$T/sshd.log")
  daemon_start
  commit a.txt b
  git push -q origin HEAD:main
  wait_for 20 is failing r
  error_has r 'shows another host key'
  (($(grep -c 'Accepted publickey' "$T/sshd.log") == before))
  host_key >"$T/known_hosts"
  wait_for 20 in_step r
  daemon_stop
  cp "$SSH_FOLDER/authorized_keys" "$T/keys"
  : >"$SSH_FOLDER/authorized_keys"
  daemon_start
  commit a.txt c
  git push -q origin HEAD:main
  wait_for 20 is failing r
  error_has r "does not take $SSH_FOLDER/mirror"
  cp "$T/keys" "$SSH_FOLDER/authorized_keys"
  wait_for 20 in_step r
  daemon_stop
  chmod 644 "$SSH_FOLDER/mirror"
  daemon_start
  commit a.txt d
  git push -q origin HEAD:main
  wait_for 20 is failing r
  error_has r 'chmod 0600'
}

@test "over ssh: the server goes away in mid-push and comes back" {
  over_ssh
  mirror_config "$MIRROR_URL" "$MIRROR_KEYS"
  ready r
  wait_for 20 in_step r
  mkfifo "$T/gate"
  printf '#!/bin/sh\necho $$ >%s/hook\ncase $1 in *two*) read line <%s;; esac\n' "$T" "$T/gate" >"$THERE/r.git/hooks/update"
  chmod +x "$THERE/r.git/hooks/update"
  commit a.txt b
  git push -q origin HEAD:main HEAD:two
  wait_for 20 eval '[[ $(git -C "$THERE/r.git" rev-parse main) == "$(git rev-parse HEAD)" && $(<"$T/hook") ]]'
  wait_for 20 eval 'grep -qz two /proc/$(<"$T/hook")/cmdline'
  # The process of the session that serves it, and with it the line.
  hook=$(<"$T/hook")
  receiver=$(ps -o ppid= -p "$hook")
  kill -KILL $receiver
  rm "$THERE/r.git/hooks/update"
  kill -KILL "$hook"
  wait_for 30 in_step r
}

@test "over ssh: the disk there is full; nothing is lost, and it goes on when there is room" {
  over_ssh
  mirror_config "$MIRROR_URL" "$MIRROR_KEYS"
  ready r
  wait_for 20 in_step r
  sed -i "s|exec git-shell|LD_PRELOAD=$BUILD/tools/faults.so FAULTS_OPS=write,open FAULTS_PATH=/objects/ FAULTS_WHILE=$T/full FAULTS_ACTION=ENOSPC &|" \
    "$SSH_FOLDER/authorized_keys"
  daemon_stop
  : >"$T/full"
  daemon_start
  before=$(tips "$THERE/r.git")
  for i in {1..200}; do
    echo "$i" >"$i.txt"
  done
  git add . && git commit -q -m many
  git push -q origin HEAD:main
  wait_for 20 is failing r
  error_has r 'is full'
  [[ $(tips "$THERE/r.git") == "$before" ]]
  rm "$T/full"
  wait_for 20 in_step r
  git -C "$THERE/r.git" fsck --strict
}

@test "over HTTP, with credentials by file that nobody sees" {
  watch_git
  web_start "$T/web" "$THERE" "$BUILD" mirror:t0psecret-word
  printf 'http://mirror:t0psecret-word@127.0.0.1:%s\n' "$WEB_PORT" >"$T/credentials"
  chmod 600 "$T/credentials"
  mirror_config "http://127.0.0.1:$WEB_PORT/{repo}.git" ", insecure: true, credentials_file: $T/credentials"
  ready r
  wait_for 20 in_step r
  commit a.txt b
  git push -q origin HEAD:main
  wait_for 20 in_step r
  # A hook there that says what it has heard, and refuses.
  printf '#!/bin/sh\necho "I know t0psecret-word"\nexit 1\n' >"$THERE/r.git/hooks/pre-receive"
  chmod +x "$THERE/r.git/hooks/pre-receive"
  commit a.txt c
  git push -q origin HEAD:main
  wait_for 20 is failing r
  error_has r 'I know [hidden]'
  rm "$THERE/r.git/hooks/pre-receive"
  wait_for 20 in_step r
  grep -q git-receive-pack "$T/web/access.log"
  told headgate-mirror
  fails told t0psecret-word
}

@test "over HTTP: wrong credentials are told, kept, and shown to nobody" {
  watch_git
  web_start "$T/web" "$THERE" "$BUILD" mirror:right-password
  printf 'http://mirror:wr0ng-password@127.0.0.1:%s\n' "$WEB_PORT" >"$T/credentials"
  chmod 644 "$T/credentials"
  mirror_config "http://127.0.0.1:$WEB_PORT/{repo}.git" ", insecure: true, credentials_file: $T/credentials"
  ready r
  wait_for 20 is failing r
  error_has r 'chmod 0600 or 0640'
  chmod 600 "$T/credentials"
  wait_for 20 error_has r "does not take the credentials in $T/credentials"
  # git takes what was refused out of such a file; ours it only reads.
  grep -q wr0ng "$T/credentials"
  fails told wr0ng-password
  printf 'http://mirror:right-password@127.0.0.1:%s\n' "$WEB_PORT" >"$T/credentials"
  wait_for 20 in_step r
  # Nobody is there.
  sed -i 's,credentials_file: [^ ,}]*,silence: 19s,; s/silence: 20s, //' "$CONFIG"
  kill -HUP "$DAEMON_PID"
  commit a.txt b
  git push -q origin HEAD:main
  wait_for 20 error_has r 'name a file that has them as credentials_file'
}

@test "over HTTP: no repository there, and nobody there" {
  web_start "$T/web" "$THERE" "$BUILD" mirror:secret
  printf 'http://mirror:secret@127.0.0.1:%s\n' "$WEB_PORT" >"$T/credentials"
  chmod 600 "$T/credentials"
  mirror_config "http://127.0.0.1:$WEB_PORT/{repo}.git" ", insecure: true, credentials_file: $T/credentials"
  repo_new r
  daemon_start
  repo_clone r
  commit a.txt a
  git push -q origin HEAD:main
  wait_for 20 is failing r
  error_has r 'there is no repository at http://127.0.0.1'
  there r
  wait_for 20 in_step r
  kill "${WEB_PIDS[@]}"
  wait "${WEB_PIDS[@]}" || true
  WEB_PIDS=()
  commit a.txt b
  git push -q origin HEAD:main
  wait_for 20 is failing r
  error_has r 'cannot be reached'
}
