#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Proof c: two processes of four threads take 20 million numbers in all, in each
# order mode, under a docketd that is killed every 100 ms. SCALE=proof for the
# full figure; NUMBERS sets another.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

numbers=${NUMBERS:-$(scale 1000000 20000000)}
each=$((numbers / 8))

new_realm

take_under_storm() {
    storm_docketd 0.1
    start_worker "$1-1" --series "$2" --threads 4 --count "$each"
    local first=$child
    start_worker "$1-2" --series "$2" --threads 4 --count "$each"
    local second=$child code=0
    wait_child "$first" || code=1
    wait_child "$second" || code=1
    end_storm
    return "$code"
}

# prove ORDER SERIES
prove() {
    local before
    before=$(cat "$logs"/../taken 2>/dev/null || echo 0)
    start_docketd
    add_series "acme/$2" --order "$1"
    kill_docketd
    rm -f "$work/storm.bad"

    if take_under_storm "$1" "acme/$2"; then
        pass "$1, docketd killed every 100 ms: both workers take all their numbers"
    else
        fail "$1, docketd killed every 100 ms: both workers take all their numbers" "$work/$1-1.out"
    fi
    check "$1, each worker: ends in order" all_worked "$1-1" "$1-2"
    check "$1, docketd: only ever ends by our kill" test ! -e "$work/storm.bad"
    note "$(cat "$work/storm.kills") kills, $((each * 8)) numbers, $(figure seconds "$work/$1-1.out") s"

    start_docketd
    check "$1, $((each * 8)) numbers: the audit is clean" audit --unknown-max 0
    check "$1, every number taken: is in the audit" audited logged -eq $((before + each * 8))
    check "$1, closed logs: nothing is handed out but not logged" audited not_logged -eq 0
    echo $((before + each * 8)) >"$logs/../taken"
    kill_docketd
}

prove strict INV
prove leased ORD
finish
