# Intake at scale: many refs at once, many repositories, those that come, go and get other names, and an inotify that takes no more.
# HEADGATE_TEST_REFS and HEADGATE_TEST_REPOS: how many; measuring wants thousands.

load helper

REFS=${HEADGATE_TEST_REFS:-300}
REPOS=${HEADGATE_TEST_REPOS:-150}

# Every event, page after page; with a query.
all_events() {
  local cursor=0 page
  while page=$(admin GET "/v1/events?cursor=$cursor&limit=1000${1:+&$1}"); do
    jq -c '.events[]' <<<"$page"
    [[ $(jq .more <<<"$page") == true ]] || break
    cursor=$(jq -r .cursor <<<"$page")
  done
}

# The number of ref.updated events of the repository $1; with a $2, of those that match it.
moves() {
  all_events "repo=$1&type=io.headgate.ref.updated.v1" | jq -c "select(${2:-true})" | wc -l
}

has_moves() {
  (($(moves "$2" "${3:-}") == $1))
}

known() {
  admin GET "/v1/events?repo=$1" | jq -r '.snapshot[] | "\(.repo) \(.ref) \(.new)"' | sort
}

# make_refs N: as branches b0... of the clone that is the current folder, all at HEAD.
make_refs() {
  local id i
  id=$(git rev-parse HEAD)
  for ((i = 0; i < $1; i++)); do
    echo "create refs/heads/b$i $id"
  done | git update-ref --stdin
}

@test "all refs of one push are journaled, once each, with who pushed them" {
  server_config
  repo_new many
  daemon_start
  repo_clone many
  commit a one && git push -q origin main
  make_refs "$REFS"
  git push -q origin 'refs/heads/b*:refs/heads/b*'
  wait_for 60 has_moves $((REFS + 1)) many
  # A push that takes git long may be seen before its hook speaks: then the hook's word is attributed.
  told=$(($(moves many '.data.actor == "alice"') + $(all_events type=io.headgate.push.attributed.v1 | wc -l)))
  ((told == REFS + 1))
  commit b two
  for ((i = 0; i < REFS; i++)); do echo "update refs/heads/b$i $(git rev-parse HEAD)"; done >"$T/updates"
  git update-ref --stdin <"$T/updates"
  git push -q origin 'refs/heads/b*:refs/heads/b*'
  wait_for 60 has_moves $((2 * REFS + 1)) many
  git push -q origin --prune 'refs/heads/none*:refs/heads/b*'
  wait_for 60 has_moves $((3 * REFS + 1)) many
  ((REFS == $(moves many '.data.change == "delete"')))
  [[ $(known many) == "many refs/heads/main $(git rev-parse HEAD~1)" ]]
  headgate audit verify
}

@test "thousands of refs that are found at a start are listed once" {
  server_config
  repo_new packed
  repo_clone packed
  commit a one && git push -q origin main
  # More than one round of a compare takes.
  id=$(git rev-parse HEAD)
  { echo '# pack-refs with: peeled fully-peeled sorted '; for ((i = 100000; i < 112345; i++)); do echo "$id refs/tags/t$i"; done; } >"$GIT_ROOT/packed.git/packed-refs"
  daemon_start
  ((12346 == $(moves packed)))
  daemon_stop
  daemon_start
  ((12346 == $(moves packed)))
  headgate audit verify
}

# status FIELD of repository $1
repo_status() {
  admin GET /v1/status | jq -r ".repositories[] | select(.name == \"$1\") | .$2"
}

@test "what looks as it did is not opened at a start, and what has moved is found" {
  server_config
  for ((i = 0; i < REPOS; i++)); do
    [[ -d $GIT_ROOT/g/r0.git ]] || { repo_new g/r0; git clone -q "$GIT_ROOT/g/r0.git" work 2>/dev/null; (cd work && commit a one && git push -q origin main); continue; }
    cp -r "$GIT_ROOT/g/r0.git" "$GIT_ROOT/g/r$i.git"
  done
  # A stamp proves something only of what is older than two seconds.
  find "$GIT_ROOT" -newermt '-3 seconds' | grep -q .
  wait_for 10 bash -c "! find '$GIT_ROOT' -newerct '-3 seconds' | grep -q ."
  daemon_start
  ((REPOS == $(all_events type=io.headgate.ref.updated.v1 | wc -l)))
  daemon_stop
  # Unreadable for who opens it: nobody does.
  for ((i = 1; i < REPOS; i++)); do mv "$GIT_ROOT/g/r$i.git/objects" "$GIT_ROOT/g/r$i.git/o"; mkdir "$GIT_ROOT/g/r$i.git/objects"; done
  git -C "$GIT_ROOT/g/r0.git" update-ref refs/heads/new "$(git -C "$GIT_ROOT/g/r0.git" rev-parse main)"
  daemon_start
  ((REPOS + 1 == $(all_events type=io.headgate.ref.updated.v1 | wc -l)))
  [[ $(repo_status g/r1 refs) == 1 && $(repo_status g/r1 trouble) == null ]]
  [[ $(repo_status g/r0 refs) == 2 ]]
}

