# The agent's kubectl driver against a real kube-apiserver with etcd, which tests/cluster/up has started: pushed manifests come to be
# objects, and go; what is changed by hand is seen and healed; what cannot be told is never called in sync. There are no controllers, so
# what these would write into a status is written here.
load ../e2e/helper

# HEADGATE_KUBECTL names another kubectl for the agent to run; setup forgets all such names.
OTHER_KUBECTL=${HEADGATE_KUBECTL:-}

# bats runs each test in a process of its own, so what they share is worked out anew.
setup() {
  headgate_setup
  CLUSTER=$ROOT/suites/cluster
  export KUBECONFIG=$CLUSTER/state/kubeconfig
  KUBECTL=$CLUSTER/bin/kubectl TOOL=${OTHER_KUBECTL:-$CLUSTER/bin/kubectl}
  NS=t-$(basename "$T" | tr -dc 'a-zA-Z0-9' | tr 'A-Z' 'a-z')-$BATS_TEST_NUMBER
  server_config
  repo_new infra
  daemon_start
  agent_add c1
  repo_clone infra
  "$KUBECTL" create namespace "$NS" >/dev/null
}

teardown() {
  # One that has been stopped comes back for the next test.
  [[ ! -e $T/apiserver ]] || server_up
  headgate_teardown
}

k() {
  "$KUBECTL" -n "$NS" "$@"
}

# cluster_target [OPTION...]: the config of c1 with one target "t1" of the folder "apps" in $NS.
cluster_target() {
  local option options="namespace: $NS, command: $TOOL, kubeconfig: $KUBECONFIG"
  for option in "$@"; do
    options+=", $option"
  done
  [[ $options == *health_timeout* ]] || options+=", health_timeout: 0s"
  agent_config c1 "  - name: t1
    repo: infra
    path: apps
    driver: kubectl
    compare_every: 1s
    ${TARGET_MORE:-prune: true}
    options: {$options}"
}

push() {
  git push -q origin HEAD:refs/heads/main 2>"$T/push" || { cat "$T/push"; return 1; }
  TIP=$(git rev-parse HEAD)
}

# report FIELD: of target t1, as the daemon has it; a jq path.
report() {
  admin GET /v1/agents | jq -r ".agents[0].targets[0].report.$1"
}

# told FIELD VALUE; told_like FIELD REGEX: for wait_for.
told() {
  [[ $(report "$1") == "$2" ]]
}

told_like() {
  [[ $(report "$1") =~ $2 ]]
}

# resource NAME FIELD: of a resource of the last report.
resource() {
  report "resources[] | select(.name | endswith(\"$1\")) | .$2"
}

resource_is() {
  [[ $(resource "$1" "$2") == "$3" ]]
}

# value NAME: of the key "key" of a config map.
value() {
  k get configmap "$1" -o 'jsonpath={.data.key}' 2>/dev/null
}

has_value() {
  [[ $(value "$1") == "$2" ]]
}

is_gone() {
  [[ -z $(k get "$@" --ignore-not-found -o name) ]]
}

map() {
  good_manifest "$1" | sed "s/key: value/key: ${2:-value}/"
}

deployment() {
  cat <<END
apiVersion: apps/v1
kind: Deployment
metadata:
  name: $1
spec:
  replicas: ${2:-2}
  selector:
    matchLabels: {app: $1}
  template:
    metadata:
      labels: {app: $1}
    spec:
      containers:
        - name: main
          image: registry.example.org/main:1.0
          resources: {limits: {cpu: 100m, memory: 64Mi}, requests: {cpu: 100m, memory: 64Mi}}
END
}

# definition GROUP: of a kind Widget.
definition() {
  local group=$1
  cat <<END
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.$group
spec:
  group: $group
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}}
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {size: {type: integer}}}
            status: {type: object, x-kubernetes-preserve-unknown-fields: true}
END
}

# server_down: end the API server; server_up: start it again as it was, on the same store.
server_down() {
  local pid
  pid=$(sed -n 's/^kube-apiserver \([0-9]*\) .*/\1/p' "$CLUSTER/state/processes" | tail -n 1)
  cp "/proc/$pid/cmdline" "$T/apiserver"
  kill -TERM "$pid"
  wait_for 60 process_ended "$pid"
}

