# Fleets of repositories: the manifest that is published, beside grokmirror's own tools (make suites); what a manifest of an upstream leads to.
load helper

grok() {
  local tool=$1
  shift
  [[ -e $ROOT/suites/grokmirror/.digest ]] || skip 'grokmirror is not here; make suites fetches it'
  env -u GIT_CONFIG_NOSYSTEM PYTHONPATH="$ROOT/suites/grokmirror" PYTHONDONTWRITEBYTECODE=1 timeout 60 python3 -m "grokmirror.$tool" "$@"
}

# filled NAME: a repository with a commit, a second branch and a tag.
filled() {
  repo_new "$1"
  repo_clone "$1" "$T/fill"
  commit a.txt "$1"
  git tag -a -m tag v1
  git push -q origin main main:refs/heads/dev v1
  cd "$T"
  rm -rf "$T/fill"
}

# moved NAME TEXT: one more commit on main.
moved() {
  git clone -q "$GIT_ROOT/$1.git" "$T/move" 2>/dev/null
  cd "$T/move"
  commit b.txt "$2"
  git push -q origin main
  cd "$T"
  rm -rf "$T/move"
}

manifest() {
  gzip -dc "$T/manifest.js.gz" | jq -e "$@"
}

fingerprint() {
  git -C "$GIT_ROOT/$1.git" show-ref | sha1sum | cut -d ' ' -f 1
}

tells() {
  manifest --arg path "/$1.git" --arg print "$(fingerprint "$1")" '.[$path].fingerprint == $print'
}

@test "what there is and what moves is in the manifest, by its fingerprint; it is written when it says something new" {
  server_config "manifest: {file: $T/manifest.js.gz}"
  filled infra/prod
  filled apps
  repo_new empty
  daemon_start
  wait_for 10 tells infra/prod
  wait_for 10 tells apps
  manifest 'keys == ["/apps.git", "/infra/prod.git"] and all(.[]; .head == "ref: refs/heads/main" and has("reference") and .modified > 1700000000)'
  [[ $(stat -c %a "$T/manifest.js.gz") == 644 && ! -e $T/manifest.js.gz.new ]]
  # Each push, however close, is seen by whoever asks by a time of whole seconds.
  before=$(stat -c %Y "$T/manifest.js.gz")
  for text in one two three; do
    moved apps $text
    wait_for 10 tells apps
    after=$(stat -c %Y "$T/manifest.js.gz")
    ((after > before))
    before=$after
  done
  # Repositories come and go.
  filled more
  wait_for 10 tells more
  tells empty && false
  mv "$GIT_ROOT/infra/prod.git" "$T/away"
  wait_for 10 manifest 'has("/infra/prod.git") | not'
  # The same again is no reason to write.
  before=$(stat -c %i.%Y "$T/manifest.js.gz")
  (($(metric headgate_manifest_repositories) == 2 && $(metric headgate_manifest_written_total) >= 5 && $(metric headgate_manifest_failures_total) == 0))
  daemon_stop
  daemon_start
  moved more x
  wait_for 10 tells more
  daemon_stop
  before=$(stat -c %i.%Y "$T/manifest.js.gz")
  daemon_start
  kill -HUP "$DAEMON_PID"
  wait_for 10 grep -q 'the config is in force' "$DAEMON_LOG"
  daemon_stop
  [[ $(stat -c %i.%Y "$T/manifest.js.gz") == "$before" ]]
}

# bats test_tags=grokmirror
@test "our manifest and grok-manifest's say the same of the same repositories" {
  [[ -e $ROOT/suites/grokmirror/.digest ]] || skip 'grokmirror is not here; make suites fetches it'
  server_config "manifest: {file: $T/manifest.js.gz}"
  filled infra/prod
  filled plain
  filled fork
  filled 'odd name'
  git init -q --bare "$GIT_ROOT/unborn.git"
  printf 'What it is\n' >"$GIT_ROOT/plain.git/description"
  git -C "$GIT_ROOT/plain.git" config gitweb.owner 'Ann Öwner'
  git -C "$GIT_ROOT/plain.git" symbolic-ref HEAD refs/heads/dev
  git -C "$GIT_ROOT/plain.git" symbolic-ref refs/heads/alias refs/heads/main
  echo "$GIT_ROOT/plain.git/objects" >"$GIT_ROOT/fork.git/objects/info/alternates"
  git -C "$GIT_ROOT/infra/prod.git" pack-refs --all
  ln -s plain.git "$GIT_ROOT/also.git"
  ln -s ../plain.git "$GIT_ROOT/infra/again.git"
  ln -s "$T" "$GIT_ROOT/elsewhere.git"
  grok manifest -m "$T/theirs.js.gz" -t "$GIT_ROOT"
  daemon_start
  wait_for 10 test -e "$T/manifest.js.gz"
  canonical='map_values(if .symlinks then .symlinks |= sort else . end)'
  diff <(gzip -dc "$T/theirs.js.gz" | jq -S "$canonical") <(gzip -dc "$T/manifest.js.gz" | jq -S "$canonical")
}

