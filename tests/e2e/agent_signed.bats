# Targets whose commits have to be signed: by whom the config says, for what was signed and nothing else; and a daemon that lies gains nothing.
load helper

setup() {
  headgate_setup
  server_config
  repo_new infra
  daemon_start
  repo_clone infra
  agent_add web1
  export GNUPGHOME=$T/gnupg
  for key in alice mallory; do
    ssh-keygen -q -t ed25519 -N '' -C "$key" -f "$T/$key"
  done
  echo "alice@example.org namespaces=\"git\" $(cut -d ' ' -f 1,2 "$T/alice.pub")" >"$T/signers"
  git config gpg.format ssh
  git config user.signingkey "$T/alice.pub"
  target "allowed_signers: $T/signers"
}

teardown() {
  if [[ -d $GNUPGHOME ]]; then gpgconf --kill all; fi
  headgate_teardown
}

# target VERIFY: the agent's config.
target() {
  agent_config web1 "  - name: t1" "    repo: infra" "    path: hosts/web" "    driver: files" "    options: {into: $T/into}" \
    "    verify: {$1}" "    compare_every: 1s"
}

# put TEXT GIT-OPTION...: a commit with that content, pushed.
put() {
  mkdir -p hosts/web
  echo "$1" >hosts/web/a
  git add hosts
  git commit -q -m "$1" "${@:2}"
  git push -q origin HEAD:main
}

once() {
  run headgate-agent --once -c "$T/web1.yaml"
}

report() {
  admin GET /v1/agents | jq -r ".agents[0].targets[0].report.$1"
}

# refused TEXT: not applied, and the report says so.
refused() {
  once
  ((status == 1)) || { echo "$output"; return 1; }
  [[ $(report message) == *"$1"* ]] || { report message; return 1; }
  [[ $(report operation) == Failed && $(report sync) != Synced ]]
}

@test "what is signed by an SSH key of the list is applied, and nothing else" {
  put one -S
  once
  ((status == 0)) || { echo "$output"; false; }
  [[ $(<"$T/into/a") == one ]]
  [[ $output == *'the commit is signed'*'by=alice@example.org'* ]]
  put two --no-gpg-sign
  refused 'it is not signed'
  [[ $(<"$T/into/a") == one && $(report applied) == "$(git rev-parse HEAD~)" ]]
  git config user.signingkey "$T/mallory.pub"
  put three -S
  refused 'is of nobody in'
  [[ $(<"$T/into/a") == one ]]
  # A signed revert rolls back what was never applied.
  git config user.signingkey "$T/alice.pub"
  git revert -n HEAD~..HEAD
  put four -S
  once
  ((status == 0)) || { echo "$output"; false; }
  [[ $(<"$T/into/a") == four ]]
}

@test "the same content under a commit that is not signed is not taken for signed" {
  put one -S
  once
  ((status == 0))
  git commit -q --allow-empty --no-gpg-sign -m again
  git push -q origin HEAD:main
  refused 'it is not signed'
  [[ $(report applied) == "$(git rev-parse HEAD~)" ]]
}

@test "a revoked key, a key for something else, a list that is not there" {
  put one -S
  cp "$T/alice.pub" "$T/revoked"
  target "allowed_signers: $T/signers, revoked_keys: $T/revoked"
  refused 'its SSH signature does not hold'
  sed -i 's/namespaces="git"/namespaces="file"/' "$T/signers"
  target "allowed_signers: $T/signers"
  refused 'its SSH signature does not hold'
  rm "$T/signers"
  refused "cannot read $T/signers"
  [[ $(report sync) == Unknown && ! -e $T/into/a ]]
}

