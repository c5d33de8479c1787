# Webhooks that forges send: verified, journaled, each once.
load helper
bats_require_minimum_version 1.5.0

OLD=1111111111111111111111111111111111111111 NEW=2222222222222222222222222222222222222222

begin() {
  (umask 077 && echo 'from-the-forge' >"$T/secret")
  server_config "inbound:
  - {name: hub, kind: github, secret_file: $T/secret, repo: vendor/charts}
  - {name: lab, kind: gitlab, secret_file: $T/secret, repo: vendor/lab}
  - {name: tea, kind: gitea, secret_file: $T/secret, repo: vendor/tea}"
  daemon_start
}

push_body() {
  printf '{"ref":"refs/heads/main","before":"%s","after":"%s","n":"%s"}' "$OLD" "$NEW" "${1-}"
}

mac() {
  python3 -c 'import hashlib, hmac, sys; print(hmac.new(b"from-the-forge", sys.argv[1].encode(), hashlib.sha256).hexdigest())' "$1"
}

# post NAME BODY [HEADER...]: the status, then what was answered.
post() {
  local name=$1 body=$2 header args=()
  shift 2
  for header; do
    args+=(-H "$header")
  done
  curl -sS --noproxy '*' --max-time 30 -o "$T/answer" -w '%{http_code} ' -H 'Content-Type: application/json' "${args[@]}" --data-binary "$body" \
    "$URL/v1/inbound/$name"
  cat "$T/answer"
}

github() {
  post hub "$1" 'X-GitHub-Event: push' "X-GitHub-Delivery: $2" "X-Hub-Signature-256: sha256=$(mac "$1")"
}

@test "a push at each forge becomes an event" {
  begin
  [[ $(github "$(push_body)" one) == '200 {"cursor":"'*'","repeated":false}' ]]
  [[ $(post lab "$(push_body)" 'X-Gitlab-Event: Push Hook' 'X-Gitlab-Event-UUID: two' 'X-Gitlab-Token: from-the-forge') == 200* ]]
  [[ $(post tea "$(push_body)" 'X-Gitea-Event: push' 'X-Gitea-Delivery: three' "X-Gitea-Signature: $(mac "$(push_body)")") == 200* ]]
  events_of upstream.pushed | jq -es --arg old $OLD --arg new $NEW 'map(.data) == [
    {inbound: "hub", kind: "github", repo: "vendor/charts", ref: "refs/heads/main", old: $old, new: $new, delivery: "one"},
    {inbound: "lab", kind: "gitlab", repo: "vendor/lab", ref: "refs/heads/main", old: $old, new: $new, delivery: "two"},
    {inbound: "tea", kind: "gitea", repo: "vendor/tea", ref: "refs/heads/main", old: $old, new: $new, delivery: "three"}]'
  events_of upstream.pushed | jq -es '.[0].subject == "vendor/charts:refs/heads/main"'
  # Who subscribes to that repository hears of it.
  admin GET '/v1/events?cursor=0&repo=vendor/lab' | jq -e '.events | length == 1'
}

@test "a delivery is taken once, by its id and by its body, and a restart forgets neither" {
  begin
  [[ $(github "$(push_body a)" one) == *'"repeated":false}' ]]
  [[ $(github "$(push_body a)" one) == '200 {"cursor":null,"repeated":true}' ]]
  [[ $(github "$(push_body b)" one) == *'"repeated":true}' ]]
  # The signature does not cover the id: the same body under another one is an old one that somebody kept.
  [[ $(github "$(push_body a)" two) == *'"repeated":true}' ]]
  daemon_stop
  daemon_start
  [[ $(github "$(push_body a)" three) == *'"repeated":true}' ]]
  has_events 1 upstream.pushed
  [[ $(github "$(push_body c)" four) == *'"repeated":false}' ]]
}

@test "without the secret nothing gets in, and the attempt is journaled" {
  begin
  body=$(push_body)
  [[ $(post hub "$body" 'X-GitHub-Event: push') == '401 {"error":"unauthorized"'* ]]
  [[ $(post hub "$body" 'X-GitHub-Event: push' "X-Hub-Signature-256: sha256=$(mac "$body.")") == 401* ]]
  [[ $(post hub "$body " 'X-GitHub-Event: push' "X-Hub-Signature-256: sha256=$(mac "$body")") == 401* ]]
  [[ $(post lab "$body" 'X-Gitlab-Event: Push Hook' 'X-Gitlab-Token: from-the-forg') == 401* ]]
  [[ $(post tea "$body" 'X-Gitea-Event: push' "X-Hub-Signature-256: sha256=$(mac "$body")") == 401* ]]
  [[ $(post none "$body" 'X-GitHub-Event: push') == 404* ]]
  has_events 0 upstream.pushed
  wait_for 10 eval 'events_of agent.refused | jq -e ".data.reason | contains(\"inbound webhook\")"'
  fails grep -a from-the-forge "$DAEMON_LOG"
  [[ $(curl -sS --noproxy '*' -o /dev/null -w '%{http_code}' "$URL/v1/inbound/hub") == 405 ]]
}

@test "what is no push is passed over, and what is no webhook is refused" {
  begin
  [[ $(post hub '{}' 'X-GitHub-Event: ping' "X-Hub-Signature-256: sha256=$(mac '{}')") == '200 {"ignored":true}' ]]
  [[ $(github '{"ref":"main"}' one) == '400 {"error":"bad-request","message":"field \"ref\" is not a full ref name"}' ]]
  [[ $(github 'payload=1' one) == 400* ]]
  head -c 1100000 /dev/zero | tr '\0' x >"$T/large"
  [[ $(curl -sS --noproxy '*' -o /dev/null -w '%{http_code}' --data-binary "@$T/large" "$URL/v1/inbound/hub") == 413 ]]
  has_events 0 upstream.pushed
}

@test "a gitea branch that is deleted, and entries that make no sense" {
  begin
  body='{"ref":"old/one","ref_type":"branch"}'
  [[ $(post tea "$body" 'X-Gitea-Event: delete' 'X-Gitea-Delivery: d' "X-Gitea-Signature: $(mac "$body")") == 200* ]]
  events_of upstream.pushed | jq -e '.data.ref == "refs/heads/old/one" and .data.old == null and (.data.new | test("^0{40}$"))'
  daemon_stop
  server_config "inbound: [{name: a, kind: jenkins, secret_file: $T/secret, repo: x}]"
  fails headgated -t -c "$CONFIG"
  has 'expected github, gitlab or gitea'
  server_config "inbound: [{name: a, kind: github, secret_file: $T/none, repo: x}]"
  fails headgated -c "$CONFIG"
  has "inbound webhook a: cannot open $T/none"
}
