#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# docketd killed at random moments under load, from its first instruction on:
# starting, adopting, committing, reaping. Workers go on with what is laid and
# with the next docketd, unaided; now and then one is killed or ends in order,
# and another comes. Judged: after each kill the store is copied and every
# durable mark must be above every number handed out by then (H); the auditor
# after each leg; no worker ends by itself or hangs, and with docketd back each
# of them is given numbers again.
#
#   KILLS   how many          LEGS   audits in between          SEED
#
# row: 5
# seconds: 20 550
# waits
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/attack/lib.sh
. "$here/lib.sh"

kills=${KILLS:-$(scale 300 10000)}
legs=${LEGS:-$(scale 1 8)}
series=acme/INV:sp,acme/ORD:lp,acme/DAY:sp,acme/DAYL:lp,beta/INV:s,beta/ORD:l
killer=$(binary docket-killer) marks=$(binary docket-marks)
done_kills=0 numbers=0 ended=0 hung=0 bad=0 read=0 behind=0 stuck=0 daemon_ended=0 came=0 not_logged=0
note "seed $SEED"

begin() {
    realm_in=$1
    new_realm 'seats_max = 24'
    start_docketd
    add_series acme/INV --order strict --window 2000
    add_series acme/ORD --order leased --window 2000
    add_series acme/DAY --order strict --restart daily --window 1000
    add_series acme/DAYL --order leased --restart daily --window 1000
    add_series beta/INV --order strict --restart never --window 256
    add_series beta/ORD --order leased --restart never --window 5000
    kill_docketd
}

# leg N KILLS PAUSE: kills, then docketd once more, and an audit over all logs so far
leg() {
    local out=$work/leg$1.out code=0
    "$killer" --realm "$realm" --logs "$logs" --id "leg$1" --seed $((SEED * 1000 + $1)) --series "$series" \
        --workers 6 --rate 3000 --daemon-kills "$2" --pause-us "$3" \
        --docketd "$docketd" --daemon-log "$work/docketd.log" --marks "$marks" --scratch "$runtime/copy" \
        >"$out" 2>&1 || code=$?
    if [ "$code" != 0 ]; then
        fail "leg $1: the driver ends in order" "$out"
        finish
    fi
    done_kills=$((done_kills + $(figure_of daemon_kills "$out"))) numbers=$((numbers + $(figure_of numbers "$out")))
    ended=$((ended + $(figure_of ended "$out"))) hung=$((hung + $(figure_of hung "$out")))
    read=$((read + $(figure_of marks_read "$out"))) behind=$((behind + $(figure_of marks_behind "$out")))
    stuck=$((stuck + $(figure_of stuck "$out"))) daemon_ended=$((daemon_ended + $(figure_of daemon_ended "$out")))
    came=$((came + $(figure_of kills "$out") + $(figure_of in_order "$out")))
    grep -E 'itself|in one call|handed out|cannot be read|took no number' "$out" || true
    start_docketd
    if ! audit --unknown-max 0 >"$work/audit.txt" 2>&1; then
        bad=$((bad + 1))
        fail "leg $1: the audit is clean" "$work/audit.txt"
    fi
    kill_docketd
}

# A sixth on disk, where a sync takes its time and most kills fall into one; the
# rest in memory, where it is docketd's own steps that are cut.
begin disk
leg 0 $((kills / 6)) "${PAUSE_US:-50000}"
not_logged=$(figure not_logged "$work/audit.json") quarantined=$(quarantines)
[ "$KEEP" = 1 ] || rm -rf -- "${work:?}" "${runtime:?}"
work=''
begin memory
for ((i = 1; i <= legs; i++)); do
    leg "$i" $(((kills - kills / 6 + legs - 1) / legs)) "${PAUSE_US:-20000}"
done
not_logged=$((not_logged + $(figure not_logged "$work/audit.json")))
note "$numbers numbers, $came workers came and went, $not_logged not logged"

at_least "docketd killed under load (D A H L)" "$kills" "$done_kills"
at_least "numbers given meanwhile" $((kills * 20)) "$numbers"
at_least "durable marks compared with numbers handed out (H)" $((kills * 2)) "$read"
at_most "marks behind a number handed out" 0 "$behind"
at_most "audits with a finding (twice, or not accounted for)" 0 "$bad"
at_most "workers that ended by themselves or hung" 0 $((ended + hung))
at_most "workers without numbers when docketd was back" 0 "$stuck"
at_most "series quarantined" 0 $((quarantined + $(quarantines)))
at_most "docketd ended by itself" 0 "$daemon_ended"
finish
