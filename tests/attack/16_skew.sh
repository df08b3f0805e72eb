#!/bin/bash
# SPDX-License-Identifier: MIT
#
# 16: an old library meets a new docketd and the other way round: every field of
# the board's, the table's and a seat's header, of the store's own records, of
# requests and of replies, at 0, 1, the largest, one more, one less, with the
# sign bit flipped. Each must be refused with a sentence (versions: one that
# names both), or served where the field may differ; never a crash or a hang;
# and what was put back goes on working.
# row: 16
# seconds: 6 6
. "$(dirname "$0")/lib.sh"

export TMPDIR=/dev/shm # no power is lost here: the store need not wait for a disk
new_realm 'lines_per_seat = 16'
skew=$(binary skew)
start_docketd
first_pid=$docketd_pid
add_series acme/INV --order leased

judge() {
    "$skew" "$1" "$realm" >"$work/$1.out" 2>&1 && return
    grep -A 1 WRONG "$work/$1.out" | head -n 20
    return 1
}

still_serves() { is_running "$first_pid" && "$docket" next --no-start --timeout 20 acme/INV; }

total=0 wrong=0 refused=0
sum_up() {
    total=$((total + $(figure_of cases "$work/$1.out")))
    wrong=$((wrong + $(figure_of wrong "$work/$1.out")))
    refused=$((refused + $(figure_of refused "$work/$1.out")))
}

for part in files replies requests; do
    check "$part of another release: refused politely, or served" judge "$part"
    sum_up "$part"
    check "$part of another release: then docketd serves, unchanged" still_serves
done

# docketd itself over files of a newer one: it says so, and makes its own.
version_in_log() { grep -q 'the board has layout version 4 and this build knows 3' "$work/docketd.log"; }
board=$(realpath "$realm/runtime")/board-0
stop_docketd
printf '\004' | dd of="$board" bs=1 seek=8 conv=notrunc status=none
start_docketd
check "docketd over a board of layout version 4: it names both versions" version_in_log
check "docketd over a board of layout version 4: it serves from files of its own" \
    "$docket" next --no-start --timeout 20 acme/INV
for command in 'status' 'fate --all' 'inspect'; do
    check "docket $command --json says its schema's version" \
        eval '"$docket" '"$command"' --json | grep "\"schema_version\": *1" >/dev/null' # all of it is read: no broken pipe
done
stop_docketd
check "the store of another release: refused politely, or taken over" judge store
sum_up store
start_docketd
check "the store put back: served" "$docket" next --no-start --timeout 20 acme/INV
stop_docketd

at_least "fields x boundary values of headers, messages and store" 1000 "$total"
at_least "of them: refused with a sentence" 300 "$refused"
at_most "of them: crashes, hangs, refusals without both versions" 0 "$wrong"
finish
