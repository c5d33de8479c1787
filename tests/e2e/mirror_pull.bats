# Pull mirrors: what is upstream is here, and what was here is not lost.
load helper
load mirror_pull

setup() { pull_setup; }

# begin [KEY...]: a copy in step with one branch.
begin() {
  mirror_config "$@"
  repo_new charts
  daemon_start
  wait_for 20 is state in-step
  in_step refs/heads/main
}

state_of() { refs_of "$1" | jq -r .state; }

@test "branches and tags are here as they are upstream, and a push is told of who it is" {
  git tag -a -m one v1
  git tag light
  git branch side
  send origin side v1 light
  begin
  in_step refs/heads/main refs/heads/side refs/tags/v1 refs/tags/light
  # Who looks at the copy sees what is published and nothing else.
  [[ $(git ls-remote "file://$GIT_ROOT/charts.git" | cut -f 2 | grep -v '\^{}' | sort | tr '\n' ' ') == 'HEAD refs/heads/main refs/heads/side refs/tags/light refs/tags/v1 ' ]]
  commit b.txt two
  send origin main
  turn
  in_step refs/heads/main
  events_of ref.updated | jq -es --arg tip "$(git rev-parse HEAD)" '.[-1].data | .actor == "mirror:vendor" and .source == "mirror" and .new == $tip and
    .change == "update" and .forced == false and .paths == [{path: "b.txt", status: "A"}]'
  events_of mirror.updated | jq -es --arg tip "$(git rev-parse HEAD)" '.[-1].data | .mirror == "vendor" and .repo == "charts" and .direction == "pull" and
    (.refs | map(.ref) == ["refs/heads/main"]) and .refs[0].new == $tip'
  # Nobody is told of what is Headgate's own.
  [[ $(events_of | grep -c refs/headgate/) == 0 ]]
  fails git push "$GIT_ROOT/charts.git" main:refs/headgate/kept/x
  has 'hidden ref'
}

@test "where clients could see them, nobody may push to Headgate's own refs" {
  begin
  ours config --unset-all transfer.hideRefs
  fails git push "$GIT_ROOT/charts.git" main:refs/headgate/kept/x
  has '[policy/not-allowed]'
}

@test "by the clock alone" {
  server_config "mirrors: [{name: vendor, direction: pull, repos: [charts], url: 'file://$UPSTREAM', every: 1s}]"
  repo_new charts
  daemon_start
  wait_for 20 in_step refs/heads/main
  commit b.txt two
  send origin main
  wait_for 20 in_step refs/heads/main
  # A look that finds nothing writes nothing.
  wait_for 20 is state in-step
  n=$(count_events)
  before=$(copy tried)
  wait_for 20 eval '[[ $(copy tried) != "$before" ]]'
  [[ $(count_events) == "$n" ]]
}

@test "a forge's webhook is followed at once" {
  (umask 077 && echo from-the-forge >"$T/secret")
  mirror_config '' "inbound: [{name: hub, kind: github, secret_file: $T/secret, repo: charts}]"
  repo_new charts
  daemon_start
  wait_for 20 is state in-step
  commit b.txt two
  send origin main
  body=$(printf '{"ref":"refs/heads/main","before":"%s","after":"%s"}' "$(git rev-parse HEAD^)" "$(git rev-parse HEAD)")
  mac=$(python3 -c 'import hashlib, hmac, sys; print(hmac.new(b"from-the-forge", sys.argv[1].encode(), hashlib.sha256).hexdigest())' "$body")
  curl -sS --noproxy '*' --fail -o /dev/null -H 'Content-Type: application/json' -H 'X-GitHub-Event: push' -H 'X-GitHub-Delivery: one' \
    -H "X-Hub-Signature-256: sha256=$mac" --data-binary "$body" "$URL/v1/inbound/hub"
  wait_for 20 in_step refs/heads/main
}

@test "history that upstream has rewritten is followed, and what it was is kept" {
  begin
  old=$(git rev-parse HEAD)
  git commit -q --amend -m other
  send -f origin main
  turn
  in_step refs/heads/main
  [[ $(kept) == "$old" ]]
  ours for-each-ref --format='%(refname)' refs/headgate/kept | grep -Eqx 'refs/headgate/kept/heads/main/[0-9]{8}T[0-9]{6}Z-[0-9a-f]{12}'
  events_of ref.updated | jq -es '.[-1].data.forced'
  events_of mirror.updated | jq -es '.[-1].data.refs[0].forced'
  is state in-step
}

