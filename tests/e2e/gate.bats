# The gate by itself, without a daemon: what it refuses, how it says so, and what it does in trouble.
load helper

BAD=$'a: 1\na: 2\n'

# A repository with one commit on main, cloned. Arguments as of server_config.
begin() {
  server_config "$@"
  repo_new prod
  BARE=$GIT_ROOT/prod.git
  repo_clone prod
  commit app.yaml "$(good_manifest app)"
  git push -q origin main
  FIRST=$(git rev-parse main)
}

# moved REF COMMIT: the ref is there now
moved() {
  [[ $(git -C "$BARE" rev-parse --verify -q "$1") == "$2" ]]
}

# One line that says that it could not judge, and no more of ours.
one_line_of_trouble() {
  [[ $(grep -c 'headgate: ' <<<"$output") == 1 ]] || { echo "not one line:"; echo "$output"; return 1; }
  has 'headgate: refused: cannot judge this push: '
}

spooled() {
  ls "$STATE/spool"
}

@test "a good push is silent, a bad one is told in full and does not move the ref" {
  begin
  commit other.yaml "$(good_manifest other)"
  run git push -q origin main
  ((status == 0)) && [[ -z $output ]]
  before=$(git rev-parse main)
  commit apps/bad.yaml "$(printf 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  name: b\n')"
  fails git push origin main
  has 'remote: headgate: refused: refs/heads/main: 1 error in 1 changed file'
  has 'remote: apps/bad.yaml:5:3: error: duplicate key "name" [yaml/duplicate-key]'
  has 'remote:      5 |   name: b'
  has '  hint: '
  moved refs/heads/main "$before"
}

@test "each ref is judged by itself and told by itself" {
  begin 'policies: [{refs: ["refs/heads/*"]}]'
  git checkout -q -b one && commit bad1.yaml $'a: 1\na: 2\n' && git checkout -q -b two main && commit bad2.yaml $'a: 1\na: 2\n'
  git checkout -q -b three main && commit fine.yaml "$(good_manifest three)"
  fails git push origin one two three
  has 'refused: refs/heads/one: 1 error in 1 changed file'
  has 'refused: refs/heads/two: 1 error in 1 changed file'
  has 'bad1.yaml:2:1: error: duplicate key'
  has 'bad2.yaml:2:1: error: duplicate key'
  lacks 'refs/heads/three:'
}

@test "many refused refs are counted, not all told" {
  begin 'policies: [{refs: ["refs/heads/**"]}]'
  git checkout -q -b bad && commit bad.yaml "$BAD"
  for ((i = 0; i < 30; i++)); do echo "create refs/heads/x/$i $(git rev-parse bad)"; done | git update-ref --stdin
  fails git push origin 'refs/heads/x/*'
  [[ $(grep -c 'refused: refs/heads/x/' <<<"$output") == 20 ]]
  has 'headgate: refused: and 10 more refs'
}

@test "warnings are told and do not refuse" {
  begin 'policies: [{rules: {k8s/name: warning}}]'
  commit odd.yaml "$(good_manifest Not_A_Name)"
  run git push origin main
  ((status == 0))
  has 'headgate: accepted: refs/heads/main: 1 warning in 1 changed file'
  has '[k8s/name]'
  moved refs/heads/main "$(git rev-parse main)"
}

@test "a row of checks that is strict makes errors of warnings" {
  begin 'policies: [{rules: {k8s/name: warning}, checks: [{paths: ["a/**"], strict: true}, {paths: ["b/**"]}]}]'
  commit b/odd.yaml "$(good_manifest Not_A_Name)"
  git push -q origin main
  commit a/odd.yaml "$(good_manifest Not_A_Name)"
  fails git push origin main
  has 'a/odd.yaml:4:9: error:'
  commit a/odd.yaml "$(good_manifest a-name)"
  commit c/unnamed.yaml "$BAD"
  git push -q origin main
}

@test "who may push is judged by name and group" {
  begin 'policies: [{push: {allow: ["@ops", carol]}}]' 'groups: {ops: [alice, bob]}'
  commit other.yaml "$(good_manifest other)"
  USER=mallory fails git push origin main
  has 'remote: refs/heads/main: error: mallory may not push to this ref [policy/not-allowed]'
  has '@ops, carol'
  moved refs/heads/main "$FIRST"
  USER=carol git push -q origin main
  USER=$'x\e[31m' fails git push origin main~:main --force
  has 'x\e[31m'
  lacks $'\e[31m'
}

