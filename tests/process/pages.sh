#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The manual pages and the completion: no warning of the formatter, nothing left
# out, every link leads somewhere, and every example runs.
#
# An example is a line that begins with "$ ", in `docket help COMMAND` and in a
# literal block of a page. The lines of a block run in order, in a directory and
# a realm of their own. Lines that begin with "# " are for root and a service
# manager; tests/process/install.sh looks at those.
#
# seconds: 12 12
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"
top=$(cd "$here/../.." && pwd)
pages=$(realpath "$BUILD/man")
new_realm
bin=$work/bin
mkdir "$bin"
ln -s "$docket" "$bin/docket"
ln -s "$docketd" "$bin/docketd"

# ---- form ----

formats() {
    local page=$1 leads
    leads=$(sed -n 's/^\.so man[1-8]\///p' "$page")
    [ -z "$leads" ] || page=$pages/$leads
    MANWIDTH=100 man --warnings -E UTF-8 -l -Z "$page" 2>"$work/warnings" >"$work/formatted" || return 1
    [ ! -s "$work/warnings" ] && [ -s "$work/formatted" ] || { cat "$work/warnings"; return 1; }
}
for page in "$pages"/*.[1-8]; do
    check "$(basename "$page"): formats without a warning" formats "$page"
done

# Every "Xr NAME SECTION" of ours.
links_lead_somewhere() {
    local bad=0 name section
    while read -r name section; do
        name=${name//\\/}
        [[ $name == *docket* ]] || continue
        [ -e "$pages/$name.$section" ] || { echo "there is no page $name($section)"; bad=1; }
    done < <(sed -n 's/.*Xr \([^ ]*\) \([1-8]\).*/\1 \2/p' "$pages"/*.[1-8])
    return "$bad"
}
check "references to other pages: each leads to a page" links_lead_somewhere

# ---- completeness ----

