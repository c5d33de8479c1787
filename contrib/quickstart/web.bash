# A Git server over smart HTTP in a folder of its own: nginx, fcgiwrap and git-http-backend, run as whoever calls this.
# Sourced by contrib/quickstart/start and by the end-to-end tests.
#
#   web_start FOLDER GIT_ROOT BUILD NAME:PASSWORD...
#
# serves every repository below GIT_ROOT to those people at http://127.0.0.1:$WEB_PORT/, logs into FOLDER, and sets WEB_PORT (chosen
# by the kernel) and WEB_PIDS, which the caller ends. REMOTE_USER is who pushed. Each has a session of its own, so that an interrupt
# at the terminal does not end it.

web_config() {
  local folder=$1 git_root=$2 port=$3 backend user=
  backend=$(git --exec-path)/git-http-backend
  # As root, nginx would turn into www-data, which may not see the folder.
  [[ $(id -u) != 0 ]] || user=$(id -un)
  cat <<END
daemon off;
${user:+user $user;}
worker_processes 1;
pid nginx.pid;
error_log error.log;
events { worker_connections 64; }
http {
  access_log access.log;
  client_max_body_size 0;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {
    listen 127.0.0.1:$port;
    auth_basic "git";
    auth_basic_user_file $folder/people;
    location / {
      fastcgi_pass unix:$folder/cgi.sock;
      fastcgi_read_timeout 300s;
      # Who pushes reads lines as they come: git push -o headgate.wait.
      fastcgi_buffering off;
      fastcgi_param NO_BUFFERING 1;
      fastcgi_param SCRIPT_FILENAME $backend;
      fastcgi_param GIT_PROJECT_ROOT $git_root;
      fastcgi_param GIT_HTTP_EXPORT_ALL 1;
      fastcgi_param PATH_INFO \$uri;
      fastcgi_param QUERY_STRING \$query_string;
      fastcgi_param REQUEST_METHOD \$request_method;
      fastcgi_param CONTENT_TYPE \$content_type;
      fastcgi_param CONTENT_LENGTH \$content_length;
      fastcgi_param HTTP_CONTENT_ENCODING \$http_content_encoding;
      fastcgi_param HTTP_GIT_PROTOCOL \$http_git_protocol;
      fastcgi_param REMOTE_USER \$remote_user;
      fastcgi_param REMOTE_ADDR \$remote_addr;
    }
  }
}
END
}

web_start() {
  local folder=$1 git_root=$2 build=$3 person tries
  shift 3
  mkdir -p "$folder"
  for person in "$@"; do
    printf '%s:{PLAIN}%s\n' "${person%%:*}" "${person#*:}"
  done >"$folder/people"

  setsid /usr/sbin/fcgiwrap -s "unix:$folder/cgi.sock" >"$folder/cgi.log" 2>&1 </dev/null 3>&- &
  WEB_PIDS=($!)
  # The config needs the port and nginx must not start before the config is there, so it starts through a shell that waits for it.
  rm -f "$folder/port"
  # shellcheck disable=SC2016
  setsid "$build/tools/listening" "$folder/port" bash -c '
    source "$1"
    read -r port <"$2/port"
    web_config "$2" "$3" "$port" >"$2/nginx.conf"
    exec /usr/sbin/nginx -p "$2" -c nginx.conf -e error.log
  ' nginx "${BASH_SOURCE[0]}" "$folder" "$git_root" >"$folder/nginx.log" 2>&1 </dev/null &
  WEB_PIDS+=($!)
  for ((tries = 0; tries < 500; tries++)); do
    if [[ -s $folder/nginx.pid && -S $folder/cgi.sock ]]; then
      read -r WEB_PORT <"$folder/port"
      return 0
    fi
    sleep 0.02
  done
  echo "the web server did not start:" >&2
  cat "$folder/nginx.log" "$folder/error.log" "$folder/cgi.log" >&2
  kill "${WEB_PIDS[@]}" 2>/dev/null
  WEB_PIDS=()
  return 1
}