@test "force and deletion, where the policy allows them" {
  begin 'policies: [{refs: ["refs/heads/*"], push: {force: allow, delete: allow}}]'
  git commit -q --amend -m other
  git push -q --force origin main
  moved refs/heads/main "$(git rev-parse main)"
  git push -q origin main:gone
  git push -q origin :gone
  ! git -C "$BARE" rev-parse --verify -q refs/heads/gone || false
  # The content is judged all the same.
  commit bad.yaml "$BAD"
  fails git push --force origin main
  has 'bad.yaml:2:1: error: '
}

@test "a forced update that goes back is refused" {
  begin
  commit other.yaml "$(good_manifest other)"
  git push -q origin main
  fails git push --force origin main~:main
  has '[policy/force-push]'
}

@test "a tag that a policy names is judged by its commit" {
  begin 'policies: [{refs: ["refs/tags/**"], push: {}}]'
  git tag -a -m good v1 && git push -q origin v1
  git checkout -q -b side && commit bad.yaml "$BAD"
  git tag -a -m bad v2 && git tag light
  fails git push origin v2
  has 'refused: refs/tags/v2: 1 error in 2 changed files'
  fails git push origin light
  fails git push origin :v1
  has '[policy/delete]'
  fails git push --force origin light:refs/tags/v1
  # A tag of a file: there is nothing to judge it by.
  git tag -a -m blob onblob "$(git rev-parse HEAD:app.yaml)"
  fails git push origin onblob
  one_line_of_trouble
  has 'names a blob, not a commit'
}

@test "a first push is judged whole, a new branch by what it adds to the default branch" {
  server_config 'policies: [{refs: ["refs/heads/*"]}]'
  repo_new prod
  BARE=$GIT_ROOT/prod.git
  repo_clone prod
  commit bad.yaml "$BAD"
  commit app.yaml "$(good_manifest app)"
  fails git push origin main
  has 'bad.yaml:2:1: error: '
  git -C "$BARE" fetch -q "$T/work" main:main
  git checkout -q -b topic && commit other.yaml "$(good_manifest other)"
  git push -q origin topic
}

@test "what a branch without a policy holds is judged when it becomes a branch that has one" {
  server_config 'policies: [{refs: ["refs/heads/release/*"]}]'
  repo_new prod
  repo_clone prod
  commit bad.yaml "$BAD"
  git push -q origin main
  fails git push origin main:release/1
  has 'bad.yaml:2:1: error: '
  git rm -q bad.yaml && commit app.yaml "$(good_manifest app)"
  git push -q origin main:release/1
}

@test "a push to a symbolic ref is judged as the ref that it moves" {
  begin
  git -C "$BARE" symbolic-ref refs/heads/master refs/heads/main
  commit bad.yaml "$BAD"
  fails git push origin HEAD:master
  has 'headgate: refused: refs/heads/main: 1 error in 1 changed file'
  fails git push origin :master
  has 'policy/delete'
  moved refs/heads/main "$FIRST"
  git -C "$BARE" symbolic-ref HEAD refs/heads/master
  fails git push origin HEAD:main
  moved refs/heads/main "$FIRST"
}

@test "a push by way of a linked working tree or a namespace is no way around a policy" {
  begin
  git -C "$BARE" worktree add -q "$T/linked" -b other main
  commit bad.yaml "$BAD"
  for way in "$T/linked" "$BARE/worktrees/linked"; do
    fails git push "$way" HEAD:main
    one_line_of_trouble
    has "it goes to a linked working tree of $BARE; push to the repository itself"
  done
  fails git -c protocol.ext.allow=always push "ext::git --namespace=x %s $BARE" HEAD:main
  one_line_of_trouble
  has 'it goes to the Git namespace "x"'
  moved refs/heads/main "$FIRST"
}

@test "what was judged cannot be replaced, unless a policy lets it" {
  begin
  commit bad.yaml "$BAD"
  fails git push origin "$(git rev-parse HEAD:bad.yaml):refs/replace/$(git rev-parse HEAD:app.yaml)"
  has '[policy/not-allowed]'
  has 'a policy that names refs/replace/** opens it'
  server_config 'policies: [{refs: ["refs/replace/**"]}]'
  git push -q origin "$FIRST:refs/replace/$(git rev-parse HEAD)"
}

