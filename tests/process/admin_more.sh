#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What admins decide about series, desks and the store: advance, retire, set,
# drain, desk add, verify, events.
# seconds: 12 12
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

export TMPDIR=/dev/shm # no power is lost here: the store need not wait for a disk
new_realm
start_docketd
# shellcheck source=tests/process/admin_lib.sh
. "$here/admin_lib.sh"
year=$(date -u +%Y)
next_is() { [ "$("$docket" next "$1" --no-start)" = "$2" ]; }
restart() { kill_docketd && start_docketd; }
day=$(date -u +%Y%m%d)

# ---- advance ----------------------------------------------------------------

add_series acme/INV
add_series acme/ORD --order leased
"$docket" next acme/INV -n 5 --no-start >/dev/null
expect "advance without --yes and without a terminal: wrong" 2 series advance acme/INV --to 100 --reason x
expect "advance without a reason: wrong" 2 series advance acme/INV --to 100 --yes
expect "advance to a number already given: no" 1 series advance acme/INV --to 5 --yes --reason x
err_has "advance backwards: says the next number" 'the next number of acme/INV/[0-9]* is 6 already'
expect "advance to the next number: nothing to do" 0 series advance acme/INV --to 6 --yes --reason x
out_has "advance to the next number: says so" 'nothing was changed'
expect "advance: done" 0 series advance acme/INV --to 100 --yes --reason 'the old system went on to 99'
out_has "advance: says what was skipped" "acme/INV/$year  6 - 99  spare -> void (advanced)"
check "after an advance: the next number is that one" next_is acme/INV "INV-$day-000100"
check "after an advance: fate has it" fate_is acme/INV '1-5 handed out' '6-99 void (advanced)' '100-100 handed out'
restart
check "docketd killed and started: goes on behind it" next_is acme/INV "INV-$day-000101"
expect "advance in a period that is not open: no" 1 series advance acme/INV/1999 --to 5 --yes --reason x
expect "advance beyond 40 bits: done" 0 series advance acme/INV --to 2000000000000 --yes --reason 'far'
check "beyond 40 bits: goes on" next_is acme/INV "INV-$day-2000000000000"

check "a leased series: takes one, and gives its lease back" next_is acme/ORD "ORD-$day-000001"
expect "advance of a leased series with spares: done" 0 series advance acme/ORD --to 50 --yes --reason x
check "after it: the next number is that one" next_is acme/ORD "ORD-$day-000050"
check "after it: spares and fresh ones are void" fate_is acme/ORD '1-1 handed out' '2-49 void (advanced)' '50-50 handed out'
start_worker holder --series acme/ORD --rate 20 --count 100000
holder=$child
# A lease of few numbers is used up soon: the worker is stopped while it has one.
has_lease() { fate_lines "${1:-acme/ORD}" | grep -q ' open$'; }
stops_with_lease() { # [PID SERIES]
    kill -STOP "${1:-$holder}"
    ! has_lease "${2:-acme/ORD}" || return 0
    kill -CONT "${1:-$holder}"
    return 1
}
check "a worker holds a lease" wait_until 20 stops_with_lease
expect "advance while a lease is open: no" 1 series advance acme/ORD --to 100000 --yes --reason x
err_has "advance while a lease is open: says so" 'leases of acme/ORD/[0-9]* are open'
check "the worker still has its lease" has_lease

# ---- drain ------------------------------------------------------------------

