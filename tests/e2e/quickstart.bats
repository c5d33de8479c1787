# make quickstart: what it shows is what happens, and it leaves nothing behind.
load helper

quickstart() {
  HEADGATE_QUICKSTART=$T/quickstart HEADGATE_BUILD=$BUILD "$ROOT/contrib/quickstart/$1"
}

# In case the test ends early.
teardown() {
  quickstart stop >/dev/null
  headgate_teardown
}

@test "quickstart: refuses, accepts, applies, reports; again; and stops what it started" {
  fails test -e "$T/quickstart"
  for again in 1 2; do
    run quickstart start
    ((status == 0))
    has 'remote: apps/web/base/deployment.yaml:28:11: error: duplicate key "image"'
    has '[policy/not-allowed]'
    has 'rate=20r/s'
    has 'rate=30r/s'
    has Synced
    has 'infra/prod: in step'
    has "$T/quickstart/work"
  done
  grep -q 'rate=30r/s' "$T/quickstart/host/conf.d/05-limits.conf"
  mapfile -t pids < <(cut -d' ' -f2 "$T/quickstart/processes")
  ((${#pids[@]} == 4))
  for pid in "${pids[@]}"; do
    kill -0 "$pid"
  done

  # As the last lines say: look around, change something.
  # shellcheck disable=SC1091
  source "$T/quickstart/environment"
  run headgate status
  ((status == 0))
  has web-1
  cd "$T/quickstart/work"
  echo '# mine' >>hosts/web/90-status.conf
  git commit -q -a -m mine
  git push -q
  wait_for 15 grep -q mine "$T/quickstart/host/conf.d/90-status.conf"
  at_backup() { [[ $(git -C "$T/quickstart/backup/infra/prod.git" rev-parse main) == "$(git rev-parse HEAD)" ]]; }
  wait_for 15 at_backup

  run quickstart stop
  ((status == 0))
  [[ ! -e $T/quickstart ]]
  for pid in "${pids[@]}"; do
    fails kill -0 "$pid"
  done
  run quickstart stop
  ((status == 0))
}

@test "quickstart: the demo repository has nothing wrong, the broken change one thing" {
  cp -R "$ROOT/contrib/demo" "$T/demo"
  # Packs of Flux, cert-manager and the Prometheus operator may be there or not.
  run headgate check "$T/demo"
  ((status == 0))
  [[ $(grep -cE ': (error|warning|info): ' <<<"$output") == $(grep -c 'warning: .*\[schema/unknown-kind\]' <<<"$output") ]]
  cd "$T/demo"
  git apply "$ROOT/contrib/quickstart/broken.patch"
  run headgate check .
  ((status == 1))
  has '1 error'
  has 'apps/web/base/deployment.yaml:28:11: error: '
  git apply -R "$ROOT/contrib/quickstart/broken.patch"
  git apply "$ROOT/contrib/quickstart/good.patch"
  run headgate check .
  ((status == 0))
}
