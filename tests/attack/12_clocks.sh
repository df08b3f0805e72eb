#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Clocks. First series that never restart: one scenario (take in turn, die with
# a lease, be stopped with one, docketd stopped, take on) under clocks decades
# off, under clocks that go astray by years at each single call, and under
# monotonic and boot clocks of another time namespace, for the worker, for
# docketd, for both; each must give the same numbers in the same order, the same
# seats reaped, and no period but the one. Then daily series: the clock that
# everybody shares steps through days, ahead by years and back, and at last
# differs at each call: numbers follow it, none comes twice, every date shown
# lies in its number's period.
#
# TAKES numbers of each scenario; STEPS days walked; ASTRAY_S seconds at the
# end; PARTS of never and daily.
#
# row: 12
# seconds: 45 90
# waits
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/attack/lib.sh
. "$here/lib.sh"

takes=${TAKES:-$(scale 4000 40000)}
steps=${STEPS:-$(scale 4 16)}
astray_s=${ASTRAY_S:-$(scale 4 20)}
day=86400 year=31557600
parts=${PARTS:-never daily}

shim=$(binary shiftclock.so)
clocks=$(binary docket-clocks)
new_work
clock=$work/clock

fresh_realm() {
    [ -z "$runtime" ] || rm -rf -- "$runtime" "$work/realm" "$work/logs"
    rm -f "$work"/stop* "$work"/*.out
    new_realm "clock_guard_days = ${guard:-35}" '[default]' 'window = 400' "$@"
}

seats() {
    "$docket" inspect --json >"$work/inspect.json" 2>/dev/null &&
        [ "$(jq "[.desks[].figures.$1] | add" "$work/inspect.json")" = "$2" ]
}

has_taken() {
    grep -q "^taken $2\$" "$work/$1.out" 2>/dev/null
}

# begin_docketd [CMD...]: under CMD, such as env or unshare
begin_docketd() {
    run_child "$work/docketd.log" "$@" "$docketd" --realm "$realm" --create
    docketd_pid=$child
    within 30 answers
}

# By the socket, not by a heartbeat whose clock may be another.
answers() {
    "$docket" fate --all --json --no-start >/dev/null 2>&1
}

# sit ID SERIES MODE COUNT STOP-FILE [CMD...]
sit() {
    local id=$1 series=$2 mode=$3 count=$4 stop=$5
    shift 5
    run_child "$work/$id.out" "$@" "$clocks" "$realm" "$logs" "$id" "$series" "$mode" "$count" "$stop"
}

# ---- as unshifted ------------------------------------------------------------

never=acme/S-never,acme/L-never

# scenario NAME DOCKETD-UNDER WORKER-UNDER: what was decided goes to $decided
scenario() {
    local by_docketd by_worker dying living
    read -ra by_docketd <<<"$2"
    read -ra by_worker <<<"$3"
    decided=''
    fresh_realm 'restart = never'
    begin_docketd "${by_docketd[@]}" || { echo "docketd does not answer"; return 1; }
    add_series acme/S-never --order strict
    add_series acme/L-never --order leased

    sit first "$never" next "$takes" "" "${by_worker[@]}"
    wait_child "$child" || { cat "$work/first.out"; return 1; }

    sit dying "$never" next 100 "$work/stop" "${by_worker[@]}"
    dying=$child
    sit living "$never" next 100 "$work/stop" "${by_worker[@]}"
    living=$child
    within 30 has_taken dying 100 && within 30 has_taken living 100 || { echo "not taken"; return 1; }
    kill -STOP "$living"
    kill_child "$dying"
    within 30 seats seats_reaped 2 || { echo "the dead worker is not reaped"; return 1; }
    sleep "$(scale 0.5 3)" # several of docketd's looks at the one who is stopped
    seats seats_taken 1 || { echo "the stopped worker was robbed of its seat"; return 1; }
    kill -STOP "$docketd_pid"
    sleep "$(scale 0.5 3)"
    kill -CONT "$docketd_pid" "$living"
    touch "$work/stop"
    wait_child "$living" || { cat "$work/living.out"; return 1; }

    sit last "$never" next 1000 "" "${by_worker[@]}"
    wait_child "$child" || { cat "$work/last.out"; return 1; }
    within 30 seats seats_taken 0 || { echo "seats do not come back"; return 1; }
    audit --unknown-max 0 || return 1
    twice=$((twice + $(figure duplicates "$work/audit.json"))) lost=$((lost + $(figure unaccounted "$work/audit.json")))
    [ "$(figure_of numbers "$work/first.out")" = "$takes" ] || { echo "not all taken"; return 1; }
    decided="$(figure_of order "$work/first.out") $(jq -c '[.desks[].figures | .seats_reaped, .quarantines]' "$work/inspect.json") $(jq -c '[.counters[] | [.series, .period]] | sort' "$work/fate.json")"
    stop_docketd
}

twice=0 lost=0 scenarios=0 same=0
as_unshifted() {
    local code=0
    scenario "$@" >"$work/scenario.txt" 2>&1 || code=1
    scenarios=$((scenarios + 1))
    [ -n "$docketd_pid" ] && kill_docketd
    [ "$scenarios" != 1 ] || expected=$decided
    if [ "$code" = 0 ] && [ "$decided" = "$expected" ] && [ -n "$decided" ]; then
        same=$((same + 1))
        pass "$1: numbers, order and decisions as unshifted"
    else
        printf 'expected %s\ndecided  %s\n' "${expected:-}" "$decided" >>"$work/scenario.txt"
        fail "$1: numbers, order and decisions as unshifted" "$work/scenario.txt"
    fi
}

off() {
    echo "env LD_PRELOAD=$shim DOCKET_CLOCK_SHIFT_S=$1"
}

set_clock "$work/astray" 0 $((10 * year))
astray="env LD_PRELOAD=$shim DOCKET_CLOCK_FILE=$work/astray"
if [[ $parts == *never* ]]; then
    as_unshifted "unshifted" "" ""
    as_unshifted "both 40 years back" "$(off $((-40 * year)))" "$(off $((-40 * year)))"
    as_unshifted "docketd 30 years ahead, worker 30 years back" "$(off $((30 * year)))" "$(off $((-30 * year)))"
    as_unshifted "docketd 30 years back, worker 30 years ahead" "$(off $((-30 * year)))" "$(off $((30 * year)))"
    as_unshifted "astray by up to 10 years at each call, docketd and worker" "$astray" "$astray"
    if unshare --time --monotonic 1000 true 2>/dev/null; then
        as_unshifted "monotonic and boot clock 100,000 s ahead, worker" "" "$here/in_time.sh 100000"
        as_unshifted "monotonic and boot clock 100,000 s ahead, docketd" "$here/in_time.sh 100000" ""
    else
        skip_row "monotonic clocks of another time namespace" "unshare --time is not allowed here (needs root)"
    fi
    at_least "clocks under which a series without restart decides as unshifted" "$scenarios" "$same"
fi

# ---- daily series ------------------------------------------------------------

daily=acme/S-daily,acme/L-daily
shared="env LD_PRELOAD=$shim DOCKET_CLOCK_FILE=$clock"

# label DAYS: today's period and so many days on
label() {
    date -u -d "@$(($(date +%s) + $1 * day + into))" +%Y%m%d
}

# took ID DAYS: that worker has had numbers of that day from both series
took() {
    local period
    period=$(label "$2")
    grep -q "^period S-daily $period " "$work/$1.out" && grep -q "^period L-daily $period " "$work/$1.out"
}

# A worker that has ended will not come there.
took_or_ended() {
    took "$1" "$2" || ! is_running "${!1}"
}

came_to_day() {
    within 20 took_or_ended texts "$1" && within 20 took_or_ended blocks "$1" && took texts "$1" && took blocks "$1"
}

# step_to DAYS: the clock; both workers must come to numbers of that day
visited=0 steps_done=0
step_to() {
    steps_done=$((steps_done + 1))
    set_clock "$clock" $(($1 * day + into)) 0
    if came_to_day "$1"; then
        visited=$((visited + 1))
        pass "daily: the clock goes to day $1 ($2): both workers are given numbers of it"
    else
        fail "daily: the clock goes to day $1 ($2): both workers are given numbers of it" "$work/texts.out"
        note "wanted $(label "$1"); blocks: $(tail -n 1 "$work/blocks.out")"
    fi
}

if [[ $parts != *daily* ]]; then
    finish
fi
guard=0 fresh_realm 'restart = daily' # these clocks are to be followed, however far they go
into=$((43200 - $(date +%s) % day)) # noon: a long check crosses no midnight
set_clock "$clock" "$into" 0
# shellcheck disable=SC2086
begin_docketd $shared
add_series acme/S-daily --order strict
add_series acme/L-daily --order leased
# shellcheck disable=SC2086
sit texts "$daily" text 0 "$work/stop-daily" $shared
texts=$child
# shellcheck disable=SC2086
sit blocks "$daily" block 0 "$work/stop-daily" $shared
blocks=$child

step_to 0 "today"
for ((i = 1; i <= steps; i++)); do
    step_to "$i" "a day on"
done
step_to $((steps + 400)) "more than a year ahead"
# The next day was open already, and that clock has ended it too.
step_to $((steps + 2)) "back: the first day that was not open yet"
step_to $((steps + 3)) "a day on"
step_to -900 "years back: a day that nobody has seen"
step_to $((steps + 4)) "ahead again: a day that was open, and left ahead"
# Leases of a day are out when the clock goes back; its time comes again while docketd is dead.
# shellcheck disable=SC2086
sit holder acme/L-daily next 30 "$work/stop-holder" $shared
holder=$child
check "daily: a worker holds a lease of a day" within 30 has_taken holder 30
step_to -800 "years back: a day with a lease out is put off"
kill_docketd
set_clock "$clock" $(((steps + 4) * day + into)) 0
# shellcheck disable=SC2086
begin_docketd $shared || fail "docketd starts under such clocks" "$work/docketd.log"
# shellcheck disable=SC2086
sit again acme/L-daily next 30 "$work/stop-holder" $shared
again=$child
check "daily: a docketd that finds a day's lease out, in its time, gives numbers of that day" within 20 has_taken again 30
touch "$work/stop-holder"
wait_child "$holder" || fail "daily: the holder of the lease ends in order" "$work/holder.out"
kill_child "$again"
step_to $((steps + 401)) "the day after the one that was opened too early"
at_least "steps of the clock that daily series follow" "$steps_done" "$visited"

# A day that was left in order is over, whatever the clock says later.
before=$(grep -c "daily $(label 1) " "$work/texts.out")
set_clock "$clock" $((day + into)) 0
sleep 1
check "daily: a day that has ended is not opened again" test "$(grep -c "daily $(label 1) " "$work/texts.out")" = "$before"

set_clock "$clock" $(((steps + 402) * day + into)) $((3 * day))
# Meanwhile docketd is killed again and again: whatever it was opening, closing
# or putting off is met by the next one, at another time of another clock.
deaths=0
for ((until = SECONDS + astray_s; SECONDS < until;)); do
    sleep_random 50 600
    kill_docketd
    # shellcheck disable=SC2086
    begin_docketd $shared || { fail "docketd starts under such clocks" "$work/docketd.log"; break; }
    deaths=$((deaths + 1))
done
both_live() {
    is_running "$texts" && is_running "$blocks"
}
check "daily: clocks that differ at each call: no text was wrong meanwhile" both_live
note "$deaths times docketd was killed meanwhile"
set_clock "$clock" $(((steps + 420) * day + into)) 0
step_to $((steps + 420)) "after a while of clocks that differ at each call"
# A block keeps its period, however far the clock goes.
late() {
    local late
    # shellcheck disable=SC2086
    sit "late$1" "$daily" late 0 "$work/stop-late$1" $shared
    late=$child
    within 30 has_taken "late$1" 10 || return 1
    set_clock "$clock" $(((steps + 420 + $1) * day + into)) 0
    touch "$work/stop-late$1"
    wait_child "$late" || { cat "$work/late$1.out"; return 1; }
    set_clock "$clock" $(((steps + 420) * day + into)) 0
}
check "daily: a block used seven years before its day: its texts have that day" late -2600
check "daily: a block used two years after its day: its texts have that day" late 800
touch "$work/stop-daily"
wait_child "$texts" || true
wait_child "$blocks" || true
check "daily: every date shown lay in its number's period, every call's digits were its number" \
    grep -q '^good 1$' "$work/texts.out"
check "daily: and for texts of blocks" grep -q '^good 1$' "$work/blocks.out"
check "daily: the audit is clean" audit --unknown-max 0
twice=$((twice + $(figure duplicates "$work/audit.json"))) lost=$((lost + $(figure unaccounted "$work/audit.json")))
at_most "numbers given twice under moving clocks" 0 "$twice"
at_most "numbers unaccounted for under moving clocks" 0 "$lost"
finish
