#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Numbers at record speed while callers and docketd are killed at random. Of keys: each has
# one number, whoever asked and however often, and none is burnt. Of a gapless series: after
# reservations, issues, settles, releases, voids, times that run out and deaths in every
# mixture, once all in doubt is resolved and as many numbers were asked for as are free, the
# numbers are 1 to n, issued or void with a reason.
#
#   CALLS, KEYS, PROCESSES   of the first      ROUNDS   of the second      KILLS   of each      SEED
#
# row: 23
# seconds: 25 240
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/attack/lib.sh
. "$here/lib.sh"

processes=${PROCESSES:-$(scale 16 64)}
calls=${CALLS:-$(scale 3000 100000)}
keys=${KEYS:-$(scale 200 1000)}
rounds=${ROUNDS:-$(scale 600 10000)}
kills=${KILLS:-$(scale 150 1500)}
attack=$(binary docket-ledger-attack)

realm_in=memory # many deaths a second want many commits a second
new_realm "seats_max = 256"
note "seed $SEED"
start_docketd
add_series acme/KEYS --ledger on --restart never
add_series acme/GAPLESS --order gapless --restart never
kill_docketd

# run MODE SERIES FIGURE...: with docketd killed every so often
run() {
    local out=$work/$1.out code=0
    rm -f "$work/calm" "$work/storm.kills"
    (storm_loop "${STORM_S:-0.4}" && exec "$docketd" --realm "$realm" >>"$work/docketd.log" 2>&1) &
    docketd_pid=$!
    children[$docketd_pid]=1
    CALM=$work/calm "$attack" "$1" "$realm" "$2" "${@:3}" "$SEED" >"$out" 2>&1 || code=$?
    wait_until 10 test -s "$work/storm.kills" || true # the last of those that are killed has gone
    kill_docketd
    grep '^what' "$out" || true
    check "$1: ends in order" test "$code" = 0
    check "$1: docketd never ended by itself" test ! -e "$work/storm.bad"
    at_least "$1: docketd killed" "$(scale 3 20)" "$(cat "$work/storm.kills")"
    at_least "$1: callers killed" "$kills" "$(figure_of kills "$out")"
    at_most "$1: what must not be" 0 "$(figure_of bad "$out")"
}

run keys KEYS "$processes" "$calls" "$kills" "$keys"
at_least "issues over $keys keys" "$calls" "$(figure_of calls "$work/keys.out")"
at_least "numbers of $keys keys" "$keys" "$(figure_of numbers "$work/keys.out")"
at_most "numbers of $keys keys" "$keys" "$(figure_of numbers "$work/keys.out")"
run rounds GAPLESS "$((processes / 2))" "$rounds" "$kills"
at_least "rounds of a gapless series" "$rounds" "$(figure_of calls "$work/rounds.out")"
at_least "of them numbers in doubt that were resolved" "$(scale 10 100)" "$(figure_of resolved "$work/rounds.out")"
note "$(figure_of numbers "$work/rounds.out") numbers: $(figure_of issued "$work/rounds.out") issued, $(figure_of void "$work/rounds.out") void with a reason"
finish