@test "on_force: follow keeps nothing, stop leaves it as it is until somebody decides" {
  begin 'on_force: follow'
  git commit -q --amend -m other
  send -f origin main
  turn
  in_step refs/heads/main
  [[ -z $(kept) ]]
  daemon_stop
  mirror_config 'on_force: stop'
  daemon_start
  wait_for 20 is state in-step
  old=$(git rev-parse HEAD)
  git commit -q --amend -m third
  git branch new
  send -f origin main new
  turn
  is state stopped
  [[ $(ours rev-parse refs/heads/main) == "$old" ]]
  in_step refs/heads/new
  [[ $(state_of refs/heads/main) == held ]]
  [[ $(copy error) == *'refs/heads/main'*'on_force'*'--accept'* ]]
  events_of mirror.diverged | jq -es '.[-1].data.reason | contains("on_force")'
  turn accept
  in_step refs/heads/main
  [[ $(kept) == "$old" ]]
  is state in-step
}

@test "what upstream has deleted goes, and is kept; follow keeps nothing; stop leaves it" {
  git checkout -q -b side
  commit b.txt side
  git branch other
  git branch third
  send origin side other third
  begin
  tip=$(git rev-parse HEAD)
  send origin :side
  turn
  fails ours rev-parse -q --verify refs/heads/side
  [[ $(kept) == "$tip" ]]
  [[ -z $(refs_of refs/heads/side) ]]
  daemon_stop
  mirror_config 'on_delete: follow'
  daemon_start
  send origin :other
  turn
  fails ours rev-parse -q --verify refs/heads/other
  [[ $(kept | wc -l) == 1 ]]
  daemon_stop
  mirror_config 'on_delete: stop'
  daemon_start
  send origin :third
  turn
  is state stopped
  [[ $(ours rev-parse refs/heads/third) == "$tip" ]]
  [[ $(state_of refs/heads/third) == held ]]
  turn accept
  fails ours rev-parse -q --verify refs/heads/third
  [[ $(kept | wc -l) == 2 ]]
  is state in-step
}

@test "more than the guard lets at once moves nothing" {
  for i in 1 2 3 4 5 6 7 8 9; do git branch "b$i"; done
  send origin --all
  begin
  git branch fresh
  commit b.txt two
  send origin main fresh :b1 :b2
  turn
  # Two of ten are a fifth.
  is state in-step
  in_step refs/heads/main refs/heads/fresh
  fails ours rev-parse -q --verify refs/heads/b1
  commit c.txt three
  send origin main :b3 :b4
  turn
  is state stopped
  [[ $(copy error) == '2 of 9 refs would be deleted or forced, and the guard lets 20 percent;'* ]]
  [[ $(ours rev-parse refs/heads/main) == $(git rev-parse HEAD^) ]]
  ours rev-parse -q --verify refs/heads/b3
  [[ $(state_of refs/heads/b3) == held ]]
  turn accept
  in_step refs/heads/main
  fails ours rev-parse -q --verify refs/heads/b3
  is state in-step
}

@test "an upstream that has been emptied is not followed" {
  begin 'guard: 100, on_delete: follow'
  tip=$(git rev-parse HEAD)
  upstream update-ref -d refs/heads/main
  turn
  is state stopped
  [[ $(copy error) == 'upstream has no refs any more'* ]]
  [[ $(ours rev-parse refs/heads/main) == "$tip" ]]
  # It comes back by itself when upstream does.
  send origin main
  turn
  is state in-step
  upstream update-ref -d refs/heads/main
  turn accept
  fails ours rev-parse -q --verify refs/heads/main
  [[ $(kept) == "$tip" ]]
}

