#!/bin/sh
# Prepare what tests/dashboard looks at the dashboard with: Chromium out of Debian, and the package of npm that drives it, pinned by version and
# digest in tests/dashboard, in suites/dashboard. Without Node.js it is left out, which is said. Does nothing for what is there.
set -eu
cd "$(dirname "$0")/.."
into=suites/dashboard
pins=$(cat tests/dashboard/package.json tests/dashboard/package-lock.json | sha256sum)
if ! command -v npm >/dev/null || ! [ "$(node --version | sed 's/^v//; s/\..*//')" -ge 20 ]; then
  echo 'dashboard: left out: a browser is driven with Node.js 20 and npm'
  exit 0
fi
contrib/deps.sh browser
[ "$(cat $into/.npm 2>/dev/null)" != "$pins" ] || exit 0
rm -rf $into
mkdir -p $into
cp tests/dashboard/package.json tests/dashboard/package-lock.json $into
(cd $into && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
echo "$pins" >$into/.npm
echo "dashboard: playwright-core $(sed -n 's/.*"playwright-core": "\(.*\)".*/\1/p' tests/dashboard/package.json)"
