# The servers that Headgate's streams are measured beside: nchan, nats-server, a bare write loop. Sourced by the parts that need them.
# Of each started one: its port, and its processes with commas between them, the first of which ends all.
declare -A ports=() servers=()

"$root/contrib/deps.sh" bench >"$work/peers.log" 2>&1 || true
nchan_module=$(find /usr/lib*/nginx/modules -name ngx_nchan_module.so 2>/dev/null | head -n 1)
peers=()
[[ -z $nchan_module ]] || peers+=(nchan)
! command -v nats-server >/dev/null || peers+=(nats)
if ((${#peers[@]} < 2)); then
  [[ -z $write ]] || fail "docs/performance.md needs nchan and nats-server, and they are not to be had"
  echo "left out: nchan or nats-server, or both (contrib/deps.sh bench: $(tail -n 1 "$work/peers.log"))"
fi

# A key and a certificate that nobody has to believe.
make_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
}

# A port of loopback that nobody listens on now.
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_nchan [PORT]: with TLS at that port besides
start_nchan() {
  local secure=
  [[ -z ${1-} ]] || secure="listen 127.0.0.1:$1 ssl backlog=4096; ssl_certificate $work/tls.crt; ssl_certificate_key $work/tls.key;"
  mkdir "$work/nchan"
  cat >"$work/nchan/nginx.conf" <<END
load_module $nchan_module;
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid $work/nchan/pid;
error_log $work/nchan/error.log;
events { worker_connections 16000; }
http {
  access_log off;
  client_body_temp_path $work/nchan/body;
  proxy_temp_path $work/nchan/proxy;
  fastcgi_temp_path $work/nchan/fastcgi;
  uwsgi_temp_path $work/nchan/uwsgi;
  scgi_temp_path $work/nchan/scgi;
  keepalive_requests 1000000;
  nchan_shared_memory_size 256M;
  nchan_message_buffer_length 1000;
  nchan_message_timeout 1h;
  server {
    listen 127.0.0.1:@PORT@ backlog=4096;
    $secure
    location ~ ^/events/(.+)\$ { nchan_subscriber eventsource; nchan_subscriber_first_message newest; nchan_channel_id \$1; }
    location ~ ^/publish/(.+)\$ { nchan_publisher; nchan_channel_id \$1; }
  }
}
END
  # shellcheck disable=SC2016
  "$build/tools/listening" "$work/nchan/port" sh -c 'sed -i "s/@PORT@/$(cat "$1/port")/" "$1/nginx.conf"
    exec nginx -p "$1" -c "$1/nginx.conf"' sh "$work/nchan" >"$work/nchan/nginx.log" 2>&1 &
  pids+=($!)
  # Before it answers, the children of that process are still those of the shell that it was.
  nchan_works() {
    curl -fsS --noproxy '*' -o /dev/null -d up "http://127.0.0.1:$(cat "$work/nchan/port")/publish/up" &&
      worker=$(cat "/proc/$1/task/$1/children") && worker=${worker%% *} && [[ -n $worker ]]
  }
  local worker
  until_true nchan_works $!
  ports[nchan]=$(cat "$work/nchan/port")
  servers[nchan]=$!,$worker
}

start_nats() {
  mkdir "$work/nats"
  nats-server --addr 127.0.0.1 --port -1 --ports_file_dir "$work/nats" >"$work/nats/nats.log" 2>&1 &
  pids+=($!)
  servers[nats]=$!
  until_true test -s "$work/nats/nats-server_$!.ports"
  ports[nats]=$(jq -r '.nats[0]' "$work/nats/nats-server_$!.ports" | sed 's/.*://')
}

start_bare() {
  mkdir "$work/bare"
  "$build/tools/listening" "$work/bare/port" "$build/tools/write_loop" 2>"$work/bare/bare.log" &
  pids+=($!)
  servers[bare]=$!
  until_true test -s "$work/bare/port"
  ports[bare]=$(cat "$work/bare/port")
}

# stop_server NAME
stop_server() {
  local pid=${servers[$1]%%,*}
  kill "$pid" || fail "$1 has ended by itself"
  # Of the others not all know a good end.
  ended "$pid" || [[ $1 != headgate ]] || fail "$1 did not end well"
  unset "servers[$1]"
  rm -rf "$work/$1"
}

stop_servers() {
  local name
  for name in "${!servers[@]}"; do
    stop_server "$name"
  done
}

# wakings PID...: how often their threads have gone to sleep and were woken, and their processor time in nanoseconds
wakings() {
  local pid
  for pid; do
    cat "/proc/$pid"/task/*/status "/proc/$pid"/task/*/schedstat
  done | awk '/^voluntary_ctxt_switches:/ { n += $2 } NF == 3 && /^[0-9]/ { ns += $1 } END { printf "%d %d", n, ns }'
}
# wakings_of SERVER
wakings_of() {
  local processes
  IFS=, read -r -a processes <<<"${servers[$1]}"
  wakings "${processes[@]}"
}
# memory_of SERVER: KiB resident, Pss, anonymous
memory_of() {
  local pid processes
  IFS=, read -r -a processes <<<"${servers[$1]}"
  for pid in "${processes[@]}"; do
    cat "/proc/$pid/smaps_rollup"
  done | awk '/^Rss:/ { r += $2 } /^Pss:/ { p += $2 } /^Anonymous:/ { a += $2 } END { printf "%d %d %d", r, p, a }'
}
