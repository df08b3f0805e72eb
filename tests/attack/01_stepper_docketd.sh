#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# docketd killed at each change of the shared words and at both sides of each
# system call of its errands: lay, raise, clear, take back, reclaim, give a
# seat, make a series, evict one, place it again, give a number of an ended period,
# close one, stop, and adopt. Each time a new docketd must adopt the
# desk and finish the errand, a worker goes on, and after each errand the
# auditor judges the whole realm. ERRANDS (a regular expression) picks some;
# SAMPLE bounds the kills of each (0: every point).
#
# row: 1
# seconds: 200 560
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/attack/lib.sh
. "$here/lib.sh"
export TMPDIR=/dev/shm # processes die here, no power is lost: the disk need not be waited for

sample=${SAMPLE:-$(scale 3 0)}
stepper=$(binary docket-stepd)
total=0 excused=0 twice=0 unaccounted=0 not_logged=0

# A realm of its own for each errand: what else lies at the desk is stepped through too.
fresh_realm() {
    [ -z "$runtime" ] || rm -rf -- "$runtime" "$realm" "$logs"
    new_realm 'seats_max = 8' 'lines_per_seat = 8' "series_max = $1" 'rows_max = 256'
}

# attack ERRAND ORDER WHAT: its kills, its line of the table, the audit
attack() {
    local name=$1 order=$2 what=$3 code=0 out=$work/$1.out restart=never sample=$sample kills points
    case $name in
    dated* | close*) # long errands: fewer of their points in check
        restart=daily
        sample=${SAMPLE:-$(scale 2 0)}
        ;;&
    issue* | settle* | void* | release* | reserve* | expire*) sample=${SAMPLE:-$(scale 2 0)} ;;&
    evict* | again*) fresh_realm 2 ;; # two slots: whoever is new makes somebody leave
    *) fresh_realm 2048 ;;
    esac
    start_docketd
    add_series "acme/$name" --order "$order" --restart "$restart" --window 16
    case $name in
    issue* | settle* | void* | release* | reserve* | expire*) add_series "acme/$name-L" --order gapless --restart never ;;
    esac
    kill_docketd
    STEPD_LOG=$work/docketd.log "$stepper" "$realm" "$logs" "$name" "$name" "$docketd" "$sample" >"$out" 2>&1 || code=$?
    if [ "$code" != 0 ]; then
        tail -n 5 "$work/docketd.log" >>"$out"
        fail "$order, $what: every killed docketd has a successor that goes on" "$out"
        return
    fi
    kills=$(figure_of kills "$out") points=$(figure_of points "$out")
    at_least "docketd killed: $order, $what (of $points points)" \
        "$([ "$sample" = 0 ] || [ "$sample" -gt "$points" ] && echo "$points" || echo "$sample")" "$kills"
    note "$(figure_of late "$out") of them behind the errand's end; $(figure_of steps "$out") steps"
    total=$((total + kills)) excused=$((excused + $(figure_of excused "$out")))
    start_docketd
    check "$order, $what: the audit is clean" audit --unknown-max 0
    twice=$((twice + $(figure given_twice "$work/audit.json")))
    unaccounted=$((unaccounted + $(figure unaccounted "$work/audit.json")))
    not_logged=$((not_logged + $(figure not_logged "$work/audit.json")))
    kill_docketd
}

while read -r name order what; do
    [[ $name =~ ^(${ERRANDS:-.*})$ ]] || continue
    attack "$name" "$order" "$what"
done < <("$stepper" --list)

at_most 'numbers given twice' 0 "$twice"
at_most 'numbers unaccounted for' 0 "$unaccounted"
note "$total kills of docketd; $not_logged numbers not logged of $excused whose return nobody answered"
finish
