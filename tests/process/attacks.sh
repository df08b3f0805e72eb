#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Attacks that once broke a promise, and may not do so again: what a worker, a
# signal, a message made by hand, a lost file or a full table can do. Each case
# is one of attacks.c; most have a series of their own, so that one realm serves all.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

# ---- helpers --------------------------------------------------------------

declare -A attackers=()

# attack NAME CASE [ARGUMENT...]: in the background; its output is $work/NAME.out
attack() {
    run_child "$work/$1.out" "$attacks" "${@:2}"
    attackers[$1]=$child
}

# end_attack NAME: by SIGKILL
end_attack() {
    kill_child "${attackers[$1]}"
}

# attacked CASE [ARGUMENT...]: to its end. A hang is a failure.
attacked() {
    timeout --signal=KILL 20 "$attacks" "$@"
}

# told NAME WORDS: the case in the background has said so
told() { grep -qx -e "$2" "$work/$1.out"; }

told_or_ended() { told "$1" "$2" || ! is_running "${attackers[$1]}"; }

# came_to NAME WORDS: the case says so within 20 seconds
came_to() {
    wait_until 20 told_or_ended "$1" "$2" || true
    if ! told "$1" "$2"; then
        echo "$1 did not come to: $2"
        cat "$work/$1.out"
        return 1
    fi
}

# never_twice NAME...: the cases together were given no number twice, and some at all
never_twice() {
    local name files=()
    for name in "$@"; do
        files+=("$work/$name.out")
        grep -q '^given ' "$work/$name.out" || { echo "$name was given nothing"; cat "$work/$name.out"; return 1; }
    done
    grep -h '^given ' "${files[@]}" | sort -k2,2 -k3,3n | awk '
        $2 == series && $3 <= last { print $2 ": " $3 " to " $4 " were given, and " last " before"; bad = 1 }
        { if ($2 != series || $4 > last) last = $4; series = $2 }
        END { exit bad }'
}

# fates_of SERIES FIRST LAST: of the last fate
fates_of() {
    jq -r --arg series "$1" --argjson first "$2" --argjson last "$3" '[.counters[] | select(.series == $series)
        | .ranges[] | select(.first <= $last and .last >= $first) | .fate] | unique | join(" and ")' "$work/fate.json"
}

# fated PATTERN NAME...: each number that the cases were given has such a fate
fated() {
    local pattern=$1 series first last is bad=0
    shift
    fate || { cat "$work/fate.err"; return 1; }
    while read -r _ series first last; do
        is=$(fates_of "$series" "$first" "$last")
        [[ $is =~ ^($pattern)$ ]] || { echo "$series $first to $last are $is"; bad=1; }
    done < <(cd "$work" && grep -h '^given ' "${@/%/.out}")
    return "$bad"
}

no_open_in() {
    fate && jq -e --arg series "$1" '[.counters[] | select(.series == $series) | .ranges[]] | all(.fate != "open")' \
        "$work/fate.json"
}

# reaped SERIES: what the dead held of it is cleared
reaped() { wait_until 5 no_open_in "$1"; }

alive() { is_running "$docketd_pid" && is_serving; }

# start_docketd_under COMMAND: by a script that does COMMAND first
start_docketd_under() {
    local plain=$docketd
    docketd=$work/docketd
    printf '#!/bin/sh\n%s\nexec "%s" "$@"\n' "$1" "$plain" >"$docketd"
    chmod 700 "$docketd"
    start_docketd
    docketd=$plain
}

if ! command -v jq >/dev/null; then
    new_work
    skip "attacks (no jq)"
    finish
fi

new_realm 'lines_per_seat = 16' 'clock_guard_days = 0'
attacks=$(binary docket-attacks)
start_docketd

# ---- a line's lease number comes round ------------------------------------
# Blocks of OTHER have two numbers (an eighth of its window): 66,500 numbers are
# 33,250 leases, more than half of what a lease number of 16 bits tells apart.
# It takes seconds: it runs beside cases in which docketd lives.

add_series acme/ROUND --order leased
add_series acme/OTHER --order leased --window 16
attack round line-comes-round ROUND OTHER 16 66500

# ---- signals --------------------------------------------------------------

add_series acme/SS --order strict
add_series acme/SL --order leased
add_series acme/BL --order leased --window benchmark
add_series acme/BS --order strict --window benchmark
check "a signal every 20 us takes from a leased series: docket_next of a strict one gives none twice" \
    attacked storm-next SS SL 800
