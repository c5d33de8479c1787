#!/usr/bin/env bats
# Who may come in, and as what: tokens with roles and scopes, their rotation, limits, lock-out, what is no HTTP.
load helper

# as TOKEN METHOD PATH [CURL...]: the body, then the status on a line of its own.
as() {
  local token=$1 method=$2 path=$3
  shift 3
  curl -sS --noproxy '*' --max-time 70 -w '\n%{http_code}' -X "$method" ${token:+-H "Authorization: Bearer $token"} "$URL$path" "$@"
}

# status_of TOKEN METHOD PATH [CURL...]
status_of() {
  as "$@" -o /dev/null | tail -n 1
}

# stream_of FILE TOKEN PATH: a stream in the background, its pid in STREAM.
stream_of() {
  curl -sSN --noproxy '*' --max-time 60 -H "Authorization: Bearer $2" -H 'Accept: text/event-stream' "$URL$3" >"$1" 2>/dev/null 3>&- &
  STREAM=$!
}

holds() { grep -qF -- "$1" "$2"; }

# push REPO REF PATH TEXT: one commit; its id in HEAD.
push() {
  [[ -d $T/push-$1 ]] || repo_clone "$1" "$T/push-$1"
  mkdir -p "$T/push-${1%/*}"
  cd "$T/push-$1" || return 1
  git checkout -q "$2" 2>/dev/null || git checkout -q -b "$2"
  commit "$3" "$4"
  git push -q origin "HEAD:refs/heads/$2" 2>/dev/null
  HEAD=$(git rev-parse HEAD)
  cd "$T" || return 1
}

start() {
  server_config "$@"
  repo_new infra/prod
  repo_new infra/test
  repo_new secret/vault
  daemon_start
}

@test "every role against every route" {
  start
  push infra/prod main hosts/web/a 1
  agent=$(headgate agent add web1 --kind host --allow '**')
  viewer=$(headgate token add v --role viewer)
  operator=$(headgate token add o --role operator)
  admin=$(headgate token add a --role admin)
  [[ $viewer =~ ^hgr_[A-Za-z0-9_-]{43}$ ]]
  local archive="/v1/archive?repo=infra/prod&rev=$HEAD" n=0
  # METHOD PATH, then what nobody, the agent, viewer, operator and admin are answered.
  while read -r method path none an vi op ad; do
    n=$((n + 1))
    [[ $path != ARCHIVE ]] || path=$archive
    [[ $(status_of '' "$method" "$path") == "$none" ]] || { echo "nobody $method $path"; return 1; }
    [[ $(status_of "$agent" "$method" "$path") == "$an" ]] || { echo "agent $method $path"; return 1; }
    [[ $(status_of "$viewer" "$method" "$path") == "$vi" ]] || { echo "viewer $method $path"; return 1; }
    [[ $(status_of "$operator" "$method" "$path") == "$op" ]] || { echo "operator $method $path"; return 1; }
    [[ $(status_of "$admin" "$method" "$path") == "$ad" ]] || { echo "admin $method $path"; return 1; }
  done <<END
GET /healthz 200 200 200 200 200
GET /readyz 200 200 200 200 200
GET /v1/events?cursor=0 401 403 200 200 200
GET ARCHIVE 401 200 200 200 200
GET /v1/status 401 403 200 200 200
GET /v1/agents 401 403 200 200 200
POST /v1/agents 401 403 403 403 400
DELETE /v1/agents/nobody 401 403 403 403 404
POST /v1/agents/nobody/rotate 401 403 403 403 404
GET /v1/tokens 401 403 403 403 200
POST /v1/tokens 401 403 403 403 400
DELETE /v1/tokens/nobody 401 403 403 403 404
POST /v1/tokens/nobody/rotate 401 403 403 403 404
PUT /v1/agents/self 401 400 403 403 403
GET /v1/agents/self/events 401 400 403 403 403
POST /v1/agents/self/reports 401 400 403 403 403
POST /v1/agents/nobody/commands 401 403 403 400 400
POST /v1/agents/self/commands 401 400 403 403 403
GET /v1/mirrors 401 403 200 200 200
GET /v1/mirrors/refs 401 403 400 400 400
POST /v1/mirrors/act 401 403 403 400 400
END
  ((n == 21))
  # An admin may over the network what the admin socket may: make a token, and that token holds.
  run as "$admin" POST /v1/tokens -d '{"name":"made","role":"viewer"}'
  has '201'
  made=$(sed -n '1s/.*"token":"\([^"]*\)".*/\1/p' <<<"$output")
  [[ $(status_of "$made" GET /v1/status) == 200 ]]
  [[ $(status_of "$admin" DELETE /v1/tokens/made) == 204 ]]
  [[ $(status_of "$made" GET /v1/status) == 401 ]]
  # Each change is in the journal, no secret is anywhere.
  [[ $(events_of token.added | jq -r '.data.token + " " + .data.role' | tr '\n' ,) == "v viewer,o operator,a admin,made viewer," ]]
  [[ $(events_of token.removed | jq -r .subject) == made ]]
  fails grep -rqF -e "${admin#hgr_}" "$STATE"
  # And what was turned away.
  events_of agent.refused | jq -e '.data.remote == "127.0.0.1" and .data.reason == "no token was shown"'
}

