#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The demo: real processes number documents of several tenants in both order
# modes while workers and docketd are killed, loses power once (played: all
# processes killed, the runtime files deleted), and is then audited by a
# program that shares no code with docket. About 15 seconds. The exit code is
# the audit's. SEED repeats a run's choices; KEEP=1 keeps its files.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/process/lib.sh"

series=(acme/INV acme/ORD globex/INV globex/PICK initech/CN)
all=$(IFS=,; echo "${series[*]}")
crew=4
options=(
    '--series acme/INV,globex/INV --threads 2'
    '--series acme/ORD,globex/PICK --threads 2'
    "--series $all --threads 1 --mode text"
    '--series globex/PICK --threads 1 --mode block --block 100 --step 1'
)
worker_kills=0 docketd_kills=0 tails=0 recovered=0
declare -a crew_pids=()

# ---- telling --------------------------------------------------------------

say() {
    printf '  %5.1f s  %s\n' "$(elapsed)" "$1"
}

elapsed() {
    awk -v now="$EPOCHREALTIME" -v start="$started" 'BEGIN { print now - start }'
}

grouped() {
    awk -v n="${1:-0}" 'BEGIN { s = ""; while (length(n) > 3) { s = "," substr(n, length(n) - 2) s
        n = substr(n, 1, length(n) - 3) } print n s }'
}

line() {
    printf '  %-22s %15s   %s\n' "$1" "$2" "${3:-}"
}

# ---- doing ----------------------------------------------------------------

hire() {
    born=$((${born:-0} + 1))
    # shellcheck disable=SC2086
    start_worker "crew$born" ${options[$1]} --rate 20000
    crew_pids[$1]=$child
}

hire_all() {
    local i
    for ((i = 0; i < crew; i++)); do
        hire "$i"
    done
}

kill_a_worker() {
    local at=$((RANDOM % crew))
    kill_child "${crew_pids[at]}"
    worker_kills=$((worker_kills + 1))
    hire "$at"
}

kill_all_workers() {
    local pid
    for pid in "${crew_pids[@]}"; do
        kill -KILL "$pid" 2>/dev/null || true
    done
    for pid in "${crew_pids[@]}"; do
        kill_child "$pid"
        worker_kills=$((worker_kills + 1))
    done
}

# docketd is away for a moment; the workers go on with what is laid.
kill_and_restart_docketd() {
    kill_docketd
    docketd_kills=$((docketd_kills + 1))
    sleep_random 10 80
    start_docketd
}

# trouble SECONDS: something is killed every 20 to 150 ms
trouble() {
    local end=$((SECONDS + $1))
    while [ "$SECONDS" -lt "$end" ]; do
        sleep_random 20 150
        if [ $((RANDOM % 3)) = 0 ]; then
            kill_and_restart_docketd
        else
            kill_a_worker
        fi
    done
}

# What docketd counted so far; a power loss takes these counts with it.
note_recovered() {
    wait_until 10 has_no_open || true
    "$docket" status --json >"$work/status.json"
    tails=$((tails + $(figure tails_recovered "$work/status.json")))
    recovered=$((recovered + $(figure numbers_recovered "$work/status.json")))
}

# texts ID COUNT: one thread takes COUNT document numbers, of each series in turn
texts() {
    start_worker "$1" --series "$all" --mode text --count "$2" --timeout-ms 5000
    wait_child "$child"
}

# text_of ID SERIES first|last
text_of() {
    sed -n 's#.*"series":"'"$2"'"[^}]*"'"$3"'":"\([^"]*\)".*#\1#p' "$work/$1.out"
}

full_speed() {
    start_worker "$1" --series "$2" --threads 2 --count 1000000
    wait_child "$child"
    grouped "$(figure rate "$work/$1.out")"
}

report() {
    local one numbers given ranges
    given=$(figure logged "$work/audit.json")
    printf '\n  %-14s %-8s %-24s %-24s %13s\n' series order 'first document' 'last document' numbers
    for one in "${series[@]}"; do
        "$auditor" --fate "$work/fate.json" --logs "$logs" --only "$one" --json >"$work/one.json" || true
        numbers=$(figure logged "$work/one.json")
        printf '  %-14s %-8s %-24s %-24s %13s\n' "$one" "${order[$one]}" "$(text_of first "$one" first)" \
            "$(text_of last "$one" last)" "$(grouped "$numbers")"
    done
    echo
    line 'numbers given' "$(grouped "$given")" 'each written down by the worker that got it'
    line 'rate, strict' "$rate_strict" 'a second, 2 threads on one series, each number logged'
    line 'rate, leased' "$rate_leased" 'a second, likewise'
    line 'workers killed' "$worker_kills" 'SIGKILL, at random moments'
    line 'docketd killed' "$docketd_kills" 'SIGKILL; workers went on and found the new one by themselves'
    line 'tails recovered' "$(grouped "$tails")" "blocks of dead workers; $(grouped "$recovered") numbers to give again"
    line 'cut by a kill' "$(figure not_logged "$work/audit.json")" \
        'handed out, but the worker died before it wrote them down'
    ranges=$(sed -n 's/.*"ranges": \([0-9]*\).*/\1/p' "$work/audit.json" | awk '{ n += $1 } END { print n + 0 }')
    line 'unknown' "$(grouped "$(figure unknown "$work/audit.json")")" \
        "in $ranges ranges, never given again; cause: $(causes)"
    printf '\n  duplicates %s\n  unaccounted %s\n\n' "$(figure duplicates "$work/audit.json")" \
        "$(figure unaccounted "$work/audit.json")"
}

causes() {
    local told
    told=$(sed -n 's/.*"cause": "\(.*\)".*/\1/p' "$work/audit.json" | paste -s -d ';' -)
    echo "${told:-none}"
}

# ---- the demo -------------------------------------------------------------

started=$EPOCHREALTIME
declare -A order=([acme/INV]=strict [acme/ORD]=leased [globex/INV]=strict [globex/PICK]=leased
    [initech/CN]=strict)
printf 'docket demo: 3 tenants, 5 series, strict and leased, real processes, real kills (SEED=%s)\n\n' "$SEED"

new_realm
start_docketd
say 'docketd serves a new realm'
add_series acme/INV --order strict
add_series acme/ORD --order leased
add_series globex/INV --order strict
add_series globex/PICK --order leased
texts first "${#series[@]}"
say "first document of each series; initech/CN was made by its first call"

rate_strict=$(full_speed strict acme/INV)
rate_leased=$(full_speed leased acme/ORD)
say '4,000,000 numbers at full speed'

hire_all
say "$crew workers number documents; now a worker or docketd is killed every 20 to 150 ms"
trouble 4
kill_all_workers
note_recovered
hire_all
sleep 0.5

kill_docketd
kill_all_workers
lose_power
docketd_kills=$((docketd_kills + 1))
say 'power loss: every process killed, the runtime files deleted'
start_docketd
say 'docketd rebuilt them from its store'

hire_all
trouble 3
kill_all_workers
note_recovered
texts last 1000
say "all workers dead; one more took the last documents; now the audit"

code=0
audit >"$work/audit.txt" || code=$?
report
if [ "$code" != 0 ]; then
    cat "$work/audit.txt"
fi
exit "$code"
