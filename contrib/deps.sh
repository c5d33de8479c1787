#!/bin/sh
# Install the Debian packages that building, testing and the quickstart need. Does nothing when they are all there.
set -eu
packages="build-essential pkg-config git libgit2-dev libevent-dev libyaml-dev libsqlite3-dev libcurl4-openssl-dev
nettle-dev zlib1g-dev libpcre2-dev libcmocka-dev bats valgrind mandoc clang nginx-light fcgiwrap curl jq sqlite3"
missing=
for p in $packages; do
  case $(dpkg-query -W -f '${Status}' "$p" 2>/dev/null) in
    *' installed') ;;
    *) missing="$missing $p" ;;
  esac
done
[ -n "$missing" ] || exit 0
echo "installing Debian packages:$missing"
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