@test "another repository under the name is not followed" {
  begin 'guard: 100, on_force: follow, on_delete: follow'
  tip=$(git rev-parse HEAD)
  mv "$UPSTREAM" "$UPSTREAM.old"
  git init -q --bare "$UPSTREAM"
  git init -q "$T/else" && cd "$T/else"
  commit z.txt else
  git branch extra
  git push -q "$UPSTREAM" main extra
  turn
  is state stopped
  [[ $(copy error) == 'upstream has no history in common'* ]]
  [[ $(ours rev-parse refs/heads/main) == "$tip" ]]
  fails ours rev-parse -q --verify refs/heads/extra
  [[ $(refs_of refs/heads/extra | jq -r .state) == held ]]
  # Once it is the right one again nothing is left of the other.
  mv "$UPSTREAM" "$UPSTREAM.other" && mv "$UPSTREAM.old" "$UPSTREAM"
  turn
  is state in-step
  [[ -z $(refs_of) ]]
  mv "$UPSTREAM" "$UPSTREAM.old" && mv "$UPSTREAM.other" "$UPSTREAM"
  turn
  is state stopped
  turn accept
  in_step refs/heads/main refs/heads/extra
  [[ $(kept) == "$tip" ]]
}

@test "what somebody has pushed to the copy is not overwritten, and holds nothing else back" {
  begin
  git clone -q "$GIT_ROOT/charts.git" "$T/people" 2>/dev/null && cd "$T/people"
  commit here.txt here
  git push -q origin main 2>/dev/null
  here=$(git rev-parse HEAD)
  cd "$WORK"
  commit there.txt there
  git branch new
  send origin main new
  turn
  is state stopped
  [[ $(state_of refs/heads/main) == diverged ]]
  [[ $(ours rev-parse refs/heads/main) == "$here" ]]
  in_step refs/heads/new
  [[ $(refs_of refs/heads/main | jq -r .theirs) == $(git rev-parse main) ]]
  # Merged upstream it is no longer in the way.
  git pull -q --no-edit --no-rebase "$GIT_ROOT/charts.git" main
  send origin main
  turn
  in_step refs/heads/main
  is state in-step
  [[ -z $(kept) ]]
  # Or somebody decides.
  cd "$T/people"
  git pull -q origin main
  commit more.txt more
  git push -q origin main 2>/dev/null
  here=$(git rev-parse HEAD)
  turn
  is state stopped
  turn accept
  in_step refs/heads/main
  [[ $(kept) == "$here" ]]
}

@test "a branch in whose place there is a folder now" {
  git branch a
  git branch x/y
  send origin a x/y
  begin 'guard: 100'
  commit b.txt two
  git branch -D a x/y
  git branch a/b
  git branch x
  send origin :a :x/y
  send origin a/b x
  turn
  is state in-step
  in_step refs/heads/a/b refs/heads/x
  [[ $(kept | wc -l) == 2 ]]
  # What only people here have stays, and what is in its way waits.
  git push -q "$GIT_ROOT/charts.git" main:refs/heads/local 2>/dev/null
  git branch local/branch
  send origin local/branch main
  turn
  is state stopped
  [[ $(refs_of refs/heads/local/branch | jq -r .note) == *'this side has refs/heads/local,'* ]]
  ours rev-parse -q --verify refs/heads/local
  in_step refs/heads/main
  ours update-ref -d refs/heads/local
  turn
  in_step refs/heads/local/branch
  is state in-step
}

@test "names that a hostile upstream makes up" {
  tip=$(git rev-parse HEAD)
  upstream update-server-info
  {
    for name in main fine/too a a/b -dash 'sp ace' ../../../../escape .hidden x.lock 'tilde~1' 'colon:x' '@{x' "$(printf 'ctl\001x')" \
      "$(printf 'n%.0s' {1..300})" "$(printf 'latin\351')"; do
      printf '%s\trefs/heads/%s\n' "$tip" "$name"
    done
    printf '%s\trefs/headgate/kept/x\n%s\trefs/../x\n%s\trefs/replace/%s\n' "$tip" "$tip" "$tip" "$tip"
  } >"$UPSTREAM/info/refs"
  python3 -u -m http.server -b 127.0.0.1 -d "$T" 0 >"$T/http.log" 2>&1 3>&- &
  WEB_PIDS+=($!)
  wait_for 20 grep -q 'port [0-9]' "$T/http.log"
  port=$(grep -oE 'port [0-9]+' "$T/http.log" | grep -oE '[0-9]+')
  MIRROR_URL=http://127.0.0.1:$port/upstream.git mirror_config "refs: ['**']"
  repo_new charts
  daemon_start
  wait_for 20 in_step refs/heads/main
  wait_for 20 eval '[[ $(copy tried) != null && $(copy running) == null ]]'
  [[ $(ours rev-parse refs/heads/fine/too refs/heads/a refs/heads/-dash | sort -u) == "$tip" ]]
  # Nothing lands beside where it belongs.
  [[ -z $(find "$T" -name escape -o -name x.lock) ]]
  fails ours rev-parse -q --verify refs/headgate/kept/x
  is state stopped
  [[ $(refs_of refs/heads/a/b | jq -r .note) == *'upstream has refs/heads/a,'* ]]
  refs_of | jq -es 'any(.note | contains("longer"))'
  # The odd one that JSON cannot say as it is: it is here, and journaled.
  ours for-each-ref --format='%(refname)' | grep -a -q latin
}