@test "a link must lead to what is judged; a submodule has nothing to judge" {
  begin
  git update-index --add --cacheinfo "160000,$FIRST,module.yaml"
  commit base/app.yaml "$(good_manifest app)"
  ln -s base/app.yaml link.yaml && ln -s README readme && git add link.yaml readme
  git commit -q -m links
  git push -q origin main
  local target
  for target in nowhere/at/all notes.txt /etc/passwd ../../outside.yaml base; do
    ln -sf "$target" deploy.yaml && git add deploy.yaml
    git commit -q -m "$target"
    fails git push origin main
    has 'deploy.yaml: error: this is a symbolic link to '"$target"
    has '[git/symlink]'
    run headgate check --rev HEAD
    ((status == 1))
    has '[git/symlink]'
    git reset -q --hard origin/main
  done
  git rm -q --cached link.yaml && rm link.yaml && commit link.yaml "$BAD"
  fails git push origin main
  has 'link.yaml:2:1: error: '
}

@test "hostile content is refused with one clear finding each" {
  begin
  printf 'a: \xff\xfe\xc0\n' >utf8.yaml
  head -c 3000 /dev/zero >binary.yaml
  head -c 64000 /dev/zero | tr '\0' '[' >deep.yaml
  printf 'a: &a [x,x,x,x,x,x,x,x,x,x]\n' >bomb.yaml
  for i in b c d e f g h; do
    p=$(tr b-h a-g <<<$i)
    printf '%s: &%s [*%s,*%s,*%s,*%s,*%s,*%s,*%s,*%s,*%s,*%s]\n' $i $i $p $p $p $p $p $p $p $p $p $p >>bomb.yaml
  done
  printf '"k\\e[31mey": 1\n"k\\e[31mey": 2\n' >key.yaml
  printf '{"a": 1, "a": 2}' >x.json
  printf 'a: [\n' >$'esc\e[31m\n.yaml'
  git add . && git commit -q -m hostile
  fails git push origin main
  has 'refused: refs/heads/main: '
  has 'in 7 changed files'
  has '[git/binary]'
  has '[yaml/depth]'
  has '[yaml/alias-bomb]'
  has 'utf8.yaml:1:4: error'
  has 'x.json:1:10: error: duplicate key'
  has 'esc\e[31m\n.yaml'
  lacks $'\e[31m'
}

@test "a file over the limit is refused by its size, one of 1 GiB too, and that is not read" {
  begin 'policies: [{limits: {blob: 1KiB}}]'
  # Git reads it as a stream from here on, and a hook that loaded it would need far more than this.
  git config core.bigFileThreshold 1m && git config core.compression 1
  git -C "$BARE" config core.bigFileThreshold 1m
  rm "$BARE/hooks/pre-receive"
  printf '#!/bin/bash\nulimit -v %s && exec "%s"\n' "$(sanitized && echo unlimited || echo 300000)" \
    "$BUILD/bin/headgate-pre-receive" >"$BARE/hooks/pre-receive"
  chmod +x "$BARE/hooks/pre-receive"
  truncate -s 1G big.yaml
  git add big.yaml && git commit -q -m big
  fails git push origin main
  has 'big.yaml: error: '
  has '[git/blob-size]'
  has '1073741824'
  moved refs/heads/main "$FIRST"
  git mv big.yaml big.bin && git commit -q --amend -m "no file that is checked"
  git push -q origin main
}

@test "the time for a push is limited" {
  begin 'policies: [{limits: {seconds: 1}}]'
  # One large file many times: little to push, much to read, and a look at the clock before each.
  seq -f 'k%.0f: [a, b, c, d, {e: f}]' 20000 >a.yaml
  for ((i = 0; i < 500; i++)); do cp a.yaml "$i.yaml"; done
  git add . && git commit -q -m many
  began=$SECONDS
  fails git push origin main
  ((SECONDS - began < 60))
  # A slow program may be ended between two looks at the clock.
  sanitized || has '[gate/timeout]'
  has 'limits.seconds'
  moved refs/heads/main "$FIRST"
}

@test "input that never ends is given up" {
  server_config
  repo_new prod
  cd "$GIT_ROOT/prod.git"
  mkfifo "$T/fifo"
  sleep 60 >"$T/fifo" 3>&- &
  sleeper=$!
  run env GIT_DIR=. hooks/pre-receive <"$T/fifo"
  kill "$sleeper"
  ((status == 1))
  one_line_of_trouble
  has 'it takes too long'
}

@test "malformed input is refused" {
  server_config
  repo_new prod
  cd "$GIT_ROOT/prod.git"
  run env GIT_DIR=. hooks/pre-receive <<<"0123 4567 refs/heads/main"
  ((status == 1))
  one_line_of_trouble
  run hooks/pre-receive <<<""
  ((status == 1))
  has 'GIT_DIR is not set'
}

