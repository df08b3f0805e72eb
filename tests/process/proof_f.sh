#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Proof f: power loss between runs never brings a number back. A power loss is
# played: workers and docketd are killed and the runtime files deleted, so that
# only the store is left. LOSSES sets how often; 50 with SCALE=proof.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

losses=${LOSSES:-$(scale 6 50)}
window=2000

new_realm '[default]' "window = $window"
start_docketd
add_series acme/INV --order strict --window "$window"
add_series acme/ORD --order leased --window "$window"
add_series beta/INV --order strict --window "$window" --restart daily

# What may be unknown after so many losses: per series the window, and a block
# (never larger than the window) for each of its leases: 4 threads.
bound=$((losses * (3 * window + 4 * window)))

clean=0
round() {
    local a b
    start_worker "a$1" --series acme/INV,beta/INV --threads 2 --rate 20000
    a=$child
    start_worker "b$1" --series acme/ORD,acme/INV --threads 4 --rate 20000
    b=$child
    sleep_random 100 400
    kill_child "$a"
    kill_child "$b"
    lose_power
    start_docketd
    start_worker "c$1" --series acme/INV,acme/ORD,beta/INV --threads 2 --count 3000
    wait_child "$child" && all_worked "c$1" && audit && clean=$((clean + 1))
}

for ((i = 1; i <= losses; i++)); do
    if ! round "$i" >"$work/round.out" 2>&1; then
        fail "power loss $i: the audit with all logs so far is clean" "$work/round.out"
        break
    fi
done
check "$losses power losses: $losses clean audits" test "$clean" -eq "$losses"
check "unknown numbers: no more than was stated in advance ($bound)" audit --unknown-max "$bound"
note "$(figure unknown "$work/audit.json") unknown, $(figure logged "$work/audit.json") logged"
check "something became unknown: the losses were real" audited unknown -gt 0

before=$(figure unknown "$work/audit.json")
stop_docketd
rm -rf -- "${runtime:?}"/*
start_docketd
check "runtime files lost after a stop in order, no worker alive: nothing becomes unknown" audit \
    --unknown-max "$before"
# Another boot: the files are there, but of a boot that is over.
another_boot_is_a_power_loss() {
    fate && grep -q '"cause": *"power loss"' "$work/fate.json"
}
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
    "$docket" next acme/BOOT -n 3 --no-start >/dev/null
    kill_docketd
    echo 11111111-2222-3333-4444-555555555555 >"$work/boot_id"
    run_child "$work/docketd.log" unshare -m bash -c \
        'mount --bind "$1" /proc/sys/kernel/random/boot_id && exec "$2" --realm "$3"' _ "$work/boot_id" "$docketd" "$realm"
    docketd_pid=$child
    check "another boot, files of the last one: docketd builds anew" wait_until 20 is_serving
    check "another boot: what was laid is unknown, the cause is power loss" another_boot_is_a_power_loss
    check "another boot: no number comes back" test "$("$docket" next acme/BOOT --no-start | sed 's/.*-0*//')" -gt 3
else
    skip "another boot (needs root)"
fi
finish
