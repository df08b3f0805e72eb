#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Proof of the edge: the last seconds of a year, in both order modes and for
# series that restart yearly, monthly and daily; workers issue across midnight
# with docketd alive, and once more with docketd dead from before midnight on.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

shim=$(binary shiftclock.so)
series='acme/SY,acme/LY,acme/SM,acme/LM,acme/SD,acme/LD'

# to_midnight SECONDS YEARS: from now on the wall clock stands so long before
# the end of this year, or of one so many years later
to_midnight() {
    local year
    year=$(($(env -u LD_PRELOAD date -u +%Y) + $2))
    export DOCKET_CLOCK_SHIFT_S=$(($(date -u -d "$((year + 1))-01-01" +%s) - $1 - $(env -u LD_PRELOAD date +%s)))
    old=$year new=$((year + 1))
}

declare_all() {
    add_series acme/SY --order strict --restart yearly
    add_series acme/LY --order leased --restart yearly
    add_series acme/SM --order strict --restart monthly
    add_series acme/LM --order leased --restart monthly
    add_series acme/SD --order strict --restart daily
    add_series acme/LD --order leased --restart daily
}

# Every period of the two years has numbers, from 1 on.
both_years() {
    local label
    for label in "$old" "$new" "${old}12" "${new}01" "${old}1231" "${new}0101"; do
        [ "$(jq "[.counters[] | select(.period == $label and .first == 1 and .ranges[0].fate == \"handed out\")] | length" \
            "$work/fate.json")" = 2 ] || { echo "period $label"; jq -c '.counters[] | [.series, .period, .mark]' "$work/fate.json"; return 1; }
    done
}

ended_are_closed() {
    fate && [ "$(jq "[.counters[] | select(.period == $old) | .ranges[] | select(.fate == \"laid\" or .fate == \"open\")] | length" \
        "$work/fate.json")" = 0 ]
}

across() {
    start_worker "$1" --series "$series" --threads 2 --count 0 --mode text --rate 1500 --stop-file "$work/$1.stop"
    across=$child
}

end_across() {
    touch "$work/$1.stop"
    wait_child "$across" || true
}

if ! command -v jq >/dev/null; then
    new_realm
    skip "the edge of a year (no jq)"
    finish
fi

new_realm 'clock_guard_days = 0' # the second midnight is a year later
to_midnight 3 0
export LD_PRELOAD=$shim
start_docketd
declare_all
across alive
sleep 5
end_across alive
check "midnight of the year's end, docketd alive: every call succeeds, every date is right" all_worked alive
check "midnight, docketd alive: the audit is clean" audit --unknown-max 0
check "midnight, docketd alive: each period begins at 1" both_years
check "after midnight: the ended periods are closed, nothing lies in them" wait_until 5 ended_are_closed
kill_docketd
start_docketd
check "docketd killed after midnight and started again: the audit is clean" audit --unknown-max 0
kill_docketd

to_midnight 4 1
start_docketd
across dead
sleep 2.5
kill_docketd
sleep 3
end_across dead
start_docketd
check "midnight with docketd dead: every call succeeds, every date is right" all_worked dead
check "midnight with docketd dead: the audit is clean" audit --unknown-max 0
check "midnight with docketd dead: each period begins at 1" both_years
check "docketd back after midnight: the ended periods are closed" wait_until 5 ended_are_closed
finish
