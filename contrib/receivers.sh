#!/bin/sh
# Prepare what tests/receivers receives webhooks with, in suites/receivers: a program with Argo CD's handler and Flux's checks out of Go modules, and
# packages of npm. Versions and digests are pinned in tests/receivers. What has no go or npm here is left out, which is said. Does nothing for
# what is there.
set -eu
cd "$(dirname "$0")/.."
into=suites/receivers
mkdir -p $into

# at_least WANTED FOUND
at_least() {
  [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

needed=$(sed -n 's/^go //p' tests/receivers/go.mod)
pins=$(cat tests/receivers/go.mod tests/receivers/go.sum tests/receivers/main.go | sha256sum)
if [ "$(cat $into/.go 2>/dev/null)" = "$pins" ]; then
  :
elif ! command -v go >/dev/null || ! at_least "$needed" "$(go env GOVERSION | sed 's/^go//')"; then
  echo "receivers: left out: Argo CD's and Flux's need Go $needed"
else
  (cd tests/receivers && CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly go build -trimpath -ldflags='-s -w' -o ../../$into/receivers .)
  echo "$pins" >$into/.go
  echo "receivers: Argo CD $(sed -n 's,.*github.com/argoproj/argo-cd/v3 ,,p' tests/receivers/go.mod | head -n 1), go-github"
fi

pins=$(cat tests/receivers/package.json tests/receivers/package-lock.json | sha256sum)
if [ "$(cat $into/.npm 2>/dev/null)" = "$pins" ]; then
  :
elif ! command -v npm >/dev/null || ! at_least 20 "$(node --version | sed 's/^v//')"; then
  echo 'receivers: left out: @octokit/webhooks and cloudevents need Node.js 20 and npm'
else
  rm -rf $into/npm
  mkdir $into/npm
  cp tests/receivers/package.json tests/receivers/package-lock.json $into/npm
  (cd $into/npm && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
  echo "$pins" >$into/.npm
  echo 'receivers: @octokit/webhooks, @octokit/webhooks-schemas, cloudevents, standardwebhooks'
fi