@test "only what is to be exported is told of, by name and by git-daemon-export-ok" {
  server_config "manifest: {file: $T/manifest.js, repos: ['public/**'], export_ok: true}"
  filled public/a
  filled public/b
  filled private/c
  touch "$GIT_ROOT/public/a.git/git-daemon-export-ok" "$GIT_ROOT/private/c.git/git-daemon-export-ok"
  daemon_start
  wait_for 10 test -e "$T/manifest.js"
  jq -e 'keys == ["/public/a.git"]' "$T/manifest.js"
}

@test "a manifest that cannot be written is told of, and written once it can be" {
  mkdir "$T/www"
  server_config "manifest: {file: $T/www/not/yet/manifest.js.gz}"
  filled apps
  daemon_start
  wait_for 10 grep -q 'the manifest cannot be written' "$DAEMON_LOG"
  mkdir -p "$T/www/not/yet"
  moved apps x
  wait_for 10 grep -q 'the manifest can be written again' "$DAEMON_LOG"
  gzip -dc "$T/www/not/yet/manifest.js.gz" | jq -e --arg print "$(fingerprint apps)" '."/apps.git".fingerprint == $print'
}

# grok_pull_all SITE MANIFEST: a replica of it, made and followed.
grok_pull_all() {
  mkdir "$T/replica"
  cat >"$T/grok.conf" <<END
[core]
toplevel = $T/replica
manifest = $T/replica/manifest.js.gz
log = $T/grok.log
[remote]
site = $1
manifest = $2
[pull]
include = *
pull_threads = 2
[fsck]
frequency = 30
END
  grok pull -o -c "$T/grok.conf"
  for name in infra/prod apps; do
    [[ $(git -C "$T/replica/$name.git" show-ref) == "$(git -C "$GIT_ROOT/$name.git" show-ref)" ]]
  done
  moved apps again
  wait_for 10 tells apps
  grok pull -o -c "$T/grok.conf"
  [[ $(git -C "$T/replica/apps.git" show-ref) == "$(git -C "$GIT_ROOT/apps.git" show-ref)" ]]
}

# published: two repositories, and the manifest of them.
published() {
  [[ -e $ROOT/suites/grokmirror/.digest ]] || skip 'grokmirror is not here; make suites fetches it'
  server_config "manifest: {file: $T/manifest.js.gz}"
  filled infra/prod
  filled apps
  daemon_start
  wait_for 10 tells apps
  wait_for 10 tells infra/prod
}

# bats test_tags=grokmirror
@test "grok-pull follows our manifest and our repositories, by files" {
  published
  grok_pull_all "$GIT_ROOT" "file://$T/manifest.js.gz"
}

# bats test_tags=grokmirror
@test "grok-pull follows our manifest and our repositories, over smart HTTP" {
  published
  web_up alice:secret
  serve_http
  grok_pull_all "http://alice:secret@127.0.0.1:$WEB_PORT" "$HTTP_URL/manifest.js.gz"
  http_says '"GET /manifest.js.gz HTTP/1.1" 200' 2
}

# upstream_new NAME: a repository of the upstream, in $T/up, with a commit.
upstream_new() {
  git init -q --bare "$T/up/$1.git"
  upstream_moves "$1" "$1"
}

# upstream_moves NAME TEXT [BRANCH]: one more commit there.
upstream_moves() {
  git clone -q "$T/up/$1.git" "$T/move" 2>/dev/null
  cd "$T/move"
  git checkout -q "${3:-main}" 2>/dev/null || git checkout -q -b "${3:-main}"
  commit up.txt "$2"
  git push -q origin HEAD
  cd "$T"
  rm -rf "$T/move"
}

upstream_tells() {
  grok manifest -p -m "$T/up.js.gz" -t "$T/up"
}

