#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What admins decide about numbers: void, reconcile, who may, what is kept of it.
# seconds: 10 10
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

export TMPDIR=/dev/shm # no power is lost here: the store need not wait for a disk
new_realm
start_docketd
# shellcheck source=tests/process/admin_lib.sh
. "$here/admin_lib.sh"
year=$(date -u +%Y)

# ---- void -------------------------------------------------------------------

add_series acme/INV
add_series acme/ORD --order leased
"$docket" next acme/INV -n 10 --no-start >/dev/null
check "a strict series, ten taken: handed out" fate_is acme/INV '1-10 handed out'

expect "void without a reason: wrong" 2 void acme/INV 3 --yes
err_has "void without a reason: says what it wants" 'wants --reason'
expect "void without a terminal and without --yes: wrong" 2 void acme/INV 3 --reason x
err_has "void without a terminal: says --yes" 'say --yes'
check "void refused so: nothing changed" fate_is acme/INV '1-10 handed out'
expect "void with a reason that moves the cursor: wrong" 2 void acme/INV 3 --yes --reason $'a\033[2J'
expect "void with a reason of 201 bytes: wrong" 2 void acme/INV 3 --yes --reason "$(printf 'x%.0s' {1..201})"
expect "void of one number of an unknown series: no" 1 void acme/NO 3 --yes --reason x

expect "void of laid numbers: no" 1 void acme/INV 9-12 --yes --reason x
err_has "void of laid numbers: says which and what they are" '11 to 12 of acme/INV/[0-9]* is laid'
expect "void above the mark: no" 1 void acme/INV 5000 --yes --reason x
expect "void in a period that was never there: no" 1 void acme/INV 3 --period 1999 --yes --reason x
expect "void of a range upside down: wrong" 2 void acme/INV 5-4 --yes --reason x

expect "void --dry-run: done" 0 void acme/INV 3-4 --dry-run --reason 'only looking'
out_has "void --dry-run: says what would change" 'would change 2 numbers'
check "void --dry-run: nothing changed" fate_is acme/INV '1-10 handed out'

expect "void of handed out numbers: done" 0 void acme/INV 3-4 --yes --reason 'Müller cancelled'
out_has "void: says what changed" "acme/INV/$year  3 - 4  handed out -> void (voided)"
voided=('1-2 handed out' '3-4 void (voided)' '5-10 handed out')
check "void: fate has it" fate_is acme/INV "${voided[@]}"
check "void: fate tells the reason" eval '"$docket" fate acme/INV --no-start | grep "event [0-9]*: Müller cancelled"'
expect "void of void numbers: no" 1 void acme/INV 4 --yes --reason x
err_has "void of void numbers: says so" 'is void, not handed out'
expect "void --json: one object" 0 void acme/INV 7 --yes --reason j --json
out_has "void --json: the change" '"changes":\[{"line":0,"period":'"$year"',"first":7,"last":7,"before":"handed out","after":"void","cause":"voided"}\]'
voided=('1-2 handed out' '3-4 void (voided)' '5-6 handed out' '7-7 void (voided)' '8-10 handed out')

kill_docketd
start_docketd
check "docketd killed and started: void is void" fate_is acme/INV "${voided[@]}"

# A terminal: script makes one, and types the answer into it.
answered() { # ANSWER ARGS...
    local answer=$1 code=0
    shift
    printf '%s\n' "$answer" | script -qec "'$docket' $* --no-start" /dev/null >"$case_out" 2>&1 || code=$?
    echo "exit code $code"
    return "$code"
}
if command -v script >/dev/null; then
    check "void on a terminal, answered with n: no" eval '! answered n void acme/INV 9 --reason asked'
    check "void on a terminal, answered with n: it asked" grep -q 'void acme/INV 9 for good? \[y/N\]' "$case_out"
    check "void on a terminal, answered with nothing: no" eval '! answered "" void acme/INV 9 --reason asked'
    check "void on a terminal, not confirmed: nothing changed" fate_is acme/INV "${voided[@]}"
    check "void on a terminal, answered with y: done" answered y void acme/INV 9 --reason asked
    check "void on a terminal, answered with y: void" eval 'fate_lines acme/INV | grep -q "^9-9 void"'
else
    skip "asking on a terminal (no script)"
fi

# ---- who may ----------------------------------------------------------------