@test "a pack that is broken publishes nothing, and once it is mended all goes on" {
  begin
  old=$(git rev-parse HEAD)
  head -c 300000 /dev/urandom >big.bin
  git add big.bin && git commit -q -m big
  send origin main
  object=$(git rev-parse HEAD:big.bin)
  upstream cat-file -e "$object"
  upstream unpack-objects -q < <(git rev-list --objects HEAD | cut -d ' ' -f 1 | git pack-objects -q --stdout) || true
  find "$UPSTREAM/objects" -name "${object:2}" -o -name '*.pack' | while read -r file; do
    cp "$file" "$file.good" && chmod u+w "$file"
    printf 'garbage' | dd of="$file" bs=1 seek=150000 conv=notrunc status=none
  done
  act sync
  wait_for 20 is state failing
  [[ $(ours rev-parse refs/heads/main) == "$old" ]]
  find "$UPSTREAM/objects" -name '*.good' | while read -r file; do mv "$file" "${file%.good}"; done
  wait_for 30 is state in-step
  in_step refs/heads/main
  ours fsck --full --strict
}

@test "objects that git fsck refuses hold back their branch alone" {
  begin
  old=$(git rev-parse HEAD)
  blob=$(git rev-parse HEAD:a.txt)
  tree=$(printf '100644 .git\0%b' "$(sed 's/../\\x&/g' <<<"$blob")" | git hash-object --literally -t tree -w --stdin)
  bad=$(git commit-tree -p HEAD -m bad "$tree")
  cp -r .git/objects/. "$UPSTREAM/objects/"
  upstream update-ref refs/heads/bad "$bad"
  commit b.txt two
  send origin main
  turn
  in_step refs/heads/main
  fails ours rev-parse -q --verify refs/heads/bad
  is state stopped
  [[ $(state_of refs/heads/bad) == refused ]]
  [[ $(refs_of refs/heads/bad | jq -r .note) == *'.git'* ]]
  # A look does not fetch it again.
  commit c.txt three
  send origin main
  turn
  in_step refs/heads/main
  [[ $(state_of refs/heads/bad) == refused ]]
  upstream update-ref -d refs/heads/bad
  turn
  is state in-step
}

@test "an upstream that is empty, whose HEAD leads nowhere, that is away, of another kind" {
  upstream update-ref -d refs/heads/main
  upstream symbolic-ref HEAD refs/heads/nowhere
  mirror_config
  repo_new charts
  daemon_start
  wait_for 20 is state in-step
  [[ -z $(ours for-each-ref) ]]
  send origin main
  turn
  in_step refs/heads/main
  mv "$UPSTREAM" "$UPSTREAM.away"
  act sync
  wait_for 20 is state failing
  git init -q --bare --object-format=sha256 "$UPSTREAM"
  git init -q --object-format=sha256 "$T/sha256" && cd "$T/sha256"
  commit a.txt one
  git push -q "$UPSTREAM" main
  act sync
  wait_for 20 eval '[[ $(copy error) == *SHA-256* ]]'
  rm -rf "$UPSTREAM" && mv "$UPSTREAM.away" "$UPSTREAM"
  wait_for 30 is state in-step
  in_step refs/heads/main
}

@test "a mirror whose name no ref could have as it is" {
  server_config "mirrors: [{name: a..b.lock, direction: pull, repos: [charts], url: 'file://$UPSTREAM', every: 1s}]"
  repo_new charts
  daemon_start
  wait_for 20 in_step refs/heads/main
}

@test "there is no repository" {
  mirror_config
  daemon_start
  wait_for 20 is state failing
  [[ $(copy error) == *'there is no repository charts here'* ]]
}