same() {
  [[ $(git -C "$T/up/$1.git" show-ref) == "$(git -C "$GIT_ROOT/$1.git" show-ref | grep -v ' refs/headgate/')" ]]
}

# pull_config KEY...: a pull mirror of all that the upstream has.
pull_config() {
  local key
  server_config 'mirrors:' "  - name: up" "    direction: pull" "    url: $T/up/{repo}.git" "    refs: ['refs/**']" "    retry_first: 1s" \
    "    retry_most: 2s" "${@/#/    }"
}

# has_said COUNT TEXT: so many lines of the daemon's log.
has_said() {
  (($(grep -c -- "$2" "$DAEMON_LOG") == $1))
}

copies() {
  admin GET "/v1/mirrors?mirror=up" | jq -e "$@"
}

# bats test_tags=grokmirror
@test "an upstream's manifest, written by grok-manifest: its repositories are made here and kept in step" {
  [[ -e $ROOT/suites/grokmirror/.digest ]] || skip 'grokmirror is not here; make suites fetches it'
  mkdir "$T/up"
  upstream_new pub/one
  upstream_new pub/two
  upstream_new private/three
  printf 'The first\n' >"$T/up/pub/one.git/description"
  git -C "$T/up/pub/one.git" config gitweb.owner Ann
  git -C "$T/up/pub/two.git" branch trunk main
  git -C "$T/up/pub/two.git" symbolic-ref HEAD refs/heads/trunk
  upstream_tells
  pull_config "manifest: $T/up.js.gz" 'every: 1s' 'create: true' "repos: ['pub/**']"
  daemon_start
  wait_for 20 same pub/one
  wait_for 20 same pub/two
  [[ ! -e $GIT_ROOT/private && $(cat "$GIT_ROOT/pub/one.git/description") == 'The first' ]]
  [[ $(git -C "$GIT_ROOT/pub/one.git" config gitweb.owner) == Ann ]]
  [[ $(git -C "$GIT_ROOT/pub/two.git" symbolic-ref HEAD) == refs/heads/trunk ]]
  # As headgate install makes it: nothing is left to do.
  [[ $(headgate install -c "$CONFIG" "$GIT_ROOT/pub/one.git") == *'already installed, nothing to do' ]]
  wait_for 10 copies '[.copies[].state] == ["in-step", "in-step"]'
  # One moves: it alone is looked at, once neither is looked at any more because it has just been made.
  wait_for 20 copies 'all(.copies[]; (.tried | sub("[.][0-9]+Z$"; "Z") | fromdate) < now - 2.5)'
  tried=$(copies -r '.copies[] | select(.repo == "pub/one").tried')
  upstream_moves pub/two again
  upstream_tells
  wait_for 20 same pub/two
  [[ $(copies -r '.copies[] | select(.repo == "pub/one").tried') == "$tried" ]]
  # A new one comes by itself.
  upstream_new pub/deep/four
  upstream_tells
  wait_for 20 same pub/deep/four
  # One that goes stays here, and says why; it goes on when it is back.
  mv "$T/up/pub/one.git" "$T/away.git"
  rm "$T/up.js.gz"
  upstream_tells
  wait_for 20 copies '.copies[] | select(.repo == "pub/one") | .state == "stopped" and (.error | startswith("upstream'"'"'s manifest has this repository no more"))'
  git -C "$GIT_ROOT/pub/one.git" rev-parse -q --verify refs/heads/main
  daemon_stop
  daemon_start
  wait_for 10 has_said 2 gone_there=1
  copies '.copies[] | select(.repo == "pub/one").state == "stopped"'
  (($(count_events mirror.diverged) == 1))
  mv "$T/away.git" "$T/up/pub/one.git"
  upstream_moves pub/one back
  upstream_tells
  wait_for 20 same pub/one
  wait_for 10 copies 'all(.copies[]; .state == "in-step")'
}

# serve_http: $T by HTTP, with what is asked for in $T/http.log; sets HTTP_URL.
serve_http() {
  python3 -u -m http.server --bind 127.0.0.1 -d "$T" 0 >"$T/http.out" 2>"$T/http.log" </dev/null 3>&- &
  WEB_PIDS+=($!)
  wait_for 10 grep -q 'port [0-9]' "$T/http.out"
  HTTP_URL=http://127.0.0.1:$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$T/http.out")
}

