# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# errands: what the rows of errands that change a whole store share. Source it instead of
# lib.sh. A host is what lies on one machine: the realm, its far witness, and the desks' files,
# all of them in memory.
#
#   new_host [LINE...]   a host of its own; $realm, $far, $runtime
#   keep NAME            the host as it is now
#   bring_back NAME      ... is so again
#   place SERIES         the last number that the series gave here goes into $given[SERIES]
#   goes_on              docketd starts, and each series goes on above what it gave
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/host.sh"

memory=$(mktemp -d /dev/shm/docket-proof.XXXXXX)
at_cleanup() { rm -rf -- "${memory:?}"; }
new_work
cut=$(binary docket-cut)
declare -A given=()

new_host() {
    rm -rf -- "$memory/realm" "$memory/other" "${logs:-$memory/none}" "${runtime:-$memory/none}"
    mkdir -m 700 "$memory/other"
    far=$memory/other realm_in=$memory
    new_realm "witness_dir = $far" "$@"
}

# The number in what `docket next` printed last: its last run of digits.
number_of() {
    tail -n 1 "$1" | grep -oE '[0-9]+$' | sed 's/^0*//'
}

place() {
    "$docket" next "$1" --no-start -n "${2:-1}" >"$work/next.out" 2>"$work/next.err" || return 1
    number=$(number_of "$work/next.out")
}

# give SERIES COUNT: numbers go out, and are remembered
give() {
    place "$1" "$2" || fail "$1 gives $2 numbers" "$work/next.err"
    given[$1]=$number
}

# serves: the next start of docketd is taken
serves() {
    run_child "$work/docketd.log" "$docketd" --realm "$realm"
    docketd_pid=$child
    wait_until 20 serves_or_ended || true
    if is_running "$docketd_pid"; then
        code=0
        return 0
    fi
    code=0
    wait_child "$docketd_pid" || code=$?
    docketd_pid=''
    return 1
}

# goes_on [exactly]: above all that was given; exactly: with the very next number
goes_on() {
    local name
    for name in "${!given[@]}"; do
        if ! place "$name"; then
            wrong "$name gives nothing any more" "$work/next.err"
        elif [ "$number" -le "${given[$name]}" ]; then
            twice=$((twice + 1))
            wrong "$name gave $number again, ${given[$name]} was given before"
        elif [ "${1:-}" = exactly ] && [ "$number" != $((${given[$name]} + 1)) ]; then
            wrong "$name gave $number after ${given[$name]}"
        fi
        given[$name]=$number
    done
}

# ---- an errand, killed at each of its calls ---------------------------------

cuts=0 runs=0 faults=0 twice=0

wrong() {
    faults=$((faults + 1))
    fail "$errand, ${how:-killed at} $at: $1" "${2:-}"
}

# A word of the command, or of a docketd that stays: it is ended once it serves.
run_cut() {
    local pid
    "$cut" --at "$at" --base "$work/cut" ${all_calls:+--all} -- "$@" >"$work/cut.out" 2>"$work/cut.err" &
    pid=$!
    children[$pid]=1
    if [ "${stays:-0}" = 1 ]; then
        docketd_pid=''
        wait_until 20 cut_serves_or_ended "$pid" || wrong "it neither serves nor ends" "$work/cut.log"
        kill -TERM "$pid" 2>/dev/null || true
    fi
    wait_child "$pid" || true
    runs=$((runs + 1))
    was_cut=$(figure_of cut "$work/cut.out")
    cut_code=$(figure_of code "$work/cut.out")
    cuts=$((cuts + was_cut))
}

cut_serves_or_ended() { is_serving || ! is_running "$1"; }

# each_cut NAME STRIDE: NAME_ready, NAME_run under the knife, NAME_judge, until a run sees none
each_cut() {
    local stride=$2 name
    local -A at_first=()
    errand=$1
    for name in "${!given[@]}"; do at_first[$name]=${given[$name]}; done
    if [ "${FIRST:-}" != '' ]; then at=$FIRST; else at=$((RANDOM % stride + 1)); fi
    while :; do
        for name in "${!at_first[@]}"; do given[$name]=${at_first[$name]}; done
        "${errand}_ready"
        "${errand}_run"
        "${errand}_judge"
        [ -z "$docketd_pid" ] || kill_docketd
        [ "$was_cut" = 1 ] || break
        at=$((at + stride))
        [ "$at" -lt 5000 ] || break
    done
    for name in "${!at_first[@]}"; do given[$name]=${at_first[$name]}; done
    note "$errand: $((at - 1)) calls that change a file, each $stride-th cut"
}

# ---- what each errand must have come to --------------------------------------

offline() {
    "$docketd" --realm "$realm" --offline "$@" >"$work/offline.out" 2>"$work/offline.err"
}

# An older store was to be accepted: refused until the same command has finished, and then beyond all that was given.
accept_judge() {
    rm -rf -- "${runtime:?}"/* # the desks' files would know more: the power goes, too
    if ! serves; then
        [ "$code" = 4 ] || wrong "the next start ends with $code" "$work/docketd.log"
        run_child "$work/docketd.log" "$docketd" --realm "$realm" --accept-store 1000
        docketd_pid=$child
        wait_until 20 serves_or_ended || true
        is_running "$docketd_pid" || wrong "accepted again, it does not serve" "$work/docketd.log"
    fi
    goes_on
}

# Numbers of another system, for acme/S and, with a ledger, acme/K.
importer=$(binary docket-importer)
year=$(date -u +%Y)
printf '%s\n' '1001 1400 used 0 - -' '1402 1500 used 0 - -' '1501 1510 void 0 - -' >"$work/rows.S"
for ((row_at = 1201; row_at <= 1510; row_at++)); do
    echo "$row_at $row_at $([ $((row_at % 7)) = 0 ] && echo void || echo used) 0 old-$row_at -"
done >"$work/rows.K"
bring_numbers() {
    "$importer" "$realm" acme "$1" "$year" >"$work/import.out" 2>&1 <"$work/rows.$1"
}

import_judge() {
    local name
    serves || wrong "docketd does not serve again" "$work/docketd.log"
    for name in S K; do
        bring_numbers "$name" || wrong "the same import does not finish it" "$work/import.out"
        place "acme/$name" || wrong "acme/$name gives nothing" "$work/next.err"
        if [ "$number" -le 1510 ]; then
            twice=$((twice + 1))
            wrong "acme/$name gave $number, which was imported"
        fi
    done
    goes_on
}

# The new realm on this very host: the far witness is the same, which is the harder case.
twin=$memory/twin
make_twin() {
    rm -rf -- "$twin" "$memory/twin_runtime"
    mkdir -m 700 "$twin" "$memory/twin_runtime"
    printf '[realm]\nruntime_dir = %s\nwitness_dir = %s\n[default]\nwindow = 64\n' "$memory/twin_runtime" "$far" >"$twin/docket.conf"
    [ -z "${1:-}" ] || printf '%s\n' "$1" >"$twin/arrival"
    [ -z "${1:-}" ] || chmod 600 "$twin/arrival"
}
at_twin() { original=$realm realm=$twin DOCKET_REALM=$twin; }
at_original() { realm=$original DOCKET_REALM=$original; }
arrives() {
    offline import-state "$memory/gone" || wrong "the state does not arrive" "$work/offline.err"
    serves || wrong "docketd does not serve it: $code" "$work/docketd.log"
    goes_on exactly
}
