#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# docs/examples/ledger_sqlite.c and older_style.c: the tables of docs/RECIPES.md, each row by a run; and many
# processes that invoice, refuse, die and sweep over the same orders.
#
# seconds: 15 40
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

shop=$(binary examples/ledger_sqlite) older=$(binary examples/older_style)

records() { "$docket" records acme/INV "$@" --json 2>/dev/null | jq -s "{records: .}"; }
# State of the order's newest record; "none" without one.
state_of() { records | jq -r --arg key "$1" '[.records[] | select(.key == $key) | .state] | last // "none"'; }
state_is() { [ "$(state_of "$1")" = "$2" ]; }
row_of() { "$shop" "$realm" "$table" list | grep -q "^$1 " && echo stands || echo none; }
sweep_of() { "$shop" "$realm" "$table" sweep | sed -n "s/^$1 //p" | grep . || echo nothing; }

# is WHAT EXPECTED GOT
is() { [ "$2" = "$3" ] || { echo "$1: the page says $2, and it is $3"; return 1; }; }

# One line of the page's table
row_is_true() {
    local step=$1 row=$2 state=$3 swept=$4 end=$5 key=k-${1// /-} code=0 verb=invoice
    [ "$step" != "rolled back" ] || verb=refuse
    CRASH_AFTER=$step "$shop" "$realm" "$table" $verb "$key" 100 >/dev/null 2>&1 || code=$?
    is "exit code" 137 "$code" || return 1
    is "row" "$row" "$(row_of "$key")" || return 1
    wait_until 10 state_is "$key" "$state" || is "number" "$state" "$(state_of "$key")" || return 1
    is "sweep" "$swept" "$(sweep_of "$key")" || return 1
    is "end" "$end" "$(state_of "$key")" || return 1
    is "a second sweep" nothing "$(sweep_of "$key")"
}

# Killed, and the same order again at once instead of a sweep.
again_is_the_same() {
    local key=again-$1 before
    CRASH_AFTER=$1 "$shop" "$realm" "$table" invoice "$key" 100 >/dev/null 2>&1 || true
    before=$(records | jq -r --arg key "$key" '.records[] | select(.key == $key) | .text')
    "$shop" "$realm" "$table" invoice "$key" 100 || return 1
    "$shop" "$realm" "$table" sweep
    [ "$("$shop" "$realm" "$table" list | sed -n "s/^$key //p")" = "$before" ] && state_is "$key" issued
}

rolled_back() {
    ! "$shop" "$realm" "$table" refuse r-1 || return 1
    state_is r-1 free && [ "$(row_of r-1)" = none ]
}
free_one_is_next() {
    local lowest
    lowest=$(records | jq -r '[.records[] | select(.state == "free") | .number] | min')
    "$shop" "$realm" "$table" invoice next-1 100 >/dev/null &&
        [ "$(records | jq -r '.records[] | select(.key == "next-1") | .number')" = "$lowest" ]
}
is_stopped() { [ "$(sed 's/.*) //; s/ .*//' "/proc/$1/stat")" = T ]; }

# One process has rolled back and not released yet; another one has the same order, and its row before it is committed.
release_waits_for_the_lock() {
    local first second
    STOP_AFTER='rolled back' run_child "$work/first" "$shop" "$realm" "$table" refuse race-1
    first=$child
    wait_until 10 is_stopped "$first" || return 1
    STOP_AFTER=inserted run_child "$work/second" "$shop" "$realm" "$table" invoice race-1 100
    second=$child
    wait_until 10 is_stopped "$second" || return 1
    kill -CONT "$first"
    sleep 0.5
    kill -CONT "$second"
    wait_child "$first" || true
    wait_child "$second" || true
    cat "$work/first" "$work/second"
    [ "$(row_of race-1)" = stands ] && state_is race-1 issued
}
no_docketd_no_row() {
    local code=0
    "$shop" "$realm" "$table" invoice away-1 100 >"$work/away" 2>&1 || code=$?
    cat "$work/away"
    [ "$code" = 1 ] && ! "$shop" "$realm" "$table" list 2>/dev/null | grep -q '^away-1'
}

# ---- the table of the page ----

new_realm
table=$work/table
start_docketd
add_series acme/INV --order gapless
add_series acme/OLD --ledger on
steps=0
while IFS='|' read -r _ step row state swept end _; do
    read -r step <<<"${step//\`/}"
    read -r row <<<"$row"
    read -r state <<<"$state"
    read -r swept <<<"$swept"
    read -r end <<<"$end"
    check "killed after '$step': row $row, number $state; the sweep says $swept" row_is_true "$step" "$row" "$state" "$swept" "$end"
    steps=$((steps + 1))
done < <(awk '/^\| killed after/ {on = 1; getline; next} on && !/^\|/ {exit} on' "$here/../../docs/RECIPES.md")
check "the page has a row for each step" [ "$steps" = "$(grep -c '^ *crash_after("' "$here/../../docs/examples/ledger_sqlite.c")" ]
for step in issued inserted; do
    check "killed after '$step', and the same order again: the same number" again_is_the_same "$step"
done
check "a transaction that is rolled back: the number is free" rolled_back
check "and the next invoice has the lowest free one" free_one_is_next

check "rolled back while another has the same order: its row keeps the number" release_waits_for_the_lock

# ---- many at once ----

# Each order by every process, in another order; some die, some are refused, some sweep.
keep_shop() {
    local id=$1 turn orders step
    RANDOM=$((SEED + id))
    orders=$(for turn in $(seq 12); do echo "$RANDOM o-$turn"; done | sort -n | sed 's/.* //')
    for turn in $orders; do
        step=$((RANDOM % 8))
        case $step in
        0) CRASH_AFTER=issued "$shop" "$realm" "$table" invoice "$turn" 100 ;;
        1) CRASH_AFTER=inserted "$shop" "$realm" "$table" invoice "$turn" 100 ;;
        2) CRASH_AFTER=committed "$shop" "$realm" "$table" invoice "$turn" 100 ;;
        3 | 4) "$shop" "$realm" "$table" refuse "$turn" ;;
        5) "$shop" "$realm" "$table" sweep ;;
        *) "$shop" "$realm" "$table" invoice "$turn" 100 ;;
        esac
    done >>"$work/shop.$id" 2>&1 || true
}
keepers=()
for id in 1 2 3 4 5 6; do
    keep_shop "$id" &
    keepers+=("$!")
    children[$!]=1
