# Real agents with files targets on this machine beside one daemon: from a push to what lies in their folders and what they report, what they
# take when nothing happens, and how long a look at 10,000 files takes. Sourced by run. AGENTS=200 PUSHES=300 REPEATS=5 IDLE_SECONDS=20.

agents=${AGENTS:-200} pushes=${PUSHES:-300} fleet_rounds=$((2 * ${REPEATS:-5})) fleet_idle=${IDLE_SECONDS:-20} many=10000
few=$((agents < 100 ? agents : 100)) hosts=$work/hosts last=$agents
[[ -z $write ]] || ((agents >= 200 && pushes >= 300 && fleet_rounds >= 10)) ||
  fail "docs/performance.md has 200 agents, 300 pushes and 5 rounds: --write goes with no less of AGENTS, PUSHES and REPEATS"
# shellcheck source=/dev/null
. "$root/tests/bench/servers.bash"
mkdir -p "$hosts/git" "$hosts/state"
stamp_age=62 # seconds until the agent takes a file's stamp for good (agent/files_tree.c)

# A folder for each host, one for all of them, and one with very many files. Then commits that change one host's `revision`, and ones that
# change that of the folder for all.
hosts_repository() {
  git init -q --bare "$hosts/git/hosts.git"
  awk -v n="$few" -v pushes="$pushes" -v rounds="$((2 * fleet_rounds))" -v many="$many" '
    function file(path, text) { printf "M 100644 inline %s\ndata %d\n%s\n", path, length(text), text }
    function begin(mark) {
      printf "commit refs/heads/objects\nmark :%d\ncommitter Bench <bench@example.org> %d +0000\ndata 4\nnext\n", mark, 1700000000 + mark
    }
    function folder(path, files,   i) {
      file(path "/revision", "r0\n")
      for (i = 0; i < files; i++)
        file(path "/conf.d/" i ".conf", "# " path " " i "\nlisten 80;\nserver_name www.example.org;\n")
    }
    BEGIN {
      begin(1)
      for (i = 0; i < n; i++)
        folder("hosts/" i, 20)
      folder("site", 20)
      for (i = 0; i < many; i++)
        file("many/" i % 100 "/" i ".conf", "# " i "\nlisten 80;\nserver_name www.example.org;\n")
      for (k = 1; k <= pushes + rounds; k++) {
        begin(k + 1)
        printf "from :%d\n", k
        file(k <= pushes ? "hosts/" (k * 7 % n) "/revision" : "site/revision", "r" k "\n")
      }
    }' | git -C "$hosts/git/hosts.git" fast-import --quiet --export-marks="$hosts/marks"
  sort -t: -k2n "$hosts/marks" | cut -d' ' -f2 |
    awk -v n="$few" -v pushes="$pushes" '{ k = NR - 1; print k ? "push" : "at", $1, "r" k, (k <= pushes ? k * 7 % n : "all") }' >"$hosts/plan"
  git -C "$hosts/git/hosts.git" update-ref refs/heads/main "$(head -n 1 "$hosts/plan" | cut -d' ' -f2)"
}

hosts_daemon() {
  cat >"$hosts/headgate.yaml" <<END
site: bench
state: $hosts/state
repositories: {root: $hosts/git}
sockets: {hook: $hosts/hook.sock, admin: $hosts/admin.sock}
listen:
  - {address: "127.0.0.1:0"}
END
  headgated -c "$hosts/headgate.yaml" 2>"$hosts/headgated.log" &
  pids+=($!)
  servers[headgate]=$!
  until_true hosts_ask readyz
  ports[headgate]=$(grep -oE '127\.0\.0\.1:[1-9][0-9]*' "$hosts/headgated.log" | cut -d: -f2 | tail -n 1)
}
# hosts_ask PATH [CURL...]
hosts_ask() {
  curl -fsS --noproxy '*' --unix-socket "$hosts/admin.sock" "http://headgate/$1" "${@:2}"
}

# Agents load-0, load-1, ...; the last is for the folder with very many files.
register() {
  local i token
  for ((i = 0; i <= agents; i++)); do echo site; done | "$build/tools/enlist" "$hosts/admin.sock" "${ports[headgate]}" "$hosts/tokens" hosts
  i=0
  while read -r token; do
    mkdir -p "$hosts/$i"
    (umask 077 && echo "$token" >"$hosts/$i/token")
    i=$((i + 1))
  done <"$hosts/tokens"
}
declare -A agent_pid=()
# start_agent NUMBER PATH [COMPARE_EVERY [OPTION...]]
start_agent() {
  cat >"$hosts/$1/agent.yaml" <<END
server: http://127.0.0.1:${ports[headgate]}
token_file: $hosts/$1/token
state: $hosts/$1/state
targets:
  - {name: t, repo: hosts, path: $2, driver: files, options: {into: $hosts/$1/into}, compare_every: ${3:-60s}}
END
  headgate-agent -c "$hosts/$1/agent.yaml" "${@:4}" 2>"$hosts/$1/agent.log" &
  agent_pid[$1]=$!
  pids+=($!)
}
stop_agents() {
  local name
  for name in "${!agent_pid[@]}"; do
    kill "${agent_pid[$name]}" || fail "agent load-$name has ended by itself"
    ended "${agent_pid[$name]}" || fail "agent load-$name did not end well"
  done
  agent_pid=()
}
# are_synced N: so many agents are connected and hold where main is
are_synced() {
  hosts_ask v1/agents | jq -e --argjson n "$1" --arg at "$(cat "$hosts/git/hosts.git/refs/heads/main")" \
    '[.agents[] | select(.connected and .targets[0].report.sync == "Synced" and .targets[0].report.applied == $at)] | length == $n'
}

