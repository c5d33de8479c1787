# Archives through the daemon's doors: what they hold, beside git archive; parts and conditions; differences, by a real agent.

load helper

# How many files the large tree has; measuring wants more.
FILES=${HEADGATE_TEST_FILES:-3000}

# A tree of all that Git can hold, by fast-import, which takes names that no shell would like. In the repository $1, on branch main.
odd_tree() {
  python3 - <<'END' | git -C "$GIT_ROOT/$1.git" fast-import --quiet
import sys
out = sys.stdout.buffer
def quote(path):
    return b'"' + b''.join(b'\\%03o' % c if c < 33 or c > 126 or c in b'"\\' else bytes([c]) for c in path) + b'"'
def put(mode, path, data):
    out.write(b'M %s inline %s\ndata %d\n%s\n' % (mode, quote(path), len(data), data))
out.write(b'commit refs/heads/main\ncommitter T <t@example.org> 1500000000 +0000\ndata 1\nx\n')
put(b'100644', b'plain', b'plain\n')
put(b'100755', b'run', b'#!/bin/sh\n')
put(b'100644', b'empty', b'')
put(b'100755', b'empty-run', b'')
put(b'120000', b'link', b'plain')
put(b'120000', b'dangling', b'nowhere/at all')
put(b'120000', b'deep/link', b'../' + b'x' * 200)
put(b'100644', b'spaces and\ttabs/new\nline', b'x')
put(b'100644', b'quotes "\'\\/back\\slash', b'x')
put(b'100644', b'-rf', b'x')
put(b'100644', b'*?[a]', b'x')
put(b'100644', b'latin1-\xe9\xff/\x80', b'x')
put(b'100644', 'utf8-\u00e4\u4e2d\U0001f600'.encode(), b'x')
put(b'100644', b'.headgate/removed', b'no list\n')
put(b'100644', b'.hidden', b'x')
put(b'100644', b'pax_global_header', b'x')
for n in (99, 100, 101, 155, 156, 255):
    put(b'100644', b'n' * n, b'%d' % n)
    put(b'100644', b'd%d/' % n + b'm' * n, b'%d' % n)
for n in (98, 99, 100, 150, 155, 156, 157, 200):
    put(b'100644', b'p' * n + b'/' + b'q' * 100, b'x')
    put(b'100644', b'p' * n + b'/r', b'x')
put(b'100644', b'/'.join(b'level%d' % i for i in range(60)) + b'/leaf', b'x')
put(b'100644', b'large', bytes(range(256)) * 40000 + b'end')
for n in (511, 512, 513):
    put(b'100644', b'size%d' % n, b'z' * n)
out.write(b'M 160000 %s "vendor/module"\n\n' % (b'1' * 40))
END
}

# What stands in a folder, by name, kind, executable or not, link target.
listing() {
  (cd "$1" && find . -mindepth 1 \( -type f -perm -u+x -printf '%P\0x\0%l\0' -o -printf '%P\0%y\0%l\0' \) | tr '\0\n' '\n\1' | paste -d '\2' - - - | sort)
}

archive() {
  admin GET "/v1/archive?repo=$1&rev=$2$3" "${@:4}"
}

@test "an archive holds what git archive has, for GNU tar, for Python and for bsdtar" {
  server_config
  repo_new odd
  odd_tree odd
  daemon_start
  rev=$(git -C "$GIT_ROOT/odd.git" rev-parse main)
  archive odd "$rev" '' >ours.tar.gz
  mkdir theirs gnu python bsd
  git -C "$GIT_ROOT/odd.git" archive main | tar -x -C theirs
  tar -xzf ours.tar.gz -C gnu 2>gnu.err
  [[ ! -s gnu.err ]] || { cat gnu.err; false; }
  diff -r --no-dereference theirs gnu
  diff <(listing theirs) <(listing gnu)
  [[ -d gnu/vendor/module && -z $(ls -A gnu/vendor/module) ]]
  # Times, owners and names of the machine are nowhere.
  [[ $(tar -tvzf ours.tar.gz --numeric-owner --utc --full-time 2>&1 | grep -cv ' 0/0 .* 1970-01-01 00:00:00 ') == 0 ]]
  LC_ALL=C python3 - <<'END'
import tarfile
with tarfile.open('ours.tar.gz', errors='surrogateescape') as tar:
    tar.extractall('python')
END
  diff -r --no-dereference theirs python
  diff <(listing theirs) <(listing python)
  if command -v bsdtar >/dev/null; then
    bsdtar -xf ours.tar.gz -C bsd
    diff -r --no-dereference theirs bsd
    diff <(listing theirs) <(listing bsd)
  fi
}

