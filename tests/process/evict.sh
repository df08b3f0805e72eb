#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Evictions under load: more series than slots, four processes that go through
# all of them at the same time, docketd killed again and again meanwhile. Strict
# and leased. Every number has one fate and was given once.
# seconds: 20 60
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

series=$(scale 600 3000)
slots=$((series / 6))
count=4 # numbers of each series for each worker

evictions() { "$docket" inspect --json 2>/dev/null | grep -o '"evictions": *[0-9]*' | grep -o '[0-9]*$' | head -n 1; }

# crowd ORDER RESTART: a realm of its own
crowd() {
    local order=$1 restart=$2 worker_id workers=(one two three four) storm_kills
    [ -z "$work" ] || { rm -rf -- "${runtime:?}" "$realm" "$logs"; rm -f "$work"/*.out "$work/storm.bad"; }
    new_realm "series_max = $slots" 'evict_after_s = 2' '[default]' "order = $order" "restart = $restart" \
        'template = {SERIES}-{YYYY}{MM}{DD}-{N:6}' 'window = 64'
    start_docketd
    kill_docketd
    storm_docketd 0.4
    local pids=()
    for worker_id in "${workers[@]}"; do
        start_worker "$worker_id" --series acme/E --each "$series" --count "$count" --timeout-ms 10000
        pids+=("$child")
    done
    for pid in "${pids[@]}"; do
        wait_child "$pid" || true
    done
    end_storm
    storm_kills=$(cat "$work/storm.kills")
    check "$order: four processes, $series series, $slots slots: all are served" all_worked "${workers[@]}"
    check "$order: docketd never ended by itself" test ! -e "$work/storm.bad"
    start_docketd
    note "docketd was killed $storm_kills times, $(evictions) evictions"
    check "$order: the audit is clean" audit --unknown-max 0
    check "$order: every number that was asked for was given" audited logged -eq $((4 * series * count))
    check "$order: series did leave" test "$(evictions)" -gt "$slots"
    kill_docketd
}

# caller ORDER: what one caller sees at a desk of one slot
caller() {
    [ -z "$work" ] || rm -rf -- "${runtime:?}" "$realm" "$logs"
    new_realm 'series_max = 1' '[default]' "order = $1" 'window = 64'
    start_docketd
    check "$1, one slot: what a caller sees" "$(binary docket-evicted)" "$realm" "$1"
    kill_docketd
}

caller strict
caller leased
crowd strict never
crowd leased daily
finish
