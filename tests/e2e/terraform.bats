# The driver terraform, with terraform where it is installed and with tofu where `make suites` has built it. Its built-in terraform_data
# needs no provider.
# Takes minutes.
load helper
load tools

setup() {
  tools_setup
  # So that nothing is asked for over the network, whatever this host's own settings say.
  unset "${!TF_@}"
  STATE_FILE=$T/tfstate/web.tfstate
}

# with TOOL: the tests are run with both; one that is not here is left out.
with() {
  case $1 in
    terraform) TOOL=$(command -v terraform) || skip "terraform is not here" ;;
    tofu) TOOL=$ROOT/suites/tofu/tofu; [[ -x $TOOL ]] || skip "tofu is not here; make suites builds it" ;;
  esac
}

main_tf() {
  put main.tf <<END
variable "password" {
  type      = string
  sensitive = true
  default   = "hunter2-is-secret"
}
variable "size" {
  type    = number
  default = $1
}
resource "terraform_data" "one" {
  input = { size = var.size, password = var.password, text = "a\nb" }
}
resource "terraform_data" "two" {
  input = "kept"
}
$2
END
}

terraform_target() {
  one_target terraform "options: {command: $TOOL, state_file: $STATE_FILE, ${1:-}}" "compare_every: 1s" "${@:2}"
}

in_state() {
  jq -r ".resources[] | select(.name == \"$1\") | .instances[0].attributes.$2" "$STATE_FILE"
}

applies() {
  main_tf 1
  push
  terraform_target
  agent_start web1
  wait_for 60 agent_synced web1 t1 "$TIP"
  [[ $(in_state one input.value.size) == 1 && $(report tool) == terraform && $(report version) == 1.* ]]
  wait_for 20 told 'coverage|tojson' '{"checked":2,"unchecked":0}'
  [[ $(row terraform_data.two) == "Synced null" ]]

  main_tf 2
  push
  wait_for 60 agent_synced web1 t1 "$TIP"
  [[ $(in_state one input.value.size) == 2 ]]
  [[ $(events_of agent.reported | jq -c 'select(.data.operation == "Succeeded") | .data.changes' | tail -n 1) == '{"added":0,"modified":1,"removed":0}' ]]

  agent_stop web1
  terraform_target '' "self_heal: false"
  agent_start web1
  wait_for 60 agent_synced web1 t1 "$TIP"
  jq '.resources |= map(select(.name != "two")) | .serial += 1 | (.resources[].instances[0].attributes.input.value.size) = 7' "$STATE_FILE" >changed
  mv changed "$STATE_FILE"
  wait_for 60 told sync OutOfSync
  [[ $(report message) == "terraform_data.one would be updated, and 1 more" && $(report cause) == drift ]]
  [[ $(row terraform_data.two) == "Missing would be created" && $(row terraform_data.one) == "OutOfSync would be updated" ]]
  [[ $(report diff) == *"--- terraform_data.one"*"-input.size = 7"*"+input.size = 2"*"+++ terraform_data.two"*'+input = "kept"'* ]]
  agent_stop web1
  terraform_target
  agent_start web1
  wait_for 60 agent_synced web1 t1 "$TIP"
  [[ $(in_state two input.value) == kept ]]

  # The tree is as it came, and no plan is left, which would hold secrets.
  [[ -z $(find "$T/web1.state/targets/t1/trees" -name '.terraform*' -o -name 'headgate_*') ]]
  [[ ! -e $T/web1.state/targets/t1/terraform/plan && $(stat -c %a "$T/tfstate") == 700 ]]
}
@test "terraform: applied, compared, what was taken out of the state by hand is put right" {
  with terraform
  applies
}
@test "tofu: applied, compared, what was taken out of the state by hand is put right" {
  with tofu
  applies
}

