# Event streams by the thousand beside nchan, nats-server and a bare write loop. Sourced by run. SUBSCRIBERS=10000 REPEATS=5.

subscribers=${SUBSCRIBERS:-10000} repeats=${REPEATS:-5} fleet=$work/fleet
levels=()
[[ -z $write ]] || ((subscribers >= 10000 && repeats >= 5 && events >= 300)) ||
  fail "docs/performance.md has 10,000 streams, 5 rounds and 300 events: --write goes with no less of SUBSCRIBERS, REPEATS and EVENTS"
# shellcheck source=/dev/null
. "$root/tests/bench/servers.bash"
for n in 100 1000 3000 5000; do
  ((n >= subscribers)) || levels+=("$n")
done
levels+=("$subscribers")
burst=50 missed=20 watchers=$((subscribers < 100 ? subscribers : 100)) changes=$events secure_port=
mkdir -p "$fleet/git"
# events_at STREAMS: how many make a round, so that there are enough receipts for a percentile
events_at() {
  echo $(($1 < 3000 ? 3000 / $1 : 1))
}
# The sample, the one with TLS, two lines of events, what the rounds take.
fleet_commits=$((2 + events + changes + repeats * (burst + missed)))
for n in "${levels[@]}"; do
  fleet_commits=$((fleet_commits + repeats * $(events_at "$n")))
done

# Ten thousand hosts in a hundred groups, each with a folder; then a line of commits that change one host's file each.
fleet_repository() {
  awk -v n="$subscribers" -v commits="$fleet_commits" -v paths="$fleet/paths" -v owners="$fleet/owners" '
    function path(i) { return sprintf("fleet/group-%03d/host-%05d", i / 100, i) }
    function text(i, revision) { return sprintf("name: host-%05d\nrevision: %d\npackages: [nginx, chrony]\n", i, revision) }
    BEGIN {
      print "reset refs/heads/main"
      printf "commit refs/heads/main\nmark :1\ncommitter Bench <bench@example.org> 1700000000 +0000\ndata 5\nfirst\n"
      for (i = 0; i < n; i++) {
        t = text(i, 0)
        printf "M 100644 inline %s/host.yaml\ndata %d\n%s\n", path(i), length(t), t
        print path(i) >paths
      }
      for (k = 1; k <= commits; k++) {
        i = k * 7919 % n
        t = text(i, k)
        printf "commit refs/heads/objects\nmark :%d\ncommitter Bench <bench@example.org> %d +0000\ndata 4\nnext\nfrom :%d\n", k + 1,
          1700000000 + k, k
        printf "M 100644 inline %s/host.yaml\ndata %d\n%s\n", path(i), length(t), t
        print i >owners
      }
    }' |
    git -C "$fleet/git/fleet.git" fast-import --quiet --export-marks="$fleet/marks"
  # Marks are not in order in the file.
  sort -t: -k2n "$fleet/marks" | cut -d' ' -f2 | paste -d' ' - <(echo 0; cat "$fleet/owners") >"$fleet/commits"
}

fleet_daemon() {
  HEADGATE_CONFIG=$fleet/headgate.yaml headgated -c "$fleet/headgate.yaml" 2>"$fleet/headgated.log" &
  pids+=($!)
  servers[headgate]=$!
  until_true curl -fsS --noproxy '*' --unix-socket "$fleet/admin.sock" http://headgate/readyz
  ports[headgate]=$(grep -oE '127\.0\.0\.1:[1-9][0-9]*' "$fleet/headgated.log" | cut -d: -f2 | grep -vxF "$secure_port" | tail -n 1)
}

start_headgate() {
  mkdir "$fleet/state"
  cat >"$fleet/headgate.yaml" <<END
site: bench
state: $fleet/state
repositories: {root: $fleet/git}
sockets: {hook: $fleet/hook.sock, admin: $fleet/admin.sock}
limits: {streams: 15000}
listen:
  - {address: "127.0.0.1:0"}
END
  git init -q --bare "$fleet/git/fleet.git"
  fleet_repository
  fleet_daemon
  echo "unregistered headgate $subscribers $(memory_of headgate)" >>"$figures"
  sed 's/.*//' "$fleet/paths" | "$build/tools/enlist" "$fleet/admin.sock" "${ports[headgate]}" "$fleet/tokens" fleet
  # What registering them left behind in memory is not to be taken for what streams need.
  stop_server headgate
  fleet_daemon
}

# The event that the others are given: what Headgate's subscribers get, byte for byte.
take_sample() {
  begin sample headgate most=1
  ask sample "open 1" >/dev/null
  ask sample "event 1" >/dev/null
  end sample
  curl -fsS --noproxy '*' --unix-socket "$fleet/admin.sock" "http://headgate/v1/events?last=20&type=*.ref.updated.v1" |
    jq -c '.events[-1]' >"$fleet/payload"
  grep -q '"new":"[0-9a-f]\{40\}"' "$fleet/payload" || fail "no event to take as a sample"
}