# entry NAME: what a manifest says of a repository of the upstream.
entry() {
  printf '"/%s.git": {"fingerprint": "%s", "modified": 1, "reference": null}' "$1" "$(git -C "$T/up/$1.git" show-ref | sha1sum | cut -d ' ' -f 1)"
}

# tell_by_hand TEXT: the manifest says that, in place of what it said.
tell_by_hand() {
  printf '%s' "$1" >"$T/up.js.new"
  mv "$T/up.js.new" "$T/up.js"
}

http_says() {
  (($(grep -c -- "$1" "$T/http.log") >= $2))
}

@test "a manifest over HTTP is fetched when it has changed, and not else" {
  mkdir "$T/up"
  upstream_new one
  tell_by_hand "{$(entry one)}"
  serve_http
  pull_config "manifest: $HTTP_URL/up.js" 'every: 1s' 'create: true'
  daemon_start
  wait_for 20 same one
  wait_for 20 http_says '"GET /up.js HTTP/1.1" 304' 2
  http_says '"GET /up.js HTTP/1.1" 200' 1
  upstream_moves one again
  tell_by_hand "{$(entry one)}"
  touch -d '+2 seconds' "$T/up.js"
  wait_for 20 same one
  # It goes away: nothing here does; told once, and again when it is back.
  mv "$T/up.js" "$T/up.away"
  wait_for 20 has_said 1 'the manifest of upstream cannot be read'
  wait_for 20 http_says '"GET /up.js HTTP/1.1" 404' 3
  has_said 1 'the manifest of upstream cannot be read'
  admin GET /metrics | grep -qE '^headgate_mirror_manifest_age_seconds\{mirror="up"\} [1-9]'
  copies '[.copies[].state] == ["in-step"]'
  mv "$T/up.away" "$T/up.js"
  wait_for 20 has_said 1 'the manifest of upstream can be read again'
}

@test "a hostile manifest makes nothing outside the root, and takes nothing away" {
  mkdir "$T/up"
  upstream_new one
  upstream_new nest/in
  tell_by_hand "{$(entry one), \"/../out.git\": {}, \"/a/../../out.git\": {}, \"/-oProxyCommand=touch\": {}, \"/one.git/objects/x.git\": {},
    \"/.git\": {}, \"/$T/out.git\": 7, \"/evil\\u0000.git\": {}, \"/nl\\n.git\": {}}"
  pull_config "manifest: $T/up.js" 'every: 1s' 'create: true'
  mkdir "$T/out" && ln -s "$T/out" "$GIT_ROOT/nest"
  daemon_start
  wait_for 20 same one
  wait_for 10 grep -q 'the manifest has repositories that are left out.*repositories=8' "$DAEMON_LOG"
  [[ $(cd "$GIT_ROOT" && echo *) == 'nest one.git' ]]
  # A link in the way is not followed.
  tell_by_hand "{$(entry one), $(entry nest/in)}"
  wait_for 20 copies '.copies[] | select(.repo == "nest/in").error | contains("is no folder")'
  [[ -z $(ls -A "$T/out") ]]
  # What nobody can read, what expands without end, what two would read differently, and one with nothing in it.
  for text in '<html>' "{$(entry one), $(entry one)}" '{}'; do
    : >"$DAEMON_LOG"
    tell_by_hand "$text"
    wait_for 20 grep -q 'cannot be read' "$DAEMON_LOG"
    tell_by_hand "{$(entry one)}"
    wait_for 20 grep -q 'can be read again' "$DAEMON_LOG"
  done
  : >"$DAEMON_LOG"
  head -c 80000000 /dev/zero | tr '\0' ' ' | gzip >"$T/up.js.new"
  mv "$T/up.js.new" "$T/up.js"
  wait_for 20 grep -q 'the manifest holds more than 67108864 bytes' "$DAEMON_LOG"
  same one
  copies '.copies[] | select(.repo == "one").state == "in-step"'
}

@test "a repository that borrows objects upstream borrows them here too" {
  mkdir "$T/up"
  upstream_new base
  git clone -q --bare "$T/up/base.git" "$T/up/fork.git"
  upstream_moves fork more
  tell_by_hand "{$(entry base)}"
  pull_config "manifest: $T/up.js" 'every: 1s' 'create: true'
  daemon_start
  wait_for 20 same base
  fork=$(entry fork)
  tell_by_hand "{$(entry base), ${fork/\"reference\": null/\"reference\": \"/base.git\"}}"
  wait_for 20 same fork
  [[ $(cat "$GIT_ROOT/fork.git/objects/info/alternates") == "$GIT_ROOT/base.git/objects" ]]
  [[ $(git -C "$GIT_ROOT/base.git" config --local gc.pruneExpire) == never ]]
  git -C "$GIT_ROOT/fork.git" fsck --connectivity-only
  # Only what the lender has not is here.
  [[ $(git -C "$GIT_ROOT/fork.git" count-objects -v | awk '/^(count|in-pack):/ { n += $2 } END { print n }') == 3 ]]
}

