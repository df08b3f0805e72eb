#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Decisions under load: workers take and log every number while counters are
# advanced, logged numbers declared void, desks drained and used again, windows
# changed, the store verified, a series retired, and docketd killed now and then.
# At the end the runtime files are lost and what became unknown is reconciled from
# the workers' own logs. The auditor, who knows the logs, agrees with every fate.
#
#   TURNS   how many decisions of each kind
#
# seconds: 6 80
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

export TMPDIR=/dev/shm # no power is lost here: the store need not wait for a disk
new_realm
start_docketd
turns=${TURNS:-$(scale 60 1000)}
note "seed $SEED"
add_series acme/INV --window 400
add_series acme/ORD --order leased --window 400
add_series acme/END --order leased
start_worker a --series acme/INV --threads 2 --rate 2000 --count 100000000
a=$child
start_worker b --series acme/ORD --threads 2 --rate 2000 --count 100000000
b=$child
start_worker c --series acme/INV --series acme/ORD --rate 500 --count 100000000
c=$child
start_worker d --series acme/END --rate 500 --count 100000000
d=$child

decide() { "$docket" "$@" --no-start >"$work/decide.out" 2>"$work/decide.err"; }
# The mark moves on: a number that is handed out surely lies well below it.
handed_out() { "$docket" fate "acme/$1" --no-start | sed -n 's/^ *[0-9]* - \([0-9]*\) *[0-9]*  handed out$/\1/p' | tail -n 1; }
done_of_kind=()
count() { done_of_kind[$1]=$((${done_of_kind[$1]:-0} + 1)); }
bad=0
odd() {
    bad=$((bad + 1))
    note "$1: $(cat "$work/decide.err")"
}

begun_all() { [ "$(handed_out INV)" -gt 5 ] && [ "$(handed_out ORD)" -gt 5 ]; } 2>/dev/null
wait_until 20 begun_all
for ((turn = 0; turn < turns; turn++)); do
    number=$(handed_out INV)
    if decide void acme/INV "$((number - 1))" --yes --reason "turn $turn"; then count 0; else
        grep -q 'is void, not handed out\|reached' "$work/decide.err" || odd void
    fi
    number=$(handed_out ORD)
    if decide void acme/ORD "$number" --yes --reason "turn $turn"; then count 0; else
        grep -q 'is void, not handed out\|reached' "$work/decide.err" || odd void
    fi
    decide series advance acme/INV --to "$(($(handed_out INV) + 100000))" --yes --reason "turn $turn" && count 1 || odd advance
    decide series set acme/ORD --window $((200 + turn)) && count 2 || odd set
    if ((turn % 4 == 1)); then
        # Two processes hold leases: an honest no, and that is what is asked.
        decide drain --yes || true
        decide drain --undo && count 3 || odd undo
        decide verify && count 4 || odd verify
    fi
    if ((turn % 3 == 2)); then
        kill_docketd
        sleep_random 0 40
        start_docketd
    fi
done
decide series retire acme/END --yes --reason 'at the end' || odd retire
d_ended() { ! is_running "$d"; }
check "a retired series: its worker ends" wait_until 20 d_ended
wait_child "$d" || true
check "numbers declared void under load" test "${done_of_kind[0]:-0}" -ge "$turns"
check "a strict counter advanced under load" test "${done_of_kind[1]:-0}" -ge "$turns"
check "windows set, drains undone, verified" test "${done_of_kind[2]:-0}" -ge 1 -a "${done_of_kind[3]:-0}" -ge 1 -a "${done_of_kind[4]:-0}" -ge 1
check "no decision went wrong" test "$bad" = 0
running() { is_running "$a" && is_running "$b" && is_running "$c"; }
check "the workers live, and take numbers" running
kill -TERM "$a" "$b" "$c"
for pid in "$a" "$b" "$c"; do wait_child "$pid" || true; done
check "all is accounted for, and given once; nothing is unknown" audit --unknown-max 0

# ---- what became unknown, settled from the logs ------------------------------

start_worker e --series acme/INV --threads 2 --rate 3000 --count 20000 # a log is as long as its worker may take
e=$child
took_some() { [ "$(handed_out INV)" -gt "$begun" ]; }
begun=$(( $(handed_out INV) + 300 ))
wait_until 20 took_some
kill_child "$e"
lose_power
start_docketd
"$docket" fate acme/INV --no-start >"$work/fate.txt"
first=$(sed -n 's/^ *\([0-9]*\) - .*unknown (runtime.*/\1/p' "$work/fate.txt" | tail -n 1)
last=$(sed -n 's/^ *[0-9]* - \([0-9]*\) .*unknown (runtime.*/\1/p' "$work/fate.txt" | tail -n 1)
check "the runtime files lost under load: numbers are unknown" test -n "$first"
# A record of a log: number 8, period 4, kind 4, behind a head of 4096 bytes.
for log in "$logs"/e*.log; do
    tail -c +4097 "$log" | od -An -v -t u8 -w16 | awk -v first="$first" -v last="$last" '$1 >= first && $1 <= last {print $1}'
done | sort -nu >"$work/issued"
note "unknown $first to $last, of which the logs have $(wc -l <"$work/issued")"
check "reconcile from the logs, and void the rest: done" \
    decide reconcile acme/INV --issued "$work/issued" --void-rest --yes --reason 'the logs are the truth'
check "nothing is unknown any more" eval '! "$docket" fate acme/INV --no-start | grep unknown'
check "the auditor agrees" audit
finish
