#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The auditor is judged here: logs and fates made by hand, with one fault
# each. Each must be found, under its own name, and the clean ones pass.
# Needs no docketd.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

new_work
logs=$work/logs
auditor=$(binary docket-audit)

# bytes COUNT VALUE: little-endian
bytes() {
    local i value=$2 out=''
    for ((i = 0; i < $1; i++)); do
        printf -v out '%s\\x%02x' "$out" $((value & 255))
        value=$((value >> 8))
    done
    printf '%b' "$out"
}

# log NAME SERIES STEP CLOSED [NUMBER[:PERIOD[:KIND]]...]
log() {
    local file=$logs/$1.log series=$2 step=$3 closed=$4 record number period kind
    shift 4
    printf 'docket-log 1\nid=%s\ntenant=acme\nseries=%s\nstep=%s\n' t1 "$series" "$step" >"$file"
    truncate -s 4088 "$file"
    {
        bytes 8 "$closed"
        for record in "$@"; do
            IFS=: read -r number period kind <<<"$record"
            bytes 8 "$number"
            bytes 4 "${period:-2026}"
            bytes 4 "${kind:-1}"
        done
        bytes 16 0
    } >>"$file"
}

# counter SERIES ORDER MARK RANGE... with RANGE = FIRST-LAST:FATE[:CAUSE].
# FIRST: the counter's first number (1).
counter() {
    local series=$1 order=$2 mark=$3 range span fate cause comma=''
    shift 3
    printf '{"tenant":"acme","series":"%s","order":"%s","period":2026,"mark":%s,"first":%s,"ranges":[' \
        "$series" "$order" "$mark" "${FIRST:-1}"
    for range in "$@"; do
        IFS=: read -r span fate cause <<<"$range"
        printf '%s{"first":%s,"last":%s,"fate":"%s","cause":"%s","seat":-1,"time_ns":0}' \
            "$comma" "${span%-*}" "${span#*-}" "$fate" "${cause:-}"
        comma=,
    done
    printf ']}'
}

# fates COUNTER...: the JSON file
fates() {
    local IFS=,
    printf '{"schema_version":1,"realm":"r","counters":[%s]}\n' "$*" >"$work/fate.json"
}

fresh() {
    rm -rf "$logs"
    mkdir "$logs"
}

# expect CODE FINDING COUNT [OPTION...]: exit code, and no kind of finding but
# this one ("a|b": but these, of which the first is counted)
expect() {
    local code=0 want=$1 kind=$2 count=$3
    shift 3
    "$auditor" --fate "$work/fate.json" --logs "$logs" --json "$@" >"$work/audit.json" || code=$?
    if [ "$code" != "$want" ]; then
        echo "exit code $code, wanted $want"
        cat "$work/audit.json"
        return 1
    fi
    [ "$want" -lt 2 ] || return 0
    local others
    others=$(sed -n '/"findings"/,/}/p' "$work/audit.json" | grep -v '"findings"' |
        grep -vE "\"($kind)\":" | grep '": [1-9]' || true)
    if [ -n "$others" ]; then
        echo "other findings: $others"
        return 1
    fi
    [ "$kind" = none ] || audited "${kind%%|*}" -eq "$count"
}

# A realm in order: two strict threads, one leased thread, one killed thread.
clean_realm() {
    fresh
    log a INV 1 1 1 2 4
    log b INV 1 1 3 5
    log c ORD 1 1 1:2026:2 2 9
    log d ORD 1 0 5 6
    fates "$(counter INV strict 100 '1-5:handed out' '6-99:laid')" \
        "$(counter ORD leased 20 '1-2:handed out' '3-4:spare' '5-7:handed out' '8-8:void:given back' \
            '9-12:unknown:power loss' '13-19:laid')"
}

clean_realm
check "a realm in order: clean" expect 0 none 0
check "one unlogged number and one killed thread: excused" audited excused -eq 1
check "unknown ranges: counted" audited unknown -eq 4
check "counters whose first number was logged: counted" audited counters_logged_from_first -eq 2

fresh
log a BIG 1 1 4095 4096 4097 8192 999999999999999
fates "$(FIRST=4095 counter BIG leased 1000000000000000 '4095-4097:handed out' '4098-8191:spare' \
    '8192-8192:handed out' '8193-999999999999998:spare' '999999999999999-999999999999999:handed out')"
