#!/bin/bash
# SPDX-License-Identifier: MIT
# seconds: 9
#
# calm: a series that was fast and is idle costs little when the power fails. Two series
# with the window called benchmark, 2^24, are used at full speed; some seconds after the
# last number no more is exposed than books may have, beside the rest of an open lease;
# then all of it is killed and the runtime files are gone: so much is unknown, and no more.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

accounted=$(binary docket-accounted)
count=3000000 most=10000

# figure SERIES NAME: of its current period
figure() {
    "$docket" status -v --json | jq -r --arg s "$1" --arg f "$2" '.series[] | select(.series == $s) | .periods[0][$f]'
}

exposed_is() { [ "$(figure "$1" unknown_now)" "$2" "$3" ]; }

unknown_of() {
    "$docket" fate "acme/$1" --json --no-start |
        jq '[.counters[].ranges[] | select(.fate == "unknown") | .last - .first + 1] | add // 0'
}

last_of() { sed -n 's/^last //p' "$work/$1.log"; }

new_realm
start_docketd
for series in STRICT LEASED; do
    add_series "acme/$series" --order "${series,,}" --restart never --window benchmark
    run_child "$work/$series.log" "$accounted" "$realm" "$series" burst "$count"
    holders="${holders:-} $child"
    check "$series: $count numbers at full speed" wait_until 60 grep -q '^holding$' "$work/$series.log"
    check "$series: just then a power loss would cost much" exposed_is "$series" -gt $((10 * most))
done
for series in STRICT LEASED; do
    check "$series: idle, no more is exposed than books may have" wait_until 12 exposed_is "$series" -le "$most"
done
check 'the share of waits is of the numbers that were given' sh -c "'$docket' status --json |
    jq -e '.waits | .numbers == 2 * $count and .waits > 0 and .timeouts == 0 and .longest_us > 0'"
check 'a seat knows the numbers of its leases' sh -c "'$docket' seat list --json |
    jq -e '[.seats[].figures | .numbers] | sort == [0, $count]'"
open=$(figure LEASED open)
note "of an open lease $open are left"
check 'a call now finds its number laid' "$docket" next acme/LEASED --timeout 0
lose_power
for pid in $holders; do
    kill_child "$pid"
done
start_docketd
strict=$(unknown_of STRICT) leased=$(unknown_of LEASED)
note "unknown: strict $strict, leased $leased"
check 'power loss, strict: no more is unknown' test "$strict" -le "$most"
check 'power loss, leased: no more is unknown, beside the open lease' test "$leased" -le $((most + open))
for series in STRICT LEASED; do
    "$docket" next "acme/$series" --json >"$work/next.json"
    check "$series: what it gave is not given again" test "$(jq -r '.numbers[0].number' "$work/next.json")" -gt "$(last_of "$series")"
done
# Numbers that came back are laid first, and are numbers of the rate as fresh ones are.
run_child "$work/again.log" "$accounted" "$realm" LEASED burst "$count"
check 'used again: as many at full speed' wait_until 60 grep -q '^holding$' "$work/again.log"
check 'used again: as much lies ahead' test "$(figure LEASED window_now)" -gt $((10 * most))
finish
