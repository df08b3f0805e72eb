#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Periods that have ended: documents dated back from four processes while the
# current year goes on and docketd is killed all along; a period closed with a
# lease out (closing until its holder dies, over docketd's death too); what is
# closed stays closed, whatever the clock says; closed by policy.
#
# seconds: 11 30
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/process/cli_lib.sh
. "$here/cli_lib.sh"

# ---- dated back, and killed -------------------------------------------------

new_realm
views_begin
start_docketd
add_series acme/INV
add_series acme/HOT --order leased
last_year=$(($(date -u +%Y) - 1))

storm_docketd 0.25
kill_docketd
for i in 1 2 3 4; do
    start_worker "back$i" --series acme/INV,acme/HOT --mode text --date "${last_year}0630" --count 0 --timeout-ms 2000 \
        --stop-file "$work/stop"
done
for i in 1 2; do
    start_worker "now$i" --series acme/INV,acme/HOT --mode text --count 0 --rate 2000 --stop-file "$work/stop"
done
sleep "$(scale 3 15)"
touch "$work/stop"
for child in "${!children[@]}"; do
    [ "$child" = "$storm" ] || wait_child "$child" || true
done
end_storm
check "dated back by four processes, docketd killed $(cat "$work/storm.kills") times: all of them go on" \
    all_worked back1 back2 back3 back4 now1 now2
check "and docketd never ended by itself" test ! -e "$work/storm.bad"
start_docketd
check "the audit is clean: no number twice, each with its fate" audit --unknown-max 0
check "numbers of last year were given" test "$("$docket" period list acme/INV --json | jq '.periods[0].given')" -ge 20
note "$("$docket" period list acme/HOT | head -n 3 | tr -s ' ' | cut -d' ' -f1,2,7 | tr '\n' ';')"

# ---- what a power loss leaves -----------------------------------------------

before=$("$docket" next acme/INV --date "$last_year-12-31" --json | jq '.numbers[0].number')
lose_power
start_docketd
expect "after a power loss: the ended period goes on" 0 next acme/INV --date "$last_year-12-31" --json
json "behind what it had given" ".numbers[0].number == $before + 1"
json "in its own period" ".numbers[0].period == $last_year"
expect "fate of the ended period" 0 fate "acme/INV/$last_year" --json
json "nothing of it is unknown" '[.counters[0].ranges[].fate] | unique == ["handed out"]'

# ---- closed -----------------------------------------------------------------

expect "period close: done" 0 period close acme/INV "$last_year" --yes --reason 'the books are closed'
refused "a number of a closed period" 5 next acme/INV --date "$last_year-12-31"
err_has "says so" 'was closed'
expect "closing it again: it is closed already" 0 period close acme/INV "$last_year" --yes --reason 'again'
expect "void of a number of it still works" 0 void "acme/INV/$last_year" 1 --yes --reason 'cancelled'
refused "closing the current period" 1 period close acme/INV "$(date -u +%Y)" --yes --reason x
refused "closing a period to come" 1 period close acme/INV 2098 --yes --reason x
refused "closing a month of a series that restarts yearly" 1 period close acme/INV 2020-01 --yes --reason x
refused "closing without a reason" 2 period close acme/INV 2020 --yes
expect "closing a year of which no number was given" 0 period close acme/INV 2019 --yes --reason 'before us'
refused "and it gives none" 5 next acme/INV --date 2019-06-30
refused "a date that does not exist" 2 next acme/INV --date 2026-02-29
err_has "says which days there are" '2026-02 has no day 29: its days are 1 to 28'
refused "a date that no document can have" 2 next acme/INV --date 2100-01-01
err_has "says which there are" '2100-01-01 lies outside .* 2001-01-01 to 2099-12-31; no number'
kill_docketd
start_docketd
refused "docketd killed: closed is closed" 5 next acme/INV --date "$last_year-12-31"
expect "events tell of it" 0 events --kind close --json
json "once each, with the reason" '[.events[].reason] == ["the books are closed", "before us"]'
expect "period list: says what there is" 0 period list acme/INV --json
json "states in order" '[.periods[].state] == ["closed", "closed", "open"]'
keys "period list" realm tenant series schema_version periods \
    periods.\[\]{,.period,.label,.state,.first_day,.last_day,.begins,.ends,.first_number,.given,.mark,.last_date,.holder_count,.holders}