@test "repositories come, go and get other names while the daemon runs" {
  server_config
  repo_new one
  daemon_start
  repo_clone one
  commit a one && git push -q origin main
  make_refs 20 && git push -q origin 'refs/heads/b*:refs/heads/b*'
  wait_for 20 has_moves 21 one

  # Another name: the refs are there under the new one, and no more under the old.
  mkdir "$GIT_ROOT/team"
  mv "$GIT_ROOT/one.git" "$GIT_ROOT/team/two.git"
  wait_for 20 has_moves 21 team/two '.data.change == "create"'
  wait_for 20 has_moves 21 one '.data.change == "delete"'
  [[ -z $(known one) && $(known team/two | wc -l) == 21 ]]
  git remote set-url origin "$GIT_ROOT/team/two.git"
  commit b two && git push -q origin main
  wait_for 20 has_moves 1 team/two '.data.new == "'"$(git rev-parse HEAD)"'" and .data.actor == "alice"'

  # A folder above gets another name, with all that is in it; and there may be another by the old name.
  mv "$GIT_ROOT/team" "$GIT_ROOT/group"
  repo_new team/two
  wait_for 20 has_moves 21 group/two '.data.change == "create"'
  wait_for 20 has_moves 21 team/two '.data.change == "delete"'
  [[ -z $(known team/two) && $(known group/two | wc -l) == 21 ]]

  # Back again.
  rm -r "$GIT_ROOT/team/two.git"
  mv "$GIT_ROOT/group/two.git" "$GIT_ROOT/team/two.git"
  wait_for 20 has_moves 42 team/two '.data.change == "create"'
  wait_for 20 has_moves 21 group/two '.data.change == "delete"'

  # Gone, as if its file system were not mounted: what is known stays.
  mv "$GIT_ROOT/team/two.git" "$T/away"
  wait_for 20 grep -q 'repository gone.*repo=team/two' "$DAEMON_LOG"
  [[ $(known team/two | wc -l) == 21 ]]
  # Made while it runs, with refs in it, and pushed to.
  repo_new fresh
  git push -q "$GIT_ROOT/fresh.git" main
  wait_for 20 has_moves 1 fresh '.data.actor == "alice"'
  headgate audit verify
}

@test "repositories that got another name while the daemon was away have no refs under the old one" {
  [[ $(stat -c %W "$T") != 0 ]] || skip "this file system does not keep when a folder was made"
  server_config
  repo_new one
  repo_new stays
  repo_new away
  daemon_start
  repo_clone one
  commit a one
  for name in one stays away; do
    git push -q "$GIT_ROOT/$name.git" main main:refs/heads/b
  done
  wait_for 20 has_moves 2 one
  wait_for 20 has_moves 2 away
  daemon_stop
  mkdir "$GIT_ROOT/team"
  mv "$GIT_ROOT/one.git" "$GIT_ROOT/team/two.git"
  # Just gone, and another one in the place of one that is.
  mv "$GIT_ROOT/away.git" "$T/away"
  cp -a "$GIT_ROOT/stays.git" "$GIT_ROOT/copy.git"
  daemon_start
  grep -q 'renamed while the daemon was away.*repo=one to=team/two' "$DAEMON_LOG"
  [[ $(grep -c 'renamed' "$DAEMON_LOG") == 1 ]]
  [[ -z $(known one) && $(known team/two | wc -l) == 2 && $(known copy | wc -l) == 2 ]]
  [[ $(known away | wc -l) == 2 && $(known stays | wc -l) == 2 ]]
  has_moves 2 one '.data.change == "delete" and .data.actor == null'
  # Once.
  daemon_stop
  daemon_start
  [[ $(grep -c 'renamed' "$DAEMON_LOG") == 1 ]]
  has_moves 2 one '.data.change == "delete"'
  # Made and renamed while it runs, and again while it does not; and one that comes back, under another name.
  repo_new fresh
  git push -q "$GIT_ROOT/fresh.git" main
  wait_for 20 has_moves 1 fresh
  # Which folder that was has been noted.
  wait_for 20 eval '(($(sqlite3 "$STATE/journal.db" "SELECT count(*) FROM folders WHERE repo = '"'fresh'"'") == 1))'
  daemon_stop
  mv "$GIT_ROOT/fresh.git" "$GIT_ROOT/fresher.git"
  mv "$T/away" "$GIT_ROOT/back.git"
  daemon_start
  [[ -z $(known fresh) && $(known fresher | wc -l) == 1 ]]
  [[ -z $(known away) && $(known back | wc -l) == 2 ]]
  mv "$GIT_ROOT/fresher.git" "$GIT_ROOT/freshest.git"
  wait_for 20 has_moves 1 fresher '.data.change == "delete"'
  daemon_stop
  mv "$GIT_ROOT/freshest.git" "$GIT_ROOT/fresh.git"
  daemon_start
  [[ $(known fresh | wc -l) == 1 ]]
  headgate audit verify
}

# Whether a command can be run with another limit of inotify: in a user namespace of its own.
limited() {
  unshare -Ur sh -c "echo $1 >/proc/sys/user/max_inotify_$2 && exec true" 2>/dev/null
}

# daemon_limited NUMBER watches|instances: start the daemon where inotify has only so many.
daemon_limited() {
  unshare -Ur sh -c "echo $1 >/proc/sys/user/max_inotify_$2 && exec headgated -c '$CONFIG'" >>"$DAEMON_LOG" 2>&1 </dev/null 3>&- &
  DAEMON_PID=$!
  wait_for 30 daemon_ready_or_ended
  ! process_ended "$DAEMON_PID"
}

@test "where inotify takes no more watches or instances, it is said once, and pushes are taken in all the same" {
  limited 10 watches || skip "no user namespace to limit inotify in"
  server_config
  for i in {1..20}; do repo_new "r$i"; done
  for what in watches instances; do
    : >"$DAEMON_LOG"
    daemon_limited "$([[ $what == watches ]] && echo 10 || echo 0)" "$what"
    (($(grep -c 'inotify takes no more watches' "$DAEMON_LOG") == 1))
    rm -rf "$T/work"
    repo_clone r20
    commit "$what" one && git push -q origin HEAD:refs/heads/main
    cd "$T"
    [[ $(admin GET "/v1/events?repo=r20" | jq -r '.snapshot[0].new') == $(git -C work rev-parse HEAD) ]]
    daemon_stop
  done
}
