#!/usr/bin/env bats
# headgate schema: packs made out of what is in the field, listed, shown and verified.

bats_require_minimum_version 1.5.0
load helper

crd() { # GROUP KIND
  cat <<END
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.$1}
spec:
  group: $1
  scope: Namespaced
  names: {kind: $2, plural: things}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [size]
            properties:
              size: {type: integer, minimum: 1}
              mode: {type: string, enum: [slow, fast]}
              parts:
                type: array
                items: {type: object, properties: {name: {type: string, pattern: '^[a-z]+$'}}}
              labels: {type: object, additionalProperties: {type: string}}
END
}

@test "import: CustomResourceDefinitions become a pack that says what it was made of" {
  crd example.org Thing >crd.yaml
  run --separate-stderr headgate schema import -o things.pack crd.yaml
  [ "$status" -eq 0 ]
  [[ $output =~ ^things:\ 1\ kind,\ [0-9]+\ k?B:\ things.pack$ ]]
  [ -z "$stderr" ]
  run --separate-stderr headgate schema verify ./things.pack
  [ "$status" -eq 0 ]
  [ "$output" = "things: 1 kind, undamaged: ./things.pack" ]
  cp things.pack first.pack
  headgate schema import -q -o things.pack crd.yaml
  cmp first.pack things.pack
  run grep -a -c crd.yaml things.pack
  [ "$output" -eq 1 ]
}

@test "import: several sources, standard input, a folder; of two for one kind the first counts" {
  mkdir crds
  crd a.example.org Thing >crds/a.yaml
  crd b.example.org Thing >crds/b.yaml
  echo '{{ if .Values.crds }}' >crds/template.yaml
  run --separate-stderr bash -c 'headgate schema import --name all crds - <crds/a.yaml'
  [ "$status" -eq 0 ]
  [[ $output == "all: 2 kinds, "*": all.pack" ]]
  [ "${#stderr_lines[@]}" -eq 2 ]
  [[ ${stderr_lines[0]} == "headgate: crds/template.yaml: left out: crds/template.yaml:1:"* ]]
  [ "${stderr_lines[1]}" = "headgate: -: a.example.org/v1/Thing is in crds/a.yaml already, that one counts" ]
}

@test "import: folders of JSON Schemas as they are in the field" {
  mkdir -p catalog/example.org k/v1.30.0-standalone
  echo '{"type": "object", "properties": {"spec": {"type": "string"}}}' >catalog/example.org/thing_v1.json
  echo '{"type": "object", "properties": {"kind": {"type": ["string", "null"]}}, "x-kubernetes-group-version-kind":
    [{"group": "apps", "version": "v1", "kind": "Deployment"}]}' >k/v1.30.0-standalone/deployment-apps-v1.json
  echo '{"definitions": {"x": {"$ref": "y"}}}' >k/v1.30.0-standalone/_definitions.json
  headgate schema import --name all catalog k
  run headgate schema show --pack ./all.pack Deployment
  [ "$status" -eq 0 ]
  [ "${lines[0]}" = "apps/v1/Deployment: of pack all" ]
  run headgate schema show --pack ./all.pack thing
  [ "$status" -eq 0 ]
  has "example.org/v1/thing"
  echo '{"properties": {}}' >plain.json
  fails headgate schema import -o plain.pack plain.json
  headgate schema import -o plain.pack --kind example.org/v1/Plain plain.json
}

@test "import: what cannot be is said, and leaves nothing behind" {
  run --separate-stderr headgate schema import -o x.pack missing.yaml
  [ "$status" -eq 2 ]
  [ "$stderr" = "headgate: schema: cannot look at missing.yaml: No such file or directory" ]
  printf 'a: [\n' >bad.yaml
  run --separate-stderr headgate schema import -o x.pack bad.yaml
  [ "$status" -eq 2 ]
  [[ $stderr == "headgate: schema: bad.yaml:"* ]]
  echo 'kind: ConfigMap' >none.yaml
  run --separate-stderr headgate schema import -o x.pack none.yaml
  [ "$status" -eq 2 ]
  [ "$stderr" = "headgate: schema: none.yaml: there is no schema of a kind in it" ]
  crd example.org Thing | sed 's/type: integer/type: whole/' >odd.yaml
  run --separate-stderr headgate schema import -o x.pack odd.yaml
  [ "$status" -eq 2 ]
  [[ $stderr == *"k8s:example.org/v1/Thing:"*"unknown type"* ]]
  mkfifo fifo.yaml
  run --separate-stderr headgate schema import -o x.pack fifo.yaml
  [ "$status" -eq 2 ]
  [ ! -e x.pack ]
  crd example.org Thing >crd.yaml
  fails headgate schema import -o "$T/no/such/x.pack" crd.yaml
  fails headgate schema import --name Bad crd.yaml
  fails headgate schema import crd.yaml
  fails headgate schema import -o x.pack
  fails headgate schema import -o x.pack --context c crd.yaml
  fails headgate schema imprt
  [ "$(find . -name '*.pack*')" = "" ]
}

