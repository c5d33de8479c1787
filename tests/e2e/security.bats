# Claims of docs/security.md that no other test is about.
load helper

begin() {
  server_config
  repo_new infra
  BARE=$GIT_ROOT/infra.git
  daemon_start
  repo_clone infra
  commit app.yaml "$(good_manifest app)"
  git push -q origin main
}

# announce ACTOR REPOSITORY PUSH-NUMBER OLD NEW REF: on the hook socket, as a hook would.
announce() {
  printf '{"v":1,"type":"received","repo":"%s","push":"%032d","actor":{"name":"%s"},"updates":[{"old":"%s","new":"%s","ref":"%s"}]}\n' \
    "$2" "$3" "$1" "$4" "$5" "$6" | python3 "$BATS_TEST_DIRNAME/crowd.py" ask "$HOOK_SOCKET"
}

mode_of() {
  stat -c %a "$1"
}

@test "what the daemon makes is for its owner, and for the group only where hooks write" {
  umask 000
  begin
  [[ $(mode_of "$ADMIN_SOCKET") == 600 ]]
  [[ $(mode_of "$HOOK_SOCKET") == 660 ]]
  [[ $(mode_of "$STATE/spool") == 770 ]]
  # Nobody else reads the journal, nor writes anything.
  local path
  while IFS= read -r path; do
    [[ $path == "$STATE" || $path == "$STATE/spool" || $(mode_of "$path") == [67][054]0 ]] || { echo "$path $(mode_of "$path")"; false; }
  done < <(find "$STATE")
}

@test "a token is told once, and is nowhere on disk, in the log, in an event or among the arguments" {
  begin
  agent_add web-1
  local token
  token=$(<"$T/web-1.token")
  [[ $token == hga_* ]]
  agent_config web-1 "infra::$T/into"
  agent_start web-1
  wait_for 15 agent_synced web-1 t1 "$(git rev-parse main)"
  ! grep -rqF "${token#hga_}" "$STATE" "$DAEMON_LOG" "$T/web-1.log"
  ! events_of | grep -qF "${token#hga_}"
  ! grep -qaF "${token#hga_}" "/proc/$DAEMON_PID/cmdline" "/proc/${AGENT_PID[web-1]}/cmdline"
  ! headgate agent list --json | grep -qF "${token#hga_}"
  ! headgate status --json | grep -qF "${token#hga_}"
}

@test "names and paths lead nowhere but into the repositories" {
  begin
  mkdir "$T/outside"
  git init -q --bare "$T/outside/secret.git"
  git -C "$BARE" push -q "$T/outside/secret.git" main
  local query
  for query in 'repo=../outside/secret&rev=main' 'repo=infra/../../outside/secret&rev=main' "repo=$T/outside/secret&rev=main" \
    'repo=infra&rev=main&path=../..' 'repo=infra&rev=main&path=/etc' 'repo=infra&rev=--output=x' 'repo=infra&rev=main%00' \
    'repo=infra.git&rev=main'; do
    run admin GET "/v1/archive?$query" -o /dev/null -w '%{http_code}'
    [[ $output == 40[04] ]] || { echo "$query: $output"; false; }
  done
  # Nor does an announcement.
  announce mallory "$GIT_ROOT/../outside/secret.git" 1 "$(printf %040d 0)" "$(git rev-parse main)" refs/heads/main
  wait_for 5 grep -q 'is none of ours' "$DAEMON_LOG"
  has_events 1
}

@test "a file in the spool is read as what it is: no link is followed, nothing else than a file opened" {
  begin
  printf 'secret' >"$T/secret"
  ln -s "$T/secret" "$STATE/spool/2026-01-01T00:00:00.000Z-1.json"
  mkfifo "$STATE/spool/2026-01-01T00:00:00.000Z-2.json"
  mkdir "$STATE/spool/2026-01-01T00:00:00.000Z-3.json"
  daemon_stop
  commit two.yaml "$(good_manifest two)"
  git push -q origin main
  daemon_start
  wait_for 10 eval "events_of ref.updated | grep -q $(git rev-parse main)"
  ! grep -qF secret "$DAEMON_LOG"
  [[ $(<"$T/secret") == secret && -L $STATE/spool/2026-01-01T00:00:00.000Z-1.json ]]
}

@test "what somebody announces for another moves nothing, and is told as what it is" {
  begin
  local tip before
  tip=$(git rev-parse main)
  commit three.yaml "$(good_manifest three)"
  before=$(events_of ref.updated | wc -l)
  # A move that has not been, a ref that is none, an object that is not there.
  local update old new ref n=0
  for update in "$tip $(git rev-parse main) refs/heads/main" "$(printf %040d 0) $tip refs/heads/none" \
    "$tip $(printf %040d 7) refs/heads/main"; do
    read -r old new ref <<<"$update"
    n=$((n + 1))
    announce mallory "$BARE" "$n" "$old" "$new" "$ref" | jq -e .ok
  done
  (($(events_of ref.updated | wc -l) == before))
  (($(count_events push.superseded) == 3))
}

