# Many repositories that change at about the same time: all in step, each moved once, and what it took is told. THOUSAND=1000 takes so many,
# and then it is to be within a minute; make bench BENCH=mirrors has the figures.
load helper
load ssh_server

N=${THOUSAND-60}

teardown() {
  local status=0
  ssh_down
  headgate_teardown || status=1
  return $status
}

# thousand FOLDER: so many repositories in it, all at $OLD, with $NEW in their objects.
thousand() {
  local n
  if [[ ! -e $T/model.git ]]; then
    git init -q --bare --template= "$T/model.git"
    git init -q "$T/model"
    cd "$T/model"
    commit a.txt old
    OLD=$(git rev-parse HEAD)
    commit a.txt new
    NEW=$(git rev-parse HEAD)
    git push -q "$T/model.git" "$OLD:refs/heads/main" "$NEW:refs/heads/new"
    git -C "$T/model.git" update-ref -d refs/heads/new
    cd "$T"
  fi
  mkdir -p "$1"
  for ((n = 0; n < N; n++)); do
    cp -r "$T/model.git" "$1/r$n.git"
  done
}

# move FOLDER: each of them has $NEW from now on.
move() {
  local n
  for ((n = 0; n < N; n++)); do
    printf '%s\n' "$NEW" >"$1/r$n.git/refs/heads/main.lock"
    mv "$1/r$n.git/refs/heads/main.lock" "$1/r$n.git/refs/heads/main"
  done
}

in_step() {
  [[ $(admin GET '/v1/mirrors?limit=1' | jq -r '.mirrors[0] | "\(.copies) \(.in_step)"') == "$N $N" ]]
}

# all_have FOLDER ID
all_have() {
  local n
  for ((n = 0; n < N; n++)); do
    [[ $(<"$1/r$n.git/refs/heads/main") == "$2" ]] || return 1
  done
}

ms() {
  echo $((${EPOCHREALTIME/./} / 1000))
}

told_once() {
  (($(count_events mirror.updated) == N)) && (($(events_of mirror.updated | jq -r .data.repo | sort -u | wc -l) == N))
}

# plain URL: what git alone takes for as many pushes, two at a time, by a sample, in PLAIN ms: the machine may be busy with other things.
plain() {
  local begun n
  mkdir -p "$T/far"
  for ((n = 0; n < 40; n++)); do
    cp -r "$T/model.git" "$T/far/plain$n.git"
  done
  begun=$(ms)
  printf '%s\n' {0..39} | GIT_SSH_COMMAND="${2-}" xargs -P 2 -I % git -C "$T/model.git" push -q "$1/plain%.git" "$NEW:refs/heads/main"
  PLAIN=$((($(ms) - begun) * N / 40))
}

# Where so many were asked for: a minute, or on a busy machine twice what git alone would take.
in_time() {
  [[ -z ${THOUSAND-} ]] || (($1 < 60000 || $1 < 2 * PLAIN)) || { echo "$1 ms, git alone $PLAIN ms"; return 1; }
}

# push_all URL: what takes so long, in TOOK ms.
push_all() {
  thousand "$GIT_ROOT"
  thousand "$T/far"
  plain "$1" "${3-}"
  server_config 'mirrors:' "  - {name: far, direction: push, url: '$1/{repo}.git', ${2-}}"
  daemon_start
  wait_for 300 in_step
  begun=$(ms)
  move "$GIT_ROOT"
  wait_for 300 all_have "$T/far" "$NEW"
  TOOK=$(($(ms) - begun))
  wait_for 20 in_step
  wait_for 10 told_once
  (($(count_events mirror.late) == 0 && $(count_events mirror.diverged) == 0))
}

@test "many repositories, a change each, to files" {
  push_all "$T/far"
  echo "# $N repositories in step after $TOOK ms, files; git alone $PLAIN ms" >&3
  in_time "$TOOK"
}

@test "many repositories, a change each, over ssh" {
  ssh_up mirror
  printf '[127.0.0.1]:%s %s\n' "$SSH_PORT" "$(<"$SSH_FOLDER/host.pub")" >"$T/known"
  push_all "ssh://$(id -un)@127.0.0.1:$SSH_PORT$T/far" "identity_file: $SSH_FOLDER/mirror, known_hosts_file: $T/known" \
    "ssh -F none -i $SSH_FOLDER/mirror -o IdentitiesOnly=yes -o UserKnownHostsFile=$T/known"
  echo "# $N repositories in step after $TOOK ms, ssh; git alone, a connection each, $PLAIN ms" >&3
  in_time "$TOOK"
}

@test "many repositories that an upstream's manifest tells of: made, then a change each" {
  thousand "$T/up"
  plain "$T/far"
  mkdir "$T/www"
  # The upstream is a Headgate too, and its manifest ours.
  mkdir "$T/leader"
  cat >"$T/leader.yaml" <<END
site: upstream.example.org
state: $T/leader
repositories: {root: $T/up}
sockets: {hook: $T/leader/hook.sock, admin: $T/leader/admin.sock}
listen: [{address: "127.0.0.1:0"}]
manifest: {file: $T/www/manifest.js.gz}
END
  headgated -c "$T/leader.yaml" >"$T/leader.log" 2>&1 </dev/null 3>&- &
  LEADER_PID=$!
  wait_for 60 test -e "$T/www/manifest.js.gz"
  server_config 'mirrors:' "  - {name: up, direction: pull, url: '$T/up/{repo}.git', manifest: $T/www/manifest.js.gz, every: 1s, create: true, refs: ['refs/**']}"
  begun=$(ms)
  daemon_start
  wait_for 300 in_step
  made=$(($(ms) - begun))
  all_have "$GIT_ROOT" "$OLD"
  begun=$(ms)
  move "$T/up"
  wait_for 300 all_have "$GIT_ROOT" "$NEW"
  took=$(($(ms) - begun))
  wait_for 20 in_step
  echo "# $N repositories made in $made ms, in step after $took ms, by a manifest" >&3
  end_process "$LEADER_PID" 'the upstream'
  in_time "$took"
  (($(count_events mirror.late) == 0 && $(count_events mirror.diverged) == 0))
}
