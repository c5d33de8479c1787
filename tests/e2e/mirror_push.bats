# Push mirrors: what moves here moves there, and nothing there is overwritten that nobody here has seen.
load helper
load mirrors

setup() { mirror_setup; }

# A repository here and there, in step, with a clone as the current folder.
ready() {
  mirror_config "$THERE/{repo}.git" "${1-}"
  repo_new infra/prod
  mkdir -p "$THERE/infra"
  there infra/prod
  daemon_start
  repo_clone infra/prod
  commit a.txt a
  git push -q origin HEAD:main
  wait_for 20 in_step infra/prod
}

@test "branches and tags are made, go on, are forced and deleted there as here" {
  ready
  events_of mirror.updated | jq -se '.[0].data | .mirror == "m" and .direction == "push" and .repo == "infra/prod"
    and (.refs[0] | .ref == "refs/heads/main" and .forced == false) and .bytes > 0'
  copy_of infra/prod | jq -e '.bytes > 0 and .refs == 1 and .out_of_step == 0 and (.error == null or .error == "")'
  commit a.txt b
  git tag -am 'one' v1
  git tag light
  git push -q origin HEAD:main HEAD:refs/heads/topic v1 light
  wait_for 20 in_step infra/prod
  git commit -q --amend -m 'another'
  git tag -f light
  git push -q -f origin HEAD:topic light
  wait_for 20 in_step infra/prod
  events_of mirror.updated | jq -se 'any(.[].data.refs[]; .ref == "refs/heads/topic" and .forced)'
  git push -q origin :topic :v1
  wait_for 20 in_step infra/prod
  [[ -z $(git -C "$THERE/infra/prod.git" for-each-ref refs/heads/topic refs/tags/v1) ]]
  [[ $(admin GET '/v1/mirrors/refs?mirror=m&repo=infra/prod&all=true' | jq '.refs | length') == 2 ]]
}

@test "what was there before is asked once; what only they have is left alone" {
  mirror_config "$THERE/{repo}.git"
  repo_new r
  there r
  foreign=$(meddle r refs/heads/theirs)
  daemon_start
  repo_clone r
  commit a.txt a
  git push -q origin HEAD:main
  wait_for 20 is in-step r
  [[ $(git -C "$THERE/r.git" rev-parse theirs) == "$foreign" ]]
  [[ $(git -C "$THERE/r.git" rev-parse main) == "$(git rev-parse HEAD)" ]]
  [[ $(ref_of r refs/heads/theirs) == 'in-step only there'* ]]
  # The name taken here as well: two histories that have nothing in common.
  git push -q origin HEAD:theirs
  wait_for 20 is stopped r
  [[ $(git -C "$THERE/r.git" rev-parse theirs) == "$foreign" ]]
  ref_is r refs/heads/theirs diverged
}

@test "what somebody else has put there is not overwritten, until that is accepted, and then that alone" {
  ready
  theirs=$(meddle infra/prod refs/heads/main)
  commit a.txt b
  git push -q origin HEAD:main HEAD:refs/heads/side
  wait_for 20 is stopped infra/prod
  error_has infra/prod 'sync --accept'
  [[ $(git -C "$THERE/infra/prod.git" rev-parse main) == "$theirs" ]]
  # The others have gone on.
  [[ $(git -C "$THERE/infra/prod.git" rev-parse side) == "$(git rev-parse HEAD)" ]]
  wait_for 10 has_events 1 mirror.diverged
  events_of mirror.diverged | jq -e --arg id "$theirs" '.data.refs[0] | .ref == "refs/heads/main" and .theirs == $id'
  # A sync without accepting it changes nothing, and tells nobody again.
  act sync infra/prod
  wait_for 20 eval '[[ $(copy_of infra/prod | jq -r .running) == null ]] && is stopped infra/prod'
  [[ $(git -C "$THERE/infra/prod.git" rev-parse main) == "$theirs" ]]
  # Somebody moves it again before it is accepted: that has not been seen by who accepts.
  other=$(meddle infra/prod refs/heads/main again)
  act accept infra/prod
  wait_for 20 eval '[[ $(ref_of infra/prod refs/heads/main) == *"has moved there since"* ]]'
  [[ $(git -C "$THERE/infra/prod.git" rev-parse main) == "$other" ]]
  act accept infra/prod
  wait_for 20 in_step infra/prod
  events_of mirror.updated | jq -se --arg id "$other" 'any(.[].data.refs[]; .old == $id and .forced)'
}

