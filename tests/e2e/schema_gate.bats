# Objects held against schemas: pushes through the installed hooks, and headgate check.
load helper

# A repository with one commit on main, cloned. Arguments as of server_config.
begin() {
  server_config "$@"
  repo_new infra
  BARE=$GIT_ROOT/infra.git
  repo_clone infra
  commit README.md 'Infrastructure.'
  git push -q origin main
}

accepted() {
  run git push origin main
  ((status == 0)) || { echo "$output"; return 1; }
  [[ $(git -C "$BARE" rev-parse main) == "$(git rev-parse main)" ]]
}

refused() {
  local before
  before=$(git -C "$BARE" rev-parse main)
  fails git push origin main
  [[ $(git -C "$BARE" rev-parse main) == "$before" ]]
}

deployment() {
  cat <<END
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  ${1:-replicas: 2}
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: web:1
END
}

definition() {
  cat <<END
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.shop.example.org
spec:
  group: shop.example.org
  names: {kind: Widget, listKind: WidgetList, plural: widgets, singular: widget}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                size: {type: integer, minimum: 1}
END
}

widget() {
  printf 'apiVersion: shop.example.org/v1\nkind: Widget\nmetadata: {name: small}\nspec: {%s}\n' "$1"
}

@test "a field that the kind does not have is refused, with its place and the nearest name" {
  begin
  commit web.yaml "$(deployment)"
  accepted
  commit web.yaml "$(deployment 'replica: 3')"
  refused
  has 'remote: headgate: refused: refs/heads/main: 1 error in 1 changed file'
  has 'remote: web.yaml:6:3: error: spec.replica: unknown field "replica" [schema/unknown-field]'
  has 'remote:      6 |   replica: 3'
  has '  hint: write it replicas'
}

@test "a custom resource is held against the definition in the same push" {
  begin
  commit crds/widget.yaml "$(definition)"
  commit apps/small.yaml "$(widget 'size: 0')"
  refused
  has 'apps/small.yaml:4:14: error: spec.size: must be at least 1, got 0 [schema/range]'
  commit apps/small.yaml "$(widget 'size: 1')"
  accepted
}

@test "a custom resource is held against the definition in the tree, and the record of where that is follows the tree" {
  begin
  commit crds/widget.yaml "$(definition)"
  for ((i = 0; i < 250; i++)); do
    printf 'a: %d\n' "$i" >"value-$i.yaml"
  done
  git add . && git commit -qm values
  accepted
  mkdir -p "$BARE/headgate"
  commit apps/small.yaml "$(widget 'sizes: 1')"
  refused
  has 'unknown field "sizes"'
  has 'hint: write it size'
  # So many files were looked at that it is worth remembering which.
  grep -qa ' crds/widget.yaml' "$BARE/headgate/definitions"
  [[ $(sed -n 2p "$BARE/headgate/definitions") == "$(git -C "$BARE" rev-parse main)" ]]
  commit apps/small.yaml "$(widget 'size: 1')"
  accepted
  # The definition moves and changes; a record that has been tampered with is made anew.
  git rm -q crds/widget.yaml
  commit other/widget.yaml "$(definition | sed 's/size:/width:/')"
  accepted
  commit apps/small.yaml "$(widget 'size: 2')"
  refused
  has 'unknown field "size"'
  printf 'headgate definitions 1\n%s\nnonsense' "$(git rev-parse main~)" >"$BARE/headgate/definitions"
  refused
  has 'unknown field "size"'
  commit apps/small.yaml "$(widget 'width: 2')"
  accepted
}

@test "an unknown kind is a warning, an error where the policy is strict, and nothing where it says so" {
  begin
  commit small.yaml "$(widget 'size: 1')"
  accepted
  has 'small.yaml:2:7: warning: kind: no schema is known for Widget of "shop.example.org/v1"'
  has 'headgate schema import'
  server_config 'policies: [{checks: [{paths: ["**"], strict: true}]}]'
  commit small.yaml "$(widget 'size: 2')"
  refused
  has 'small.yaml:2:7: error: kind: no schema is known'
  server_config 'policies: [{rules: {schema/unknown-kind: off}}]'
  run git push origin main
  ((status == 0))
  lacks 'no schema is known'
}

