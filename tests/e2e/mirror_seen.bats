# Seeing mirrors: headgate mirror, the API behind it, what scopes leave out, what /metrics tells.
load helper
bats_require_minimum_version 1.5.0

teardown() {
  tmux -L "headgate-$$" kill-server 2>/dev/null || true
  headgate_teardown
}

# begin [ENTRY...]: a daemon with these mirrors, which pulls infra of $T/up/infra.git, and apps; a clone of upstream's infra is $T/work.
begin() {
  local entry config=mirrors:
  (($# > 0)) || set -- "name: up, direction: pull, url: '$T/up/{repo}.git', on_force: stop, every: 0s"
  for entry; do
    config+=$'\n'"  - {$entry}"
  done
  server_config "$config"
  git init -q --bare "$T/up/infra.git"
  git init -q --bare "$T/up/apps.git"
  git clone -q "$T/up/infra.git" "$T/work" 2>/dev/null
  cd "$T/work" || return 1
  commit one 1
  git push -q origin main main:dev
  git push -q "$T/up/apps.git" main
  repo_new infra
  repo_new apps
  daemon_start
}

in_step() {
  [[ $(headgate mirror show "$1" "$2" --json | jq -r '.copies[0].state') == in-step ]]
}

# Upstream moves main so that it does not contain what it was, and the copy has found that out.
force() {
  git commit -q --amend -m "another ${1-}"
  git push -qf origin main
  run headgate mirror sync up infra --wait
  ((status == 1))
}

copies_of() {
  admin GET "/v1/mirrors?$1" | jq -r '.copies[] | "\(.mirror)/\(.repo)"' | paste -sd ' '
}

# as TOKEN METHOD PATH [CURL-OPTION...]
as() {
  curl -sS --noproxy '*' --max-time 30 -H "Authorization: Bearer $1" -X "$2" "$URL$3" "${@:4}"
}

matches() {
  grep -qE -- "$1" <<<"$output" || { echo "no line is: $1"; echo "$output"; return 1; }
}

@test "mirror: list, show and sync tell how a copy is, and exit with it" {
  begin
  run headgate mirror sync up --wait
  echo "$output"
  ((status == 0))
  matches '^infra: in step'
  matches '^apps: in step'
  run headgate mirror list --exit-code
  ((status == 0))
  matches "^up +pull +2 +2 +0 +0 +0 +0 +0 +$T/up/\{repo\}.git\$"
  ((${#lines[@]} == 2))
  run headgate mirror show up
  matches '^infra +in step +- +2 +0 '
  run headgate mirror show up infra --all
  ((status == 0))
  matches "^infra of mirror up, pulled from $T/up/infra.git\$"
  matches '^state +in step$'
  matches '^refs +2, all in step$'
  matches "^refs/heads/dev +in step +- +$(git rev-parse --short=8 main) "

  force
  matches '^infra: stopped, .*1 ref not in step: '
  run headgate mirror list --exit-code
  ((status == 1))
  matches '^up +pull +2 +1 +0 +0 +0 +1 +0 '
  matches '^up +infra +stopped +[0-9]+s +2 +1 '
  run headgate mirror show up infra
  ((status == 0))
  matches '^state +stopped: .'
  matches '^behind for [0-9]+ s, since '
  matches '^`headgate mirror sync up infra --accept` follows upstream, and keeps what was here under refs/headgate/kept/$'
  matches "^refs/heads/main +held +[0-9]+s +[0-9a-f]{8} +$(git rev-parse --short=8 main) "
  lacks refs/heads/dev
  # The other one is not concerned, and the journal has it.
  run headgate mirror sync up apps --wait
  ((status == 0))
  run headgate events --since 0 --type mirror.diverged
  matches 'mirror.diverged +up/infra +pulled from up: .*, 1 ref$'
  # As JSON the same, whole.
  headgate mirror show up infra --json | jq -e '.mirrors[0].name == "up" and .copies[0].state == "stopped" and .refs[0].state == "held"'
  headgate mirror list --json | jq -e '[.copies[].repo] == ["apps", "infra"]'
  run headgate mirror show up none
  ((status == 1))
  has 'there is no repository "none" in mirror "up"; `headgate mirror show up` has those there are'
  run headgate mirror show none
  ((status == 1))
  has 'there is no mirror named "none" in the config'
}

@test "mirror sync --accept: each ref is named, what was here is kept, who asked is journaled" {
  local was
  begin
  headgate mirror sync up infra --wait
  was=$(git -C "$GIT_ROOT/infra.git" rev-parse main)
  force
  run headgate mirror sync up infra --accept --wait
  echo "$output"
  ((status == 0))
  matches "^refs/heads/main: ${was:0:8} here is kept under refs/headgate/kept/, and upstream followed to $(git rev-parse --short=8 main)\$"
  matches '^infra: in step'
  [[ $(git -C "$GIT_ROOT/infra.git" rev-parse main) == "$(git rev-parse main)" ]]
  [[ $(git -C "$GIT_ROOT/infra.git" for-each-ref --format='%(objectname)' refs/headgate/kept/) == "$was" ]]
  events_of mirror.acted | jq -e --arg me "$(id -un)" '.data == {mirror: "up", repo: "infra", action: "accept", actor: $me}'
  run headgate mirror sync up --accept
  ((status == 2))
  has '--accept decides for one repository at a time; name it'
}

@test "mirror sync --accept of one that pushes: overwrites what was seen there, and says so first" {
  local theirs ours
  server_config "mirrors: [{name: bak, direction: push, url: '$T/bak/{repo}.git'}]"
  git init -q --bare "$T/bak/infra.git"
  repo_new infra
  daemon_start
  repo_clone infra
  commit one 1
  git push -q origin main
  wait_for 20 eval '[[ $(git -C "$T/bak/infra.git" rev-parse main 2>/dev/null) == $(git rev-parse main) ]]'
  wait_for 20 in_step bak infra
  ours=$(git rev-parse main)
  git clone -q "$T/bak/infra.git" "$T/other"
  git -C "$T/other" commit -q --amend -m theirs
  git -C "$T/other" push -qf origin main
  theirs=$(git -C "$T/other" rev-parse main)
  run headgate mirror verify bak infra --wait
  ((status == 1))
  matches '^infra: stopped, .*1 ref not in step: '
  run headgate mirror show bak infra
  matches '^`headgate mirror sync bak infra --accept` overwrites there exactly what is listed below, with what is here$'
  matches "^refs/heads/main +diverged +[0-9]+s +${ours:0:8} +${theirs:0:8} +${ours:0:8} "
  [[ $(git -C "$T/bak/infra.git" rev-parse main) == "$theirs" ]]
  run headgate mirror sync bak infra --accept --wait
  ((status == 0))
  matches "^refs/heads/main: ${theirs:0:8} there is overwritten with ${ours:0:8}\$"
  [[ $(git -C "$T/bak/infra.git" rev-parse main) == "$ours" ]]
  run headgate events --since 0
  matches 'mirror.acted +bak/infra +'"$(id -un)"' +accept$'
  matches 'mirror.updated +bak/infra +pushed to bak: 1 ref in [0-9]+ ms$'
}

@test "mirror pause, resume, verify: hands off until somebody says so, of one repository and of all" {
  begin
  headgate mirror sync up --wait
  run headgate mirror pause up infra
  ((status == 0))
  has 'up: infra paused; `headgate mirror resume` goes on'
  commit two 2
  git push -q origin main
  run headgate mirror sync up infra
  ((status == 1))
  has 'it is paused; resume it first'
  headgate mirror list --json | jq -e '.mirrors[0].paused == 1 and ([.copies[] | select(.paused) | .repo] == ["infra"])'
  run headgate mirror show up
  matches '^infra +in step, paused '
  headgate mirror resume up infra
  run headgate mirror verify up infra --wait
  ((status == 0))
  [[ $(git -C "$GIT_ROOT/infra.git" rev-parse main) == "$(git rev-parse main)" ]]
  run headgate mirror pause up
  has 'up: 2 repositories paused; `headgate mirror resume` goes on'
  run headgate mirror resume up
  has 'up: 2 repositories go on'
  run headgate audit --type mirror.acted
  ((status == 0))
  [[ $(events_of mirror.acted | jq -r '.data | "\(.action) \(.repo)"' | paste -sd ,) == 'pause infra,resume infra,pause null,resume null' ]]
}

@test "mirror: mistakes in the arguments end with 2 and say what is wanted" {
  local words
  server_config
  while IFS='|' read -r words output_wanted; do
    # shellcheck disable=SC2086
    run headgate mirror $words
    ((status == 2))
    has "headgate: mirror: $output_wanted"
  done <<'END'
|list, show, sync, verify, pause, resume, upstreams or promote?
drop|list, show, sync, verify, pause, resume, upstreams or promote, not drop
show|which mirror? its name is wanted after show
list x|too many arguments after list
show a b c|too many arguments after show
show a --all|--all is for the refs of one repository; name it
sync a --all|--all is for show, not for sync
verify a b --accept|--accept is for sync, not for verify
pause a --wait|--wait is for sync and verify, not for pause
sync a --timeout 5|--timeout goes with --wait
show a --exit-code|--exit-code is for list, not for show
END
}

@test "mirrors in the API: by state, by pattern, page by page; what is not there, what is not taken" {
  local answer after=''
  begin "name: up, direction: pull, url: '$T/up/{repo}.git', on_force: stop, every: 0s" \
    "name: vain, direction: pull, url: '$T/nowhere/{repo}.git', every: 0s, repos: [apps]"
  headgate mirror sync up --wait
  force
  wait_for 20 eval '[[ $(copies_of state=failing) == vain/apps ]]'
  [[ $(copies_of state=in-step) == up/apps ]]
  [[ $(copies_of state=stopped,failing) == 'up/infra vain/apps' ]]
  [[ $(copies_of 'repo=a*') == 'up/apps vain/apps' ]]
  [[ $(copies_of 'mirror=up&repo=infra') == up/infra ]]
  [[ $(copies_of 'after=up/apps') == 'up/infra vain/apps' ]]
  for answer in up/apps up/infra vain/apps; do
    [[ $(copies_of "limit=1${after:+&after=$after}") == "$answer" ]]
    after=$(admin GET "/v1/mirrors?limit=1${after:+&after=$after}" | jq -r .after)
  done
  [[ $after == null ]]
  admin GET /v1/mirrors | jq -e '.mirrors[1] | .name == "vain" and .failing == 1 and .in_step == 0'
  # Refs, page by page as well.
  [[ $(admin GET '/v1/mirrors/refs?mirror=up&repo=infra' | jq -r '.refs[].ref') == refs/heads/main ]]
  admin GET '/v1/mirrors/refs?mirror=up&repo=infra&all=true&limit=1' | jq -e '.refs[0].ref == "refs/heads/dev" and .after == "refs/heads/dev"'
  admin GET '/v1/mirrors/refs?mirror=up&repo=infra&all=true&after=refs/heads/dev' | jq -e '.refs[0].ref == "refs/heads/main" and .after == null'
  while read -r status method path body; do
    answer=$(admin "$method" "$path" -o /dev/null -w '%{http_code}' ${body:+-d "$body"})
    echo "$method $path: $answer, not $status"
    [[ $answer == "$status" ]]
  done <<'END'
400 GET /v1/mirrors?state=odd
400 GET /v1/mirrors?state=in-step,
400 GET /v1/mirrors?limit=0
400 GET /v1/mirrors?limit=1001
400 GET /v1/mirrors?after=up
400 GET /v1/mirrors?repo=%5B
404 GET /v1/mirrors?mirror=none
400 GET /v1/mirrors/refs?mirror=up
400 GET /v1/mirrors/refs?mirror=up&repo=infra&all=perhaps
404 GET /v1/mirrors/refs?mirror=up&repo=none
404 GET /v1/mirrors/refs?mirror=none&repo=infra
400 POST /v1/mirrors/act {"mirror":"up","action":"burn"}
400 POST /v1/mirrors/act {"action":"sync"}
400 POST /v1/mirrors/act nothing
404 POST /v1/mirrors/act {"mirror":"none","action":"sync"}
404 POST /v1/mirrors/act {"mirror":"up","repo":"none","action":"sync"}
202 POST /v1/mirrors/act {"mirror":"up","repo":"apps","action":"sync"}
405 GET /v1/mirrors/act
END
}

@test "mirrors and scopes: whoever has one sees his repositories alone, of these what lies within, and acts on no more than that" {
  local one refs paths operator watcher
  begin
  headgate mirror sync up --wait
  force
  one=$(headgate token add one --role viewer --repo 'app*')
  refs=$(headgate token add refs --role operator --ref 'refs/heads/dev')
  paths=$(headgate token add paths --role operator --path web)
  operator=$(headgate token add operator --role operator --repo infra)
  watcher=$(headgate token add watcher --role viewer)
  # Repositories: the others are neither shown nor counted.
  as "$one" GET /v1/mirrors | jq -e '.mirrors[0].copies == 1 and .mirrors[0].stopped == 0 and ([.copies[].repo] == ["apps"]) and .copies[0].refs == 1'
  [[ $(as "$one" GET '/v1/mirrors/refs?mirror=up&repo=infra' | jq -r .error) == copy-not-found ]]
  [[ $(as "$one" GET '/v1/mirrors/refs?mirror=up&repo=nowhere' | jq -r .error) == copy-not-found ]]
  # Refs: how the copy is, but not why; and those refs.
  as "$refs" GET '/v1/mirrors?repo=infra' | jq -e '.copies[0] | .state == "stopped" and .error == null and .refs == null and .out_of_step == null and .bytes == null'
  [[ $(as "$refs" GET '/v1/mirrors/refs?mirror=up&repo=infra' | jq -c .refs) == '[]' ]]
  [[ $(as "$refs" GET '/v1/mirrors/refs?mirror=up&repo=infra&all=true' | jq -r '.refs[].ref') == refs/heads/dev ]]
  # Folders: no ref at all.
  [[ $(as "$paths" GET '/v1/mirrors/refs?mirror=up&repo=infra&all=true' | jq -c '[.refs, .after]') == '[[],null]' ]]
  # Acting: on whole repositories that one sees wholly.
  while read -r token status body; do
    [[ $(as "${!token}" POST /v1/mirrors/act -d "$body" -o "$T/answer" -w '%{http_code}') == "$status" ]] || {
      echo "$token $body: $(cat "$T/answer")"
      return 1
    }
  done <<'END'
one 403 {"mirror":"up","repo":"apps","action":"sync"}
watcher 403 {"mirror":"up","action":"pause"}
refs 403 {"mirror":"up","repo":"infra","action":"accept"}
paths 403 {"mirror":"up","repo":"infra","action":"sync"}
operator 403 {"mirror":"up","action":"sync"}
operator 404 {"mirror":"up","repo":"apps","action":"sync"}
operator 202 {"mirror":"up","repo":"infra","action":"accept","actor":"somebody else"}
END
  wait_for 20 in_step up infra
  events_of mirror.acted | jq -e '.data.actor == "token:operator"'
}

@test "mirrors in /metrics: copies by state, turns, bytes, how far behind" {
  begin
  headgate mirror sync up --wait
  force
  headgate mirror pause up apps
  [[ $(metric headgate_mirrors) == 1 ]]
  [[ $(metric 'headgate_mirror_copies{mirror="up",state="stopped"}') == 1 ]]
  [[ $(metric 'headgate_mirror_copies{mirror="up",state="in-step"}') == 1 ]]
  [[ $(metric 'headgate_mirror_paused{mirror="up"}') == 1 ]]
  (($(metric 'headgate_mirror_turns_total{mirror="up",result="ok"}') >= 3))
  [[ $(metric 'headgate_mirror_turns_total{mirror="up",result="failed"}') == 0 ]]
  (($(metric 'headgate_mirror_bytes_total{mirror="up"}') > 0))
  [[ $(metric 'headgate_mirror_lag_seconds{mirror="up"}') != 0* ]] || [[ $(metric 'headgate_mirror_lag_seconds{mirror="up"}') == 0.[0-9]* ]]
}

# The screen as it is now.
screen_has() {
  tmux -L "headgate-$$" capture-pane -p -t watch >"$T/screen" && grep -qE -- "$1" "$T/screen"
}

@test "mirror sync --wait: a bar on a terminal while a first clone runs, and a line when it has ended" {
  # What upstream sends stops halfway until $T/go is there.
  cat >"$T/halfway" <<'END'
#!/usr/bin/env python3
import os, subprocess, sys, time
pack = subprocess.run(sys.argv[1:], stdin=sys.stdin, stdout=subprocess.PIPE, check=True).stdout
out = sys.stdout.buffer
out.write(pack[:len(pack) // 2])
out.flush()
deadline = time.monotonic() + 60
while not os.path.exists(os.path.join(os.path.dirname(__file__), "go")) and time.monotonic() < deadline:
    time.sleep(0.02)
out.write(pack[len(pack) // 2:])
END
  chmod +x "$T/halfway"
  cp "$GIT_CONFIG_GLOBAL" "$T/slow.config"
  git config -f "$T/slow.config" uploadpack.packObjectsHook "$T/halfway"
  server_config "mirrors: [{name: up, direction: pull, url: '$T/up/big.git', repos: [big], every: 0s}]"
  git init -q --bare "$T/up/big.git"
  python3 - >"$T/stream" <<'END'
import random
print("commit refs/heads/main\ncommitter T <t@example.org> 1700000000 +0000\ndata 1\nx")
r = random.Random(1)
for i in range(3000):
    text = "%0400x" % r.getrandbits(1600)
    print(f"M 644 inline d{i % 60}/f{i}\ndata {len(text)}\n{text}")
END
  git -C "$T/up/big.git" fast-import --quiet <"$T/stream"
  repo_new big
  GIT_CONFIG_GLOBAL=$T/slow.config daemon_start
  TERM=screen tmux -L "headgate-$$" -f /dev/null new-session -d -s watch -x 90 -y 12 "PS1='ready> ' bash --norc --noprofile" 3>&-
  wait_for 10 screen_has '^ready>'
  tmux -L "headgate-$$" send-keys -t watch "headgate mirror sync up --wait; echo ended with \$?" Enter
  wait_for 30 screen_has '^\[#+-+\] [0-9,]+ of [0-9,]+ objects'
  run headgate mirror show up big
  matches '^now +receiving, [0-9]+% \([0-9]+ of [0-9]+ objects\)$'
  headgate mirror list --json | jq -e '.copies[0].running | .phase == "receiving" and .objects_total > 3000'
  # A daemon that is restarted meanwhile begins anew, and is waited for.
  daemon_stop
  GIT_CONFIG_GLOBAL=$T/slow.config daemon_start
  wait_for 30 eval 'headgate mirror list --json | jq -e ".copies[0].running.objects_total > 3000"'
  touch "$T/go"
  wait_for 30 screen_has '^ended with 0$'
  screen_has '^big: in step, .* moved$'
  run grep -c '#' "$T/screen"
  ((output == 0))
  # Elsewhere than on a terminal there is the line alone.
  run headgate mirror sync up --wait
  ((status == 0))
  [[ $output == 'big: in step' ]]
}
