#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The audit trail: what makes an event, how it reads, and that a trail that was
# tampered with is found: by docket audit verify, and at docketd's start.
# seconds: 15 15
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

export TMPDIR=/dev/shm # no power is lost here: the store need not wait for a disk
new_realm
start_docketd
# shellcheck source=tests/process/admin_lib.sh
. "$here/admin_lib.sh"
tamper=$(binary docket-tamper)
year=$(date -u +%Y)
me=$(id -un)

head_now() { "$docket" audit head --no-start; }
last_kind() { "$docket" log --limit 1 --json --quiet --no-start | jq -r "$1"; }

# ---- what makes an event ------------------------------------------------------

# makes KIND ARGS...: docket ARGS is done, and the last event is of that kind
makes() {
    local kind=$1
    shift
    expect "docket $1 ${2:-}: done" 0 "$@"
    check "... and makes an event of kind $kind" [ "$(last_kind .kind)" = "$kind" ]
}

makes series series add acme/INV
makes series series add acme/ORD --order leased
"$docket" next acme/INV -n 20 --no-start >/dev/null
first=$(head_now)
makes void void acme/INV 3-4 --yes --reason 'cancelled by the customer'
check "an event says which series and period it is about" \
    [ "$(last_kind '.tenant + "/" + .series + " " + (.period | tostring)')" = "acme/INV $year" ]
check "the head moves with each event" [ "$(head_now)" != "$first" ]
makes set series set acme/INV --window 100 --reason 'less to lose'
makes advance series advance acme/INV --to 40 --yes --reason 'a book was lost'
makes retire series retire acme/ORD --yes --reason 'over'
makes desk desk add other --tenants beta
makes drain drain --yes
makes drain drain --undo
makes clock clock accept --yes --reason 'I looked at mine'

# ---- how it reads -------------------------------------------------------------

expect "docket log: done" 0 log
out_has "docket log: the first is the start" "^[0-9-]* [0-9:]* +[0-9]*  $me  start: generation 1"
out_has "docket log: who, what, to which series, why" \
    "$me  void: acme/INV/$year: 3 to 4, handed out before; because: cancelled by the customer"
expect "docket log of one series: done" 0 log acme/INV
check "docket log of one series: only that one" eval '! grep -q "acme/ORD\|start:" "$case_out"'
expect "docket log of a tenant: done" 0 log acme
out_has "docket log of a tenant: all its series" 'retire: acme/ORD'
expect "docket log --since an hour ago: done" 0 log --since 1h --json
check "docket log --json: an object in each line" eval 'jq -es "length > 9 and all(.hash | length == 64)" "$case_out"'
expect "docket log --since tomorrow: done" 0 log --since "$(date -d tomorrow +%F)"
check "docket log --since tomorrow: nothing" [ ! -s "$case_out" ]
TZ=Asia/Tokyo expect "docket log in another zone: done" 0 log --limit 1
out_has "docket log in another zone: its time" ' +0900  '
expect "docket log --since nonsense: wrong" 2 log --since yesterday
expect "docket log of a name that is none: wrong" 2 log 'a b'
expect "docket log of an unknown series: nothing" 0 log acme/NO

"$docket" log --follow --json --no-start >"$work/follow" 2>/dev/null &
follower=$!
wait_until 5 grep -q '"clock"' "$work/follow"
"$docket" void acme/INV 7 --yes --reason 'while somebody follows' --no-start >/dev/null
check "docket log --follow: what comes later is told" wait_until 5 grep -q 'while somebody follows' "$work/follow"
kill "$follower"
wait "$follower" 2>/dev/null || true
check "docket log --follow: each event once" \
    eval 'jq -s "[.[].number] | . == (unique)" "$work/follow" | grep -q true'

# ---- verify -------------------------------------------------------------------

expect "docket audit verify: whole" 0 audit verify
out_has "docket audit verify: number and hash" "whole: $(head_now | cut -d' ' -f1) events, hash of the last one $(head_now | cut -d' ' -f2)"
expect "docket audit verify --json: done" 0 audit verify --json
check "docket audit verify --json: whole, and the head" \
    eval 'jq -e ".whole and .begins == 1 and .hash == \"$(head_now | cut -d" " -f2)\"" "$case_out"'

# number of the void event
number=$("$docket" log --kind void --json --no-start | jq -s '.[0].number')
kill_docketd
size=$("$tamper" "$realm" size "$number")
for at in 3 20 $((size / 3)) $((size / 2)) $((size - 90)) $((size - 40)) $((size - 1)); do
    "$tamper" "$realm" flip "$number" "$at"
    code=0
    "$docketd" --realm "$realm" >"$case_out" 2>"$case_err" </dev/null || code=$?
    check "byte $at of an event flipped: docketd does not start" [ "$code" = 4 ]
    err_has "byte $at of an event flipped: names the event" "broken at event $number\|the events record 0*$(printf %x "$number") holds"
    "$tamper" "$realm" flip "$number" "$at" 2>/dev/null || true
done
check "put back as it was: it starts" start_docketd
expect "docket audit verify: whole again" 0 audit verify

# A running docketd is not asked; its store is changed all the same between two looks.
stop_docketd
"$tamper" "$realm" flip "$number" 20
code=0
"$docketd" --realm "$realm" --offline audit verify >"$case_out" 2>"$case_err" || code=$?
check "docketd --offline audit verify of a broken trail: exit code 4" [ "$code" = 4 ]
err_has "... and it names the event" "broken at event $number: its hash is not"
"$tamper" "$realm" flip "$number" 20

# ---- a tail with new hashes ---------------------------------------------------

"$docketd" --realm "$realm" --offline audit verify >"$case_out" 2>"$case_err"
check "docketd --offline audit verify: whole" grep -q 'is whole' "$case_out"
"$tamper" "$realm" rewrite "$number" "acme/INV/$year: 9 to 9, handed out before"
code=0
"$docketd" --realm "$realm" >"$case_out" 2>"$case_err" </dev/null || code=$?
check "a tail with new hashes: docketd does not start" [ "$code" = 4 ]
err_has "... for the witness saw another head" 'the audit trail was rewritten: event [0-9]*, which the witness saw'

"$docketd" --realm "$realm" --accept-store 0 >"$work/docketd.out" 2>"$work/docketd.err" </dev/null &
accepting=$!
wait_until 10 "$docket" audit head --no-start
check "--accept-store sets the witness aside, and an event tells" \
    eval '"$docket" log --kind accept --no-start | grep -q "against its witness, which had seen event"'
expect "... and the chain goes on" 0 audit verify
kill "$accepting"
wait "$accepting" || true

# ---- broken, and accepted -----------------------------------------------------

"$tamper" "$realm" flip "$number" 20
"$docketd" --realm "$realm" --accept-store 0 >"$work/docketd.out" 2>"$work/docketd.err" </dev/null &
accepting=$!
wait_until 10 "$docket" audit head --no-start
expect "a broken trail that was accepted stands, and a new chain begins" 0 audit verify
out_has "... and verify says where" 'the chain begins with event'
check "... and an event tells which one was broken" \
    eval '"$docket" log --kind accept --no-start | grep -q "broken at event $number "'
kill "$accepting"
wait "$accepting" || true

finish