server_up() {
  local argv
  mapfile -d '' argv <"$T/apiserver"
  # shellcheck source=contrib/quickstart/processes.bash
  source "$ROOT/contrib/quickstart/processes.bash"
  setsid "${argv[@]}" >>"$CLUSTER/state/kube-apiserver.log" 2>&1 </dev/null 3>&- &
  process_keep "$CLUSTER/state/processes" kube-apiserver $!
  rm "$T/apiserver"
  wait_for 120 "$KUBECTL" get --raw /readyz
}

@test "what is pushed is applied, changes come, what is gone goes, and a revert brings it back" {
  commit apps/a.yaml "$(map a one)"
  commit apps/deep/b.yaml "$(map b two)"
  commit elsewhere/c.yaml "$(map c)"
  push
  cluster_target
  agent_start c1
  wait_for 30 agent_synced c1 t1 "$TIP"
  has_value a one && has_value b two && is_gone configmap c
  [[ $(report changes) == $(jq -n '{added: 2, modified: 0, removed: 0}') ]]
  [[ $(report coverage) == $(jq -n '{checked: 2, unchecked: 0}') && $(report tool) == kubectl && $(report version) == v1.* ]]
  [[ $(k get configmap a -o 'jsonpath={.metadata.labels.headgate\.io/target}') == t1 ]]
  [[ $(k get configmap a -o 'jsonpath={.metadata.annotations.headgate\.io/source}') == infra:refs/heads/main:apps:$NS ]]
  [[ $(k get configmap a --show-managed-fields -o 'jsonpath={.metadata.managedFields[*].manager}') == headgate ]]

  # Someone else's is never touched.
  k create configmap theirs --from-literal=key=theirs
  git rm -q apps/deep/b.yaml
  commit apps/a.yaml "$(map a three)"
  push
  wait_for 30 agent_synced c1 t1 "$TIP"
  has_value a three && is_gone configmap b && has_value theirs theirs
  [[ $(report changes) == $(jq -n '{added: 0, modified: 1, removed: 1}') ]]

  git revert --no-edit HEAD >/dev/null
  push
  wait_for 30 agent_synced c1 t1 "$TIP"
  has_value a one && has_value b two && has_value theirs theirs
  [[ $(report changes) == $(jq -n '{added: 1, modified: 1, removed: 0}') ]]
}

@test "a change by hand is seen, told with its place, and healed" {
  commit apps/a.yaml "$(map a one)"
  commit apps/d.yaml "$(deployment d 2)"
  push
  TARGET_MORE="self_heal: false" cluster_target
  agent_start c1
  wait_for 30 agent_synced c1 t1 "$TIP"
  k patch configmap a -p '{"data":{"key":"by hand"}}'
  k scale deployment d --replicas=5
  wait_for 20 told sync OutOfSync
  wait_for 20 resource_is /d sync OutOfSync
  [[ $(report cause) == drift && $(report applied) == "$TIP" ]]
  [[ $(report message) == *"differs at"*" more" ]]
  [[ $(resource /a message) == "differs at /data/key" && $(resource /d message) == "differs at /spec/replicas" ]]
  report diff >"$T/diff"
  grep -qx -- '-  key: by hand' "$T/diff"
  grep -qx -- '+  key: one' "$T/diff"
  grep -qx -- '-  replicas: 5' "$T/diff"
  fails grep -E 'resourceVersion|generation|^[-+]  uid' "$T/diff"
  k delete configmap a
  wait_for 20 resource_is /a sync Missing
  agent_stop c1

  TARGET_MORE="self_heal: true" cluster_target
  agent_start c1
  wait_for 30 agent_synced c1 t1 "$TIP"
  has_value a one
  [[ $(k get deployment d -o 'jsonpath={.spec.replicas}') == 2 ]]
}

