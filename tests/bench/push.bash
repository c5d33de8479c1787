# What the gate costs in a push, and what the daemon does with it. Sourced by run.

manifest() {
  cat <<END
apiVersion: apps/v1
kind: Deployment
metadata:
  name: service-$1
  labels: {app: service-$1, revision: "$2"}
spec:
  replicas: 3
  selector:
    matchLabels: {app: service-$1}
  template:
    metadata:
      labels: {app: service-$1}
    spec:
      containers:
        - name: service
          image: registry.example.org/service-$1:1.0.$2
          ports:
            - {name: http, containerPort: 8080}
          resources:
            requests: {cpu: 100m, memory: 128Mi}
            limits: {memory: 256Mi}
END
}

# repository NAME FILES COMMITS: a repository of so many files, then a line of commits that change one manifest each: refs/prepared/0
# and on. Beside it three that it is pushed to: NAME-none without hooks, NAME-empty with empty ones, NAME-ours.
repository() {
  local source=$work/source/$1 files=$2 commits=$3 text i kind
  git init -q "$source"
  {
    echo "blob"
    echo "mark :1"
    text=$(manifest 1 0)
    printf 'data %d\n%s\n' "${#text}" "$text"
    printf 'commit refs/prepared/0\ncommitter Bench <bench@example.org> 1700000000 +0000\ndata 5\nfirst\n'
    for ((i = 0; i < files; i++)); do
      printf 'M 100644 :1 apps/team-%d/service-%d/part-%d.yaml\n' $((i / 1000)) $((i / 10)) $((i % 10))
    done
    for ((i = 1; i <= commits; i++)); do
      text=$(manifest 1500 "$i")
      printf 'commit refs/prepared/%d\ncommitter Bench <bench@example.org> %d +0000\ndata 4\nnext\n' "$i" $((1700000000 + i))
      printf 'from refs/prepared/%d\nM 100644 inline apps/team-1/service-150/part-0.yaml\ndata %d\n%s\n' \
        $((i - 1)) "${#text}" "$text"
    done
  } | git -C "$source" fast-import --quiet
  git -C "$source" update-ref refs/heads/main refs/prepared/0
  for kind in none empty ours; do
    git clone -q --bare "$source" "$work/git/$1-$kind.git"
  done
  cp "$build/tools/empty" "$work/git/$1-empty.git/hooks/pre-receive"
  cp "$build/tools/empty" "$work/git/$1-empty.git/hooks/post-receive"
}

commits=$((rounds + 1 + events))
repository small 3000 $commits
repository large "$files" $((rounds + 1))

mkdir "$work/state"
cat >"$HEADGATE_CONFIG" <<END
site: bench
state: $work/state
repositories: {root: $work/git, include: ["*-ours"]}
sockets: {hook: $work/hook.sock, admin: $work/admin.sock}
listen:
  - {address: "127.0.0.1:0"}
END
headgated -c "$HEADGATE_CONFIG" 2>"$work/headgated.log" &
pids+=($!)
daemon=$!
until_true curl -fsS --noproxy '*' --unix-socket "$work/admin.sock" http://headgate/readyz
port=$(grep -oE '127\.0\.0\.1:[1-9][0-9]*' "$work/headgated.log" | tail -n 1 | cut -d: -f2)
headgate install "$work"/git/{small,large}-ours.git >/dev/null
headgate agent add idle --kind host --allow small-ours >"$work/idle.token"

# What has just started and has had nothing to do is idle, so this comes first.
cat >"$work/agent.yaml" <<END
server: http://127.0.0.1:$port
token_file: $work/idle.token
state: $work/agent
targets:
  - {name: t, repo: small-ours, path: apps/team-1/service-100, driver: files, options: {into: $work/into}}