done
for id in "${keepers[@]}"; do wait_child "$id" || true; done
undecided() { records | jq '[.records[] | select(.state | IN("pending", "in doubt", "reserved"))] | length'; }
sweeps_until_decided() { "$shop" "$realm" "$table" sweep && [ "$(undecided)" = 0 ]; }
check "6 processes over 12 orders: sweeps decide what is left" wait_until 20 sweeps_until_decided
rows_are_issued() {
    "$shop" "$realm" "$table" list | sort >"$work/rows"
    records --state issued | jq -r '.records[] | "\(.key) \(.text)"' | sort >"$work/issued"
    diff "$work/rows" "$work/issued"
}
check "every row has its number issued, and every issued number its row" rows_are_issued
hole_free() {
    local free
    free=$(records --state free | jq '.records | length')
    for _ in $(seq "$free"); do "$shop" "$realm" "$table" invoice "fill-$RANDOM-$_" 100 >/dev/null || return 1; done
    "$docket" gaps acme/INV | tee "$work/gaps"
    grep -q 'no number is missing' "$work/gaps"
}
check "and once the free ones are given, none is missing" hole_free

# ---- the older style ----

older_says() { [ "$("$older" "$realm" "$1" | tr '\n' ';')" = "$2" ] || { "$older" "$realm" "$1"; return 1; }; }
check "older style: next, reserve, confirm, release; what was released is given again" \
    older_says j-1 'next 1;reserved 10 from 2 to 11;confirmed 7;released 3;next 9;'
check "the job again: the very same numbers" \
    older_says j-1 'next 10;reserved 10 from 2 to 11;confirmed 7;released 3;next 11;'

kill_docketd
check "no docketd: no number, no row" no_docketd_no_row
finish