check "a signal every 20 us takes from a strict series: docket_next of a leased one gives none twice" \
    attacked storm-next SL SS 800
check "a signal every 20 us takes from a series: docket_next of the same gives none twice" \
    attacked storm-next SL SL 500
check "a signal every 20 us takes from the leased block it interrupts: no number is given twice" \
    attacked storm-blocks BL 1000
check "a signal every 20 us takes from the strict block it interrupts: no number is given twice" \
    attacked storm-blocks BS 800

# ---- threads --------------------------------------------------------------

add_series acme/CLOSE --order leased
check "four threads end while their realm closes, 2000 times: the process lives" attacked close-on-threads CLOSE 2000

# ---- the last numbers -----------------------------------------------------

# nine_then_exhausted ORDER: in one process
nine_then_exhausted() {
    diff <(printf 'given END-%s 999999999999991 999999999999999\nrefused DOCKET_EXHAUSTED\n' "$1") \
        <(attacked take "END-$1" 12)
}

# nine_commands ORDER: each takes one; the tenth ends with 5
nine_commands() {
    local code=0 i
    for ((i = 0; i < 9; i++)); do
        "$docket" next --no-start "acme/CMD-$1" || return 1
    done >"$work/nine"
    [ "$(sort -u "$work/nine" | wc -l)" = 9 ] || { cat "$work/nine"; return 1; }
    "$docket" next --no-start "acme/CMD-$1" || code=$?
    [ "$code" = 5 ] || { echo "the tenth ended with $code"; return 1; }
}

for order in strict leased; do
    add_series "acme/END-$order" --order "$order" --start-after 999999999999990
    add_series "acme/CMD-$order" --order "$order" --start-after 999999999999990
    check "$order, start after 999999999999990: a process gets nine numbers, then EXHAUSTED" \
        nine_then_exhausted "$order"
    check "$order, start after 999999999999990: nine commands get one each, the tenth exits 5" nine_commands "$order"
done

# ---- the line that came round ---------------------------------------------

check "a line that left a used-up block: it takes 66,500 numbers of another counter" came_to round 'at rest'
end_attack round
check "a line that left a used-up block, SIGKILL: its leases are cleared" reaped ROUND
check "a line that left a used-up block, SIGKILL: the block is handed out still, not spare" fated 'handed out' round
attack round2 take ROUND 100
wait_child "$child" || true
check "a line that left a used-up block, SIGKILL: its numbers are never given again" never_twice round round2

# ---- messages made by hand ------------------------------------------------

# message NAME CASE SERIES [OTHER]: its answers; docketd lives; the fate is as it was given
message() {
    local code=0
    attacked "${@:2}" >"$work/$1.out" 2>&1 || code=$?
    cat "$work/$1.out"
    return "$code"
}

# lives_on SERIES: and serves
lives_on() {
    alive && "$docket" next --no-start "acme/$1"
}

# docketd that a message has killed is started again, for the cases to come
revive() {
    is_running "$docketd_pid" || start_docketd
}

for one in nonsense twice void; do
    add_series "acme/${one^^}" --order strict --window 400
done
check "GIVE_BACK near 2^64, of nothing, of 10001: answered, nothing comes back" \
    message nonsense give-back-nonsense NONSENSE
check "GIVE_BACK near 2^64, of nothing, of 10001: docketd lives on" lives_on NONSENSE
revive
check "GIVE_BACK of one range twice at a time: it comes back once" message twice give-back-twice TWICE
check "GIVE_BACK of one range twice at a time: docketd lives on" lives_on TWICE
revive
check "GIVE_BACK that overlaps void numbers: answered, nothing comes back" message void give-back-void VOID
check "GIVE_BACK that overlaps void numbers: docketd lives on" lives_on VOID
revive
check "after those messages: no number was given twice" never_twice nonsense twice void
check "after those messages: what was given is handed out" fated 'handed out' nonsense twice void

add_series acme/SICK --order strict --window 400
add_series acme/WELL --order strict
check "GIVE_BACK in a series under quarantine: answered, other series go on" \
    message sick give-back-quarantined SICK WELL
check "GIVE_BACK in a series under quarantine: docketd lives on" lives_on WELL
revive

# ---- a seat's file is lost ------------------------------------------------

add_series acme/SEAT --order leased --window 400
seat_of() { sed -n 's/^seat //p' "$work/$1.out"; }

other_seat() {
    echo "one sits at $(seat_of seat1), the other at $(seat_of seat2)"
    [ -n "$(seat_of seat1)" ] && [ -n "$(seat_of seat2)" ] && [ "$(seat_of seat1)" != "$(seat_of seat2)" ]
}

