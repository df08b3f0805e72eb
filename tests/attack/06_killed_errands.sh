#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Errands that change a whole store, killed at every system call that can change a file (at
# the small scale each so many-th): an older store that is accepted, backups, a
# restore, a realm's state that goes to another realm and arrives, an import.
# After each kill: the store is as it was or as it should become, or docketd refuses it with
# exit code 4 until the same command has finished; no number comes twice. (Migrations:
# 06_killed_migrate.sh.)
#
#   STRIDE   each so many-th call     ERRANDS   only these
#
# row: 6
# seconds: 12 260
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/attack/errands.sh
. "$here/errands.sh"

note "seed $SEED"
new_host '[default]' 'window = 64'
start_docketd
add_series acme/S
add_series acme/L --order leased --template 'L{YYYY}-{N:6}'
add_series acme/K --ledger on --template 'K{YYYY}-{N:6}'
add_series acme/D --restart daily --template 'D{YYYY}{MM}{DD}-{N:4}'
give acme/S 5
give acme/L 5
give acme/D 5
stop_docketd
cp -a --sparse=always "$realm/store" "$memory/older"
offline backup "$memory/backup" || fail "a backup of the older store" "$work/offline.err"
start_docketd
give acme/S 300
give acme/L 300
give acme/D 300
stop_docketd
keep newest

# ---- an older store, accepted with a floor ----------------------------------

