# Targets of the files driver on machines that are in trouble: each ends in a report that says what and why, and leaves the target as it was.
load helper

setup() {
  headgate_setup
  server_config
  repo_new infra
  daemon_start
  agent_add web1
  repo_clone infra
  USER_NAMESPACE=()
  [[ $(id -u) == 0 ]] || USER_NAMESPACE=(--map-root-user)
}

push() {
  git push -q origin HEAD:refs/heads/main 2>/dev/null || return 1
  TIP=$(git rev-parse HEAD)
}

# target NAME FOLDER [LINE...]: of the config, with hosts/NAME in FOLDER.
target() {
  printf '  - name: %s\n    repo: infra\n    path: hosts/%s\n    driver: files\n    compare_every: 1s\n    options: {into: %s}\n' "$1" "$1" "$2"
  (($# < 3)) || printf '    %s\n' "${@:3}"
}

# of TARGET FIELD: of its last report, as the daemon has it.
of() {
  admin GET /v1/agents | jq -r --arg t "$1" ".agents[0].targets[] | select(.name == \$t) | .report.$2"
}

# told TARGET FIELD WORDS: its report has them there.
told() {
  [[ $(of "$1" "$2") == *"$3"* ]]
}

# back_to COMMIT: an administrator's own hand, and the daemon has seen it.
back_to() {
  git -C "$GIT_ROOT/infra.git" update-ref refs/heads/main "$1"
  wait_for 10 is_at "$1"
}

is_at() {
  [[ $(admin GET '/v1/events?repo=infra' | jq -r '.snapshot[0].new') == "$1" ]]
}

may_mount() {
  unshare "${USER_NAMESPACE[@]}" --mount true 2>/dev/null
}

# agent_start_full SIZE FOLDER: the agent, with FOLDER on a file system of that size of its own. What is there: $SEEN.
agent_start_full() {
  unshare "${USER_NAMESPACE[@]}" --mount sh -c "mount -t tmpfs -o size=$1 tmpfs '$2' && exec headgate-agent -c '$T/web1.yaml'" \
    >>"$T/web1.log" 2>&1 </dev/null 3>&- &
  AGENT_PID[web1]=$!
  SEEN=/proc/$!/root$2
}

@test "the target's disk is full in mid-apply: all is as it was, and it goes on when there is room" {
  may_mount || skip "no mount namespaces here"
  commit hosts/web/a one
  commit hosts/web/b two
  push
  good=$TIP
  agent_config web1 "$(target web "$T/into")"
  mkdir "$T/into"
  agent_start_full 1m "$T/into"
  wait_for 20 agent_synced web1 web "$TIP"
  # The first file fits, the second does not.
  commit hosts/web/a changed
  head -c 3000000 /dev/urandom >hosts/web/big
  git add hosts/web/big && git commit -qm big
  push
  wait_for 20 told web operation Failed
  told web message "No space left on device"
  told web sync OutOfSync && told web applied "$good" && told web desired "$TIP"
  [[ $(<"$SEEN/a") == one && $(<"$SEEN/b") == two && ! -e $SEEN/big ]]
  [[ -z $(find "$SEEN" -name '.headgate-*') ]]
  # Smaller, it fits.
  head -c 30000 /dev/urandom >hosts/web/big
  git add hosts/web/big && git commit -qm small
  push
  wait_for 30 agent_synced web1 web "$TIP"
  [[ $(<"$SEEN/a") == changed ]]
  cmp hosts/web/big "$SEEN/big"
}

@test "the disk of the agent's state is full: nothing is begun that could not be finished" {
  may_mount || skip "no mount namespaces here"
  commit hosts/web/a one
  push
  good=$TIP
  agent_config web1 "$(target web "$T/into")"
  mkdir "$T/web1.state"
  agent_start_full 2m "$T/web1.state"
  wait_for 20 agent_synced web1 web "$TIP"
  cat /dev/zero >"$SEEN/filler" 2>/dev/null || true
  commit hosts/web/a two
  push
  wait_for 20 told web operation Failed
  told web message "No space left on device"
  [[ $(<"$T/into/a") == one && $(of web applied) == "$good" ]]
  rm "$SEEN/filler"
  wait_for 40 agent_synced web1 web "$TIP"
  [[ $(<"$T/into/a") == two ]]
}

@test "a target's folder that is replaced by a link is not followed" {
  commit hosts/web/a one
  push
  agent_config web1 "$(target web "$T/into")"
  agent_start web1
  wait_for 20 agent_synced web1 web "$TIP"
  mkdir "$T/elsewhere"
  mv "$T/into" "$T/aside"
  ln -s elsewhere "$T/into"
  wait_for 20 told web sync Unknown
  told web message "$T/into leads to $T/elsewhere now, and what was placed is in $T/into; nothing was touched"
  commit hosts/web/a two
  push
  wait_for 20 told web operation Failed
  told web message "put it back, or name the new folder in the config"
  [[ -z $(ls -A "$T/elsewhere") && $(<"$T/aside/a") == one ]]
  # Put back, it goes on with the next change.
  rm "$T/into"
  mv "$T/aside" "$T/into"
  commit hosts/web/a three
  push
  wait_for 20 agent_synced web1 web "$TIP"
  [[ $(<"$T/into/a") == three ]]
}

@test "a folder that is named anew is taken over, and the old one is left as it is" {
  commit hosts/web/a one
  push
  agent_config web1 "$(target web "$T/into")"
  agent_start web1
  wait_for 20 agent_synced web1 web "$TIP"
  agent_stop web1
  mkdir "$T/elsewhere"
  echo theirs >"$T/elsewhere/theirs"
  agent_config web1 "$(target web "$T/elsewhere")"
  agent_start web1
  wait_for 20 test -e "$T/elsewhere/a"
  wait_for 20 agent_synced web1 web "$TIP"
  [[ $(<"$T/elsewhere/theirs") == theirs && $(<"$T/into/a") == one ]]
}

@test "two targets on one folder, or one in the other's, are refused" {
  for pair in "$T/into $T/into" "$T/into $T/into/" "$T/into $T//./into" "$T/into/deep $T/into" "$T/into $T/into/deep"; do
    agent_config web1 "$(target web "${pair% *}")" "$(target db "${pair#* }")"
    run headgate-agent -t -c "$T/web1.yaml"
    ((status == 2))
    has "share one folder, or one is in the other's; each needs its own"
  done
  agent_config web1 "$(target web "$T/into")" "$(target db "$T/into2")"
  headgate-agent -t -c "$T/web1.yaml"
}

@test "two targets that links lead to one folder are told, and touch nothing" {
  commit hosts/web/a one
  commit hosts/db/b two
  push
  mkdir -p "$T/real/deep"
  ln -s real "$T/link"
  agent_config web1 "$(target web "$T/real/deep")" "$(target db "$T/link")"
  agent_start web1
  wait_for 20 told web operation Failed
  wait_for 20 told db operation Failed
  told web message "$T/real/deep is $T/real/deep, and target db has $T/real; nothing was touched"
  told db message "$T/link is $T/real, and target web has $T/real/deep; nothing was touched"
  [[ $(find "$T/real" | sort | xargs) == "$T/real $T/real/deep" ]]
  # Led elsewhere, both get what is theirs.
  mkdir "$T/other"
  ln -sfn other "$T/link"
  commit hosts/web/a three
  commit hosts/db/b four
  push
  wait_for 20 agent_synced web1 web "$TIP"
  wait_for 20 agent_synced web1 db "$TIP"
  [[ $(<"$T/real/deep/a") == three && $(<"$T/other/b") == four ]]
}

@test "what an apply that was killed has left is found, though the ref is back where it was" {
  commit hosts/web/a one
  push
  good=$TIP
  agent_config web1 "$(target web "$T/into" "self_heal: false")"
  agent_start web1
  wait_for 20 agent_synced web1 web "$TIP"
  agent_stop web1
  cp "$T/web1.state/targets/web/state.json" "$T/noted"
  commit hosts/web/new two
  push
  # The first rename of a file into its place is made, and is the last thing that this agent does.
  FAULTS_OPS=sync FAULTS_PATH="$T/into" FAULTS_AT=2 FAULTS_ACTION=kill LD_PRELOAD=$BUILD/tools/faults.so \
    ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0" agent_start web1
  wait_for 20 process_ended "${AGENT_PID[web1]}"
  wait "${AGENT_PID[web1]}" || true
  [[ -e $T/into/new ]]
  back_to "$good"
  agent_start web1
  wait_for 20 agent_synced web1 web "$good"
  [[ ! -e $T/into/new && $(<"$T/into/a") == one ]]

  # The same when it came to its end, and that was not noted any more.
  push
  wait_for 20 agent_synced web1 web "$TIP"
  agent_stop web1
  cp "$T/noted" "$T/web1.state/targets/web/state.json"
  back_to "$good"
  agent_start web1
  wait_for 20 agent_synced web1 web "$good"
  [[ ! -e $T/into/new && $(<"$T/into/a") == one ]]
}
