# The driver ansible, with Debian's ansible-core on playbooks of this host.
# Takes minutes.
load helper
load tools

setup() {
  tools_setup
  mkdir "$T/target"
  # Both hosts are this one.
  put hosts <<END
[web]
web1 ansible_connection=local ansible_python_interpreter=/usr/bin/python3
web2 ansible_connection=local ansible_python_interpreter=/usr/bin/python3
END
}

# play TASK...: site.yml with these tasks (YAML, four spaces in), committed.
play() {
  {
    printf -- '- name: Web\n  hosts: web\n  gather_facts: false\n  tasks:\n'
    printf '%s\n' "$@"
  } | put site.yml
}

config_task() {
  cat <<END
    - name: config
      ansible.builtin.copy: {dest: "$T/target/{{ inventory_hostname }}.conf", content: "$1\n"}
END
}

# ansible_target [OPTIONS] [YAML...]: compared when it is looked at (`look`), for each comparison keeps a processor busy for a second or two.
ansible_target() {
  one_target ansible "options: {playbook: site.yml, inventory: [hosts], ${1:-}}" "compare_every: ${EVERY:-1h}" "${@:2}"
}

# What is not suspended is looked at when it is resumed.
look() { headgate resume web1 t1 >/dev/null; }

drift_report() {
  events_of agent.reported | jq -c 'select(.data.cause == "drift" and .data.sync == "OutOfSync" and .data.operation != "Running") | .data' | head -n 1
}

