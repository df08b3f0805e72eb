#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Workers killed at random moments under load, never a clean end between: eight
# posts, each worker mixes next, many, texts, blocks used in pieces and given back,
# over strict and leased series, yearly and daily. Judged by the auditor after
# each leg: no number twice, all accounted for, and nothing handed out that no
# log has but what the dead were just taking (their own words, in memory that
# outlives them, say how much). Nothing may hang, nobody may end by itself, and
# at the end every seat can be taken again at once.
#
# Before that, for a while, wishes for numbers and ends of blocks given back
# reach docketd in every mixture: no call may wait for a wish that was forgotten.
#
#   KILLS   how many          LEGS   audits in between          SEED
#   WISH_S  seconds of wishes
#
# row: 4
# seconds: 18 300
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/attack/lib.sh
. "$here/lib.sh"

kills=${KILLS:-$(scale 3000 50000)}
legs=${LEGS:-$(scale 3 10)}
seats=48
series=acme/INV:sp,acme/ORD:lp,acme/DAY:sp,acme/DAYL:lp,beta/INV:s,beta/ORD:l
killer=$(binary docket-killer)
done_kills=0 inside=0 numbers=0 ended=0 hung=0 excused=0 bad=0 unanswered=0

realm_in=memory # many deaths a second want many commits a second
new_realm "seats_max = $seats"
note "seed $SEED"
start_docketd
add_series acme/INV --order strict --window 256
add_series acme/ORD --order leased --window 256
add_series acme/DAY --order strict --restart daily --window 256
add_series acme/DAYL --order leased --restart daily --window 256
add_series beta/INV --order strict --restart never --window 64
add_series beta/ORD --order leased --restart never --window 2000

# Four pairs of threads, each at a series of its own.
wishes() {
    local pids=() i
    for i in 1 2 3 4; do
        add_series "wish/W$i" --order strict --restart never --window 16
        run_child "$work/wish$i.out" "$(binary docket-wishes)" "$realm" "W$i" "${WISH_S:-$(scale 2 20)}" "$logs"
        pids+=("$child")
    done
    for i in "${pids[@]}"; do
        wait_child "$i" || true
    done
    cat "$work"/wish[1-4].out >"$work/wishes.out"
    grep -E 'took|DOCKET_' "$work/wishes.out" || true
    wish_calls=$(awk '$1 == "calls" {n += $2} END {print n}' "$work/wishes.out")
    at_least "calls beside blocks given back, docketd alive" 1000 "$wish_calls"
    at_most "calls whose wish was forgotten" 0 "$(awk '$1 == "late" || $1 == "failed" {n += $2} END {print n}' "$work/wishes.out")"
}

# leg N: kills, then an audit over all logs so far
leg() {
    local out=$work/leg$1.out code=0
    "$killer" --realm "$realm" --logs "$logs" --id "leg$1" --seed $((SEED * 1000 + $1)) --series "$series" \
        --workers 8 --kills $((kills / legs)) --pause-us "${PAUSE_US:-3000}" --rate 3000 >"$out" 2>&1 || code=$?
    if [ "$code" != 0 ]; then
        fail "leg $1: the driver ends in order" "$out"
        finish
    fi
    done_kills=$((done_kills + $(figure_of kills "$out"))) inside=$((inside + $(figure_of inside "$out")))
    numbers=$((numbers + $(figure_of numbers "$out"))) ended=$((ended + $(figure_of ended "$out")))
    hung=$((hung + $(figure_of hung "$out"))) excused=$((excused + $(figure_of owed "$out")))
    unanswered=$((unanswered + $(figure_of unanswered "$out")))
    grep -E 'ended by itself|in one call' "$out" || true
    if ! audit --unknown-max 0 >"$work/audit.txt" 2>&1; then
        bad=$((bad + 1))
        fail "leg $1: the audit is clean" "$work/audit.txt"
    fi
}

wishes
for ((i = 1; i <= legs; i++)); do
    leg "$i"
done

# As many at once as there are seats, each takes from every series.
pids=()
for ((i = 0; i < seats; i++)); do
    start_worker "seat$i" --series "$(echo "$series" | sed 's/:[a-z]*//g')" --count 12 --timeout-ms 10000
    pids+=("$child")
done
seated=0
for ((i = 0; i < seats; i++)); do
    wait_child "${pids[i]}" || true
    all_worked "seat$i" >>"$work/seated.txt" && seated=$((seated + 1))
done
[ "$seated" = "$seats" ] || cat "$work/seated.txt"
audit --unknown-max 0 >"$work/audit.txt" 2>&1 || { bad=$((bad + 1)) && fail "at the end: the audit is clean" "$work/audit.txt"; }
note "$numbers numbers, $inside of the dead were taking a number, $excused numbers were theirs"
note "not logged: $(figure not_logged "$work/audit.json"), seats reaped: $("$docket" status --json | sed -n 's/.*"seats_reaped": *\([0-9]*\).*/\1/p')"

at_least "workers killed under load (D A L)" "$kills" "$done_kills"
at_least "numbers that they were given before they died" $((kills * 10)) "$numbers"
at_most "audits with a finding (twice, or not accounted for)" 0 "$bad"
at_most "workers that ended by themselves" 0 "$ended"
at_most "workers that hung in a call" 0 "$hung"
# Two seconds are long, but the machine may be slow: a few, never many.
at_most "blocks given back to a live docketd without an answer" $((kills / 200)) "$unanswered"
at_least "seats taken at once afterwards" "$seats" "$seated"
at_most "series quarantined" 0 "$(quarantines)"
check "docketd is alive" is_running "$docketd_pid"
finish
