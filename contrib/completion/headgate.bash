# Completion of headgate(1) for bash. Verbs and options are what --help says, so that they are those of the program that is installed;
# names of agents, targets and repositories are what the daemon says, where it may be asked.

# What a verb's --help has: the verbs below it.
_headgate_below() {
  headgate "$1" --help 2>/dev/null | sed -nE "s/^(usage:|      ) headgate $1 ([a-z]+)( .*)?\$/\\2/p" | sort -u
}

# Its options, each with the name of its value behind it where it has one: "--ref GLOB".
_headgate_options() {
  headgate "$@" --help 2>/dev/null |
    sed -nE 's/^ +(-[a-zA-Z]), (--[a-z-]+)( [A-Z1]\S*)?( .*)?$/\1\3\n\2\3/p; s/^ +(--[a-z-]+)( [A-Z1]\S*)?( .*)?$/\1\2/p'
}

_headgate_agents() {
  headgate agent list 2>/dev/null | awk 'NR > 1 {print $1}'
}

_headgate_targets() {
  headgate status 2>/dev/null | awk -v agent="$1" '$1 == "NAME" {there = 1; next} there && $1 == agent && $4 != "-" {print $4}'
}

_headgate_repositories() {
  headgate status 2>/dev/null | awk '$1 == "REPOSITORY" {there = 1; next} !NF {there = 0} there {print $1}'
}

_headgate_mirrors() {
  headgate mirror list 2>/dev/null | awk '(NR == 1 && $1 != "MIRROR") || !NF {exit} NR > 1 {print $1}'
}

_headgate_copies() {
  headgate mirror show "$1" 2>/dev/null | awk '$1 == "REPOSITORY" {there = 1; next} there {print $1}'
}

# _headgate_value OPTION NAME: what the value of an option may be; 1: a file, 2: a folder.
_headgate_value() {
  case $1/$2 in
    --repo/GLOB) _headgate_repositories ;;
    --agent/*) _headgate_agents ;;
    --kind/KIND) printf '%s\n' cluster host ;;
    --role/*) printf '%s\n' viewer operator admin ;;
    --layout/*) printf '%s\n' auto plain gitlab gitea ;;
    --format/*) printf '%s\n' text json sarif junit github ;;
    --state/*) printf '%s\n' waiting delivered parked queued ;;
    */DIR) return 2 ;;
    */FILE | */CONFIG | */PACK | --stdin-name/*) return 1 ;;
  esac
}

# _headgate_argument VERB BELOW N [FIRST]: what the Nth argument may be, from 1.
_headgate_argument() {
  case $1/$2/$3 in
    diff//1 | history//1 | sync//1 | suspend//1 | resume//1 | agent/remove/1 | agent/rotate/1) _headgate_agents ;;
    diff//2 | history//2 | sync//2 | suspend//2 | resume//2) _headgate_targets "$4" ;;
    wait//1) _headgate_repositories ;;
    token/remove/1 | token/rotate/1) headgate token list 2>/dev/null | awk 'NR > 1 {print $1}' ;;
    mirror/show/1 | mirror/sync/1 | mirror/verify/1 | mirror/pause/1 | mirror/resume/1 | mirror/upstreams/1 | mirror/promote/1) _headgate_mirrors ;;
    mirror/show/2 | mirror/sync/2 | mirror/verify/2 | mirror/pause/2 | mirror/resume/2) _headgate_copies "$4" ;;
    webhook/*/1) headgate webhook list 2>/dev/null | awk 'NR > 1 {print $1}' ;;
    explain//1) headgate explain --json 2>/dev/null | grep -oE '"id":"[^"]*"' | cut -d '"' -f 4 ;;
    check//* | install//* | replay//* | schema/import/* | schema/verify/* | audit/backup/1) return 1 ;;
  esac
}

_headgate() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb='' below='' first='' n=1 i options value kind=0
  local IFS=$'\n'
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "$(headgate --help 2>/dev/null | sed -nE 's/^  ([a-z]+)  +.*/\1/p')"$'\n--help\n--version' -- "$word"))
    return
  fi
  verb=${COMP_WORDS[1]}
  if ((COMP_CWORD > 2)) && _headgate_below "$verb" | grep -qxF -- "${COMP_WORDS[2]}"; then
    below=${COMP_WORDS[2]}
  fi
  options=$(_headgate_options "$verb"; [[ -z $below ]] || _headgate_options "$verb" "$below")
  value=$(sed -nE "s/^($(sed 's/[^a-zA-Z-]/./g' <<<"$previous")) (.*)\$/\\2/p" <<<"$options" | head -n 1)
  if [[ -n $value ]]; then
    value=$(_headgate_value "$previous" "$value") || kind=$?
    ((kind)) || COMPREPLY=($(compgen -W "$value" -- "$word"))
  elif [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$(cut -d ' ' -f 1 <<<"$options")" -- "$word"))
  else
    for ((i = ${#below} ? 3 : 2; i < COMP_CWORD; i++)); do
      if [[ ${COMP_WORDS[i]} == -* ]]; then
        ! grep -qE -- "^${COMP_WORDS[i]//[^a-zA-Z-]/.} ." <<<"$options" || i=$((i + 1))
      else
        first=${first:-${COMP_WORDS[i]}} n=$((n + 1))
      fi
    done
    value=$(_headgate_argument "$verb" "$below" "$n" "$first") || kind=$?
    ((COMP_CWORD > 2)) || value+=$'\n'$(_headgate_below "$verb")
    ((kind)) || COMPREPLY=($(compgen -W "$value" -- "$word"))
  fi
  case $kind in
    1) COMPREPLY=($(compgen -f -- "$word")) ;;
    2) COMPREPLY=($(compgen -d -- "$word")) ;;
  esac
}

complete -o filenames -F _headgate headgate