# ---- where they end -----------------------------------------------------------

expect "a series with an interval" 0 series add acme/IV --prefix IV --template '{PREFIX}{YYYY}-{N:3}' --last 2
expect "last year: its first number" 0 next acme/IV --date "$last_year-06-30"
expect "last year: its last number" 0 next acme/IV --date "$last_year-06-30"
refused "last year: none above the interval" 5 next acme/IV --date "$last_year-06-30"
expect "three digits" 0 series add acme/T3 --prefix T --template '{PREFIX}{YYYY}{N:3}' --at-end stop
expect "and four, told apart by their number" 0 series add acme/T4 --prefix T --template '{PREFIX}{YYYY}{N:4}' --at-end stop
start_worker three --series acme/T3 --date "${last_year}0630" --count 999
check "last year: 999 numbers of three digits" wait_child "$child"
refused "last year: none of four, which is another series' text" 5 next acme/T3 --date "$last_year-06-30"
expect "a series that widens" 0 series add acme/W3 --prefix W --template '{PREFIX}{YYYY}{N:3}' --last 1005
start_worker wide --series acme/W3 --date "${last_year}0630" --count 1001
check "last year: 1001 numbers" wait_child "$child"
expect "it stops at its width from now on" 0 series set acme/W3 --last none --at-end stop --reason 'the law'
refused "last year stops too: its texts are written anew" 5 next acme/W3 --date "$last_year-06-30"

# ---- by policy, and in a chronological series --------------------------------

expect "a series that closes 30 days after" 0 series add acme/POL --prefix POL --template '{PREFIX}/{YYYY}/{N}' --close-after 30
refused "what was due before anybody asked" 5 next acme/POL --date "$last_year-06-30"
err_has "says why" 'closed by the series'
expect "a chronological series" 0 series add acme/CHR --prefix CHR --template '{PREFIX}/{YYYY}/{N}' --chronological yes
expect "a number of last year" 0 next acme/CHR --date "$last_year-06-30"
refused "one of the day before" 2 next acme/CHR --date "$last_year-06-29"
expect "the same day again" 0 next acme/CHR --date "$last_year-06-30"
expect "a number of today" 0 next acme/CHR
refused "last year's are over now" 2 next acme/CHR --date "$last_year-12-31"
err_has "says which period came" "its period $(date -u +%Y)"
expect "another one, that never restarts" 0 series add acme/CH2 --prefix CH2 --template '{PREFIX}-{N}' --restart never --chronological yes
expect "a number of last year" 0 next acme/CH2 --date "$last_year-01-05"
expect "it is not chronological for a while" 0 series set acme/CH2 --chronological no --reason 'a trial'
expect "a number of today" 0 next acme/CH2
expect "it is chronological again" 0 series set acme/CH2 --chronological yes --reason 'the law'
refused "none goes before those of the while between" 2 next acme/CH2 --date "$last_year-06-30"
expect "a series that is not" 0 series add acme/CH3 --prefix CH3 --template '{PREFIX}/{YYYY}/{N}'
expect "a number of last year" 0 next acme/CH3 --date "$last_year-12-05"
expect "it becomes chronological" 0 series set acme/CH3 --chronological yes --reason 'the law'
refused "none goes before those of an ended period either" 2 next acme/CH3 --date "$last_year-06-30"
stop_docketd

at_cleanup() { unset LD_PRELOAD DOCKET_CLOCK_FILE; } # the clock's file goes