@test "values of Secrets leave the host neither in a diff nor in a message" {
  commit apps/s.yaml "$(printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  password: %s\n' hunter2-first)"
  commit apps/a.yaml "$(map a one)"
  push
  TARGET_MORE="self_heal: false" cluster_target "redact: [{kind: ConfigMap, pointers: [/data]}]"
  agent_start c1
  wait_for 30 agent_synced c1 t1 "$TIP"
  [[ $(k get secret s -o 'jsonpath={.data.password}' | base64 -d) == hunter2-first ]]
  k patch secret s -p '{"stringData":{"password":"hunter2-second"}}'
  k annotate secret s 'kubectl.kubernetes.io/last-applied-configuration={"stringData":{"password":"hunter2-third"}}'
  k patch configmap a -p '{"data":{"key":"a-private-word"}}'
  wait_for 20 resource_is /s sync OutOfSync
  wait_for 20 resource_is /a sync OutOfSync
  report diff | grep -qx -- '-  password: (redacted)'
  (($(report redacted) >= 4))
  fails grep -rE 'hunter2|aHVudGVy|a-private-word' "$T/c1.log" "$T/headgated.log"
  fails grep -E 'hunter2|aHVudGVy|a-private-word' <<<"$(admin GET /v1/agents)$(events_of)"
}

@test "a rule leaves out a difference, and tells how often" {
  commit apps/d.yaml "$(deployment d 2)"
  push
  TARGET_MORE="self_heal: false" cluster_target "ignore: [{kind: Deployment, name: d, pointers: [/spec/replicas]}, {kind: Service, pointers: [/spec/*]}]"
  agent_start c1
  wait_for 30 agent_synced c1 t1 "$TIP"
  k scale deployment d --replicas=7
  wait_for 20 told 'ignored[0].hits' 1
  [[ $(report sync) == Synced && $(report 'ignored[1].hits') == 0 && $(report 'ignored[0].rule') == "Deployment d: /spec/replicas" ]]
  [[ $(report diff) != *replicas* ]]
  # What is beside the rule counts.
  k label deployment d headgate.io/target=other --overwrite
  wait_for 20 told message "apps/v1/Deployment $NS/d differs at /metadata/labels/headgate.io~1target"
}

@test "namespaces and definitions come first, with objects of the new kind in the same push, and are not pruned unasked" {
  local group=$NS.example.org
  commit apps/0-object.yaml "$(printf 'apiVersion: %s/v1\nkind: Widget\nmetadata:\n  name: w\nspec:\n  size: 3\n' "$group")"
  commit apps/1-map.yaml "$(map inner | sed "s/name: inner/&\n  namespace: $NS-new/")"
  commit apps/2-namespace.yaml "$(printf 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: %s\n' "$NS-new")"
  commit apps/3-definition.yaml "$(definition "$group")"
  push
  cluster_target
  agent_start c1
  wait_for 60 agent_synced c1 t1 "$TIP"
  [[ $(k get "widgets.$group" w -o 'jsonpath={.spec.size}') == 3 ]]
  [[ -n $(k -n "$NS-new" get configmap inner -o name) ]]
  [[ $(report changes.added) == 4 ]]

  # A custom resource fares as its conditions say.
  k patch "widgets.$group" w --subresource=status --type=merge \
    -p '{"status":{"conditions":[{"type":"Ready","status":"False","reason":"Broken","message":"the widget is broken"}]}}'
  wait_for 20 told health Degraded
  [[ $(resource /w message) == "the widget is broken" && $(report sync) == Synced ]]

  git rm -q apps/2-namespace.yaml apps/3-definition.yaml apps/0-object.yaml apps/1-map.yaml
  commit apps/a.yaml "$(map a)"
  push
  wait_for 30 agent_synced c1 t1 "$TIP"
  is_gone "widgets.$group" w
  [[ $("$KUBECTL" get namespace "$NS-new" -o 'jsonpath={.status.phase}') == Active ]]
  [[ -n $("$KUBECTL" get customresourcedefinition "widgets.$group" -o name) ]]
  [[ $(resource "$NS-new" sync) == Extra && $(resource "$NS-new" message) == *prune_allow* ]]
  agent_stop c1

  cluster_target "prune_allow: [CustomResourceDefinition]"
  commit apps/a.yaml "$(map a again)"
  push
  agent_start c1
  wait_for 30 agent_synced c1 t1 "$TIP"
  [[ -z $("$KUBECTL" get customresourcedefinition "widgets.$group" --ignore-not-found -o 'jsonpath={.metadata.name}{.metadata.deletionTimestamp}' |
    grep -v T) ]]
  [[ $("$KUBECTL" get namespace "$NS-new" -o 'jsonpath={.status.phase}') == Active ]]
}

