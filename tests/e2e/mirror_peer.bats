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
    tail -n 90 "$T"/[ab]/headgated.log
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
    url: $T/to-$other/{repo}.git
    refs: ["refs/heads/**", "refs/tags/**"]
    every: 0s
    retry_first: 1s
    peer: $role
    upstream: {server: "http://127.0.0.1:${PORT[$other]}", token_file: $T/$side/token}
END
  ln -s "$T/$other/git" "$T/to-$other"
  printf 'hgr_none\n' >"$T/$side/token"
  chmod 600 "$T/$side/token"
}

side_start() { # SIDE
  local side=$1
  HEADGATE_CONFIG=$T/$side/headgate.yaml headgated -c "$T/$side/headgate.yaml" >>"$T/$side/headgated.log" 2>&1 </dev/null 3>&- 9>&- &
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

phase_is() { [[ $(peer "$1" .peer.phase) == "$2" ]]; }
step_is() { [[ $(peer "$1" .peer.handover.step) == "$2" ]]; }
outcome_has() { [[ $(peer "$1" .peer.outcome) == *"$2"* ]]; }
cut_to() { mv "$T/to-$1" "$T/cut-$1"; } # the other side's git sees nothing of SIDE any more
mend_to() { mv "$T/cut-$1" "$T/to-$1"; }

# Where two daemons are, at the most one takes pushes: asked of the doors, which is what hooks see.
doors() { cat "$T"/[ab]/state/peers/site | sort | tr '\n' ' '; }
at_most_one_door() { (($(cat "$T"/[ab]/state/peers/site | grep -c open) <= 1)); }

# A push that has begun and does not end, until fd 9 is closed.
slow_push() { # SIDE NAME
  mkfifo "$T/slow"
  git receive-pack "$T/$1/git/$2.git" <"$T/slow" >/dev/null 2>&1 3>&- &
  SLOW=$!
  exec 9>"$T/slow"
}
slow_push_end() {
  exec 9>&-
  wait "$SLOW" || true
  rm -f "$T/slow"
}

# A leader with one commit, and a follower that has it.
one_commit() {
  both_new infra/prod
  both_start
  clone_of a infra/prod work
  commit a.yaml "$(good_manifest one)"
  push a infra/prod main
  wait_for 20 same infra/prod
}

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
  has "headgate: refused: this repository follows another Headgate; push to $T/to-a/infra/prod.git"
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
  run hg a mirror promote site
  [[ $status == 1 ]]
  has "leads already"
  run hg b mirror promote site
  [[ $status == 0 ]]
  has "site: this Headgate leads in term 2"
  leads b
  wait_for 10 role_is a follower
  run hg b mirror upstreams site
  has "leader"
  # Nothing is left to be brought to who leads.
  hg b mirror list --exit-code
  run hg b mirror sync site
  [[ $status == 1 ]]
  has "this one leads"
  run hg b events --type mirror.promoted
  has "leads from now on, term 2"
  [[ $(peer a .peer.term) == 2 && $(peer b .peer.term) == 2 ]]
  [[ $(count a 'io.headgate.mirror.promoted.v1') == 1 && $(count b 'io.headgate.mirror.promoted.v1') == 1 ]]
  commit b.yaml "$(good_manifest two)"
  run push a infra/prod main
  [[ $status != 0 ]]
  has "this repository follows another Headgate; push to $T/to-b/infra/prod.git"
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

@test "pushes under way end first, and none is taken meanwhile; taken back, they are" {
  one_commit
  slow_push a infra/prod
  promote b
  wait_for 20 phase_is a closed
  wait_for 20 phase_is b asking
  wait_for 20 waits_for_push b
  commit b.yaml "$(good_manifest two)"
  run push a infra/prod main
  [[ $status != 0 ]]
  has "this repository is being handed over to another Headgate"
  promote b '"abort":true'
  wait_for 20 phase_is b following
  wait_for 20 leads a
  push a infra/prod main
  wait_for 20 same infra/prod
  promote b
  wait_for 20 phase_is a closed
  role_is b follower
  slow_push_end
  wait_for 30 leads b
  wait_for 20 follows a
}

waits_for_push() { [[ $(peer "$1" .peer.handover.waiting_for) == "a push into infra/prod (process $SLOW)" ]]; }

@test "killed while the leader closes: either side goes on with it" {
  local side
  one_commit
  slow_push a infra/prod
  promote b
  wait_for 20 waits_for_push b
  for side in b a; do
    side_kill $side
    at_most_one_door
    commit $side.yaml "$(good_manifest $side)"
    run push a infra/prod main
    [[ $status != 0 ]]
    side_start $side
    wait_for 20 phase_is a closed
    wait_for 20 phase_is b asking
  done
  slow_push_end
  wait_for 30 leads b
  wait_for 20 role_is a follower
  [[ $(doors) == "follows open " ]]
}

@test "a leader whose follower has died takes the hand-over back, and it can be asked for again" {
  one_commit
  slow_push a infra/prod
  promote b
  wait_for 20 waits_for_push b
  side_kill b
  promote a '"abort":true'
  wait_for 20 leads a
  slow_push_end
  commit b.yaml "$(good_manifest two)"
  push a infra/prod main
  side_start b
  # It asks for the one that has ended, and hears that.
  wait_for 20 phase_is b following
  outcome_has b "the leader has ended it"
  leads a
  wait_for 20 same infra/prod
  promote b
  wait_for 30 leads b
}

@test "what the follower lacks is waited for; killed then, it goes on" {
  one_commit
  slow_push a infra/prod
  promote b
  wait_for 20 waits_for_push b
  cut_to a
  # By no push that could be refused: as an administrator does.
  git -C "$T/a/git/infra/prod.git" branch other main
  slow_push_end
  wait_for 30 step_is b catching-up
  side_kill b
  at_most_one_door
  side_start b
  wait_for 30 step_is b catching-up
  role_is a leader
  mend_to a
  wait_for 40 leads b
  wait_for 20 role_is a follower
  same infra/prod
}

@test "killed while it is granted: nobody leads until both are back, then one does" {
  local state
  one_commit
  slow_push a infra/prod
  promote b
  wait_for 20 waits_for_push b
  cut_to a
  git -C "$T/a/git/infra/prod.git" branch other main
  slow_push_end
  wait_for 30 step_is b catching-up
  side_kill a
  mend_to a
  wait_for 40 phase_is b granting
  [[ $(doors) == "closing follows " ]]
  side_kill b
  side_start b
  phase_is b granting
  # It cannot be taken back without the leader, who may have granted it.
  promote b '"abort":true'
  phase_is b granting
  role_is b follower
  # What B asked for comes to A, and the answer never to B.
  state=$(peer b '.peer | {role, phase, term, attempt, ceded}')
  side_kill b
  side_start a
  wait_for 20 grant_taken "$state"
  [[ $(peer a '.peer.role + " " + (.peer.term | tostring)') == "follower 2" ]]
  [[ $(doors) == "follows follows " ]]
  side_start b
  wait_for 30 leads b
  [[ $(doors) == "follows open " ]]
  wait_for 20 follows a
  [[ $(count a io.headgate.mirror.promoted.v1) == 1 && $(count b io.headgate.mirror.promoted.v1) == 1 ]]
  commit b.yaml "$(good_manifest two)"
  push b infra/prod main
  wait_for 20 same infra/prod
}

grant_taken() {
  [[ $(api a POST /v1/mirrors/upstreams -d "{\"mirror\":\"site\",\"word\":\"grant\",\"peer\":$1}" | jq -r .verdict) == done ]]
}

@test "taken back after it was granted: too late, and the one that was granted it leads" {
  local state
  one_commit
  slow_push a infra/prod
  promote b
  wait_for 20 waits_for_push b
  cut_to a
  git -C "$T/a/git/infra/prod.git" branch other main
  slow_push_end
  wait_for 30 step_is b catching-up
  side_kill a
  mend_to a
  wait_for 40 phase_is b granting
  promote b '"abort":true'
  state=$(peer b '.peer | {role, phase, term, attempt, ceded}')
  kill -STOP "${PID[b]}"
  side_start a
  wait_for 20 grant_taken "$state"
  kill -CONT "${PID[b]}"
  wait_for 30 leads b
  role_is a follower
}

@test "by force when the leader is gone; come back, it follows, and what only it has stays and is told" {
  one_commit
  run promote b '"force":true'
  has leader-answers
  # B hears nothing any more, and A takes in what B will never have had.
  side_stop b
  commit b.yaml "$(good_manifest lost)"
  push a infra/prod main
  local only
  only=$(git rev-parse HEAD)
  side_kill a
  side_start b
  promote b '"force":true'
  wait_for 20 leads b
  [[ $(events b mirror.promoted | jq -c '.data | [.role, .term, .forced]') == '["leader",2,true]' ]]
  git reset -q --hard HEAD~1
  commit c.yaml "$(good_manifest other)"
  push b infra/prod main
  side_start a
  wait_for 20 role_is a follower
  [[ $(events a mirror.promoted | jq -c '.data | [.role, .term, .forced]') == '["follower",2,true]' ]]
  wait_for 30 has_diverged a
  [[ $(git -C "$T/a/git/infra/prod.git" rev-parse main) == "$only" ]]
  run push a infra/prod main
  [[ $status != 0 ]]
  # Decided by a person: it follows, and keeps what it had.
  api a POST /v1/mirrors/act -d '{"mirror":"site","repo":"infra/prod","action":"accept","actor":"alice"}'
  wait_for 30 same infra/prod
  git -C "$T/a/git/infra/prod.git" for-each-ref --format='%(objectname)' refs/headgate/kept | grep -qx "$only"
}

events() { # SIDE TYPE
  api "$1" GET "/v1/events?cursor=0&limit=1000&type=io.headgate.$2.v1" | jq -c '.events[]'
}
has_diverged() {
  [[ $(events "$1" mirror.diverged | jq -r '.data | .repo + " " + .refs[0].ref + " " + .refs[0].state') == "infra/prod refs/heads/main diverged"* ]]
}

@test "two that say that they lead take nothing, until somebody says who does" {
  both_new infra/prod
  sed -i 's/peer: follower/peer: leader/' "$T/b/headgate.yaml"
  side_start a
  side_start b
  hg a token add b --role operator --json | jq -r .token >"$T/b/token"
  hg b token add a --role operator --json | jq -r .token >"$T/a/token"
  wait_for 30 phase_is a disputed
  wait_for 30 phase_is b disputed
  clone_of a infra/prod work
  commit a.yaml "$(good_manifest one)"
  run push a infra/prod main
  [[ $status != 0 ]]
  has "two Headgates say that they lead mirror site"
  promote a '"force":true'
  wait_for 30 leads a
  wait_for 30 follows b
  push a infra/prod main
  wait_for 20 same infra/prod
}

@test "the events upstream are followed over cuts and restarts, from where they were" {
  one_commit
  wait_for 20 cursor_saved
  side_stop b
  commit b.yaml "$(good_manifest two)"
  push a infra/prod main
  side_start b
  wait_for 20 same infra/prod
  grep "following the events of the upstream" "$T/b/headgated.log" | tail -n 1 | grep -qE 'cursor=[0-9a-f]{16}\.[0-9]+'
  # The line is cut under it.
  side_stop a
  side_start a
  wait_for 30 follows b
  commit c.yaml "$(good_manifest three)"
  push a infra/prod main
  wait_for 20 same infra/prod
}

cursor_saved() { [[ -n $(sqlite3 "$T/b/state/journal.db" 'SELECT cursor FROM mirror_feeds' 2>/dev/null) ]]; }

@test "who may not hand over is told so" {
  one_commit
  hg a token add looker --role viewer --json | jq -r .token >"$T/looker"
  hg a token add narrow --role operator --repo 'infra/**' --json | jq -r .token >"$T/narrow"
  local url=http://127.0.0.1:${PORT[a]}/v1/mirrors name
  for name in looker narrow; do
    [[ $(curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $(<"$T/$name")" "$url/promote" -d '{"mirror":"site"}') == 403 ]]
  done
  [[ $(promote a | jq -r .error) == leads-already ]]
  local body self='"role":"follower","phase":"following","attempt":0,"ceded":0'
  for body in '' '{}' '{"mirror":"site","word":"hello"}' "{\"mirror\":\"site\",\"word\":\"bye\",\"peer\":{$self,\"term\":1}}" \
    "{\"mirror\":\"site\",\"word\":\"hello\",\"peer\":{$self,\"term\":0}}" "{\"mirror\":\"site\",\"word\":\"hello\",\"peer\":{$self,\"term\":9223372036854775807}}" \
    '{"mirror":"site","word":"hello","peer":{"role":"follower","phase":"open","term":1}}' '{"mirror":"site","word":"hello","peer":[]}'; do
    [[ $(api a POST /v1/mirrors/upstreams -d "$body" | jq -r .error) == bad-request ]]
  done
  leads a
  [[ $(promote a '"abort":true' | jq -r .error) == no-handover ]]
  [[ $(api a POST /v1/mirrors/promote -d '{"mirror":"none"}' | jq -r .error) == not-found ]]
}

@test "repositories that are new upstream are made here at once, and follow" {
  # No peers: a mirror with an upstream, and nothing by the clock.
  sed -i '/^mirrors:/,$d' "$T/a/headgate.yaml"
  sed -i -e 's/peer: follower/create: true/' -e '/retry_first/d' "$T/b/headgate.yaml"
  git init -q --bare "$T/a/git/first.git"
  headgate install -c "$T/a/headgate.yaml" "$T/a/git/first.git" >/dev/null
  side_start a
  hg a token add b --role viewer --json | jq -r .token >"$T/b/token"
  side_start b
  wait_for 30 follows b
  clone_of a first work
  commit a.yaml "$(good_manifest one)"
  push a first main
  wait_for 30 same first
  git init -q --bare "$T/a/git/later.git"
  headgate install -c "$T/a/headgate.yaml" "$T/a/git/later.git" >/dev/null
  wait_for 10 knows a later
  push a later main
  wait_for 30 same later
}

knows() { api "$1" GET /v1/status | jq -e --arg name "$2" '.repositories[] | select(.name == $name)' >/dev/null; }

@test "an upstream whose journal is another one: all is looked at" {
  one_commit
  wait_for 20 cursor_saved
  side_stop a
  rm -f "$T/a/state/journal.db"*
  commit b.yaml "$(good_manifest two)"
  push a infra/prod main
  side_start a
  hg a token add b --role operator --json | jq -r .token >"$T/b/token"
  wait_for 60 same infra/prod
  wait_for 20 follows b
  grep -q "does not know where we were" "$T/b/headgated.log"
  commit c.yaml "$(good_manifest three)"
  push a infra/prod main
  wait_for 20 same infra/prod
}

@test "a reload changes no roles, whatever the config says of the beginning" {
  one_commit
  hg b mirror promote site
  wait_for 20 follows a
  local side
  for side in a b; do
    # Other refs, so that it is another config, and the other role.
    sed -i -e 's/peer: leader/peer: LEADER/; s/peer: follower/peer: leader/; s/peer: LEADER/peer: follower/' \
      -e 's|"refs/tags/\*\*"|"refs/tags/**", "refs/notes/**"|' "$T/$side/headgate.yaml"
    kill -HUP "${PID[$side]}"
    wait_for 20 grep -q "the config is in force" "$T/$side/headgated.log"
  done
  wait_for 20 follows a
  leads b
  git notes add -m "a note" HEAD
  push b infra/prod refs/notes/commits
  wait_for 20 has_notes a
  run push a infra/prod main:other
  [[ $status != 0 ]]
  # One that is no peer any more takes pushes as any repository does.
  sed -i -e '/peer: /d' "$T/a/headgate.yaml"
  kill -HUP "${PID[a]}"
  wait_for 20 pushes_to_other a
}

has_notes() { git -C "$T/$1/git/infra/prod.git" rev-parse -q --verify refs/notes/commits; }
pushes_to_other() { push "$1" infra/prod main:other; }