END
headgate-agent -c "$work/agent.yaml" 2>"$work/agent.log" &
pids+=($!)
agent=$!
synced() {
  headgate status --json | jq -e 'any(.agents[].targets[]; .report.sync == "Synced" and .report.operation == "Succeeded")'
}
until_true synced
memory() {
  awk -v aim="$3" -v name="$1" '
    /^VmRSS:/ { rss = $2 } /^RssAnon:/ { anon = $2 } /^Pss:/ { pss = $2 }
    END { printf "%-44s %-34s %s\n", name, sprintf("%.1f MB (anonymous %.1f, Pss %.1f)", rss / 1024, anon / 1024, pss / 1024), aim }
  ' "/proc/$2/status" "/proc/$2/smaps_rollup"
}
memory "idle memory of headgated" "$daemon" "<= 8 MB"
memory "idle memory of headgate-agent" "$agent" "<= 4 MB"

# push_costs NAME FILES
push_costs() {
  local commands=() kind
  for kind in none empty ours; do
    commands+=(-- git -C "$work/source/$1" push -q "$work/git/$1-$kind.git" "refs/prepared/{}:refs/heads/main")
  done
  "$build/tools/interleave" "$rounds" "${commands[@]:1}" >"$work/push"
  row "push of one manifest, repository of $2 files" "" ""
  awk '
    { m[NR] = $1 / 1000 }
    END {
      printf "%-44s %-34s\n", "  without hooks", sprintf("%.1f ms", m[1])
      printf "%-44s %-34s\n", "  two empty C programs as hooks", sprintf("%.1f ms", m[2])
      printf "%-44s %-34s %s\n", "  Headgate", sprintf("%.1f ms, %.2f times empty, %+.1f ms", m[3], m[3] / m[2], m[3] - m[2]),
        "<= +6 ms"
    }' "$work/push"
}
push_costs small 3,000
push_costs large "$(sed -E "s/(.*)(...)$/\1,\2/" <<<"$files")"

# What linking libgit2 without its transports is for: the same program with the shared library.
if make -s LIBGIT2=shared BIN=build/shared build/shared/headgate; then
  revision=(check --rev HEAD --repo "$work/git/small-ours.git" apps/team-1/service-150/part-0.yaml)
  "$build/tools/interleave" "$((rounds > 50 ? rounds : 50))" headgate "${revision[@]}" -- "$build/shared/headgate" "${revision[@]}" >"$work/link"
  awk '
    { m[NR] = $1 / 1000 }
    END {
      printf "%-44s %-34s\n", "check --rev of one file, as built", sprintf("%.2f ms", m[1])
      printf "%-44s %-34s\n", "  with the shared libgit2", sprintf("%.2f ms, %.1f times", m[2], m[2] / m[1])
    }' "$work/link"
fi

# The pushes above left main at the last of their rounds.
for ((i = rounds + 1; i <= commits; i++)); do
  echo "$(git -C "$work/source/small" rev-parse "refs/prepared/$i") 0"
done >"$work/commits"
git -C "$work/source/small" push -q "$work/git/small-ours.git" "refs/prepared/$commits:refs/heads/objects"
echo | "$build/tools/enlist" "$work/admin.sock" "$port" "$work/one.token" small-ours
printf 'open 1\nevent %d\nend\n' "$events" |
  "$build/tools/subscribers" headgate port="$port" pids="$daemon" most=1 commits="$work/commits" tokens="$work/one.token" \
    hook="$work/hook.sock" repository="$work/git/small-ours.git" scratch="$work/state/scratch" | tail -n 1 >"$work/handover"
awk '{
  for (i = 1; i <= NF; i++)
    t[i] = $i / 1000
  printf "%-44s %-34s\n", "4 KiB written and synced, same folder", sprintf("p50 %.2f ms, p99 %.2f ms", t[4], t[5])
  printf "%-44s %-34s %s\n", "hand-over to receipt by the agent", sprintf("p50 %.2f ms, p99 %.2f ms, %.1f times", t[1], t[2], t[1] / t[4]), "p50 < 2 ms"
}' "$work/handover"