@test "nothing goes that has lost our label, that says never, or while the tree is empty" {
  local name
  for name in a b c; do
    commit "apps/$name.yaml" "$(map $name)"
  done
  push
  cluster_target
  agent_start c1
  wait_for 30 agent_synced c1 t1 "$TIP"
  agent_stop c1
  k label configmap a headgate.io/target-
  k annotate configmap b headgate.io/prune=never
  git rm -q apps/a.yaml apps/b.yaml
  commit apps/c.yaml "$(map c changed)"
  push
  agent_start c1
  wait_for 30 agent_synced c1 t1 "$TIP"
  has_value a value && has_value b value && has_value c changed
  [[ $(resource /b sync) == Extra && $(resource /b message) == *headgate.io/prune* && -z $(resource /a sync) ]]

  local before=$TIP
  git rm -q apps/c.yaml
  commit apps/README "no manifests"
  push
  wait_for 30 told operation Failed
  [[ $(report message) == *"no objects"*allow_empty* && $(report applied) == "$before" ]]
  has_value c changed
  agent_stop c1

  cluster_target "allow_empty: true"
  agent_start c1
  wait_for 30 agent_synced c1 t1 "$TIP"
  is_gone configmap c && has_value b value
}

# event GROUP-VERSION OBJECT NOTE SOURCE: the same event by either group's names of its fields.
event() {
  cat <<END
apiVersion: $1
kind: Event
metadata:
  name: e
eventTime: "2026-01-02T03:04:05.000000Z"
action: Applied
reason: Applied
type: Normal
$2: {kind: ConfigMap, namespace: $NS, name: a}
$3: applied
$4: example.org/controller
reportingInstance: one
END
}

@test "an object that goes on under another group's name is not pruned under the old one" {
  commit apps/e.yaml "$(event v1 involvedObject message reportingComponent)"
  push
  cluster_target
  agent_start c1
  wait_for 30 agent_synced c1 t1 "$TIP"
  local uid
  uid=$(k get events.v1. e -o 'jsonpath={.metadata.uid}')
  [[ -n $uid && $(k get events.v1.events.k8s.io e -o 'jsonpath={.metadata.uid}') == "$uid" ]]
  commit apps/e.yaml "$(event events.k8s.io/v1 regarding note reportingController)"
  push
  wait_for 30 agent_synced c1 t1 "$TIP"
  [[ $(k get events.v1. e -o 'jsonpath={.metadata.uid}') == "$uid" && $(report changes.removed) == 0 && $(report resources_total) == 1 ]]
}

@test "kustomize: an overlay of a base, found by itself" {
  commit apps/base/map.yaml "$(map m)"
  commit apps/base/kustomization.yaml $'resources: [map.yaml]\n'
  commit apps/overlays/prod/kustomization.yaml $'namePrefix: prod-\nresources: [../../base]\n'
  push
  cluster_target "folder: overlays/prod"
  agent_start c1
  wait_for 30 agent_synced c1 t1 "$TIP"
  has_value prod-m value && is_gone configmap m
}

@test "an API server that is away makes Unknown, and all goes on when it is back" {
  commit apps/a.yaml "$(map a one)"
  push
  local first=$TIP
  cluster_target
  agent_start c1
  wait_for 30 agent_synced c1 t1 "$TIP"
  server_down
  wait_for 30 told sync Unknown
  [[ $(report message) == *"the API server cannot be asked"* && $(report health) == Unknown ]]
  commit apps/a.yaml "$(map a two)"
  push
  wait_for 30 told operation Failed
  [[ $(report message) == *"the API server cannot be asked"* && $(report applied) == "$first" ]]
  server_up
  wait_for 120 agent_synced c1 t1 "$TIP"
  has_value a two
}

