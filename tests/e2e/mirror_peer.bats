#!/usr/bin/env bats
# Two Headgates that keep the same repositories: one leads, the other follows, and they change places. Each side is a daemon of its own
# below $T/a and $T/b, with its own repositories; pushes are real ones, through installed hooks.

load helper

declare -gA PORT PID

setup() {
  headgate_setup
  export PATH="$BUILD/bin:$PATH"
  pick_ports
  side_new a leader b
  side_new b follower a
}

teardown() {
  local side status=0
  for side in a b; do
    [[ -z ${PID[$side]:-} ]] || side_stop "$side" || status=1
  done
  if [[ -z $BATS_TEST_COMPLETED || $status != 0 ]]; then
    tail -n 60 "$T"/[ab]/headgated.log
  fi
  headgate_teardown && return $status
}

# Each has to be told of the other's before either runs.
pick_ports() {
  read -r "PORT[a]" "PORT[b]" < <(python3 -c '
import socket
both = [socket.socket(), socket.socket()]
for s in both:
    s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in both])')
}

side_new() { # SIDE ROLE OTHER [TEXT...]
  local side=$1 role=$2 other=$3
  mkdir -p "$T/$side/git" "$T/$side/state"
  cat >"$T/$side/headgate.yaml" <<END
site: $side.example.org
state: $T/$side/state
repositories: {root: $T/$side/git}
sockets: {hook: $T/$side/hook.sock, admin: $T/$side/admin.sock}
listen: [{address: "127.0.0.1:${PORT[$side]}"}]
mirrors:
  - name: site
    direction: pull
    url: $T/$other/git/{repo}.git
    refs: ["refs/heads/**", "refs/tags/**"]
    every: 0s
    retry_first: 1s
    peer: $role
    upstream: {server: "http://127.0.0.1:${PORT[$other]}", token_file: $T/$side/token}
END
  printf 'hgr_none\n' >"$T/$side/token"
  chmod 600 "$T/$side/token"
}

side_start() { # SIDE
  local side=$1
  HEADGATE_CONFIG=$T/$side/headgate.yaml headgated -c "$T/$side/headgate.yaml" >>"$T/$side/headgated.log" 2>&1 </dev/null 3>&- &
  PID[$side]=$!
  wait_for 30 side_ready "$side"
}

side_ready() { [[ $(api "$1" GET /readyz) == ok* ]]; }

side_stop() { # SIDE
  local pid=${PID[$1]}
  PID[$1]=''
  end_process "$pid" "headgated of $1"
}

side_kill() { # SIDE
  kill -KILL "${PID[$1]}"
  wait "${PID[$1]}" || true
  PID[$1]=''
}

api() { # SIDE METHOD PATH [CURL...]
  local side=$1 method=$2 path=$3
  shift 3
  curl -sS --max-time 20 --unix-socket "$T/$side/admin.sock" -X "$method" "$@" "http://localhost$path"
}

# Both run, and each has a token of the other.
both_start() {
  side_start a
  side_start b
  hg a token add b --role operator --json | jq -r .token >"$T/b/token"
  hg b token add a --role operator --json | jq -r .token >"$T/a/token"
  wait_for 30 follows b
}

hg() { # SIDE WORD...
  local side=$1
  shift
  headgate "$@" -c "$T/$side/headgate.yaml"
}

upstream() { api "$1" GET "/v1/mirrors/upstreams?mirror=site" | jq -c '.upstreams[0]'; }
peer() { upstream "$1" | jq -r "$2"; } # SIDE EXPRESSION
follows() { [[ $(peer "$1" .following) == true ]]; }
leads() { [[ $(peer "$1" '.peer.role + " " + .peer.phase') == "leader open" ]]; }
role_is() { [[ $(peer "$1" .peer.role) == "$2" ]]; }

both_new() { # NAME
  local side
  for side in a b; do
    git init -q --bare "$T/$side/git/$1.git"
    headgate install -c "$T/$side/headgate.yaml" "$T/$side/git/$1.git" >/dev/null
  done
}

clone_of() { # SIDE NAME FOLDER
  git clone -q "$T/$1/git/$2.git" "$T/$3" 2>/dev/null
  cd "$T/$3"
}

push() { # SIDE NAME [ARG...]: from the current folder, as somebody whose hooks know that side's config
  local side=$1 name=$2
  shift 2
  HEADGATE_CONFIG=$T/$side/headgate.yaml git push "$T/$side/git/$name.git" "$@"
}

tips() { git -C "$T/$1/git/$2.git" for-each-ref --format='%(objectname) %(refname)' refs/heads refs/tags; } # SIDE NAME
same() { [[ $(tips a "$1") == "$(tips b "$1")" && -n $(tips a "$1") ]]; }
promote() { api "$1" POST /v1/mirrors/promote -d "{\"mirror\":\"site\"${2:+,$2}}"; }
count() { api "$1" GET "/v1/history?type=$2&limit=200" | jq '.events | length'; } # SIDE TYPE

@test "a follower has what its leader takes in, and takes nothing itself" {
  both_new infra/prod
  both_start
  clone_of a infra/prod work
  commit a.yaml "$(good_manifest one)"
  push a infra/prod main
  wait_for 20 same infra/prod
  git tag -m one v1
  commit b.yaml "$(good_manifest two)"
  push a infra/prod main v1
  wait_for 20 same infra/prod
  commit c.yaml "$(good_manifest three)"
  run push b infra/prod main
  [[ $status != 0 ]]
  has "headgate: refused: this repository follows another Headgate; push to $T/a/git/infra/prod.git"
  run push a infra/prod main
  [[ $status == 0 ]]
  wait_for 20 same infra/prod
}

@test "the hooks refuse when nobody has said who leads" {
  both_new infra/prod
  clone_of a infra/prod work
  commit a.yaml "$(good_manifest one)"
  run push a infra/prod main
  [[ $status != 0 ]]
  has "it is not known whether this Headgate leads mirror site"
  both_start
  push a infra/prod main
}

@test "a planned hand-over: all is compared, the roles change, both tell it" {
  both_new infra/prod
  both_new infra/test
  both_start
  clone_of a infra/prod work
  commit a.yaml "$(good_manifest one)"
  push a infra/prod main
  push a infra/test main
  wait_for 20 same infra/prod
  wait_for 20 same infra/test
  promote b
  wait_for 30 leads b
  wait_for 10 role_is a follower
  [[ $(peer a .peer.term) == 2 && $(peer b .peer.term) == 2 ]]
  [[ $(count a 'io.headgate.mirror.promoted.v1') == 1 && $(count b 'io.headgate.mirror.promoted.v1') == 1 ]]
  commit b.yaml "$(good_manifest two)"
  run push a infra/prod main
  [[ $status != 0 ]]
  has "this repository follows another Headgate; push to $T/b/git/infra/prod.git"
  push b infra/prod main
  wait_for 20 same infra/prod
  push b infra/prod --delete main || true
  # And back.
  wait_for 20 follows a
  promote a
  wait_for 30 leads a
  wait_for 10 role_is b follower
  [[ $(peer a .peer.term) == 3 ]]
}
