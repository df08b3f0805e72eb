#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A chronological series: processes take numbers, with today's date and with dates
# of their own, while days go by and docketd is killed. Ordered by their numbers,
# the dates never go back; nor where the power goes, and the clock is of long ago then.
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
set_clock "$work/clock" 0
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

# ---- the power goes, and with it the clock ----

# gives DATE ARG...: the next number is of this date
gives() {
    "$docket" next acme/P "${@:2}" | tee "$work/next.out" && grep -q "^$1-" "$work/next.out"
}

today=$(env -u LD_PRELOAD date -u +%Y%m%d)
left=$(($(env -u LD_PRELOAD date -u -d "$today + 1 day" +%s) - $(env -u LD_PRELOAD date +%s)))
tomorrow=$(env -u LD_PRELOAD date -u -d "$today + 1 day" +%Y%m%d)
rm -rf "${realm:?}" "${runtime:?}" "$logs"
new_realm
set_clock "$work/clock" $((left - 3600))
start_docketd
add_series acme/P --template '{YYYY}{MM}{DD}-{N}' --chronological yes --restart never
check "a number of today" gives "$today"
set_clock "$work/clock" $((left + 60))
check "one of tomorrow, of which no commit knows" gives "$tomorrow"
lose_power
set_clock "$work/clock" -1500000000
start_docketd
set_clock "$work/clock" $((left + 60))
check "docketd began by a clock of long ago: none of today follows one that is unknown" \
    bash -c '! "$0" next acme/P --date "$1" 2>"$2" && grep -q "no earlier date" "$2"' "$docket" "$today" "$work/next.err"
check "one of tomorrow does" gives "$tomorrow"

# ---- periods of a day ----

next_of_d() {
    "$docket" next acme/D --timeout 0.5
}

add_series acme/D --template 'D{YYYY}{MM}{DD}-{N}' --chronological yes --restart daily
check "one of tomorrow" next_of_d
set_clock "$work/clock" $((left - 3600 - 86400))
check "the clock set back to a day that never began: it gives none behind tomorrow's" \
    bash -c '! "$0" next acme/D --timeout 2 2>"$1"' "$docket" "$work/next.err"
check "nor with its date" bash -c '! "$0" next acme/D --date "$1" --timeout 0.5 2>"$2"' "$docket" "$today" "$work/next.err"
set_clock "$work/clock" $((left + 60))
check "the clock right again: all goes on" wait_until 5 next_of_d

next_of_e() {
    "$docket" next acme/E --timeout 0.5
}

lies_ahead() { # what is laid of the next day
    "$docket" period list acme/E | grep -q ' next .* 17 '
}

add_series acme/E --template 'E{YYYY}{MM}{DD}-{N}' --chronological yes --restart daily
check "another series" next_of_e
check "its next day is on the board" wait_until 5 lies_ahead
lose_power
start_docketd
check "after a power loss it goes on, though what was laid of the next day is unknown" wait_until 2 next_of_e
stop_docketd
unset LD_PRELOAD DOCKET_CLOCK_FILE # which goes away with the rest
finish
