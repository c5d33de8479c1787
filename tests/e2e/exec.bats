# The driver exec: two commands of the administrator's, and what becomes of a target that they look after.
load helper
load tools

setup() {
  tools_setup
  # The target is a file that is to hold what the tree's file says.
  put compare.sh <<'END'
#!/bin/sh
[ ! -e "$STEER/hang" ] || { sleep 600 & echo $! >"$STEER/hung"; wait; }
[ ! -e "$STEER/flood" ] || { rm "$STEER/flood"; head -c 1000000000 /dev/zero | tr '\0' 'x'; exit 2; }
[ ! -e "$STEER/broken" ] || { echo "Error: the scales are broken" >&2; exit 3; }
diff -u "$STEER/target" wanted && exit 0
exit 2
END
  put apply.sh <<'END'
#!/bin/sh
env | grep ^HEADGATE_ | sort >"$STEER/env"
echo "$PWD" >"$STEER/pwd"
if grep -q bad wanted; then echo "password: hunter22" >&2; echo "Error: this one will not do" >&2; echo half >"$STEER/target"; exit 4; fi
cp wanted "$STEER/target"
END
  chmod +x compare.sh apply.sh && git add . && git commit -qm executable
  export STEER=$T/steer
  mkdir "$STEER"
  echo nothing >"$STEER/target"
}

exec_target() {
  one_target exec "options: {compare: [./compare.sh], apply: [./apply.sh], compare_timeout: 2s, apply_timeout: 5s}" "compare_every: 1s" "$@"
}

@test "applied, compared, healed" {
  commit wanted one
  push
  exec_target "labels: {data-center: north}"
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  [[ $(<"$STEER/target") == one ]]
  grep -qx HEADGATE_LABEL_DATA_CENTER=north "$STEER/env"
  grep -qx "HEADGATE_REVISION=$TIP" "$STEER/env"
  grep -qx HEADGATE_REPO=infra "$STEER/env"
  grep -qx HEADGATE_REF=refs/heads/main "$STEER/env"
  grep -qx HEADGATE_TARGET=t1 "$STEER/env"
  grep -qx HEADGATE_PATH=hosts/web "$STEER/env"
  [[ $(<"$STEER/pwd") == "$T"/*/targets/t1/trees/* && $(report tool) == exec ]]

  printf 'two\ntoken = abcdef\n' >"$STEER/target"
  wait_for 20 grep -qx one "$STEER/target"
  wait_for 20 agent_synced web1 t1 "$TIP"
  drift=$(events_of agent.reported | jq -c 'select(.data.cause == "drift" and .data.diff != null) | .data' | head -n 1)
  [[ $(jq -r .sync <<<"$drift") == OutOfSync && $(jq -r .message <<<"$drift") == *"not as the tree has it"* ]]
  [[ $(jq -r .diff <<<"$drift") == *-two*+one* && $(jq -r .diff <<<"$drift") == *"-token = [redacted 1]"* && $(jq .redacted <<<"$drift") == 1 ]]
}

@test "an apply that fails half-way says what the command said, without its secrets" {
  commit wanted one
  push
  exec_target
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  good=$TIP
  commit wanted bad
  push
  wait_for 20 told operation Failed
  [[ $(report sync) == OutOfSync && $(report exit_status) == 4 && $(report applied) == "$good" && $(report desired) == "$TIP" ]]
  [[ $(report message) == *"as the command of \`apply\` left it"*"status 4: Error: this one will not do"* ]]
  [[ $(report message) == *"password: [redacted 1]"* && $(report message) != *hunter22* ]]
}

@test "a comparison that fails, hangs or floods is told, and never Synced" {
  commit wanted one
  push
  exec_target "self_heal: false"
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  touch "$STEER/broken"
  wait_for 20 told sync Unknown
  [[ $(report message) == *"status 3: Error: the scales are broken" && $(report health) == Unknown ]]
  rm "$STEER/broken"
  wait_for 20 agent_synced web1 t1 "$TIP"

  touch "$STEER/hang"
  wait_for 20 told sync Unknown
  [[ $(report message) == *"did not end within 2 seconds"* ]]
  rm "$STEER/hang"
  wait_for 20 agent_synced web1 t1 "$TIP"
  # Its children went with it.
  process_ended "$(<"$STEER/hung")"

  agent_stop web1
  one_target exec "options: {compare: [./compare.sh], apply: [./apply.sh]}" "compare_every: 1s" "self_heal: false"
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  touch "$STEER/flood"
  wait_for 60 told truncated true
  told sync OutOfSync
  agent_peak_below web1 20000
}

@test "a command that is not there, and one that cannot be run" {
  commit wanted one
  push
  one_target exec "options: {compare: [./compare.sh], apply: [no-such-command-anywhere]}"
  agent_start web1
  wait_for 20 told operation Failed
  [[ $(report message) == *"no-such-command-anywhere is not there: install it, or name its place"* ]]
  agent_stop web1
  one_target exec "options: {compare: [./compare.sh], apply: [./wanted]}"
  agent_start web1
  wait_for 20 told_like message '*./wanted cannot be run*'
}

@test "a stop of the agent ends what runs" {
  commit wanted one
  push
  one_target exec "options: {compare: [./compare.sh], apply: [./apply.sh]}" "compare_every: 1s"
  agent_start web1
  wait_for 20 agent_synced web1 t1 "$TIP"
  touch "$STEER/hang"
  wait_for 20 test -e "$STEER/hung"
  SECONDS=0
  agent_stop web1
  ((SECONDS < 10))
  process_ended "$(<"$STEER/hung")"
}

@test "options that make no sense are refused with their place" {
  one_target exec "options: {compare: [], apply: [x]}"
  fails headgate-agent -t -c "$T/web1.yaml"
  has "expected a command and its arguments, as a list"
  one_target exec "options: {compare: [x]}"
  fails headgate-agent -t -c "$T/web1.yaml"
  has 'needs the key "apply"'
}
