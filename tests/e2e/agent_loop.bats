# The agent's loop against the real daemon: several targets at once, commands, windows, suspension, kills.
load helper

setup() {
  headgate_setup
  server_config
  repo_new infra
  daemon_start
  agent_add web1
  repo_clone infra
}

# push: what has been committed goes to the server; sets TIP.
push() {
  git push -q origin HEAD:refs/heads/main 2>/dev/null || return 1
  TIP=$(git rev-parse HEAD)
}

# target NAME [LINE...]: of the config, with hosts/NAME into $T/NAME.
target() {
  printf '  - name: %s\n    repo: infra\n    path: hosts/%s\n    driver: files\n' "$1" "$1"
  (($# < 2)) || printf '    %s\n' "${@:2}"
}

# of TARGET FIELD: of its last report, as the daemon has it.
of() {
  admin GET /v1/agents | jq -r --arg t "$1" ".agents[0].targets[] | select(.name == \$t) | .report.$2"
}

told() {
  [[ $(of "$1" "$2") == "$3" ]]
}

# ask ACTION TARGET [ARGS...]: sets ID, the command's.
ask() {
  ID=$(headgate "$1" -c "$CONFIG" --json web1 "${@:2}" | jq -r '.commands[0].id')
  [[ $ID == *.* ]]
}

# answered ID [OPERATION]: a report tells that this command led to it.
answered() {
  events_of agent.reported | jq -es --arg id "$1" --arg op "${2:-Succeeded}" 'any(.[].data; .request == $id and .operation == $op)'
}

# heard: no command waits to be acknowledged.
heard() {
  [[ $(admin GET /v1/agents | jq '[.agents[].targets[].commands[]] | length') == 0 ]]
}

@test "a slow apply of one target does not hold up others" {
  commit hosts/slow/a one
  commit hosts/fast/a one
  push
  agent_config web1 "$(target slow "options: {into: $T/slow, after: [sh, -c, 'until [ -e $T/open ]; do sleep 0.05; done']}")" "$(target fast "options: {into: $T/fast}")"
  agent_start web1
  wait_for 20 agent_synced web1 fast "$TIP"
  wait_for 20 told slow operation Running
  # A revision that comes meanwhile waits for the end of the apply, and the one between is left out.
  commit hosts/slow/a two
  commit hosts/fast/a two
  push
  wait_for 20 agent_synced web1 fast "$TIP"
  commit hosts/slow/a three
  commit hosts/fast/a three
  push
  wait_for 20 agent_synced web1 fast "$TIP"
  told slow operation Running
  touch "$T/open"
  wait_for 20 agent_synced web1 slow "$TIP"
  [[ $(<"$T/slow/a") == three ]]
  [[ $(events_of agent.reported | jq -r 'select(.data.target == "slow" and .data.operation == "Running") | .data.desired' | wc -l) == 2 ]]
}

@test "parallel: 1 lets them wait for each other, in turn" {
  commit hosts/a/x one
  commit hosts/b/x one
  push
  agent_config web1 "$(target a "options: {into: $T/a, after: [sh, -c, '[ ! -e $T/busy ] && touch $T/busy && sleep 0.2 && rm $T/busy']}")" \
    "$(target b "options: {into: $T/b, after: [sh, -c, '[ ! -e $T/busy ] && touch $T/busy && sleep 0.2 && rm $T/busy']}")"
  echo 'parallel: 1' >>"$T/web1.yaml"
  headgate-agent --once -c "$T/web1.yaml"
  agent_synced web1 a "$TIP"
  agent_synced web1 b "$TIP"
}

@test "sync: manual waits for the command, which is acted on once and acknowledged" {
  commit hosts/web/a one
  push
  agent_config web1 "$(target web "options: {into: $T/web}" "sync: manual" "compare_every: 1s")"
  agent_start web1
  wait_for 20 told web message "sync is manual; a sync would change that a is missing"
  [[ $(of web cause) == pending && $(of web operation) == Pending && $(of web health) == Missing && ! -e $T/web/a ]]
  ask sync web
  wait_for 20 agent_synced web1 web "$TIP"
  answered "$ID"
  wait_for 20 heard
  [[ $(<"$T/web/a") == one && $(of web request) == "$ID" ]]
  first=$TIP

  # Drift is told and left alone; a push on top of it makes it both.
  echo drift >"$T/web/a"
  wait_for 20 told web cause drift
  [[ $(of web sync) == OutOfSync ]]
  commit hosts/web/b two
  push
  wait_for 20 told web cause both
  [[ $(of web applied) == "$first" && $(of web desired) == "$TIP" && $(<"$T/web/a") == drift ]]
  ask sync web
  wait_for 20 agent_synced web1 web "$TIP"
  [[ $(<"$T/web/a") == one && $(<"$T/web/b") == two ]]
  # What was drifting was shown line by line, before anyone touched it.
  events_of agent.reported | jq -es 'any(.[].data; .cause == "drift" and .operation == "Succeeded" and (.diff // "" | contains("-drift\n") and contains("+one\n")))'
  # Each command led to one operation.
  [[ $(events_of agent.reported | jq -r 'select(.data.operation == "Running") | .data.request' | sort | uniq -c | awk '{print $1}' | xargs) == "1 1" ]]
}

@test "sync --rev: a revision that was asked for holds until the ref moves" {
  commit hosts/web/a one
  push
  first=$TIP
  commit hosts/web/a two
  push
  agent_config web1 "$(target web "options: {into: $T/web}" "compare_every: 1s")"
  agent_start web1
  wait_for 20 agent_synced web1 web "$TIP"
  ask sync web --rev "$first"
  wait_for 20 agent_synced web1 web "$first"
  [[ $(<"$T/web/a") == one && $(of web request) == "$ID" && $(of web desired) == "$first" && $(of web pinned) == "$first" ]]
  run headgate status
  has "${first:0:8} pinned "
  # It is what the target is healed to, and holds over a restart.
  agent_stop web1
  echo drift >"$T/web/a"
  agent_start web1
  wait_for 20 grep -qx one "$T/web/a"
  wait_for 20 agent_synced web1 web "$first"
  [[ $(of web pinned) == "$first" ]]
  commit hosts/web/a three
  push
  wait_for 20 agent_synced web1 web "$TIP"
  [[ $(<"$T/web/a") == three && $(of web request) == null && $(of web pinned) == null ]]
  run headgate status
  lacks pinned
  # So does a sync that names no revision.
  ask sync web --rev "$first"
  wait_for 20 told web pinned "$first"
  ask sync web
  wait_for 20 agent_synced web1 web "$TIP"
  [[ $(of web pinned) == null ]]
}

@test "suspended: nothing is done and everything told, over a restart, until resume" {
  commit hosts/web/a one
  push
  agent_config web1 "$(target web "options: {into: $T/web}" "compare_every: 1s")"
  agent_start web1
  wait_for 20 agent_synced web1 web "$TIP"
  ask suspend web
  wait_for 20 told web suspended true
  [[ $(of web sync) == Synced && $(of web request) == "$ID" ]]
  wait_for 20 heard
  agent_stop web1
  agent_start web1
  echo drift >"$T/web/a"
  wait_for 20 told web cause drift
  [[ $(of web suspended) == true ]]
  commit hosts/web/b two
  push
  wait_for 20 told web cause both
  [[ $(of web message) == "suspended"* && $(of web next) == null && $(<"$T/web/a") == drift && ! -e $T/web/b ]]
  # Who asks for a sync gets one all the same, and it stays suspended.
  ask sync web
  wait_for 20 agent_synced web1 web "$TIP"
  [[ $(<"$T/web/a") == one && $(of web suspended) == true ]]
  commit hosts/web/b three
  push
  wait_for 20 told web operation Pending
  ask resume web
  wait_for 20 agent_synced web1 web "$TIP"
  [[ $(of web suspended) == false && $(<"$T/web/b") == three ]]
}

@test "a command that was given while the agent was away is done when it comes" {
  commit hosts/web/a one
  push
  agent_config web1 "$(target web "options: {into: $T/web}" "sync: manual")"
  agent_start web1
  wait_for 20 told web operation Pending
  agent_stop web1
  ask sync web
  agent_start web1
  wait_for 20 agent_synced web1 web "$TIP"
  answered "$ID"
  wait_for 20 heard
}

@test "a sync that cannot be done says so, and is over" {
  commit hosts/web/a one
  push
  agent_config web1 "$(target web "options: {into: $T/web, after: [sh, -c, '[ ! -e $T/bad ]']}" "sync: manual" "compare_every: 1s")"
  agent_start web1
  wait_for 20 told web operation Pending
  touch "$T/bad"
  ask sync web
  wait_for 20 answered "$ID" Failed
  [[ $(of web sync) == OutOfSync && $(of web next) == null ]]
  rm "$T/bad"
  ask sync web
  wait_for 20 agent_synced web1 web "$TIP"
  [[ $(of web request) == "$ID" ]]
}

@test "outside its windows a target is told and left alone; a command is obeyed" {
  commit hosts/web/a one
  push
  agent_config web1 "$(target web "options: {into: $T/web}" "compare_every: 1s" \
    "windows: [{kind: deny, from: \"00:00\", to: \"00:00\", zone: UTC}]")"
  agent_start web1
  wait_for 20 told web message "outside its windows; a sync would change that a is missing"
  [[ $(of web cause) == pending && $(of web next) == null && ! -e $T/web/a ]]
  ask sync web
  wait_for 20 agent_synced web1 web "$TIP"
  agent_stop web1

  # One that opens in an hour or two: `next` says when.
  opens=$(date -u -d "@$(($(date +%s) / 3600 * 3600 + 7200))" +%FT%H:00:00)
  agent_config web1 "$(target web "options: {into: $T/web}" \
    "windows: [{from: \"${opens:11:5}\", to: \"${opens:11:3}30\", zone: UTC}]")"
  commit hosts/web/a two
  push
  agent_start web1
  wait_for 20 told web operation Pending
  [[ $(of web next) == "$opens"* && $(<"$T/web/a") == one ]]
  agent_stop web1
  sed -i 's/windows: .*/windows: [{from: "00:00", to: "24:00"}]/' "$T/web1.yaml"
  agent_start web1
  wait_for 20 agent_synced web1 web "$TIP"
}

# tool NAME [LINE...]: a target of hosts/NAME whose driver compares $T/NAME.live with the tree's file "a", and copies it there.
tool() {
  printf '  - name: %s\n    repo: infra\n    path: hosts/%s\n    driver: exec\n    options:\n' "$1" "$1"
  cat >"$T/$1.compare" <<END
[ ! -e $T/$1.hang ] || exec sleep 300
[ ! -e $T/$1.broken ] || { echo 'no such tool' >&2; exit 3; }
[ -e $T/$1.live ] || { echo 'nothing is there'; exit 2; }
diff -u $T/$1.live a || exit 2
END
  cat >"$T/$1.apply" <<END
[ ! -e $T/$1.broken ] || { echo 'cannot apply' >&2; exit 3; }
echo "\$HEADGATE_REVISION" >>$T/$1.applied
cp a $T/$1.new && mv $T/$1.new $T/$1.live
END
  printf '      compare: [sh, %s]\n      apply: [sh, %s]\n' "$T/$1.compare" "$T/$1.apply"
  (($# < 2)) || printf '    %s\n' "${@:2}"
}

@test "files: what a sync would change is shown before anybody asks for it, and nothing is touched" {
  commit hosts/web/a $'one\n'
  commit hosts/web/gone $'going\n'
  push
  first=$TIP
  agent_config web1 "$(target web "options: {into: $T/web}" "sync: manual" "compare_every: 1s")"
  agent_start web1
  wait_for 20 told web message "sync is manual; a sync would change that a is missing, and 1 more"
  [[ $(of web health) == Missing && $(of web diff) == *"+++ git/a"*+one*+going* && ! -e $T/web ]]
  [[ $(of web changes | jq -c .) == '{"added":2,"modified":0,"removed":0}' ]]
  ask sync web
  wait_for 20 agent_synced web1 web "$first"
  # The wanted tree's copy is not needed any more.
  [[ -z $(ls "$T/web1.state/targets/web/trees") ]]
  git rm -q hosts/web/gone
  commit hosts/web/a $'two\n'
  push
  wait_for 20 told web desired "$TIP"
  [[ $(of web cause) == pending && $(of web health) == Healthy && $(of web observed) == "$first" ]]
  [[ $(of web diff) == *-one*+two*-going* && $(of web changes | jq -c .) == '{"added":0,"modified":1,"removed":1}' ]]
  run headgate diff web1 web
  has "+two"
  # A change by hand on top of it: the diff is still what a sync would do.
  echo three >"$T/web/a"
  wait_for 20 told web cause both
  [[ $(of web health) == Degraded && $(of web observed) == null && $(of web diff) == *-three*+two*-going* ]]
  # By hand it becomes what is wanted, though nobody has synced.
  echo two >"$T/web/a"
  rm "$T/web/gone"
  wait_for 20 told web message "sync is manual; a sync would change nothing"
  [[ $(of web sync) == OutOfSync && $(of web observed) == "$TIP" && $(of web diff) == null ]]
  ask sync web
  wait_for 20 agent_synced web1 web "$TIP"
  [[ -z $(ls "$T/web1.state/targets/web/trees") ]]
}

@test "a driver that works from a folder: what a sync would change is shown before anybody asks for it" {
  commit hosts/box/a $'one\n'
  push
  agent_config web1 "$(tool box "sync: manual" "compare_every: 1s")"
  agent_start web1
  wait_for 20 told box operation Pending
  [[ $(of box cause) == pending && $(of box health) == Missing && $(of box message) == "sync is manual; a sync would change "* ]]
  [[ $(of box diff) == *"nothing is there"* && ! -e $T/box.live ]]
  ask sync box
  wait_for 20 agent_synced web1 box "$TIP"
  first=$TIP
  commit hosts/box/a $'two\n'
  push
  wait_for 20 told box desired "$TIP"
  [[ $(of box cause) == pending && $(of box health) == Healthy && $(of box observed) == "$first" && $(of box diff) == *-one*+two* ]]
  # A change by hand on top of it: the diff is still what a sync would do.
  echo three >"$T/box.live"
  wait_for 20 told box cause both
  [[ $(of box health) == Degraded && $(of box observed) == null && $(of box diff) == *-three*+two* ]]
  # By hand it becomes what is wanted, though nobody has synced.
  echo two >"$T/box.live"
  wait_for 20 told box message "sync is manual; a sync would change nothing"
  [[ $(of box sync) == OutOfSync && $(of box observed) == "$TIP" ]]
  ask sync box
  wait_for 20 agent_synced web1 box "$TIP"
  [[ $(wc -l <"$T/box.applied") == 2 ]]
}

@test "what cannot be compared is Unknown; what has failed is tried again, and says when" {
  commit hosts/box/a $'one\n'
  push
  agent_config web1 "$(tool box "compare_every: 1s")"
  agent_start web1
  wait_for 20 agent_synced web1 box "$TIP"
  touch "$T/box.broken"
  wait_for 20 told box sync Unknown
  [[ $(of box health) == Unknown && $(of box applied) == "$TIP" && $(of box observed) == null ]]
  commit hosts/box/a $'two\n'
  push
  wait_for 20 told box operation Failed
  [[ $(of box sync) == OutOfSync || $(of box sync) == Unknown ]]
  next=$(events_of agent.reported | jq -rs '[.[].data | select(.operation == "Failed") | .next] | first')
  (($(date -d "$next" +%s) > $(date +%s) - 20))
  rm "$T/box.broken"
  wait_for 20 agent_synced web1 box "$TIP"
  # A comparison that does not end is ended with the agent.
  touch "$T/box.hang"
  wait_for 20 pgrep -f -P "${AGENT_PID[web1]}" sleep
  agent_stop web1
}

# looks: how often the agent has begun to compare.
looks() {
  grep -c 'to=comparing' "$T/web1.log"
}

# looked N: that often.
looked() {
  (($(looks) == $1))
}

@test "what is changed by hand is seen at once; what the agent does itself wakes nobody" {
  commit hosts/web/conf/a one
  commit hosts/web/conf/gone one
  push
  mkdir -p "$T/web/conf"
  agent_config web1 "$(target web "options: {into: $T/web}" "compare_every: 1h")"
  headgate-agent --log-level debug -c "$T/web1.yaml" >>"$T/web1.log" 2>&1 </dev/null 3>&- &
  AGENT_PID[web1]=$!
  wait_for 20 agent_synced web1 web "$TIP"
  for text in two three; do
    commit hosts/web/conf/a "$text"
    commit "hosts/web/new/$text" x
    git rm -qr --ignore-unmatch hosts/web/conf/gone
    push
    wait_for 20 agent_synced web1 web "$TIP"
  done
  looked 0
  # A file that is nobody's business has it look, and say nothing.
  touch "$T/web/conf/theirs"
  wait_for 20 looked 1
  for file in conf/a new/two new/three; do
    echo drift >"$T/web/$file"
    wait_for 20 bash -c "! grep -q drift $T/web/$file"
    wait_for 20 agent_synced web1 web "$TIP"
    events_of agent.reported | jq -es --arg m "$file has other contents" 'any(.[].data; .message == $m and .cause == "drift")'
  done
  # Folders that are taken away and put back are watched again.
  rm -r "$T/web/new"
  wait_for 20 test -e "$T/web/new/two"
  wait_for 20 agent_synced web1 web "$TIP"
  rm "$T/web/new/two"
  wait_for 20 test -e "$T/web/new/two"
  rm -rf "$T/web"
  wait_for 20 test -e "$T/web/conf/a"
  wait_for 20 agent_synced web1 web "$TIP"
  rm "$T/web/conf/a"
  wait_for 20 test -e "$T/web/conf/a"
}

@test "no inotify instances are left, as with many agents of one user: the log says so, and changes are seen when it is time to compare" {
  unshare --user --map-root-user test -w /proc/sys/user/max_inotify_instances || skip "no user namespaces here"
  commit hosts/web/a one
  push
  agent_config web1 "$(target web "options: {into: $T/web}" "compare_every: 1s")"
  # shellcheck disable=SC2016
  unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_inotify_instances && exec headgate-agent -c "$0"' "$T/web1.yaml" \
    >>"$T/web1.log" 2>&1 </dev/null 3>&- &
  AGENT_PID[web1]=$!
  wait_for 20 agent_synced web1 web "$TIP"
  grep 'changes by hand are seen only when it is time to compare' "$T/web1.log" | grep -q 'seconds=1 .*raise fs.inotify.max_user_instances'
  for text in once again; do
    echo "$text" >"$T/web/a"
    wait_for 20 grep -qx one "$T/web/a"
  done
  # It is told once, however often it is tried.
  (($(grep -c 'changes by hand are seen only' "$T/web1.log") == 1))
}

@test "told to stop, it ends an apply only when its time is over; what was ended is done at the next start" {
  commit hosts/web/a one
  push
  agent_config web1 "$(target web "options: {into: $T/web, after: [sh, -c, 'echo run >>$T/runs; [ ! -e $T/hang ] || exec sleep 300']}")"
  echo 'stop_within: 1s' >>"$T/web1.yaml"
  touch "$T/hang"
  agent_start web1
  wait_for 20 test -e "$T/runs"
  agent_stop web1
  [[ ! -e $T/web/a ]]
  grep -q 'an apply that runs is ended' "$T/web1.log"
  rm "$T/hang"
  agent_start web1
  wait_for 20 agent_synced web1 web "$TIP"
  [[ $(<"$T/web/a") == one && $(wc -l <"$T/runs") == 2 ]]
}

@test "a state that cannot be saved: what has to be remembered is not begun" {
  commit hosts/web/a one
  push
  agent_config web1 "$(target web "options: {into: $T/web, after: ['true']}")"
  agent_start web1
  wait_for 20 agent_synced web1 web "$TIP"
  agent_stop web1
  # Its file is replaced by way of a new one beside it; where a folder has the name that cannot be.
  rm "$T/web1.state/targets/web/state.json"
  mkdir -p "$T/web1.state/targets/web/state.json/x"
  commit hosts/web/a two
  push
  run headgate-agent --once -c "$T/web1.yaml"
  ((status == 2))
  [[ $(<"$T/web/a") == one ]]
}

@test "killed at any moment, by commands and pushes, it comes to what is wanted" {
  commit hosts/web/a 0
  commit hosts/run/a 0
  commit hosts/box/a 0
  push
  agent_config web1 "$(target web "options: {into: $T/web}" "compare_every: 1s")" \
    "$(target run "options: {into: $T/run, after: [sh, -c, 'cp $T/run/a $T/ran.new && mv $T/ran.new $T/ran']}" "sync: manual" "compare_every: 1s")" \
    "$(tool box "compare_every: 1s")"
  agent_start web1
  wait_for 20 agent_synced web1 web "$TIP"
  for round in {1..15}; do
    commit hosts/web/a "$round"
    commit hosts/run/a "$round"
    commit hosts/box/a "$round"
    push
    ask sync run
    sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
    kill -KILL "${AGENT_PID[web1]}"
    wait "${AGENT_PID[web1]}" || true
    agent_start web1
    if ((round % 5 == 0)); then
      wait_for 20 agent_synced web1 web "$TIP"
      wait_for 20 agent_synced web1 run "$TIP"
      wait_for 20 agent_synced web1 box "$TIP"
      wait_for 20 heard
      wait_for 20 answered "$ID"
      [[ $(<"$T/web/a") == "$round" && $(<"$T/run/a") == "$round" && $(<"$T/ran") == "$round" && $(<"$T/box.live") == "$round" ]]
      [[ -z $(find "$T/web" "$T/run" -name '.headgate-*') ]]
    fi
  done
}

# stale TARGET WHETHER
stale() {
  [[ $(admin GET /v1/agents | jq -r --arg t "$1" '.agents[0].targets[] | select(.name == $t) | .stale') == "$2" ]]
}

@test "what an agent that is gone has reported is told to be stale" {
  daemon_stop
  echo 'stale_after: 1s' >>"$CONFIG"
  daemon_start
  commit hosts/web/a one
  commit hosts/slow/a one
  push
  agent_config web1 "$(target web "options: {into: $T/web}" "compare_every: 1s")" "$(target slow "options: {into: $T/slow}" "compare_every: 1h")"
  agent_start web1
  wait_for 20 agent_synced web1 web "$TIP"
  wait_for 20 agent_synced web1 slow "$TIP"
  stale web false
  kill -KILL "${AGENT_PID[web1]}"
  wait "${AGENT_PID[web1]}" || true
  wait_for 20 stale web true
  stale slow false
  # The report stands beside it, as it was.
  [[ $(of web sync) == Synced ]]
  admin GET /metrics | grep -q 'headgate_agent_targets{agent="web1",sync="Unknown"} 1'
  agent_start web1
  wait_for 20 stale web false
}