@test "the same tree gives the same bytes in another repository, at another time and by another daemon" {
  server_config
  for name in one two; do
    repo_new $name
    odd_tree $name
  done
  # Packed otherwise, and of another commit.
  git -C "$GIT_ROOT/two.git" repack -qadf --depth=1
  tree=$(git -C "$GIT_ROOT/two.git" rev-parse 'main^{tree}')
  git -C "$GIT_ROOT/two.git" update-ref refs/heads/main "$(git -C "$GIT_ROOT/two.git" commit-tree -m later "$tree")"
  daemon_start
  archive one "$(git -C "$GIT_ROOT/one.git" rev-parse main)" '' >one.tar.gz
  daemon_stop
  rm -r "$STATE/archives"
  TZ=Asia/Tokyo LC_ALL=C daemon_start
  archive two "$(git -C "$GIT_ROOT/two.git" rev-parse main)" '' >two.tar.gz
  cmp one.tar.gz two.tar.gz
}

@test "a cut transfer goes on where it ended, and a client that has the archive is told so" {
  server_config
  repo_new odd
  odd_tree odd
  daemon_start
  rev=$(git -C "$GIT_ROOT/odd.git" rev-parse main)
  archive odd "$rev" '' >whole
  size=$(stat -c %s whole)
  head -c $((size / 3)) whole >part
  # curl's own resuming is `Range: bytes=N-`.
  archive odd "$rev" '' -C - -o part
  cmp whole part
  archive odd "$rev" '' -r 100-199 -D head >part
  cmp part <(tail -c +101 whole | head -c 100)
  grep -q "^HTTP/1.1 206 " head
  grep -q "^Content-Range: bytes 100-199/$size" head
  etag=$(sed -n 's/^ETag: \(.*\)\r$/\1/p' head)
  [[ $etag == "\"$(git -C "$GIT_ROOT/odd.git" rev-parse 'main^{tree}')\"" ]]
  archive odd "$rev" '' -r "$size-" -D head -o /dev/null
  grep -q "^HTTP/1.1 416 " head
  grep -q "^Content-Range: bytes \*/$size" head
  archive odd "$rev" '' -r 0-9 -H 'If-Range: "another"' >part
  cmp whole part
  archive odd "$rev" '' -H "If-None-Match: $etag" -D head -o /dev/null
  grep -q "^HTTP/1.1 304 " head
  curl -sS --noproxy '*' --unix-socket "$ADMIN_SOCKET" -I "http://headgate/v1/archive?repo=odd&rev=$rev" >head
  grep -q "^Content-Length: $size" head
  grep -q "^Accept-Ranges: bytes" head
}

