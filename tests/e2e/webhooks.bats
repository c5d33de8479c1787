# Webhooks that are sent: to a real receiver, whose answers each test says.
load helper
bats_require_minimum_version 1.5.0

teardown() {
  local pid
  for pid in "${RECEIVERS[@]}"; do
    kill "$pid"
    wait "$pid" || true
  done
  headgate_teardown
}

# receiver NAME [CERT KEY]: start one; its folder is $T/NAME, its URL in ${HOOK[NAME]}.
receiver() {
  local scheme=http
  declare -gA HOOK
  mkdir "$T/$1"
  python3 "$ROOT/tests/e2e/receiver.py" "$T/$1" "$T/secret" "${@:2}" >"$T/$1.log" 2>&1 3>&- &
  RECEIVERS+=($!)
  wait_for 20 test -e "$T/$1/port"
  (($# == 1)) || scheme=https
  HOOK[$1]=$scheme://127.0.0.1:$(cat "$T/$1/port")
}

# begin [WEBHOOK...]: a daemon with these entries of webhooks, and a repository with a clone of it.
begin() {
  local entry config=webhooks:
  for entry; do
    config+=$'\n'"  - {$entry}"
  done
  server_config "$config"
  repo_new infra
  daemon_start
  repo_clone infra
}

begin_secret() {
  RECEIVERS=()
  (umask 077 && echo 'quite-a-secret-0123' >"$T/secret")
}

requests() {
  [[ ! -e $T/$1/log ]] || cat "$T/$1/log"
}

# request_to NAME PATH: the one that came there.
request_to() {
  requests "$1" | jq -c --arg path "$2" 'select(.path == $path)'
}

# got NAME COUNT: that many requests have come.
got() {
  (($(requests "$1" | wc -l) == $2))
}

push_one() {
  commit "$1" "$1"
  git push -q origin main
}

# The state of deliveries, the latest first.
states() {
  headgate webhook deliveries "$@" --json | jq -r '.deliveries[].state'
}

of_webhook() {
  admin GET /v1/webhooks | jq -r --arg name "$1" ".webhooks[] | select(.name == \$name) | $2"
}

@test "each event is told once, in order, signed" {
  begin_secret
  receiver a
  begin "name: a, url: '${HOOK[a]}/in', secret_file: $T/secret, allow_private: true"
  commit one 1
  for n in $(seq 20); do
    git update-ref "refs/heads/b$n" HEAD
  done
  git push -q origin --all
  push_one two
  wait_for 20 got a 22
  requests a | jq -es 'all(.[]; .method == "POST" and .path == "/in" and .signed == {"webhook-signature": true, "x-signature": true})'
  [[ $(requests a | jq -r '.body | fromjson | .id') == $(events_of ref.updated | jq -r .id) ]]
  [[ $(requests a | jq -r '.body | fromjson | .data.new' | tail -n 1) == $(git rev-parse HEAD) ]]
  wait_for 10 eval '[[ $(of_webhook a .behind) == 0 ]]'
  # What is settled is on disk: a daemon that starts again has nothing to tell.
  daemon_stop
  daemon_start
  push_one three
  wait_for 20 got a 23
  [[ $(requests a | jq -r '.headers["webhook-id"]' | sort -u | wc -l) == 23 ]]
}

@test "every format, filtered by repository and ref" {
  begin_secret
  receiver a
  common="secret_file: $T/secret, allow_private: true, refs: [refs/heads/main], insecure: true"
  begin "name: gh, format: github, url: '${HOOK[a]}/gh', $common" "name: gl, format: gitlab, url: '${HOOK[a]}/gl', $common" \
    "name: gt, format: gitea, url: '${HOOK[a]}/gt', $common" "name: jk, format: jenkins, url: '${HOOK[a]}/jk', $common" \
    "name: other, url: '${HOOK[a]}/other', allow_private: true, repos: [other/**]"
  commit a/b 1 $'subject\n\nmore'
  git branch side
  git push -q origin main side
  wait_for 20 got a 4
  requests a | jq -es 'all(.[]; .signed | all(.[]; .))'
  request_to a /gh | jq -e '.headers["x-github-event"] == "push" and (.signed | length == 3)
    and (.body | fromjson | .head_commit.message == "subject\n\nmore\n" and .commits[0].added == ["a/b"]
      and .repository.default_branch == "main" and .pusher.name == "alice")'
  request_to a /gl | jq -e '.signed == {"x-gitlab-token": true}'
  request_to a /gt | jq -e '.signed | length == 3'
  requests a | jq -es --arg tip "$(git rev-parse HEAD)" '.[] | select(.method == "GET")
    | .path == "/jk?url=https%3A%2F%2Ftest.example.org%2Finfra.git&branches=main&sha1=\($tip)&token=quite-a-secret-0123"'
}

@test "a receiver that fails is asked again: the same delivery, after the time that it asks for" {
  begin_secret
  receiver a
  printf '%s\n' '503 then busy' '503 Retry-After: 1' 500 >"$T/a/answers"
  begin "name: a, url: '${HOOK[a]}', format: github, allow_private: true, retry_first: 1s"
  push_one one
  push_one two
  wait_for 30 got a 5
  wait_for 10 eval '[[ $(states) == $'\''delivered\ndelivered'\'' ]]'
  [[ $(requests a | jq -r '.headers["x-github-delivery"]' | uniq -c | awk '{print $1}' | tr '\n' ' ') == '4 1 ' ]]
  headgate webhook deliveries a --json | jq -e '.deliveries[1].attempts == 4 and .deliveries[1].status == 200'
  run headgate webhook deliveries
  has delivered
}

