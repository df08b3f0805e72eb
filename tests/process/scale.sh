#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Scale: very many series, each used once, and the realm restarted in every way:
# docketd killed and the desk adopted, stopped in order, the runtime files lost.
# Times and sizes are printed beside a bare LMDB scan of the same store. SERIES
# sets another figure than 20,000 (1,000,000 at the scales proof and torture).
# seconds: 15 0
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

series=${SERIES:-$(scale 20000 1000000)}
threads=${THREADS:-16}
patience=$((20 + series / 10000)) # seconds for a start

new_realm
scaler=$(binary docket-scale)
scanner=$(binary store_scan)

now_ms() { date +%s%3N; }

# timed_start: docketd serves; $took is how long that lasted, in seconds
timed_start() {
    local code=0 began
    began=$(now_ms)
    run_child "$work/docketd.log" "$docketd" --realm "$realm" --create
    docketd_pid=$child
    wait_until "$patience" serves_or_ended || code=1
    took=$(awk -v ms=$(($(now_ms) - began)) 'BEGIN {printf "%.2f", ms / 1000}')
    if [ "$code" != 0 ] || ! is_running "$docketd_pid"; then
        fail "docketd serves" "$work/docketd.log"
        finish
    fi
}

# use NUMBER: one number of each series, which must be that one
use() {
    "$scaler" "$realm" "$threads" 1 "$series" "$1" >"$work/use.out" 2>&1
}

sizes() {
    note "$1: docketd $(awk '/^RssAnon/ {printf "%.0f", $2 / 1024}' "/proc/$docketd_pid/status") MiB of its own, $(
        du -sk "$runtime" | awk '{printf "%.0f", $1 / 1024}') MiB of tmpfs, store $(
        du -sk "$realm/store" | awk '{printf "%.0f", $1 / 1024}') MiB"
}

status_is_quick() {
    local began
    began=$(now_ms)
    "$docket" status >"$work/status.out" && test $(($(now_ms) - began)) -lt 1000
}

timed_start
check "$series series on first use by $threads threads: each begins at 1" use 1
note "created and used: $(figure seconds "$work/use.out") s"
sizes "used once"
check "$series series: docket status does not walk them" status_is_quick
kill_docketd
timed_start
note "docketd killed, desk adopted: $took s"
check "docketd killed: each series goes on with 2" use 2
note "used again: $(figure seconds "$work/use.out") s"
began=$(now_ms)
stop_docketd
stopped_ms=$(($(now_ms) - began))
note "stopped in order: $(awk -v ms=$stopped_ms 'BEGIN {printf "%.2f", ms / 1000}') s"
check "stopped in order: within its ten seconds" test "$stopped_ms" -lt 10000
check "stopped in order: so docketd says" grep -q 'stopped in order' "$work/docketd.log"
check "a bare LMDB scan reads the store" sh -c '"$0" "$1" >"$2"' "$scanner" "$realm" "$work/scan.out"
note "bare LMDB scan: $(figure records "$work/scan.out") records, $(figure record_bytes "$work/scan.out") bytes, $(figure seconds "$work/scan.out") s"
rm -rf -- "${runtime:?}"/*
timed_start
note "stopped in order, runtime files lost, desk built anew: $took s"
check "runtime files lost after a stop in order: nothing is unknown, each goes on with 3" use 3
note "used again: $(figure seconds "$work/use.out") s"
sizes "built anew"
lose_power
timed_start
note "docketd killed, runtime files lost, desk built anew: $took s"
# One call has ten seconds; the fate of a million series may take longer, of one it does not.
one_fate() { "$docket" fate --no-start "t$series/S" >"$work/fate.txt" && grep -q unknown "$work/fate.txt"; }
check "runtime files lost: what a series may have lost is unknown" one_fate
[ "$series" -gt 100000 ] || check "runtime files lost: every number has a fate" fate
stop_docketd
finish
