#!/bin/sh
# Fetch the public test suites into suites/: by name, version and digest, through the package manager's own client.
# Does nothing when they are there.
set -eu
cd "$(dirname "$0")/.."
contrib/deps.sh suites

# The JSON-Schema-Test-Suite comes inside the source distribution of jsonschema.
version=4.25.1
digest=e4a9655ce0da0c0b67a085847e00a3a51449e1157f4f75e9fb5aa545e122eb85
target=suites/json-schema

[ "$(cat $target/.digest 2>/dev/null)" != $digest ] || exit 0
mkdir -p suites
work=$(mktemp -d suites/fetch.XXXXXX)
trap 'rm -rf "$work"' EXIT
python3 -m pip --quiet --disable-pip-version-check download --no-deps --no-binary jsonschema --dest "$work" \
  "jsonschema==$version" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
echo "$digest  $work/jsonschema-$version.tar.gz" | sha256sum --quiet --check
tar -xzf "$work/jsonschema-$version.tar.gz" -C "$work"
echo $digest >"$work/jsonschema-$version/json/.digest"
rm -rf $target
mv "$work/jsonschema-$version/json" $target
echo "suites: JSON-Schema-Test-Suite (of jsonschema $version)"
