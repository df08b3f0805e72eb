#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Workers killed at random moments under load, in both order modes, never a
# clean detach in between: every tail comes back, no seat is lost. KILLS sets
# how often, SEED the moments.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

kills=${KILLS:-$(scale 60 3000)}
crew=4
options=(
    '--series acme/INV --threads 2'
    '--series acme/ORD --threads 2'
    '--series acme/INV,acme/ORD,beta/INV --threads 1 --mode text'
    '--series acme/ORD,beta/ORD --threads 2 --mode block --block 50 --step 1'
)

new_realm 'seats_max = 8'
start_docketd
add_series acme/INV --order strict
add_series acme/ORD --order leased
add_series beta/INV --order strict
add_series beta/ORD --order leased
note "seed $SEED"

declare -a crew_pids
born=0
# hire PLACE: a worker of the place's kind
hire() {
    born=$((born + 1))
    # shellcheck disable=SC2086
    start_worker "k$born" ${options[$1]} --rate 50000 --timeout-ms 2000
    crew_pids[$1]=$child
}

for ((i = 0; i < crew; i++)); do
    hire "$i"
done
died=0
for ((i = 0; i < kills; i++)); do
    sleep_random 5 60
    at=$((RANDOM % crew))
    is_running "${crew_pids[at]}" || died=$((died + 1))
    kill_child "${crew_pids[at]}"
    hire "$at"
done
sleep 0.3
for pid in "${crew_pids[@]}"; do
    is_running "$pid" || died=$((died + 1))
    kill_child "$pid"
done
if [ "$died" != 0 ]; then
    cat "$work"/k*.out >"$work/died.out"
    fail "$kills kills: no worker ends by itself ($died did)" "$work/died.out"
else
    pass "$kills kills: no worker ends by itself"
fi
check "$kills kills: docketd is alive" is_running "$docketd_pid"
check "$kills kills: the audit is clean" audit --unknown-max 0
note "$(figure logged "$work/audit.json") logged, $(figure not_logged "$work/audit.json") cut by a kill"
check "$kills kills: work was done" audited logged -ge "$((kills * 100))"

# All eight seats at once, after many more deaths than there are seats.
pids=()
for ((i = 0; i < 8; i++)); do
    start_worker "seat$i" --series acme/ORD --count 20000 --rate 20000
    pids+=("$child")
done
for pid in "${pids[@]}"; do
    wait_child "$pid" || true
done
check "every seat: can be taken again" all_worked seat0 seat1 seat2 seat3 seat4 seat5 seat6 seat7
check "at the end: the audit is clean" audit --unknown-max 0
finish
