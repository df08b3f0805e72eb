#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Kin: fork, raw clone, vfork, exec (also from a second thread), fork in another
# thread's mid-operation, parent dies first (its child goes on, or stays idle), double fork, exit handlers and
# destructors in the child, every descriptor closed, descriptors used again, a
# process that shares the memory, fork in a signal handler. Each case many times,
# strict and leased in turn, always with a lease in use and a block open.
#
# Judged: the child takes nothing of its parent's block, which answers
# FOREIGN_BLOCK; parent and child both go on; everybody ends in order; the audit
# is clean; seats, of which there are few, all come back.
#
# ROUNDS of each case; SEED; CASES.
#
# row: 10
# seconds: 9 70
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/attack/lib.sh
. "$here/lib.sh"

rounds=${ROUNDS:-$(scale 20 200)}
cases=${CASES:-fork clone vfork exec exec-thread mid-operation parent-first idle-child double-fork atexit closed reused sibling signal}
echo "seed $SEED"

new_realm 'seats_max = 24' '[default]' 'restart = never' 'window = 400'
start_docketd
add_series acme/strict --order strict
add_series acme/leased --order leased
kin=$(binary docket-kin)

# The slow one beside the others: each has rounds enough to meet the other's seats.
drivers=()
for case in $cases; do
    run_child "$work/$case.out" timeout 600 "$kin" "$realm" "$logs" acme $((SEED + ${#drivers[@]})) "$rounds" "$case"
    drivers+=("$child")
    [ "$case" = sibling ] && continue
    # two at a time beside it
    while [ "$(jobs -pr | wc -l)" -gt 4 ]; do
        sleep 0.05
    done
done
for driver in "${drivers[@]}"; do
    wait_child "$driver" || true
done

total=0 least=$rounds
for case in $cases; do
    done=$(figure_of "$case" "$work/$case.out")
    total=$((total + ${done:-0}))
    [ "${done:-0}" -ge "$least" ] || least=${done:-0}
    check "$case: $rounds rounds, all end in order" test "${done:-0}" = "$rounds"
    [ "${done:-0}" = "$rounds" ] || tail -n 5 "$work/$case.out"
done
set -- $cases
at_least "cases: fork, clone, vfork, exec, threads, exits, descriptors, signal" 12 $#
at_least "rounds of each case" "$(scale 20 200)" "$least"

seats_free() {
    "$docket" inspect --json >"$work/inspect.json" 2>/dev/null &&
        [ "$(jq '[.desks[].figures.seats_taken] | add' "$work/inspect.json")" = 0 ]
}
check "all ended: every seat comes back" within 30 seats_free
check "the audit is clean: children took nothing of their parents' leases and blocks" audit --unknown-max 0
at_most "numbers given twice" 0 "$(figure duplicates "$work/audit.json")"
at_most "numbers unaccounted for" 0 "$(figure unaccounted "$work/audit.json")"
at_least "numbers taken by the families" $((total * 30)) "$(figure logged "$work/audit.json")"
at_least "seats given (of 24) in all" $((rounds * 20)) "$(jq '[.desks[].figures.seats_reaped] | add' "$work/inspect.json")"
finish
