# Mirrors: from an accepted push to the mirror that has it, beside git itself, loops as cron has them, and grokmirror; many repositories that
# change at once; a daemon with many mirrors that rests. Sourced by run. MIRRORS=1000 MIRROR_ROUNDS=3 MIRROR_CHANGES=20 IDLE_SECONDS=20.

[[ -z $write ]] || ((${MIRRORS:-1000} >= 1000 && ${MIRROR_ROUNDS:-3} >= 3 && ${MIRROR_CHANGES:-20} >= 20)) ||
  fail "docs/performance.md has 1,000 mirrors, 3 rounds and 20 changes: --write goes with no less of MIRRORS, MIRROR_ROUNDS and MIRROR_CHANGES"
GROK=${GROK:-$root/suites/grokmirror}
[[ -d $GROK/grokmirror ]] || GROK=
[[ -n $GROK ]] || {
  [[ -z $write ]] || fail "docs/performance.md needs grokmirror, which make suites fetches"
  echo "left out: grokmirror (make suites fetches it)"
}
mkdir "$work/m"
GROK=$GROK python3 "$root/tests/bench/mirrors.py" "$work/m" "$figures" || fail "mirrors could not be measured"
python3 "$root/tests/bench/figures.py" print "$figures" mirrors
