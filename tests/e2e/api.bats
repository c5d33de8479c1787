# The HTTP API as agents and administrators use it, with curl.
load helper

# token NAME [GLOB...]: register by the API itself; the token on stdout.
token() {
  local name=$1
  shift
  (($#)) || set -- '**'
  admin POST /v1/agents -d "$(jq -nc --arg name "$name" '{name: $name, kind: "host", allow: $ARGS.positional}' --args "$@")" | jq -r .token
}

# as TOKEN METHOD PATH [CURL...]: through the TCP door; the body, then the status on a line of its own.
as() {
  local token=$1 method=$2 path=$3
  shift 3
  curl -sS --noproxy '*' --max-time 70 -w '\n%{http_code}' -X "$method" ${token:+-H "Authorization: Bearer $token"} "$URL$path" "$@"
}

# announce TOKEN INSTANCE REPO [PATH]
announce() {
  as "$1" PUT /v1/agents/self -d '{"version":"1","host":"h","instance":"'"$2"'","targets":[{"name":"web","repo":"'"$3"'",
    "ref":"refs/heads/main","path":"'"${4:-}"'","driver":"files","sync":"auto"}]}'
}

# stream FILE CURL...: in the background; its pid in STREAM_PID.
stream() {
  local file=$1
  shift
  curl -sS -N --noproxy '*' -H 'Accept: text/event-stream' "$@" >"$file" 2>"$file.err" 3>&- &
  STREAM_PID=$!
  STREAM_PIDS+=("$STREAM_PID")
}

setup() {
  STREAM_PIDS=()
  headgate_setup
}

teardown() {
  local pid
  for pid in "${STREAM_PIDS[@]}"; do
    kill -CONT "$pid" 2>/dev/null && kill "$pid" || true
    wait "$pid" || true
  done
  headgate_teardown
}

lines_are() { (($(grep -c -e "$2" "$3") == $1)); }
# closed FD SECONDS: the other side has closed it, or does so in that time.
closed() {
  local status=0
  read -r -t "$2" -u "$1" -N 1 || status=$?
  ((status > 0 && status <= 128))
}
ended() { ! kill -0 "$1" 2>/dev/null; }

start() {
  server_config
  repo_new infra/prod
  repo_new infra/other
  daemon_start
}

