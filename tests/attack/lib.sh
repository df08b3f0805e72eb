# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# lib: what the attacks share. An attack is tests/attack/NN_name.sh, NN its row;
# its head says "# row: NN" and "# seconds: CHECK TORTURE" (what it takes at
# each scale; 0 where it does not run). It sources this file, which brings the
# realm, workers, audit and cases of tests/process/lib.sh, and for the table:
#
#   at_least WHAT ASKED REACHED    a case and a line of the table: REACHED >= ASKED
#   at_most WHAT ASKED REACHED     the same, REACHED <= ASKED
#   skip_row WHAT WHY              a line that says why it is not there
#
# KNOWN_BAD=1 ends the script at its first failed case: the runner of known-bad
# builds only wants to know whether there is one.
. "$(dirname "${BASH_SOURCE[0]}")/../process/lib.sh"

row=$(sed -n 's|^# row: *0*||p' "$0" | head -n 1)

# table_line WHAT ASKED REACHED VERDICT
table_line() {
    printf 'ROW|%s|%s|%s|%s|%s\n' "$row" "$1" "$2" "$3" "$4"
}

judged() {
    local what=$1 asked=$2 reached=$3 sign=$4
    if [[ $reached =~ ^-?[0-9]+$ ]] && [ "$reached" "-$sign" "$asked" ]; then
        table_line "$what" "$asked" "$reached" ok
        pass "$what: $reached"
    else
        table_line "$what" "$asked" "${reached:-nothing}" MISSED
        fail "$what: ${reached:-nothing}, asked $([ "$sign" = ge ] && echo at least || echo at most) $asked"
    fi
}

at_least() { judged "$1" "$2" "$3" ge; }
at_most() { judged "$1" "$2" "$3" le; }

skip_row() {
    table_line "$1" - - "skipped: $2"
    skip "$1: $2"
}

# figure_of KEY FILE: the last "KEY VALUE" line of a program's output
figure_of() {
    awk -v key="$1" '$1 == key {value = $2} END {print value}' "$2"
}

# What docketd set aside because a shared word could not be true: nobody scribbled
# here, so every one is our own mistake.
quarantines() {
    grep -ci quarantine "$work/docketd.log" || true
}

# within SECONDS CMD...: true as soon as CMD is; for commands that take their
# time, since it goes by the clock and not by turns
within() {
    local until=$((SECONDS + $1))
    shift
    while ! "$@"; do
        [ "$SECONDS" -lt "$until" ] || return 1
        sleep 0.1
    done
}