@test "trouble with the config refuses and says where" {
  begin
  commit other.yaml "$(good_manifest other)"
  cp "$CONFIG" "$T/good.yaml"
  for bad in 'sote: x' 'policies: [{limits: {seconds: 0}}]' 'state: [' 'mirrors: [{name: a}]'; do
    printf '%s\n' "$bad" | cat "$T/good.yaml" - >"$CONFIG"
    fails git push origin main
    one_line_of_trouble
    has "$CONFIG:"
  done
  : >"$CONFIG"
  fails git push origin main
  one_line_of_trouble
  rm "$CONFIG"
  fails git push origin main
  one_line_of_trouble
  has "$CONFIG"
  moved refs/heads/main "$FIRST"
}

@test "where a hook finds its config: the environment, then a link in the repository" {
  begin
  commit bad.yaml "$BAD"
  unset HEADGATE_CONFIG
  fails git push origin main
  has 'bad.yaml:2:1: error: '
  rm "$BARE/headgate/config" && ln -s "$T/gone.yaml" "$BARE/headgate/config"
  fails git push origin main
  one_line_of_trouble
  has headgate/config
}

@test "trouble with the repository refuses" {
  begin
  commit bad.yaml "$BAD"
  # The old tip is gone: what has changed since cannot be told.
  object=$BARE/objects/${FIRST:0:2}/${FIRST:2}
  cd "$BARE"
  new=$(git -C "$T/work" rev-parse main)
  rm -f "$object"
  run env GIT_DIR=. hooks/pre-receive <<<"$FIRST $new refs/heads/main"
  ((status == 1))
  one_line_of_trouble
  has "$FIRST"
}

@test "a SHA-256 repository is refused in so many words, a reftable one too" {
  server_config
  git init -q --bare --object-format=sha256 "$GIT_ROOT/sha.git"
  git init -q --bare "$GIT_ROOT/table.git"
  for name in sha table; do
    ln -s "$BUILD/bin/headgate-pre-receive" "$GIT_ROOT/$name.git/hooks/pre-receive"
  done
  git init -q --object-format=sha256 "$T/work" && cd "$T/work"
  commit app.yaml "$(good_manifest app)"
  fails git push "$GIT_ROOT/sha.git" main
  one_line_of_trouble
  has 'SHA-256'
  cd "$GIT_ROOT/table.git"
  git config core.repositoryformatversion 1 && git config extensions.refStorage reftable
  run env GIT_DIR=. hooks/pre-receive <<<"${FIRST:-$(printf '%040d' 0)} $(printf '%040d' 1) refs/heads/main"
  ((status == 1))
  one_line_of_trouble
  has 'extensions.refstorage = reftable'
}

@test "a repository that the config leaves out passes, silently and unannounced" {
  server_config
  sed -i 's|^repositories:.*|repositories: {root: '"$GIT_ROOT"', exclude: ["scratch/**"]}|' "$CONFIG"
  repo_new scratch/mine
  repo_clone scratch/mine
  commit bad.yaml "$BAD"
  run git push -q origin main
  ((status == 0)) && [[ -z $output ]]
  fails spooled
}

@test "names that need care: a colon, a quote, a space, bytes that are no UTF-8" {
  server_config
  for name in 'a:b' 'q"q' 'sp ace' $'caf\xe9' $'\t:\xe9"\\'; do
    repo_new "$name"
    BARE=$GIT_ROOT/$name.git
    git clone -q "$BARE" "$T/clone" 2>/dev/null
    cd "$T/clone"
    commit app.yaml "$(good_manifest app)"
    git push -q origin main
    commit bad.yaml "$BAD"
    fails git push origin main
    has 'bad.yaml:2:1: error: '
    git reset -q --hard HEAD~ && commit $'caf\xe9.yaml' "$(good_manifest other)"
    git push -q origin main
    cd "$T" && rm -rf "$T/clone"
  done
}

@test "on GitLab the reason is shown on its pages too, and the pusher is GitLab's" {
  USER=bob begin 'policies: [{push: {allow: [bob]}}]'
  export GL_ID=user-7 GL_USERNAME=carol GL_PROTOCOL=web
  commit bad.yaml "$BAD"
  fails git push origin main
  has 'GL-HOOK-ERR: headgate: refused: refs/heads/main'
  has 'carol may not push'
  GL_USERNAME=bob fails git push origin main
  has 'GL-HOOK-ERR: headgate: refused: refs/heads/main: 1 error in 1 changed file'
  [[ $(grep -c GL-HOOK-ERR <<<"$output") == 1 ]]
  rm "$CONFIG"
  fails git push origin main
  has 'GL-HOOK-ERR: headgate: refused: cannot judge this push: '
}