@test "applied, compared, drift shown and healed" {
  play "$(config_task one)"
  push
  EVERY=1s ansible_target
  agent_start web1
  wait_for 60 agent_synced web1 t1 "$TIP"
  [[ $(<"$T/target/web1.conf") == one && $(<"$T/target/web2.conf") == one ]]
  [[ $(report tool) == ansible && $(report version) == 2.* ]]
  [[ $(events_of agent.reported | jq -c 'select(.data.operation == "Succeeded") | .data.changes' | head -n 1) == '{"added":0,"modified":2,"removed":0}' ]]

  echo two >"$T/target/web2.conf"
  wait_for 60 grep -qx one "$T/target/web2.conf"
  wait_for 60 agent_synced web1 t1 "$TIP"
  drift=$(drift_report)
  [[ $(jq -r .message <<<"$drift") == "web2: config would change something" ]]
  [[ $(jq -r .diff <<<"$drift") == "--- web2:$T/target/web2.conf
+++ web2:$T/target/web2.conf
@@ -1 +1 @@
-two
+one" ]]
  [[ $(jq -c .coverage <<<"$drift") == '{"checked":2,"unchecked":0}' ]]
  jq -e '.resources | map(select(.name == "web2: config" and .sync == "OutOfSync")) | length == 1' <<<"$drift"
  # Nothing was left in the tree or in its own folder of temporary files.
  [[ -z $(find "$T/web1.state" -name '*.pyc' -o -name '*.retry' -o -path '*/ansible/tmp/*') ]]
}

@test "what cannot be compared is counted, and a task that runs all the same is told" {
  play "$(config_task one)" \
    '    - {name: no check mode, ansible.builtin.command: /bin/true}' \
    '    - {name: not in check mode, ansible.builtin.command: /bin/true, when: not ansible_check_mode}' \
    '    - {name: left out, ansible.builtin.command: /bin/true, when: false}' \
    '    - {name: runs, ansible.builtin.command: /bin/true, check_mode: false}' \
    '    - {name: reads, ansible.builtin.command: /bin/true, check_mode: false, changed_when: false}' \
    '    - {name: ignored, ansible.builtin.command: /bin/false, check_mode: false, ignore_errors: true}' \
    "    - {name: creates, ansible.builtin.command: touch $T/target/made, args: {creates: $T/target/made}}"
  push
  ansible_target "limit: web1"
  agent_start web1
  wait_for 60 agent_synced web1 t1 "$TIP"
  look
  wait_for 60 told 'coverage|tojson' '{"checked":3,"unchecked":4}'
  [[ $(report sync) == Synced ]]
  [[ $(row "web1: runs") == "Unknown ran in the comparison, since it has check_mode: false, and says that it changed something" ]]
  [[ $(row "web1: no check mode") == "Unknown cannot be compared: it has no check mode" ]]
  [[ $(row "web1: reads") == "Synced null" && ! -e $T/target/web2.conf ]]
  rm "$T/target/made"
  look
  wait_for 60 test -e "$T/target/made"
}

@test "a playbook of nothing that can be compared is not called Synced" {
  play '    - {name: no check mode, ansible.builtin.command: /bin/true}'
  push
  EVERY=1s ansible_target
  agent_start web1
  wait_for 60 told sync Unknown
  [[ $(report message) == "none of the 2 tasks can be compared: they have no check mode" ]]
}

@test "a vault's secrets are used and not shown" {
  echo vault-password >"$T/vault"
  mkdir -p group_vars/web
  printf 'db_password: swordfish-17\npin: "4711"\n' >plain
  ansible-vault encrypt --vault-password-file "$T/vault" --output group_vars/web/vault.yml plain 2>/dev/null
  printf 'extra: xyzzy-plugh\n' >plain
  ansible-vault encrypt --vault-password-file "$T/vault" --output extra.yml plain 2>/dev/null
  ansible-vault encrypt_string --vault-password-file "$T/vault" --name inline 'open sesame' >group_vars/web/inline.yml 2>/dev/null
  printf 'key-line-one\nkey-line-two\n' >plain
  ansible-vault encrypt --vault-password-file "$T/vault" --output secret.key plain 2>/dev/null
  rm plain
  git add . && git commit -qm vaults
  play "    - name: config
      ansible.builtin.copy:
        dest: $T/target/conf
        content: |
          user = web
          entry = {{ db_password }} {{ pin }} {{ extra }} {{ inline }}
          packed = {{ db_password | b64encode }}
          api_token = {{ 'plainly' }}" \
    "    - {name: key, ansible.builtin.copy: {src: secret.key, dest: $T/target/key}}" \
    "    - {name: hidden, no_log: true, ansible.builtin.copy: {content: hidden-away, dest: $T/target/hidden}}" \
    "    - {name: 'fails with {{ db_password }}', ansible.builtin.fail: {msg: 'it is {{ db_password }}'}, when: \"query('ansible.builtin.fileglob', '$T/target/fail') | length > 0\"}"
  push
  ansible_target "limit: web1, vault_password_file: $T/vault, extra_vars: [extra.yml]" "self_heal: false"
  agent_start web1
  wait_for 60 agent_synced web1 t1 "$TIP"
  grep -qx 'entry = swordfish-17 4711 xyzzy-plugh open sesame' "$T/target/conf"
  echo other >"$T/target/conf"
  echo other >"$T/target/key"
  echo other >"$T/target/hidden"
  look
  wait_for 60 told sync OutOfSync
  diff=$(report diff)
  [[ $diff == *"+user = web"* && $diff == *"+entry = [redacted] [redacted] [redacted] [redacted]"* && $diff == *"+packed = [redacted]"* ]]
  [[ $diff == *"+api_token = [redacted 1]"* && $(report redacted) == 8 && $diff != *hidden* ]]
  touch "$T/target/fail"
  look
  wait_for 60 told_like message '*failed on web1: it is ?redacted?*'
  # Not a word of them has left the host.
  events_of >"$T/told"
  fails grep -E 'swordfish|xyzzy|key-line|4711|sesame|hidden-away|plainly|c3dvcmRmaXNo' "$T/told"
  fails grep -E 'swordfish|xyzzy|key-line|4711|sesame|hidden-away' "$T/web1.log"
}

@test "a playbook that fails half-way names the task, the host and the reason" {
  play "$(config_task one)"
  push
  ansible_target
  agent_start web1
  wait_for 60 agent_synced web1 t1 "$TIP"
  good=$TIP
  play "$(config_task two)" "    - {name: reload, ansible.builtin.command: ls /no/such/place, when: inventory_hostname == 'web2'}" \
    "    - {name: never, ansible.builtin.copy: {content: x, dest: '$T/target/never-{{ inventory_hostname }}'}, when: inventory_hostname == 'web2'}"
  push
  wait_for 60 told operation Failed
  [[ $(report message) == 'task "reload" failed on web2: '*"/no/such/place"*"; the hosts are as ansible-playbook left them"* ]]
  [[ $(report sync) == OutOfSync && $(report exit_status) == 2 && $(report applied) == "$good" && $(report desired) == "$TIP" ]]
  [[ $(<"$T/target/web1.conf") == two && ! -e $T/target/never-web2 ]]
}

@test "a comparison that ends early is OutOfSync for what it saw, else Unknown" {
  play "$(config_task one)" "    - {name: needs it, ansible.builtin.stat: {path: '{{ lookup(\"ansible.builtin.file\", \"$T/target/needed\") }}'}}"
  echo / >"$T/target/needed"
  push
  ansible_target "limit: web1" "self_heal: false"
  agent_start web1
  wait_for 60 agent_synced web1 t1 "$TIP"
  rm "$T/target/needed"
  look
  wait_for 60 told sync Unknown
  [[ $(report message) == 'task "needs it" failed on web1: '*"; what follows it was not compared" ]]
  echo other >"$T/target/web1.conf"
  look
  wait_for 60 told sync OutOfSync
  [[ $(report message) == 'web1: config would change something; the comparison ended early: task "needs it" failed on web1'* ]]
}

@test "hosts that nobody has, and hosts out of reach" {
  play "$(config_task one)"
  sed -i 's/hosts: web/hosts: db/' site.yml && git commit -qam 'no such group'
  push
  ansible_target
  agent_start web1
  wait_for 60 told operation Failed
  [[ $(report message) == *"no host of the inventory belongs to what the playbook is for"* ]]
  play "$(config_task one)"
  put hosts <<<'[web]
web1 ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1'
  push
  wait_for 60 told_like message 'task "config" cannot reach web1: *'
}

@test "what is not a playbook, is not there, or does not open" {
  put site.yml <<<'- hosts: web
  broken: y'
  push
  ansible_target
  agent_start web1
  wait_for 60 told operation Failed
  [[ $(report message) == *"before it ran anything: "*"'broken' is not a valid attribute for a Play"* ]]
  git rm -q site.yml && git commit -qm gone
  push
  wait_for 60 told_like message "site.yml is not in the tree; the target's options name it*"
  agent_stop web1

  play "$(config_task one)"
  echo right >"$T/vault"
  echo 'secret: x' >vars.yml
  ansible-vault encrypt --vault-password-file "$T/vault" vars.yml 2>/dev/null
  git add . && git commit -qm vault
  push
  echo wrong >"$T/vault"
  ansible_target "vault_password_file: $T/vault, extra_vars: [vars.yml]"
  agent_start web1
  wait_for 60 told_like message '*before it ran anything: *ERROR*Decryption failed*'
}

# fake TEXT...: an ansible-playbook of our own.
fake() {
  printf '%s\n' '#!/bin/sh' "$@" >"$T/ansible-playbook"
  chmod +x "$T/ansible-playbook"
  ansible_target "command: $T/ansible-playbook, compare_timeout: 2s, apply_timeout: 2s"
}

@test "a tool that is missing, old, another one, silent, hanging or endless" {
  play "$(config_task one)"
  push
  ansible_target "command: ansible-playbook-of-old"
  agent_start web1
  wait_for 20 told_like message 'ansible-playbook-of-old is not there: install it, or name its place*'
  agent_stop web1

  fake 'echo '\''headgate-ansible {"event":"start","version":"2.9.6","old":true}'\''' 'exit 1'
  agent_start web1
  wait_for 20 told_like message 'ansible-core 2.9.6 is too old: install 2.14 or newer*'
  agent_stop web1

  fake 'exit 0'
  agent_start web1
  wait_for 20 told_like message '*without a word of what it did: is it ansible-playbook?*'
  agent_stop web1

  # It begins, and is killed in the midst of it: nothing that it told makes it Synced.
  fake 'echo '\''headgate-ansible {"event":"start","version":"2.19.0","old":false}'\' 'echo '\''headgate-ansible {"event":"begin","task":"slow"}'\' 'exit 0'
  agent_start web1
  wait_for 20 told_like message '*ended with status 0 in the midst of it, at task "slow"*'
  agent_stop web1

  fake 'echo '\''headgate-ansible {"event":"begin","task":"slow"}'\' 'echo $$ >'"$T/pid" 'sleep 600'
  agent_start web1
  wait_for 20 told_like message 'at task "slow": '*'did not end within 2 seconds*'
  agent_stop web1
  wait_for 20 process_ended "$(<"$T/pid")"

  fake 'head -c 1000000000 /dev/zero | tr "\0" x' 'echo' 'echo "ERROR! it was I" >&2' 'exit 5'
  sed -i 's/apply_timeout: 2s/apply_timeout: 60s/' "$T/web1.yaml"
  agent_start web1
  wait_for 60 told_like message '*status 5 before it ran anything: ERROR! it was I*'
  agent_peak_below web1 20000
}

@test "no home, no locale, no PATH but the system's: as a service has it" {
  play "$(config_task one)"
  push
  ansible_target
  env -i PATH=/usr/bin:/bin "$BUILD/bin/headgate-agent" -c "$T/web1.yaml" --once >>"$T/web1.log" 2>&1 3>&-
  agent_synced web1 t1 "$TIP"
}
