#!/bin/bash
# SPDX-License-Identifier: MIT
# seconds: 14
#
# accounted: what docket_wait_accounted() promises. Numbers are taken strict and
# leased; of some it is waited for; then the power goes. Of those `docket fate` says that they
# were handed out, of others it may say that they are unknown.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

accounted=$(binary docket-accounted)

# told LOG: the numbers whose wait returned OK, one a line
told() {
    sed -n 's/^accounted \([0-9]*\)$/\1/p' "$1"
}

# fate_of SERIES NUMBER
fate_of() {
    "$docket" fate "acme/$1" --json --no-start |
        jq -r --argjson n "$2" '.counters[].ranges[] | select(.first <= $n and .last >= $n) | .fate'
}

all_handed_out() {
    local number bad=0 count=0
    while read -r number; do
        count=$((count + 1))
        [ "$(fate_of "$1" "$number")" = "handed out" ] || { echo "$number: $(fate_of "$1" "$number")" && bad=1; }
    done < <(told "$2")
    echo "$count numbers"
    [ "$count" -gt 0 ] && [ "$bad" = 0 ]
}

some_unknown() {
    "$docket" fate "acme/$1" --json --no-start | jq -e '[.counters[].ranges[] | select(.fate == "unknown")] | length > 0'
}

new_realm
start_docketd
add_series acme/STRICT --window 1000
add_series acme/LEASED --order leased --window 1000

for series in STRICT LEASED; do
    run_child "$work/$series.log" "$accounted" "$realm" "$series" hold 40
    holders="${holders:-} $child"
done
wait_until 20 grep -q '^holding$' "$work/STRICT.log"
wait_until 20 grep -q '^holding$' "$work/LEASED.log"
check "each wait ends with OK: strict" test "$(told "$work/STRICT.log" | wc -l)" = 20
check "each wait ends with OK: leased" test "$(told "$work/LEASED.log" | wc -l)" = 20
lose_power
for pid in $holders; do
    kill_child "$pid"
done
start_docketd
check "power loss, strict: numbers that were waited for are handed out" all_handed_out STRICT "$work/STRICT.log"
check "power loss, leased: numbers that were waited for are handed out" all_handed_out LEASED "$work/LEASED.log"
check "power loss, strict: without a wait numbers are unknown" some_unknown STRICT
check "power loss, leased: without a wait numbers are unknown" some_unknown LEASED

# ---- many share a commit ----
commits() {
    "$docket" inspect --json | jq "[.. | .commits? | numbers] | max"
}
before=$(commits)
check "32 threads take and wait for 50 numbers each" "$accounted" "$realm" STRICT crowd 32 50
after=$(commits)
note "$((after - before)) commits for 1600 waits"
check "they share commits" test $((after - before)) -lt 800

# ---- refusals ----
check "a number that nobody was given: NOT_HELD" "$accounted" "$realm" STRICT never 900000
check "of the block in hand, not taken yet: NOT_HELD" "$accounted" "$realm" LEASED ahead 1
check "a period of which docketd knows nothing: NOT_HELD" "$accounted" "$realm" STRICT period 1
"$docket" series add acme/GAPLESS --order gapless --no-start >/dev/null 2>&1
check "docket next --accounted prints" test -n "$("$docket" next acme/STRICT --accounted --no-start)"

# ---- docketd goes away meanwhile, and comes back ----
run_child "$work/storm.log" "$accounted" "$realm" STRICT crowd 4 400
crowd=$child
for _ in 1 2 3; do
    sleep 0.3
    kill_docketd
    start_docketd
done
check "docketd killed three times: every wait ends, with OK or UNREACHABLE" wait_child "$crowd"
finish