@test "imported packs count: by name, by path, and all that are found" {
  definition >crd.yaml
  headgate schema import -q -o "$T/widgets.pack" --name widgets crd.yaml
  begin "schemas: [$T/widgets.pack]"
  commit small.yaml "$(widget 'size: two')"
  refused
  has 'small.yaml:4:14: error: spec.size: expected integer, got string "two" [schema/type]'
  # Kubernetes' own are there all the same.
  commit small.yaml "$(deployment 'replicas: two')"
  refused
  has 'spec.replicas: expected integer, got string "two"'
}

@test "a pack that is not there or damaged refuses, in one line that says what to do" {
  begin
  commit web.yaml "$(deployment)"
  server_config 'schemas: [no-such-pack]'
  refused
  has 'headgate: refused: cannot judge this push: '
  has 'no-such-pack'
  head -c 100 "$BUILD/share/headgate/schemas/kubernetes-1.37.pack" >"$T/short.pack"
  server_config "schemas: [$T/short.pack]"
  refused
  has 'short.pack'
  server_config 'policies: [{kubernetes: "1.20"}]'
  refused
  has 'there are no schemas of Kubernetes 1.20 here'
}

@test "the version of Kubernetes decides which fields there are" {
  begin 'policies: [{kubernetes: "1.35"}]'
  newest=$(diff <(headgate schema show --pack kubernetes-1.35 v1/Pod.spec 2>/dev/null) \
    <(headgate schema show --pack kubernetes-1.37 v1/Pod.spec) | sed -nE 's/^> +([a-zA-Z]+) .*/\1/p' | head -n 1)
  [[ -n $newest ]]
  printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  %s: null\n  containers: [{name: web, image: "web:1"}]\n' "$newest" >pod.yaml
  git add pod.yaml && git commit -qm pod
  refused
  has "unknown field \"$newest\""
  run headgate check pod.yaml
  lacks 'unknown field'
  fails headgate check --kubernetes-version 1.35 pod.yaml
  has "unknown field \"$newest\""
  fails headgate check --kubernetes-version 35 pod.yaml
  has 'of the form 1.36'
}

@test "a kustomize base and its patches are no broken manifests" {
  begin
  mkdir -p base overlay
  printf 'labels:\n  - {pairs: {app: web}, includeSelectors: true}\nresources: [deployment.yaml]\n' >base/kustomization.yaml
  deployment | sed '/selector:/,+1d' >base/deployment.yaml
  printf 'resources: [../base]\npatches: [{path: replicas.yaml}]\n' >overlay/kustomization.yaml
  printf 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 5}\n' >overlay/replicas.yaml
  git add . && git commit -qm kustomize
  accepted
  [[ $output != *'headgate:'* ]]
  # The kustomization is found where it stands, whether it is part of the push or not.
  commit overlay/replicas.yaml "$(printf 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 6}')"
  accepted
  commit overlay/replicas.yaml "$(printf 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: many}')"
  refused
  has 'overlay/replicas.yaml:4:18: error: spec.replicas: expected integer'
  run headgate check .
  has 'overlay/replicas.yaml:4:18: error:'
  [[ $(grep -c error: <<<"$output") == 1 ]]
}

@test "headgate check --rev looks for definitions in all of the revision" {
  begin
  commit crds/widget.yaml "$(definition)"
  commit apps/small.yaml "$(widget 'size: 0')"
  fails headgate check --rev HEAD apps
  has 'apps/small.yaml:4:14: error: spec.size: must be at least 1, got 0'
  # A folder by itself has no tree around it.
  run headgate check apps
  ((status == 0))
  has 'no schema is known for Widget'
}

@test "uninstall takes the record of definitions away" {
  begin
  mkdir -p "$BARE/headgate"
  printf 'headgate definitions 1\n' >"$BARE/headgate/definitions"
  headgate install --uninstall "$BARE"
  [[ ! -e $BARE/headgate ]]
}
