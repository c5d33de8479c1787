# Streams of events over real pushes: who is told of what, exactly; readers that are slow, gone, come again.
load helper

# stream NAME QUERY [CURL...]: at the admin socket, in the background, into $T/NAME; its pid in STREAM_PID. It has begun when this returns.
stream() {
  local name=$1 query=$2
  shift 2
  curl -sS -N --noproxy '*' -H 'Accept: text/event-stream' --unix-socket "$ADMIN_SOCKET" "http://x/v1/events?$query" -D "$T/$name.head" "$@" \
    >"$T/$name" 2>"$T/$name.err" 3>&- &
  STREAM_PID=$!
  STREAM_PIDS+=("$STREAM_PID")
  wait_for 5 grep -q 'text/event-stream' "$T/$name.head"
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

start() {
  server_config
  repo_new infra
  daemon_start
  repo_clone infra
}

ended() { ! kill -0 "$1" 2>/dev/null; }
bookmarked() { grep -q '^event: bookmark' "$T/$1"; }
# told NAME: the new ids that a stream was told of, in order; told_is NAME ID...
told() { sed -n 's/^data: //p' "$T/$1" | jq -r 'select(.type == "io.headgate.ref.updated.v1") | .data.new' | tr '\n' ' '; }
told_is() { [[ $(told "$1") == "${*:2}${2:+ }" ]]; }
# told_is_last NAME ID
told_is_last() { [[ $(told "$1") == *"$2 " ]]; }
# push [BRANCH]: what is checked out, by force where that is needed; its id in HEAD.
push() {
  git push -qf origin "HEAD:refs/heads/${1:-main}"
  HEAD=$(git rev-parse HEAD)
}

@test "a path is told of what changes at or below it: renames, merges, force pushes" {
  start
  commit a/one 1
  commit b/two 1
  commit c/three 1
  push live
  base=$HEAD
  for path in a b c a/one; do
    stream "${path//\//-}" "last=0&path=$path"
  done
  stream all last=0

  # A rename from a to b is for both and not for c.
  git mv a/one b/one
  git commit -qm rename
  push live
  renamed=$HEAD
  wait_for 5 told_is all "$renamed"
  wait_for 5 told_is a "$renamed"
  wait_for 5 told_is a-one "$renamed"
  wait_for 5 told_is b "$renamed"

  # A merge is what it changes for the branch that takes it in.
  git checkout -qb topic "$base"
  commit c/three 2
  git checkout -q main
  git merge -q --no-ff -m merge topic
  push live
  merged=$HEAD
  wait_for 5 told_is all "$renamed" "$merged"
  wait_for 5 told_is c "$merged"
  told_is a "$renamed"
  told_is b "$renamed"

  # Back to before the merge by force: c changes back, a and b do not; and back to the base: all that the rename had moved.
  git reset -q --hard "$renamed"
  push live
  wait_for 5 told_is c "$merged" "$renamed"
  git reset -q --hard "$base"
  push live
  wait_for 5 told_is a "$renamed" "$base"
  wait_for 5 told_is b "$renamed" "$base"
  wait_for 5 told_is a-one "$renamed" "$base"
  wait_for 5 told_is all "$renamed" "$merged" "$renamed" "$base"
  told_is c "$merged" "$renamed"

  # A file becomes a folder, and what was below its name is told of too.
  git rm -q a/one
  commit a/one/deep 1
  push live
  wait_for 5 told_is a-one "$renamed" "$base" "$HEAD"
  # A revision whose trees are those of the one before is for nobody's path.
  git commit -q --allow-empty -m nothing
  push live
  wait_for 5 told_is all "$renamed" "$merged" "$renamed" "$base" "$(git rev-parse HEAD~1)" "$HEAD"
  told_is a "$renamed" "$base" "$(git rev-parse HEAD~1)"
}

@test "more paths than an event lists: the trees decide" {
  start
  mkdir -p many zz
  echo 1 >zz/quiet
  git add . && git commit -qm first && push
  # In order of name the list is full before it comes to what is below zz and zzz.
  for i in {0001..1200}; do echo "$i" >"many/$i"; done
  mkdir zzz && echo 1 >zzz/late
  git add . && git commit -qm many
  stream late 'last=0&path=zzz'
  stream quiet 'last=0&path=zz'
  stream sure 'last=0&path=many'
  stream both 'last=0&path=zz/quiet'
  push
  many=$HEAD
  wait_for 10 told_is late "$many"
  wait_for 10 told_is sure "$many"
  events_of ref.updated | tail -n 1 | jq -e '.data.paths_truncated and (.data.paths | length) == 1000'
  # They go on after the answer, in order, and who was not meant was not told.
  commit zz/quiet 2
  push
  wait_for 5 told_is quiet "$HEAD"
  wait_for 5 told_is both "$HEAD"
  told_is late "$many"
  # A deleted branch had all of it.
  git push -q origin HEAD:refs/heads/other
  git push -q origin :refs/heads/other
  wait_for 5 eval '[[ $(told late | wc -w) == 3 && $(told quiet | wc -w) == 3 ]]'
}

@test "who comes again with Last-Event-ID misses nothing and is told nothing twice" {
  start
  stream s1 last=0
  for i in {1..5}; do
    commit f "$i"
    push
  done
  wait_for 5 eval '[[ $(told s1 | wc -w) == 5 ]]'
  # After the third it is cut off.
  cursor=$(sed -n 's/^id: //p' "$T/s1" | sed -n 3p)
  kill "$STREAM_PID"
  for i in 6 7; do
    commit f "$i"
    push
  done
  stream s2 'cursor=0' -H "Last-Event-ID: $cursor"
  wait_for 5 eval '[[ $(told s2 | wc -w) == 4 ]]'
  [[ "$(told s1 | cut -d' ' -f1-3) $(told s2)" == "$(git rev-list --reverse HEAD | tr '\n' ' ')" ]]
  # The daemon comes again too; whoever goes on behind the last cursor is told what came meanwhile, from disk.
  cursor=$(sed -n 's/^id: //p' "$T/s2" | tail -n 1)
  daemon_stop
  wait_for 5 ended "$STREAM_PID"
  wait "$STREAM_PID"
  [[ ! -s $T/s2.err ]]
  commit f 8
  push
  daemon_start
  stream s3 "cursor=$cursor"
  wait_for 5 told_is s3 "$HEAD"
}

@test "a cursor that cannot be gone on from: reset, the snapshot, then what comes" {
  start
  commit f 1
  push
  first=$HEAD
  head=$(admin GET /v1/status | jq -r .head)
  stream foreign "cursor=0123456789abcdef.1"
  stream ahead "cursor=${head%.*}.99"
  for name in foreign ahead; do
    wait_for 5 bookmarked "$name"
    # The bookmark of its slot may have come by now.
    [[ $(grep '^event: ' "$T/$name" | head -n 3 | tr '\n' ' ') == 'event: reset event: snapshot event: bookmark ' ]]
    grep -qF '"new":"'"$first"'"' "$T/$name"
    [[ $(sed -n 's/^id: //p' "$T/$name" | head -n 1) == "$head" ]]
  done
  commit f 2
  push
  wait_for 5 told_is foreign "$HEAD"
  wait_for 5 told_is ahead "$HEAD"
  [[ $(admin GET "/v1/events?cursor=${head%.*}.99" -o /dev/null -w '%{http_code}') == 410 ]]
}

@test "readers that sleep or take a byte a second: they cost nothing and catch up from disk" {
  start
  stream sleeper 'cursor=0&type=io.headgate.ref.*'
  sleeper=$STREAM_PID
  stream trickle 'cursor=0' --limit-rate 1
  stream brisk 'last=0'
  commit f 0
  push
  wait_for 5 eval '[[ $(told brisk | wc -w) == 1 ]]'
  kill -STOP "$sleeper"
  # Far more than a socket holds and than the daemon keeps in memory: forty moves of a thousand long paths each.
  name=$(printf 'x%.0s' {1..150})
  mkdir wide
  for i in {0001..1000}; do echo 0 >"wide/$name$i"; done
  for round in {1..40}; do
    for i in 0001 0500; do echo "$round" >"wide/$name$i"; done
    git add . && git commit -qm "$round"
    git push -q origin "HEAD:refs/heads/wide-$round"
  done
  wait_for 20 eval '[[ $(told brisk | wc -w) == 41 ]]'
  before=$(awk '/^Rss:/ { print $2 }' "/proc/$DAEMON_PID/smaps_rollup")
  (($(sanitized && echo 0 || echo "$before") < 40000))
  kill -CONT "$sleeper"
  wait_for 20 eval '[[ $(told sleeper | wc -w) == 41 ]]'
  [[ $(told sleeper) == "$(told brisk)" ]]
  # The one that takes a byte a second holds nobody up.
  commit f 1
  push
  wait_for 5 eval '[[ $(told sleeper | wc -w) == 42 && $(told brisk | wc -w) == 42 ]]'
  kill -0 "${STREAM_PIDS[1]}"
  # Nor the end of the daemon.
  daemon_stop
  ! grep -q 'without waiting' "$DAEMON_LOG" || false
}

@test "an old client, a half-closed line, a client that talks on" {
  start
  commit f 1
  push
  # HTTP/1.0 is answered without chunks.
  stream old 'last=0' --http1.0
  stream new 'last=0' --raw
  commit f 2
  push
  wait_for 5 told_is old "$HEAD"
  wait_for 5 grep -q '^event: io.headgate.ref' "$T/new"
  ! grep -qE '^[0-9a-f]+.?$' "$T/old" || false
  grep -qE '^[0-9a-f]+.?$' "$T/new"
  # Who ends its side is let go; who says something that nobody asked for is not listened to.
  agent_add web
  exec 4<>"/dev/tcp/127.0.0.1/${URL##*:}"
  body='{"version":"1","host":"h","instance":"i1","targets":[{"name":"t","repo":"infra","ref":"refs/heads/main","path":"","driver":"files","sync":"auto"}]}'
  curl -sS --noproxy '*' -f -X PUT -H "Authorization: Bearer $(<"$T/web.token")" -d "$body" "$URL/v1/agents/self" >/dev/null
  printf 'GET /v1/agents/self/events?instance=i1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n' "$(<"$T/web.token")" >&4
  wait_for 5 eval '[[ $(admin GET /v1/agents | jq ".agents[0].connected") == true ]]'
  printf 'POST / HTTP/1.1\r\n\r\n' >&4
  commit f 3
  push
  until read -r -t 5 line <&4 && [[ $line == *"$HEAD"* ]]; do
    [[ -n $line ]] || continue
    [[ $line != *'ok'$'\r' ]]
  done
  exec 4<&-
  wait_for 5 eval '[[ $(admin GET /v1/agents | jq ".agents[0].connected") == false ]]'
}

@test "a page waits for the first event that is for it, and no longer" {
  start
  commit a/f 1
  push
  cursor=$(admin GET /v1/status | jq -r .head)
  admin GET "/v1/events?cursor=$cursor&wait=60&path=b" >"$T/page" &
  page=$!
  admin GET "/v1/events?cursor=$cursor&wait=5&path=nothing" >"$T/empty" &
  empty=$!
  commit a/f 2
  push
  commit b/f 1
  push
  wait "$page"
  jq -e --arg head "$HEAD" '[.events[].data.new] == [$head] and (.more | not)' "$T/page"
  wait "$empty"
  # Its cursor is behind what was not for it.
  jq -e --arg head "$(admin GET /v1/status | jq -r .head)" '.events == [] and .cursor == $head' "$T/empty"
}

@test "answers are compressed for those who take it" {
  start
  for i in {1..12}; do
    commit f "$i"
    push
  done
  admin GET '/v1/events?cursor=0' -D "$T/head" >"$T/plain"
  ! grep -qi '^content-encoding' "$T/head" || false
  grep -qi '^vary: accept-encoding' "$T/head"
  admin GET '/v1/events?cursor=0' -H 'Accept-Encoding: gzip' -D "$T/head" >"$T/packed"
  grep -qi '^content-encoding: gzip' "$T/head"
  cmp "$T/plain" <(gzip -dc "$T/packed")
  (($(stat -c %s "$T/packed") * 3 < $(stat -c %s "$T/plain")))
  # Small ones and those of clients that refuse it are as they are.
  admin GET '/v1/events?last=0' -H 'Accept-Encoding: gzip' | jq -e '.events == []'
  admin GET '/v1/events?cursor=0' -H 'Accept-Encoding: gzip;q=0, *' | cmp - "$T/plain"
  # One that a worker compresses.
  for i in {001..900}; do git branch "b-with-a-name-of-some-length-$i"; done
  git push -q --all origin
  admin GET '/v1/events?cursor=0&limit=1000' >"$T/plain"
  admin GET '/v1/events?cursor=0&limit=1000' -H 'Accept-Encoding: br, gzip;q=0.8' >"$T/packed"
  (($(stat -c %s "$T/plain") > 300000))
  cmp "$T/plain" <(gzip -dc "$T/packed")
}

@test "a stream is compressed for those who take it" {
  start
  commit f 1
  push
  stream plain 'cursor=0'
  stream packed 'cursor=0' -H 'Accept-Encoding: gzip'
  stream unpacked '' --compressed
  stream old '' --compressed --http1.0
  grep -qi '^vary: accept-encoding' "$T/plain.head"
  ! grep -qi '^content-encoding' "$T/plain.head" || false
  grep -qi '^content-encoding: gzip' "$T/packed.head"
  # Events are there as soon as they are sent, not when some buffer is full.
  for i in {2..30}; do
    commit f "$i"
    push
    wait_for 5 told_is_last unpacked "$HEAD"
  done
  wait_for 5 told_is_last old "$HEAD"
  wait_for 5 told_is_last plain "$HEAD"
  grep -q '^event: snapshot' "$T/unpacked"
  daemon_stop
  for pid in "${STREAM_PIDS[@]}"; do
    wait_for 5 ended "$pid"
  done
  # The end is one that gzip takes for whole. Bookmarks may differ.
  gzip -dc "$T/packed" >"$T/packed.text"
  cmp <(grep -A1 '^event: io' "$T/plain") <(grep -A1 '^event: io' "$T/packed.text")
  (($(stat -c %s "$T/packed") * 4 < $(stat -c %s "$T/plain") * 3))
  [[ ! -s $T/unpacked.err && ! -s $T/old.err ]]
}