# The pages without troff's escapes.
mkdir "$work/plain"
for page in "$pages"/*.[1-8]; do
    sed 's/\\&//g; s/\\-/-/g; s/\\e/\\/g' "$page" >"$work/plain/$(basename "$page")"
done

# What `docket help` lists: names of one or two words.
commands() {
    "$docket" help | sed -n '/^commands/,/^$/s/^  \([a-z-]\+\( [a-z-]\+\)\?\) .*/\1/p'
}
# all_in WHAT PATTERN: each line of stdin, put into the pattern at %, is in a page
all_in() {
    local word bad=0 count=0
    while read -r word; do
        count=$((count + 1))
        grep -qE -- "${2//%/$word}" "$work"/plain/* || { echo "no page has the $1 $word"; bad=1; }
    done
    echo "$count of them"
    [ "$bad" = 0 ] && [ "$count" -ge "${3:-5}" ]
}
# shellcheck disable=SC2317
have_commands() { commands | all_in command '^\.Ss docket %( |$)' 10; }
have_statuses() { grep -oE '^ +DOCKET_[A-Z_]+ = [0-9]+,?  +/\*' "$top/include/docket.h" | grep -v CATEGORY |
    awk '{print $1}' | all_in status '^\.It Dv % ' 30; }
have_keys() { "$docketd" --help-config | sed -n 's/^# \([a-z_]*\)$/\1/p' | all_in key '^\.It Ic % ' 10; }
have_desk_keys() { "$docketd" --help-config | sed -n 's/^#   \([a-z]*\) *= .*/\1/p' | all_in key "^# +% += " 3; }
have_daemon_options() { "$docketd" --help | grep -oE '^  --[a-z-]+' | sed 's/^  --//' | all_in option 'Fl -%( |$)' 8; }
have_functions() { grep -hoE '\bdocket_[a-z_]+\(' "$top"/include/*.h | sort -u | tr -d '(' |
    all_in function '(^|[ *])%\(' 25; }
have_codes() { "$docket" help | sed -n '/^exit codes/,/^$/s/^  \([0-9]\) .*/\1/p' | all_in code '^\.It %$' 6; }
check "each command of docket help: has its section in a page" have_commands
check "each status of docket.h: is in a page" have_statuses
check "each key of docketd --help-config: is in a page" have_keys
check "each key of a desk: is in a page" have_desk_keys
check "each option of docketd --help: is in a page" have_daemon_options
check "each function of the headers: is in a page" have_functions
check "each exit code of docket: is in a page" have_codes

# Each command's own options, in the page that has the command.
have_options() {
    local name option bad=0
    while read -r name; do
        for option in $("$docket" help "$name" | sed -n '/^options/,/^$/s/^  .\{4\}--\([a-z-]*\).*/\1/p'); do
            awk -v head=".Ss docket $name" -v flag="Fl -$option" '
                /^\.S[sh] / {on = $0 == head || index($0, head " ") == 1}
                on && index($0 " ", flag " ") {found = 1} END {exit !found}' "$work"/plain/* ||
                { echo "docket $name: no page has --$option"; bad=1; }
        done
    done < <(commands)
    return "$bad"
}
check "each option of each command: is in its section" have_options

# ---- examples ----

# blocks DIRECTORY: each block of examples in a file of its own, none twice
blocks() {
    local name page
    mkdir "$1"
    while read -r name; do
        # shellcheck disable=SC2086
        "$docket" help $name | sed -n 's/^ *\$ /$ /p' >"$1/help-${name// /-}"
    done < <(commands)
    for page in "$pages"/*.[1-8]; do
        awk -v to="$1/$(basename "$page")" '
            /^\.Bd -literal/ {block++}
            /^\$ / {gsub(/\\-/, "-"); gsub(/\\e/, "\\"); sub(/\\&/, ""); print > (to "-" block)}' "$page"
    done
    find "$1" -empty -delete
    # What a page repeats from the help runs once.
    for page in "$1"/*-[0-9]*; do
        for name in "$1"/help-*; do
            ! cmp -s "$page" "$name" || { rm "$page"; break; }
        done
    done
}

runs() {
    local block=$1 at line
    at=$(mktemp -d "$work/example.XXXXXX")
    while read -r line; do
        if ! (cd "$at" && PATH=$bin:$PATH bash -e -o pipefail -c "${line#\$ }") >"$at/said" 2>&1 </dev/null; then
            echo "$line"
            cat "$at/said"
            return 1
        fi
    done <"$block"
    # A realm that an example made has its shared files elsewhere.
    for line in "$at"/*/runtime; do
        [ ! -L "$line" ] || rm -rf -- "$(readlink "$line")"
    done
}

another_realm() {
    stop_docketd
    rm -rf -- "${runtime:?}" "${realm:?}" "${logs:?}"
    new_realm
    start_docketd
}

blocks "$work/blocks"
start_docketd
lines=0
for block in "$work"/blocks/*; do
    another_realm
    check "examples of $(basename "$block"): each ends with 0" runs "$block"
    lines=$((lines + $(wc -l <"$block")))
done
check "examples: there are many of them ($lines)" test "$lines" -ge 20

bare=$(while read -r name; do [ -s "$work/blocks/help-${name// /-}" ] || echo "$name"; done < <(commands) | paste -sd, -)
[ -z "$bare" ] || note "commands without an example: $bare"

# ---- completion ----

# complete WORD...: what bash would propose for the last word
propose() {
    bash -c '
        . "$1"
        COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2))
        _docket
        printf "%s\n" "${COMPREPLY[@]}"' completion "$pages/docket.bash" "$docket" "$@" | sort
}
# proposes EXPECTED WORD...
proposes() {
    local expected got
    expected=$(tr ' ' '\n' <<<"$1" | sort | sed '/^$/d')
    shift
    got=$(propose "$@" 2>&1)
    [ "$got" = "$expected" ] || { printf 'for: docket %s\nwanted: %s\ngot: %s\n' "$*" "$expected" "$got"; return 1; }
}
options_of() {
    # shellcheck disable=SC2086
    "$docket" help $1 | sed -n '/^options/,/^$/s/^  .\{4\}\(--[a-z-]*\).*/\1/p' | tr '\n' ' '
}
all_options() {
    local name
    while read -r name; do
        # shellcheck disable=SC2086
        proposes "$(options_of "$name")" $name - || return 1
    done < <(commands)
}
another_realm
add_series acme/INV
add_series acme/ORD
add_series globex/INV
words=$(commands | awk '{print $1}' | sort -u | tr '\n' ' ')
check "completion, nothing yet: proposes every command" proposes "$words --realm" ''
check "completion, the start of a command" proposes 'next' ne
check "completion, a group: proposes its second words" \
    proposes "$(commands | sed -n 's/^series //p' | tr '\n' ' ')" series ''
check "completion, -: proposes the options of each command" all_options
check "completion, the start of an option" proposes '--timeout' next --ti
check "completion, an option's argument: proposes what it may be" proposes 'gapless leased strict' series add --order ''
check "completion, an option's argument: behind = too" proposes 'leased' series add --order = le
check "completion, --release of a series: proposes what it may be" proposes 'recycle void' series add --release ''
check "completion, --release of resolve takes no word: proposes series" proposes 'acme/INV acme/ORD globex/INV' resolve --release ''
check "completion, a number is wanted: proposes nothing" proposes '' next --count ''
check "completion, help: proposes commands" proposes 'next' help ne
stop_docketd
check "completion, docketd is away: proposes the realm's series" proposes 'acme/INV acme/ORD globex/INV' next ''
check "completion, the start of a series" proposes 'acme/INV acme/ORD' series show ac
unset DOCKET_REALM
check "completion, no realm: proposes nothing" proposes '' next ''
check "completion, --realm DIR: proposes that realm's series" \
    proposes 'globex/INV' --realm "$realm" next gl
check "completion, --realm=DIR: proposes that realm's series" \
    proposes 'globex/INV' next --realm = "$realm" gl
mkdir "$work/realms" "$work/realms/one" "$work/realms/two"
check "completion, --realm: proposes directories" \
    proposes "$work/realms/one $work/realms/two" next --realm "$work/realms/"
finish