@test "import: constraints are merged over the definitions of OpenAPI" {
  mkdir constraints
  cat >facts.yaml <<'END'
x-headgate-source: the facts v1
definitions:
  a.Thing:
    x-headgate-scope: Cluster
    x-kubernetes-group-version-kind: [{group: example.org, version: v1, kind: Thing}]
    properties: {port: {type: integer}, mode: {type: string}}
END
  echo 'definitions: {a.Thing: {properties: {port: {minimum: 1, maximum: 65535}, gone: {minimum: 1}}}, a.Gone: {}}' >constraints/a.yaml
  headgate schema import -o facts.pack --constraints constraints facts.yaml
  run headgate schema show --pack ./facts.pack Thing.port
  [ "$output" = "example.org/v1/Thing: cluster, of pack facts
port  integer  minimum 1; maximum 65535" ]
  grep -aq 'the facts v1' facts.pack
}

# A kubectl that answers as a cluster would, and notes how it was asked.
fake_kubectl() {
  mkdir -p fake
  crd example.org Thing >fake/crds.yaml
  cat >fake/kubectl <<'END'
#!/bin/sh
echo "$*" >>"$T/asked"
case "$*" in
  *customresourcedefinitions*) cat "$T/fake/crds.yaml" ;;
  *'--raw /openapi/v3') echo '{"paths": {".well-known/openid-configuration": {"serverRelativeURL": "/x"}, "api": {},
    "apis/apps": {}, "apis/apps/v1": {"serverRelativeURL": "/openapi/v3/apis/apps/v1?hash=1"}}}' ;;
  *'--raw /openapi/v3/apis/apps/v1?hash=1') echo '{"openapi": "3.0.0", "paths": {"/apis/apps/v1/namespaces/{namespace}/sets":
    {"post": {"x-kubernetes-group-version-kind": {"group": "apps", "version": "v1", "kind": "Set"}}}, "/apis/example.org/v1/things":
    {"post": {"x-kubernetes-group-version-kind": {"group": "example.org", "version": "v1", "kind": "Thing"}}}}, "components": {"schemas":
    {"org.example.v1.Thing": {"x-kubernetes-group-version-kind": [{"group": "example.org", "version": "v1", "kind": "Thing"}]},
    "io.k8s.api.apps.v1.Set": {"type": "object", "properties": {"spec": {"type": "string"}}, "x-kubernetes-group-version-kind":
    [{"group": "apps", "version": "v1", "kind": "Set"}]}}}}' ;;
  *) echo "no such thing" >&2; exit 1 ;;
esac
END
  chmod +x fake/kubectl
  export T PATH="$T/fake:$PATH"
}