# call TOKEN METHOD PATH [CURL...]: the body, then the status on a line of its own.
call() {
  local token=$1 method=$2 path=$3
  shift 3
  curl -sS --noproxy '*' --max-time 30 -w '\n%{http_code}' -X "$method" -H "Authorization: Bearer $token" "$URL$path" "$@"
}

# An agent of that name, with the target "web" on main; its token.
agent_with_target() {
  local token
  token=$(headgate agent add "$1" --kind host --allow '**')
  call "$token" PUT /v1/agents/self -d '{"version":"1","host":"h","instance":"i","targets":[
    {"name":"web","repo":"infra","ref":"refs/heads/main","path":"","driver":"files","sync":"manual"}]}' | tail -n 1 | grep -qx 200
  echo "$token"
}

waiting() {
  admin GET /v1/agents | jq -r '.agents[].targets[].commands[].id'
}

@test "an operator brings nothing to a target but what is in the history of its ref" {
  begin
  local operator tip rev known=() n=0
  agent_with_target web1 >web1.token
  operator=$(headgate token add o --role operator)
  tip=$(git rev-parse main)
  # Of a branch that nobody guards; of a history that was pushed away; an object that no ref has; another repository's; a blob, a tree.
  git checkout -q -b side && commit side.yaml "$(good_manifest side)" && git push -q origin side
  known+=("$(git rev-parse side)" side refs/heads/side)
  git -C "$BARE" update-ref refs/heads/main "$(git rev-parse side)"
  git -C "$BARE" update-ref refs/heads/main "$tip"
  known+=("$(git -C "$BARE" commit-tree -m loose "$tip^{tree}")")
  repo_new other
  git push -q "$GIT_ROOT/other.git" "$(git commit-tree -m other "$tip^{tree}"):refs/heads/main"
  known+=("$(git -C "$GIT_ROOT/other.git" rev-parse main)" "$(git rev-parse "$tip:app.yaml")" "$(git rev-parse "$tip^{tree}")")
  git push -q origin "$(git rev-parse "$tip:app.yaml"):refs/tags/blob"
  known+=(blob)
  for rev in "${known[@]}"; do
    run call "$operator" POST /v1/agents/web1/commands -d "{\"action\":\"sync\",\"revision\":\"$rev\"}"
    [[ ${lines[1]} == 404 ]] || { echo "$rev: $output"; false; }
    [[ $(jq -r .message <<<"${lines[0]}") == "target web: $rev names no commit in the history of refs/heads/main" ]]
  done
  has_events 0 sync.requested
  # What is in it, by each of its names.
  for rev in "$tip" "${tip:0:9}" main refs/heads/main side~1; do
    call "$operator" POST /v1/agents/web1/commands -d "{\"action\":\"sync\",\"revision\":\"$rev\"}" | head -n 1 |
      jq -e --arg tip "$tip" '.commands[0].revision == $tip'
    n=$((n + 1))
  done
  has_events $n sync.requested
}

@test "who asks is named as what he is, and his words are no more than words" {
  begin
  local operator rev
  agent_with_target web1 >web1.token
  operator=$(headgate token add o --role operator)
  call "$operator" POST /v1/agents/web1/commands -d '{"action":"sync","actor":"alice"}' | head -n 1 | jq -e '.commands[0].actor == "token:o"'
  # Through the admin socket anybody may be named, who is root or the daemon: but no terminal takes it for its own.
  admin POST /v1/agents/web1/commands -d '{"action":"sync","actor":"\u001b]0;owned\u0007\u001b[31m\nroot"}' | jq -e '.commands | length == 1'
  # No object's text, no search, no reflog, no option, nothing for a shell.
  for rev in '--upload-pack=touch owned' "\$(touch $T/owned)" '`touch owned`' ':/first' 'main:app.yaml' 'main@{0}' 'main^{/first}' '../../outside' \
    "'; touch owned; '" '|touch owned' 'main\u0000' '\u001b[31m'; do
    run call "$operator" POST /v1/agents/web1/commands -d "{\"action\":\"sync\",\"revision\":\"$rev\"}"
    [[ ${lines[1]} == 40[04] ]] || { echo "$rev: $output"; false; }
  done
  (($(waiting | wc -l) == 2))
  [[ ! -e $T/owned && ! -e owned ]]
  run headgate audit --type sync.requested
  has '\e]0;owned\x07\e[31m\nroot'
  ! grep -qP '[\x00-\x08\x0b-\x1f]' <(headgate audit; headgate events --since 0; headgate sync web1; cat "$DAEMON_LOG") || false
}