@test "what the API server refuses is Failed in its words, and the rest is applied" {
  commit apps/a.yaml "$(map a one)"
  commit apps/b.yaml "$(map b | sed "s/name: b/&\n  namespace: $NS-nowhere/")"
  push
  cluster_target
  agent_start c1
  wait_for 30 told operation Failed
  [[ $(report message) == *"namespaces \"$NS-nowhere\" not found"* && $(report sync) != Synced && $(report exit_status) == 1 ]]
  has_value a one
  # It is tried again by itself, and what was missing may come.
  "$KUBECTL" create namespace "$NS-nowhere"
  wait_for 60 agent_synced c1 t1 "$TIP"
}

@test "an object of a kind that nobody knows holds up itself alone, until it is known" {
  local group=$NS.example.org
  commit apps/a.yaml "$(map a one)"
  commit apps/w.yaml "$(printf 'apiVersion: %s/v1\nkind: Widget\nmetadata:\n  name: w\n' "$group")"
  push
  cluster_target
  agent_start c1
  wait_for 30 told operation Failed
  [[ $(report message) == "1 of 2 objects are not applied, since the API server has no such kind: Widget w is of $group/v1"* ]]
  has_value a one
  definition "$group" | "$KUBECTL" create -f -
  wait_for 60 agent_synced c1 t1 "$TIP"
  [[ -n $(k get "widgets.$group" w -o name) ]]
}

@test "without force_conflicts a field of someone else's is left to them" {
  commit apps/a.yaml "$(map a one)"
  push
  cluster_target "force_conflicts: false"
  agent_start c1
  wait_for 30 agent_synced c1 t1 "$TIP"
  k patch configmap a --field-manager=someone -p '{"data":{"key":"theirs"}}'
  wait_for 30 told operation Failed
  [[ $(report message) == *conflict*someone* ]]
  has_value a theirs
}

@test "an object that may not be read is unchecked, and nothing is called in sync" {
  local token
  cp "$KUBECONFIG" "$T/kubeconfig"
  commit apps/a.yaml "$(map a one)"
  commit apps/s.yaml "$(printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  key: value\n')"
  push
  KUBECONFIG=$T/kubeconfig cluster_target
  agent_start c1
  wait_for 30 agent_synced c1 t1 "$TIP"
  # From now on it may do all but look at Secrets.
  k create serviceaccount narrow
  k create role narrow --verb='*' --resource=configmaps
  k create rolebinding narrow --role=narrow --serviceaccount="$NS:narrow"
  token=$(k create token narrow)
  sed "s/token: .*/token: $token/" "$KUBECONFIG" >"$T/narrow"
  mv "$T/narrow" "$T/kubeconfig"
  wait_for 30 told sync Unknown
  wait_for 30 told coverage.unchecked 1
  [[ $(report coverage.checked) == 1 && $(report message) == *"could not be compared"*forbidden* ]]
  [[ $(resource /s sync) == Unknown && $(resource /a sync) == Synced ]]
}

