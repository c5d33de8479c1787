#!/bin/sh
# Build OpenTofu, with which tests/e2e/terraform.bats runs the driver terraform, into suites/tofu, out of Go modules: versions and digests
# are pinned in tests/tofu. Where there is no Go it is left out, which is said. Does nothing for what is there.
set -eu
cd "$(dirname "$0")/.."
into=suites/tofu

needed=$(sed -n 's/^go //p' tests/tofu/go.mod)
pins=$(cat tests/tofu/go.mod tests/tofu/go.sum | sha256sum)
if [ "$(cat $into/.go 2>/dev/null)" = "$pins" ]; then
  exit 0
elif ! command -v go >/dev/null || [ "$(printf '%s\n' "$needed" "$(go env GOVERSION | sed 's/^go//')" | sort -V | head -n 1)" != "$needed" ]; then
  echo "tofu: left out: it needs Go $needed"
  exit 0
fi
version=$(sed -n 's,.*github.com/opentofu/opentofu \(v[^ ]*\).*,\1,p' tests/tofu/go.mod)
mkdir -p $into
(cd tests/tofu && CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly go build -trimpath \
  -ldflags="-s -w -X github.com/opentofu/opentofu/version.dev=no" -o ../../$into/tofu github.com/opentofu/opentofu/cmd/tofu)
echo "$pins" >$into/.go
echo "tofu: OpenTofu $version"
