#!/usr/bin/env bats
# What the dashboard asks of the daemon: its files, the past from the newest down, repositories with their protected refs, brief reports.
# tests/dashboard looks at the page itself, with a browser.
load helper

# as TOKEN METHOD PATH [CURL...]: the body.
as() {
  local token=$1 method=$2 path=$3
  shift 3
  curl -sS --noproxy '*' --max-time 70 -X "$method" ${token:+-H "Authorization: Bearer $token"} "$URL$path" "$@"
}

status_of() {
  as "$@" -o /dev/null -w '%{http_code}'
}

# push REPO BRANCH PATH TEXT: one commit; its id in HEAD.
push() {
  [[ -d $T/push-$1 ]] || repo_clone "$1" "$T/push-$1"
  cd "$T/push-$1" || return 1
  git checkout -q "$2" 2>/dev/null || git checkout -q -b "$2"
  commit "$3" "$4"
  git push -q origin "HEAD:refs/heads/$2" 2>/dev/null
  HEAD=$(git rev-parse HEAD)
  cd "$T" || return 1
}

# announce NAME TARGETS: as the agent whose token is $T/NAME.token.
announce() {
  [[ $(status_of "$(<"$T/$1.token")" PUT /v1/agents/self -d '{"instance":"'"$1"'","host":"h","version":"1","targets":'"$2"'}') == 200 ]]
}

# report NAME TARGET [MORE]: MORE are members, each with a comma in front.
report() {
  [[ $(status_of "$(<"$T/$1.token")" POST /v1/agents/self/reports \
    -d '{"target":"'"$2"'","sync":"Synced","health":"Healthy","operation":"Succeeded"'"${3-}"'}') == 200 ]]
}

target() {
  printf '{"name":"%s","repo":"%s","ref":"refs/heads/main","path":"%s","driver":"files"}' "$1" "$2" "${3-}"
}

@test "the files: to anybody, and what they show to nobody without a token" {
  server_config
  daemon_start
  run as '' GET / -D headers
  has '<script type="module" src="/dashboard/app.js"></script>'
  lacks 'http://'
  run cat headers
  has "Content-Security-Policy: default-src 'none'; script-src 'self';"
  has "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
  has 'X-Content-Type-Options: nosniff'
  has 'Referrer-Policy: no-referrer'
  lacks Set-Cookie
  etag=$(sed -n 's/^ETag: \(.*\)\r$/\1/p' headers)
  [[ $(status_of '' GET / -H "If-None-Match: $etag") == 304 ]]
  [[ $(as '' GET /dashboard/app.js -H 'Accept-Encoding: gzip' | gunzip | cmp - "$ROOT/daemon/dashboard/app.js" && echo same) == same ]]
  as '' GET /dashboard/style.css | cmp - "$ROOT/daemon/dashboard/style.css"
  # Every file of the folder is in the program, and the page asks for no other.
  for file in "$ROOT"/daemon/dashboard/*; do
    [[ $(status_of '' GET "/dashboard/${file##*/}") == 200 ]] || { echo "${file##*/}"; return 1; }
  done
  [[ $(status_of '' GET /dashboard/none) == 404 ]]
  [[ $(status_of '' GET /dashboard/a/b) == 404 ]]
  for path in /v1/status /v1/agents /v1/agents/a /v1/history /v1/repositories; do
    [[ $(status_of '' GET "$path") == 401 ]]
  done
  # Nothing of it is in memory before it is asked for, nor stays.
  agent_add web1
  for path in /v1/agents/web1 /v1/history /v1/repositories; do
    [[ $(status_of "$(<web1.token)" GET "$path") == 403 ]]
  done
}

@test "who asks is told: token, role and scope" {
  server_config
  daemon_start
  all=$(headgate token add all --role operator)
  some=$(headgate token add some --role viewer --repo 'infra/*' --path web)
  [[ $(as "$all" GET /v1/status | jq -c .you) == '{"token":"all","role":"operator","scope":null}' ]]
  [[ $(as "$some" GET /v1/status | jq -c .you) == '{"token":"some","role":"viewer","scope":{"repos":["infra/*"],"refs":[],"paths":["web"]}}' ]]
  [[ $(admin GET /v1/status | jq -c .you) == '{"token":null,"role":"admin","scope":null}' ]]
}