@test "the rights in contrib/kubernetes are enough to apply, compare, prune and find again, and no more" {
  local token
  sed "s/^  name: headgate$/  name: $NS-agent/; s/namespace: headgate$/namespace: $NS-agent/; s/^  namespace: shop$/  namespace: $NS/" \
    "$ROOT/contrib/kubernetes/agent.yaml" "$ROOT/contrib/kubernetes/rights.yaml" >"$T/agent-objects.yaml"
  # Two files after each other are one only with a line between.
  sed -i 's/^# What the agent may do in the namespace/---\n&/' "$T/agent-objects.yaml"
  "$KUBECTL" apply --server-side --validate=strict -f "$T/agent-objects.yaml"
  token=$("$KUBECTL" -n "$NS-agent" create token headgate-agent)
  sed "s/token: .*/token: $token/" "$KUBECONFIG" >"$T/kubeconfig"
  commit apps/a.yaml "$(map a one)"
  commit apps/d.yaml "$(deployment d 1)"
  commit apps/s.yaml "$(printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  key: value\n')"
  push
  KUBECONFIG=$T/kubeconfig cluster_target
  agent_start c1
  wait_for 30 agent_synced c1 t1 "$TIP"
  [[ $(report health) == Progressing ]]
  k patch configmap a -p '{"data":{"key":"by hand"}}'
  wait_for 30 has_value a one
  agent_stop c1
  rm -rf "$T/c1.state"
  git rm -q apps/s.yaml
  commit apps/a.yaml "$(map a two)"
  push
  agent_start c1
  wait_for 30 agent_synced c1 t1 "$TIP"
  has_value a two && is_gone secret s
  commit apps/r.yaml "$(printf 'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: r\nrules: []\n')"
  push
  wait_for 30 told operation Failed
  [[ $(report message) == *"cannot patch resource \"roles\""* ]]
}

@test "a workload's health is waited for, and told" {
  commit apps/d.yaml "$(deployment d 1)"
  push
  cluster_target "health_timeout: 2m"
  agent_start c1
  wait_for 30 k get deployment d -o name
  [[ $(report operation) != Succeeded ]]
  k patch deployment d --subresource=status --type=merge -p '{"status":{"observedGeneration":1,"replicas":1,"updatedReplicas":1,
    "availableReplicas":1,"readyReplicas":1}}'
  wait_for 30 agent_synced c1 t1 "$TIP"
  [[ $(report health) == Healthy ]]
  k patch deployment d --subresource=status --type=merge -p '{"status":{"conditions":[{"type":"Progressing","status":"False",
    "reason":"ProgressDeadlineExceeded","message":"it takes too long"}]}}'
  wait_for 20 told health Degraded
  [[ $(resource /d message) == "it takes too long" && $(report sync) == Synced ]]
}

@test "an agent that has lost its state finds its objects again, and prunes what has gone meanwhile" {
  commit apps/a.yaml "$(map a one)"
  commit apps/b.yaml "$(map b two)"
  push
  cluster_target
  agent_start c1
  wait_for 30 agent_synced c1 t1 "$TIP"
  agent_stop c1
  rm -rf "$T/c1.state"
  # Of the same label, but by another source: not ours to prune.
  map other | k create -f -
  k label configmap other headgate.io/target=t1
  git rm -q apps/b.yaml
  commit apps/a.yaml "$(map a three)"
  push
  agent_start c1
  wait_for 30 agent_synced c1 t1 "$TIP"
  has_value a three && is_gone configmap b && has_value other value
}

@test "a tool that is missing, too old, hangs, or prints without end fails with a word of what to do" {
  commit apps/a.yaml "$(map a)"
  push
  TOOL=$T/none cluster_target
  agent_start c1
  wait_for 20 told operation Failed
  [[ $(report message) == *"$T/none is not there"*"option command"* ]]
  agent_stop c1

  printf '#!/bin/sh\necho '"'"'{"clientVersion":{"major":"1","minor":"18","gitVersion":"v1.18.4"}}'"'"'\n' >"$T/old"
  printf '#!/bin/sh\nexec cat /dev/zero\n' >"$T/loud"
  printf '#!/bin/sh\nexec sleep 1000\n' >"$T/slow"
  chmod +x "$T/old" "$T/loud" "$T/slow"
  TOOL=$T/old cluster_target
  agent_start c1
  wait_for 20 told_like message 'v1.18.4, and kubectl 1.20 or later is needed'
  agent_stop c1
  TOOL=$T/loud cluster_target "output_limit: 1MiB"
  agent_start c1
  wait_for 20 told_like message 'printed more than 1048576 bytes'
  agent_stop c1
  TOOL=$T/slow cluster_target "timeout: 1s"
  agent_start c1
  wait_for 20 told_like message 'did not end within 1 seconds'
  [[ $(report operation) == Failed ]]
}