@test "killed between a delivery and its cursor, it tells that one again, and nothing is lost" {
  begin_secret
  receiver a
  begin "name: a, url: '${HOOK[a]}', allow_private: true"
  push_one one
  # Until that one is on disk; what is sent twice is then the second alone.
  wait_for 20 eval '[[ $(states) == delivered ]]'
  echo "kill $DAEMON_PID" >"$T/a/answers"
  push_one two
  wait "$DAEMON_PID" || true
  got a 2
  daemon_start
  wait_for 20 eval '(($(requests a | wc -l) >= 3))'
  push_one three
  wait_for 20 eval '[[ $(requests a | jq -r ".body | fromjson | .data.new" | tail -n 1) == "$(git rev-parse HEAD)" ]]'
  [[ $(requests a | jq -r '.headers["webhook-id"]' | uniq | wc -l) == 3 ]]
  [[ $(requests a | jq -r '.body | fromjson | .id' | uniq) == $(events_of ref.updated | jq -r .id) ]]
}

@test "too old, an event is parked and those after it go on; parked ones are replayed" {
  begin_secret
  receiver a
  printf '%s\n' '500 then no' 410 >"$T/a/answers"
  begin "name: a, url: '${HOOK[a]}', allow_private: true, retry_for: 0s"
  push_one one
  push_one two
  push_one three
  wait_for 20 got a 3
  wait_for 10 eval '[[ $(states --state parked | wc -l) == 2 ]]'
  headgate webhook deliveries a --state parked --json | jq -e '.deliveries | map(.status) == [410, 500] and .[1].answer == "no"'
  [[ $(of_webhook a .parked) == 2 ]]
  run -0 headgate webhook list
  has idle
  # One by its id, then the rest; a replay that fails is parked again.
  id=$(headgate webhook deliveries a --state parked --json | jq -r '.deliveries[1].delivery')
  echo '500' >"$T/a/answers"
  run -0 headgate webhook replay a "$id"
  has '1 queued'
  wait_for 20 got a 4
  wait_for 10 eval '[[ $(states --state parked | wc -l) == 2 ]]'
  run -0 headgate webhook replay a --parked
  has '2 queued'
  wait_for 20 got a 6
  wait_for 10 eval '[[ $(states --state delivered | wc -l) == 3 ]]'
  requests a | jq -r '.headers["webhook-id"]' >"$T/ids"
  [[ $(sed -n 4p "$T/ids") == "$id" && $(sed -n 5,6p "$T/ids") == $(sed -n 1,2p "$T/ids") ]]
  run -1 headgate webhook replay a --parked
  has 'nothing of this webhook is parked'
  run -1 headgate webhook replay a 00000000-0000-0000-0000-000000000000
  # From a cursor on, all of it again, in order.
  run -0 headgate webhook replay a --after 0
  wait_for 20 got a 9
  [[ $(requests a | jq -r '.headers["webhook-id"]' | tail -n 3) == $(sed -n 1,3p "$T/ids") ]]
}

