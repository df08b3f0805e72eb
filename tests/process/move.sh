#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A realm moves to another host while it is used: four processes under load, a drain, the
# state exported by a ticket and imported where that ticket waits, four other processes
# there; over both logs no number is given twice and none is lost or unknown. Export and
# import killed wherever it happens go on; a wrong ticket, a flipped bit, a second import
# and a state that this host knows better are refused; the old side refuses for good. And
# back again to the first host.
# seconds: 8 30
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

realm_in=memory
new_realm
# shellcheck source=tests/process/admin_lib.sh
. "$here/admin_lib.sh"
old=$realm state=$XDG_STATE_HOME

# on REALM STATE: from now on that realm, on a host with that state folder
on() {
    realm=$1
    export DOCKET_REALM=$1 XDG_STATE_HOME=$2
}
new_folder() {
    mkdir -m 700 -p "$1"
    printf '[realm]\nruntime_dir = %s\n' "$runtime" >"$1/docket.conf"
}
# says "when: then" CODE ARGS...: docket ARGS, of a stopped realm
says() {
    local case=$1 wanted=$2 code=0
    shift 2
    "$docket" "$@" >"$case_out" 2>"$case_err" </dev/null || code=$?
    if [ "$code" = "$wanted" ]; then pass "$case"; else
        cat "$case_out" >>"$case_err"
        fail "$case (exit code $code, wanted $wanted: docket $*)" "$case_err"
    fi
}
# killed "when: then" DONE ARGS...: docketd is killed so often, each time later, until it has come to its end, or DONE
# says that it had before it was killed
killed() {
    local case=$1 is_done=$2 code ms=1 tries=0
    shift 2
    { # the shell would tell of each
        while code=0; do
            timeout -s KILL "0.$(printf %03d "$ms")" "$docketd" --realm "$realm" --offline "$@" >"$case_out" 2>"$case_err" || code=$?
            # 3: the one before is on its way out, and has the lock still
            { [ "$code" = 137 ] || [ "$code" = 3 ]; } && ! eval "$is_done" && [ "$tries" -lt 100 ] || break
            tries=$((tries + 1)) ms=$((ms + 1))
        done
    } 2>/dev/null
    note "killed $tries times"
    if [ "$code" = 0 ] || eval "$is_done"; then pass "$case"; else fail "$case (exit code $code)" "$case_err"; fi
}
works() {
    local id
    for id in 1 2; do
        start_worker "$1-s$id" --series acme/INV --stop-file "$work/stop" --threads 2 --rate 3000
        start_worker "$1-l$id" --series acme/HOT --stop-file "$work/stop" --threads 2 --rate 3000 --take 37 --mode block
    done
}
ids() { printf '%s-s1 %s-s2 %s-l1 %s-l2' "$1" "$1" "$1" "$1"; }
end_work() {
    local pid
    touch "$work/stop"
    for pid in "${!children[@]}"; do [ "$pid" = "$docketd_pid" ] || wait_child "$pid" || true; done
    rm -f "$work/stop"
}
one_next() { [ "$(($("$docket" next "$1" --no-start --json | sed -n 's/.*"number":\([0-9]*\).*/\1/p')))" = "$2" ]; }

# ---- the old host ------------------------------------------------------------

