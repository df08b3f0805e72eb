#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Many tenants, each taking a number a minute, for five minutes; docketd is
# killed in the third and stopped in order in the fourth, each time with its
# callers at work. Each tenant gets 1, 2, 3, 4, 5; the fate of every number says
# the same; docketd takes under 2 % of a core. TENANTS and MINUTE_S set other
# figures than 1000 and 2 s (50,000 and 60 s at the scales proof and torture).
# seconds: 14 0
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

tenants=${TENANTS:-$(scale 1000 50000)}
minute_s=${MINUTE_S:-$(scale 2 60)}
# At the small figures starts weigh more than they do in a minute.
most_percent=$(scale 30 2)
cpu_ticks=0

# Small, most of them leave the board between two of their minutes.
new_realm "evict_after_s = $(scale 1 86400)"
scaler=$(binary docket-scale)

# Processor time of docketd so far, before it ends
count_cpu() {
    cpu_ticks=$((cpu_ticks + $(awk '{print $14 + $15}' "/proc/$docketd_pid/stat")))
}

# minute N: every tenant takes its number N, evenly over the minute
minute() {
    run_child "$work/minute$1.out" "$scaler" "$realm" 4 1 "$tenants" "$1" "$minute_s"
    taking=$child
}

minute_ends() {
    check "minute $1: each of $tenants tenants gets its number $1" wait_child "$taking"
}

sleep_part() { sleep "$(awk -v s="$minute_s" -v part="$1" 'BEGIN {print s * part}')"; }

began_s=$SECONDS
start_docketd
minute 1
minute_ends 1
minute 2
minute_ends 2
minute 3
sleep_part 0.4
count_cpu
kill_docketd
start_docketd
minute_ends 3
minute 4
sleep_part 0.4
count_cpu
stop_docketd
start_docketd
minute_ends 4
minute 5
minute_ends 5
count_cpu
seconds=$((SECONDS - began_s))
percent=$(awk -v ticks="$cpu_ticks" -v hz="$(getconf CLK_TCK)" -v s="$seconds" 'BEGIN {printf "%.2f", 100 * ticks / hz / (s > 0 ? s : 1)}')
note "$((5 * tenants)) numbers in $seconds s; docketd took $percent % of a core, $(awk '/^RssAnon/ {printf "%.0f", $2 / 1024}' "/proc/$docketd_pid/status") MiB"
check "docketd takes under $most_percent % of a core" awk -v p="$percent" -v most="$most_percent" 'BEGIN {exit !(p < most)}'

# times TEXT: how often it stands in the fate of all numbers
times() { grep -oF "$1" "$work/fate.json" | wc -l; }

check "fate: it can be read" fate
check "fate: each tenant's 1 to 5 were handed out" test "$(times '{"first":1,"last":5,"fate":"handed out"')" = "$tenants"
check "fate: nothing else was" test "$(times '"fate":"handed out"')" = "$tenants"
check "fate: nothing is unknown or void" test "$(times '"fate":"unknown"')$(times '"fate":"void"')" = 00
finish
