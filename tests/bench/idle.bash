# What the daemon takes when there is nothing to do, beside servers that have nothing to do either. Sourced by run. IDLE_SECONDS=20.

idle_repositories=100 idle=$work/idle idle_seconds=${IDLE_SECONDS:-20}
# shellcheck source=/dev/null
. "$root/tests/bench/servers.bash"
mkdir -p "$idle/git"
git init -q --bare "$idle/first"
git -C "$idle/first" fast-import --quiet <<END
commit refs/heads/main
committer Bench <bench@example.org> 1700000000 +0000
data 5
first
M 100644 inline file
data 5
text

END
for ((i = 0; i < idle_repositories; i++)); do
  cp -r "$idle/first" "$idle/git/repository-$i.git"
done
cat >"$idle/headgate.yaml" <<END
site: bench
state: $idle/state
repositories: {root: $idle/git}
sockets: {hook: $idle/hook.sock, admin: $idle/admin.sock}
listen:
  - {address: "127.0.0.1:0"}
END
mkdir "$idle/state"
headgated -c "$idle/headgate.yaml" 2>"$idle/headgated.log" &
pids+=($!)
servers[headgate]=$!
all_are_known() {
  curl -fsS --noproxy '*' --unix-socket "$idle/admin.sock" http://headgate/v1/status |
    jq -e --argjson n "$idle_repositories" '[.repositories[] | select(.refs == 1)] | length == $n'
}
until_true all_are_known
for server in "${peers[@]}"; do
  "start_$server"
done

declare -A before=()
# What starting up has left to do is done when a second passes without a waking.
settled() {
  local was
  was=$(wakings_of headgate)
  sleep 1
  [[ $(wakings_of headgate) == "$was" ]]
}
idle_since=$SECONDS
until settled || ((SECONDS - idle_since > 15)); do :; done
for server in headgate "${peers[@]}"; do
  before[$server]=$(wakings_of "$server")
done
sleep "$idle_seconds"
for server in headgate "${peers[@]}"; do
  echo "idle $server $idle_repositories $(memory_of "$server") ${before[$server]} $(wakings_of "$server") $idle_seconds"
done >>"$figures"
stop_servers
python3 "$root/tests/bench/figures.py" print "$figures" idle