# A git that ends the daemon, once, when it is called for STEP, before or after it has done that.
deadly_git() {
  mkdir "$T/bin"
  cat >"$T/bin/git" <<END
#!/bin/bash
step=$1 when=$2
doom() { [[ " \$* " == *" \$step "* && -e $T/doom ]] && rm "$T/doom" && kill -KILL \$PPID; }
real=$(command -v git)
if [[ \$when == before ]]; then
  doom "\$@"
  exec "\$real" "\$@"
fi
"\$real" "\$@"
status=\$?
doom "\$@"
exit \$status
END
  chmod +x "$T/bin/git"
}

@test "a daemon that is killed at any step goes on where it was" {
  begin
  real_path=$PATH
  n=0
  for step in ls-remote fetch update-ref; do
    for when in before after; do
      n=$((n + 1))
      daemon_stop
      rm -rf "$T/bin"
      deadly_git "$step" "$when"
      PATH=$T/bin:$real_path daemon_start
      before=$(git rev-parse HEAD)
      # What is rewritten twice, with a kill in between, is not taken for something that people here have made.
      git commit -q --amend -m "rewritten $n"
      git branch "new$n"
      send -f origin main "new$n"
      touch "$T/doom"
      act sync || true
      wait_for 20 process_ended "$DAEMON_PID"
      wait "$DAEMON_PID" || true
      DAEMON_PID=''
      # All or nothing: both refs have moved, or neither.
      wait_for 20 eval '[[ ! -e $GIT_ROOT/charts.git/refs/heads/main.lock ]]'
      if [[ $(ours rev-parse refs/heads/main) == "$before" ]]; then
        fails ours rev-parse -q --verify "refs/heads/new$n"
      else
        in_step refs/heads/main "refs/heads/new$n"
      fi
      after=$(git rev-parse HEAD)
      git commit -q --amend -m "rewritten $n again"
      send -f origin main
      daemon_start
      act sync
      wait_for 20 in_step refs/heads/main "refs/heads/new$n"
      wait_for 20 is state in-step
      kept | grep -qx "$before"
      [[ $step != update-ref || $when != after ]] || kept | grep -qx "$after"
    done
  done
}

# A git whose update-ref is ended when it has locked what it is to move, and the daemon with it: once.
interrupted_git() {
  mkdir "$T/bin"
  cat >"$T/bin/git" <<END
#!/usr/bin/env python3
import os, signal, subprocess, sys, time
real = "$(command -v git)"
if "update-ref" not in sys.argv or not os.path.exists("$T/doom"):
    os.execv(real, [real] + sys.argv[1:])
os.unlink("$T/doom")
text = sys.stdin.buffer.read()
child = subprocess.Popen([real] + sys.argv[1:], stdin=subprocess.PIPE)
child.stdin.write(text[:-len(b"commit\\0")])
child.stdin.flush()
while not os.path.exists("$GIT_ROOT/charts.git/refs/heads/main.lock"):
    time.sleep(0.01)
child.kill()
child.wait()
os.kill(os.getppid(), signal.SIGKILL)
END
  chmod +x "$T/bin/git"
}

@test "locks that a killed git has left are in nobody's way for long" {
  begin
  daemon_stop
  interrupted_git
  PATH=$T/bin:$PATH daemon_start
  commit b.txt two
  git branch next
  send origin main next
  touch "$T/doom"
  act sync || true
  wait_for 20 process_ended "$DAEMON_PID"
  wait "$DAEMON_PID" || true
  DAEMON_PID=''
  [[ -e $GIT_ROOT/charts.git/refs/heads/main.lock && -e $GIT_ROOT/charts.git/headgate/moving-vendor ]]
  # One that is young may be somebody's; nor is one that we cannot have left taken away.
  daemon_start
  act sync
  wait_for 20 is state failing
  [[ -e $GIT_ROOT/charts.git/refs/heads/main.lock ]]
  [[ $(copy error) == *main.lock* ]]
  in_step refs/heads/next || ls "$GIT_ROOT/charts.git/refs/heads/next.lock"
  find "$GIT_ROOT/charts.git" -name '*.lock' -exec touch -d '2 minutes ago' {} +
  touch -d '2 minutes ago' "$GIT_ROOT/charts.git/headgate/moving-vendor"
  touch -d '3 minutes ago' "$GIT_ROOT/charts.git/refs/heads/other.lock"
  act sync
  wait_for 20 is state in-step
  in_step refs/heads/main refs/heads/next
  [[ -e $GIT_ROOT/charts.git/refs/heads/other.lock && ! -e $GIT_ROOT/charts.git/headgate/moving-vendor ]]
}