@test "import --cluster: what a cluster serves, asked for through kubectl" {
  fake_kubectl
  run --separate-stderr headgate schema import -o live.pack --cluster --context 'my cluster; true'
  [ "$status" -eq 0 ]
  [[ $output == "live: 2 kinds, "* ]]
  [ -z "$stderr" ]
  [ "$(cat asked)" = "get --request-timeout=60s --context=my cluster; true -ojson customresourcedefinitions.apiextensions.k8s.io
get --request-timeout=60s --context=my cluster; true --raw /openapi/v3
get --request-timeout=60s --context=my cluster; true --raw /openapi/v3/apis/apps/v1?hash=1" ]
  run headgate schema show --pack ./live.pack Set
  [ "${lines[0]}" = "apps/v1/Set: namespaced, of pack live" ]
  # What a CustomResourceDefinition says comes before what the OpenAPI document makes of it.
  run headgate schema show --pack ./live.pack Thing.spec.size
  [ "${lines[1]}" = "spec.size  integer, required  minimum 1" ]
}

@test "import --cluster: kubectl that is missing, fails or answers nonsense" {
  mkdir empty
  run --separate-stderr env PATH="$T/empty" "$BUILD/bin/headgate" schema import -o live.pack --cluster
  [ "$status" -eq 2 ]
  [[ $stderr == "headgate: schema: cannot run kubectl: "* ]]
  fake_kubectl
  sed -i 's|^case .*|&\n  *--raw*) echo nonsense ;;|' fake/kubectl
  run --separate-stderr headgate schema import -o live.pack --cluster
  [ "$status" -eq 2 ]
  [ ! -e live.pack ]
  printf '#!/bin/sh\necho refused >&2\nexit 1\n' >fake/kubectl
  run --separate-stderr headgate schema import -o live.pack --cluster
  [ "$status" -eq 2 ]
  [ "$stderr" = "refused
headgate: schema: kubectl could not get customresourcedefinitions.apiextensions.k8s.io" ]
}

@test "list: the packs that are found, as text and as JSON" {
  run --separate-stderr headgate schema list
  [ "$status" -eq 0 ]
  for version in 1.35 1.36 1.37; do
    grep -qE "^kubernetes-$version +[0-9]+ +[0-9]+ kB  k8s.io/kubernetes v$version\.[0-9]+\$" <<<"$output"
  done
  run --separate-stderr headgate schema list --json
  [ "$(jq -r '.packs[] | select(.name == "kubernetes-1.37") | .kinds > 90 and .size > 100000 and .problem == null' <<<"$output")" = true ]
  run headgate schema verify
  [ "$status" -eq 0 ]
  has "kubernetes-1.37: "
}

@test "verify: a damaged pack, one that is none, one that is missing" {
  crd example.org Thing >crd.yaml
  headgate schema import -q -o a.pack crd.yaml
  cp a.pack b.pack
  printf 'X' | dd of=b.pack bs=1 seek="$(($(stat -c %s b.pack) - 9))" conv=notrunc status=none
  run --separate-stderr headgate schema verify ./a.pack ./b.pack
  [ "$status" -eq 1 ]
  [ "$stderr" = "headgate: schema: ./b.pack is damaged: its checksum is not the one it was made with" ]
  head -c 100 a.pack >cut.pack
  run --separate-stderr headgate schema verify ./cut.pack
  [ "$status" -eq 1 ]
  [ "$stderr" = "headgate: schema: ./cut.pack is damaged: its size is not the one it was made with" ]
  run --separate-stderr headgate schema verify ./crd.yaml
  [ "$status" -eq 1 ]
  [ "$stderr" = "headgate: schema: ./crd.yaml is no pack of schemas" ]
  run --separate-stderr headgate schema verify no-such-pack
  [ "$status" -eq 2 ]
  [[ $stderr == "headgate: schema: there is no pack of schemas named no-such-pack in "* ]]
}

@test "show: the fields of a kind as a tree" {
  crd example.org Thing >crd.yaml
  headgate schema import -q -o a.pack crd.yaml
  run headgate schema show --pack ./a.pack thing.spec
  [ "$status" -eq 0 ]
  [ "$output" = "example.org/v1/Thing: namespaced, of pack a
spec  object, required
  labels  map of string
  mode    string  enum slow, fast
  parts   list of object
    name  string  pattern ^[a-z]+\$
  size    integer, required  minimum 1" ]
  run headgate schema show --pack ./a.pack --json example.org/v1/Thing.spec.parts.name
  [ "$(jq -c .schema <<<"$output")" = '{"type":["string"],"required":false,"pattern":"^[a-z]+$"}' ]
  run headgate schema show --pack ./a.pack 'Thing.spec.labels.*'
  [ "${lines[1]}" = "spec.labels.*  string" ]
  run --separate-stderr headgate schema show --pack ./a.pack Thing.spec.siz
  [ "$status" -eq 1 ]
  [ "$stderr" = "headgate: schema: there is no field spec.siz; did you mean size?" ]
  run --separate-stderr headgate schema show --pack ./a.pack Thin
  [ "$status" -eq 1 ]
  [ "$stderr" = "headgate: schema: no pack has a schema for Thin; did you mean Thing?" ]
}

@test "show: of several versions the best one, unless one is named" {
  crd example.org Thing | sed -e 's/^  - name: v1$/  - {name: v1beta1, served: true}\n  - {name: v2alpha1, served: true}\n  - {name: v10, served: true}\n&/' >crd.yaml
  headgate schema import -q -o a.pack crd.yaml
  run headgate schema show --pack ./a.pack Thing
  [ "${lines[0]}" = "example.org/v10/Thing: namespaced, of pack a" ]
  run headgate schema show --pack ./a.pack example.org/v1beta1/thing
  [ "${lines[0]}" = "example.org/v1beta1/Thing: namespaced, of pack a" ]
}

@test "show: Kubernetes' own kinds, the newest version of them; what refers to itself comes to an end" {
  run headgate schema show --depth 1 deployment
  [ "$status" -eq 0 ]
  [ "${lines[0]}" = "apps/v1/Deployment: namespaced, of pack kubernetes-1.37" ]
  run headgate schema show --pack kubernetes-1.35 --depth 1 Deployment
  [ "${lines[0]}" = "apps/v1/Deployment: namespaced, of pack kubernetes-1.35" ]
  run headgate schema show --depth 0 CustomResourceDefinition
  [ "$status" -eq 0 ]
  has ", as above"
  [ "${#lines[@]}" -lt 1000 ]
  run headgate schema show --depth 0 --json Pod
  [ "$status" -eq 0 ]
  [ "$(jq -r '.schema.fields.spec.fields.containers.items.fields.ports.items.fields.containerPort.type[0]' <<<"$output")" = integer ]
}