@test "no redirect is followed, no proxy asked, and an answer without an end is cut" {
  begin_secret
  receiver a
  receiver b
  printf '%s\n' "302 Location: ${HOOK[b]}/elsewhere" long >"$T/a/answers"
  export http_proxy=${HOOK[b]} https_proxy=${HOOK[b]} all_proxy=${HOOK[b]} HTTP_PROXY=${HOOK[b]} ALL_PROXY=${HOOK[b]}
  begin "name: a, url: '${HOOK[a]}', allow_private: true, retry_for: 0s"
  push_one one
  push_one two
  wait_for 20 got a 2
  wait_for 10 eval '[[ $(states) == $'\''delivered\nparked'\'' ]]'
  headgate webhook deliveries a --json | jq -e '.deliveries[1].error | contains("redirects are not followed")'
  headgate webhook deliveries a --json | jq -e '.deliveries[0].answer | length == 512'
  got b 0
}

@test "loopback and private addresses are closed unless the config opens them, by whatever name" {
  begin_secret
  receiver a
  port=$(cat "$T/a/port")
  begin "name: shut, url: 'http://127.0.0.1:$port', retry_for: 0s" "name: name, url: 'http://localhost:$port', retry_for: 0s" \
    "name: six, url: 'http://[::1]:$port', retry_for: 0s" "name: mapped, url: 'http://[::ffff:127.0.0.1]:$port', retry_for: 0s" \
    "name: decimal, url: 'http://2130706433:$port', retry_for: 0s" "name: meta, url: 'http://169.254.169.254', allow_private: true, retry_for: 0s" \
    "name: open, url: 'http://localhost:$port/open', allow: [127.0.0.0/8]"
  push_one one
  wait_for 20 got a 1
  requests a | jq -e '.path == "/open"'
  wait_for 20 eval '[[ $(states --state parked | wc -l) == 6 ]]'
  headgate webhook deliveries --state parked --json | jq -e 'all(.deliveries[]; .status == 0 and (.error | test("may not connect to it")))'
  headgate webhook deliveries meta --json | jq -e '.deliveries[0].error | startswith("169.254.169.254 is a metadata address")'
  got a 1
}

@test "certificates are checked, against the config's own where it names them" {
  begin_secret
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=receiver -addext subjectAltName=IP:127.0.0.1 \
    -keyout "$T/key.pem" -out "$T/cert.pem" 2>/dev/null
  receiver a "$T/cert.pem" "$T/key.pem"
  begin "name: unknown, url: '${HOOK[a]}/unknown', allow_private: true, retry_for: 0s" \
    "name: known, url: '${HOOK[a]}/known', allow_private: true, ca_file: $T/cert.pem" \
    "name: other, url: 'https://localhost:$(cat "$T/a/port")/other', allow_private: true, ca_file: $T/cert.pem, retry_for: 0s"
  push_one one
  wait_for 20 eval '[[ $(states --state parked | wc -l) == 2 && $(states --state delivered | wc -l) == 1 ]]'
  got a 1
  requests a | jq -e '.path == "/known"'
}

@test "a receiver that does not answer holds up nobody else" {
  begin_secret
  receiver a
  receiver b
  printf 'hang\nhang\n' >"$T/a/answers"
  begin "name: a, url: '${HOOK[a]}', allow_private: true, timeout: 1s, retry_for: 0s" "name: b, url: '${HOOK[b]}', allow_private: true"
  push_one one
  push_one two
  wait_for 20 got b 2
  wait_for 20 eval '[[ $(states a --state parked | wc -l) == 2 ]]'
  headgate webhook deliveries a --json | jq -e 'all(.deliveries[]; .error == "no answer within 1 s")'
  [[ $(of_webhook b .failed) == 0 ]]
}

@test "headgate webhook test tells whether the receiver takes it" {
  begin_secret
  receiver a
  begin "name: a, url: '${HOOK[a]}', format: github, secret_file: $T/secret, allow_private: true"
  run -0 headgate webhook test a
  has 'a: taken, answered 200'
  requests a | jq -e '.headers["x-github-event"] == "ping" and (.signed | all(.[]; .))'
  printf '403 then \033[31mno\n' >"$T/a/answers"
  run -1 headgate webhook test a
  has 'not taken, answered 403'
  lacks $'\033[31m'
  run -1 headgate webhook test b
  has 'there is no webhook named "b"'
  run -2 headgate webhook replay a
  run -2 headgate webhook
  [[ $(states) == '' ]]
}

