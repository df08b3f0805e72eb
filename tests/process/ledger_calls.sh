#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The library at record speed, as processes use it: docket_next() on a series that keeps a ledger; thousands of
# keys in one call; descriptors that the program closes or reuses; docketd that is slow, dead, killed, or has
# no room for another connection.
#
# seconds: 15 40
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

# cases_of CASE PROGRAM...: it ends well, and each of its cases is ok
cases_of() {
    local case=$1 line
    shift
    if ! "$@" >"$work/cases" 2>&1 && ! grep -q '^FAIL' "$work/cases"; then
        fail "$case: ends" "$work/cases"
    fi
    while read -r line; do
        case $line in
        ok\ *) pass "$case: ${line#ok    }" ;;
        FAIL*) fail "$case: ${line#FAIL  }" "$work/cases" ;;
        esac
    done <"$work/cases"
}

new_realm
issuer=$(binary docket-issuer)
start_docketd
add_series acme/STR --ledger on
add_series acme/GAP --order gapless

cases_of "next" "$issuer" "$realm" acme/STR next
cases_of "next, gapless" "$issuer" "$realm" acme/GAP next
cases_of "descriptors" "$issuer" "$realm" acme/STR descriptors

"$issuer" "$realm" acme/STR keys 5000 >"$work/first" 2>&1
check "5,000 keys in one call: each a new number, then again" \
    sh -c 'printf "again 0\nagain 5000\n" | cmp -s - "$1"' - <(grep '^again' "$work/first")
check "and nothing failed" sh -c '! grep FAIL "$1"' - "$work/first"
"$issuer" "$realm" acme/STR keys 5000 >"$work/second" 2>&1
check "from another process: each again" \
    sh -c 'printf "again 5000\nagain 5000\n" | cmp -s - "$1"' - <(grep '^again' "$work/second")

# ---- docketd comes and goes --------------------------------------------------

# rests ID SECONDS [KEY]: a process with a number, and then, once $work/ID.go is there, with another one
rests() {
    local id=$1
    shift
    run_child "$work/$id" "$issuer" "$realm" "${series:-acme/STR}" rest "$work/$id.go" "$@"
    pid_of[$id]=$child
}
declare -A pid_of=()
goes_on() {
    touch "$work/$1.go"
    wait_child "${pid_of[$1]}" || true
}
second_is() { sed -n 2p "$work/$1" | grep -q "$2" || { cat "$work/$1"; return 1; }; }

rests rest 20
rests slow 1 waits
rests once 1
for id in rest slow once; do wait_until 20 test -s "$work/$id"; done
kill_docketd
start_docketd
goes_on rest
check "a connection at rest whose docketd was killed: a number without a key all the same" second_is rest '^DOCKET_OK'
rests slow2 1 waits
rests once2 1
for id in slow2 once2; do wait_until 20 test -s "$work/$id"; done
kill -STOP "$docketd_pid"
touch "$work/slow2.go" "$work/once2.go"
for id in slow once; do goes_on "$id"; done
for id in slow2 once2; do goes_on "$id"; done
kill -CONT "$docketd_pid"
for id in slow slow2; do
    check "docketd that hangs: three tries with the key, in the caller's time ($id)" second_is "$id" '^DOCKET_GAVE_UP: acme/STR was asked 3 times'
done
check "without a key it is asked once" second_is once2 '^DOCKET_UNREACHABLE: acme/STR was asked for a number without a key, once'
check "and only of one that has answered on this connection" second_is once '^DOCKET_UNREACHABLE: .*nothing was asked'

run_child "$work/lots" "$issuer" "$realm" acme/STR lots 400
lots=$child
for _ in 1 2 3 4 5; do
    sleep 0.2
    kill_docketd
    start_docketd
done
wait_child "$lots" || true
"$issuer" "$realm" acme/STR lots 400 >"$work/lots.again" 2>&1
check "docketd killed five times under 400 keys: every call has its number" \
    sh -c '[ "$(grep -c "^lots-" "$1")" = 400 ]' - "$work/lots"
check "the same keys, afterwards: the same numbers" cmp "$work/lots" "$work/lots.again"
series=acme/GAP rests held 20
wait_until 20 test -s "$work/held"
lose_power
start_docketd
goes_on held
check "desks that were built anew: who is to hold a number takes a seat there first" second_is held '^DOCKET_OK'

rests gone 1 waits
wait_until 20 test -s "$work/gone"
stop_docketd
goes_on gone
check "no docketd: nobody was asked" second_is gone '^DOCKET_UNREACHABLE: .*nothing was asked'

# ---- more callers than connections -------------------------------------------

# docketd raises its own limit: the hard one counts.
(
    ulimit -n 140
    exec "$docketd" --realm "$realm"
) >>"$work/docketd.log" 2>&1 &
docketd_pid=$!
children[$docketd_pid]=1
wait_until 20 is_serving
for id in $(seq 80); do rests "caller.$id" 20; done
told() { [ "$(cat "$work"/caller.* | grep -c DOCKET_OK)" -ge "$1" ]; }
check "80 callers, and docketd has room for some 30 connections: each has a number" wait_until 30 told 80
for id in $(seq 80); do touch "$work/caller.$id.go"; done
check "each has another, whoever's connection was ended in between" wait_until 30 told 160
for id in $(seq 80); do wait_child "${pid_of[caller.$id]}" || true; done
check "no caller heard of it" sh -c '! cat "$1"/caller.* | grep -v "^DOCKET_OK$"' - "$work"
finish
