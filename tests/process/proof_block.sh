#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Blocks: taken whole, given back in part, and left by a killed holder.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

rounds=${ROUNDS:-$(scale 5 100)}

new_realm
start_docketd
add_series acme/ORD --order leased
add_series acme/INV --order strict

ended() {
    wait_child "$child" && all_worked "$1"
}

start_worker whole --series acme/INV,acme/ORD --mode block --block 100 --threads 2 --count 20000
check "blocks taken whole: the worker ends in order" ended whole
check "blocks taken whole: the audit is clean" audit --unknown-max 0
check "blocks taken whole: nothing is handed out but not logged" audited not_logged -eq 0

start_worker part --series acme/ORD --mode block --block 100 --take 30 --step 1 --count 9000
check "leased blocks given back in part: the worker ends in order" ended part
check "leased blocks given back in part: the audit is clean" audit --unknown-max 0
check "leased blocks given back in part: what was given back is not handed out" \
    audited not_logged -eq 0

start_worker strict --series acme/INV --mode block --block 100 --take 30 --count 3000
check "strict blocks given back in part: the worker ends in order" ended strict
check "strict blocks given back in part: the audit is clean" audit --unknown-max 0
check "strict blocks given back in part: what was given back is not handed out" \
    audited not_logged -eq 0

# Two takers: what one gives back the other may have overtaken.
start_worker rival1 --series acme/INV --mode block --block 20 --take 7 --count 3500
rival=$child
start_worker rival2 --series acme/INV --count 20000 --rate 40000
ended rival2 || true
wait_child "$rival" || true
check "strict blocks given back among rivals: both end in order" all_worked rival1 rival2
check "strict blocks given back among rivals: free again or void, never in between" audit \
    --unknown-max 0
check "strict blocks given back among rivals: nothing is handed out but not logged" \
    audited not_logged -eq 0

# Killed holders. Leased: exact, but for the number of the cut call.
for ((i = 0; i < rounds; i++)); do
    start_worker "dead$i" --series acme/ORD --mode block --block 1000 --step 1 --rate 5000
    sleep_random 30 150
    kill_child "$child"
done
check "a killed holder of a leased block: its tail is spare again" audit --unknown-max 0
check "killed holders of leased blocks: at most one number each is not logged" \
    audited not_logged -le "$rounds"
highest=$(figure logged "$work/audit.json")
start_worker again --series acme/ORD --count 20000
check "after killed holders: the worker ends in order" ended again
check "after killed holders: spares are given again, each once" audit --unknown-max 0
check "after killed holders: all its numbers are logged" audited logged -eq $((highest + 20000))

for ((i = 0; i < rounds; i++)); do
    start_worker "gone$i" --series acme/INV --mode block --block 100 --rate 5000
    sleep_random 30 150
    kill_child "$child"
done
check "a killed holder of a strict block: no more than its block is lost" audit --unknown-max 0
finish