@test "what is forced here overwrites what was put there from here, and what is ahead there stays" {
  ready
  git push -q origin HEAD:topic
  wait_for 20 in_step infra/prod
  base=$(git rev-parse HEAD)
  # There it goes on from what is here.
  ahead=$(git -C "$THERE/infra/prod.git" commit-tree -p "$base" -m ahead "$base^{tree}")
  git -C "$THERE/infra/prod.git" update-ref refs/heads/topic "$ahead"
  git commit -q --amend -m 'forced here'
  git push -q -f origin HEAD:topic
  wait_for 20 is stopped infra/prod
  [[ $(git -C "$THERE/infra/prod.git" rev-parse topic) == "$ahead" ]]
  # They take it back: ours may go there.
  git -C "$THERE/infra/prod.git" update-ref refs/heads/topic "$base"
  act sync infra/prod
  wait_for 20 in_step infra/prod
  # What fell behind there is brought on.
  commit a.txt c
  git push -q origin HEAD:topic
  wait_for 20 in_step infra/prod
  git -C "$THERE/infra/prod.git" update-ref refs/heads/topic "$(git rev-parse HEAD~1)"
  act verify infra/prod
  wait_for 20 in_step infra/prod
  # And what was deleted there is made again.
  git -C "$THERE/infra/prod.git" update-ref -d refs/heads/topic
  act verify infra/prod
  wait_for 20 in_step infra/prod
}

@test "what was deleted here and has moved there is kept there" {
  ready
  git push -q origin HEAD:topic
  wait_for 20 in_step infra/prod
  theirs=$(meddle infra/prod refs/heads/topic)
  git push -q origin :topic
  wait_for 20 is stopped infra/prod
  [[ $(git -C "$THERE/infra/prod.git" rev-parse topic) == "$theirs" ]]
  act accept infra/prod
  wait_for 20 in_step infra/prod
}

@test "a lock that a killed git has left there is told with the file, for a deletion too" {
  ready
  git push -q origin HEAD:topic
  wait_for 20 in_step infra/prod
  : >"$THERE/infra/prod.git/refs/heads/topic.lock"
  git push -q origin :topic
  wait_for 20 is failing infra/prod
  wait_for 20 error_has infra/prod 'refuses refs/heads/topic: failed to update ref'
  [[ $(ref_of infra/prod refs/heads/topic) == *"topic.lock': File exists; if no git works there any more, one that was killed has left that file: remove it" ]]
  rm "$THERE/infra/prod.git/refs/heads/topic.lock"
  wait_for 20 in_step infra/prod
}

@test "a hook there that refuses one ref holds back no other" {
  ready
  printf '#!/bin/sh\ncase $1 in *bad*) echo "not on my watch"; exit 1;; esac\n' >"$THERE/infra/prod.git/hooks/update"
  chmod +x "$THERE/infra/prod.git/hooks/update"
  git push -q origin HEAD:bad HEAD:good
  wait_for 20 is failing infra/prod
  wait_for 20 git -C "$THERE/infra/prod.git" rev-parse -q --verify good
  ref_is infra/prod refs/heads/bad 'refused hook declined'
  rm "$THERE/infra/prod.git/hooks/update"
  wait_for 20 in_step infra/prod
  # A pre-receive hook takes all of a push or nothing.
  printf '#!/bin/sh\nwhile read old new ref; do case $ref in *worse*) echo "never $ref"; exit 1;; esac; done\n' >"$THERE/infra/prod.git/hooks/pre-receive"
  chmod +x "$THERE/infra/prod.git/hooks/pre-receive"
  git push -q origin HEAD:a HEAD:b HEAD:worse HEAD:c HEAD:d HEAD:e
  wait_for 20 is failing infra/prod
  for name in a b c d e; do
    wait_for 20 git -C "$THERE/infra/prod.git" rev-parse -q --verify "$name"
  done
  wait_for 20 ref_is infra/prod refs/heads/worse refused
  [[ $(ref_of infra/prod refs/heads/worse) == *'pre-receive hook declined: never refs/heads/worse'* ]]
  error_has infra/prod 'refuses refs/heads/worse'
  fails git -C "$THERE/infra/prod.git" rev-parse -q --verify worse
  # One that refuses everything is not asked about each ref in turn.
  printf '#!/bin/sh\necho x >>%s/asked\nexit 1\n' "$T" >"$THERE/infra/prod.git/hooks/pre-receive"
  for name in {1..40}; do
    echo "create refs/heads/many/$name $(git rev-parse HEAD)"
  done | git update-ref --stdin
  git push -q origin 'refs/heads/many/*:refs/heads/many/*'
  wait_for 20 ref_is infra/prod refs/heads/many/40 refused
  (($(wc -l <"$T/asked") < 50))
  rm "$THERE/infra/prod.git/hooks/pre-receive"
  wait_for 20 in_step infra/prod
}

