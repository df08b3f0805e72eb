#!/bin/bash
# SPDX-License-Identifier: MIT
#
# 13: a live scribbler at desk A, while docketd and workers at both desks run:
# flipped words of A's table and seats, punched pages, files without a name,
# files cut short. docketd must stay the same process; B's workers must see no
# failure and B's books must be clean; A's callers are served or told that their
# series is quarantined, and A serves again after a restart. Repeats at A are
# what docs/ORDERING.md says cannot be noticed or not in time: shown, not judged
# (tests/attack/13_scribble.sh judges them one by one).
# row: 13
# seconds: 16 75
# waits
. "$(dirname "$0")/lib.sh"

SECONDS_OF_FLIPS=${SECONDS_OF_FLIPS:-$(scale 6 50)}
PART=${PART:-$(scale 1 4)}

new_realm 'lines_per_seat = 64' '[desk a]' 'tenants = A'
echo "seed $SEED"
scribbler=$(binary scribbler)
mkdir -p "$work/logs-a"
start_docketd
first_pid=$docketd_pid
folder=$(realpath "$realm/runtime")
for one in L S; do
    add_series "B/$one" --order "$([ $one = L ] && echo leased || echo strict)"
done
start_worker b1 --series B/L,B/S --threads 2 --rate 20000 --timeout-ms 5000
b1=$child
start_worker b2 --series B/L,B/S --mode block --block 50 --take 30 --rate 10000 --timeout-ms 5000
b2=$child

# Workers at A come and go: each takes from series that nobody has spoiled yet.
a_loop() {
    local round=0
    trap - EXIT
    while [ ! -e "$work/enough" ]; do
        round=$((round + 1))
        "$docket" series add --no-start "A/L$round" --order leased >/dev/null 2>&1 || true
        timeout --signal=TERM -k 2 1 "$worker" --realm "$realm" --logs "$work/logs-a" --id "a$round" \
            --series "A/L$round,A/S$round" --threads 2 --rate 5000 --timeout-ms 300 \
            >>"$work/a.out" 2>>"$work/a.err" </dev/null || true
    done
    echo "rounds $round" >>"$work/a.out"
}
a_loop &
a_pid=$!
children[$a_pid]=1

both_run() { [ -e "$folder/table-1" ] && grep -q '"numbers"' "$work/a.out" 2>/dev/null; }

scribble() {
    "$scribbler" "$1" "$folder" 1 "$2" "$SEED" >>"$work/scribbler.out" 2>&1
}

# Tools go on too, whatever became of A's files.
status_serves() { "$docket" status --json >"$work/status.json" && grep -q '"state":"serving"' "$work/status.json"; }

same_docketd() { is_running "$first_pid" && [ "$docketd_pid" = "$first_pid" ]; }

check "docketd and workers of two desks run" wait_until 20 both_run
for phase in "flips $SECONDS_OF_FLIPS" "holes $PART" "cut $PART" "unlink 1"; do
    read -r kind seconds <<<"$phase"
    check "$kind at desk A: the scribbler did what it is for" scribble "$kind" "$seconds"
    check "$kind at desk A: docketd lives" same_docketd
    check "$kind at desk A: docket status shows docketd and desk B" wait_until 20 status_serves
    check "$kind at desk A: B is served by a new process" "$docket" next --no-start --timeout 20 B/P
done
touch "$work/enough"
wait "$a_pid" || true
unset "children[$a_pid]"
for pid in "$b1" "$b2"; do
    kill -TERM "$pid" 2>/dev/null || true
    wait_child "$pid" || true
done
check "B's workers saw no failure" all_worked b1 b2

rounds=$(figure_of rounds "$work/a.out")
quarantines=$(grep -c 'is quarantined' "$work/docketd.log" || true)
of_b=$(grep 'is quarantined' "$work/docketd.log" | grep -c ' B/' || true)
numbers=$(($(figure numbers "$work/b1.out") + $(figure numbers "$work/b2.out")))

# The auditor judges B alone: A's files are what the scribbler left.
b_has_no_open() {
    "$docket" fate B/L --json --no-start >"$work/fate-l.json" 2>"$work/fate.err" &&
        ! grep -q '"fate": *"open"' "$work/fate-l.json"
}
for one in L S; do
    check "B/$one: no lease of the dead is open" wait_until 20 b_has_no_open
    "$docket" fate "B/$one" --json --no-start >"$work/fate-$one.json" 2>"$work/fate.err" || true
    check "B/$one: the books are clean" "$auditor" --fate "$work/fate-$one.json" --logs "$logs" --only "B/$one"
done
repeats=$("$docket" fate --all --json --no-start 2>/dev/null |
    "$auditor" --fate - --logs "$work/logs-a" --json 2>/dev/null |
    sed -n 's/.*"duplicates": *\([0-9]*\).*/\1/p' | head -n 1 || true)

# A is served again: its files are made anew, what they held is unknown.
stop_docketd
start_docketd
check "desk A after a restart: served again" "$docket" next --no-start --timeout 20 A/AGAIN
check "desk B after a restart: goes on" "$docket" next --no-start --timeout 20 B/L

at_least "live: words flipped under docketd" $((SECONDS_OF_FLIPS * 1000)) "$(figure_of flips "$work/scribbler.out")"
spoiled=$(awk '$1 ~ /^(holes|unlink|cut)$/ {sum += $2} END {print sum + 0}' "$work/scribbler.out")
at_least "live: pages punched, names removed, cuts" 5 "$spoiled"
at_least "live: rounds of workers at the scribbled desk" 3 "${rounds:-0}"
at_least "live: series of desk A quarantined" 1 "$quarantines"
at_most "live: series of desk B quarantined" 0 "$of_b"
at_least "live: numbers given at desk B meanwhile" $((SECONDS_OF_FLIPS * 1000)) "$numbers"
note "repeats at the scribbled desk: ${repeats:-none could be counted} (shown, not judged here)"
finish