as_nobody() {
    local code=0
    setpriv --reuid 65534 --regid 65534 --clear-groups "$docket" "$@" --realm "$realm" --no-start \
        >"$case_out" 2>"$case_err" </dev/null || code=$?
    echo "exit code $code"
    return "$code"
}
may_not() {
    as_nobody "$@" || [ $? = 3 ] || return 1
    grep -q 'root, docketd.s user and those of admins' "$case_err"
}
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    stop_docketd
    chmod 711 "$work" "$runtime"
    printf 'access = shared\n' >>"$realm/docket.conf"
    start_docketd
    check "another user: takes numbers of a shared realm" as_nobody next acme/INV
    check "another user: may not void" may_not void acme/INV 1 --yes --reason x
    check "another user: may not reconcile" may_not reconcile acme/INV --issued /dev/null --yes
    check "another user: docketd's log names him" grep -q 'uid 65534, pid [0-9]* asked to void' "$work/docketd.log"
    check "another user: an event names him, once for all he asked" \
        eval '[ "$("$docket" events --kind refused --no-start | grep -c "uid 65534 .*asked to void numbers in acme/INV")" = 1 ]'
    check "another user: number 1 is still handed out" eval 'fate_lines acme/INV | grep -q "^1-2 handed out"'
    stop_docketd
    printf 'admins = 12345, 65534\n' >>"$realm/docket.conf"
    start_docketd
    check "an admin of docket.conf: may void" as_nobody void acme/INV 1 --yes --reason x
    stop_docketd
    sed -i 's/^admins.*/admin_group = 65534/' "$realm/docket.conf"
    start_docketd
    check "a member of admin_group: may void" as_nobody void acme/INV 2 --yes --reason x
    stop_docketd
    sed -i '/^admin_group\|^access/d' "$realm/docket.conf"
    start_docketd
else
    skip "what another user may not do (needs root and setpriv)"
fi

# ---- a void number behind the last journalled position -----------------------

add_series acme/FEW
"$docket" next acme/FEW -n 3 --no-start >/dev/null # of 16: nothing is raised, and no position is written down
expect "void of a number taken since the last commit: done" 0 void acme/FEW 2 --yes --reason x
lose_power
start_docketd
check "the runtime files lost at once: void stays void, its neighbours are unknown" \
    fate_is acme/FEW '1-1 unknown (runtime files lost)' '2-2 void (voided)' '3-16 unknown (runtime files lost)'

# ---- reconcile --------------------------------------------------------------

"$docket" next acme/ORD -n 5 --no-start >/dev/null
lose_power
start_docketd
unknown=$(fate_lines acme/INV | sed -n 's/-.* unknown (.*//p' | tail -n 1)
last=$(fate_lines acme/INV | sed -n 's/.*-\([0-9]*\) unknown (.*/\1/p' | tail -n 1)
check "the runtime files lost: numbers are unknown, and none that is void" \
    eval '[ "$last" -ge "$((unknown + 5))" ] && [ "$(fate_lines acme/INV | grep -c void)" -ge 2 ]'
"$docket" next acme/INV -n 2 --no-start >"$work/texts" # above the unknown ones
before=$(fate_lines acme/INV)
unchanged() { diff <(echo "$before") <(fate_lines acme/INV); }

printf '%s\n# ours\n\n%s\n' "$unknown" "$((last + 1))" >"$work/evidence"
expect "evidence that names a number handed out: no" 1 reconcile acme/INV --issued "$work/evidence" --yes
err_has "evidence that names a number handed out: says the line and the fate" "line 4: $((last + 1)) of .* is handed out, not unknown"
check "evidence refused: nothing changed" unchanged
printf '%s\n%s-%s\n' "$unknown" "$((unknown - 0))" "$((unknown + 1))" >"$work/evidence"
expect "evidence that names a number twice: no" 1 reconcile acme/INV --issued "$work/evidence" --yes
err_has "evidence that names a number twice: says both lines" "line 2 names $unknown, as line 1 did"
printf 'ORD-20260101-000001\n' >"$work/evidence"
expect "evidence of another series: no" 1 reconcile acme/INV --issued "$work/evidence" --yes
err_has "evidence of another series: says the line" 'line 1, "ORD-20260101-000001": it is no number'
printf 'INV-20200101-%06d\n' "$unknown" >"$work/evidence"
expect "evidence of another period: no" 1 reconcile acme/INV --issued "$work/evidence" --yes
err_has "evidence of another period: says so" 'of another period'
expect "evidence that is not there: wrong" 2 reconcile acme/INV --issued "$work/none" --yes
head -c 4194305 /dev/zero | tr '\0' '\n' >"$work/long"
expect "evidence of more than 4 MiB: wrong" 2 reconcile acme/INV --issued "$work/long" --yes
check "evidence refused: nothing changed, again" unchanged

