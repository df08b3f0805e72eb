#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A chronological series: processes take numbers, with today's date and with dates
# of their own, while days go by and docketd is killed. Ordered by their numbers,
# the dates never go back.
# seconds: 7 14
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

dates=$(binary docket-dates)
shim=$(binary shiftclock.so)
seconds=$([ "${SCALE:-check}" = torture ] && echo 8 || echo 3)

# No number twice, no date before the one of the number before it.
in_order() {
    sort -n "$work/taken" >"$work/sorted"
    wc -l <"$work/sorted"
    awk '$1 == number {print "twice: " $0; bad = 1}
         $2 < date {print "behind " date ": " $0; bad = 1}
         {number = $1; date = $2}
         END {exit bad}' "$work/sorted"
}

many_days() {
    [ "$(awk '{print $2}' "$work/sorted" | uniq | wc -l)" -ge 8 ] && [ "$(wc -l <"$work/sorted")" -ge 500 ]
}

nothing_quarantined() {
    "$docket" status --json >"$work/status.json" && [ "$(grep -o '"quarantined": *[0-9]*' "$work/status.json" | grep -o '[0-9]*$')" = 0 ]
}

# No period ends, nobody dies but docketd: each number up to the highest was told to its caller.
none_missing() {
    local highest
    highest=$(tail -n 1 "$work/sorted" | cut -d' ' -f1)
    echo "$highest is the highest of $(wc -l <"$work/sorted")"
    [ "$highest" = "$(wc -l <"$work/sorted")" ]
}

new_realm
head -c 16 /dev/zero >"$work/clock"
export DOCKET_CLOCK_FILE=$work/clock LD_PRELOAD=$shim
start_docketd
add_series acme/C --order strict --chronological yes --restart never --window 64
run_child "$work/taken" "$dates" "$realm" acme/C "$work/clock" "$seconds" 4
taking=$child
for _ in 1 2 3; do
    sleep 0.6
    kill_docketd
    start_docketd
done
check "days go by, docketd is killed three times: no call fails that may not" wait_child "$taking"
check "the dates follow the numbers" in_order
check "over many days" many_days
check "nothing was quarantined" nothing_quarantined
check "every number went to somebody" none_missing
stop_docketd
unset LD_PRELOAD DOCKET_CLOCK_FILE # which goes away with the rest
finish
