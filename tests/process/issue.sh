#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Numbers at record speed, with real processes: many ask for the same keys while docketd is killed all
# along, and each key has one number; the next day, the next year and after a power loss too. What is
# refused, and why: other arguments, a void number, a text of elsewhere, the interval's end, too much at once.
#
# seconds: 8 40
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

new_realm
start_docketd
ledger=$(binary docket-ledger)
add_series acme/GAP --order gapless
add_series acme/LED --ledger on --restart daily --template '{SERIES}-{YYYY}{MM}{DD}-{N:4}'
add_series acme/END --ledger on --at-end stop --last 3
add_series acme/TWO --ledger on
add_series acme/MEM

# one SERIES WORD...: one call; its first line is $said
one() {
    said=$("$ledger" "$realm" "$1" one "${@:2}" | tee "$work/one.out" | sed -n 1p)
}

# says PATTERN SERIES WORD...
says() {
    local pattern=$1
    shift
    one "$@"
    cat "$work/one.out"
    # shellcheck disable=SC2254
    case $said in $pattern) ;; *) return 1 ;; esac
}

fails() {
    ! "$@"
}

# Each key has one number, in all lines of these files; and each number one key.
one_number_for_each_key() {
    awk 'NF == 7 {print $1, $2, $3, $4}' "$@" | sort -u >"$work/pairs"
    [ "$(wc -l <"$work/pairs")" = "$keys" ] && [ "$(cut -d' ' -f1 "$work/pairs" | sort -u | wc -l)" = "$keys" ] &&
        [ "$(cut -d' ' -f2,3 "$work/pairs" | sort -u | wc -l)" = "$keys" ]
}

# ---- many callers, one key --------------------------------------------------

keys=$(scale 100 400)
check "8 processes ask for $keys keys at once" "$ledger" "$realm" acme/GAP issue 8 "$keys" 30
cp "$work/case.out" "$work/calm"
check "each key has one number, the lowest ones" one_number_for_each_key "$work/calm"
check "1 to $keys" test "$(cut -d' ' -f3 "$work/pairs" | sort -n | tail -n 1)" = "$keys"
check "each answer came: 8 for each key" test "$(wc -l <"$work/calm")" = $((8 * keys))

before=$keys
keys=$(scale 400 3000)
kill_docketd
storm_docketd "$(scale 0.15 0.2)"
run_child "$work/storm.out" "$ledger" "$realm" acme/GAP issue 6 "$keys" 240 storm-
asking=$child
run_child "$work/batch.out" "$ledger" "$realm" acme/GAP batch 4 "$keys" 240 storm-
batching=$child
check "the same while docketd is killed all along" wait_child "$asking"
check "in batches too" wait_child "$batching"
end_storm
check "docketd was killed $(cat "$work/storm.kills") times, and never ended by itself" test ! -e "$work/storm.bad"
check "each key has one number" one_number_for_each_key "$work/storm.out" "$work/batch.out"
check "numbers were given without a hole" test "$(cut -d' ' -f3 "$work/pairs" | sort -n | sed -n '1p;$p' | tr '\n' ' ')" = "$((before + 1)) $((before + keys)) "

lose_power
start_docketd
check "after a power loss the same keys" "$ledger" "$realm" acme/GAP batch 1 "$keys" 30 storm-
cp "$work/case.out" "$work/after.out"
check "have the same numbers" one_number_for_each_key "$work/storm.out" "$work/after.out"
check "and say so" test "$(cut -d' ' -f6 "$work/after.out" | sort -u)" = 1

# ---- one key ----------------------------------------------------------------

yesterday=$(date -u -d yesterday +%Y%m%d)
check "a number of yesterday" says 'DOCKET_OK 1 issued 0 1 LED-*-0001' acme/LED key=day "date=$yesterday" 'metadata={"order":1}'
check "the next day the key has it still" says "DOCKET_OK 1 issued 1 1 LED-$yesterday-0001" acme/LED key=day 'metadata={"order":1}'
check "today's first number is another" says "DOCKET_OK 1 issued 0 1 LED-$(date -u +%Y%m%d)-0001" acme/LED key=today
check "with other metadata: refused" says "DOCKET_KEY_DIFFERS 1 issued 1 * LED-$yesterday-0001" acme/LED key=day 'metadata={"order":2}'
check "with another date: refused" says 'DOCKET_KEY_DIFFERS 1 *' acme/LED key=day "date=$(date -u +%Y%m%d)" 'metadata={"order":1}'
check "pending instead of settled: refused" says 'DOCKET_KEY_DIFFERS 1 *' acme/LED key=day flags=1 'metadata={"order":1}'
check "metadata that is no object: refused" says 'DOCKET_BAD_ARGUMENT 0 *' acme/LED key=odd 'metadata=[1]'
check "a date that does not exist: refused" says 'DOCKET_BAD_DATE 0 *' acme/LED key=odd date=20260230
check "a period to come: refused" says 'DOCKET_PERIOD_NOT_OPEN 0 *' acme/LED key=odd date=20980101
check "without a key" says 'DOCKET_OK 2 issued 0 1 *' acme/LED trace=t-1
check "again, another" says 'DOCKET_OK 3 issued 0 1 *' acme/LED trace=t-1
check "a series without a ledger" says 'DOCKET_NOT_TRACKED 0 *' acme/MEM key=a