finds_modules() {
  put modules/data/main.tf <<<'variable "text" { type = string }
resource "terraform_data" "inner" { input = "${var.text} ${file("${path.module}/text")}" }'
  put modules/data/text <<<'beside'
  put envs/prod/main.tf <<<'variable "text" { type = string }
module "data" {
  source = "../../modules/data"
  text   = var.text
}'
  put envs/prod.tfvars <<<'text = "from a file"'
  push
  terraform_target "folder: envs/prod, var_files: [envs/prod.tfvars], workspace: blue, parallelism: 3"
  agent_start web1
  wait_for 60 agent_synced web1 t1 "$TIP"
  [[ $(jq -r '.resources[0].instances[0].attributes.input.value' "$STATE_FILE.d/blue/web.tfstate" 2>/dev/null ||
    jq -r '.resources[0].instances[0].attributes.input.value' "$STATE_FILE.d/blue/terraform.tfstate") == "from a file beside" ]]
  agent_stop web1
  terraform_target "folder: envs/nowhere"
  agent_start web1
  wait_for 60 told_like message 'there is no folder envs/nowhere in the tree*'
}
@test "terraform: a root module below the tree's top, with modules beside it, variables and a workspace" {
  with terraform
  finds_modules
}
@test "tofu: a root module below the tree's top, with modules beside it, variables and a workspace" {
  with tofu
  finds_modules
}

fails_half_way() {
  main_tf 1
  push
  terraform_target
  agent_start web1
  wait_for 60 agent_synced web1 t1 "$TIP"
  good=$TIP
  # shellcheck disable=SC2016
  main_tf 5 'resource "terraform_data" "bad" {
  input = var.password
  provisioner "local-exec" { command = "echo ${self.input}; exit 3" }
  depends_on = [terraform_data.one]
}'
  push
  wait_for 60 told operation Failed
  [[ $(report message) == "0 added, 1 changed, 0 destroyed, which stays and is in the state; then: apply: terraform_data.bad: local-exec provisioner error: "*"exit status 3"* ]]
  [[ $(report sync) == OutOfSync && $(report applied) == "$good" && $(report desired) == "$TIP" && $(report exit_status) == 1 ]]
  [[ $(in_state one input.value.size) == 5 ]]
  events_of >"$T/told"
  fails grep hunter2 "$T/told" "$T/web1.log"
  main_tf 6
  push
  wait_for 60 agent_synced web1 t1 "$TIP"
}
@test "terraform: an apply that fails half-way says at which resource, and hides what is sensitive" {
  with terraform
  fails_half_way
}
@test "tofu: an apply that fails half-way says at which resource, and hides what is sensitive" {
  with tofu
  fails_half_way
}

hides_values() {
  main_tf 1
  push
  terraform_target '' "self_heal: false"
  agent_start web1
  wait_for 60 agent_synced web1 t1 "$TIP"
  jq '.serial += 1 | (.resources[] | select(.name == "one") | .instances[0].attributes.input.value) |= (.password = "was-secret-too" | .text = "was-secret-too and hunter2-is-secret")' \
    "$STATE_FILE" >changed
  mv changed "$STATE_FILE"
  wait_for 60 told sync OutOfSync
  diff=$(report diff)
  [[ $diff == *"-input.password = [redacted]"*"+input.password = [redacted]"* && $(report redacted) != 0 ]]
  events_of >"$T/told"
  fails grep -E 'hunter2|was-secret-too' "$T/told" "$T/web1.log"
}
@test "terraform: sensitive values do not show in a diff, wherever they stand" {
  with terraform
  hides_values
}
@test "tofu: sensitive values do not show in a diff, wherever they stand" {
  with tofu
  hides_values
}

minds_the_state() {
  main_tf 1
  push
  one_target terraform "options: {command: $TOOL}"
  agent_start web1
  wait_for 60 told operation Failed
  [[ $(report message) == *"each revision replaces: give it a backend, or say \`state_file: /var/lib/.../t1.tfstate\`"* ]]
  [[ -z $(find "$T" -name '*.tfstate' -size +0 -not -path '*/data/*') ]]
  put backend.tf <<<"terraform {
  backend \"local\" {
  path = \"$T/own/terraform.tfstate\"
  }
}"
  push
  wait_for 60 agent_synced web1 t1 "$TIP"
  [[ -e $T/own/terraform.tfstate ]]
  # A revision that wants it elsewhere does not have it moved.
  sed -i 's,/own/,/elsewhere/,' backend.tf && git commit -qam elsewhere
  push
  wait_for 60 told_like message 'init: *Error: Backend configuration changed*'
  [[ ! -e $T/elsewhere/terraform.tfstate ]]
  agent_stop web1
  terraform_target
  agent_start web1
  wait_for 60 told_like message 'backend.tf has a backend, so the state is there: take `state_file` out*'
}
@test "terraform: a state in the configuration's own folder is refused, and a backend of its own is left alone" {
  with terraform
  minds_the_state
}
@test "tofu: a state in the configuration's own folder is refused, and a backend of its own is left alone" {
  with tofu
  minds_the_state
}

