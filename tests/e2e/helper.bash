# What the end-to-end tests share. A test file says `load helper` and has, in every test:
#
#   ROOT BUILD        the checkout; the built programs ($BUILD/bin is first in PATH; HEADGATE_BUILD names another flavour)
#   T                 a private folder, removed afterwards; the current folder at the start
#   CONFIG STATE GIT_ROOT HOOK_SOCKET ADMIN_SOCKET        below T; HEADGATE_CONFIG=$CONFIG is exported
#
#   server_config [TEXT...]         write $CONFIG, each TEXT added to it as it is
#   daemon_start, daemon_stop, daemon_kill      headgated; sets DAEMON_PID, URL (its TCP address), DAEMON_LOG
#   repo_new NAME, repo_clone NAME [FOLDER]     a bare repository with our hooks; a clone of it, made the current folder
#   commit PATH TEXT [MESSAGE]      write a file and commit it, in the current folder
#   agent_add NAME [GLOB...]        register, token into $T/NAME.token
#   agent_config NAME TARGET...     write $T/NAME.yaml; TARGET is REPO:PATH:INTO, or YAML lines of its own
#   agent_start NAME, agent_stop NAME           headgate-agent; pid in ${AGENT_PID[NAME]}, log in $T/NAME.log
#   agent_state NAME TARGET         "Synced Succeeded <applied>", as the daemon was told
#   web_up NAME:PASSWORD...         the same repositories over smart HTTP; sets WEB_URL
#   admin METHOD PATH [CURL...]     the admin socket
#   events_of [TYPE]                one line of JSON an event, from the start of the journal
#   wait_for SECONDS COMMAND...     until it succeeds; fails at the deadline, which TEST_PATIENCE multiplies
#   fails COMMAND...                it must run and exit non-zero; has / lacks TEXT judge $output of `run`
#   good_manifest NAME              text of a manifest without fault
#   sanitized                       whether the programs are
#   under NAME=VALUE...             the daemons that are started from here on have trouble (tests/tools/faults.c)
#   metric NAME                     a number of the daemon's, without labels
#
# Every process that these start is ended by its pid when the test ends. A daemon or agent that does not end well (a sanitizer's
# finding, a crash) fails the test.

ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
BUILD=$(cd "$ROOT" && realpath "${HEADGATE_BUILD:-build}")
# shellcheck source=contrib/quickstart/web.bash
source "$ROOT/contrib/quickstart/web.bash"
declare -gA AGENT_PID

setup() { headgate_setup; }
teardown() { headgate_teardown; }

headgate_setup() {
  # Short, because a unix socket's path has 107 bytes.
  T=$(mktemp -d "${TMPDIR:-/tmp}/t.XXXXXX")
  cd "$T" || return 1
  unset "${!GIT_@}" "${!GL_@}" "${!GITEA_@}" "${!GITHUB_@}" "${!BB_@}" "${!SSH_@}" "${!HEADGATE_@}"
  unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY REMOTE_USER
  export PATH="$BUILD/bin:$PATH" HOME=$T LC_ALL=C.UTF-8 USER=alice LOGNAME=alice
  export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=$T/gitconfig GIT_TERMINAL_PROMPT=0
  cat >"$T/gitconfig" <<END
[user]
  name = Alice
  email = alice@example.org
[init]
  defaultBranch = main
[advice]
  detachedHead = false
[gc]
  auto = 0
[commit]
  gpgSign = false
END
  GIT_ROOT=$T/git STATE=$T/state CONFIG=$T/headgate.yaml
  HOOK_SOCKET=$T/hook.sock ADMIN_SOCKET=$T/admin.sock DAEMON_LOG=$T/headgated.log
  DAEMON_PID='' URL='' WEB_PIDS=() AGENT_PID=()
  export HEADGATE_CONFIG=$CONFIG
  mkdir "$GIT_ROOT" "$STATE"
}