@test "without create nothing is made; a repository that is named needs no manifest" {
  mkdir "$T/up"
  upstream_new one
  upstream_new two
  tell_by_hand "{$(entry one), $(entry two)}"
  pull_config "manifest: $T/up.js" 'every: 1s'
  repo_new one
  daemon_start
  wait_for 20 same one
  grep -q 'the manifest of upstream is read.*not_here=1' "$DAEMON_LOG"
  copies '[.copies[].repo] == ["one"]'
  daemon_stop
  pull_config 'create: true' 'repos: [two, three]' 'every: 1s'
  daemon_start
  wait_for 20 same two
  # Upstream has no such repository: none is made here.
  wait_for 20 copies '.copies[] | select(.repo == "three") | .state == "failing"'
  [[ ! -e $GIT_ROOT/three.git ]]
  upstream_new three
  wait_for 20 same three
  [[ -z $(find "$GIT_ROOT" -name '.headgate-*') ]]
}

far_copies() {
  admin GET "/v1/mirrors?mirror=far" | jq -e "$@"
}

@test "a fleet is pushed by a pattern; repositories come and go; one that is not there is told with the way out" {
  server_config 'mirrors:' "  - {name: far, direction: push, url: '$T/far/{repo}.git', repos: ['pub/**'], retry_first: 1s, retry_most: 1s}"
  mkdir "$T/far"
  for name in pub/a pub/b private/c; do
    filled "$name"
    [[ $name == pub/b ]] || git init -q --bare "$T/far/$name.git"
  done
  daemon_start
  wait_for 20 far_copies '.copies[] | select(.repo == "pub/a").state == "in-step"'
  far_copies '[.copies[].repo] == ["pub/a", "pub/b"]'
  [[ -z $(git -C "$T/far/private/c.git" for-each-ref) ]]
  wait_for 20 far_copies '.copies[] | select(.repo == "pub/b") | .state == "failing" and (.error | test("no repository|not there|not found"; "i"))'
  far_copies -r '.copies[] | select(.repo == "pub/b").error'
  [[ ! -e $T/far/pub/b.git ]]
  git init -q --bare "$T/far/pub/b.git"
  wait_for 20 far_copies '.copies[] | select(.repo == "pub/b").state == "in-step"'
  # A new repository is mirrored without being asked for, and one that is gone here stays there.
  git init -q --bare "$T/far/pub/d.git"
  filled pub/d
  wait_for 20 far_copies '.copies[] | select(.repo == "pub/d").state == "in-step"'
  mv "$GIT_ROOT/pub/a.git" "$T/away.git"
  wait_for 20 far_copies '[.copies[].repo] == ["pub/b", "pub/d"]'
  [[ $(git -C "$T/far/pub/a.git" show-ref) == "$(git -C "$T/away.git" show-ref)" ]]
}

@test "a manifest that is ahead of the server that is asked is not taken for the end of it" {
  mkdir "$T/up"
  upstream_new one
  # What the manifest tells of is on another server, and comes to the one that is asked later.
  cp -r "$T/up" "$T/origin"
  git clone -q "$T/origin/one.git" "$T/move" 2>/dev/null
  cd "$T/move"
  commit later.txt later
  git push -q origin HEAD
  cd "$T"
  pull_config "manifest: $T/up.js" 'every: 1s' 'create: true'
  tell_by_hand "{$(entry one)}"
  daemon_start
  wait_for 20 same one
  wait_for 20 copies '.copies[].state == "in-step"'
  print=$(git -C "$T/origin/one.git" show-ref | sha1sum | cut -d ' ' -f 1)
  tried=$(copies -r '.copies[].tried')
  tell_by_hand "{\"/one.git\": {\"fingerprint\": \"$print\"}}"
  wait_for 20 copies --arg tried "$tried" '.copies[] | .tried != $tried and .state == "in-step"'
  git -C "$T/up/one.git" fetch -q "$T/origin/one.git" main:main
  wait_for 20 same one
}