# Loads: a subscribers program each, that is told what to do line by line.
declare -A ask_fd=() answer_fd=() load_pid=()

# begin LOAD SERVER NAME=VALUE...
begin() {
  local name=$1 server=$2 to from
  shift 2
  mkfifo "$fleet/$name.ask" "$fleet/$name.answer"
  "$build/tools/subscribers" "$server" port="${ports[$server]}" pids="${servers[$server]}" commits="$fleet/commits" \
    payload="$fleet/payload" tokens="$fleet/tokens" hook="$fleet/hook.sock" repository="$fleet/git/fleet.git" "$@" \
    <"$fleet/$name.ask" >"$fleet/$name.answer" 2>"$fleet/$name.log" &
  load_pid[$name]=$!
  pids+=($!)
  exec {to}>"$fleet/$name.ask" {from}<"$fleet/$name.answer"
  ask_fd[$name]=$to answer_fd[$name]=$from
}

# ask LOAD COMMAND: prints the answer
ask() {
  local answer
  echo "$2" >&"${ask_fd[$1]}" && read -r -u "${answer_fd[$1]}" answer ||
    fail "$1: \"$2\" could not be measured"
  echo "$answer"
}

end() {
  echo end >&"${ask_fd[$1]}"
  ended "${load_pid[$1]}" || fail "$1 did not end well"
  exec {ask_fd[$1]}>&- {answer_fd[$1]}<&-
  rm "$fleet/$1.ask" "$fleet/$1.answer"
}

# measure LOAD N NAME COMMAND: keeps the answer among the figures
measure() {
  local answer
  answer=$(ask "$1" "$4")
  echo "$3 $1 $2 $answer" >>"$figures"
}

streams_at() {
  local n=$1 server i
  for server in "${compared[@]}"; do
    measure "$server" "$n" open "open $n"
  done
  for ((i = 0; i < repeats; i++)); do
    for server in "${compared[@]}"; do
      measure "$server" "$n" event "event $(events_at "$n")"
    done
  done
  for server in "${compared[@]}"; do
    measure "$server" "$n" memory memory
  done
}

compared=("${peers[@]}" bare headgate)
ulimit -n 20000 || fail "streams need 20000 open files (ulimit -n)"

for server in headgate "${compared[@]}"; do
  [[ -n ${servers[$server]-} ]] || "start_$server"
done
take_sample
for server in "${compared[@]}"; do
  begin "$server" "$server" most="$subscribers"
  measure "$server" 0 memory memory
done
for n in "${levels[@]}"; do
  streams_at "$n"
done
for ((i = 0; i < repeats; i++)); do
  for server in "${compared[@]}"; do
    measure "$server" "$subscribers" burst "burst $burst"
  done
done
for ((i = 0; i < repeats; i++)); do
  for server in "${compared[@]}"; do
    [[ $server == nats ]] || measure "$server" "$subscribers" reconnect "reconnect $missed"
  done
done
for server in "${compared[@]}"; do
  end "$server"
done

begin headgate headgate most="$watchers" scratch="$fleet/state/scratch"
ask headgate "open $watchers" >/dev/null
measure headgate "$watchers" handover "event $events"
end headgate

# TLS, for its memory alone: the rest is as above, and what the handshakes take besides. secure SERVER PORT
secure() {
  local server=$1
  begin "$server" "$server" most="$subscribers" tls=yes port="$2" publish="${ports[$server]}"
  measure "$server" 0 tls memory
  ask "$server" "open $subscribers" >/dev/null
  ask "$server" "event 1" >/dev/null
  measure "$server" "$subscribers" tls memory
  end "$server"
}
make_certificate
secure_port=$(free_port)
sed -i "s,^listen:\$,&\n  - {address: \"127.0.0.1:$secure_port\"\, tls: {cert: $work/tls.crt\, key: $work/tls.key}}," "$fleet/headgate.yaml"
if headgated -t -c "$fleet/headgate.yaml" >"$fleet/tls.log" 2>&1; then
  stop_server headgate
  fleet_daemon
  secure headgate "$secure_port"
  if [[ -n $nchan_module ]]; then
    stop_server nchan
    secure_port=$(free_port)
    start_nchan "$secure_port"
    secure nchan "$secure_port"
  fi
else
  sed -i '/ tls: /d' "$fleet/headgate.yaml"
  echo "left out: streams with TLS ($(tail -n 1 "$fleet/tls.log"))"
fi

# A path for each.
"$build/tools/enlist" "$fleet/admin.sock" "${ports[headgate]}" "$fleet/tokens" fleet <"$fleet/paths"
for server in "${compared[@]}"; do
  [[ $server != bare ]] || continue
  begin "$server" "$server" most="$subscribers" paths=own
  ask "$server" "open $subscribers" >/dev/null
  measure "$server" "$subscribers" path "event $changes"
  end "$server"
done
stop_servers
python3 "$root/tests/bench/figures.py" print "$figures" streams