sleep 0.5 # the seats of the dead are free again: this one gets the lowest, as the next one would
attack seat1 seated SEAT "$work/seat.go"
check "a process takes of its block: it has a seat" came_to seat1 'at ready'
kill_docketd
rm -f -- "$runtime"/*/"$(seat_of seat1)"
start_docketd
sleep 0.5 # long enough to give the seat away
attack seat2 seated SEAT "$work/never"
check "its seat file is lost while docketd is dead: the next process comes in" came_to seat2 'at ready'
check "its seat file is lost while docketd is dead: the next process gets another seat" other_seat
touch "$work/seat.go"
came_to seat1 'at rest' >/dev/null || true # it may be refused: its seat is lost
end_attack seat1
end_attack seat2
check "its seat file is lost while docketd is dead, both SIGKILL: their leases are cleared" reaped SEAT
attack seat3 take SEAT 600
wait_child "$child" || true
check "its seat file is lost while docketd is dead: no number is ever given again" never_twice seat1 seat2 seat3
check "its seat file is lost while docketd is dead: what it gave is handed out or unknown" \
    fated '(handed out|unknown|handed out and unknown)' seat1

# ---- a call that waits while the desk is built anew -----------------------

add_series acme/WAIT --order leased --window 16
attack wait1 block-across-rebuild WAIT "$work/dead"
check "a process is seated" came_to wait1 'at ready'
kill_docketd
touch "$work/dead"
check "docketd dead, nothing laid: docket_block_open waits" came_to wait1 'at waiting'
sleep 0.3
lose_power
start_docketd
check "runtime files lost, docketd back: the docket_block_open that waited gives numbers" came_to wait1 'at rest'
end_attack wait1
check "runtime files lost, docketd back, SIGKILL: its block is cleared" reaped WAIT
attack wait2 take WAIT 200
wait_child "$child" || true
check "runtime files lost, docketd back: its numbers are never given again" never_twice wait1 wait2
check "runtime files lost, docketd back: its numbers are handed out or unknown" \
    fated '(handed out|unknown|handed out and unknown)' wait1

# ---- few descriptors ------------------------------------------------------

ticks_of() { sed 's/^.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }

# ticks_in_a_second BELOW: of docketd's CPU time
ticks_in_a_second() {
    local before
    before=$(ticks_of "$docketd_pid")
    sleep 1
    echo "$(($(ticks_of "$docketd_pid") - before)) ticks in a second"
    [ $(($(ticks_of "$docketd_pid") - before)) -lt "$1" ]
}

kill_docketd
start_docketd_under 'ulimit -n 40'
attack crowd crowd 60
check "40 descriptors and 60 callers that stay: some are let in, some refused" came_to crowd 'at rest'
check "40 descriptors and 60 callers that stay: some are let in, some refused, none unanswered" \
    grep -q '^served [1-9][0-9]* of 60$' "$work/crowd.out"
check "40 descriptors and 60 callers that stay: docketd does not spin" ticks_in_a_second 50
end_attack crowd
check "40 descriptors, the callers gone: docketd serves again" wait_until 5 lives_on WELL

# ---- a lease given back after its period ----------------------------------

# Of the old period: nothing is open or lies there, and what was taken is handed out.
old_is_cleared() {
    local number
    number=$(awk '/^given /{ print $3 }' "$work/late.out")
    fate && jq -e --argjson year "$year" --argjson number "$number" '[.counters[]
        | select(.series == "LATE" and .period == $year) | .ranges[]] | all(.fate != "open" and .fate != "laid")
        and any(.first <= $number and .last >= $number and .fate == "handed out")' "$work/fate.json"
}

kill_docketd
year=$(date -u +%Y)
DOCKET_CLOCK_SHIFT_S=$(($(date -u -d "$((year + 1))-01-01" +%s) - 3 - $(date +%s)))
LD_PRELOAD=$(binary shiftclock.so)
export DOCKET_CLOCK_SHIFT_S LD_PRELOAD
start_docketd
add_series acme/LATE --order leased
attack late late-give-back LATE
check "the year ends while a block is open: it can be given back in the new year" came_to late 'at given back'
check "a block given back in the new year: its place is cleared within 3 seconds" came_to late 'at rest'
check "a block given back in the new year: nothing of the old one is open, what was taken is handed out" \
    wait_until 3 old_is_cleared
unset DOCKET_CLOCK_SHIFT_S LD_PRELOAD
finish