expect "drain without --yes: wrong" 2 drain
expect "drain of a desk that is not there: wrong" 2 drain --desk none --yes
expect "drain while a worker holds a lease: no" 1 drain --yes
out_has "drain: lists who holds it" "default .* $holder "
expect "a drained desk: no number for another" 5 next acme/INV --timeout 0.3
expect "a drained desk: no new series" 5 series add acme/NEW
expect "drain --json: one object" 1 drain --yes --json
out_has "drain --json: names the holder" "\"holders\":\[{\"desk\":\"default\",\"seat\":[0-9]*,\"pid\":$holder,"
kill -CONT "$holder"
kill -TERM "$holder"
wait_child "$holder" || true
expect "drain --wait, the worker ended: nothing is out" 0 drain --yes --wait 20
out_has "drain: says that docketd can be stopped" 'nothing is out'
expect "drain --undo: done" 0 drain --undo
check "after --undo: numbers again" next_is acme/INV "INV-$day-2000000000001"
check "after --undo: of the leased series too" "$docket" next acme/ORD --no-start
expect "drain once more: nothing is out" 0 drain --yes --wait 20
stop_docketd
rm -rf -- "${runtime:?}"/*
start_docketd
check "drained, stopped in order, runtime files lost: nothing is unknown" \
    eval '! "$docket" fate --all --no-start | grep unknown'
check "docketd's next start: not drained any more" next_is acme/INV "INV-$day-2000000000002"

# ---- retire -----------------------------------------------------------------

add_series acme/OLD --order leased
start_worker old --series acme/OLD --rate 200 --count 1000000
old=$child
old_took() { [ "$(fate_lines acme/OLD | sed -n 's/^1-\([0-9]*\) handed out.*/\1/p')" -gt "${1:-3}" ]; }
check "a worker takes from a series" wait_until 20 old_took
expect "retire without a reason: wrong" 2 series retire acme/OLD --yes
add_series acme/HELD --order leased
start_worker held --series acme/HELD --rate 20 --count 100000
held=$child
check "a worker holds a lease, and is stopped" wait_until 20 stops_with_lease "$held" acme/HELD
expect "retire while a lease is open: done" 0 series retire acme/HELD --yes --reason 'with a lease'
taken=$(fate_lines acme/HELD | grep 'handed out')
kill -CONT "$held"
held_ended() { ! is_running "$held"; }
check "the worker goes on: it ends" wait_until 20 held_ended
wait_child "$held" || true
gave_back() { ! has_lease acme/HELD; }
check "the worker has given its lease back" wait_until 20 gave_back
check "and has taken no number of it after that" diff <(echo "$taken") <(fate_lines acme/HELD | grep 'handed out')
expect "retire: done" 0 series retire acme/OLD --yes --reason 'merged into ORD'
ended() { ! is_running "$old"; }
check "retire: the worker gets no number any more, lease or not" wait_until 20 ended
wait_child "$old" || true
check "retire: the worker heard why" grep -q 'RETIRED' "$work/old.out"
expect "retired: no number" 5 next acme/OLD
err_has "retired: says so" 'was retired'
expect "retired: its name cannot be made anew" 5 series add acme/OLD
expect "retire of a retired series: no" 5 series retire acme/OLD --yes --reason x
expect "void of its numbers: done" 0 void acme/OLD 1 --yes --reason 'wrong'
restart
expect "docketd killed and started: retired" 5 next acme/OLD
check "series show: says it" eval '"$docket" series show acme/OLD | grep RETIRED'
lose_power
start_docketd
expect "the runtime files lost: retired" 5 next acme/OLD
check "the runtime files lost: nothing of it is unknown" eval '! fate_lines acme/OLD | grep unknown'
check "all is accounted for, and given once" audit --only acme/OLD

# ---- set --------------------------------------------------------------------

add_series acme/NEW
expect "set --dry-run of everything on a fresh series: may" 0 series set acme/NEW --dry-run --window 500 --order leased --template 'N{YYYY}-{N:4}' --start-after 10
out_has "set --dry-run: lists the window" '^window  *10000 -> 500$'
check "set --dry-run: nothing changed" eval '"$docket" series show acme/NEW | grep -q "^window    10000"'
expect "set on a fresh series: done" 0 series set acme/NEW --window 500 --order leased --template 'N{YYYY}-{N:4}' --start-after 10
check "set: order and template are new" next_is acme/NEW "N$year-0011"
restart
check "docketd killed and started: still" eval '"$docket" next acme/NEW --no-start | grep -q "^N$year-00[0-9][0-9]$"'
expect "set of the order after a number: no" 1 series set acme/NEW --order strict --template '{SERIES}{YYYY}-{N:4}' --window 600
err_has "set: says why" '11 of [0-9]* is handed out, and this may change only before the first number'
check "set refused: not even the window changed" eval '"$docket" series show acme/NEW | grep -q "^window    500"'
expect "set --dry-run after a number: an honest no" 1 series set acme/NEW --dry-run --restart monthly --window 600 --template '{YYYY}{MM}-{N:4}'
out_has "set --dry-run: the window may" '^window  *500 -> 600$'
out_has "set --dry-run: the restart may not" '^restart .*MAY NOT'
expect "set of the window alone: done" 0 series set acme/NEW --window 600
check "set of the window: shown" eval '"$docket" series show acme/NEW | grep -q "^window    600"'
expect "set of a window that cannot be: wrong" 2 series set acme/NEW --window 5
expect "set of a template that hides the year: wrong" 2 series set acme/INV --template '{N:6}'
add_series acme/M
expect "set of restart and beginning: done" 0 series set acme/M --restart monthly --template 'M{YYYY}{MM}-{N:3}' --start-after 500
check "set of restart and beginning: the period is the month, and begins there" next_is acme/M "M$(date -u +%Y%m)-501"
start_worker sitter --series acme/INV --rate 20 --count 100000
sitter=$child
sits() { "$docket" seat list | grep -q "alive"; }
add_series acme/S
check "a process sits at the desk" wait_until 20 sits
expect "set of the order while a process sits there: no" 1 series set acme/S --order leased
err_has "set: says who sits there" 'pid [0-9]* sits at desk default'
kill_child "$sitter"
is_set() { "$docket" series set acme/S --order leased --no-start >"$case_out" 2>"$case_err"; }
check "set of the order once it has ended: done" wait_until 20 is_set
check "the series that was set: gives numbers" next_is acme/S "S-$day-000001"

