# Completion of headgate(1) for fish. Verbs and options are what --help says, so that they are those of the program that is installed;
# names of agents, targets and repositories are what the daemon says, where it may be asked.

function __headgate_below
    headgate $argv[1] --help 2>/dev/null | sed -nE "s/^(usage:|      ) headgate $argv[1] ([a-z]+)( .*)?\$/\\2/p" | sort -u
end

# The words before the one that is completed, without the program's name.
function __headgate_words
    set -l words (commandline -opc)
    set -e words[1]
    string join \n -- $words
end

# The verb, and the one below it when there is one.
function __headgate_verb
    set -l words (__headgate_words)
    set -q words[1]; or return 1
    echo $words[1]
    if set -q words[2]; and contains -- $words[2] (__headgate_below $words[1])
        echo $words[2]
    end
end

# Options of a verb, with what they are for: "--ref<tab>of these refs"; and with the name of the value: "--ref GLOB".
function __headgate_described
    headgate $argv --help 2>/dev/null | sed -nE 's/^ +(-[a-zA-Z]), (--[a-z-]+)( [A-Z1][^ ]*)? *(.*)$/\1\t\4\n\2\t\4/p; s/^ +(--[a-z-]+)( [A-Z1][^ ]*)? *(.*)$/\1\t\3/p'
end
function __headgate_options
    headgate $argv --help 2>/dev/null | sed -nE 's/^ +(-[a-zA-Z]), (--[a-z-]+)( [A-Z1][^ ]*)?( .*)?$/\1\3\n\2\3/p; s/^ +(--[a-z-]+)( [A-Z1][^ ]*)?( .*)?$/\1\2/p'
end

function __headgate_agents
    headgate agent list 2>/dev/null | awk 'NR > 1 {print $1}'
end

function __headgate_targets
    headgate status 2>/dev/null | awk -v agent="$argv[1]" '$1 == "NAME" {there = 1; next} there && $1 == agent && $4 != "-" {print $4}'
end

function __headgate_repositories
    headgate status 2>/dev/null | awk '$1 == "REPOSITORY" {there = 1; next} !NF {there = 0} there {print $1}'
end

function __headgate_mirrors
    headgate mirror list 2>/dev/null | awk '(NR == 1 && $1 != "MIRROR") || !NF {exit} NR > 1 {print $1}'
end

function __headgate_copies
    headgate mirror show "$argv[1]" 2>/dev/null | awk '$1 == "REPOSITORY" {there = 1; next} there {print $1}'
end

function __headgate_value
    switch "$argv[1]/$argv[2]"
        case '--repo/GLOB'
            __headgate_repositories
        case '--agent/*'
            __headgate_agents
        case '--kind/KIND'
            printf '%s\n' cluster host
        case '--role/*'
            printf '%s\n' viewer operator admin
        case '--layout/*'
            printf '%s\n' auto plain gitlab gitea
        case '--format/*'
            printf '%s\n' text json sarif junit github
        case '--state/*'
            printf '%s\n' waiting delivered parked queued
        case '*/DIR'
            __fish_complete_directories (commandline -ct)
        case '*/FILE' '*/CONFIG' '*/PACK' '--stdin-name/*'
            __fish_complete_path (commandline -ct)
    end
end

# The Nth argument of a verb.
function __headgate_argument
    switch "$argv[1]/$argv[2]/$argv[3]"
        case diff//1 history//1 sync//1 suspend//1 resume//1 agent/remove/1 agent/rotate/1
            __headgate_agents
        case diff//2 history//2 sync//2 suspend//2 resume//2
            __headgate_targets $argv[4]
        case wait//1
            __headgate_repositories
        case token/remove/1 token/rotate/1
            headgate token list 2>/dev/null | awk 'NR > 1 {print $1}'
        case mirror/show/1 mirror/sync/1 mirror/verify/1 mirror/pause/1 mirror/resume/1 mirror/upstreams/1 mirror/promote/1
            __headgate_mirrors
        case mirror/show/2 mirror/sync/2 mirror/verify/2 mirror/pause/2 mirror/resume/2
            __headgate_copies $argv[4]
        case 'webhook/*/1'
            headgate webhook list 2>/dev/null | awk 'NR > 1 {print $1}'
        case explain//1
            headgate explain --json 2>/dev/null | grep -oE '"id":"[^"]*"' | cut -d '"' -f 4
        case 'check//*' 'install//*' 'replay//*' 'schema/import/*' 'schema/verify/*' audit/backup/1
            __fish_complete_path (commandline -ct)
    end
end

function __headgate_complete
    set -l words (__headgate_words)
    set -l current (commandline -ct)
    if not set -q words[1]
        headgate --help 2>/dev/null | sed -nE 's/^  ([a-z]+)  +(.*)/\1\t\2/p'
        printf '%s\n' --help --version
        return
    end
    set -l verbs (__headgate_verb)
    set -l options (__headgate_options $verbs[1]; set -q verbs[2]; and __headgate_options $verbs)
    for option in $options
        set -l parts (string split -m 1 ' ' -- $option)
        if set -q parts[2]; and test "$parts[1]" = "$words[-1]"
            __headgate_value $parts
            return
        end
    end
    if string match -q -- '-*' "$current"
        __headgate_described $verbs[1]
        set -q verbs[2]; and __headgate_described $verbs
        return
    end
    set -l n 1
    set -l first ''
    set -l i (math (count $verbs) + 1)
    while test $i -le (count $words)
        if string match -q -- '-*' $words[$i]
            for option in $options
                string match -q -- "$words[$i] *" $option; and set i (math $i + 1); and break
            end
        else
            test -n "$first"; or set first $words[$i]
            set n (math $n + 1)
        end
        set i (math $i + 1)
    end
    set -q words[2]; or __headgate_below $words[1]
    __headgate_argument $verbs[1] "$verbs[2]" $n $first
end

complete -c headgate -f -a '(__headgate_complete)'
