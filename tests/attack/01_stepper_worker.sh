#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# SIGKILL at every instruction of a worker's operations, on the shipped
# library: next, block, give back; at every shared state and system call of
# attach and detach. One realm with few seats serves all the kills; after each
# of them somebody else takes a number, and after each operation the auditor
# judges the whole realm. What the killed calls may have taken is told to it
# exactly, so one number lost anywhere is seen. OPERATIONS (a regular
# expression) picks some, SAMPLE bounds the points of each (0: all; at the small
# scale the long slow paths are sampled).
#
# row: 1
# seconds: 140 170
# waits
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/attack/lib.sh
. "$here/lib.sh"
export TMPDIR=/dev/shm # processes die here, no power is lost: the disk need not be waited for

sample=${SAMPLE:-$(scale 300 0)}
stepper=$(binary docket-stepw)
seats=96
total=0 excused=0 loose=0

new_realm "seats_max = $seats" 'lines_per_seat = 16' 'series_max = 256' 'rows_max = 512'
start_docketd

# attack OPERATION ORDER WHAT: its kills, its line of the table, the audit
attack() {
    local op=$1 order=$2 what=$3 code=0 out=$work/$1.out
    # A third kind of order: strict, and no date before the last one
    local chronological=no
    [ "$order" = "${order%-chronological}" ] || chronological=yes
    add_series "acme/$op" --order "${order%-chronological}" --chronological "$chronological" --restart daily --window 64
    "$stepper" "$realm" "$logs" "$op" "$op" "$docketd_pid" "$sample" >"$out" 2>&1 || code=$?
    kill -CONT "$docketd_pid" 2>/dev/null || true
    if [ "$code" != 0 ]; then
        fail "$order: $what: every kill leaves the others working" "$out"
        return
    fi
    at_least "kills at each point of $order: $what" "$(figure_of "$([ "$sample" = 0 ] && echo points || echo kills)" "$out")" \
        "$(figure_of kills "$out")"
    note "$(figure_of late "$out") of them behind the operation's end"
    total=$((total + $(figure_of kills "$out"))) excused=$((excused + $(figure_of excused "$out")))
    loose=$((loose + $(figure_of loose "$out") * $(figure_of excused "$out")))
    check "$order: $what: the audit is clean" audit --unknown-max 0
}

while read -r op order what; do
    [[ $op =~ ^(${OPERATIONS:-.*})$ ]] || continue
    attack "$op" "$order" "$what"
done < <("$stepper" --list)

# After everything: the books agree with what the kills can have cost.
at_most 'numbers given twice' 0 "$(figure given_twice "$work/audit.json")"
at_most 'numbers unaccounted for' 0 "$(figure unaccounted "$work/audit.json")"
lost=$(figure not_logged "$work/audit.json")
at_most 'numbers that kills cost beyond those of their own call' 0 "$((lost > excused ? lost - excused : 0))"
at_most 'numbers of killed calls that were handed out and came back' "$loose" "$((excused - lost))"
check "$total kills: docketd is the one that was started" is_running "$docketd_pid"
"$docket" status --json >"$work/status.json"
at_most 'series quarantined' 0 "$(grep -o '"quarantined": *[0-9]*' "$work/status.json" | grep -o '[0-9]*$')"

# All seats at once.
pids=() ids=()
for ((i = 0; i < seats; i++)); do
    start_worker "seat$i" --series acme/all --count 200 --rate 400
    pids+=("$child") ids+=("seat$i")
done
for pid in "${pids[@]}"; do
    wait_child "$pid" || true
done
check "after $total kills all $seats seats can be taken at once" all_worked "${ids[@]}"
check "at the end: the audit is clean" audit --unknown-max 0
finish
