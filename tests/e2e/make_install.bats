# make install: what is installed works from where it is, and make uninstall leaves nothing.
load helper

make_here() {
  local flavour=release
  ! sanitized || flavour=asan
  make -s -C "$ROOT" FLAVOUR="$flavour" DESTDIR="$T/root" PREFIX=/opt/headgate UNITDIR=/opt/headgate/units "$@"
}

@test "installed programs find one another; uninstall takes out what install put in" {
  make_here install
  local prefix=$T/root/opt/headgate
  PATH=$prefix/bin:$prefix/sbin:$PATH
  [[ $(command -v headgate) == "$prefix/bin/headgate" ]]
  server_config
  repo_new infra
  [[ $(readlink "$GIT_ROOT/infra.git/hooks/pre-receive") == "$prefix/libexec/headgate/headgate-pre-receive" ]]
  daemon_start
  repo_clone infra
  commit app.yaml "$(good_manifest app)"
  git push -q origin main
  wait_for 5 has_events 1 ref.updated
  run headgate status
  ((status == 0))
  has infra
  daemon_stop

  # Units name the programs where they are; pages are where man looks.
  grep -q '^ExecStart=/opt/headgate/sbin/headgated' "$prefix/units/headgated.service"
  fails grep -r '@[A-Z]*@' "$prefix/units"
  for page in "$ROOT"/docs/*.[158]; do
    [[ -s $prefix/share/man/man${page##*.}/$(basename "$page") ]]
  done

  [[ -s $prefix/share/bash-completion/completions/headgate && -s $prefix/share/zsh/site-functions/_headgate ]]
  [[ -s $prefix/share/fish/vendor_completions.d/headgate.fish ]]

  make_here uninstall
  [[ -z $(find "$T/root" -type f -o -type l) ]]
}