refuses_nonsense() {
  main_tf 1 'resource "terraform_data" "three" { input = var.nobody }'
  push
  terraform_target
  agent_start web1
  wait_for 60 told operation Failed
  [[ $(report message) == *"Reference to undeclared input variable"* && ! -e $STATE_FILE ]]
  agent_stop web1
  main_tf 1
  push
  terraform_target "var_files: [nowhere.tfvars]"
  agent_start web1
  wait_for 60 told_like message "nowhere.tfvars is not in the tree; the target's options name it*"
}
@test "terraform: a configuration that is none, and variables that are not there" {
  with terraform
  refuses_nonsense
}
@test "tofu: a configuration that is none, and variables that are not there" {
  with tofu
  refuses_nonsense
}

minds_the_lock() {
  main_tf 1 'resource "terraform_data" "slow" {
  provisioner "local-exec" { command = "touch '"$T"'/slow; while [ -e '"$T"'/slow ]; do sleep 0.1; done" }
}'
  push
  terraform_target "lock_timeout: 0s"
  # Somebody else, with the same state.
  mkdir other && cp main.tf other/
  printf '{"terraform":{"backend":{"local":{"path":"%s"}}}}' "$STATE_FILE" >other/backend.tf.json
  (cd other && "$TOOL" init -input=false >/dev/null && "$TOOL" apply -auto-approve -input=false >/dev/null 2>&1) 3>&- &
  somebody=$!
  wait_for 60 test -e "$T/slow"
  agent_start web1
  wait_for 60 told_like message '*Error acquiring the state lock*'
  rm "$T/slow"
  wait "$somebody"
  wait_for 60 agent_synced web1 t1 "$TIP"
}
@test "terraform: a state that somebody else has locked is not waited for without end" {
  with terraform
  minds_the_lock
}
@test "tofu: a state that somebody else has locked is not waited for without end" {
  with tofu
  minds_the_lock
}

follows_a_provider() {
  [[ -d $ROOT/suites/tofu/mirror ]] || skip "the provider is not here; make suites builds it"
  printf 'provider_installation {\n  filesystem_mirror { path = "%s" }\n}\n' "$ROOT/suites/tofu/mirror" >"$T/tfrc"
  put main.tf <<END
terraform {
  required_providers {
    local = { source = "example.org/headgate/local" }
  }
}
resource "local_file" "conf" {
  content  = "one\n"
  filename = "$T/conf"
}
END
  push
  terraform_target
  TF_CLI_CONFIG_FILE=$T/tfrc agent_start web1
  wait_for 60 agent_synced web1 t1 "$TIP"
  [[ $(<"$T/conf") == one ]]
  # Changed by hand: told as such, and put right.
  echo two >"$T/conf"
  wait_for 60 grep -qx one "$T/conf"
  wait_for 60 agent_synced web1 t1 "$TIP"
  drift=$(events_of agent.reported | jq -c 'select(.data.cause == "drift" and .data.sync == "OutOfSync" and (.data.resources | length > 0)) | .data' | head -n 1)
  [[ $(jq -r '.resources[0] | "\(.name) \(.sync) \(.message)"' <<<"$drift") == "local_file.conf Missing was changed outside of it, and would be created" ]]
  [[ $(jq -r .message <<<"$drift") == "local_file.conf was changed outside of it, and would be created" ]]
  # The choice of providers is kept on this host, not in the tree, and lasts.
  lock=$T/web1.state/targets/t1/terraform/lock.hcl
  grep -q 'version *= "1.4.0"' "$lock"
  cp "$lock" "$T/lock"
  agent_stop web1

  # One that the tree has holds: init may not write another into it.
  sed 's/1\.4\.0/1.3.0/' "$lock" >.terraform.lock.hcl
  git add .terraform.lock.hcl && git commit -qm lock
  push
  TF_CLI_CONFIG_FILE=$T/tfrc agent_start web1
  wait_for 60 told_like message 'init: *ended with status 1: Error: *1.3.0*'
  cp "$T/lock" .terraform.lock.hcl
  git commit -qam 'lock as it was chosen'
  push
  wait_for 60 agent_synced web1 t1 "$TIP"
  cmp "$lock" "$T/lock"
}
@test "terraform: a provider's object changed by hand is put right, and who is chosen stays chosen" {
  with terraform
  follows_a_provider
}
@test "tofu: a provider's object changed by hand is put right, and who is chosen stays chosen" {
  with tofu
  follows_a_provider
}