check "numbers far apart and at the end of all numbers: clean" expect 0 none 0
fates "$(FIRST=4096 counter BIG leased 999999999999999 '4096-4097:handed out' '4098-8192:spare' \
    '8193-999999999999998:spare')"
check "numbers below the first and at the mark: out_of_range" expect 1 'out_of_range|logged_spare' 2
check "a logged number among far spares: logged_spare" audited logged_spare -eq 1

clean_realm
log e INV 1 1 4
check "a number in two logs: given_twice" expect 1 given_twice 1

clean_realm
log a INV 1 1 1 2 4 4:2026:2
check "a number twice in one log: given_twice" expect 1 given_twice 1

clean_realm
log e INV 1 1 1:2025
check "a logged counter that docket does not know: no_fate" expect 1 no_fate 1

clean_realm
log e INV 1 1 100
check "a logged number at the mark: out_of_range" expect 1 out_of_range 1

clean_realm
log e INV 1 1 40
check "a logged number that is laid: logged_laid" expect 1 logged_laid 1

clean_realm
log e ORD 1 1 3
check "a logged number that is spare: logged_spare" expect 1 logged_spare 1

clean_realm
log e ORD 1 1 8
check "a logged number that is void: logged_void" expect 1 logged_void 1

clean_realm
log e ORD 1 1 8
fates "$(counter INV strict 100 '1-5:handed out' '6-99:laid')" \
    "$(counter ORD leased 20 '1-2:handed out' '3-4:spare' '5-7:handed out' '8-19:void:advanced')"
check "a logged number that was skipped: logged_void" expect 1 logged_void 2
fates "$(counter INV strict 100 '1-5:handed out' '6-99:laid')" \
    "$(counter ORD leased 20 '1-2:handed out' '3-4:spare' '5-7:handed out' '8-19:void:voided')"
check "a logged number that somebody declared void: clean" expect 0 none 0
fates "$(counter INV strict 100 '1-5:handed out' '6-99:laid')" \
    "$(counter ORD leased 20 '1-2:handed out' '3-4:spare' '5-7:handed out' '8-19:handed out:by evidence')"
check "numbers handed out by evidence, in no log: clean" expect 0 none 0

clean_realm
fates "$(counter INV strict 100 '1-4:handed out' '5-5:open' '6-99:laid')" \
    "$(counter ORD leased 20 '1-2:handed out' '3-4:spare' '5-7:handed out' '8-19:unknown')"
check "a logged number that is open: logged_open" expect 1 logged_open 1

clean_realm
log b INV 1 1 3
check "a record dropped from a closed log: unlogged" expect 1 unlogged 1

clean_realm
log d ORD 1 0 5
check "two numbers unlogged, one killed thread with step 1: unlogged" expect 1 unlogged 1
log d ORD 2 0 5
check "two numbers unlogged, one killed thread with step 2: clean" expect 0 none 0
check "the same with --killed-allow 1: unlogged" expect 1 unlogged 1 --killed-allow 1
check "the other series with --only: clean" expect 0 none 0 --only acme/INV --killed-allow 1
check "--unknown-max 3 with 4 unknown: too_unknown" expect 1 too_unknown 1 --unknown-max 3

clean_realm
fates "$(counter INV strict 100 '1-5:handed out' '7-99:laid')" \
    "$(counter ORD leased 20 '1-2:handed out' '3-4:spare' '5-7:handed out' '8-19:unknown')"
check "a hole between two ranges: fate_hole" expect 1 fate_hole 1

clean_realm
fates "$(counter INV strict 100 '1-5:handed out' '6-89:laid')" \
    "$(counter ORD leased 20 '1-2:handed out' '3-4:spare' '5-7:handed out' '8-19:unknown')"
check "ranges that end below the mark: fate_hole" expect 1 fate_hole 10

clean_realm
fates "$(counter INV strict 100 '1-6:handed out' '6-99:void')" \
    "$(counter ORD leased 20 '1-2:handed out' '3-4:spare' '5-7:handed out' '8-19:unknown')"
log b INV 1 1 3 5
log f INV 1 0
check "ranges that overlap: fate_overlap" expect 1 fate_overlap 1