@test "reports in lists are brief when that is asked for; one agent is told whole" {
  server_config
  repo_new infra
  daemon_start
  agent_add web1
  announce web1 "[$(target a infra),$(target b infra)]"
  long=$(printf 'x%.0s' {1..3000})
  report web1 a ',"message":"'"$long"'","diff":"--- a\n+++ b\n","redacted":2,"ignored":[{"rule":"r","hits":1}],"resources":[{"name":"n","sync":"Extra"}]'
  for look in 1 2; do
    [[ $(admin GET '/v1/agents/web1' | jq -c '.targets[0].report | [(.message | length), .diff, .ignored[0].rule, .resources[0].name, .resources_total]') == '[3000,"--- a\n+++ b\n","r","n",1]' ]]
    for path in '/v1/agents?detail=brief' '/v1/status?detail=brief'; do
      [[ $(admin GET "$path" | jq -c '.agents[0].targets[0].report | [(.message | length), has("diff"), has("ignored"), has("resources"), .redacted, .resources_total]') == \
        '[1000,false,false,false,2,1]' ]]
      [[ $(admin GET "$path" | jq -c '.agents[0].targets[1].report') == null ]]
    done
    [[ $(admin GET '/v1/agents/web1?detail=brief' | jq -c '.targets[0].report | has("diff")') == false ]]
    [[ $(admin GET /v1/agents | jq -c '.agents[0]') == "$(admin GET /v1/agents/web1 | jq -c .)" ]]
    # The same after a start, out of the journal.
    daemon_stop
    daemon_start
  done
  [[ $(admin GET '/v1/agents?detail=much' | jq -r .message) == 'parameter "detail" is brief or full' ]]
  [[ $(admin GET /v1/agents/web2 | jq -r .error) == not-found ]]
  # Both methods of one path hold, and others are told.
  [[ $(admin POST /v1/agents/web1 | jq -r .message) == 'this path takes GET, DELETE' ]]
  [[ $(admin DELETE /v1/agents/web1 -o /dev/null -w '%{http_code}') == 204 ]]
}

# What a page of history tells: "<type> <subject>" a line.
past() {
  admin GET "/v1/history?$1" | jq -r '.events[] | "\(.type | ltrimstr("io.headgate.") | rtrimstr(".v1")) \(.subject)"'
}

@test "history: from the newest down, of an agent, a target, a repository, a type; page by page" {
  server_config
  repo_new infra/a
  repo_new infra/b
  daemon_start
  agent_add web1
  agent_add web12
  announce web1 "[$(target x infra/a),$(target y infra/a)]"
  announce web12 "[$(target x infra/a)]"
  push infra/a main f 1
  report web1 x
  report web1 y
  report web12 x ',"diff":"+a\n"'
  push infra/b main f 1
  [[ $(past '' | head -n 3 | tr '\n' ,) == 'ref.updated infra/b:refs/heads/main,agent.reported web12/x,agent.reported web1/y,' ]]
  [[ $(past 'agent=web1' | tr '\n' ,) == 'agent.reported web1/y,agent.reported web1/x,agent.added web1,' ]]
  [[ $(past 'agent=web1&target=x') == 'agent.reported web1/x' ]]
  [[ $(past 'repo=infra/*&type=io.headgate.ref.*' | tr '\n' ,) == 'ref.updated infra/b:refs/heads/main,ref.updated infra/a:refs/heads/main,' ]]
  [[ $(past 'repo=infra/a&ref=refs/heads/main') == 'ref.updated infra/a:refs/heads/main' ]]
  # Reports in it are brief.
  [[ $(admin GET '/v1/history?agent=web12&target=x' | jq -c '.events[0].data | has("diff")') == false ]]
  # All of it, two at a time, is what there is, the other way round.
  before='' all=''
  while :; do
    page=$(admin GET "/v1/history?limit=2${before:+&before=$before}")
    all+=$(jq -r '.events[].id' <<<"$page")$'\n'
    before=$(jq -r '.before // ""' <<<"$page")
    [[ -n $before ]] || break
  done
  [[ $(grep . <<<"$all" | tac) == "$(events_of | jq -r .id)" ]]
  [[ $(admin GET '/v1/history?limit=0' | jq -r .error) == bad-request ]]
  [[ $(admin GET '/v1/history?limit=201' | jq -r .error) == bad-request ]]
  [[ $(admin GET '/v1/history?target=x' | jq -r .message) == 'parameter "target" goes with "agent"' ]]
  [[ $(admin GET '/v1/history?agent=a*' | jq -r .message) == 'parameter "agent" is no name' ]]
  [[ $(admin GET '/v1/history?repo=%5B' | jq -r .error) == bad-request ]]
  [[ $(admin GET '/v1/history?before=x' | jq -r .error) == bad-request ]]
  [[ $(admin GET '/v1/history?before=0123456789abcdef.3' | jq -r .message) == *'another journal' ]]
}