# ---- desk add ---------------------------------------------------------------

cp "$realm/docket.conf" "$work/conf"
expect "desk add without tenants: wrong" 2 desk add vip
expect "desk add for a tenant with series: no" 1 desk add vip --tenants acme,beta
err_has "desk add: says which" 'tenant acme has series at desk default'
expect "desk add for a user that is not there: wrong" 2 desk add vip --tenants beta --user nobody-here
expect "desk add with a name that leaves its line: wrong" 2 desk add $'vip]\nx' --tenants beta
expect "desk add with too many tenants for a line: wrong" 2 desk add vip --tenants "$(seq -s, -f 'tenant%03.0f' 1 40)"
check "desk add refused: docket.conf is as it was" cmp "$realm/docket.conf" "$work/conf"
expect "desk add: done" 0 desk add vip --tenants beta,gamma
check "desk add: docket.conf has it" eval 'tail -n 2 "$realm/docket.conf" | tr "\n" ";" | grep -q "\[desk vip\];tenants = beta, gamma"'
check "desk add: docketd would start with it" "$docketd" --realm "$realm" --check-config
expect "desk add of the same name: no" 2 desk add vip --tenants delta
expect "a tenant that moves: no series before docketd's next start" 3 next beta/X --timeout 0.3
stop_docketd
start_docketd
check "docketd's next start: the tenant sits there" eval '"$docket" next beta/X --no-start && "$docket" series show beta/X | grep -q "at desk-1"'

# ---- verify, events ---------------------------------------------------------

start_worker busy --series acme/INV --series acme/ORD --count 100000000
busy=$child
expect "verify while numbers are given: sound" 0 verify
out_has "verify: counts the records" 'sound: [0-9]* records'
for _ in 1 2 3 4 5; do "$docket" verify --no-start >>"$work/verify.out" 2>&1 || echo BAD >>"$work/verify.out"; done
check "verify, five times under load: sound" eval '! grep BAD "$work/verify.out"'
expect "verify --json: one object" 0 verify --json
out_has "verify --json: sound" '"sound":true,"records":[0-9]'
kill -TERM "$busy"
wait_child "$busy" || true
expect "events: told" 0 events --limit 1000
for kind in start series advance drain retire set void desk recovery; do
    out_has "events: kind $kind" "  $kind  "
done
out_has "events: with the reason" 'retire .*acme/OLD gives no number any more; because: merged into ORD'
expect "events --kind: only those" 0 events --kind retire
check "events --kind: two" eval '[ "$(wc -l <"$case_out")" = 2 ]'
expect "events --limit: the last ones" 0 events --limit 2
check "events --limit: two" eval '[ "$(wc -l <"$case_out")" = 2 ]'
expect "events --since tomorrow: none" 0 events --since "$(date -u -d tomorrow +%F)"
out_has "events --since tomorrow: says so" 'no such event'
expect "events --json: one object" 0 events --json --kind set
out_has "events --json: who and what" '"uid":[0-9]*,"kind":"set","text":"acme/NEW: order strict -> leased, from now on"'
expect "events --since with a bad time: wrong" 2 events --since yesterday
check "all is accounted for, and given once, at the end" audit --only acme/OLD

# ---- series that have left the board -------------------------------------------

