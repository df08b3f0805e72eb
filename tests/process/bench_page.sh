#!/bin/bash
# SPDX-License-Identifier: MIT
# seconds: 1 1
#
# bench_page: the page, the table and the picture of the benches, from runs that were
# written by hand: a missed figure is missed wherever it is printed.
source "$(dirname "$0")/lib.sh"
new_work
mkdir "$work/in" "$work/images"
cat >"$work/in/next.json" <<'JSON'
{"schema_version":1,"program":"bench_next","title":"what a number costs","date":"2026-11-26T10:00:00Z","rounds":3,"milliseconds":10,
"again":4,"disturbed":1,"others":[0.01,0.5,0.02],"servers":[0,0,0],"right":true,"pair_ns":30,"pair":"rdtsc and rdtscp",
"machine":{"processors":2,"model":"A Model","kernel":"6.1.0-x","architecture":"x86_64","compiler":"gcc 12","flags":"-O2"},
"cells":[{"id":"a","name":"docket","workers":1,"unit":"ns","base":"b","skipped":null,"median":2.6,"spread":0.05,"ratio":1.3,"ratio_spread":0.02,
"latency":{"calls":3,"p50":30,"p99":40,"p999":60,"max":70,"histogram":[[30,2],[70,1]]}},
{"id":"b","name":"bare","workers":1,"unit":"ns","base":null,"skipped":null,"median":2,"spread":0.01}],
"figures":[{"id":"just","sentence":"just met","asked_as":"<=","asked":1.3,"of":"a","over":"b","reached":1.3,"spread":0.02,"met":true},
{"id":"hair","sentence":"missed by a hair","asked_as":"<=","asked":1.3,"of":"a","over":"b","reached":1.3004,"spread":0.02,"met":false},
{"id":"far","sentence":"missed by far","asked_as":">=","asked":10,"of":"a","over":"b","reached":1.3,"spread":0.02,"met":false},
{"id":"seen","sentence":"only seen","asked_as":null,"of":"a","over":"b","reached":1.3,"spread":0.02,"met":true},
{"id":"gone","sentence":"cannot be had","asked_as":">=","asked":2,"of":"a","over":"b","skipped":"no such server"}]}
JSON
jq '.right = false | .program = "bench_lie" | .figures |= map(.met = true)' "$work/in/next.json" >"$work/lie.json"
jq '.cells |= map(.id = if .id == "a" then "docket_leased_never_restarting_1p" else "redis_incr_always_same_1p" end |
    .name += if .name == "bare" then ", not durable" else ", durable" end) | .figures = []' "$work/in/next.json" >"$work/in/peers.json"
echo '{"schema_version":1,"note":"no run"}' >"$work/in/other.json"
echo 'bench_next.far the network is slow' >"$work/causes"

page() { python3 bench/page.py "$work/in" "$work/$1" "$work/causes"; }
has() { grep -Eq -- "$1" "$work/${2:-page.md}" || { cat "$work/${2:-page.md}"; return 1; }; }
table() { python3 bench/figures.py "$@" >"$work/table" 2>&1; }

check 'a page: written' page page.md
check 'a figure at its bound: met' has '^\| just met \| <= 1\.3 \| 2\.600 ns / 2\.000 ns \| 1\.300 \| 2 % \| met \|$'
check 'a hair above it: missed, whatever rounding shows' has '^\| missed by a hair .*\*\*MISSED\*\* \|$'
check 'a missed figure: with its cause' has '^- missed by far: asked >= 10, reached 1\.300 .* cause: the network is slow$'
check 'a missed one without: not known yet' has '^- missed by a hair: .* cause: not known yet$'
check 'a figure that is only seen: neither' has '^\| only seen \| - \| .* \| 2 % \|  \|$'
check 'what cannot be had: skipped by name' has '^- cannot be had: no such server$'
check 'the counts: of asked ones' has '^4 are asked: 1 met, 2 missed, 1 skipped\.$'
check 'rounds that others disturbed: said' has '4 \(the bound; 1 rounds are kept in which others'
check 'the same files: the same page' sh -c "python3 bench/page.py '$work/in' '$work/again.md' '$work/causes' && cmp '$work/page.md' '$work/again.md'"
check 'the table: ends with 0 though figures are missed' table "$work/in"
check 'and counts them' has '^figures: 1 met, 2 missed, 1 skipped, 1 shown only$' table
check 'the picture: a bar each, and what is not durable pale' sh -c "python3 bench/picture.py '$work/in' '$work/images/numbers.svg' &&
    test \$(grep -c '<rect' '$work/images/numbers.svg') = 2 && grep -q 'peer volatile' '$work/images/numbers.svg' &&
    python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' '$work/images/numbers.svg'"
cp "$work/lie.json" "$work/in/next.json"
check 'numbers that were wrong: the table ends with 1' sh -c "! python3 bench/figures.py '$work/in' >'$work/table'"
check 'and has nothing met' sh -c "! grep -E ' met\$' '$work/table' && grep -q 'WRONG NUMBERS in next' '$work/table'"
check 'nor has the page' sh -c "python3 bench/page.py '$work/in' '$work/lie.md' '$work/causes' && ! grep -E '\| met \|' '$work/lie.md' &&
    grep -q 'missed by far .*WRONG NUMBERS' '$work/lie.md'"
check 'an empty folder: said, and 1' sh -c "mkdir '$work/empty'; ! python3 bench/figures.py '$work/empty' 2>'$work/err' && grep -q 'no program' '$work/err'"
finish