@test "OpenPGP: a key of the keyring, one that is not in it, one that has expired" {
  mkdir -m 700 "$GNUPGHOME"
  gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-gen-key 'Bob <bob@example.org>' ed25519 sign never
  gpg --batch --quiet --pinentry-mode loopback --passphrase '' --faked-system-time 20200101T000000! --quick-gen-key 'Old <old@example.org>' \
    ed25519 sign 1y
  gpg --export bob@example.org >"$T/bob.gpg"
  gpg --export >"$T/both.gpg"
  git config gpg.format openpgp
  git config user.signingkey "$(gpg --list-keys --with-colons bob@example.org | awk -F: '/^fpr/ { print $10; exit }')"
  put one -S
  target "keyring: $T/bob.gpg"
  once
  ((status == 0)) || { echo "$output"; false; }
  [[ $(<"$T/into/a") == one ]]
  # Mallory may do all that an SSH key can; the list of OpenPGP keys is not hers.
  git config gpg.format ssh
  git config user.signingkey "$T/alice.pub"
  put two -S
  refused 'it is signed by an SSH key, and verify has no allowed_signers'
  printf '#!/bin/sh\nexec gpg --batch --quiet --faked-system-time 20200201T000000! "$@"\n' >"$T/old-gpg"
  chmod +x "$T/old-gpg"
  git config gpg.format openpgp
  git config gpg.program "$T/old-gpg"
  git config user.signingkey "$(gpg --list-keys --with-colons old@example.org | awk -F: '/^fpr/ { print $10; exit }')"
  put three -S
  refused 'its OpenPGP signature is of no key in'
  target "keyring: $T/both.gpg"
  refused 'its OpenPGP signature does not hold: the key has expired'
  gpg --export --armor bob@example.org >"$T/armor"
  target "keyring: $T/armor"
  refused 'as gpg --export writes it'
}

@test "a daemon that shows another commit, another tree, other files" {
  put one -S
  local tip=$(git rev-parse HEAD) false=$T/false
  mkdir "$false" "$T/tree"
  curl -sf --unix-socket "$ADMIN_SOCKET" "http://headgate/v1/proof?repo=infra&rev=$tip&path=hosts/web" >"$false/proof"
  curl -sf --unix-socket "$ADMIN_SOCKET" -D "$T/headers" -o "$false/archive" "http://headgate/v1/archive?repo=infra&rev=$tip&path=hosts/web"
  grep -iE '^(etag|repr-digest):' "$T/headers" | tr -d '\r' >"$false/archive.headers"
  cp -r "$false" "$T/true"
  printf 'id: 0123456789abcdef.7\nevent: snapshot\ndata: {"repo":"infra","ref":"refs/heads/main","new":"%s"}\n\n' "$tip" >"$false/stream"
  printf 'id: 0123456789abcdef.7\nevent: bookmark\ndata: {}\n\n' >>"$false/stream"
  "$BUILD/tools/false_daemon" "$false" >"$T/port" 2>"$T/false.log" 3>&- &
  local pid=$!
  wait_for 20 test -s "$T/port"
  URL=http://127.0.0.1:$(<"$T/port") target "allowed_signers: $T/signers"
  lies() {
    once
    ((status == 1)) || { echo "$output"; return 1; }
    [[ $(tail -n 1 "$false/reports" | jq -r .message) == *"$1"* ]] || { tail -n 1 "$false/reports"; return 1; }
    [[ ! -e $T/into/a ]]
    cp "$T/true/"* "$false/"
  }
  # Its words are its own: what counts is the bytes of the commit.
  jq -c '.commit = "dHJlZSB4"' "$T/true/proof" >"$false/proof"
  lies 'shows another commit'
  jq -c '.trees[1] = .trees[0]' "$T/true/proof" >"$false/proof"
  lies 'shows another tree'
  jq -c 'del(.trees[1])' "$T/true/proof" >"$false/proof"
  lies 'has no tree'
  sed 's/ETag: ".\{8\}/ETag: "00000000/I' "$T/true/archive.headers" >"$false/archive.headers"
  lies 'where the signed commit has'
  # Another file, its digest right and the tree's id the signed one.
  echo evil >"$T/tree/a"
  tar -C "$T/tree" -czf "$false/archive" --format=pax a
  { grep -i etag "$T/true/archive.headers"
    printf 'Repr-Digest: sha-256=:%s:\n' "$(openssl dgst -sha256 -binary "$false/archive" | base64)"; } >"$false/archive.headers"
  lies 'where the signed commit has'
  once
  ((status == 0)) || { echo "$output"; false; }
  [[ $(<"$T/into/a") == one ]]
  kill "$pid"
  wait "$pid" || true
}

@test "a proof is for who may see the whole repository" {
  put one -S
  headgate agent add narrow --kind host --allow infra --path hosts/web >"$T/narrow.token"
  local tip=$(git rev-parse HEAD)
  ask() { curl -s -o "$T/answer" -w '%{http_code}' -H "Authorization: Bearer $(<"$T/$1.token")" "$URL/v1/proof?repo=infra&rev=$tip&path=hosts/web"; }
  [[ $(ask web1) == 200 ]]
  [[ $(jq -r .tree "$T/answer") == "$(git rev-parse HEAD:hosts/web)" ]]
  [[ $(ask narrow) == 403 ]]
  [[ $(<"$T/answer") == *'a proof names what is beside them'* ]]
}