clean_realm
fates "$(counter INV strict 100 '1-5:handed out' '6-99:laid')" \
    "$(counter ORD leased 20 '1-2:handed out' '3-4:lost' '5-7:handed out' '8-19:unknown')"
check "a fate that nobody knows: bad_fate, and its numbers a hole" expect 1 'bad_fate|fate_hole' 1

clean_realm
log a INV 1 1 1 4 2
check "strict numbers out of a thread's call order: out_of_order" expect 1 out_of_order 1

# ---- series with a ledger ------------------------------------------------------

# Two threads of a gapless series: 3 was released and came again, 6 is in doubt, 7 pending.
ledger_realm() {
    fresh
    log a G 1 1 1 2 4 3
    log b G 1 1 5 6
    fates "$(counter G gapless 8 '1-5:issued' '6-6:in doubt' '7-7:pending')"
}
ledger_realm
check "a gapless series: clean, whatever the order" expect 0 none 0
check "a gapless series: issued ones are counted" audited issued -eq 5
check "a gapless series: those in doubt are counted" audited in_doubt -eq 1
check "a gapless series that has holes: hole" expect 1 hole 2 --gapless
ledger_realm
log b G 1 1 5
fates "$(counter G gapless 8 '1-5:issued' '6-7:void:voided')"
check "a gapless series whose holes are void: clean" expect 0 none 0 --gapless
fates "$(counter G gapless 8 '1-5:issued' '6-7:void')"
check "a gapless series whose holes are void without a cause: hole" expect 1 hole 2 --gapless
fates "$(counter G gapless 9 '1-5:issued' '6-7:void:voided' '8-8:free')"
check "a gapless series with a free number at its end: hole" expect 1 hole 1 --gapless
check "a gapless series with a free number: nobody was given it" expect 0 none 0
ledger_realm
fates "$(counter G gapless 8 '1-4:issued' '5-5:free' '6-6:in doubt' '7-7:pending')"
check "a number that was given, and is free: logged_free" expect 1 logged_free 1
fates "$(counter G gapless 8 '1-4:issued' '5-6:reserved' '7-7:pending')"
check "numbers that were given, and are reserved: logged_reserved" expect 1 logged_reserved 2
fates "$(counter G gapless 9 '1-5:issued' '6-6:in doubt' '7-8:issued')"
check "issued numbers that nobody logged: unlogged" expect 1 unlogged 2
log c G 1 0
check "one of them by a killed thread: the other is unlogged" expect 1 unlogged 1
fates "$(counter G gapless 8 '1-5:issued' '6-6:in doubt' '7-7:pending')" "$(counter H gapless 4 '1-3:issued')"
check "a series with a ledger that no worker asked: others may have" expect 0 none 0
ledger_realm
log b G 1 1 5 6 2
check "a number of a gapless series given twice: given_twice" expect 1 given_twice 1
fresh
log a T 1 1 1 3 2
fates "$(counter T strict 4 '1-3:issued')"
check "a strict series: order is judged" expect 1 out_of_order 1
fates "$(counter T strict 4 '1-3:issued' | sed 's/"period"/"ledger":true,"period"/')"
check "a strict series with a ledger: a released number may come later" expect 0 none 0

clean_realm
printf 'docket-log 2\n' >"$logs/e.log"
check "a log without a header: bad_log" expect 1 bad_log 1

clean_realm
log e INV 1 1
printf 'x' >>"$logs/e.log"
check "something behind a log's end: bad_log" expect 1 bad_log 1

clean_realm
log e INV 1 1 0:2026:1
check "a record without a number in a closed log: bad_log" expect 1 bad_log 1

clean_realm
log e INV 1 0 0:2026:1
check "a record whose thread was killed before its number: fine" expect 0 none 0

clean_realm
log e INV 1 7
check "a closed word that is neither 0 nor 1: bad_log" expect 1 bad_log 1

clean_realm
log e INV 1 1 6:2026:9
check "a record of an unknown kind: bad_log" expect 1 bad_log 1

clean_realm
echo '{"schema_version":1,' >"$work/fate.json"
check "a fate file that is cut: exit 3" expect 3 none 0
fates
fresh
check "no logs at all: exit 3, never a silent pass" expect 3 none 0
check "a wrong option: exit 2" expect 2 none 0 --unlogged-ok

finish
