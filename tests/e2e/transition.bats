# What a push changes in objects that exist: pushes through installed hooks, the old tip against the new one.
load helper

# An empty repository, cloned. Arguments as of server_config.
begin() {
  server_config "$@"
  repo_new infra
  BARE=$GIT_ROOT/infra.git
  repo_clone infra
}

# at REF: the ref is where our main is
at() {
  [[ $(git -C "$BARE" rev-parse --verify -q "$1") == "$(git rev-parse main)" ]]
}

# refused [PUSH...]: it is, and main stays
refused() {
  local before
  before=$(git -C "$BARE" rev-parse main)
  (($#)) || set -- origin main
  fails git push "$@"
  [[ $(git -C "$BARE" rev-parse main) == "$before" ]]
}

deployment() {
  cat <<END
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  selector:
    matchLabels: {app: $1}
  template:
    metadata:
      labels: {app: $1}
    spec:
      containers:
      - name: web
        image: ${2:-web:1}
END
}

binding() {
  cat <<END
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: readers, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: $1}
subjects: []
END
}

claim() {
  cat <<END
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: shop}
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: $1
END
}

config() {
  cat <<END
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
immutable: true
data: {color: $1}
END
}

namespace() {
  printf 'apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n' "$1"
}

definition() {
  cat <<END
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: shelves.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {kind: Shelf, plural: shelves}
  versions:
  - {name: $1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
END
}

shelf() {
  printf 'apiVersion: example.org/v1\nkind: Shelf\nmetadata: {name: top, namespace: shop}\n'
}

@test "a selector that changes is refused, also in a file that has moved" {
  begin
  commit apps/web.yaml "$(deployment web)"
  git push -q origin main
  commit apps/web.yaml "$(deployment site)"
  refused
  has 'remote: headgate: refused: refs/heads/main: 1 error in 1 changed file'
  has 'remote: apps/web.yaml:8:24: error: spec.selector.matchLabels.app: cannot change from "web" to "site" in an existing Deployment [transition/immutable]'
  has 'kubectl delete --cascade=orphan'

  git mv apps/web.yaml site.yaml
  git commit -q -m moved
  refused
  has 'site.yaml:8:24: error: spec.selector.matchLabels.app: cannot change from "web" to "site" in an existing Deployment (it was in apps/web.yaml)'
}

@test "an object that moves, and what may change in it, pass" {
  begin
  commit apps/web.yaml "$(deployment web)"
  git push -q origin main
  git rm -q apps/web.yaml
  commit clusters/prod/web.yaml "$(deployment web web:2)"
  run git push -q origin main
  ((status == 0)) && [[ -z $output ]]
  at main
}

@test "a binding to another role is refused" {
  begin
  commit rbac.yaml "$(binding reader)"
  git push -q origin main
  commit rbac.yaml "$(binding admin)"
  refused
  has 'rbac.yaml:4:66: error: roleRef.name: cannot change from "reader" to "admin" in an existing RoleBinding [transition/immutable]'
  has 'kubectl auth reconcile'
}

@test "a claim may grow and not shrink" {
  begin
  commit pvc.yaml "$(claim 10Gi)"
  git push -q origin main
  commit pvc.yaml "$(claim 20Gi)"
  git push -q origin main
  commit pvc.yaml "$(claim 15Gi)"
  refused
  has 'pvc.yaml:8:16: error: spec.resources.requests.storage: cannot shrink from "20Gi" to "15Gi" [transition/shrink]'
}

@test "the data of an immutable ConfigMap stays" {
  begin
  commit cm.yaml "$(config red)"
  git push -q origin main
  commit cm.yaml "$(config blue)"
  refused
  has 'cm.yaml:5:15: error: data.color: cannot change from "red" to "blue" in an existing ConfigMap [transition/immutable]'
}

@test "a definition that objects still use is not removed; with them it is" {
  begin
  commit crd.yaml "$(definition v1)"
  commit deep/in/a/folder/shelf.yaml "$(shelf)"
  git push -q origin main
  git rm -q crd.yaml
  git commit -q -m 'no more shelves'
  refused
  has 'deep/in/a/folder/shelf.yaml:2:7: error: the definition of "Shelf" is removed by this change (it was in crd.yaml, line 1) and is still used here [transition/still-used]'
  git rm -q -r deep
  git commit -q -m 'none at all'
  git push -q origin main
  at main
}

@test "a version in which objects are stored is not dropped" {
  begin
  commit crd.yaml "$(definition v1alpha1)"
  git push -q origin main
  commit crd.yaml "$(definition v1)"
  refused
  has 'crd.yaml:9:3: error: spec.versions: version "v1alpha1" is gone, and objects are stored in it [transition/stored-version]'
}

@test "a namespace that is used is not removed, unless another file states it" {
  begin
  commit ns.yaml "$(namespace shop)"
  commit web.yaml "$(deployment web)"
  commit cm.yaml "$(config red)"
  git push -q origin main
  git rm -q ns.yaml
  git commit -q -m 'no shop'
  refused
  has 'cm.yaml:3:39: error: namespace "shop" is removed by this change (it was in ns.yaml, line 1) and is still used here and in 1 more file [transition/still-used]'
  commit namespaces/shop.yaml "$(namespace shop)"
  git push -q origin main
  at main
}

@test "the namespace may be stated in a file that the push does not touch" {
  begin
  commit prod/ns.yaml "$(namespace shop)"
  commit test/ns.yaml "$(namespace shop)"
  commit prod/web.yaml "$(deployment web)"
  git push -q origin main
  git rm -q test/ns.yaml
  git commit -q -m 'prod has it'
  git push -q origin main
  at main
}

@test "the tips are compared: what breaks and is put right in one push passes" {
  begin
  commit web.yaml "$(deployment web)"
  git push -q origin main
  commit web.yaml "$(deployment site)"
  commit web.yaml "$(deployment web web:2)"
  git push -q origin main
  at main
}

@test "a new branch is compared with the default branch where one policy judges both" {
  begin 'policies:' '  - {repos: ["**"], refs: [HEAD, "refs/heads/release/*"]}'
  commit web.yaml "$(deployment web)"
  git push -q origin main
  git checkout -q -b next
  commit web.yaml "$(deployment site)"
  refused origin next:release/2
  has 'web.yaml:8:24'
  # What no policy names is not judged.
  git push -q origin next:topic
}

@test "a forced update is compared with what it replaces" {
  begin 'policies:' '  - {repos: ["**"], refs: ["refs/heads/*"], push: {force: allow}}'
  commit README.md hello
  git push -q origin main
  commit web.yaml "$(deployment web)"
  git push -q origin main
  git reset -q --hard HEAD~
  commit other.yaml "$(deployment site)"
  refused --force origin main
  has 'other.yaml:8:24: error: spec.selector.matchLabels.app: cannot change from "web" to "site" in an existing Deployment (it was in web.yaml)'
  git rm -q other.yaml
  commit web.yaml "$(deployment web web:3)"
  git push -q --force origin main
  at main
}

@test "what was broken before, or not checked, is nothing to compare with" {
  begin 'policies:' '  - {repos: ["**"], refs: [HEAD], checks: [{paths: ["old/**"], as: other}]}'
  commit old/web.yaml "$(deployment web)"
  git push -q origin main
  git rm -q old/web.yaml
  commit web.yaml "$(deployment site)"
  git push -q origin main
  commit cm.yaml "$(config red)"
  git push -q origin main
  # It comes in past the gate.
  commit cm.yaml $'a: [\nkind: ConfigMap\n'
  git push -q origin main:topic
  git -C "$BARE" update-ref refs/heads/main "$(git rev-parse main)"
  commit cm.yaml "$(config blue)"
  git push -q origin main
  at main
}

@test "a policy may make it a warning" {
  begin 'policies:' '  - {repos: ["**"], refs: [HEAD], rules: {"transition/*": warning}}'
  commit cm.yaml "$(config red)"
  git push -q origin main
  commit cm.yaml "$(config blue)"
  run git push origin main
  ((status == 0))
  has 'warning: data.color: cannot change'
  at main
}
