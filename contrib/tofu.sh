#!/bin/sh
# Build what tests/e2e/terraform.bats runs the driver terraform with into suites/tofu, out of Go modules: OpenTofu, and the provider
# "local", laid out as a mirror for both tools. Versions and digests are pinned in tests/tofu. Where there is no Go it is left out, which
# is said. Does nothing for what is there.
set -eu
cd "$(dirname "$0")/.."
into=suites/tofu

needed=$(sed -n 's/^go //p' tests/tofu/go.mod)
pins=$(cat contrib/tofu.sh tests/tofu/go.mod tests/tofu/go.sum tests/tofu/provider/go.mod tests/tofu/provider/go.sum | sha256sum)
if [ "$(cat $into/.go 2>/dev/null)" = "$pins" ]; then
  exit 0
elif ! command -v go >/dev/null || [ "$(printf '%s\n' "$needed" "$(go env GOVERSION | sed 's/^go//')" | sort -V | head -n 1)" != "$needed" ]; then
  echo "tofu: left out: it needs Go $needed"
  exit 0
fi

# version_of MODULE FILE
version_of() {
  sed -n "s,^.*$1 v\\([^ ]*\\).*,\\1,p" "$2" | head -n 1
}

# build FOLDER PACKAGE OUTPUT [FLAG]
build() {
  (cd "$1" && CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly go build -trimpath -ldflags="-s -w ${4-}" -o "$3" "$2")
}

rm -rf $into
mkdir -p $into
here=$(pwd)
build tests/tofu github.com/opentofu/opentofu/cmd/tofu "$here/$into/tofu" '-X github.com/opentofu/opentofu/version.dev=no'
local=$(version_of github.com/terraform-providers/terraform-provider-local tests/tofu/provider/go.mod)
folder=$into/mirror/example.org/headgate/local/$local/$(go env GOOS)_$(go env GOARCH)
mkdir -p "$folder"
build tests/tofu/provider github.com/terraform-providers/terraform-provider-local "$here/$folder/terraform-provider-local_v$local"
echo "$pins" >$into/.go
echo "tofu: OpenTofu $(version_of github.com/opentofu/opentofu tests/tofu/go.mod), terraform-provider-local $local"