@test "a secret is in no log, no answer and no list of processes" {
  begin_secret
  receiver a
  printf '500\n' >"$T/a/answers"
  begin "name: a, url: '${HOOK[a]}', format: gitlab, insecure: true, secret_file: $T/secret, allow_private: true" \
    "name: j, url: '${HOOK[a]}/j', format: jenkins, insecure: true, secret_file: $T/secret, retry_for: 0s"
  push_one one
  wait_for 20 got a 2
  wait_for 10 eval '[[ $(states j) == parked ]]'
  headgate webhook list --json >"$T/told"
  headgate webhook deliveries --json >>"$T/told"
  cat "$DAEMON_LOG" "/proc/$DAEMON_PID/cmdline" >>"$T/told"
  fails grep -a 'quite-a-secret' "$T/told"
  daemon_stop
  fails grep -ar 'quite-a-secret' "$STATE"
  chmod 644 "$T/secret"
  fails headgated -c "$CONFIG"
  has "webhook a: $T/secret is open to others"
}

@test "a webhook that leaves the config is forgotten, and one that comes begins at the head" {
  begin_secret
  receiver a
  begin "name: a, url: '${HOOK[a]}', allow_private: true"
  push_one one
  wait_for 20 got a 1
  daemon_stop
  server_config "webhooks: [{name: b, url: '${HOOK[a]}/b', allow_private: true}]"
  daemon_start
  push_one two
  wait_for 20 got a 2
  requests a | jq -es '.[1].path == "/b" and (.[1].body | fromjson | .data.paths[0].path) == "two"'
  wait_for 10 eval '[[ $(headgate webhook deliveries --json | jq -r ".deliveries[].webhook") == b ]]'
  run -1 headgate webhook deliveries a
}

@test "other events, by cloudevents alone" {
  begin_secret
  receiver a
  begin "name: a, url: '${HOOK[a]}', allow_private: true, events: ['agent.*', push.refused]"
  headgate agent add web --kind host --allow '**' >/dev/null
  wait_for 20 got a 1
  requests a | jq -e '.body | fromjson | .type == "io.headgate.agent.added.v1"'
  printf 'a: 1\na: 2\n' >bad.yaml
  git add bad.yaml
  git commit -qm bad
  fails git push -q origin main
  wait_for 20 got a 2
  requests a | jq -es '.[1].body | fromjson | .type == "io.headgate.push.refused.v1"'
  server_config "webhooks: [{name: a, format: github, url: 'https://example.org', events: ['agent.*']}]"
  fails headgated -t -c "$CONFIG"
  has 'the format github has a word for ref.updated alone'
}

@test "the journal keeps what has not been told, however old, and lets it go then" {
  begin_secret
  receiver a
  for _ in $(seq 50); do
    echo 503
  done >"$T/a/answers"
  begin "name: a, url: '${HOOK[a]}', allow_private: true, retry_first: 1s, retry_most: 1s"
  daemon_stop
  printf 'journal: {keep_events: 20}\n' >>"$CONFIG"
  daemon_start
  commit one 1
  for n in $(seq 60); do
    git update-ref "refs/heads/b$n" HEAD
  done
  git push -q origin --all
  wait_for 10 grep -q 'because they are still needed.*by=webhooks' "$DAEMON_LOG"
  [[ $(admin GET '/v1/events?cursor=0&limit=1' | jq -r '.events[0].id' | cut -d. -f2) == 1 ]]
  : >"$T/a/answers"
  wait_for 30 eval '[[ $(of_webhook a .behind) == 0 ]]'
  [[ $(requests a | jq -r '.body | fromjson | .id' | sort -u | wc -l) == 61 ]]
  # It is looked at again at the next start, or a while later.
  daemon_stop
  daemon_start
  wait_for 30 eval '(($(admin GET "/v1/events?cursor=0&limit=1" | jq -r ".events[0].id" | cut -d. -f2) > 20))'
}