printf '%s\nINV-%s0203-%06d\r\n %s..%s \n' "$unknown" "$year" "$((unknown + 2))" "$((unknown + 3))" "$((unknown + 4))" >"$work/evidence"
expect "reconcile --dry-run: done" 0 reconcile acme/INV --issued "$work/evidence" --dry-run
check "reconcile --dry-run: nothing changed" unchanged
expect "reconcile by number, text and range, from a pipe" 0 reconcile acme/INV --issued - --yes
out_has "evidence that is empty: nothing was changed" 'nothing was changed'
by_pipe() { "$docket" reconcile acme/INV --issued - --yes --no-start <"$work/evidence" >"$case_out"; }
check "reconcile by number, text and range: done" by_pipe
out_has "reconcile: says what line 2 changed" "line 2: acme/INV/$year  $((unknown + 2))  unknown -> handed out (by evidence)"
given() { fate_lines acme/INV | grep -q "^$1 handed out (by evidence)"; }
check "reconcile: the number is handed out" given "$unknown-$unknown"
check "reconcile: text and range are handed out" given "$((unknown + 2))-$((unknown + 4))"
check "reconcile: what lies between is unknown" eval 'fate_lines acme/INV | grep -q "^$((unknown + 1))-$((unknown + 1)) unknown"'
expect "void of a number handed out by evidence: done" 0 void acme/INV "$((unknown + 3))" --yes --reason 'never sent'
check "void in the middle of evidence: three parts" \
    eval 'given "$((unknown + 2))-$((unknown + 2))" && given "$((unknown + 4))-$((unknown + 4))"'
expect "reconcile --void-rest without a reason: wrong" 2 reconcile acme/INV --issued /dev/null --void-rest --yes
expect "reconcile --void-rest: done" 0 reconcile acme/INV --issued /dev/null --void-rest --yes --reason 'no more invoices'
check "reconcile --void-rest: nothing is unknown" eval '! fate_lines acme/INV | grep unknown'
check "reconcile --void-rest: the other series keeps its own" eval 'fate_lines acme/ORD | grep -q unknown'

# ---- periods that have ended, and one that is to come --------------------------

today=$(date -u +%Y%m%d) tomorrow=$(date -u -d tomorrow +%Y%m%d)
add_series acme/DAY --restart daily
"$docket" next acme/DAY -n 3 --no-start >/dev/null
expect "advance of tomorrow's period: done" 0 series advance acme/DAY --period "$tomorrow" --to 50 --yes --reason 'planned'
check "advance of tomorrow's period: today's is as it was" fate_is "acme/DAY/$today" '1-3 handed out'
check "advance of tomorrow's period: it has it" fate_is "acme/DAY/$tomorrow" '1-49 void (advanced)'
kill_docketd
rm -rf -- "${runtime:?}"/*
export LD_PRELOAD DOCKET_CLOCK_SHIFT_S=86400
LD_PRELOAD=$(binary shiftclock.so)
start_docketd
check "a day later, the runtime files lost: yesterday's numbers are unknown" \
    fate_is "acme/DAY/$today" '1-16 unknown (runtime files lost)'
expect "advance of yesterday's period: no" 1 series advance acme/DAY --period "$today" --to 500 --yes --reason x
printf 'DAY-%s-%06d\n2\n' "$today" 1 >"$work/evidence"
expect "evidence for yesterday without naming the period: no" 1 reconcile acme/DAY --issued "$work/evidence" --yes
expect "evidence for yesterday: done" 0 reconcile "acme/DAY/$today" --issued "$work/evidence" --yes
expect "void in yesterday's period: done" 0 void acme/DAY 2 --period "$today" --yes --reason 'cancelled today'
expect "void the rest of yesterday: done" 0 reconcile "acme/DAY/$today" --issued /dev/null --void-rest --yes --reason 'no more'
check "yesterday's period is settled" eval 'fate_lines "acme/DAY/$today" | tr "\n" ";" | grep -q "^1-1 handed out (by evidence);2-2 void (voided);3-16 void (voided);$"'
check "today's numbers come behind what it was advanced to" eval '"$docket" next acme/DAY --no-start | grep "^DAY-$tomorrow-0000[5-9]"'
kill_docketd
unset LD_PRELOAD DOCKET_CLOCK_SHIFT_S
start_docketd

after=$(fate_lines acme/INV)
kill_docketd
start_docketd
check "docketd killed and started: all as it was" diff <(echo "$after") <(fate_lines acme/INV)
lose_power
start_docketd
check "the runtime files lost again: what was settled stays settled" \
    eval 'given "$unknown-$unknown" && fate_lines acme/INV | grep -q "^$((unknown + 3))-$((unknown + 3)) void"'
stop_docketd
start_docketd
check "the store is sound: docketd starts" is_serving
finish