# push REPO PATH TEXT: one commit more on its main.
push_change() {
  [[ -d $T/w-${1//\//-} ]] || git clone -q "$GIT_ROOT/$1.git" "$T/w-${1//\//-}" 2>/dev/null
  cd "$T/w-${1//\//-}" || return 1
  commit "$2" "$3"
  git push -q origin HEAD:refs/heads/main
  HEAD=$(git rev-parse HEAD)
  cd "$T" || return 1
}

@test "a token is missing, wrong, revoked" {
  start
  good=$(token web1)
  run as '' GET /v1/agents/self/events?instance=i
  has '"error":"unauthorized"'
  has '401'
  run as "${good%?}x" PUT /v1/agents/self -d '{}'
  has '401'
  run curl -sS -o /dev/null -D - --noproxy '*' -H 'Authorization: Basic eDp5' "$URL/v1/archive"
  has 'WWW-Authenticate: Bearer'
  # Anyone may ask how it is; what is for administrators is not for agents.
  run as '' GET /healthz
  has '200'
  run as "$good" GET /v1/agents
  has '"error":"forbidden"'
  run as "$good" GET /v1/events
  has '403'
  run as "$good" POST /v1/agents -d '{}'
  has '403'
  run announce "$good" i1 infra/prod
  has '"name":"web1"'
  [[ $(admin DELETE /v1/agents/web1 -o /dev/null -w '%{http_code}') == 204 ]]
  run announce "$good" i1 infra/prod
  has '401'
  # Several refusals of one address within a minute are one event.
  wait_for 5 has_events 1 agent.refused
  events_of agent.refused | jq -e '.data == {"agent": null, "token": null, "remote": "127.0.0.1", "reason": .data.reason, "left_out": 0}'
  # The secret is nowhere in the state.
  [[ -n $good ]]
  fails grep -rqF -e "${good#hga_}" "$STATE"
}

@test "an agent's stream: the snapshot, then what touches its path, and its reports" {
  start
  push_change infra/prod hosts/web/a 1
  t=$(token web1 'infra/prod')
  run announce "$t" i1 infra/other
  has '"error":"forbidden"'
  has 'target web'
  run announce "$t" i1 infra/prod hosts/web
  has '"cursor"'
  stream "$T/s" -H "Authorization: Bearer $t" "$URL/v1/agents/self/events?instance=i1"
  wait_for 5 lines_are 1 '^event: bookmark' "$T/s"
  grep -qF '"new":"'"$HEAD"'"' "$T/s"
  push_change infra/prod elsewhere/a 1
  push_change infra/other hosts/web/a 1
  push_change infra/prod hosts/web/a 2
  wait_for 5 lines_are 1 '^event: io.headgate.ref.updated' "$T/s"
  grep -F '"new":"'"$HEAD"'"' "$T/s" | grep -qF '"hosts/web/a"'
  run as "$t" POST /v1/agents/self/reports -d '{"target":"web","sync":"Synced","health":"Healthy","operation":"Succeeded",
    "desired":"'"$HEAD"'","applied":"'"$HEAD"'","observed":"'"$HEAD"'","message":"done \u001b[31m"}'
  has '"cursor"'
  has '200'
  has_events 1 agent.reported
  admin GET /v1/status | jq -e --arg head "$HEAD" '.agents[0] | .connected and .remote == "127.0.0.1" and
    .targets[0].report.applied == $head'
  run as "$t" POST /v1/agents/self/reports -d '{"target":"db","sync":"Synced","health":"Healthy","operation":"Succeeded"}'
  has '404'
  # It is shown again after a restart; the stream goes on behind the cursor that was last seen.
  cursor=$(sed -n 's/^id: //p' "$T/s" | tail -n 1)
  daemon_stop
  wait_for 5 ended "$STREAM_PID"
  push_change infra/prod hosts/web/a 3
  daemon_start
  admin GET /v1/agents | jq -e '.agents[0].targets[0].report.sync == "Synced" and (.agents[0].connected | not)'
  stream "$T/s2" -H "Authorization: Bearer $t" -H "Last-Event-ID: $cursor" "$URL/v1/agents/self/events?instance=i1"
  wait_for 5 lines_are 1 '^event: io.headgate.ref.updated' "$T/s2"
  grep -qF '"new":"'"$HEAD"'"' "$T/s2"
  ! grep -q '^event: snapshot' "$T/s2" || false
}

@test "a cursor of another journal: reset, then the snapshot" {
  start
  push_change infra/prod a 1
  stream "$T/s" --unix-socket "$ADMIN_SOCKET" "http://x/v1/events?cursor=0123456789abcdef.7&repo=infra/prod"
  wait_for 5 lines_are 1 '^event: bookmark' "$T/s"
  [[ $(grep '^event: ' "$T/s" | head -n 3 | tr '\n' ' ') == 'event: reset event: snapshot event: bookmark ' ]]
  [[ $(admin GET '/v1/events?cursor=0123456789abcdef.7' -o /dev/null -w '%{http_code}') == 410 ]]
}

@test "a long poll ends with the first event" {
  start
  cursor=$(admin GET /v1/status | jq -r .head)
  admin GET "/v1/events?cursor=$cursor&wait=60&repo=infra/prod&path=hosts" >"$T/page" &
  poll=$!
  push_change infra/other hosts/a 1
  push_change infra/prod elsewhere 1
  push_change infra/prod hosts/a 1
  wait "$poll"
  jq -e --arg head "$HEAD" '(.events | length) == 1 and .events[0].data.new == $head and (.more | not)' "$T/page"
}

@test "two agents of one name" {
  start
  t=$(token web1)
  announce "$t" i1 infra/prod
  stream "$T/s" -H "Authorization: Bearer $t" "$URL/v1/agents/self/events?instance=i1"
  first=$STREAM_PID
  wait_for 5 lines_are 1 '^event: bookmark' "$T/s"
  run announce "$t" i2 infra/prod
  has '409'
  has '"error":"agent-name-in-use"'
  has '127.0.0.1'
  run as "$t" GET '/v1/agents/self/events?instance=i2'
  has '409'
  wait_for 5 has_events 1 agent.refused
  events_of agent.refused | jq -e '.subject == "web1" and .data.agent == "web1"'
  # The same instance, come again, takes the place of its old stream.
  stream "$T/s2" -H "Authorization: Bearer $t" "$URL/v1/agents/self/events?instance=i1"
  wait_for 5 ended "$first"
  wait_for 5 lines_are 1 '^event: bookmark' "$T/s2"
  # Gone, and the other one may come.
  kill "$STREAM_PID"
  wait_for 5 eval '[[ $(admin GET /v1/agents | jq ".agents[0].connected") == false ]]'
  run announce "$t" i2 infra/prod
  has '200'
}

@test "a removed agent's stream ends at once" {
  start
  t=$(token web1)
  announce "$t" i1 infra/prod
  stream "$T/s" -H "Authorization: Bearer $t" "$URL/v1/agents/self/events?instance=i1"
  wait_for 5 lines_are 1 '^event: bookmark' "$T/s"
  admin DELETE /v1/agents/web1
  wait_for 5 ended "$STREAM_PID"
  wait "$STREAM_PID"
  [[ ! -s $T/s.err ]]
}

@test "an archive: its digest, its entity tag, the same bytes for the same tree" {
  start
  push_change infra/prod hosts/web/a 1
  one=$HEAD
  push_change infra/prod elsewhere/a 1
  t=$(token web1 infra/prod)
  for rev in "$one" "$HEAD"; do
    curl -sS --noproxy '*' -f -D "$T/head" -o "$T/$rev.tar.gz" -H "Authorization: Bearer $t" "$URL/v1/archive?repo=infra/prod&rev=$rev&path=hosts"
    grep -qi "^headgate-revision: $rev" "$T/head"
    etag=$(tr -d '\r' <"$T/head" | sed -n 's/^ETag: //p')
    [[ $etag == "\"$(git -C "$GIT_ROOT/infra/prod.git" rev-parse "$rev:hosts")\"" ]]
    digest=$(tr -d '\r' <"$T/head" | sed -n 's/^Repr-Digest: sha-256=:\(.*\):$/\1/p')
    [[ $(base64 -d <<<"$digest" | od -An -v -tx1 | tr -d ' \n') == "$(sha256sum <"$T/$rev.tar.gz" | cut -d' ' -f1)" ]]
  done
  cmp "$T/$one.tar.gz" "$T/$HEAD.tar.gz"
  [[ $(tar tzf "$T/$HEAD.tar.gz") == *web/a* ]]
  run as "$t" GET "/v1/archive?repo=infra/prod&rev=$HEAD&path=hosts" -H "If-None-Match: $etag"
  has '304'
  run as "$t" GET "/v1/archive?repo=infra/other&rev=$HEAD"
  has '403'
  run as "$t" GET "/v1/archive?repo=infra/prod&rev=main"
  has '400'
  run as "$t" GET "/v1/archive?repo=infra/prod&rev=$HEAD&path=nothing"
  has '"error":"path-not-found"'
  run as "$t" GET "/v1/archive?repo=infra/prod&rev=$HEAD&path=../infra"
  has '400'
}

@test "a reader that sleeps gets everything, once and in order" {
  start
  t=$(token web1)
  announce "$t" i1 infra/prod
  stream "$T/s" --unix-socket "$ADMIN_SOCKET" 'http://x/v1/events?cursor=0&type=io.headgate.agent.*'
  wait_for 5 lines_are 1 '^data: ' "$T/s"
  kill -STOP "$STREAM_PID"
  message=$(head -c 60000 /dev/zero | tr '\0' x)
  for i in {1..60}; do
    printf '{"target":"web","sync":"Synced","health":"Healthy","operation":"Succeeded","exit_status":%s,"message":"%s"}' "$i" "$message" >"$T/report"
    as "$t" POST /v1/agents/self/reports -d @"$T/report" >/dev/null
  done
  admin GET /healthz
  kill -CONT "$STREAM_PID"
  wait_for 10 lines_are 60 '^data: .*agent.reported' "$T/s"
  [[ $(sed -n 's/^data: //p' "$T/s" | jq 'select(.type | contains("reported")) | .data.exit_status' | tr '\n' ' ') == "$(seq -s ' ' 60) " ]]
}

@test "what is no request" {
  start
  t=$(token web1)
  run as "$t" PUT /v1/agents/self -d '{"instance":'
  has '400'
  run as "$t" PUT /v1/agents/self -d '{"instance":"i","targets":[{"name":7}]}'
  has '\"name\"'
  run as "$t" POST /v1/agents/self/reports -d '[]'
  has '400'
  announce "$t" i1 infra/prod
  head -c 70000 /dev/zero | tr '\0' x >"$T/large"
  run as "$t" POST /v1/agents/self/reports -d '{"target":"web","message":"'"$(cat "$T/large")"'"}'
  has '413'
  head -c 1100000 /dev/zero >"$T/larger"
  run as "$t" PUT /v1/agents/self --data-binary @"$T/larger"
  has '413'
  run as "$t" PUT /v1/agents/self -H "X: $(cat "$T/large")" -d '{}'
  has '400'
  run as "$t" GET "/v1/agents/self/events?instance=$(head -c 9000 "$T/large")"
  has '400'
  run as "$t" TRACE /healthz
  has '405'
  run as "$t" GET /healthz
  has '200'
}

# Half a minute, which is how long a client may take for its request.
@test "who never sends a request is let go; a quiet stream is kept and told that it is alive" {
  start
  port=${URL##*:}
  stream "$T/s" --unix-socket "$ADMIN_SOCKET" 'http://x/v1/events?last=0'
  exec 4<>"/dev/tcp/127.0.0.1/$port"
  exec 5<>"/dev/tcp/127.0.0.1/$port"
  printf 'GET /healthz HT' >&5
  started=$SECONDS
  # A byte now and then keeps no connection: the deadline is for the whole request.
  until closed 5 0.5; do
    ((SECONDS < started + 40)) && printf 'x' >&5
  done
  ((SECONDS >= started + 28))
  closed 4 5
  exec 4<&- 5<&-
  wait_for 5 lines_are 2 '^event: bookmark' "$T/s"
  kill -0 "$STREAM_PID"
}

@test "plain HTTP off loopback must be wanted; a second daemon does not take the socket" {
  server_config
  sed -i 's/127.0.0.1:0/0.0.0.0:0/' "$CONFIG"
  fails headgated -c "$CONFIG"
  has 'insecure: true'
  start
  sed -i "s,$STATE,$T/state2," "$CONFIG"
  mkdir "$T/state2"
  fails headgated -c "$CONFIG"
  has 'another process listens there'
  [[ $(stat -c %a "$ADMIN_SOCKET") == 600 ]]
  [[ $(admin GET /healthz) == ok ]]
}

@test "slow readers of archives do not take the last descriptor" {
  server_config 'limits: {streams: 20, client_open: 0}'
  repo_new prod && repo_clone prod
  head -c 3000000 /dev/urandom >big && git add big && git commit -q -m big && git push -q origin main
  headgated() {
    ulimit -S -n 256
    exec "$BUILD/bin/headgated" "$@"
  }
  daemon_start
  agent_add slow
  crowd=()
  for i in {1..200}; do
    exec {fd}<>"/dev/tcp/127.0.0.1/${URL##*:}"
    printf 'GET /v1/archive?repo=prod&rev=%s HTTP/1.1\r\nAuthorization: Bearer %s\r\n\r\n' "$(git rev-parse main)" \
      "$(<"$T/slow.token")" >&"$fd"
    crowd+=("$fd")
  done
  for fd in "${crowd[@]}"; do
    head -c 1 <&"$fd" >/dev/null
  done
  commit other 2
  git push -q origin main
  [[ -z $(ls "$STATE/spool") ]]
  [[ $(admin GET /v1/status | jq -r '.repositories[].trouble') == null ]]
  for fd in "${crowd[@]}"; do
    exec {fd}<&-
  done
}

@test "who holds connections open and asks nothing keeps nobody out" {
  server_config 'limits: {streams: 300}'
  daemon_start
  ulimit -S -n "$(ulimit -H -n)"
  crowd=()
  for i in {1..4300}; do
    exec {fd}<>"/dev/tcp/127.0.0.1/${URL##*:}"
    crowd+=("$fd")
  done
  [[ $(curl -sS --noproxy '*' --max-time 5 "$URL/healthz") == ok ]]
  (($(find "/proc/$DAEMON_PID/fd" -lname 'socket:*' | wc -l) < 4200))
  for fd in "${crowd[@]}"; do
    exec {fd}<&-
  done
}

@test "more connections than there are descriptors" {
  server_config
  # The daemon alone is kept short; this shell opens the connections.
  headgated() {
    ulimit -n 100
    exec "$BUILD/bin/headgated" "$@"
  }
  daemon_start
  grep -q 'fewer descriptors' "$DAEMON_LOG"
  crowd=()
  for i in {1..90}; do
    exec {fd}<>"/dev/tcp/127.0.0.1/${URL##*:}"
    crowd+=("$fd")
  done
  # Whoever floods the TCP door keeps nobody from the admin socket.
  [[ $(admin GET /healthz) == ok ]]
  ticks=$(awk '{ print $14 + $15 }' "/proc/$DAEMON_PID/stat")
  run curl -sS --noproxy '*' --max-time 1 "$URL/healthz"
  ((status == 28))
  # It does not turn in circles meanwhile.
  (($(awk '{ print $14 + $15 }' "/proc/$DAEMON_PID/stat") - ticks < 50))
  for fd in "${crowd[@]}"; do
    exec {fd}<&-
  done
  wait_for 5 curl -sS -f --noproxy '*' --max-time 1 "$URL/healthz"
}

@test "a body where none belongs is not taken for the next request" {
  start
  for method in GET HEAD DELETE OPTIONS TRACE; do
    for length in 'Content-Length: 38' 'Transfer-Encoding: chunked'; do
      exec {door}<>"/dev/tcp/127.0.0.1/${URL##*:}"
      printf '%s /healthz HTTP/1.1\r\nHost: x\r\n%s\r\n\r\nGET /readyz HTTP/1.1\r\nHost: smuggled\r\n\r\n' "$method" "$length" >"$T/both"
      # In one piece: it may hang up before a second one.
      cat "$T/both" >&"$door"
      timeout 10 cat <&"$door" >"$T/answers" || { echo "$method, $length: not closed"; false; }
      exec {door}>&-
      (($(grep -c '^HTTP/1' "$T/answers") == 1)) || { echo "$method, $length:"; cat "$T/answers"; false; }
      grep -qi '^Connection: close' "$T/answers"
    done
  done
}