headgate_teardown() {
  local name status=0
  for name in "${!AGENT_PID[@]}"; do
    agent_stop "$name" || status=1
  done
  [[ -z $DAEMON_PID ]] || daemon_stop || status=1
  if ((${#WEB_PIDS[@]})); then
    kill "${WEB_PIDS[@]}"
    wait "${WEB_PIDS[@]}" || true
  fi
  if [[ -z $BATS_TEST_COMPLETED || $status != 0 ]]; then
    for name in "$T"/*.log "$T"/web/*.log; do
      [[ ! -s $name ]] || { echo "--- ${name#"$T/"}"; tail -n 60 "$name"; }
    done
  fi
  cd / && chmod -R u+rwX "$T" && rm -rf "$T"
  return $status
}

wait_for() {
  local deadline=$((SECONDS + $1 * ${TEST_PATIENCE:-1} + 1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || { echo "waited in vain for: $*"; return 1; }
    sleep 0.03
  done
}

# End a child by its pid, give it time, and judge how it ended.
end_process() {
  local pid=$1 what=$2 status=0
  kill -TERM "$pid" 2>/dev/null || true
  if ! wait_for 20 process_ended "$pid"; then
    kill -KILL "$pid"
    echo "$what did not end in time"
  fi
  wait "$pid" || status=$?
  ((status == 0)) || { echo "$what ended with status $status"; return 1; }
}

# A child that has ended stays a zombie until it is waited for. The file may go at any time, and bash would end the test over a $(<...) that fails.
process_ended() {
  [[ ! -e /proc/$1 || $(cat "/proc/$1/stat" 2>/dev/null) == *") Z "* ]]
}

server_config() {
  cat >"$CONFIG" <<END
site: test.example.org
state: $STATE
repositories: {root: $GIT_ROOT}
sockets: {hook: $HOOK_SOCKET, admin: $ADMIN_SOCKET}
listen:
  - {address: "127.0.0.1:0"}
END
  (($# == 0)) || printf '%s\n' "$@" >>"$CONFIG"
}

daemon_start() {
  headgated -c "$CONFIG" >>"$DAEMON_LOG" 2>&1 </dev/null 3>&- &
  DAEMON_PID=$!
  wait_for 30 daemon_ready_or_ended || return 1
  if process_ended "$DAEMON_PID"; then
    wait "$DAEMON_PID" || echo "headgated ended at once with status $?"
    DAEMON_PID=''
    return 1
  fi
  URL=http://$(grep -oE '127\.0\.0\.1:[1-9][0-9]*' "$DAEMON_LOG" | tail -n 1)
}

daemon_ready_or_ended() {
  process_ended "$DAEMON_PID" || [[ $(admin GET /readyz) == ok* ]]
}

daemon_stop() {
  local pid=$DAEMON_PID
  DAEMON_PID=''
  end_process "$pid" headgated
}

daemon_kill() {
  kill -KILL "$DAEMON_PID"
  wait "$DAEMON_PID" || true
  DAEMON_PID=''
}

admin() {
  local method=$1 path=$2
  shift 2
  curl -sS --noproxy '*' --max-time 70 --unix-socket "$ADMIN_SOCKET" -X "$method" "http://headgate$path" "$@"
}

events_of() {
  admin GET "/v1/events?cursor=0&limit=1000${1:+&type=io.headgate.$1.v1}" | jq -c '.events[]'
}

count_events() {
  events_of "$1" | wc -l
}

# has_events COUNT [TYPE]
has_events() {
  (($(count_events "${2:-}") == $1))
}

repo_new() {
  git init -q --bare "$GIT_ROOT/$1.git"
  headgate install -c "$CONFIG" "$GIT_ROOT/$1.git" >/dev/null
}

repo_clone() {
  git clone -q "$GIT_ROOT/$1.git" "${2:-$T/work}" 2>/dev/null
  cd "${2:-$T/work}" || return 1
}

commit() {
  mkdir -p "$(dirname "$1")"
  printf '%s' "$2" >"$1"
  git add -- "$1"
  git commit -q -m "${3:-$1}"
}

good_manifest() {
  cat <<END
apiVersion: v1
kind: ConfigMap
metadata:
  name: $1
data:
  key: value
END
}

agent_add() {
  local name=$1
  shift
  (($#)) || set -- '**'
  headgate agent add "$name" --kind host "${@/#/--allow=}" >"$T/$name.token"
}

agent_config() {
  local name=$1 target repo path into n=0
  shift
  {
    printf 'server: %s\ntoken_file: %s\nstate: %s\ntargets:\n' "$URL" "$T/$name.token" "$T/$name.state"
    for target in "$@"; do
      if [[ $target == *:*:/* && $target != *$'\n'* ]]; then
        IFS=: read -r repo path into <<<"$target"
        n=$((n + 1))
        printf '  - {name: t%s, repo: %s, %sdriver: files, options: {into: %s}}\n' "$n" "$repo" "${path:+path: $path, }" "$into"
      else
        printf '%s\n' "$target"
      fi
    done
  } >"$T/$name.yaml"
}

agent_start() {
  headgate-agent -c "$T/$1.yaml" >>"$T/$1.log" 2>&1 </dev/null 3>&- &
  AGENT_PID[$1]=$!
}

agent_stop() {
  local pid=${AGENT_PID[$1]}
  unset "AGENT_PID[$1]"
  end_process "$pid" "agent $1"
}

agent_state() {
  admin GET /v1/agents | jq -r --arg agent "$1" --arg target "$2" '.agents[] | select(.name == $agent) | .targets[]
    | select(.name == $target) | .report | "\(.sync) \(.operation) \(.applied)"'
}

# agent_synced NAME TARGET COMMIT
agent_synced() {
  [[ $(agent_state "$1" "$2") == "Synced Succeeded $3" ]]
}

web_up() {
  web_start "$T/web" "$GIT_ROOT" "$BUILD" "$@"
  WEB_URL=http://127.0.0.1:$WEB_PORT
}

fails() {
  run "$@"
  ((status != 0 && status != 126 && status != 127)) || { echo "status $status: $*"; echo "$output"; return 1; }
}

# under NAME=VALUE...: the daemon gets the library of tests/tools/faults.c, and these wishes for it.
under() {
  local name
  for name in "$@"; do
    export "${name?}"
  done
  headgated() {
    exec env LD_PRELOAD="$BUILD/tools/faults.so" ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0" "$BUILD/bin/headgated" "$@"
  }
}

metric() {
  admin GET /metrics | awk -v name="$1" '$1 == name { print $2 }'
}

# Programs built with sanitizers want far more address space and time.
sanitized() {
  [[ $BUILD == */asan ]]
}

has() {
  [[ $output == *"$1"* ]] || { echo "not there: $1"; echo "$output"; return 1; }
}

lacks() {
  [[ $output != *"$1"* ]] || { echo "there, and should not be: $1"; echo "$output"; return 1; }
}