@test "a link in the tree that leads out of it is not followed" {
  printf 'password: hunter2' >"$T/outside.yaml"
  mkdir apps
  ln -s "$T/outside.yaml" apps/a.yaml
  git add . && git commit -qm link
  # The gate refuses such a push, so this one goes past it.
  git --git-dir="$GIT_ROOT/infra.git" fetch -q "$T/work" HEAD:refs/heads/main
  cluster_target
  agent_start c1
  wait_for 20 told operation Failed
  [[ $(report message) == *a.yaml*link* ]]
  fails grep -r hunter2 "$T/c1.log" "$T/c1.state"
}

@test "an agent that is to stop does not wait for a slow workload, and the next one goes on" {
  local began
  commit apps/d.yaml "$(deployment d 1)"
  push
  cluster_target "health_timeout: 10m"
  agent_start c1
  wait_for 30 k get deployment d -o name
  began=$SECONDS
  agent_stop c1
  ((SECONDS - began < 15))
  k patch deployment d --subresource=status --type=merge -p '{"status":{"observedGeneration":1,"replicas":1,"updatedReplicas":1,
    "availableReplicas":1,"readyReplicas":1}}'
  agent_start c1
  wait_for 60 told health Healthy
  agent_synced c1 t1 "$TIP"
}

@test "a target that follows by hand shows what a sync would change, and what has drifted beside it" {
  commit apps/a.yaml "$(map a one)"
  commit apps/b.yaml "$(map b one)"
  push
  cluster_target
  agent_start c1
  wait_for 30 agent_synced c1 t1 "$TIP"
  agent_stop c1
  local applied=$TIP
  TARGET_MORE="{sync: manual, self_heal: false}" cluster_target
  sed -i 's/^    {sync: manual, self_heal: false}$/    sync: manual\n    self_heal: false/' "$T/c1.yaml"
  agent_start c1
  git rm -q apps/b.yaml
  commit apps/a.yaml "$(map a two)"
  push
  wait_for 30 told cause pending
  wait_for 30 told_like diff '[+]  key: two'
  has_value a one && has_value b one
  k patch configmap a -p '{"data":{"key":"by hand"}}'
  wait_for 30 told cause both
  [[ $(report applied) == "$applied" && $(report desired) == "$TIP" ]]
  headgate sync c1 t1
  wait_for 30 agent_synced c1 t1 "$TIP"
  has_value a two && is_gone configmap b
}

# Where an apply of round $1 may be: for wait_for.
at_checkout() { compgen -G "$STATE_OF_T1/trees/*" >/dev/null; }
at_diff() { compgen -G "$STATE_OF_T1/tmp/LIVE-*" >/dev/null; }
at_inventory() { grep -q "a-$1\"" "$STATE_OF_T1/inventory"; }
at_apply() { has_value "a-$1" "value-$1"; }
at_rendered() { [[ -e $STATE_OF_T1/rendered-$TIP ]]; }
at_prune() { is_gone configmap "a-$(($1 - 1))" && at_apply "$1"; }
at_end() { ! grep -q "a-$(($1 - 1))\"" "$STATE_OF_T1/inventory" && at_inventory "$1"; }

@test "an agent that is killed at any time leaves nothing behind that the next one does not know" {
  local round=0 point name STATE_OF_T1=$T/c1.state/targets/t1
  cluster_target
  for point in checkout diff inventory apply rendered prune end; do
    round=$((round + 1))
    # Each tree has other names than the one before, so each apply adds and prunes.
    git rm -q -r --ignore-unmatch apps
    mkdir -p apps
    for name in a b c; do
      map "$name-$round" "value-$round" >"apps/$name.yaml"
    done
    git add apps && git commit -q -m "$round"
    push
    agent_start c1
    wait_for 60 "at_$point" "$round"
    kill -KILL "${AGENT_PID[c1]}"
    wait "${AGENT_PID[c1]}" || true
    unset "AGENT_PID[c1]"
  done
  agent_start c1
  wait_for 60 agent_synced c1 t1 "$TIP"
  [[ $(k get configmap -l headgate.io/target=t1 -o name | sort | xargs) == "configmap/a-7 configmap/b-7 configmap/c-7" ]]
  has_value a-7 value-7
}
