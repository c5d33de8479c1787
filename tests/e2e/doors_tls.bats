#!/usr/bin/env bats
# HTTPS: certificates and their reload, certificates of clients, what does not hold, agents that speak it.
load helper

# make_ca NAME; make_cert CA NAME SUBJECT ALT [OPTIONS]: NAME.pem and NAME.key in the current folder.
make_ca() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.pem" -subj "/CN=$1" -days 2 2>/dev/null
}

make_cert() {
  local ca=$1 name=$2 subject=$3 alt=$4
  shift 4
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$name.key" -out "$name.csr" -subj "$subject" 2>/dev/null
  if [[ -n $alt ]]; then
    printf 'subjectAltName=%s\n' "$alt" >"$name.ext"
  else
    printf 'basicConstraints=CA:FALSE\n' >"$name.ext"
  fi
  (($#)) || set -- -days 2
  openssl x509 -req -in "$name.csr" -CA "$ca.pem" -CAkey "$ca.key" -CAcreateserial -out "$name.pem" -extfile "$name.ext" "$@" 2>/dev/null
}

# start [MORE [TEXT...]]: HTTPS alone, with MORE in its tls and TEXT in the config; sets TLS_URL.
start() {
  [[ -e ca.pem ]] || make_ca ca
  [[ -e server.pem ]] || make_cert ca server /CN=server 'DNS:localhost,IP:127.0.0.1'
  server_config "${@:2}"
  sed -i "s|{address: \"127.0.0.1:0\"}|{address: \"127.0.0.1:0\", tls: {cert: $T/server.pem, key: $T/server.key${1-}}}|" "$CONFIG"
  [[ -d $GIT_ROOT/infra ]] || repo_new infra/prod
  daemon_start
  TLS_URL=https://localhost:${URL##*:}
  export URL=$TLS_URL
}

ask() { curl -sS --noproxy '*' --max-time 20 --cacert "$T/ca.pem" "$@"; }

# The serial number of the certificate that is shown.
shown() {
  openssl s_client -connect "127.0.0.1:${TLS_URL##*:}" -servername localhost </dev/null 2>/dev/null | openssl x509 -noout -serial
}

serial_of() { openssl x509 -noout -serial -in "$1"; }

@test "HTTPS: who it is, what it speaks, what it refuses" {
  start
  grep -q 'tls=yes' "$DAEMON_LOG"
  [[ $(ask "$TLS_URL/healthz") == ok ]]
  [[ $(ask "https://127.0.0.1:${TLS_URL##*:}/healthz") == ok ]]
  t=$(headgate token add v --role viewer)
  [[ $(ask -H "Authorization: Bearer $t" "$TLS_URL/v1/status" | jq -r .site) == test.example.org ]]
  # A body of many records, both ways.
  head -c 900000 /dev/zero | tr '\0' ' ' >spaces
  [[ $(ask -H "Authorization: Bearer $t" -o /dev/null -w '%{http_code}' --data-binary @spaces "$TLS_URL/v1/tokens") == 403 ]]
  head -c 1100000 /dev/zero >large
  run ask -H "Authorization: Bearer $t" --data-binary @large "$TLS_URL/v1/tokens"
  has '"error":"content-too-large"'
  for version in 1.2 1.3; do
    [[ $(ask --tlsv$version --tls-max $version "$TLS_URL/healthz") == ok ]]
  done
  fails ask --tls-max 1.1 "$TLS_URL/healthz"
  # Another name, another issuer, plain HTTP, what is no HTTP.
  fails ask --connect-to "other.example.org:443:127.0.0.1:${TLS_URL##*:}" https://other.example.org/healthz
  make_ca stranger
  fails curl -sS --noproxy '*' --max-time 10 --cacert stranger.pem "$TLS_URL/healthz"
  fails curl -sS --noproxy '*' --max-time 10 "http://127.0.0.1:${TLS_URL##*:}/healthz"
  run bash -c "printf 'no http\r\n\r\n' | timeout 10 openssl s_client -quiet -connect 127.0.0.1:${TLS_URL##*:} 2>/dev/null"
  has '"error":"bad-request"'
  [[ $(ask "$TLS_URL/healthz") == ok ]]
  # No descriptor is left behind.
  fds() { find "/proc/$DAEMON_PID/fd" -lname 'socket:*' | wc -l; }
  quiet() { (($(fds) <= before)); }
  before=$(fds)
  for i in {1..20}; do
    ask -o /dev/null "$TLS_URL/healthz"
  done
  wait_for 10 quiet
}

@test "a stream and an archive over HTTPS" {
  start
  repo_clone infra/prod
  head -c 3000000 /dev/urandom >big
  git add big && git commit -qm big && git push -q origin main
  t=$(headgate token add v --role viewer)
  ask -o archive -H "Authorization: Bearer $t" "$TLS_URL/v1/archive?repo=infra/prod&rev=$(git rev-parse main)"
  tar -xOzf archive big | cmp - big
  curl -sSN --noproxy '*' --max-time 60 --cacert "$T/ca.pem" -H "Authorization: Bearer $t" -H 'Accept: text/event-stream' \
    "$TLS_URL/v1/events" >told 2>/dev/null 3>&- &
  stream=$!
  wait_for 10 grep -q bookmark told
  commit a 1
  git push -q origin main
  wait_for 10 grep -q "$(git rev-parse main)" told
  kill "$stream"
  wait "$stream" || true
}

@test "what is wrong with a certificate stops a start, and says so" {
  start
  daemon_stop
  cp server.key good.key
  echo nonsense >server.pem
  fails headgated -c "$CONFIG"
  has "cannot use certificate $T/server.pem"
  rm server.pem
  fails headgated -c "$CONFIG"
  has 'No such file'
  make_cert ca server /CN=server DNS:localhost
  cp good.key server.key
  fails headgated -c "$CONFIG"
  has 'key values mismatch'
  make_cert ca server /CN=server DNS:localhost
  sed -i "s|key: $T/server.key|key: $T/server.key, client_ca: $T/none.pem|" "$CONFIG"
  fails headgated -c "$CONFIG"
  has "cannot use client_ca $T/none.pem"
  openssl ec -aes128 -passout pass:x -in server.key -out locked.key 2>/dev/null
  sed -i "s|, client_ca: $T/none.pem||; s|key: $T/server.key|key: $T/locked.key|" "$CONFIG"
  fails timeout 10 headgated -c "$CONFIG"
  has "cannot use key $T/locked.key"
  # tls wants both files; off loopback it is enough.
  sed -i "s|, key: $T/locked.key||" "$CONFIG"
  fails headgated -t -c "$CONFIG"
  has 'tls needs the key "key"'
  sed -i "s|cert: $T/server.pem|cert: $T/server.pem, key: $T/server.key|; s|127.0.0.1:0|0.0.0.0:0|" "$CONFIG"
  headgated -t -c "$CONFIG"
}

@test "a client's certificate is its identity" {
  make_ca clients
  make_cert clients web1 /CN=ignored DNS:other.example.org,DNS:web1.example.org
  make_cert clients web2 /CN=web2.example.org ''
  make_cert clients nobody /CN=nobody.example.org ''
  make_cert clients trap '/CN=web2.example.org' DNS:third.example.org
  make_ca stranger
  make_cert stranger false /CN=web2.example.org ''
  make_cert clients expired /CN=web2.example.org '' -not_before 20200101000000Z -not_after 20200102000000Z ||
    make_cert clients expired /CN=web2.example.org '' -days 0
  start ", client_ca: $T/clients.pem"
  run headgate agent add web1 --kind host --allow '**' --certificate web1.example.org --json
  has '"token":null'
  [[ -z $(headgate agent add web2 --kind host --allow '**' --certificate web2.example.org) ]]
  fails headgate agent add web3 --kind host --allow '**' --certificate web2.example.org
  has 'another agent is known by the certificate'
  fails headgate agent rotate web1
  has 'known by its certificate'
  status() { ask -o /dev/null -w '%{http_code}' --cert "$1.pem" --key "$1.key" "$TLS_URL/v1/agents/self/events" "${@:2}"; }
  # Of another issuer, expired: not even a handshake, and it is journaled.
  fails status false
  fails status expired
  wait_for 5 has_events 1 agent.refused
  events_of agent.refused | jq -e '.data.reason | contains("certificate does not hold: unable to get")'
  # 400: it is an agent, and has not said which instance.
  [[ $(status web1) == 400 && $(status web2) == 400 ]]
  [[ $(status nobody) == 401 && $(status trap) == 401 ]]
  [[ $(ask -o /dev/null -w '%{http_code}' "$TLS_URL/v1/agents/self/events") == 401 ]]
  # A token that is shown too is what counts.
  t=$(headgate token add v --role viewer)
  [[ $(status web1 -H "Authorization: Bearer $t") == 403 ]]
  [[ $(status web1 -H "Authorization: Bearer ${t%?}_") == 401 ]]
  # Over a restart, and to the end.
  daemon_stop
  start ", client_ca: $T/clients.pem"
  [[ $(status web1) == 400 ]]
  headgate agent remove web1
  [[ $(status web1) == 401 ]]
}

@test "certificates are read again, and what is wrong with the new ones changes nothing" {
  make_ca clients
  make_cert clients web1 /CN=web1 ''
  start ", client_ca: $T/clients.pem"
  headgate agent add web1 --kind host --allow '**' --certificate web1
  first=$(serial_of server.pem)
  [[ $(shown) == "$first" ]]
  t=$(headgate token add v --role viewer)
  curl -sSN --noproxy '*' --max-time 60 --cacert ca.pem -H "Authorization: Bearer $t" -H 'Accept: text/event-stream' \
    "$TLS_URL/v1/events" >told 2>/dev/null 3>&- &
  stream=$!
  wait_for 10 grep -q bookmark told
  # Something wrong first.
  cp server.pem server.good
  echo nonsense >server.pem
  kill -HUP "$DAEMON_PID"
  wait_for 10 grep -q 'the old certificate stays in force' "$DAEMON_LOG"
  [[ $(shown) == "$first" ]]
  # Then another one, and others that issue those of clients.
  make_cert ca server /CN=server 'DNS:localhost,IP:127.0.0.1'
  make_ca clients
  kill -HUP "$DAEMON_PID"
  wait_for 10 grep -q 'the certificate was read again' "$DAEMON_LOG"
  [[ $(shown) == "$(serial_of server.pem)" && $(shown) != "$first" ]]
  [[ $(ask "$TLS_URL/healthz") == ok ]]
  fails ask --cert web1.pem --key web1.key "$TLS_URL/v1/agents/self/events"
  make_cert clients web1 /CN=web1 ''
  [[ $(ask -o /dev/null -w '%{http_code}' --cert web1.pem --key web1.key "$TLS_URL/v1/agents/self/events") == 400 ]]
  # Who was connected stays so.
  kill -0 "$stream"
  repo_clone infra/prod
  commit a 1
  git push -q origin main
  wait_for 10 grep -q "$(git rev-parse main)" "$T/told"
  kill "$stream"
  wait "$stream" || true
}

@test "certificates whose files change are read again within a minute of use, once they are good" {
  local first second up=0
  # A minute more on the clock; nothing else happens between two connections.
  minute() { up=$((up + 61)) && echo "$up" >"$T/up.new" && mv "$T/up.new" "$T/up"; }
  echo 0 >"$T/up"
  under FAULTS_UPTIME="$T/up"
  start
  first=$(serial_of server.pem)
  [[ $(shown) == "$first" ]]
  # As renewals do it: the certificate, then its key, each renamed into its place.
  cp server.key old.key
  make_cert ca new /CN=server 'DNS:localhost,IP:127.0.0.1'
  second=$(serial_of new.pem)
  mv new.pem server.pem
  [[ $(shown) == "$first" ]]
  minute
  [[ $(shown) == "$first" ]]
  grep -q 'have changed and are not good.*key values mismatch; the old certificate stays in force' "$DAEMON_LOG"
  minute
  [[ $(shown) == "$first" && $(grep -c 'are not good' "$DAEMON_LOG") == 1 ]]
  mv new.key server.key
  [[ $(shown) == "$first" ]]
  minute
  [[ $(shown) == "$second" ]]
  grep -q 'the certificate was read again' "$DAEMON_LOG"
  minute
  [[ $(shown) == "$second" && $(grep -c 'was read again' "$DAEMON_LOG") == 1 ]]
  # Gone, it stays in force.
  rm server.pem
  minute
  [[ $(shown) == "$second" ]]
}

@test "who begins a handshake and goes no further keeps nobody out" {
  start '' 'limits: {streams: 1000}'
  crowd=()
  for i in {1..700}; do
    exec {fd}<>"/dev/tcp/127.0.0.1/${TLS_URL##*:}"
    # The head of a record that never comes.
    ((i % 2)) || printf '\x16\x03\x01\x02\x00\x01' >&"$fd"
    crowd+=("$fd")
  done
  [[ $(ask --max-time 5 "$TLS_URL/healthz") == ok ]]
  (($(find "/proc/$DAEMON_PID/fd" -lname 'socket:*' | wc -l) < 600))
  for fd in "${crowd[@]}"; do
    exec {fd}<&-
  done
}

@test "a handshake that is not done in ten seconds is over; a request has longer" {
  start
  local began=$SECONDS
  exec {slow}<>"/dev/tcp/127.0.0.1/${TLS_URL##*:}" {silent}<>"/dev/tcp/127.0.0.1/${TLS_URL##*:}"
  printf '\x16\x03\x01\x02\x00\x01' >&"$slow"
  mkfifo said
  openssl s_client -quiet -connect "127.0.0.1:${TLS_URL##*:}" -servername localhost <said >heard 2>/dev/null 3>&- &
  client=$!
  exec {say}>said
  # The end of each, by the daemon; nobody else ends them.
  timeout 25 cat <&"$slow" >/dev/null
  timeout 5 cat <&"$silent" >/dev/null
  ((SECONDS - began >= 9))
  exec {slow}<&- {silent}<&-
  (($(metric headgate_http_late_handshakes_total) == 2))
  printf 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >&"$say"
  wait_for 10 grep -q '^ok' heard
  exec {say}>&-
  wait "$client" || true
}

# tls_agent NAME: an agent of the folder `web`, to $URL; more of its config on stdin.
tls_agent() {
  {
    printf 'server: %s\ntoken_file: %s\nstate: %s\n' "$URL" "$T/$1.token" "$T/$1.state"
    cat
    printf 'targets:\n  - {name: t1, repo: infra/prod, path: web, driver: files, options: {into: %s}}\n' "$T/$1.into"
  } >"$T/$1.yaml"
  mkdir -p "$T/$1.into"
}

@test "an agent over HTTPS, by name and by address, with a token or a certificate" {
  make_ca clients
  make_cert clients web2 /CN=web2.example.org ''
  start ", client_ca: $T/clients.pem"
  repo_clone infra/prod
  commit web/a 1
  git push -q origin main
  cd "$T"
  agent_add web1
  headgate agent add web2 --kind host --allow '**' --certificate web2.example.org
  tls_agent web1 <<<"ca_file: $T/ca.pem"
  # This machine's own name for itself, which has to be asked for.
  sed -i 's#https://localhost#https://localhost.localdomain#' web1.yaml
  if ! getent hosts localhost.localdomain >/dev/null; then
    sed -i 's#https://localhost.localdomain#https://localhost#' web1.yaml
  else
    make_cert ca server /CN=server 'DNS:localhost,DNS:localhost.localdomain,IP:127.0.0.1'
    kill -HUP "$DAEMON_PID"
    wait_for 10 grep -q 'the certificate was read again' "$DAEMON_LOG"
  fi
  URL=https://127.0.0.1:${TLS_URL##*:}
  printf 'ca_file: %s\ncert: %s\nkey: %s\n' "$T/ca.pem" "$T/web2.pem" "$T/web2.key" | tls_agent web2
  agent_start web1
  agent_start web2
  head=$(git -C "$T/work" rev-parse main)
  wait_for 20 agent_synced web1 t1 "$head"
  wait_for 20 agent_synced web2 t1 "$head"
  [[ $(<web1.into/a) == 1 && $(<web2.into/a) == 1 ]]
  cd "$T/work"
  commit web/a 2
  git push -q origin main
  cd "$T"
  wait_for 20 agent_synced web1 t1 "$(git -C "$T/work" rev-parse main)"
  wait_for 20 agent_synced web2 t1 "$(git -C "$T/work" rev-parse main)"
  [[ $(<web1.into/a) == 2 && $(<web2.into/a) == 2 ]]
  # Over a restart of the daemon, at the same door.
  sed -i "s|127.0.0.1:0|127.0.0.1:${URL##*:}|" "$CONFIG"
  daemon_stop
  daemon_start
  cd "$T/work"
  commit web/a 3
  git push -q origin main
  cd "$T"
  wait_for 60 agent_synced web1 t1 "$(git -C "$T/work" rev-parse main)"
}

@test "an agent speaks to no server but the one that it was told of" {
  start
  agent_add web1
  make_ca stranger
  tls_agent web1 <<<"ca_file: $T/stranger.pem"
  run headgate-agent --once -c web1.yaml
  ((status == 2))
  has "certificate does not hold: unable to get local issuer certificate"
  # The right issuer, another name.
  make_cert ca server /CN=server DNS:other.example.org
  kill -HUP "$DAEMON_PID"
  wait_for 10 grep -q 'the certificate was read again' "$DAEMON_LOG"
  tls_agent web1 <<<"ca_file: $T/ca.pem"
  run headgate-agent --once -c web1.yaml
  ((status == 2))
  has "certificate does not hold: "
  has "mismatch"
  # Expired.
  make_cert ca server /CN=server DNS:localhost -not_before 20200101000000Z -not_after 20200102000000Z ||
    make_cert ca server /CN=server DNS:localhost -days 0
  kill -HUP "$DAEMON_PID"
  again() { (($(grep -c 'the certificate was read again' "$DAEMON_LOG") == 2)); }
  wait_for 10 again
  run headgate-agent --once -c web1.yaml
  ((status == 2))
  has "certificate does not hold: certificate has expired"
  # Its token has gone nowhere.
  [[ $(headgate agent list --json | jq -r '.agents[0].seen') == null ]]
  # A server that speaks plain HTTP, a name that is nobody's, files that are none.
  sed -i 's#^server: .*#server: https://nobody.invalid:1#' web1.yaml
  run headgate-agent --once -c web1.yaml
  ((status == 2))
  has "cannot find the address of nobody.invalid"
  tls_agent web1 <<<"cert: $T/ca.pem"
  run headgate-agent -t -c web1.yaml
  ((status == 2))
  has "cert and key go together"
  printf 'cert: %s\nkey: %s\n' "$T/none" "$T/none" | tls_agent web1
  run headgate-agent --once -c web1.yaml
  ((status == 2))
  has "cannot use certificate $T/none"
}

@test "a stream over HTTPS that is not read for a while catches up, byte for byte" {
  start
  repo_clone infra/prod
  t=$(headgate token add v --role viewer)
  commit first 1
  git push -q origin main
  curl -sSN --noproxy '*' --max-time 100 --cacert "$T/ca.pem" -H "Authorization: Bearer $t" -H 'Accept: text/event-stream' \
    "$TLS_URL/v1/events?type=io.headgate.ref.updated.v1" >"$T/told" 2>/dev/null 3>&- &
  stream=$!
  wait_for 10 grep -q bookmark "$T/told"
  kill -STOP "$stream"
  # 12 events of 300 long paths each, half a megabyte: more than the sockets hold.
  folder=$(printf '%0100d' 0)
  mkdir "$folder"
  for i in {1..12}; do
    for k in {1..300}; do
      printf '%s' "$i" >"$folder/$k"
    done
    git add . && git commit -qm "$i"
    git push -q origin main
  done
  head=$(git rev-parse main)
  [[ $(ask "$TLS_URL/healthz") == ok ]]
  fails grep -q "$head" "$T/told"
  kill -CONT "$stream"
  wait_for 30 grep -q "\"new\":\"$head\"" "$T/told"
  wait_for 10 told_all
  [[ $(sed -n 's/^data: //p' "$T/told" | jq -s '[.[] | select(.type) | .data.new] | length') == 12 ]]
  [[ $(sed -n 's/^data: //p' "$T/told" | jq -s '[.[] | select(.type) | .data.paths | length] | add') == 3600 ]]
  kill "$stream"
  wait "$stream" || true
}

# The last line of what was told is whole.
told_all() { sed -n 's/^data: //p' "$T/told" | jq -s . >/dev/null; }