@test "token: the verbs, and what they refuse" {
  start
  headgate token add ci --role viewer --repo 'infra/*' --ref refs/heads/main --path hosts --json >added
  [[ $(jq -r 'keys | join(" ")' added) == "name token" && $(jq -r .name added) == ci ]]
  headgate token list --json | jq -e '.tokens | length == 1 and .[0].role == "viewer" and .[0].scope ==
    {"repos": ["infra/*"], "refs": ["refs/heads/main"], "paths": ["hosts"]} and (.[0] | has("token") | not)'
  run headgate token list
  has 'infra/*'
  has 'viewer'
  fails headgate token add ci --role viewer
  ((status == 1))
  has 'there is a token ci already'
  fails headgate token add root --role admin --repo infra/prod
  has 'an admin sees everything'
  fails headgate token add x
  has 'say --role viewer, operator or admin'
  fails headgate token add x --role owner
  fails headgate token add x --role viewer --path ../x
  fails headgate token rotate ci --overlap 24
  has '--overlap is a time up to 90d'
  fails headgate token rotate nobody
  ((status == 1))
  fails headgate token remove nobody
  ((status == 1))
  headgate token remove ci
  [[ $(headgate token list --json | jq '.tokens | length') == 0 ]]
}

@test "a scope: nothing outside of it is seen, counted or told apart from what is not there" {
  start
  push infra/prod main hosts/web/a 1
  first=$HEAD
  push infra/prod main other/b 1
  push infra/prod side hosts/web/c 1
  side=$HEAD
  push infra/test main hosts/web/a 1
  push secret/vault main hosts/web/key 1
  hidden=$HEAD
  wait_for 10 has_events 5 ref.updated
  headgate agent add web1 --kind host --allow '**' >web1.token
  headgate agent add vault1 --kind host --allow 'secret/**' >vault1.token
  as "$(<web1.token)" PUT /v1/agents/self -d '{"version":"1","host":"h","instance":"i","targets":[
    {"name":"a","repo":"infra/prod","ref":"refs/heads/main","path":"hosts/web","driver":"files","sync":"auto"},
    {"name":"b","repo":"infra/prod","ref":"refs/heads/main","path":"","driver":"files","sync":"auto"},
    {"name":"c","repo":"secret/vault","ref":"refs/heads/main","path":"","driver":"files","sync":"auto"}]}'
  as "$(<vault1.token)" PUT /v1/agents/self -d '{"version":"1","host":"h","instance":"i","targets":[
    {"name":"a","repo":"secret/vault","ref":"refs/heads/main","path":"","driver":"files","sync":"auto"}]}'
  t=$(headgate token add narrow --role operator --repo 'infra/p*' --ref refs/heads/main --path hosts/web)

  # Events: the filter is narrowed, and an event of a change that goes further names what lies within alone.
  push infra/prod main hosts/web/d 2
  cd "$T/push-infra/prod"
  echo 3 >hosts/web/e && echo 3 >other/f && git add . && git commit -qm both && git push -q origin HEAD:refs/heads/main
  cd "$T"
  wait_for 10 has_events 7 ref.updated
  run as "$t" GET '/v1/events?cursor=0&limit=1000'
  has 200
  [[ $(sed '$d' <<<"$output" | jq -r '.events[] | .data.repo + " " + .data.ref + " " + ([.data.paths[].path] | join(","))') == \
    'infra/prod refs/heads/main hosts/web/a
infra/prod refs/heads/main hosts/web/d
infra/prod refs/heads/main hosts/web/e' ]]
  lacks other
  lacks secret
  lacks web1
  [[ $(as "$t" GET '/v1/events?repo=infra/test&cursor=0' | head -n 1 | jq '.events | length') == 0 ]]
  [[ $(as "$t" GET '/v1/events?repo=**&ref=refs/**&path=hosts&cursor=0' | head -n 1 | jq '.events | length') == 3 ]]
  [[ $(as "$t" GET '/v1/events?type=io.headgate.agent.added.v1&cursor=0' | head -n 1 | jq '.events | length') == 0 ]]
  [[ $(status_of "$t" GET '/v1/events?path=other&cursor=0') == 403 ]]
  # A snapshot tells of the refs within, each once, whatever the number of paths.
  [[ $(as "$t" GET '/v1/events' | head -n 1 | jq -c '[.snapshot[] | .repo + " " + .ref]') == '["infra/prod refs/heads/main"]' ]]
  two=$(headgate token add two --role viewer --repo infra/prod --path hosts/web --path other)
  [[ $(as "$two" GET '/v1/events' | head -n 1 | jq -c '[.snapshot[].ref] | sort') == '["refs/heads/main","refs/heads/side"]' ]]

  # Archives, by repository, folder and ref.
  [[ $(status_of "$t" GET "/v1/archive?repo=infra/prod&rev=$first&path=hosts/web") == 200 ]]
  [[ $(status_of "$t" GET "/v1/archive?repo=infra/prod&rev=$first") == 403 ]]
  [[ $(status_of "$t" GET "/v1/archive?repo=infra/prod&rev=$first&path=hosts") == 403 ]]
  [[ $(status_of "$t" GET "/v1/archive?repo=secret/vault&rev=$hidden&path=hosts/web") == 403 ]]
  as "$t" GET "/v1/archive?repo=secret/none&rev=$hidden&path=hosts/web" | sed 's/none/vault/' >none
  as "$t" GET "/v1/archive?repo=secret/vault&rev=$hidden&path=hosts/web" >vault
  cmp none vault
  absent=$(printf '%040d' 7)
  as "$t" GET "/v1/archive?repo=infra/prod&rev=$side&path=hosts/web" | sed "s/$side/ID/" >other-ref
  as "$t" GET "/v1/archive?repo=infra/prod&rev=$absent&path=hosts/web" | sed "s/$absent/ID/" >absent
  cmp other-ref absent
  grep -q revision-not-found absent

  # Agents and the status.
  run as "$t" GET /v1/agents
  lacks vault
  [[ $(head -n 1 <<<"$output" | jq -c '[.agents[] | .name, .allow, (.targets | map(.name))]') == '["web1",null,["a"]]' ]]
  run as "$t" GET /v1/status
  lacks secret
  lacks infra/test
  [[ $(head -n 1 <<<"$output" | jq -c '.repositories') == '[{"name":"infra/prod","refs":null,"trouble":null}]' ]]

  # By repository alone: the number of its refs, and its refusals.
  r=$(headgate token add repo --role viewer --repo infra/prod)
  [[ $(as "$r" GET /v1/status | head -n 1 | jq -c '.repositories') == '[{"name":"infra/prod","refs":2,"trouble":null}]' ]]
  repo_clone infra/prod "$T/bad"
  commit bad.yaml 'a: 1
a: 2
'
  fails git push origin HEAD:refs/heads/main
  cd "$T"
  wait_for 10 has_events 1 push.refused
  [[ $(as "$r" GET '/v1/events?cursor=0&type=io.headgate.push.refused.v1' | head -n 1 | jq '.events | length') == 1 ]]
  [[ $(as "$t" GET '/v1/events?cursor=0&type=io.headgate.push.refused.v1' | head -n 1 | jq '.events | length') == 0 ]]
}

@test "a scoped agent: what it may announce, fetch and is told" {
  start
  push infra/prod main hosts/web/a 1
  first=$HEAD
  t=$(headgate agent add web1 --kind host --allow 'infra/*' --ref refs/heads/main --path hosts/web)
  target() {
    printf '{"version":"1","host":"h","instance":"i","targets":[{"name":"a","repo":"%s","ref":"%s","path":"%s","driver":"files"}]}' "$@"
  }
  run as "$t" PUT /v1/agents/self -d "$(target secret/vault refs/heads/main hosts/web)"
  has 'may not see repository secret/vault'
  run as "$t" PUT /v1/agents/self -d "$(target infra/prod refs/heads/side hosts/web)"
  has 'may not see ref refs/heads/side'
  run as "$t" PUT /v1/agents/self -d "$(target infra/prod refs/heads/main hosts)"
  has 'may not see all of folder'
  has 403
  [[ $(status_of "$t" PUT /v1/agents/self -d "$(target infra/prod refs/heads/main hosts/web)") == 200 ]]
  [[ $(status_of "$t" GET "/v1/archive?repo=infra/prod&rev=$first&path=hosts/web") == 200 ]]
  [[ $(status_of "$t" GET "/v1/archive?repo=infra/prod&rev=$first&path=hosts") == 403 ]]
  stream_of told "$t" '/v1/agents/self/events?instance=i'
  wait_for 10 holds bookmark told
  cd "$T/push-infra/prod"
  echo 2 >hosts/web/b && mkdir x && echo 2 >x/y && git add . && git commit -qm both && git push -q origin HEAD:refs/heads/main
  cd "$T"
  wait_for 10 holds ref.updated told
  grep -q hosts/web/b told
  fails grep -q x/y told
  # It is so after a restart.
  kill "$STREAM"
  wait "$STREAM" || true
  daemon_stop
  daemon_start
  run as "$t" PUT /v1/agents/self -d "$(target infra/prod refs/heads/side hosts/web)"
  has 'may not see ref refs/heads/side'
}

@test "rotation: the old holds for its time, and its streams with it" {
  start
  push infra/prod main hosts/web/a 1
  headgate agent add web1 --kind host --allow '**' >old
  headgate agent rotate web1 >new
  [[ $(<old) != "$(<new)" && $(status_of "$(<old)" GET /v1/agents/self/events) == 400 && $(status_of "$(<new)" GET /v1/agents/self/events) == 400 ]]
  # Over a restart too.
  daemon_stop
  daemon_start
  [[ $(status_of "$(<old)" GET /v1/agents/self/events) == 400 && $(status_of "$(<new)" GET /v1/agents/self/events) == 400 ]]
  # Without overlap it ends at once, and the stream that it has opened.
  as "$(<new)" PUT /v1/agents/self -d '{"version":"1","host":"h","instance":"i","targets":[]}'
  stream_of told "$(<new)" '/v1/agents/self/events?instance=i'
  wait_for 10 holds bookmark told
  headgate agent rotate web1 --overlap 0 --json | jq -r .token >newest
  wait_for 10 process_ended "$STREAM"
  [[ $(status_of "$(<old)" GET /v1/agents/self/events) == 401 && $(status_of "$(<new)" GET /v1/agents/self/events) == 401 ]]
  [[ $(status_of "$(<newest)" GET /v1/agents/self/events) == 400 ]]
  [[ $(events_of agent.rotated | jq -r .data.agent | tr '\n' ' ') == 'web1 web1 ' ]]
  # A token's, after its overlap.
  headgate token add v --role viewer >old
  stream_of told "$(<old)" /v1/events
  wait_for 10 holds bookmark told
  headgate token rotate v --overlap 2s >new
  [[ $(status_of "$(<old)" GET /v1/status) == 200 ]]
  kill -0 "$STREAM"
  wait_for 10 process_ended "$STREAM"
  [[ $(status_of "$(<old)" GET /v1/status) == 401 && $(status_of "$(<new)" GET /v1/status) == 200 ]]
  # One that is removed takes its streams along.
  stream_of told2 "$(<new)" /v1/events
  wait_for 10 holds bookmark told2
  headgate token remove v
  wait_for 10 process_ended "$STREAM"
}

# wrong N: a token that nobody has.
wrong() { printf 'hgr_%043d' "$1"; }

@test "whoever guesses tokens is locked out, for longer each time" {
  start 'limits: {wrong_tokens: 4, lockout: 1s, lockout_most: 4s}'
  good=$(headgate token add v --role viewer)
  # The same wrong one again and again is no guess.
  for i in {1..10}; do
    [[ $(status_of "$(wrong 0)" GET /v1/status) == 401 ]]
  done
  [[ $(status_of "$good" GET /v1/status) == 200 ]]
  for i in 1 2 3; do
    [[ $(status_of "$(wrong "$i")" GET /v1/status) == 401 ]]
  done
  # Now no token is looked at, good ones neither.
  run as "$good" GET /v1/status -D -
  has '"error":"locked-out"'
  has 'Retry-After: 1'
  has 429
  [[ $(status_of '' GET /healthz) == 200 ]]
  unlocked() { [[ $(status_of "$good" GET /v1/status) == 200 ]]; }
  wait_for 5 unlocked
  for i in 11 12 13 14; do
    [[ $(status_of "$(wrong "$i")" GET /v1/status) == 401 ]]
  done
  run as "$good" GET /v1/status -D -
  has 'Retry-After: 2'
  wait_for 5 unlocked
  # The journal tells of it, once a minute and with a count.
  events_of agent.refused | jq -e '.data.remote == "127.0.0.1"'
  grep -q 'locked out for guessing' "$DAEMON_LOG"
}

@test "behind a proxy it is the client that is locked out" {
  start 'limits: {wrong_tokens: 3, lockout: 60s}' 'proxies: [127.0.0.1]'
  good=$(headgate token add v --role viewer)
  for i in 1 2 3; do
    [[ $(status_of "$(wrong "$i")" GET /v1/status -H 'X-Forwarded-For: 203.0.113.9, 192.0.2.1') == 401 ]]
  done
  [[ $(status_of "$good" GET /v1/status -H 'X-Forwarded-For: 192.0.2.1') == 429 ]]
  [[ $(status_of "$good" GET /v1/status -H 'X-Forwarded-For: 192.0.2.2') == 200 ]]
  [[ $(status_of "$good" GET /v1/status -H 'X-Forwarded-For: 192.0.2.1, 192.0.2.2') == 200 ]]
  [[ $(status_of "$good" GET /v1/status -H 'X-Forwarded-For: 203.0.113.9') == 200 ]]
  [[ $(status_of "$good" GET /v1/status) == 200 ]]
  events_of agent.refused | jq -e '.data.remote == "192.0.2.1"'
}

@test "so many requests and streams and no more" {
  start 'limits: {address_requests: 3, client_open: 2, client_requests: 1000}'
  good=$(headgate token add v --role viewer)
  many() {
    local i
    for i in {1..40}; do
      printf 'url = "%s%s"\noutput = /dev/null\nwrite-out = "%%{http_code}\\n"\n' "$URL" "$1"
    done | curl -sS --noproxy '*' --max-time 30 -K - "${@:2}" | sort | uniq -c
  }
  run many /healthz
  has ' 200'
  has ' 429'
  run many /v1/status
  has ' 429'
  # Whoever has a good token is not asked to wait with those that have none.
  run many /v1/status -H "Authorization: Bearer $good"
  has '40 200'
  stream_of one "$good" /v1/events
  first=$STREAM
  wait_for 10 holds bookmark one
  stream_of two "$good" /v1/events
  full() { [[ $(status_of "$good" GET /v1/status) == 429 ]]; }
  wait_for 10 full
  kill "$first" "$STREAM"
  wait "$first" "$STREAM" || true
  free() { [[ $(status_of "$good" GET /v1/status) == 200 ]]; }
  wait_for 10 free
}

# raw TEXT: what the daemon answers to these bytes.
raw() {
  local fd
  exec {fd}<>"/dev/tcp/127.0.0.1/${URL##*:}"
  printf "$1" >&"$fd"
  timeout 10 cat <&"$fd"
  exec {fd}<&-
}

@test "what is no HTTP, or too much of it, is answered in JSON" {
  start
  good=$(headgate token add v --role viewer)
  run raw 'no http at all\r\n\r\n'
  has 'HTTP/1.1 400 Bad Request'
  has 'Content-Type: application/json'
  has '"error":"bad-request"'
  lacks HTML
  run raw 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n'
  has '"error":"not-implemented"'
  run curl -sS --noproxy '*' --max-time 10 -D - -H "X-Long: $(printf '%033000d' 1)" "$URL/healthz"
  has '"error":"bad-request"'
  has 'longer than 32 KiB'
  lacks HTML
  head -c 1100000 /dev/zero >large
  run curl -sS --noproxy '*' --max-time 10 -D - -H "Authorization: Bearer $good" --data-binary @large "$URL/v1/tokens"
  has '"error":"content-too-large"'
  lacks HTML
  run raw 'POST /v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n'
  has '"error":"bad-request"'
  run raw 'POST /v1/tokens HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'
  has '"error":"content-too-large"'
  # A client that waits for leave to send its body gets that.
  head -c 5000 /dev/zero >body
  run curl -sS --noproxy '*' --max-time 10 -v -H 'Expect: 100-continue' -H "Authorization: Bearer $good" --data-binary @body "$URL/v1/tokens"
  has '< HTTP/1.1 100 Continue'
  has '"error":"forbidden"'
  [[ $(status_of "$good" GET /v1/status) == 200 ]]
}

@test "ten thousand half-open requests keep nobody out" {
  # A descriptor each, here and there.
  ulimit -n 12000 || skip "no 12,000 descriptors here"
  start 'limits: {streams: 1000}'
  headgate agent add web1 --kind host --allow '**' >web1.token
  as "$(<web1.token)" PUT /v1/agents/self -d '{"version":"1","host":"h","instance":"i","targets":[]}'
  stream_of told "$(<web1.token)" '/v1/agents/self/events?instance=i'
  wait_for 10 holds bookmark told
  crowd=()
  for i in {1..10000}; do
    exec {fd}<>"/dev/tcp/127.0.0.1/${URL##*:}"
    ((i % 2)) || printf 'GET /v1/events HTTP/1.1\r\nHost: x\r\nX-Slow: ' >&"$fd" 2>/dev/null || true
    crowd+=("$fd")
    ((i % 1000)) || [[ $(status_of "$(<web1.token)" GET /v1/agents/self/events) == 400 ]]
  done
  [[ $(curl -sS --noproxy '*' --max-time 5 "$URL/healthz") == ok && $(admin GET /healthz) == ok ]]
  (($(find "/proc/$DAEMON_PID/fd" -lname 'socket:*' | wc -l) < 700))
  # 6 MB when idle; what half-open requests take is bounded with their number.
  sanitized || (($(awk '/^VmRSS/ { print $2 }' "/proc/$DAEMON_PID/status") < 20000))
  kill -0 "$STREAM"
  for fd in "${crowd[@]}"; do
    exec {fd}<&-
  done
}

@test "so many connections of one address and no more" {
  address=$(hostname -I | tr ' ' '\n' | grep -E '^[0-9.]+$' | head -n 1)
  [[ -n $address ]] || skip "this machine has no address but loopback"
  server_config 'limits: {address_connections: 20}'
  sed -i "s|{address: \"127.0.0.1:0\"}|{address: \"0.0.0.0:0\", insecure: true}|" "$CONFIG"
  daemon_start
  port=$(grep -oE '0\.0\.0\.0:[1-9][0-9]*' "$DAEMON_LOG" | tail -n 1)
  port=${port##*:}
  crowd=()
  for i in {1..30}; do
    exec {fd}<>"/dev/tcp/$address/$port"
    crowd+=("$fd")
  done
  # The last ten are closed without a word; this machine's own are not counted.
  for fd in "${crowd[@]:20}"; do
    run timeout 10 cat <&"$fd"
    ((status == 0))
  done
  [[ $(curl -sS --noproxy '*' --max-time 5 "http://127.0.0.1:$port/healthz") == ok ]]
  fails curl -sS --noproxy '*' --max-time 5 "http://$address:$port/healthz"
  events_of agent.refused | jq -e --arg address "$address" '.data.remote == $address and (.data.reason | contains("limits.address_connections"))'
  exec {crowd[0]}<&-
  answers() { [[ $(curl -sS --noproxy '*' --max-time 5 "http://$address:$port/healthz") == ok ]]; }
  wait_for 10 answers
  for fd in "${crowd[@]:1}"; do
    exec {fd}<&-
  done
}