stop_docketd
sed -i 's/^\[realm\]$/[realm]\nevict_after_s = 1/' "$realm/docket.conf"
start_docketd
add_series acme/IDLE
add_series acme/GONE
"$docket" next acme/IDLE -n 4 --no-start >/dev/null
"$docket" next acme/GONE --no-start >/dev/null
left() { ! "$docket" series list | grep -q "^acme/$1 "; } # show would bring it back
all_left() { left IDLE && left GONE; }
check "two series that nobody uses leave the board" wait_until 40 all_left
expect "void in a series that has left: done" 0 void acme/IDLE 2 --yes --reason x
expect "retire of a series that has left: done" 0 series retire acme/GONE --yes --reason 'quiet'
expect "retired: no number" 5 next acme/GONE
check "they leave again" wait_until 40 all_left
expect "retired and gone from the board: its name is used up" 5 series add acme/GONE
expect "retired and gone from the board: no number" 5 next acme/GONE
expect "advance of a series that has left: done" 0 series advance acme/IDLE --to 30 --yes --reason x
check "after it: the next number is that one" next_is acme/IDLE "IDLE-$day-000030"
check "after it: fate has all of it" fate_is acme/IDLE '1-1 handed out' '2-2 void (voided)' '3-4 handed out' '5-29 void (advanced)' '30-30 handed out'
check "it leaves once more" wait_until 40 left IDLE
expect "desk add for a tenant whose series have left: no" 1 desk add other --tenants acme
lose_power
start_docketd
expect "the runtime files lost: retired still" 5 next acme/GONE
check "the runtime files lost: fate of who had left is as it was" eval 'fate_lines acme/IDLE | grep -q "^5-29 void (advanced)"'
check "the runtime files lost: who had left lost nothing" eval '! fate_lines acme/IDLE | grep unknown'
stop_docketd
sed -i '/^evict_after_s/d' "$realm/docket.conf"
start_docketd

# ---- a stopped store --------------------------------------------------------

offline() {
    local code=0
    "$docketd" --realm "$realm" --offline "$@" >"$case_out" 2>"$case_err" </dev/null || code=$?
    echo "exit code $code"
    return "$code"
}
offline_ends() { # CODE WORDS...
    local wanted=$1 code=0
    shift
    offline "$@" || code=$?
    [ "$code" = "$wanted" ] || { cat "$case_err"; return 1; }
}
"$docket" next acme/INV -n 3 --no-start >"$work/texts"
given=$(sed -n '2s/.*-0*//p' "$work/texts")
check "offline, while docketd serves: in use" offline_ends 3 verify
kill_docketd
expect "a verb without docketd: not reachable" 3 void acme/INV "$given" --yes --reason x
err_has "a verb without docketd: says which offline verb there is" 'docketd --offline void'
check "offline without a verb: wrong" offline_ends 2
check "offline with a verb that there is not: wrong" offline_ends 2 drain
check "offline void without a reason: wrong" offline_ends 2 void acme/INV "$given"
check "offline verify: sound" offline verify
out_has "offline verify: counts the records" 'sound: [0-9]* records'
check "offline void: done" offline void acme/INV "$given" --reason 'while it was down'
out_has "offline void: says what changed" "$given - $given  handed out -> void (voided)"
check "offline void of it again: no" offline_ends 1 void acme/INV "$given" --reason again
check "offline fate: has it" offline fate acme/INV
out_has "offline fate: has it" "acme/INV/$year  $given - $given  void (voided)"
check "offline fate all: the others too" eval 'offline fate all && grep -q "^acme/ORD/" "$case_out"'
check "offline series list" offline series list
out_has "offline series list: with the retired one" '^acme/OLD  leased.*RETIRED'
check "offline series retire: done" offline series retire acme/M --reason 'no more'
check "offline events: with the reasons" offline events --kind void
out_has "offline events: with the reasons" 'because: while it was down'
start_worker live --series acme/ORD --rate 5 --count 100000
live=$child
start_docketd
check "docketd serves: what was done offline is done" eval '"$docket" fate acme/INV --no-start | grep "event [0-9]*: while it was down"'
expect "docketd serves: the series is retired" 5 next acme/M
check "a worker lives" wait_until 20 sits
kill_docketd
rm -f "$work/evidence"
unknown_before=$(offline fate all >/dev/null && grep -c unknown "$case_out" || true)
check "offline void under a live worker: done" offline void acme/INV $((given + 1)) --reason 'down again'
start_docketd
check "a live worker's desk is adopted: nothing became unknown by it" \
    eval '[ "$("$docket" fate --all --no-start | grep -c unknown)" -le "${unknown_before:-0}" ]'
check "the worker went on" is_running "$live"
kill -TERM "$live"
wait_child "$live" || true
check "the worker ended in order" all_worked live
stop_docketd
lose_power
start_docketd
unknown=$(fate_lines acme/INV | sed -n 's/-.* unknown (.*//p' | tail -n 1)
stop_docketd
if [ -n "$unknown" ]; then
    echo "$unknown" >"$work/evidence"
    check "offline reconcile: done" offline reconcile acme/INV --issued "$work/evidence"
    out_has "offline reconcile: says what changed" "line 1: .*$unknown - $unknown  unknown -> handed out (by evidence)"
fi
check "offline, in another process' hands meanwhile: docketd starts after it" start_docketd
finish