@test "many who ask at once wait for one build" {
  server_config
  repo_new odd
  odd_tree odd
  daemon_start
  rev=$(git -C "$GIT_ROOT/odd.git" rev-parse main)
  pids=()
  for i in {1..20}; do
    archive odd "$rev" '' >"got.$i" 3>&- &
    pids+=($!)
  done
  wait "${pids[@]}"
  for i in {2..20}; do
    cmp got.1 "got.$i"
  done
  [[ $(echo "$STATE"/archives/*.tar.gz | wc -w) == 1 ]]
}

# The archive of what leads from tree $1 to tree $2.
delta() {
  echo "$STATE/archives/$2-$1.tar.gz"
}

@test "one changed file of thousands crosses the line as kilobytes, and comes to the same as from nothing" {
  server_config
  repo_new infra
  repo_clone infra
  # No two alike, and nothing that compresses.
  head -c $((FILES * 600)) /dev/urandom | base64 -w 76 >"$T/random"
  mkdir -p conf
  for ((i = 0; i < FILES; i += 100)); do mkdir "conf/$i"; done
  awk -v files="$FILES" '{ n = int(NR / 10); if (n >= files) exit; f = "conf/" int(n / 100) * 100 "/" n; print >f; if (NR % 10 == 9) close(f) }' "$T/random"
  git add . && git commit -q -m base && git push -q origin main
  daemon_start
  agent_add web
  agent_config web "infra:conf:$T/into"
  agent_start web
  wait_for 60 agent_synced web t1 "$(git rev-parse HEAD)"
  from=$(git rev-parse HEAD:conf)
  whole=$(stat -c %s "$STATE/archives/$from.tar.gz")
  ((whole > FILES * 400))

  echo changed >conf/100/123
  git commit -qam one && git push -q origin main
  wait_for 20 agent_synced web t1 "$(git rev-parse HEAD)"
  to=$(git rev-parse HEAD:conf)
  size=$(stat -c %s "$(delta "$from" "$to")")
  echo "whole: $whole bytes, differences: $size bytes"
  ((size < 1024))
  [[ ! -e $STATE/archives/$to.tar.gz ]]
  diff -r conf "$T/into"

  # Gone, moved, made executable, a file for a folder, a link: one after the other.
  from=$to
  git rm -qr conf/0
  git mv conf/200/200 conf/moved
  chmod +x conf/300/300
  git rm -qr conf/400 && echo file >conf/400
  ln -s moved conf/link
  git add . && git commit -qm many && git push -q origin main
  wait_for 20 agent_synced web t1 "$(git rev-parse HEAD)"
  to=$(git rev-parse HEAD:conf)
  ((size = $(stat -c %s "$(delta "$from" "$to")")))
  ((size < 8192))
  diff -r --no-dereference conf "$T/into"
  diff <(listing conf) <(listing "$T/into")
  # As from nothing, by another agent.
  agent_add fresh
  agent_config fresh "infra:conf:$T/into2"
  agent_start fresh
  wait_for 60 agent_synced fresh t1 "$(git rev-parse HEAD)"
  diff <(listing "$T/into2") <(listing "$T/into")
  diff -r --no-dereference "$T/into2" "$T/into"
}

@test "an agent whose tree has been pruned, or whose files were changed meanwhile, fetches the whole" {
  server_config
  repo_new infra
  repo_clone infra
  commit a one && commit b one && git push -q origin main
  daemon_start
  agent_add web
  agent_config web "
  - {name: t1, repo: infra, driver: files, compare_every: 0s, options: {into: $T/into}}"
  agent_start web
  wait_for 20 agent_synced web t1 "$(git rev-parse HEAD)"
  echo changed on the host >"$T/into/b"
  commit a two && git push -q origin main
  wait_for 20 agent_synced web t1 "$(git rev-parse HEAD)"
  grep -q 'the differences do not fit; fetching the whole' "$T/web.log"
  [[ $(<"$T/into/a") == two && $(<"$T/into/b") == one ]]
  # History that is rewritten and pruned takes the old tree along.
  git checkout -q --orphan other && git rm -qrf . && commit c three
  git push -q -f origin other:refs/heads/other
  agent_stop web
  git -C "$GIT_ROOT/infra.git" update-ref refs/heads/main refs/heads/other
  git -C "$GIT_ROOT/infra.git" reflog expire --expire=now --all
  git -C "$GIT_ROOT/infra.git" prune --expire=now
  git -C "$GIT_ROOT/infra.git" repack -qad
  agent_start web
  wait_for 20 agent_synced web t1 "$(git rev-parse HEAD)"
  [[ $(ls "$T/into") == c ]]
}
