# The agent against a daemon that lies: nothing is placed that was not promised, nothing outside of the target, and it says why.
load helper

COMMIT=0123456789012345678901234567890123456789
TREE=9876543210987654321098765432109876543210

setup() {
  headgate_setup
  mkdir "$T/false" "$T/tree"
  "$BUILD/tools/false_daemon" "$T/false" >"$T/port" 2>"$T/false.log" 3>&- &
  FALSE_PID=$!
  wait_for 20 test -s "$T/port"
  URL=http://127.0.0.1:$(<"$T/port")
  echo hga_any >"$T/web1.token"
  agent_config web1 "  - name: t1" "    repo: infra" "    path: hosts/web" "    driver: files" "    options: {into: $T/into}" \
    "    compare_every: 1s"
  says snapshot "{\"repo\":\"infra\",\"ref\":\"refs/heads/main\",\"new\":\"$COMMIT\"}" >"$T/false/stream"
  says bookmark '{}' >>"$T/false/stream"
}

teardown() {
  kill "$FALSE_PID"
  wait "$FALSE_PID" || true
  headgate_teardown
}

# says TYPE DATA: one event.
says() {
  printf 'id: 0123456789abcdef.7\nevent: %s\ndata: %s\n\n' "$1" "$2"
}

# serve TAR-ARGUMENT...: an archive of $T/tree with its digest.
serve() {
  tar -C "$T/tree" -czf "$T/false/archive" --format=pax "$@"
  headers
}

headers() {
  local hex
  hex=$(sha256sum "$T/false/archive" | cut -d ' ' -f 1)
  # shellcheck disable=SC2059
  printf 'ETag: "%s"\nRepr-Digest: sha-256=:%s:\n' $TREE "$(printf "$(sed 's/../\\x&/g' <<<"$hex")" | base64)" \
    >"$T/false/archive.headers"
}

# refused TEXT: --once ends with 1, the last report says TEXT, and nothing was placed.
refused() {
  run headgate-agent --once -c "$T/web1.yaml"
  ((status == 1)) || { echo "$output"; return 1; }
  [[ $(tail -n 1 "$T/false/reports" | jq -r .message) == *"$1"* ]] || { cat "$T/false/reports"; return 1; }
  [[ $(tail -n 1 "$T/false/reports" | jq -r .operation) == Failed ]]
  [[ $(tail -n 1 "$T/false/reports" | jq -r .sync) != Synced ]]
  [[ ! -e $T/outside ]]
  [[ ! -e $T/into || -z $(ls -A "$T/into") ]]
}

@test "an honest answer is taken" {
  echo one >"$T/tree/a"
  serve a
  headgate-agent --once -c "$T/web1.yaml"
  [[ $(<"$T/into/a") == one ]]
  [[ $(tail -n 1 "$T/false/reports" | jq -r .sync) == Synced ]]
}

@test "an archive without its digest, with another one, without its tree" {
  echo one >"$T/tree/a"
  serve a
  sed -i '/Repr-Digest/d' "$T/false/archive.headers"
  refused "gives no digest"
  headers
  sed -i 's/sha-256=:.../sha-256=:AAA/' "$T/false/archive.headers"
  refused "is not what its digest promised"
  serve a
  printf x >>"$T/false/archive"
  refused "is not what its digest promised"
  serve a
  sed -i '/ETag/d' "$T/false/archive.headers"
  refused "which tree"
}

@test "an answer that nothing has changed, unasked" {
  echo 304 >"$T/false/archive.status"
  refused "unasked"
}

@test "archives that lead out of the target" {
  echo one >"$T/tree/a"
  serve -P --transform 's#^a$#../outside#' a
  refused '".." component'
  serve -P --transform "s#^a\$#$T/outside#" a
  refused "name is absolute"
  ln -s ../outside "$T/tree/l"
  serve a l
  refused "leads out"
  ln -sf /etc "$T/tree/l"
  serve a l
  refused "absolute path"
  ln "$T/tree/a" "$T/tree/h"
  serve a h
  refused "hard link"
  mkfifo "$T/tree/p"
  serve a p
  refused "no file, folder or symbolic link"
  serve --transform 's#^a$#.headgate-x/a#' a
  refused "the agent's own"
}

@test "what is no archive" {
  echo '<html>' >"$T/false/archive"
  headers
  refused "no gzip file"
  echo one >"$T/tree/a"
  serve a
  truncate -s -20 "$T/false/archive"
  headers
  refused "cut short"
}

@test "answers of all kinds" {
  echo 500 >"$T/false/archive.status"
  run headgate-agent --once -c "$T/web1.yaml"
  ((status == 1))
  has "the server answers 500"
  echo 404 >"$T/false/archive.status"
  printf '{"error":"repository-not-found","message":"no such\\u001b[31m repository"}' >"$T/false/archive"
  refused "404 repository-not-found: no such"
  # What a server says is shown, not obeyed.
  lacks $'\e'
  echo 302 >"$T/false/archive.status"
  refused "302"
}

@test "a stream of nonsense" {
  head -c 3000 /dev/urandom >"$T/false/stream"
  says snapshot '{"repo":"infra","ref":"refs/heads/main","new":"../../etc/passwd"}' >>"$T/false/stream"
  says snapshot 'no JSON' >>"$T/false/stream"
  says snapshot '[]' >>"$T/false/stream"
  says bookmark '{}' >>"$T/false/stream"
  # No ref was told, so it is not there.
  run headgate-agent --once -c "$T/web1.yaml"
  ((status == 1))
  [[ $(tail -n 1 "$T/false/reports" | jq -r .message) == "the ref is not there"* ]]
}

@test "an event without an end" {
  printf 'data: ' >"$T/false/stream"
  head -c 9000000 /dev/zero | tr '\0' x >>"$T/false/stream"
  run headgate-agent --once -c "$T/web1.yaml"
  ((status == 2))
  has "longer than"
}

@test "a report that is not taken stays, and goes out the next time" {
  echo one >"$T/tree/a"
  serve a
  echo 503 >"$T/false/report.status"
  run headgate-agent --once -c "$T/web1.yaml"
  ((status == 2))
  has "a report waits"
  [[ $(<"$T/into/a") == one ]]
  [[ $(jq -r '.reports[].operation' "$T/web1.state/targets/t1/state.json" | xargs) == "Running Succeeded" ]]
  rm "$T/false/report.status" "$T/false/reports"
  echo 304 >"$T/false/archive.status"
  headgate-agent --once -c "$T/web1.yaml"
  [[ $(jq -r .operation "$T/false/reports" | head -n 2 | xargs) == "Running Succeeded" ]]
  [[ $(jq '.reports | length' "$T/web1.state/targets/t1/state.json") == 0 ]]
}
