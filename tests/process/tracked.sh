#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Series that keep a ledger, without a record in it: they stand off the board from
# their first day. What is refused, and why; restart, power loss, eviction, an older
# store; periods, advance, retire and settings by the image alone; a living series
# that begins to keep one while its numbers are taken, and while docketd is killed.
#
# seconds: 15 60
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/process/cli_lib.sh
. "$here/cli_lib.sh"

at_cleanup() { unset LD_PRELOAD DOCKET_CLOCK_FILE; } # the clock's file goes

# Settings of a series, as docketd tells them: holds SERIES NAME VALUE
holds() { [ "$("$docket" series show "$1" --json | jq -r ".facts.settings.\"$2\"")" = "$3" ]; }
ranges() { "$docket" fate "$1" --json | jq -c '[.counters[].ranges[] | [.first, .last, .fate, .cause]]'; }
ranges_are() { [ "$(ranges "$1")" = "$2" ] || { ranges "$1"; return 1; }; }
states() { "$docket" period list "$1" --json | jq -c '[.periods[] | [.period, .state]]'; }
states_are() { [ "$(states "$1")" = "$2" ] || { states "$1"; return 1; }; }
year=$(date -u +%Y)

# ---- what is refused, and what is told --------------------------------------

new_realm
views_begin
tracked=$(binary docket-tracked)
start_docketd
refused "leased with a ledger: usage" 2 series add acme/NO --order leased --ledger on
err_has "says what keeps one" 'use order=strict or order=gapless, or say ledger=off'
refused "gapless without one: usage" 2 series add acme/NO --order gapless --ledger off
err_has "says that it always has one" 'order=gapless always keeps a ledger'
refused "gapless and chronological: usage" 2 series add acme/NO --order gapless --chronological yes
refused "on-expiry=free without a ledger: usage" 2 series add acme/NO --on-expiry free
expect "on-expiry=free under a law: usage" 2 series add acme/NO --ledger on --on-expiry free --profile de
err_has "says what that would break" 'two documents have it; on-expiry=doubt would fit'
refused "none of them was made" 1 series show acme/NO
expect "gapless, from 42 on: declares" 0 series add acme/GAP --order gapless --start-after 41
expect "the same again: done" 0 series add acme/GAP --order gapless --ledger on --start-after 41
refused "with another beginning: an honest no" 1 series add acme/GAP --order gapless --start-after 7
err_has "says where it begins" 'begins at 42, not behind 7'
expect "on-expiry=free: declares" 0 series add acme/FREE --ledger on --on-expiry free
err_has "and says what that breaks" 'on-expiry=free: a number whose holder ends.*shares it with another'
check "gapless means ledger=on" holds acme/GAP ledger on

expect "series show: works" 0 series show acme/GAP
out_has "says the next number" '^next  *GAP-[0-9]*-000042$'
out_has "says what a power loss costs: nothing" '^gap  *none'
out_has "shows the template" '^template  {SERIES}-{YYYY}'
out_has "and how many are left" 'left .* of 42 to'
expect "series list --json: works" 0 series list --json
json "says which keep one" '[.series[] | select(.ledger) | .series] | sort == ["FREE", "GAP"]'
json "nothing of them is laid" '[.series[] | select(.ledger) | .periods[].laid] == [0, 0]'
expect "status: works" 0 status --json
json "it misses no period" '.figures.without_period == 0 and .figures.laid == 0'
expect "status -v: works" 0 status -v
out_has "says so in the row" "^acme/GAP  *gapless  *$year  *42 .*ledger\$"
expect "doctor: finds nothing wrong" 0 doctor
check "at the desk: what processes hear" "$tracked" "$realm" board acme/GAP
check "of a strict one too" "$tracked" "$realm" board acme/FREE
check "texts are read, given or not" "$tracked" "$realm" text acme/GAP "GAP-${year}0131-000099" 99 "$year"
refused "peek: an honest no" 1 peek acme/GAP
err_has "says why" 'keeps a ledger'
refused "a block" 1 block acme/GAP
refused "void of what nobody has" 1 void acme/GAP 42 --yes --reason x

# ---- by the image alone -----------------------------------------------------

expect "advance: works" 0 series advance acme/GAP --to 50 --yes --reason 'used by hand'
check "what was skipped is void, with the cause" ranges_are acme/GAP '[[42,49,"void","advanced"]]'
refused "advance to where it is beyond" 1 series advance acme/GAP --to 49 --yes --reason x
err_has "says where it is" 'is 50 already'
refused "of a year that is over: an honest no" 1 series advance "acme/GAP/$((year - 1))" --to 9 --yes --reason x
check "the current period is open" states_are acme/GAP "[[$year,\"open\"]]"
refused "and cannot be closed" 1 period close acme/GAP "$year" --yes --reason x
expect "a year before it is closed" 0 period close acme/GAP "$((year - 1))" --yes --reason 'the books are closed'
check "and is listed so" states_are acme/GAP "[[$((year - 1)),\"closed\"],[$year,\"open\"]]"
expect "dry run of a change that may not be: an honest no" 1 series set acme/GAP --restart monthly --template '{YYYY}{MM}-{N}' --dry-run
out_has "says that it is too late for it" 'only before the first number\|has been closed'
expect "restart before the first number: works" 0 series set acme/FREE --restart monthly --template 'F{YYYY}{MM}-{N}' \
    --start-after 10 --reason 'before the first'
check "it begins there" states_are acme/FREE "[[$year,\"ended\"],[$(date -u +%Y%m),\"open\"]]"
expect "advance of the new period: works" 0 series advance acme/FREE --to 13 --yes --reason x
check "from its own beginning" ranges_are "acme/FREE/$(date -u +%Y-%m)" '[[11,12,"void","advanced"]]'
expect "a last number from now on: works" 0 series set acme/FREE --last 20 --reason 'an interval'
refused "one that it is beyond: an honest no" 1 series set acme/FREE --last 5 --reason x
expect "and a level at which people are warned" 0 series set acme/FREE --warn 20 --reason x
expect "status: works" 0 status --json
json "it warns: two of ten are gone" '.numbers.nearly_used == 1'
expect "series show: works" 0 series show acme/FREE
out_has "the next one is behind them" "^next  *F$(date -u +%Y%m)-13\$"
expect "on-expiry: at any time" 0 series set acme/FREE --on-expiry doubt --reason x
refused "off again: an honest no" 1 series set acme/FREE --ledger off --reason x
err_has "says why" 'the keys that have a number must find it for ever'
refused "by its next policy: an honest no" 1 series set acme/FREE --ledger off --from next --reason x
expect "a template from next month on: works" 0 series set acme/FREE --template 'G{YYYY}{MM}-{N}' --from next --reason x
expect "a series to retire" 0 series add acme/END --ledger on --template 'END{YYYY}-{N}'
expect "retire: works" 0 series retire acme/END --yes --reason 'done'
refused "it gives nothing" 5 next acme/END
expect "show of it: works" 0 series show acme/END
out_has "says so" 'RETIRED'

# ---- docketd dies, the power fails ------------------------------------------

stands() {
    states_are acme/GAP "[[$((year - 1)),\"closed\"],[$year,\"open\"]]" &&
        ranges_are acme/GAP '[[42,49,"void","advanced"]]' && holds acme/FREE last 20 && holds acme/GAP ledger on &&
        "$tracked" "$realm" board acme/GAP && "$tracked" "$realm" board acme/FREE
}
kill_docketd
check "docketd dead: the board says so still" grep -q '^acme/GAP' <("$docket" series list)
start_docketd
check "killed and back: as it was" stands
lose_power
start_docketd
check "after a power loss: nothing is unknown, and all as it was" stands
expect "retired stays retired" 5 next acme/END
expect "the store is whole" 0 verify

# ---- it begins, while its numbers are taken ---------------------------------

add_series acme/TURN --template 'T{YYYY}-{N}'
check "a living series begins to keep a ledger" "$tracked" "$realm" turn
given=$(sed -n 's/^given //p' "$work/case.out")
note "at number $given"
# What the last block left of its window came back, to be given first.
handed() { "$docket" fate acme/TURN --json | jq "[.counters[].ranges[] | select(.fate == \"handed out\") | .last - .first + 1] | add"; }
check "what was given before counts as handed out" test "$(handed)" = "$given"
check "nothing of it is laid or unknown" test "$("$docket" fate acme/TURN --json | jq -c '[.counters[].ranges[].fate] | unique')" = '["handed out"]'
expect "it goes on behind them, by its image" 0 series advance acme/TURN --to $((given + 3)) --yes --reason x
check "and what is skipped is void" ranges_are acme/TURN "[[1,$given,\"handed out\",\"\"],[$((given + 1)),$((given + 2)),\"void\",\"advanced\"]]"
expect "a number from before is void by an admin, as ever" 0 void acme/TURN 2 --yes --reason 'torn'
expect "unknown ones could be settled" 0 reconcile acme/TURN --issued /dev/null --yes
expect "the next number has its record" 0 next acme/TURN --json
json "it is the lowest free one" ".numbers[0].number == $given + 3"
expect "and is decided by that" 0 void acme/TURN "$((given + 3))" --yes --reason 'torn, too'
expect "void of one that was skipped" 1 void acme/TURN "$((given + 1))" --yes --reason x
expect "the event: works" 0 events --kind set
out_has "says so" 'acme/TURN: ledger off -> on, from now on'
expect "a number for a leased one first" 0 series add acme/HOT --order leased --template 'H{YYYY}-{N}'
expect "and one" 0 next acme/HOT
refused "a leased series does not begin" 2 series set acme/HOT --ledger on --reason x
refused "not from the next period on either" 1 series set acme/TURN --ledger off --from next --reason x
check "the leased series gives numbers" "$docket" next acme/HOT

# ---- and while docketd is killed --------------------------------------------

began=0 rounds=$(scale 12 60)
one_turn() {
    local taker switcher first
    rm -f "$work/taken"
    start_docketd
    "$docket" series add acme/KILL --template 'K{YYYY}-{N}' >/dev/null
    "$tracked" "$realm" take >"$work/taken" 2>&1 &
    taker=$!
    children[$taker]=1
    wait_until 5 grep -q ^block "$work/taken"
    "$docket" series set acme/KILL --ledger on --reason 'from now on' --no-start >/dev/null 2>&1 &
    switcher=$!
    sleep "0.0$(printf '%02d' $((RANDOM % 30)))"
    kill_docketd
    wait "$switcher" || true
    start_docketd
    if holds acme/KILL ledger on; then
        began=$((began + 1))
        wait_until 10 grep -q '^ok  *told' "$work/taken"
    else
        first=$(wc -l <"$work/taken")
        wait_until 10 eval '[ "$(wc -l <"$work/taken")" -gt '"$first"' ]'
        "$docket" series set acme/KILL --ledger on --reason 'again' >/dev/null
        wait_until 10 grep -q '^ok  *told' "$work/taken"
    fi
    wait_child "$taker"
    # None twice; all that were written down are handed out; nothing is unknown.
    sed -n 's/^block //p' "$work/taken" | awk '{ for (i = 0; i < 3; i++) print $1 + i }' | sort -n >"$work/numbers"
    [ -z "$(uniq -d "$work/numbers")" ] || { echo "a number was given twice"; return 1; }
    "$docket" fate acme/KILL --json | jq -r '.counters[].ranges[] | select(.fate == "handed out") | "\(.first) \(.last)"' |
        awk '{ for (i = $1; i <= $2; i++) print i }' | sort -n >"$work/handed"
    comm -23 <(sort "$work/numbers") <(sort "$work/handed") >"$work/missing"
    [ ! -s "$work/missing" ] || { echo "given, and not handed out: $(head -n 3 "$work/missing")"; return 1; }
    "$docket" fate acme/KILL --json | jq -e '[.counters[].ranges[].fate] | unique - ["handed out", "spare"] == []' >/dev/null ||
        { "$docket" fate acme/KILL; return 1; }
    kill_docketd
    rm -rf "${runtime:?}" "$logs"
    new_realm
}
all_turns() {
    local i
    for ((i = 0; i < rounds; i++)); do
        one_turn || { echo "round $i"; return 1; }
    done
}
stop_docketd
rm -rf "${runtime:?}" "$realm" "$logs"
realm_in=memory
new_realm
check "$rounds times: docketd killed while a series begins to keep a ledger, which then is on or off" all_turns
note "it had begun $began times of $rounds"

# ---- errands between the ledger's commits ------------------------------------

# Numbers are issued by four processes all along: each errand finds the images between two commits.
errands() {
    local i next of=$1
    for ((i = 1; i <= $(scale 8 60); i++)); do
        next=$("$docket" series show "$of" --json 2>"$work/errand.err" | jq '.periods[0].next') || next=1
        "$docket" series advance "$of" --no-start --to $((${next:-1} + 50000)) --yes --reason "round $i" || true
        "$docket" series set "$of" --no-start --template "L$i-{YYYY}-{N}" --reason "round $i" || true
        "$docket" period close "$of" $((year - i)) --no-start --yes --reason "round $i" || true
    done >>"$work/errands.out" 2>&1
}
start_issuers() {
    local i
    rm -f "$work/stop" "$work"/issuer*.out "$logs"/*
    issuers=()
    for i in 1 2 3 4; do
        start_worker "issuer$i" --series "$1" --count 0 --timeout-ms 5000 --stop-file "$work/stop"
        issuers+=("$child")
    done
}
end_issuers() {
    local pid
    touch "$work/stop"
    for pid in "${issuers[@]}"; do
        wait_child "$pid" || true
    done
}
start_docketd
add_series acme/LOAD --ledger on --template 'LOAD-{YYYY}-{N}'
start_issuers acme/LOAD
errands acme/LOAD
end_issuers
check "errands while four processes issue: they go on" all_worked issuer1 issuer2 issuer3 issuer4
check "advances were done" test "$(ranges acme/LOAD | grep -o '"advanced"' | wc -l)" -ge 1
check "the audit is clean: each number once, each with its fate" audit --unknown-max 0
add_series acme/STORM --ledger on --template 'STORM-{YYYY}-{N}'
kill_docketd
storm_docketd 0.3
start_issuers acme/STORM
errands acme/STORM
end_issuers
end_storm
start_docketd
check "docketd killed $(cat "$work/storm.kills") times meanwhile: they go on" all_worked issuer1 issuer2 issuer3 issuer4
check "docketd never ended by itself" test ! -e "$work/storm.bad"
once() {
    audit --unknown-max 0 || true
    # Without a key an answer that a kill has swallowed leaves a number that nobody heard of: at most one of each, each time.
    audited duplicates -eq 0 && audited unaccounted -le $((4 * $(cat "$work/storm.kills")))
}
check "no number twice, none beyond those whose answers the kills have swallowed" once
expect "the store is whole" 0 verify
stop_docketd

# ---- few slots --------------------------------------------------------------

rm -rf "${runtime:?}" "$realm" "$logs"
new_realm 'series_max = 4' 'evict_after_s = 1' '[default]' 'template = {SERIES}-{YYYY}-{N}'
start_docketd
for i in 1 2 3 4 5 6 7 8; do
    expect "more series than slots: $i" 0 series add "acme/E$i" --ledger on
done
comes_back() { "$docket" series advance acme/E1 --to 5 --yes --reason x; }
check "one that left the board comes back" wait_until 5 comes_back
check "as it was, and one more" ranges_are acme/E1 '[[1,4,"void","advanced"]]'
check "processes find it" wait_until 5 "$tracked" "$realm" board acme/E2
left() { [ "$("$docket" series list --json | jq '.series | length')" -le 1 ]; }
check "in the end they leave" wait_until 20 left
stop_docketd

# ---- an older store ---------------------------------------------------------

rm -rf "${runtime:?}" "$realm" "$logs"
new_realm '[default]' 'template = {SERIES}-{YYYY}-{N}'
start_docketd
expect "a series before the copy" 0 series add acme/OLD --ledger on
expect "that is somewhere" 0 series advance acme/OLD --to 4 --yes --reason x
stop_docketd
cp -r "$realm/store" "$work/older"
start_docketd
expect "it goes on" 0 series advance acme/OLD --to 10 --yes --reason x
stop_docketd
rm -rf "$realm/store"
cp -r "$work/older" "$realm/store"
run_child "$work/docketd.log" "$docketd" --realm "$realm" --accept-store 1000
docketd_pid=$child
check "an older store is accepted, 1000 numbers ahead" wait_until 20 is_serving
check "what it may have given since is unknown, with the cause" ranges_are acme/OLD \
    '[[1,3,"void","advanced"],[4,1003,"unknown","accepted store"]]'
check "and it stands off the board" "$tracked" "$realm" board acme/OLD
stop_docketd

# ---- years end --------------------------------------------------------------

rm -rf "${runtime:?}" "$realm" "$logs"
new_realm '[default]' 'template = {SERIES}-{YYYY}-{N}' 'ledger = on' 'close-after = 3'
edge=$(($(date -u -d "$((year + 1))-01-01" +%s) - $(date +%s)))
set_clock "$work/clock" $((edge - 5))
export DOCKET_CLOCK_FILE=$work/clock LD_PRELOAD
LD_PRELOAD=$(binary shiftclock.so)
start_docketd
expect "on New Year's Eve" 0 series add acme/NY
expect "with another template for the new year" 0 series set acme/NY --template 'NY{YYYY}/{N}' --from next --reason x
expect "two days before it the next one may be advanced, too" 0 series advance "acme/NY/$((year + 1))" --to 3 --yes --reason x
check "old year and new one" states_are acme/NY "[[$year,\"open\"],[$((year + 1)),\"next\"]]"
set_clock "$work/clock" $((edge + 5))
new_year() { states_are acme/NY "[[$year,\"ended\"],[$((year + 1)),\"open\"]]"; }
check "midnight: the old one has ended" wait_until 5 new_year
check "the new policy holds" wait_until 5 holds acme/NY template 'NY{YYYY}/{N}'
refused "the old year gives nothing to an advance" 1 series advance "acme/NY/$year" --to 99 --yes --reason x
expect "from now on it closes at once: works" 0 series set acme/NY --close-after 0 --reason x
closed() { states_are acme/NY "[[$year,\"closed\"],[$((year + 1)),\"open\"]]"; }
check "the policy closes it" wait_until 10 closed
expect "the event: works" 0 events --kind close
out_has "says so" 'closed by policy, 0 days after'
stop_docketd
finish
