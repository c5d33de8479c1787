# Which processes the quickstart has started: a file of lines "NAME PID START-TIME". A pid alone may be another's by now; with its
# start time it cannot.

# process_started PID: its start time, field 22 of proc(5)'s stat; nothing when it is gone.
process_started() {
  sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20
}

# process_keep FILE NAME PID
process_keep() {
  printf '%s %s %s\n' "$2" "$3" "$(process_started "$3")" >>"$1"
}

# process_end_all FILE: ask each to end, wait ten seconds, then insist.
process_end_all() {
  local name pid started tries
  while read -r name pid started; do
    [[ $(process_started "$pid") == "$started" ]] || continue
    kill -TERM "$pid" 2>/dev/null
    for ((tries = 0; tries < 200; tries++)); do
      [[ $(process_started "$pid") == "$started" ]] || continue 2
      sleep 0.05
    done
    echo "$name (pid $pid) did not end when asked to; killing it."
    kill -KILL "$pid" 2>/dev/null
  done <"$1"
}
