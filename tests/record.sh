#!/bin/bash
# SPDX-License-Identifier: MIT
#
# record: after `make torture`, puts its table into docs/RELIABILITY.md, between
# the two torture comments. BUILD names the folder that the run left it in.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build/release}
page=docs/RELIABILITY.md

[ -s "$build/torture" ] || { echo "record: $build/torture is not there: run make torture first" >&2; exit 2; }
[ -s "$build/rows" ] || { echo "record: $build/rows is empty: the last run had no attacks" >&2; exit 2; }

table=$(mktemp)
trap 'rm -f "$table"' EXIT
{
    cat "$build/torture"
    echo
    echo '| row | what was attacked | asked | reached | |'
    echo '|---|---|---|---|---|'
    sort -t'|' -k1,1n -s "$build/rows" | awk -F'|' '{printf "| %s | %s | %s | %s | %s |\n", $1, $2, $3, $4, $5}'
    if [ -s "$build/known_bad" ]; then
        echo
        echo 'Mistakes put in on purpose (row 21), and the row that caught each:'
        echo
        echo '| mistake | what it breaks | row | caught after |'
        echo '|---|---|---|---|'
        awk -F'|' '{printf "| %s | %s | %s | %s |\n", $1, $2, $3, $4}' "$build/known_bad"
    fi
} >"$table"

awk -v table="$table" '
    /<!-- torture: begin -->/ { print; while ((getline line < table) > 0) print line; inside = 1 }
    /<!-- torture: end -->/ { inside = 0 }
    !inside { if ($0 !~ /<!-- torture: begin -->/) print }' "$page" >"$page.new"
mv "$page.new" "$page"
echo "record: $page has the table of this run"
