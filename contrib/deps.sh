#!/bin/sh
# Install the Debian packages that are missing for what the arguments name; without arguments all of it but bench:
#
#   build   the programs          web    a web server for the quickstart and the tests
#   test    make check, bench     fuzz   make fuzz
#   suites  make suites           cluster  make check-cluster
#   browser  Chromium, which tests/dashboard looks with
#   bench   what make bench measures Headgate against
#
# Does nothing when they are all there. A web server, sshd, etcd or nats-server is wanted as a program alone: where this script installs the
# package, the service that comes with it is neither started nor enabled.
set -eu

packages_of() {
  case $1 in
    build) echo "build-essential pkg-config git libgit2-dev libevent-dev libyaml-dev libsqlite3-dev libcurl4-openssl-dev" \
      "libssl-dev nettle-dev zlib1g-dev libpcre2-dev" ;;
    web) echo "nginx-light fcgiwrap curl jq" ;;
    test) echo "libcmocka-dev bats iproute2 valgrind mandoc bsdextrautils sqlite3 libxml2-utils openssh-server openssh-client openssl python3 prometheus gpg gpg-agent gpgv tmux zsh fish ansible-core git-lfs" ;;
    fuzz) echo "clang llvm" ;;
    suites) echo "python3 python3-pip" ;;
    browser) echo "chromium" ;;
    bench) echo "nginx-light libnginx-mod-nchan nats-server" ;;
    schemas) echo "golang-go python3" ;;
    cluster) echo "etcd-server openssl curl python3" ;;
    *) echo "deps.sh: no such group: $1" >&2; exit 2 ;;
  esac
}

missing_of() {
  for p in "$@"; do
    case $(dpkg-query -W -f '${Status}' "$p" 2>/dev/null) in
      *' installed') ;;
      *) printf ' %s' "$p" ;;
    esac
  done
}

[ $# -gt 0 ] || set -- build web test fuzz suites cluster
wanted=$(for group in "$@"; do packages_of "$group"; done)
# The sanitizer's runtime has its version in its name.
case " $* " in
  *' fuzz '*) command -v clang >/dev/null && echo 'int main(void){return 0;}' | clang -fsanitize=address -x c -o /dev/null - 2>/dev/null ||
    runtime=yes ;;
esac
# shellcheck disable=SC2086
missing=$(missing_of $wanted)
[ -n "$missing${runtime-}" ] || exit 0

sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# What apt-get has to say is only of interest when it fails.
apt_get() {
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >"$log" 2>&1 || { cat "$log" >&2; return 1; }
}
apt_get update
if [ -n "${runtime-}" ]; then
  version=$(apt-cache depends clang | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
  missing="$missing libclang-rt-$version-dev"
fi
echo "installing Debian packages:$missing"

# invoke-rc.d and deb-systemd-invoke ask this before they start anything.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap '$sudo rm -f $policy; rm -f "$log"' EXIT
  printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
  $sudo chmod 755 $policy
fi
# shellcheck disable=SC2086
apt_get install -y --no-install-recommends $missing
if command -v systemctl >/dev/null; then
  for p in $missing; do
    case $p in
      nginx-light) $sudo systemctl --quiet disable nginx.service 2>/dev/null || true ;;
      prometheus) $sudo systemctl --quiet disable prometheus.service 2>/dev/null || true ;;
      fcgiwrap) $sudo systemctl --quiet disable fcgiwrap.socket fcgiwrap.service 2>/dev/null || true ;;
      nats-server) $sudo systemctl --quiet disable nats-server.service 2>/dev/null || true ;;
      etcd-server) $sudo systemctl --quiet disable etcd.service 2>/dev/null || true ;;
      openssh-server) $sudo systemctl --quiet disable ssh.service 2>/dev/null || true ;;
    esac
  done
fi