@test "history and repositories: what lies outside of a scope is not there" {
  server_config
  repo_new infra/a
  repo_new secret/b
  daemon_start
  agent_add web1
  announce web1 "[$(target x infra/a web),$(target y secret/b)]"
  push infra/a main web/f 1
  push infra/a main db/f 1
  push infra/a next web/f 2
  push secret/b main f 1
  report web1 x
  cd "$T/push-infra/a"
  git checkout -q main
  commit bad.yaml $'a: 1\na: 2\n'
  fails git push -q origin main
  cd "$T"
  repos=$(headgate token add repos --role viewer --repo 'infra/*')
  refs=$(headgate token add refs --role viewer --repo 'infra/*' --ref refs/heads/next)
  paths=$(headgate token add paths --role viewer --repo 'infra/*' --path web)
  told() { as "$1" GET /v1/history | jq -r '.events[] | "\(.type | ltrimstr("io.headgate.") | rtrimstr(".v1")) \(.subject) \([.data.paths[]?.path] | join("+"))"' | tr '\n' ,; }
  [[ $(told "$repos") == 'push.refused infra/a ,ref.updated infra/a:refs/heads/next db/f+web/f,ref.updated infra/a:refs/heads/main db/f,ref.updated infra/a:refs/heads/main web/f,' ]]
  [[ $(told "$refs") == 'ref.updated infra/a:refs/heads/next db/f+web/f,' ]]
  [[ $(told "$paths") == 'ref.updated infra/a:refs/heads/next web/f,ref.updated infra/a:refs/heads/main web/f,' ]]
  places() { as "$1" GET /v1/repositories | jq -c '[.repositories[] | [.name, .refs, .default_branch, [.protected[] | [.ref, .last.actor, .last.paths]]]]'; }
  # How many refs there are is told once the repository has been compared.
  seen() { [[ $(places "$repos") == '[["infra/a",2,"refs/heads/main",[["refs/heads/main","alice",1]]]]' ]]; }
  wait_for 20 seen
  [[ $(places "$refs") == '[["infra/a",null,null,[]]]' ]]
  # main has moved last where he may not look.
  [[ $(places "$paths") == '[["infra/a",null,"refs/heads/main",[["refs/heads/main",null,null]]]]' ]]
  [[ $(as "$repos" GET /v1/agents/web1 | jq -c '[.allow, [.targets[].name]]') == '[null,["x"]]' ]]
  none=$(headgate token add none --role viewer --repo 'other/*')
  [[ $(status_of "$none" GET /v1/agents/web1) == 404 ]]
  [[ $(as "$none" GET /v1/history | jq -c .events) == '[]' ]]
  [[ $(as "$none" GET /v1/repositories | jq -c .repositories) == '[]' ]]
}

@test "repositories: protected refs by the policies, page by page, with trouble told" {
  server_config 'policies:' '  - {repos: ["infra/**"], refs: ["HEAD", "refs/heads/release/*"], push: {allow: [alice], force: allow}}' \
    '  - {repos: ["other"], refs: ["refs/tags/**"], push: {delete: allow}}'
  repo_new infra/a
  repo_new other
  repo_new third
  git -C "$GIT_ROOT/third.git" symbolic-ref HEAD refs/heads/trunk
  daemon_start
  push infra/a main f 1
  push infra/a release/1 f 2
  first=$HEAD
  push infra/a topic f 3
  push other main f 1
  git -C push-other push -q origin HEAD:refs/tags/v1
  push third trunk f 1
  [[ $(admin GET /v1/repositories | jq -c '[.repositories[] | [.name, .default_branch, [.protected[] | [.ref, .force, .delete, .restricted, .last.change]]]]') == \
    '[["infra/a","refs/heads/main",[["refs/heads/main",true,false,true,"create"],["refs/heads/release/1",true,false,true,"create"]]],["other","refs/heads/main",[["refs/tags/v1",false,true,false,"create"]]],["third","refs/heads/trunk",[]]]' ]]
  [[ $(admin GET /v1/repositories | jq -r '.repositories[0].protected[1] | .id + " " + .last.actor') == "$first alice" ]]
  [[ $(admin GET /v1/repositories | jq -r '.repositories[0].protected[1].last.event') == "$(events_of ref.updated | jq -r 'select(.data.new == "'"$first"'" and .data.ref == "refs/heads/release/1").id')" ]]
  page=$(admin GET '/v1/repositories?limit=2')
  [[ $(jq -c '[[.repositories[].name], .after]' <<<"$page") == '[["infra/a","other"],"other"]' ]]
  [[ $(admin GET '/v1/repositories?limit=2&after=other' | jq -c '[[.repositories[].name], .after]') == '[["third"],null]' ]]
  [[ $(admin GET '/v1/repositories?limit=101' | jq -r .error) == bad-request ]]
  # More refs are protected than are told.
  cd "$T/push-infra/a"
  for i in $(seq 60); do printf 'create refs/heads/release/x%s %s\n' "$i" "$first"; done | git update-ref --stdin
  git push -q origin 'refs/heads/release/*'
  [[ $(admin GET '/v1/repositories?limit=1' | jq -c '.repositories[0] | [(.protected | length), .protected_more]') == '[50,true]' ]]
}