@test "the hook that was there: its status counts, a refused push does not reach it, no input is too large for it" {
  begin
  cat >"$BARE/hooks/pre-receive.before-headgate" <<END
#!/bin/sh
echo "\$0 \$GIT_QUARANTINE_PATH" >>"$T/ran"
exit \$(cat "$T/status")
END
  # No first line: git lets the shell run such a hook, and so do we.
  printf 'wc -l >"%s"\n' "$T/lines" >"$BARE/hooks/post-receive.before-headgate"
  chmod +x "$BARE"/hooks/*.before-headgate
  commit bad.yaml "$BAD"
  fails git push origin main
  [[ ! -e $T/ran ]]
  git reset -q --hard HEAD~ && commit fine.yaml "$(good_manifest fine)"
  echo 3 >"$T/status"
  fails git push origin main
  [[ $(cat "$T/ran") == *hooks/pre-receive.before-headgate\ */objects/tmp_objdir-incoming-* ]]
  moved refs/heads/main "$FIRST"
  # More than a pipe holds, to a hook that reads none of it.
  echo 0 >"$T/status"
  for ((i = 0; i < 800; i++)); do echo "create refs/heads/a/branch/with/a/long/name/$i $FIRST"; done | git update-ref --stdin
  git push -q origin 'refs/heads/a/*' main
  [[ $(cat "$T/lines") == 801 ]]
  chmod -x "$BARE/hooks/pre-receive.before-headgate"
  echo 1 >"$T/status"
  git push -q origin main:again
  # Ours in the other's place does not go round and round.
  ln -sf "$BUILD/bin/headgate-pre-receive" "$BARE/hooks/pre-receive.before-headgate"
  timeout 30 git push -q origin main:once-more
}

@test "without a daemon the change is spooled, silently and whole" {
  begin
  [[ $(spooled | wc -l) == 1 && $(spooled) == *.json ]]
  [[ $(wc -l <"$STATE/spool/$(spooled)") == 1 ]]
  jq -e --arg repo "$(realpath "$BARE")" --arg new "$FIRST" '.v == 1 and .type == "received" and .repo == $repo
    and (.push | test("^[0-9a-f]{32}$")) and .actor.name == "alice" and .actor.server == "local"
    and .updates == [{old: ("0" * 40), new: $new, ref: "refs/heads/main"}] and .options == []' "$STATE/spool/$(spooled)"
  git -C "$BARE" config receive.advertisePushOptions true
  rm "$STATE/spool"/*
  git push -q -o ci.skip -o a=b origin main:topic
  jq -e '.options == ["ci.skip", "a=b"]' "$STATE/spool/$(spooled)"
}

@test "a change that can neither be told nor spooled is in all the same, with one warning" {
  begin
  rm -rf "$STATE" && : >"$STATE"
  commit other.yaml "$(good_manifest other)"
  run git push origin main
  ((status == 0))
  has 'remote: headgate: warning: this push is in, but could not be announced: '
  [[ $(grep -c 'headgate: ' <<<"$output") == 1 ]]
  moved refs/heads/main "$(git rev-parse main)"
  cd "$BARE" && rm "$CONFIG"
  run env GIT_DIR=. hooks/post-receive <<<"$FIRST $(git rev-parse main) refs/heads/main"
  ((status == 0))
  has 'headgate: warning: '
}

@test "a refusal is told to the daemon, with who, what and why" {
  begin
  daemon_start
  commit bad.yaml "$BAD"
  fails git push origin main main:topic
  wait_for 5 has_events 1 push.refused
  events_of push.refused | jq -e --arg new "$(git rev-parse main)" '.subject == "prod" and .data.actor == "alice"
    and (.data.updates | length) == 2 and .data.updates[0].new == $new and .data.errors == 1 and .data.warnings == 0
    and .data.findings[0].rule == "yaml/duplicate-key" and .data.findings[0].path == "bad.yaml"
    and .data.findings[0].line == 2'
}

@test "a daemon that does not answer costs a moment, not the push" {
  begin
  daemon_start
  wait_for 5 has_events 1 ref.updated
  commit other.yaml "$(good_manifest other)"
  kill -STOP "$DAEMON_PID"
  began=$SECONDS
  run git push -q origin main
  told=$output took=$((SECONDS - began)) waiting=$(spooled)
  commit bad.yaml "$BAD"
  run git push origin main
  kill -CONT "$DAEMON_PID"
  ((took <= 10)) && [[ -z $told && $waiting == *.json ]]
  has 'bad.yaml:2:1'
  moved refs/heads/main "$(git rev-parse main~)"
  wait_for 5 has_events 2 ref.updated
}