accept_ready() {
    bring_back newest
    rm -rf -- "$realm/store" "${runtime:?}"/*
    cp -a --sparse=always "$memory/older" "$realm/store"
}

accept_run() {
    stays=1 run_cut "$docketd" --realm "$realm" --accept-store 1000
}

# ---- backups ----------------------------------------------------------------

# Of a live store by the command, and of one at rest by docketd: whole, or not there.
backup_ready() {
    bring_back newest
    rm -rf -- "$memory/backups"
    mkdir -m 700 "$memory/backups"
    serves || wrong "docketd does not serve" "$work/docketd.log"
}
backup_run() { run_cut "$docket" backup "$memory/backups/monday" --no-start; }
backup_judge() {
    if [ -e "$memory/backups/monday" ]; then
        "$docket" verify "$memory/backups/monday" >"$work/verify.out" 2>&1 || wrong "half a backup" "$work/verify.out"
        [ "$was_cut" = 0 ] || rm -rf -- "$memory/backups/monday"
    elif [ "$was_cut" = 0 ]; then
        wrong "there is none, and it ended with $cut_code" "$work/cut.log"
    fi
    "$docket" backup "$memory/backups/tuesday" --no-start >"$work/backup.out" 2>&1 ||
        wrong "no other backup can be made" "$work/backup.out"
    goes_on exactly
}

rest_ready() {
    bring_back newest
    rm -rf -- "$memory/backups"
    mkdir -m 700 "$memory/backups"
}
rest_run() { run_cut "$docketd" --realm "$realm" --offline backup "$memory/backups/monday"; }
rest_judge() {
    if [ -e "$memory/backups/monday" ]; then
        "$docket" verify "$memory/backups/monday" >"$work/verify.out" 2>&1 || wrong "half a backup" "$work/verify.out"
    fi
    offline backup "$memory/backups/tuesday" || wrong "no other backup can be made" "$work/offline.err"
    serves || wrong "docketd does not serve" "$work/docketd.log"
    goes_on exactly
}

# ---- a backup becomes the store ---------------------------------------------

restore_ready() { bring_back newest; }
restore_run() { run_cut "$docketd" --realm "$realm" --offline restore "$memory/backup" --replace; }
restore_judge() {
    rm -rf -- "${runtime:?}"/*
    if serves; then # nothing has happened yet
        [ "$was_cut" = 1 ] || wrong "a store that was restored serves"
        goes_on exactly
        stop_docketd
    elif [ "$code" != 4 ] && [ -e "$realm/store" ]; then
        wrong "the next start ends with $code" "$work/docketd.log"
    fi
    offline restore "$memory/backup" --replace || wrong "the same command does not finish it" "$work/offline.err"
    ! serves || wrong "a store that was restored serves"
    [ "$code" = 4 ] || wrong "a restored store ends the start with $code" "$work/docketd.log"
    accept_judge
}

# ---- to another realm, for good ---------------------------------------------

away_ready() {
    bring_back newest
    rm -rf -- "$memory"/gone*
    make_twin "$ticket"
}
away_run() { run_cut "$docketd" --realm "$realm" --offline export-state "$memory/gone" --to "$ticket"; }
away_judge() {
    rm -rf -- "${runtime:?}"/*
    if serves; then
        [ ! -e "$memory/gone" ] || wrong "its state is written, and it serves"
        goes_on exactly
        stop_docketd
    elif [ "$code" != 4 ]; then
        wrong "the next start ends with $code" "$work/docketd.log"
    fi
    if [ ! -e "$memory/gone" ]; then
        offline export-state "$memory/gone" --to "$ticket" || wrong "the same command does not finish it" "$work/offline.err"
    fi
    ! serves || wrong "it has moved, and serves"
    [ "$code" = 4 ] || wrong "it has moved, and the start ends with $code" "$work/docketd.log"
    at_twin
    arrives
    kill_docketd
    at_original
}

arrive_ready() {
    bring_back moved
    make_twin "$ticket"
}
arrive_run() {
    at_twin
    run_cut "$docketd" --realm "$realm" --offline import-state "$memory/gone"
}
arrive_judge() {
    if serves; then # it is there
        goes_on exactly
        kill_docketd
    elif [ "$code" != 4 ] && [ "$code" != 3 ]; then
        wrong "the next start ends with $code" "$work/docketd.log"
    fi
    if [ -e "$twin/arrival" ] || [ ! -e "$twin/store" ]; then
        arrives
    fi
    [ -z "$docketd_pid" ] || kill_docketd
    at_original
    ! serves || wrong "the old side serves"
}

# ---- numbers of another system ----------------------------------------------

# docketd is killed while it takes a chunk: all of it is there, or none, and the same
# import finishes it.
import_ready() {
    bring_back newest
    "$cut" --at "$at" --from-signal --base "$work/cut" ${all_calls:+--all} -- "$docketd" --realm "$realm" \
        >"$work/cut.out" 2>"$work/cut.err" &
    cut_pid=$!
    children[$cut_pid]=1
    docketd_pid=''
    wait_until 20 is_serving || wrong "docketd does not serve" "$work/cut.log"
}
import_run() {
    local pid
    kill -USR1 "$cut_pid"
    { bring_numbers S && bring_numbers K; } &
    pid=$!
    children[$pid]=1
    wait_until 20 either_ended "$pid" "$cut_pid" || wrong "neither the import nor docketd ends"
    kill -TERM "$cut_pid" 2>/dev/null || true
    kill_child "$pid"
    wait_child "$cut_pid" || true
    runs=$((runs + 1))
    was_cut=$(figure_of cut "$work/cut.out")
    cuts=$((cuts + was_cut))
}
either_ended() { ! is_running "$1" || ! is_running "$2"; }

# ---- all of them ------------------------------------------------------------

has_errand() { [ -z "${ERRANDS:-}" ] || [[ " $ERRANDS " == *" $1 "* ]]; }

if has_errand accept; then
    each_cut accept "${STRIDE:-$(scale 13 1)}"
fi
if has_errand restore; then each_cut restore "${STRIDE:-$(scale 9 1)}"; fi
if has_errand away || has_errand arrive; then
    make_twin
    ticket=$("$docketd" --realm "$twin" --offline import-state --prepare 2>"$work/offline.err") || fail "a ticket" "$work/offline.err"
    each_cut away "${STRIDE:-$(scale 17 1)}"
    bring_back newest
    rm -rf -- "$memory"/gone*
    offline export-state "$memory/gone" --to "$ticket" || fail "a realm moves" "$work/offline.err"
    keep moved
    each_cut arrive "${STRIDE:-$(scale 13 1)}"
fi
if has_errand backup; then each_cut backup "${STRIDE:-$(scale 5 1)}"; fi
if has_errand rest; then each_cut rest "${STRIDE:-$(scale 41 1)}"; fi
if has_errand import; then each_cut import "${STRIDE:-$(scale 13 1)}"; fi

at_least "errands on the store killed at a call that changes a file" "$(scale 20 400)" "$cuts"
at_most "numbers given twice after that" 0 "$twice"
at_most "stores that were neither old nor new, nor could be finished" 0 "$faults"
finish
