#!/bin/bash
# SPDX-License-Identifier: MIT
# seconds: 2 2
#
# bench: the harness of the benches, by a bench that can be told to lie. No times are
# tested: what it counts, refuses and writes is.
source "$(dirname "$0")/lib.sh"
new_work
selftest=$(binary bench_selftest)

lies() {
    ! "$selftest" -r 1 -m 2 -l "$1" -j "$work/lie.json" >"$work/lie" 2>&1 || { echo "it ended with 0"; cat "$work/lie"; return 1; }
    if grep -Eq ' (met|MISSED)$' "$work/lie" || ! grep -q "$2" "$work/lie"; then
        cat "$work/lie"
        return 1
    fi
}

check 'an honest bench: ends with 0' "$selftest" -r 2 -m 2 -j "$work/a.json" -c "$work/a.csv"
check 'its figures: met, missed, skipped by name' jq -e '[.right, (.figures | map(.met))] == [true, [true, false, true, true, null]]
    and .figures[4].skipped == "it is a \"test\""' "$work/a.json"
check 'its cells: as many calls as were asked for' jq -e '.cells[] | select(.id == "exactly") |
    .numbers >= 2000 and .numbers % 1000 == 0 and .right' "$work/a.json"
check 'its numbers: counted, and a sample kept' jq -e '.cells[] | select(.id == "two") | .numbers > .kept and .kept > 100' "$work/a.json"
check 'its latencies: all of a histogram' jq -e '.cells[] | select(.id == "one").latency | .calls == (.histogram | map(.[1]) | add)' "$work/a.json"
check 'CSV: a row for each cell, quotes doubled' \
    test "$(python3 -c 'import csv, sys; print([row[-1] for row in csv.reader(open(sys.argv[1]))][7], end="")' "$work/a.csv")" = 'it is a "test"'
check 'JSON on stdout: nothing else there' sh -c "'$selftest' -r 1 -m 1 -j - | jq -e .schema_version"
check 'a cell by itself: with those that divide it' sh -c "'$selftest' -r 1 -m 1 -o two -j - |
    jq -e '[.cells[] | select(.skipped == null) | .id] == [\"empty\", \"one\", \"two\"]'"
check 'a count that is wrong: no figure counts' lies count 'counted .* numbers, and .* were given'
check 'and so in the JSON' jq -e '.right == false and ([.figures[] | select(.met)] | length) == 0' "$work/lie.json"
check 'a number given twice: no figure counts' lies twice 'was given twice'
check 'a worker that fails: ends, and the others with it' lies worker 'told to fail'
check 'what is no option: usage' sh -c "'$selftest' -x 2>/dev/null; test \$? = 2"
finish