# pushed WHAT AGENTS PER-LINE PUSHES: the next so many of the plan; their figures are kept as WHAT
plan_at=1
pushed() {
  local i line
  echo "agents $2" >&"${LOAD[1]}"
  for ((i = 1; i <= $4; i++)); do
    sed -n "$((plan_at += 1))p" "$hosts/plan" >&"${LOAD[1]}"
    ((i % $3)) || {
      echo tell >&"${LOAD[1]}"
      read -r -u "${LOAD[0]}" line || fail "a fleet of $2 could not be measured"
      echo "$1 headgate $2 $line" >>"$figures"
    }
  done
}
# When nobody has been woken for a while but by bookmarks, of which 200 agents get one each 75 ms.
at_rest() {
  local deadline=$((SECONDS + 20)) woken=0 marked=0 n m
  while :; do
    read -r n _ <<<"$(wakings "${agent_pid[@]}")"
    m=$(bookmarks_sent)
    ((n - woken > m - marked + 2)) || break
    ((SECONDS < deadline)) || fail "the agents do not come to rest"
    woken=$n marked=$m
    sleep 1
  done
}
bookmarks_sent() {
  hosts_ask metrics | awk '/^headgate_stream_bookmarks_total / { print $2 }'
}

hosts_repository
hosts_daemon
register
coproc LOAD { exec "$build/tools/fleet" "$hosts/admin.sock" "$hosts/hook.sock" "$hosts/git/hosts.git" "$hosts"; }
load=$LOAD_PID
pids+=("$load")
head -n 1 "$hosts/plan" >&"${LOAD[1]}"

# Placing them would sync each; those that are there as they should be are taken for ours.
git -C "$hosts/git/hosts.git" archive main:many | (mkdir -p "$hosts/$last/into" && tar -x -C "$hosts/$last/into")
start_agent "$last" many 0s
until_true are_synced 1
stop_agents
many_since=$SECONDS

for i in $(seq 0 "$((few - 1))"); do
  start_agent "$i" "hosts/$i"
done
until_true are_synced "$few"
pushed fleet_own "$few" "$pushes" "$pushes"
stop_agents

for i in $(seq 0 "$((few - 1))"); do
  start_agent "$i" site
done
until_true are_synced "$few"
at_rest
pushed fleet_all "$few" 1 "$fleet_rounds"
for i in $(seq "$few" "$((agents - 1))"); do
  start_agent "$i" site
done
until_true are_synced "$agents"
at_rest
((agents == few)) || pushed fleet_all "$agents" 1 "$fleet_rounds"

at_rest
# Signs of life are counted from before the wake-ups to after them: those are to be no more.
marks=$(bookmarks_sent)
fleet_before="$(wakings "${agent_pid[@]}") $marks"
sleep "$fleet_idle"
echo "fleet_idle headgate $agents $fleet_before $(wakings "${agent_pid[@]}") $(bookmarks_sent) $fleet_idle $(
  for pid in "${agent_pid[@]}"; do
    awk '/^(Rss|Pss|Private_Clean|Private_Dirty):/ { kib[$1] += $2 } END { print kib["Rss:"], kib["Pss:"], kib["Private_Clean:"] + kib["Private_Dirty:"] }' \
      "/proc/$pid/smaps_rollup"
  done | awk '{ r += $1; p += $2; q += $3; if ($1 > most) most = $1 } END { printf "%.1f %.1f %.1f %.1f", r / NR, p / NR, q / NR, most }')" >>"$figures"
stop_agents
exec {LOAD[1]}>&-
ended "$load" || fail "what pushes to the fleet did not end well"

while ((SECONDS - many_since < stamp_age)); do
  sleep 1
done
start_agent "$last" many 1s --log-level debug
compares() {
  (($(grep -c 'msg=state.*from=comparing' "$hosts/$last/agent.log") > $1))
}
until_true compares 1
read -r _ busy <<<"$(wakings "${agent_pid[$last]}")"
until_true compares 10
read -r _ busier <<<"$(wakings "${agent_pid[$last]}")"
echo "fleet_compare_cpu headgate $many $(((busier - busy) / 9))" >>"$figures"
stop_agents
# The first one learns the stamps.
awk -v n="$many" '
  function ms(line,   t) { match(line, /T[0-9:.]+Z/); split(substr(line, RSTART + 1, RLENGTH - 2), t, ":"); return ((t[1] * 60 + t[2]) * 60 + t[3]) * 1000 }
  /msg=state.*to=comparing/ { began = ms($0) }
  /msg=state.*from=comparing/ && n_compares++ { printf "fleet_compare headgate %d %d\n", n, ms($0) - began }' "$hosts/$last/agent.log" >>"$figures"
stop_servers
python3 "$root/tests/bench/figures.py" print "$figures" fleet
