#!/bin/sh
# Build the tools that `make bench` measures Headgate against into suites/peers/, and make the schemas that they check with. Versions
# and digests are pinned in tests/peers and contrib/schemas/generate; the go command fetches. Does nothing for what is there.
#
# flux-schema (github.com/fluxcd/flux-schema) is not among them: the module proxy has refused each of its versions, "403 Forbidden:
# This module version is not available", as of 2026-11-25.
set -eu
cd "$(dirname "$0")/.."
peers=suites/peers
export GOTOOLCHAIN=local GOFLAGS=-mod=readonly

needed=$(sed -n 's/^go //p' tests/peers/go.mod)
if ! command -v go >/dev/null; then
  echo "peers: not built: they need Go $needed, and there is no go command" >&2
  exit 1
fi
found=$(go env GOVERSION)
found=${found#go}
if [ "$(printf '%s\n' "$needed" "$found" | sort -V | head -n 1)" != "$needed" ]; then
  echo "peers: not built: they need Go $needed, and this is Go $found" >&2
  exit 1
fi
contrib/deps.sh suites

mkdir -p $peers
pins=$(cat tests/peers/go.mod tests/peers/go.sum | sha256sum)
if [ "$(cat $peers/.pins 2>/dev/null)" != "$pins" ]; then
  (cd tests/peers && go build -trimpath -o ../../$peers/kubeconform github.com/yannh/kubeconform/cmd/kubeconform)
  echo "$pins" >$peers/.pins
  echo "peers: kubeconform $(sed -n 's,.*github.com/yannh/kubeconform \(v[^ ]*\).*,\1,p' tests/peers/go.mod)"
fi
python3 tests/bench/schemas.py $peers/schemas
