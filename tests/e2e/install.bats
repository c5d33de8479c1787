# headgate install: what it puts into a repository, that it takes exactly that out again, and what it refuses.

load helper

# Programs that stand in for an older and a newer build's hooks.
setup() {
  headgate_setup
  local build
  for build in old new; do
    mkdir "$T/$build"
    printf '#!/bin/sh\nexit 0\n' | tee "$T/$build/headgate-pre-receive" >"$T/$build/headgate-post-receive"
    chmod +x "$T/$build"/*
  done
  git init -q --bare a.git
}

install_new() {
  headgate install --hooks-dir new "$@"
}

# Everything below a folder: names, modes, link targets, contents.
picture() {
  find "$1" -printf '%p %y %m %l\n' | sort
  find "$1" -type f -print0 | sort -z | xargs -0 sha256sum
}

# linked_to PATH PROGRAM
linked_to() {
  [[ $(readlink "$1") == "$2" ]] || { echo "$1 leads to $(readlink "$1")"; return 1; }
}

old_hook() {
  printf '#!/bin/sh\necho old hook\n' >"$1"
  chmod +x "$1"
}

@test "plain: links, once, and back" {
  local before
  before=$(picture a.git)
  run install_new a.git
  [[ $status == 0 && $output == "a.git: plain hooks: installed pre-receive, post-receive; installed receive.advertisePushOptions" ]]
  linked_to a.git/hooks/pre-receive "$T/new/headgate-pre-receive"
  linked_to a.git/hooks/post-receive "$T/new/headgate-post-receive"
  local installed
  installed=$(picture a.git)
  run install_new a.git
  [[ $status == 0 && $output == "a.git: plain hooks: already installed, nothing to do" ]]
  [[ $(picture a.git) == "$installed" ]]
  run headgate install --uninstall a.git
  [[ $status == 0 && $output == "a.git: plain hooks: removed pre-receive, post-receive; removed receive.advertisePushOptions" ]]
  [[ $(picture a.git) == "$before" ]]
  run headgate install --uninstall a.git
  [[ $status == 0 && $output == "a.git: plain hooks: not installed, nothing to do" ]]
}

@test "plain: a hook that is there is kept, a link to elsewhere too, and both come back" {
  old_hook a.git/hooks/pre-receive
  ln -s /nowhere/at-all a.git/hooks/post-receive
  local before
  before=$(picture a.git)
  run install_new a.git
  [[ $status == 0 ]]
  has "pre-receive.before-headgate runs after ours; post-receive.before-headgate runs after ours"
  grep -q 'old hook' a.git/hooks/pre-receive.before-headgate
  linked_to a.git/hooks/post-receive.before-headgate /nowhere/at-all
  linked_to a.git/hooks/pre-receive "$T/new/headgate-pre-receive"
  install_new a.git
  run headgate install --uninstall a.git
  [[ $status == 0 ]]
  has "restored pre-receive, post-receive"
  [[ $(picture a.git) == "$before" ]]
}

@test "push options are offered, unless the repository says no" {
  git -C a.git config receive.advertisePushOptions false
  run install_new a.git
  [[ $status == 0 ]]
  has "a.git: its config says no to receive.advertisePushOptions: nobody can git push -o headgate.wait to it"
  [[ $(git -C a.git config receive.advertisePushOptions) == false ]]
  headgate install --uninstall a.git >/dev/null
  [[ $(git -C a.git config receive.advertisePushOptions) == false ]]

  # What was said before we came stays when we go; what we said goes, unless somebody has said otherwise since.
  git -C a.git config receive.advertisePushOptions true
  install_new a.git >/dev/null
  headgate install --uninstall a.git >/dev/null
  [[ $(git -C a.git config receive.advertisePushOptions) == true ]]
  git -C a.git config --unset receive.advertisePushOptions
  install_new a.git >/dev/null
  [[ $(git -C a.git config receive.advertisePushOptions) == true ]]
  git -C a.git config receive.advertisePushOptions false
  headgate install --uninstall a.git >/dev/null
  [[ $(git -C a.git config receive.advertisePushOptions) == false ]]

  # Other kinds of servers see to it themselves.
  git init -q --bare lab.git
  mkdir lab.git/custom_hooks
  install_new --layout gitlab lab.git >/dev/null
  fails git -C lab.git config receive.advertisePushOptions

  # A config that Git cannot read is told; a Git that is not there too.
  git init -q --bare b.git
  run env PATH="$BUILD/bin" headgate install --hooks-dir "$T/new" b.git
  [[ $status == 0 ]]
  has "git cannot be run to set receive.advertisePushOptions"
}

@test "plain: what was kept before is never overwritten" {
  old_hook a.git/hooks/pre-receive
  install_new a.git
  rm a.git/hooks/pre-receive
  old_hook a.git/hooks/pre-receive
  local before
  before=$(picture a.git)
  run install_new a.git
  [[ $status == 2 ]]
  has "hooks/pre-receive is not Headgate's, and pre-receive.before-headgate is there from before; remove one of the two"
  [[ $(picture a.git) == "$before" ]]
}

@test "a link to an older build is led to the new one" {
  headgate install --hooks-dir old a.git
  rm -r old
  run install_new a.git
  [[ $status == 0 && $output == "a.git: plain hooks: updated pre-receive, post-receive" ]]
  linked_to a.git/hooks/pre-receive "$T/new/headgate-pre-receive"
  [[ ! -e a.git/hooks/pre-receive.before-headgate ]]
}

@test "core.hooksPath, relative and absolute, made when it is missing" {
  local before
  git -C a.git config core.hooksPath my/hooks
  before=$(picture a.git)
  install_new a.git
  linked_to a.git/my/hooks/pre-receive "$T/new/headgate-pre-receive"
  [[ ! -e a.git/hooks/pre-receive ]]
  headgate install --uninstall a.git
  [[ $(picture a.git) == "$before" ]]

  git -C a.git config core.hooksPath "$T/shared"
  mkdir shared
  before=$(picture a.git)
  install_new a.git
  linked_to shared/post-receive "$T/new/headgate-post-receive"
  headgate install --uninstall a.git
  [[ -d shared && -z $(ls shared) && $(picture a.git) == "$before" ]]
}

@test "a folder that somebody put something into stays" {
  git -C a.git config core.hooksPath my/hooks
  install_new a.git
  touch a.git/my/hooks/update
  headgate install --uninstall a.git
  [[ -e a.git/my/hooks/update && ! -e a.git/my/hooks/pre-receive && ! -e a.git/headgate ]]
}

@test "-c links the config, leads it elsewhere, and leaves a file alone" {
  local before
  before=$(picture a.git)
  server_config
  sed -i "s,root: .*},root: $T}," "$CONFIG"
  cp "$CONFIG" other.yaml
  run install_new -c headgate.yaml a.git
  [[ $status == 0 && $output == "a.git: plain hooks: installed pre-receive, post-receive; installed config; installed receive.advertisePushOptions" ]]
  linked_to a.git/headgate/config "$CONFIG"
  run install_new a.git
  [[ $output == *"already installed, nothing to do" ]]
  linked_to a.git/headgate/config "$CONFIG"
  run install_new -c other.yaml a.git
  has "updated config"
  linked_to a.git/headgate/config "$T/other.yaml"
  run headgate install --uninstall a.git
  has "removed config"
  [[ $(picture a.git) == "$before" ]]

  mkdir a.git/headgate
  echo mine >a.git/headgate/config
  run install_new -c other.yaml a.git
  [[ $status == 2 ]]
  has "headgate/config is no link to a config; move it away"
  [[ ! -e a.git/hooks/pre-receive && $(cat a.git/headgate/config) == mine ]]
}

@test "-c with a config that is missing or wrong changes nothing" {
  local before
  before=$(picture a.git)
  run install_new -c none.yaml a.git
  [[ $status == 2 ]]
  has none.yaml
  echo 'sitte: x' >wrong.yaml
  run install_new -c wrong.yaml a.git
  [[ $status == 2 ]]
  has "wrong.yaml:1:1"
  # One whose root lies elsewhere would have every push refused.
  server_config
  run install_new -c "$CONFIG" a.git
  [[ $status == 2 ]]
  has "a.git is not below repositories.root"
  [[ $(picture a.git) == "$before" ]]
}

@test "a repository that the config leaves out is told" {
  server_config
  sed -i "s|root: .*}|root: $T, exclude: [a]}|" "$CONFIG"
  run install_new -c "$CONFIG" a.git
  [[ $status == 0 ]]
  has "a.git: the config leaves this repository out"
}

@test "GitLab: custom_hooks/<hook>.d, judged by @hashed or custom_hooks" {
  local before
  mkdir -p @hashed/ab/cd
  git init -q --bare @hashed/ab/cd/x.git
  before=$(picture @hashed)
  run install_new @hashed/ab/cd/x.git
  [[ $status == 0 && $output == "@hashed/ab/cd/x.git: gitlab hooks: installed pre-receive, post-receive" ]]
  linked_to @hashed/ab/cd/x.git/custom_hooks/pre-receive.d/headgate "$T/new/headgate-pre-receive"
  run headgate install --uninstall @hashed/ab/cd/x.git
  [[ $(picture @hashed) == "$before" ]]

  mkdir a.git/custom_hooks
  before=$(picture a.git)
  install_new a.git
  linked_to a.git/custom_hooks/post-receive.d/headgate "$T/new/headgate-post-receive"
  headgate install --uninstall a.git
  [[ $(picture a.git) == "$before" ]]
}

@test "Gitea: <hook>.d beside its delegate" {
  local hook before
  for hook in pre-receive post-receive; do
    mkdir "a.git/hooks/$hook.d"
    old_hook "a.git/hooks/$hook.d/gitea"
    cat >"a.git/hooks/$hook" <<'END'
#!/usr/bin/env bash
# AUTO GENERATED BY GITEA, DO NOT MODIFY
data=$(cat)
for hook in ${GIT_DIR}/hooks/$(basename $0).d/*; do echo "${data}" | "${hook}"; done
END
    chmod +x "a.git/hooks/$hook"
  done
  before=$(picture a.git)
  run install_new a.git
  [[ $status == 0 && $output == "a.git: gitea hooks: installed pre-receive, post-receive" ]]
  linked_to a.git/hooks/pre-receive.d/headgate "$T/new/headgate-pre-receive"
  grep -q GITEA a.git/hooks/pre-receive
  headgate install --uninstall a.git
  [[ $(picture a.git) == "$before" ]]
}

@test "a hook folder without a delegate is plain; --layout overrules" {
  mkdir a.git/hooks/pre-receive.d
  run install_new a.git
  has "plain hooks"
  headgate install --uninstall a.git
  run install_new --layout gitea a.git
  has "gitea hooks"
  linked_to a.git/hooks/post-receive.d/headgate "$T/new/headgate-post-receive"
  run headgate install --uninstall a.git
  has "removed pre-receive, post-receive"
  [[ -d a.git/hooks/pre-receive.d && ! -e a.git/hooks/post-receive.d ]]
  fails install_new --layout svn a.git
}

@test "something else under our name is not touched" {
  mkdir -p a.git/custom_hooks/pre-receive.d
  old_hook a.git/custom_hooks/pre-receive.d/headgate
  local before
  before=$(picture a.git)
  run install_new a.git
  [[ $status == 2 ]]
  has "custom_hooks/pre-receive.d/headgate is not Headgate's; move it away"
  run headgate install --uninstall a.git
  [[ $status == 0 && $(picture a.git) == "$before" ]]
  git init -q --bare b.git
  mkdir b.git/hooks/pre-receive
  run install_new b.git
  [[ $status == 2 ]]
  has "hooks/pre-receive is not Headgate's; move it away"
}

@test "one repository in trouble does not keep the others from theirs" {
  mkdir nothing
  run install_new missing.git nothing a.git
  [[ $status == 2 ]]
  has "headgate: missing.git: cannot open repository missing.git: No such file or directory"
  has "headgate: nothing: nothing is not a Git repository"
  has "a.git: plain hooks: installed"
  ((${#lines[@]} == 3))
}

@test "a repository that this version cannot read is refused, and can be left" {
  git init -q --bare --object-format=sha256 s.git
  run install_new s.git
  [[ $status == 2 ]]
  has "sha256"
  [[ ! -e s.git/hooks/pre-receive ]]
  ln -s "$T/old/headgate-pre-receive" s.git/hooks/pre-receive
  run headgate install --uninstall s.git
  [[ $status == 0 ]]
  has "removed pre-receive"
  git init -q --bare r.git
  git -C r.git config core.repositoryFormatVersion 1
  git -C r.git config extensions.refStorage reftable
  run install_new r.git
  [[ $status == 2 ]]
  has "reftable"
}

@test "a repository with a work tree" {
  git init -q tree
  install_new tree
  linked_to tree/.git/hooks/pre-receive "$T/new/headgate-pre-receive"
  headgate install --uninstall tree
  [[ ! -e tree/.git/hooks/pre-receive ]]
}

@test "names with escape bytes are shown harmless" {
  git init -q --bare $'e\e[31m.git'
  run install_new $'e\e[31m.git'
  [[ $status == 0 ]]
  has '"e\e[31m.git": plain hooks'
  lacks $'\e'
}

@test "--json tells the same" {
  old_hook a.git/hooks/pre-receive
  local told
  told=$(install_new --json a.git missing.git 2>/dev/null) && return 1
  [[ $(jq -r '.[0].layout, .[0].hooks[0].change, .[0].hooks[0].chained, .[0].hooks[1].chained, .[0].error' <<<"$told" |
    tr '\n' ' ') == "plain installed true false null " ]]
  [[ $(jq -r '.[0].hooks[0].path' <<<"$told") == "$T/a.git/hooks/pre-receive" ]]
  [[ $(jq -r '.[1].error' <<<"$told") == *"No such file"* ]]
}

@test "programs that are not there; options that are not" {
  mkdir empty
  run headgate install --hooks-dir empty a.git
  [[ $status == 2 ]]
  has "headgate-pre-receive and headgate-post-receive are not in empty; say where with --hooks-dir"
  run headgate install --nope a.git
  [[ $status == 2 ]]
  has "unknown option"
  run headgate install
  [[ $status == 2 ]]
  run headgate install --help
  [[ $status == 0 ]]
  has "usage: headgate install"
  run headgate nope
  [[ $status == 2 ]]
}

@test "what is made belongs to the repository's owner" {
  [[ $(id -u) != 0 ]] || chown -R nobody a.git
  git -C a.git -c safe.directory='*' config core.hooksPath my
  server_config
  sed -i "s,root: .*},root: $T}," "$CONFIG"
  install_new -c "$CONFIG" a.git
  local path
  for path in my my/pre-receive headgate headgate/made headgate/config; do
    [[ $(stat -c %u "a.git/$path") == "$(stat -c %u a.git)" ]]
  done
}

@test "a link in the place of our folder is not followed: root does not write where a repository's owner points" {
  mkdir elsewhere
  rm -rf a.git/hooks
  ln -s "$T/elsewhere" a.git/headgate
  fails install_new a.git
  has 'a.git/headgate is no folder'
  fails install_new --uninstall a.git
  [[ -z $(ls elsewhere) && ! -e a.git/hooks ]]
}

@test "a folder that cannot be made" {
  touch file
  git -C a.git config core.hooksPath "$T/file/hooks"
  run install_new a.git
  [[ $status == 2 ]]
  has "headgate: a.git: cannot make folder $T/file: File exists"
  ((${#lines[@]} == 1))
}

@test "a push through the hook that Gitea wrote: judged by us and by what else is there" {
  local hook
  server_config
  git init -q --bare "$GIT_ROOT/g.git"
  for hook in pre-receive post-receive; do
    mkdir "$GIT_ROOT/g.git/hooks/$hook.d"
    printf '#!/bin/sh\ncat >>%s\n' "$T/gitea.$hook" >"$GIT_ROOT/g.git/hooks/$hook.d/gitea"
    cat >"$GIT_ROOT/g.git/hooks/$hook" <<'END'
#!/usr/bin/env bash
# AUTO GENERATED BY GITEA, DO NOT MODIFY
data=$(cat)
exitcodes=""
hookname=$(basename $0)
GIT_DIR=${GIT_DIR:-$(dirname $0)/..}

for hook in ${GIT_DIR}/hooks/${hookname}.d/*; do
test -x "${hook}" && test -f "${hook}" || continue
echo "${data}" | "${hook}"
exitcodes="${exitcodes} $?"
done

for i in ${exitcodes}; do
[ ${i} -eq 0 ] || exit ${i}
done
END
    chmod +x "$GIT_ROOT/g.git/hooks/$hook" "$GIT_ROOT/g.git/hooks/$hook.d/gitea"
  done
  run headgate install -c "$CONFIG" "$GIT_ROOT/g.git"
  has "gitea hooks: installed pre-receive, post-receive; installed config"
  repo_clone g
  commit a.yaml $'a: 1\na: 2\n'
  fails env GITEA_PUSHER_NAME=carol git push -q origin HEAD:main
  has '[yaml/duplicate-key]'
  commit a.yaml $'a: 1\n'
  GITEA_PUSHER_NAME=carol git push -q origin HEAD:main
  [[ $(wc -l <"$T/gitea.pre-receive") == 2 && $(wc -l <"$T/gitea.post-receive") == 1 ]]
  daemon_start
  wait_for 10 has_events 1 ref.updated
  [[ $(events_of ref.updated | jq -r .data.actor) == carol ]]
}
