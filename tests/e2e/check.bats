#!/usr/bin/env bats
# headgate check and headgate explain, as people and CI use them.

bats_require_minimum_version 1.5.0
load helper

bad_manifest() {
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: Bad_1\n'
}

@test "check: a good file" {
  good_manifest web >a.yaml
  run --separate-stderr headgate check a.yaml
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  [ "$stderr" = "no findings in 1 file" ]
}

@test "check: a bad file: findings on stdout, the summary on stderr, exit 1" {
  bad_manifest >a.yaml
  run --separate-stderr headgate check a.yaml
  [ "$status" -eq 1 ]
  [ "$output" = 'a.yaml:4:9: error: metadata.name "Bad_1" is not a DNS name: "B" is not allowed (allowed: a-z, 0-9, "-" and ".") [k8s/name]
     4 |   name: Bad_1
                 ^
  hint: for example bad-1' ]
  [ "$stderr" = "1 error in 1 file" ]
}

@test "check: documents that kubectl and a YAML parser see differently" {
  good_manifest web >a.yaml
  printf -- '--- {apiVersion: v1, kind: ConfigMap, metadata: {name: more}}\n' >>a.yaml
  run --separate-stderr headgate check a.yaml
  [ "$status" -eq 1 ]
  [[ ${lines[0]} == *':5: error: kubectl stops with an error, because text follows "---" on its line; a YAML parser sees ConfigMap "more" [yaml/two-readers]' ]]
  [ "${lines[3]}" = "  hint: put it on the next line" ]
  sed -i 's/^--- {/---\n{/' a.yaml
  run --separate-stderr headgate check a.yaml
  [ "$status" -eq 0 ]
  [ -z "$output" ]
}

@test "check: the current folder, sorted, without .git, links and what is no document" {
  git init -q .
  mkdir b a
  bad_manifest >b/x.yaml
  bad_manifest >a/x.yml
  bad_manifest >.git/x.yaml
  bad_manifest >README.md
  ln -s ../b/x.yaml a/link.yaml
  ln -s . a/loop
  mkfifo a/fifo.yaml
  run --separate-stderr headgate check
  [ "$status" -eq 1 ]
  [ "$(grep -c error: <<<"$output")" -eq 2 ]
  [ "$(grep error: <<<"$output" | cut -d: -f1 | tr '\n' ' ')" = "a/x.yml b/x.yaml " ]
  [ "$stderr" = "2 errors in 2 files" ]
}

@test "check: files and folders as they were named" {
  mkdir -p d/e
  bad_manifest >d/e/x.yaml
  for name in d d/ ./d d/e d/e/x.yaml; do
    run headgate check "$name"
    [ "$status" -eq 1 ]
    [[ ${lines[0]} == d/e/x.yaml:4:9:* ]]
  done
  run headgate check "$T/d"
  [[ ${lines[0]} == "$T/d/e/x.yaml:4:9:"* ]]
}

@test "check: standard input, with and without a name" {
  run headgate check - < <(bad_manifest)
  [ "$status" -eq 1 ]
  [[ ${lines[0]} == -:4:9:* ]]
  run headgate check --stdin-name apps/web.yaml - < <(bad_manifest)
  [[ ${lines[0]} == apps/web.yaml:4:9:* ]]
  run headgate check --stdin-name x.json - <<<'{"a": 1,}'
  [[ ${lines[0]} == x.json:1:9:*'[json/syntax]' ]]
  run headgate check --stdin-name README.md - < <(bad_manifest)
  [ "$status" -eq 0 ]
  [[ ${lines[0]} == *"README.md: not checked"* ]]
}

@test "check --rev: a revision, without a work tree's changes" {
  git init -q work
  cd work
  commit good.yaml "$(good_manifest a)"
  mkdir sub
  commit sub/bad.yaml "$(bad_manifest)"
  ln -s bad.yaml sub/link.yaml
  git add . && git commit -qm link
  bad_manifest >good.yaml
  run --separate-stderr headgate check --rev HEAD
  [ "$status" -eq 1 ]
  [[ $output == sub/bad.yaml:4:9:* ]]
  [ "$stderr" = "1 error in 2 files" ]
  run --separate-stderr headgate check --rev HEAD~2
  [ "$status" -eq 0 ]
  [ "$stderr" = "no findings in 1 file" ]
  cd sub
  run headgate check --rev main good.yaml
  [ "$status" -eq 0 ]
  for path in sub/ sub ./sub/ . sub/bad.yaml ./sub/bad.yaml; do
    run headgate check --rev main "$path"
    [ "$status" -eq 1 ]
    [[ ${lines[0]} == sub/bad.yaml:4:9:* ]]
  done
  cd "$T"
  git clone -q --bare work bare.git
  run headgate check --repo bare.git --rev main sub/bad.yaml
  [ "$status" -eq 1 ]
  run headgate check --repo work --rev main
  [ "$status" -eq 1 ]
}

@test "check --rev --against: what has changed, compared with what it was" {
  git init -q work
  cd work
  sealed() { printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nimmutable: true\ndata: {color: %s}\n' "$1"; }
  commit bad.yaml "$(bad_manifest)"
  commit a.yaml "$(sealed red)"
  commit sub/b.yaml "$(good_manifest b)"
  git mv a.yaml sub/a.yaml
  git commit -q -m moved
  commit sub/a.yaml "$(sealed blue)"
  run --separate-stderr headgate check --rev HEAD --against HEAD~2
  [ "$status" -eq 1 ]
  [[ $output == *'sub/a.yaml:5:15: error: data.color: cannot change from "red" to "blue" in an existing ConfigMap (it was in a.yaml)'* ]]
  [ "$stderr" = "1 error in 1 file" ]
  # One side alone is nothing to compare.
  run headgate check --rev HEAD sub
  [ "$status" -eq 0 ]
  run headgate check --rev HEAD --against HEAD~2 ./sub/
  [ "$status" -eq 0 ]
  run headgate check --rev HEAD --against HEAD~1 sub
  [ "$status" -eq 1 ]
  run --separate-stderr headgate check --rev HEAD --against HEAD
  [ "$status" -eq 0 ]
  [ "$stderr" = "no findings in 0 files" ]
  run headgate check --rev HEAD --against nothing
  [ "$status" -eq 2 ]
  [[ $output == *'"nothing"'* ]]
  run headgate check --against HEAD
  [ "$status" -eq 2 ]
  [[ $output == *'--against needs --rev'* ]]
}

@test "check --rev: what is not there is one clear line and exit 2" {
  run headgate check --rev HEAD
  [ "$status" -eq 2 ]
  [ "${#lines[@]}" -eq 1 ]
  [[ $output == "headgate: check: "*"not a Git repository"* ]]
  git init -q work
  cd work
  commit a.yaml "a: 1"
  run headgate check --rev nothing
  [ "$status" -eq 2 ]
  [[ $output == *'"nothing"'* ]]
  run headgate check --rev HEAD none.yaml
  [ "$status" -eq 2 ]
  [[ $output == *'"none.yaml"'* ]]
}

@test "check --as: what a file has to be" {
  echo "a: 1" >a.yaml
  run headgate check a.yaml
  [ "$status" -eq 0 ]
  run headgate check --as kubernetes a.yaml
  [ "$status" -eq 1 ]
  [[ $output == *"[k8s/type-meta]"* ]]
  bad_manifest >b.yaml
  run headgate check --as yaml b.yaml
  [ "$status" -eq 0 ]
  run headgate check --as help
  [ "$status" -eq 0 ]
  [[ $output == *kubernetes* ]]
  run headgate check --as kubernets b.yaml
  [ "$status" -eq 2 ]
}

@test "check --format json" {
  bad_manifest >a.yaml
  printf 'a: 1\n---\nb: 2\n' >b.yaml
  run --separate-stderr headgate check --format json .
  [ "$status" -eq 1 ]
  [ -z "$stderr" ]
  [ "$(jq -c .summary <<<"$output")" = '{"files":2,"documents":3,"errors":1,"warnings":0}' ]
  [ "$(jq -r '.findings[0] | "\(.path):\(.line):\(.column) \(.severity) \(.rule) \(.pointer) \(.hint)"' <<<"$output")" = \
    "a.yaml:4:9 error k8s/name /metadata/name for example bad-1" ]
}

# Three files, two of them well; the third has two errors and a name that every format has to escape.
mixed_files() {
  good_manifest web >good.yaml
  bad_manifest >'b: <50%>,"é".yaml'
  printf 'data:\n  a: one\n  a: two\n' >>'b: <50%>,"é".yaml'
  printf 'apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n' >service.yaml
}

@test "check --format sarif" {
  mixed_files
  run --separate-stderr headgate check --format sarif
  [ "$status" -eq 1 ]
  [ -z "$stderr" ]
  [ "$(jq -r .version <<<"$output")" = 2.1.0 ]
  [ "$(jq '.runs | length' <<<"$output")" -eq 1 ]
  [ "$(jq -r '.runs[0].invocations[0].executionSuccessful' <<<"$output")" = true ]
  # Each result leads to its rule.
  [ "$(jq -r '.runs[0] | .tool.driver.rules as $rules | .results[] | $rules[.ruleIndex].id == .ruleId' <<<"$output" | sort -u)" = true ]
  run jq -r '.runs[0].results[] | select(.ruleId == "k8s/name") | .level, (.locations[0].physicalLocation | .artifactLocation.uri,
    .artifactLocation.uriBaseId, (.region | .startLine, .startColumn, .endColumn))' <<<"$output"
  [ "${lines[*]}" = "error b%3A%20%3C50%25%3E%2C%22%C3%A9%22.yaml %SRCROOT% 4 9 10" ]
  # What cannot be read is said there, too.
  run bash -c 'headgate check --format sarif none.yaml 2>/dev/null | jq -r ".runs[0].invocations[0].executionSuccessful"'
  [ "$output" = false ]
}

@test "check --format junit" {
  mixed_files
  run --separate-stderr headgate check --format junit
  [ "$status" -eq 1 ]
  [ -z "$stderr" ]
  xml=$output
  xmllint --noout - <<<"$xml"
  [ "$(xmllint --xpath 'string(/testsuites/testsuite/@tests)' - <<<"$xml")" = \
    "$(xmllint --xpath 'count(/testsuites/testsuite/testcase)' - <<<"$xml")" ]
  [ "$(xmllint --xpath 'string(/testsuites/testsuite/@failures)' - <<<"$xml")" = 1 ]
  [ "$(xmllint --xpath 'string(//testcase[failure]/@file)' - <<<"$xml")" = 'b: <50%>,"é".yaml' ]
  [[ "$(xmllint --xpath 'string(//failure)' - <<<"$xml")" == *'b: <50%>,"é".yaml:4:9: error: '*'  hint: for example bad-1'* ]]
  # Without findings there is a case that passed.
  xml=$(headgate check --format junit good.yaml)
  [ "$(xmllint --xpath 'count(//testcase)' - <<<"$xml")" = 1 ]
  [ "$(xmllint --xpath 'count(//failure)' - <<<"$xml")" = 0 ]
}

@test "check --format junit: bytes that XML has no place for" {
  bad_manifest >$'a\x01\xff\x1b]]>.yaml'
  printf 'a: 1\n"\xef\xbf\xbf<": 1\n"\xef\xbf\xbf<": 2\n' >b.yaml
  run headgate check --format junit
  [ "$status" -eq 1 ]
  xmllint --noout - <<<"$output"
  [ "$(xmllint --xpath 'count(//failure)' - <<<"$output")" = 2 ]
}

@test "check --format github" {
  mixed_files
  run --separate-stderr headgate check --format github
  [ "$status" -eq 1 ]
  [[ "${lines[0]}" == '::error file=b%3A <50%25>%2C"é".yaml,line=4,col=9,title=k8s/name::metadata.name "Bad_1" is not a DNS name'*'%0Ahint: for example bad-1' ]]
  [[ "$stderr" == "2 errors"*" in 3 files" ]]
  run headgate check --format github good.yaml
  [ "$status" -eq 0 ]
  [ "$output" = "no findings in 1 file" ]
}

@test "check: escape bytes in a name and in a key reach no terminal" {
  printf '"\\e[31m": 1\n"\\e[31m": 2\n' >"$(printf 'a\033[31m\n.yaml')"
  printf 'b: "\033[2J"\n' >b.yaml
  run headgate check .
  [ "$status" -eq 1 ]
  [[ $output != *$'\033'* ]]
  [[ ${lines[0]} == '"a\e[31m\n.yaml":2:1: error: duplicate key "\e[31m" [yaml/duplicate-key]' ]]
  [[ $output == *"b.yaml:1:5: error:"* ]]
  run headgate check --format json .
  [[ $output != *$'\033'* ]]
  [ "$(jq '.findings | length' <<<"$output")" -eq 2 ]
}

@test "check: no colours off a terminal" {
  bad_manifest >a.yaml
  TERM=xterm-256color run headgate check a.yaml
  [[ $output != *$'\033'* ]]
}

@test "check: colours on a terminal, unless NO_COLOR says no" {
  bad_manifest >a.yaml
  TERM=xterm-256color run script -qec "headgate check a.yaml" /dev/null
  [[ $output == *$'\033[1;31merror: '* ]]
  TERM=xterm-256color NO_COLOR=1 run script -qec "headgate check a.yaml" /dev/null
  [[ $output == *error:* && $output != *$'\033'* ]]
  TERM=dumb run script -qec "headgate check a.yaml" /dev/null
  [[ $output == *error:* && $output != *$'\033'* ]]
}

@test "check: a file that is too large is refused unread" {
  truncate -s 1G big.yaml
  run headgate check big.yaml
  [ "$status" -eq 1 ]
  [[ ${lines[0]} == "big.yaml: error: the file has 1073741824 bytes; 10485760 is the most that is checked [git/blob-size]" ]]
  run bash -c 'head -c 11M /dev/zero | headgate check -'
  [ "$status" -eq 1 ]
  [[ ${lines[0]} == "-: error: the file has more than 10485760 bytes, the most that is checked [git/blob-size]" ]]
}

@test "check: hostile files are refused at once" {
  printf '%064000d' 0 | tr 0 '[' >deep.yaml
  cp deep.yaml deep.json
  printf '\x00\x01\x02' >binary.yaml
  printf 'a: \xff\n' >utf8.yaml
  {
    echo 'a0: &a0 [x, x, x, x, x, x, x, x, x]'
    for i in 1 2 3 4 5 6 7 8 9; do
      j=$((i - 1))
      echo "a$i: &a$i [*a$j, *a$j, *a$j, *a$j, *a$j, *a$j, *a$j, *a$j, *a$j]"
    done
  } >bomb.yaml
  run timeout 5 headgate check .
  [ "$status" -eq 1 ]
  for rule in "binary.yaml:1:1 git/binary" "bomb.yaml:[0-9]+:[0-9]+ yaml/alias-bomb" "deep.json:1:101 yaml/depth" \
    "deep.yaml:1:101 yaml/depth" "utf8.yaml:1:4 yaml/syntax"; do
    grep -qE "^${rule% *}: error: .*\\[${rule#* }\\]" <<<"$output"
  done
}

@test "check: what cannot be read is told, and is exit 2" {
  good_manifest a >a.yaml
  run headgate check a.yaml none.yaml
  [ "$status" -eq 2 ]
  [[ ${lines[0]} == "headgate: none.yaml: No such file or directory" ]]
  mkfifo pipe.yaml
  run timeout 5 headgate check pipe.yaml
  [ "$status" -eq 2 ]
  [[ ${lines[0]} == "headgate: pipe.yaml: not a file or folder" ]]
  # Errors that were found count for more.
  bad_manifest >b.yaml
  run headgate check b.yaml none.yaml
  [ "$status" -eq 1 ]
}

@test "check: a result that cannot be written is exit 2" {
  bad_manifest >a.yaml
  run bash -c 'headgate check a.yaml >/dev/full'
  [ "$status" -eq 2 ]
  [[ $output == *"cannot write the result"* ]]
}

@test "check and explain: mistakes in the arguments" {
  for arguments in "check --format xml" "check --no-such-option" "check --rev" "check --repo x" "explain --foo" \
    "explain a b" "explain no/such-rule"; do
    # shellcheck disable=SC2086
    run headgate $arguments
    [ "$status" -eq 2 ]
    [[ ${lines[0]} == "headgate: ${arguments%% *}: "* ]]
  done
  run headgate chekc
  [ "$status" -eq 2 ]
  [[ ${lines[0]} == "headgate: there is no verb chekc; did you mean check?" ]]
  run headgate
  [ "$status" -eq 2 ]
}

@test "explain: the list, one rule, JSON" {
  run headgate explain
  [ "$status" -eq 0 ]
  [[ $output == *"k8s/name "*"error"*"A name that Kubernetes does not take"* ]]
  run headgate explain k8s/name
  [ "$status" -eq 0 ]
  [ "${lines[0]}" = "k8s/name: A name that Kubernetes does not take" ]
  [ "$(awk 'length > 80' <<<"$output")" = "" ]
  run headgate explain k8s/nam
  [[ ${lines[0]} == *"did you mean k8s/name?" ]]
  run headgate explain duplicate-key
  [[ ${lines[0]} == *"did you mean yaml/duplicate-key?" ]]
  [ "$(headgate explain --json | jq -r '.rules | length')" -gt 10 ]
  [ "$(headgate explain --json yaml/depth | jq -r .id)" = yaml/depth ]
}

@test "headgate: --version and --help" {
  run headgate --version
  [ "$status" -eq 0 ]
  [[ $output =~ ^headgate\ [0-9] ]]
  for verb in "" check explain; do
    # shellcheck disable=SC2086
    run headgate $verb --help
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == "usage: headgate ${verb:-VERB}"* ]]
  done
}