@test "requests without number stop at what may wait, and keep no push waiting" {
  begin
  local operator i
  agent_with_target web1 >web1.token
  operator=$(headgate token add o --role operator)
  # What it has looked up goes through all of a long history.
  {
    for ((i = 1; i <= 8000; i++)); do
      printf 'commit refs/heads/main\ncommitter a <a@b> %d +0000\ndata 1\nx\n' "$i"
      ((i > 1)) || printf 'from refs/heads/main^0\n'
    done
  } | git -C "$BARE" fast-import --quiet
  local root
  root=$(git -C "$BARE" rev-list --max-parents=0 main)
  git pull -q --ff-only origin main
  for ((i = 0; i < 8; i++)); do
    for n in {1..20}; do
      call "$operator" POST /v1/agents/web1/commands -d "{\"action\":\"sync\",\"revision\":\"$root\"}" -o /dev/null
    done >"answers.$i" 3>&- &
    PIDS[i]=$!
  done
  commit two.yaml "$(good_manifest two)"
  timeout 10 git push -q origin main
  wait_for 10 eval "events_of ref.updated | grep -q $(git rev-parse main)"
  wait "${PIDS[@]}"
  sort answers.? | uniq -c
  [[ -z $(grep -vE '^$|^(201|409|429)$' answers.?) ]]
  (($(cat answers.? | grep -c 201) == 64))
  (($(waiting | wc -l) == 64))
  has_events 64 sync.requested
}

@test "an agent acknowledges its own commands alone, and by nonsense it changes nothing" {
  begin
  local one two id head want body
  one=$(agent_with_target web1)
  two=$(agent_with_target web2)
  headgate sync web1
  headgate sync web2
  id=$(admin GET /v1/agents | jq -r '.agents[] | select(.name == "web1") | .targets[].commands[].id')
  head=$(admin GET /v1/status | jq -r .head)
  while read -r want body; do
    run call "$two" POST /v1/agents/self/commands -d "$body"
    [[ ${lines[1]} == "$want" ]] || { echo "$body: $output"; false; }
  done <<END
404 {"id":"$id"}
404 {"id":"${id%.*}.0"}
404 {"id":"${id%.*}.1"}
404 {"id":"${id%.*}.999999"}
404 {"id":"0000000000000000.${id#*.}"}
400 {"id":"${id#*.}"}
400 {"id":"${id%.*}.-1"}
400 {"id":"${id%.*}.99999999999999999999"}
400 {"id":["$id"]}
400 {"id":"$id' OR '1'='1"}
400 {}
400 nonsense
END
  (($(waiting | wc -l) == 2))
  # Nor is anything journaled over it.
  [[ $(admin GET /v1/status | jq -r .head) == "$head" ]]
  [[ $(call "$one" POST /v1/agents/self/commands -d "{\"id\":\"$id\"}" | tail -n 1) == 200 ]]
  (($(waiting | wc -l) == 1))
}

# told FROM [QUERY...]: what Headgate-From says to the token, with the body in $T/body.
told() {
  curl -sS --noproxy '*' --max-time 30 -D "$T/head" -o "$T/body" -H "Authorization: Bearer $TOKEN" \
    "$URL/v1/archive?repo=infra&rev=$(git rev-parse main)&path=apps/web&from=$1"
  tr -d '\r' <"$T/head" | awk 'tolower($1) == "headgate-from:" { print $2 }'
}

# Nothing but the date tells these answers apart.
same_answer() {
  grep -iv '^date:' "$T/head" >"$T/head.$1"
  cp "$T/body" "$T/body.$1"
}

@test "who may see a folder learns nothing of other trees by naming them" {
  begin
  local TOKEN before guess nobody
  commit apps/web/a one
  before=$(git rev-parse HEAD:apps/web)
  commit secret/pin 4711
  git push -q origin main
  # A folder that is only on another branch, and one that only was there.
  git checkout -q -b other
  commit apps/web/b 'not for everybody'
  commit gone/pin 4712
  git push -q origin other
  git checkout -q main
  commit apps/web/a two
  git push -q origin main
  TOKEN=$(headgate token add limited --role viewer --repo infra --ref refs/heads/main --path apps/web)
  # What it was itself is told of.
  [[ $(told "$before") == "$before" ]]
  # The content of a folder, guessed; the whole; the same folder on a branch that is not seen; parts of all that.
  guess=$(printf '100644 blob %s\tpin\n' "$(printf 4711 | git hash-object --stdin)" | git mktree)
  [[ $guess == $(git rev-parse HEAD:secret) ]]
  nobody=$(printf '100644 blob %s\tpin\n' "$(printf 4713 | git hash-object -w --stdin)" | git mktree)
  [[ $(told "$nobody") == none ]]
  same_answer nobody
  for id in "$guess" "$(git rev-parse 'HEAD^{tree}')" "$(git rev-parse HEAD~1:apps)" "$(git rev-parse other:apps/web)" \
    "$(git rev-parse other:gone)" "$(git rev-parse HEAD)" "$(git rev-parse HEAD:secret/pin)"; do
    [[ $(told "$id") == none ]] || { echo "$id: $(<"$T/head")"; false; }
    same_answer somebody
    diff "$T/head.nobody" "$T/head.somebody"
    cmp "$T/body.nobody" "$T/body.somebody"
  done
  # Who may see all of the repository has nothing to guess.
  TOKEN=$(headgate token add all --role viewer --repo infra)
  [[ $(told "$guess") == "$guess" ]]
}