start_docketd
add_series acme/INV --template 'INV-{YYYY}-{N:6}'
add_series acme/HOT --order leased --window 2000
add_series acme/JOB --order gapless --template 'JOB-{YYYY}-{N:4}'
add_series acme/NAMED --order gapless --template 'NAM-{YYYY}-{N:4}'
"$docket" issue acme/JOB --key first --settled --no-start >/dev/null
expect "numbers reserved by name: done" 0 reserve acme/NAMED --name cart -n 3 --expires 1d
works a
sleep 1
expect "drain with processes at work: those that hold leases are listed" 1 drain --yes
expect "undo: numbers are given again" 0 drain --undo
sleep 0.3
end_work
# shellcheck disable=SC2046
check "four processes under load: each worked" all_worked $(ids a)
mkfifo "$work/tell"
"$(binary docket-holder)" "$old" acme/JOB <"$work/tell" >"$work/told" 2>&1 &
holder=$!
children[$holder]=1
exec 7>"$work/tell"
tells() {
    printf '%s\n' "$1" >&7
    wait_until 10 grep -q "$2" "$work/told" || { cat "$work/told"; return 1; }
}
check "a process that holds a pending number" tells 'issue held pending' '^OK JOB-'
expect "drain: an honest no" 1 drain --yes
out_has "drain: lists who holds it" "default  *[0-9]* *$holder .* 0 *0 *1 "
check "drained: nothing is given at record speed" tells 'issue more pending' '^GAVE_UP'
# The number is pending for ever to a docketd that ends now: what a process holds does not move.
stop_docketd
says "export while a process holds a number: an honest no" 1 export-state "$work/state1" --to 00000000000000000000000000000000 --yes
err_has "export while a process holds a number: says what" "something is out: 0 leases .* 1 holds"
check "export while a process holds a number: the store is as it was" start_docketd
expect "drain again" 1 drain --yes
check "a drained desk settles" tells 'settle key=held' '^OK *$\|^OK ISSUED\|^OK OK\|^OK$'
expect "drain when all have ended or settled: nothing is out" 0 drain --yes --wait 20
exec 7>&-
kill_child "$holder"
stop_docketd

# ---- the ticket ------------------------------------------------------------------

new=$runtime/new far=$work/far
mkdir -m 700 "$far"
new_folder "$new"
on "$new" "$far"
says "prepare: a ticket" 0 import-state --prepare
ticket=$(cat "$case_out")
check "prepare: nobody else reads it" eval '[ "$(stat -c %a "$new/arrival")" = 600 ]'
says "prepare again: the same one" 0 import-state --prepare
check "prepare again: the same one, byte for byte" eval '[ "$(cat "$case_out")" = "$ticket" ]'
check "a realm that waits: docketd makes no store there" eval '! "$docketd" --realm "$new" --create 2>"$work/err" && grep -q "waits for the state" "$work/err"'

# ---- export --------------------------------------------------------------------------

on "$old" "$state"
says "export without a ticket: usage" 2 export-state "$work/state1" --yes
says "export by what is none: usage" 2 export-state "$work/state1" --to 123 --yes
cp -r "$old" "$work/before"
killed "export, killed again and again: comes to its end" '[ -e "$work/state1" ]' export-state "$work/state1" --to "$ticket"
says "export to a folder that is there: an honest no" 1 export-state "$work/state1" --to "$ticket" --yes
says "export again by the same ticket: the same state" 0 export-state "$work/again" --to "$ticket" --yes
check "export again: byte for byte" cmp "$work/state1/data.mdb" "$work/again/data.mdb"
says "export by another ticket: an honest no" 1 export-state "$work/other" --to 00000000000000000000000000000000 --yes
err_has "export by another ticket: says why" "has moved already, by another ticket"
check "export by another ticket: nothing is there" eval '! ls -d "$work"/other* 2>/dev/null'
says "what was exported: is sound" 0 verify "$work/state1"

# refuses WORDS ARGS...: docketd here, with exit code 4
refuses() {
    local words=$1 code=0
    shift
    "$docketd" --realm "$realm" "$@" >"$work/refused" 2>&1 || code=$?
    grep -q "$words" "$work/refused" && [ "$code" = 4 ] || { echo "exit code $code"; cat "$work/refused"; return 1; }
}
check "the old side: refuses" refuses "has moved"
check "the old side: refuses with --accept-store too" refuses "has moved" --accept-store 1000
check "the old side: a store of before the move, put back, is refused by its witness" eval \
    'mv "$old/store" "$work/kept" && cp -r "$work/before/store" "$old/store" && refuses "witness"'
rm -rf "$old/store"
mv "$work/kept" "$old/store"

# ---- import ---------------------------------------------------------------------------