@test "a place that is away is tried until it is back; one with no repository says so" {
  ready
  mv "$THERE/infra" "$THERE/away"
  commit a.txt b
  git push -q origin HEAD:main
  wait_for 20 is failing infra/prod
  error_has infra/prod 'there is no repository at'
  wait_for 20 ref_is infra/prod refs/heads/main behind
  wait_for 20 eval '(($(copy_of infra/prod | jq .attempts) >= 2))'
  mv "$THERE/away" "$THERE/infra"
  wait_for 20 in_step infra/prod
}

@test "a repository of SHA-256 is refused by name" {
  mirror_config "$THERE/{repo}.git"
  repo_new r
  git init -q --bare --object-format=sha256 "$THERE/r.git"
  daemon_start
  repo_clone r
  commit a.txt a
  git push -q origin HEAD:main
  wait_for 20 is failing r
  error_has r 'SHA-256'
}

@test "refs with odd names, also ones that git takes for others" {
  ready
  id=$(git rev-parse HEAD)
  commit a.txt other
  other=$(git rev-parse HEAD)
  git push -q origin "$other:refs/heads/$id" "$id:refs/heads/-x" "$id:refs/heads/a@b" "$id:refs/heads/"$'\303\244' "$id:refs/heads/"$'\377' \
    "$id:refs/heads/"'$(x)' "$id:refs/heads/x'y\"z" "$id:refs/heads/heads/main" "$id:refs/heads/$(printf 'l%.0s' {1..200})" "$id:refs/heads/d" \
    "$id:refs/heads/HEAD"
  wait_for 20 in_step infra/prod
  # A branch in the way of another of that folder.
  git push -q origin :refs/heads/d
  git push -q origin "$id:refs/heads/d/e" "$id:refs/heads/main2"
  wait_for 20 in_step infra/prod
  [[ $(git -C "$THERE/infra/prod.git" rev-parse refs/heads/main2) == "$id" ]]
  # With this one git could push none of that name.
  git push -q origin "$other:refs/heads/main"
  git push -q origin "$id:refs/heads/refs/heads/main"
  wait_for 20 is stopped infra/prod
  ref_is infra/prod refs/heads/refs/heads/main held
  [[ $(git -C "$THERE/infra/prod.git" rev-parse refs/heads/main) == "$other" ]]
  git push -q origin :refs/heads/refs/heads/main
  wait_for 20 in_step infra/prod
}

@test "refs that the mirror does not name stay here, and those that it names no longer stay there" {
  ready ', refs: ["refs/heads/**"]'
  git tag v1
  git update-ref refs/headgate/x HEAD
  git push -q origin v1 HEAD:refs/heads/b HEAD:refs/notes/x
  wait_for 20 git -C "$THERE/infra/prod.git" rev-parse -q --verify b
  wait_for 20 is in-step infra/prod
  [[ -z $(git -C "$THERE/infra/prod.git" for-each-ref refs/tags refs/notes refs/headgate) ]]
  sed -i 's,refs/heads/\*\*,refs/heads/m*,' "$CONFIG"
  kill -HUP "$DAEMON_PID"
  act verify infra/prod
  wait_for 20 eval '[[ -z $(ref_of infra/prod refs/heads/b) ]]'
  git -C "$THERE/infra/prod.git" rev-parse -q --verify b
}