ends_in_order() {
  main_tf 1 'resource "terraform_data" "slow" {
  provisioner "local-exec" { command = "touch '"$T"'/slow; while [ -e '"$T"'/slow ]; do sleep 0.1; done" }
  depends_on = [terraform_data.one, terraform_data.two]
}'
  push
  terraform_target
  sed -i '1i stop_within: 1s' "$T/web1.yaml"
  agent_start web1
  wait_for 60 test -e "$T/slow"
  agent_stop web1
  # It was told to end and wrote its state: what had been made is in it, and nothing is locked.
  [[ $(in_state one input.value.size) == 1 && $(in_state two input.value) == kept ]]
  grep -q 'was ended, since the agent stops' "$T/web1.log"
  rm -f "$T/slow"
  main_tf 1
  push
  agent_start web1
  wait_for 60 agent_synced web1 t1 "$TIP"
}
@test "terraform: the agent stops in the midst of an apply" {
  with terraform
  ends_in_order
}
@test "tofu: the agent stops in the midst of an apply" {
  with tofu
  ends_in_order
}

# fake TEXT...: a terraform of our own.
fake() {
  printf '%s\n' '#!/bin/sh' "STEER=$T/steer" "$@" >"$T/terraform"
  chmod +x "$T/terraform"
  TOOL=$T/terraform
  one_target terraform "options: {command: $TOOL, compare_timeout: 2s, apply_timeout: ${LIMIT:-2}s}"
}

@test "a tool that is missing, old, another one, hanging or endless" {
  main_tf 1
  push
  TOOL=terraform-of-old
  terraform_target
  agent_start web1
  wait_for 20 told_like message 'terraform-of-old is not there: install it, or name its place*'
  agent_stop web1

  fake 'echo '\''{"terraform_version":"1.3.9"}'\'
  agent_start web1
  wait_for 20 told_like message '*/terraform 1.3.9 is too old: install 1.4 or newer, or name one by `command`*'
  agent_stop web1

  fake 'echo hello'
  agent_start web1
  wait_for 20 told_like message '*does not tell its version: is it terraform or tofu?*'
  agent_stop web1

  version='[ "$1" != version ] || { echo '\''{"terraform_version":"1.9.0"}'\''; exit 0; }
[ "$1" != init ] || [ -e "$STEER" ] || { echo '\''{"backend":{"type":"http"}}'\'' >"$TF_DATA_DIR/terraform.tfstate"; exit 0; }'
  touch "$T/steer"
  fake "$version" "echo \$\$ >$T/pid; sleep 600"
  agent_start web1
  wait_for 20 told_like message 'init: *did not end within 2 seconds*'
  agent_stop web1
  wait_for 20 process_ended "$(<"$T/pid")"

  rm "$T/steer"
  # A plan that it says is there, and a gigabyte of words for it.
  LIMIT=60 fake "$version" '[ "$1" != plan ] || exit 2' '[ "$1" != show ] || { head -c 1000000000 /dev/zero | tr "\0" x; exit 0; }' \
    '[ "$1" != apply ] || { head -c 1000000000 /dev/zero | tr "\0" x; exit 7; }'
  agent_start web1
  wait_for 60 told_like message '*apply: *status 7*'
  agent_peak_below web1 60000
}
