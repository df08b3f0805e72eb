#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Proof d: a worker that is stopped (SIGSTOP) while docketd is killed and started
# again still owns its block and its leases when it goes on. SECONDS_STOPPED
# sets how long; a minute with SCALE=proof.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

stopped=${SECONDS_STOPPED:-$(scale 3 60)}

new_realm 'seats_max = 16'
start_docketd
add_series acme/ORD --order leased
add_series acme/INV --order strict

# Numbers of a log, one a line.
numbers_of() {
    od -A n -t u8 -j 4096 -w16 "$1" | awk '$1 > 0 { print $1 }'
}

# A log whose numbers follow each other without a gap.
is_one_run() {
    numbers_of "$1" | awk 'NR > 1 && $1 != last + 1 { print "after " last " came " $1; bad = 1 }
                           { last = $1 } END { print NR " numbers"; exit bad || NR == 0 }'
}

owns_open_block() {
    fate && grep -q '"fate": *"open"' "$work/fate.json"
}

# Blocks far larger than what is taken: the log must stay within one block.
start_worker block --series acme/ORD --mode block --block 10000 --step 1 --rate 1000
block=$child
start_worker lease --series acme/ORD --threads 2 --rate 1000
lease=$child
start_worker strict --series acme/INV --threads 2 --rate 1000
strict=$child
sleep 1
kill -STOP "$block" "$lease"
check "a stopped worker: its block is open in the fate" owns_open_block

kill_docketd
sleep 0.2
start_docketd
check "a stopped worker, docketd started again: its block is still open" owns_open_block
start_worker other --series acme/ORD --threads 2 --rate 5000
other=$child
sleep "$stopped"
check "a stopped worker, $stopped s later: its block is still open" owns_open_block
check "a stopped worker: others go on" is_running "$other"

kill -CONT "$block" "$lease"
sleep 1
for pid in "$block" "$lease" "$strict" "$other"; do
    kill -TERM "$pid"
    wait_child "$pid" || true
done
check "a worker that goes on: every call after the stop succeeds" all_worked block lease strict other
check "a worker that goes on: takes the same block's next number" is_one_run \
    "$logs/block-0.acme.ORD.log"
check "all together: the audit is clean" audit --unknown-max 0
check "all together: nothing is handed out but not logged" audited not_logged -eq 0
finish