on "$new" "$far"
cp -r "$work/state1" "$work/bad"
printf '\377' | dd of="$work/bad/data.mdb" bs=1 seek=5000 conv=notrunc status=none
says "a flipped byte: refused" 4 import-state "$work/bad"
check "a flipped byte: no store is made" eval '! [ -e "$new/store" ]'
other=$runtime/other
new_folder "$other"
on "$other" "$far"
"$docket" import-state --prepare >/dev/null
says "the realm of another ticket: an honest no" 1 import-state "$work/state1"
err_has "the realm of another ticket: says why" "for another realm's ticket"
on "$runtime/none" "$far"
new_folder "$realm"
says "import without a ticket: an honest no" 1 import-state "$work/state1"
err_has "import without a ticket: says what to do" "import-state --prepare"
on "$new" "$far"
killed "import, killed again and again: comes to its end" '! [ -e "$new/arrival" ]' import-state "$work/state1"
check "import: the ticket is used up" eval '! [ -e "$new/arrival" ]'
says "import twice: an honest no" 1 import-state "$work/state1"
mkdir -m 700 "$work/mixed"
printf '[realm]\nruntime_dir = %s\n' "$runtime" >"$work/mixed/docket.conf"
printf '%s\n' "$ticket" >"$work/mixed/arrival"
chmod 600 "$work/mixed/arrival"
cp -a "$old/store" "$work/mixed/"
says "a store put by hand beside a ticket: refused" 1 import-state "$work/state1" --realm "$work/mixed"
check "... and the ticket still waits" test -e "$work/mixed/arrival"
cp -r "$new" "$work/arrived"
start_docketd
check "events: it moved, it arrived" eval '"$docket" events --no-start | grep -c " moved  *moved from host\| arrived  *arrived at host" | grep -qx 2'
check "the ledger came along: the key finds its number" eval '[ "$("$docket" issue acme/JOB --key first --settled --no-start)" = "JOB-$(date -u +%Y)-0001" ]'
check "a reservation by name came along" eval '"$docket" records acme/NAMED --no-start | grep -c "reserved" | grep -qx 3'
check "the next one of the ledger is the next" eval '[ "$("$docket" issue acme/JOB --key second --settled --no-start)" = "JOB-$(date -u +%Y)-0003" ]'
works b
sleep 0.7
end_work
# shellcheck disable=SC2046
check "four other processes at the other side: each worked" all_worked $(ids b)
check "audited over both sides: no number twice, none lost" audit --only acme/INV
check "audited: none unknown" audited unknown -eq 0
check "audited over both sides, leased: no number twice, none lost" audit --only acme/HOT
check "audited, leased: none unknown" audited unknown -eq 0
last=$("$docket" fate acme/INV --no-start | sed -n 's/^ *[0-9]* - \([0-9]*\) .*handed out.*/\1/p' | tail -n 1)
check "strict: no gap at all" eval '[ "$("$docket" fate acme/INV --no-start | grep -c "handed out")" = 1 ]'
expect "drain at the new host: nothing is out" 0 drain --yes --wait 20
stop_docketd

# ---- back again ----------------------------------------------------------------------------

back=$runtime/back
new_folder "$back"
on "$back" "$state"
ticket=$("$docket" import-state --prepare)
on "$new" "$far"
says "export from the new host: done" 0 export-state "$work/home" --to "$ticket" --yes --reason 'the new one was rented'
on "$back" "$state"
says "back on the first host, which knows the store from before: done" 0 import-state "$work/home"
start_docketd
check "and it goes on with exactly the next number" one_next acme/INV "$((last + 1))"
check "the store, read from end to end, is sound" "$docket" verify --no-start
stop_docketd
# A state that this host knows better: the ticket of a realm that was copied before its state came.
late=$runtime/late
new_folder "$late"
on "$late" "$state"
cp "$work/before/docketd.lock" "$late/" 2>/dev/null || true
printf '%s\n' "$ticket" >"$late/arrival"
chmod 600 "$late/arrival"
says "the same ticket in a realm that was copied: the far witness has gone on" 4 import-state "$work/home"
check "and nothing is made there" eval '! [ -e "$late/store" ]'
finish