@test "an upstream that says nothing is given up, and what is sent in the end is taken" {
  begin 'silence: 1s'
  daemon_stop
  mkdir "$T/bin"
  printf '#!/bin/bash\n[[ " $* " != *" ls-remote "* || ! -e %q ]] || exec sleep 60\nexec %q "$@"\n' "$T/mute" "$(command -v git)" >"$T/bin/git"
  chmod +x "$T/bin/git"
  touch "$T/mute"
  PATH=$T/bin:$PATH daemon_start
  commit b.txt two
  send origin main
  act sync
  wait_for 20 is state failing
  [[ $(copy error) == *silence* ]]
  rm "$T/mute"
  wait_for 20 in_step refs/heads/main
}

@test "a symbolic ref that is here is not written through" {
  begin
  ours symbolic-ref refs/heads/alias refs/heads/main
  main=$(git rev-parse HEAD)
  git checkout -q -b alias
  commit b.txt two
  send origin alias
  turn
  is state stopped
  [[ $(refs_of refs/heads/alias | jq -r .note) == *'symbolic ref'* ]]
  [[ $(ours rev-parse refs/heads/main) == "$main" ]]
}

@test "what is kept is hidden although nothing was ever fetched" {
  git branch side
  send origin side
  git clone -q --mirror "$UPSTREAM" "$GIT_ROOT/charts.git"
  mirror_config 'guard: 100'
  daemon_start
  wait_for 20 is state in-step
  send origin :side
  turn
  [[ -n $(kept) ]]
  [[ $(git ls-remote "$GIT_ROOT/charts.git" | grep -c headgate) == 0 ]]
}

@test "a copy is cleaned up as its config has it" {
  begin
  ours config gc.auto 100
  ours config gc.autoPackLimit 2
  ours config gc.autoDetach false
  ours config fetch.unpackLimit 1
  for i in 1 2 3 4 5; do
    commit "p$i.txt" "$i"
    send origin main
    turn
  done
  in_step refs/heads/main
  (($(find "$GIT_ROOT/charts.git/objects/pack" -name '*.pack' | wc -l) <= 3))
  ours fsck --strict --connectivity-only
}

@test "a daemon that is stopped in the midst of a fetch ends at once, and publishes nothing of it" {
  begin
  daemon_stop
  mkdir "$T/bin"
  printf '#!/bin/bash\n[[ " $* " != *" fetch "* || ! -e %q ]] || { touch %q; exec sleep 60; }\nexec %q "$@"\n' "$T/slow" "$T/fetching" \
    "$(command -v git)" >"$T/bin/git"
  chmod +x "$T/bin/git"
  touch "$T/slow"
  PATH=$T/bin:$PATH daemon_start
  commit b.txt two
  send origin main
  act sync
  wait_for 20 test -e "$T/fetching"
  SECONDS=0
  daemon_stop
  ((SECONDS < 15))
  [[ $(ours rev-parse refs/heads/main) == $(git rev-parse HEAD^) ]]
  rm "$T/slow"
  daemon_start
  act sync
  wait_for 20 in_step refs/heads/main
  wait_for 20 is state in-step
}

@test "two push at once, upstream and here: nobody's commit is lost" {
  begin
  git clone -q "$GIT_ROOT/charts.git" "$T/people" 2>/dev/null
  acked=$T/acked
  for i in 1 2 3 4 5 6 7 8; do
    (cd "$T/people" && git fetch -q origin && git reset -q --hard origin/main && commit "here$i.txt" "$i" && git push -q origin main 2>/dev/null &&
      git rev-parse HEAD >>"$acked") &
    one=$!
    (cd "$WORK" && commit "there$i.txt" "$i" && git push -q origin main 2>/dev/null && git rev-parse HEAD >>"$acked") &
    other=$!
    act sync
    wait $one || true
    wait $other || true
    turn accept
  done
  turn accept
  in_step refs/heads/main
  all=$(ours rev-list --all)
  while read -r commit; do
    grep -qx "$commit" <<<"$all" || { echo "lost: $commit"; false; }
  done <"$acked"
  [[ $(wc -l <"$acked") -ge 8 ]]
}

@test "what incoming refs have brought is tidied once it is known to be published" {
  begin
  commit b.txt two
  send origin main
  turn
  turn
  [[ -z $(ours for-each-ref refs/headgate/incoming) ]]
}
