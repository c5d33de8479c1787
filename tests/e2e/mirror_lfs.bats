#!/usr/bin/env bats
# Objects of Git LFS follow, by git-lfs itself and its own way of file:// (lfs-standalone-file).

load helper

setup() {
  headgate_setup
  command -v git-lfs >/dev/null || skip "git-lfs is not installed"
  mkdir -p "$T/other/infra"
  ORIGINAL_PATH=$PATH
}

mirror_config() { # DIRECTION
  server_config 'mirrors:' "  - {name: site, direction: $1, url: 'file://$T/other/{repo}.git', lfs: true, retry_first: 1s}"
}

# A clone with one large file in it.
large_commit() {
  git lfs install --local >/dev/null
  git lfs track '*.bin' >/dev/null
  head -c 5000 /dev/urandom >big.bin
  git add .gitattributes big.bin
  git commit -q -m "one large file"
  OID=$(sha256sum big.bin | cut -d ' ' -f 1)
}

object_of() { echo "$1/lfs/objects/${OID:0:2}/${OID:2:2}/$OID"; } # REPOSITORY
is_at() { [[ $(git -C "$1" rev-parse -q --verify main) == "$2" ]]; }

@test "a push mirror brings objects of LFS there, before the ref" {
  mirror_config push
  repo_new infra/prod
  git init -q --bare "$T/other/infra/prod.git"
  daemon_start
  repo_clone infra/prod
  git config remote.origin.url "file://$GIT_ROOT/infra/prod.git"
  large_commit
  git push -q origin main
  [[ -e $(object_of "$GIT_ROOT/infra/prod.git") ]]
  wait_for 30 is_at "$T/other/infra/prod.git" "$(git rev-parse HEAD)"
  cmp "$(object_of "$T/other/infra/prod.git")" big.bin
}

@test "a pull mirror has objects of LFS before it publishes, and publishes nothing without them" {
  mirror_config pull
  repo_new infra/prod
  git init -q --bare "$T/other/infra/prod.git"
  git clone -q "file://$T/other/infra/prod.git" "$T/work" 2>/dev/null
  cd "$T/work"
  large_commit
  git push -q origin main
  mv "$(object_of "$T/other/infra/prod.git")" "$T/aside"
  daemon_start
  wait_for 30 failing_for_lfs
  fails is_at "$GIT_ROOT/infra/prod.git" "$(git rev-parse HEAD)"
  mv "$T/aside" "$(object_of "$T/other/infra/prod.git")"
  wait_for 30 is_at "$GIT_ROOT/infra/prod.git" "$(git rev-parse HEAD)"
  cmp "$(object_of "$GIT_ROOT/infra/prod.git")" big.bin
}

failing_for_lfs() { [[ $(admin GET '/v1/mirrors' | jq -r '.copies[0].error') == "git lfs: "* ]]; }

@test "where git-lfs is missing that is told once, and the refs follow" {
  mirror_config push
  repo_new infra/prod
  git init -q --bare "$T/other/infra/prod.git"
  # All that git needs, but git-lfs.
  mkdir "$T/bin"
  local tool
  for tool in git sh ssh; do
    ln -s "$(command -v $tool)" "$T/bin/$tool"
  done
  PATH="$BUILD/bin:$T/bin" daemon_start_with_path
  repo_clone infra/prod
  commit a.yaml "$(good_manifest one)"
  git push -q origin main
  wait_for 30 is_at "$T/other/infra/prod.git" "$(git rev-parse HEAD)"
  commit b.yaml "$(good_manifest two)"
  git push -q origin main
  wait_for 30 is_at "$T/other/infra/prod.git" "$(git rev-parse HEAD)"
  [[ $(grep -c "git-lfs is not installed here" "$DAEMON_LOG") == 1 ]]
}

# The daemon alone has that PATH: what waits for it needs more.
daemon_start_with_path() {
  local path=$PATH
  PATH=$ORIGINAL_PATH
  env PATH="$path" headgated -c "$CONFIG" >>"$DAEMON_LOG" 2>&1 </dev/null 3>&- &
  DAEMON_PID=$!
  wait_for 30 daemon_ready_or_ended
}