# ---- a lease out over midnight ------------------------------------------------

set_clock "$work/clock" 0
export DOCKET_CLOCK_FILE=$work/clock LD_PRELOAD
LD_PRELOAD=$(binary shiftclock.so)
today=$(env -u LD_PRELOAD date -u +%Y-%m-%d)
left=$(($(env -u LD_PRELOAD date -u -d "$today + 1 day" +%s) - $(env -u LD_PRELOAD date +%s)))
rm -rf "${runtime:?}"/* "$realm" "$logs"
realm_lines=('[default]' 'restart = daily' 'order = leased')
new_realm "${realm_lines[@]}"
set_clock "$work/clock" $((left - 4))
start_docketd
day=${today//-/}

# In a chronological series, whose two days are on the board while docketd is dead.
add_series acme/CD --order strict --chronological yes
start_worker new --series acme/CD --count 0 --rate 20 --stop-file "$work/new.stop"
newer=$child
start_worker old --series acme/CD --date "$day" --mode text --count 0 --rate 20
older=$child
both_log() { [ "$("$docket" period list acme/CD --json | jq '.periods[0].given')" -ge 4 ]; }
check "two processes take under one date" wait_until 5 both_log
kill_docketd
set_clock "$work/clock" $((left + 1))
check "midnight, docketd dead: who dates back is refused once a number of the new day is out" \
    wait_until 5 grep -q OUT_OF_ORDER "$work/old.out"
kill_child "$older"
touch "$work/new.stop"
check "and who goes with the clock goes on" wait_child "$newer"
set_clock "$work/clock" $((left - 4))
start_docketd
refused "the clock set back: nothing is dated before what was given" 2 next acme/CD
add_series acme/DAY
start_worker holder --series acme/DAY --mode block --block 10 --rate 1 --step 1 --count 0
holder=$child
start_worker other --series acme/DAY --count 3
wait_child "$child"
state_is() { [ "$("$docket" period list acme/DAY --json | jq -r ".periods[] | select(.period == $day) | .state")" = "$1" ]; }
holds() { "$docket" period list acme/DAY --json | jq -e "[.periods[] | select(.period == $day) | .holders[].pid] == [$holder]"; }
check "a process holds a block" wait_until 5 holds
kill -STOP "$holder"
set_clock "$work/clock" $((left + 1))
check "midnight: the day has ended, with a lease out" wait_until 5 state_is ended
check "period list says who holds it" holds
start_worker beside --series acme/DAY --mode text --date "$day" --count 40
check "numbers of the ended day are given beside the lease" wait_child "$child"
expect "period close: an honest no while a lease is out" 1 period close acme/DAY "$day" --yes --reason 'day is done'
err_has "says that it is closing" 'is closing'
check "it says who" grep -q "pid $holder" "$case_out"
check "state: closing" state_is closing
refused "nothing is given while it is closing" 5 next acme/DAY --date "$today"
kill_docketd
start_docketd
check "docketd killed: it is closing still" state_is closing
refused "nothing is given" 5 next acme/DAY --date "$today"
run_child "$work/close.out" "$docket" period close acme/DAY "$day" --yes --reason 'day is done' --wait 20
closer=$child
kill -CONT "$holder"
kill_child "$holder"
check "its holder killed: --wait ends, and it is closed" wait_child "$closer"
check "state: closed" state_is closed
refused "nothing is given of it" 5 next acme/DAY --date "$today"
check "the audit is clean" audit --unknown-max 0
set_clock "$work/clock" $((left - 40))
refused "the clock set back into it: it is not opened again" 5 next acme/DAY --timeout 0.5
expect "docketd started then" 0 period list acme/DAY
kill_docketd
start_docketd
refused "nor by a docketd that starts there" 5 next acme/DAY --timeout 0.5
check "state: closed" state_is closed
set_clock "$work/clock" $((left + 60))
expect "the clock right again: the new day goes on" 0 next acme/DAY
finish