# ---- the interval's end -----------------------------------------------------

for n in 1 2 3; do
    check "number $n of 3" says "DOCKET_OK $n issued 0 1 *" acme/END "key=end-$n"
done
check "there is no fourth" says 'DOCKET_EXHAUSTED 0 *' acme/END key=end-4
check "those that have one, have it" says 'DOCKET_OK 2 issued 1 1 *' acme/END key=end-2

# ---- texts of elsewhere -----------------------------------------------------

today=$(date -u +%Y%m%d)
elsewhere() {
    "$ledger" "$realm" acme/LED elsewhere "$1" "by hand" | tee "$work/one.out" | sed -n 1p
}
check "a document number of elsewhere" test "$(elsewhere "led-$today-0004")" = "DOCKET_OK 0 "
check "known already: fine" test "$(elsewhere "LED-$today-0004")" = "DOCKET_OK 0 "
check "its number is skipped" says "DOCKET_OK 5 issued 0 1 LED-$today-0005" acme/LED key=skip
check "one that we have is refused, and says which" test "$(elsewhere "LED-$today-0005")" = "DOCKET_COLLISION 5 LED-$today-0005"
for n in 6 7 8; do elsewhere "LED-$today-000$n" >/dev/null; done
check "three in turn: a collision" says 'DOCKET_COLLISION 0 *' acme/LED key=three
check "and the same call goes on behind them" says "DOCKET_OK 9 issued 0 1 *" acme/LED key=three
mem="MEM-$today-000001"
check "one that a series without a ledger would write is refused" test "$(elsewhere "$mem" | cut -d' ' -f1)" = DOCKET_COLLISION
check "a number of another series" says 'DOCKET_OK 1 *' acme/TWO key=two
check "a text that no series writes yet is taken" test "$(elsewhere "NEW-$today-000007")" = "DOCKET_OK 0 "
check "a series without a ledger that would give it is not made" fails add_series acme/NEW --restart daily --template '{SERIES}-{YYYY}{MM}{DD}-{N:6}'
check "... nor one with small letters" fails add_series acme/NEWER --restart daily --template 'new-{YYYY}{MM}{DD}-{N:6}'
check "beyond it, it is" add_series acme/NEW --restart daily --template '{SERIES}-{YYYY}{MM}{DD}-{N:6}' --start-after 7
check "one that another series has given is refused" test "$(elsewhere "two-$today-000001")" = "DOCKET_COLLISION 1 TWO-$today-000001"
check "one that another series would give is taken" test "$(elsewhere "TWO-$today-000002")" = "DOCKET_OK 0 "
check "and that series skips it" says "DOCKET_OK 3 issued 0 1 TWO-$today-000003" acme/TWO key=three
stop_docketd
start_docketd
elsewhere "LED-$today-0010" >/dev/null
check "after a restart they are known still" says 'DOCKET_OK 11 *' acme/LED key=more

# ---- days -------------------------------------------------------------------

tomorrow=$(date -u -d tomorrow +%Y%m%d)
check "a number of tomorrow, from two days before it" says "DOCKET_OK 1 issued 0 1 LED-$tomorrow-0001" acme/LED key=ahead "date=$tomorrow"
check "one of next week is not given yet" says 'DOCKET_PERIOD_NOT_OPEN 0 *' acme/LED key=week "date=$(date -u -d '+8 days' +%Y%m%d)"
stop_docketd
export LD_PRELOAD DOCKET_CLOCK_SHIFT_S=86400
LD_PRELOAD=$(binary shiftclock.so)
start_docketd
check "a day later: the next one of that day" says "DOCKET_OK 2 issued 0 1 LED-$tomorrow-0002" acme/LED key=then
check "yesterday's key has its number" says "DOCKET_OK 1 issued 1 1 LED-$today-0001" acme/LED key=today
check "and so has the day before's" says "DOCKET_OK 1 issued 1 1 LED-$yesterday-0001" acme/LED key=day 'metadata={"order":1}'
stop_docketd
unset LD_PRELOAD DOCKET_CLOCK_SHIFT_S
start_docketd

# ---- void -------------------------------------------------------------------

check "a number is declared void by its key" "$docket" void acme/LED --key three --reason misprint --yes
check "and the key says so" says 'DOCKET_KEY_VOID 9 void 1 *' acme/LED key=three

# ---- too much at once -------------------------------------------------------

"$ledger" "$(dirname "$(find "$runtime" -name socket)")" acme/GAP flood 100 50 >"$work/flood.out"
note "$(cat "$work/flood.out")"
check "100 packets before one is read: some are told that it is too much, and none is without an answer" \
    awk '$4 >= 64 && $6 > 0 && $4 + $6 == $2 {sound = 1} END {exit !sound}' "$work/flood.out"
check "and docketd serves" says 'DOCKET_OK *' acme/GAP key=afterwards
stop_docketd

finish