@test "1,001 refs go in one push" {
  ready
  for i in {1..1001}; do
    echo "create refs/heads/many/$i $(git rev-parse HEAD)"
  done | git update-ref --stdin
  git push -q origin 'refs/heads/many/*:refs/heads/many/*'
  wait_for 60 in_step infra/prod
  before=$(events_of mirror.updated | wc -l)
  commit a.txt b
  git push -q origin HEAD:main
  wait_for 20 in_step infra/prod
  events_of mirror.updated | jq -se --argjson n "$before" '.[$n:] | length == 1 and (.[0].data.refs | length == 1)'
}

@test "the daemon is killed in mid-push; what had gone is known at the next start, and the rest goes" {
  ready
  mkfifo "$T/gate"
  # The hook there waits in the middle of the push: the first ref has moved, the second not.
  printf '#!/bin/sh\ncase $1 in *two*) read line <%s;; esac\n' "$T/gate" >"$THERE/infra/prod.git/hooks/update"
  chmod +x "$THERE/infra/prod.git/hooks/update"
  commit a.txt b
  git push -q origin HEAD:main HEAD:two
  wait_for 20 eval '[[ $(git -C "$THERE/infra/prod.git" rev-parse main) == "$(git rev-parse HEAD)" ]]'
  daemon_kill
  echo go >"$T/gate"
  rm "$THERE/infra/prod.git/hooks/update"
  daemon_start
  wait_for 30 in_step infra/prod
}

@test "a push that says nothing is given up" {
  mirror_config "$THERE/{repo}.git" ', timeout: 2s'
  repo_new r
  there r
  mkfifo "$T/gate"
  printf '#!/bin/sh\necho $$ >%s/hook\nexec cat %s\n' "$T" "$T/gate" >"$THERE/r.git/hooks/pre-receive"
  chmod +x "$THERE/r.git/hooks/pre-receive"
  daemon_start
  repo_clone r
  commit a.txt a
  git push -q origin HEAD:main
  wait_for 20 is failing r
  error_has r 'took longer than 2s'
  # Nothing of it is left.
  wait_for 20 process_ended "$(<"$T/hook")"
  rm "$THERE/r.git/hooks/pre-receive"
  wait_for 20 in_step r
}

# A hook there that waits until $T/gate is written to, and says its pid.
blocked() {
  mkfifo "$T/gate"
  printf '#!/bin/sh\necho $$ >%s/hook\nexec cat %s\n' "$T" "$T/gate" >"$THERE/infra/prod.git/hooks/pre-receive"
  chmod +x "$THERE/infra/prod.git/hooks/pre-receive"
  commit a.txt blocked
  git push -q origin HEAD:main
  wait_for 20 test -s "$T/hook"
}

@test "a push that runs is broken off by a pause, and goes on when that is over" {
  ready
  blocked
  wait_for 10 eval '[[ $(copy_of infra/prod | jq -r .running.phase) == sending ]]'
  act pause infra/prod
  wait_for 10 process_ended "$(<"$T/hook")"
  wait_for 10 eval '[[ $(copy_of infra/prod | jq -r .running) == null ]]'
  rm "$THERE/infra/prod.git/hooks/pre-receive"
  fails same infra/prod
  act resume infra/prod
  wait_for 20 in_step infra/prod
}

@test "a daemon that stops waits for no push, leaves nothing running, and goes on at the next start" {
  ready
  blocked
  daemon_stop
  wait_for 10 process_ended "$(<"$T/hook")"
  rm "$THERE/infra/prod.git/hooks/pre-receive"
  daemon_start
  wait_for 20 in_step infra/prod
}

@test "a mirror that leaves the config in mid-push takes it along" {
  ready
  blocked
  server_config
  kill -HUP "$DAEMON_PID"
  wait_for 10 process_ended "$(<"$T/hook")"
  wait_for 10 eval '[[ $(admin GET /v1/mirrors | jq ".mirrors | length") == 0 ]]'
}
