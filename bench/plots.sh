#!/bin/bash
# SPDX-License-Identifier: MIT
#
# plots: draws into a folder what bench_next wrote there: scaling.svg (numbers a second of 1
# to 16 processes) and latency.svg (how many calls took longer than so long); and what
# bench_supply -w wrote: supply.svg (the window over time). Wants gnuplot; without it each plot
# is skipped by name.
#
#     plots.sh [FOLDER]
set -euo pipefail
out=${1:-build/bench}
run=$out/next.json
drawn=0 skipped=0
[ -s "$run" ] || { echo "plots: $run is not there: make bench"; exit 0; }
if ! command -v gnuplot >/dev/null; then
    echo "skipped: scaling.svg, latency.svg, supply.svg: no gnuplot here (package gnuplot-nox)"
    echo "plots: 0 drawn, 3 skipped"
    exit 0
fi
data=$(mktemp -d)
trap 'rm -rf -- "$data"' EXIT

# column FILE CELL...: workers and numbers a second of these cells
column() {
    local to=$data/$1
    shift
    jq -r '$ARGS.positional as $ids | .cells[] | select(.skipped == null and (.id as $id | $ids | index($id))) |
        "\(.workers) \(1e9 / .median)"' "$run" --args "$@" | sort -n >"$to"
}

# tail FILE CELL: ns, and the share of calls that took longer
tail_of() {
    jq -r --arg id "$2" '.cells[] | select(.id == $id and .latency) | .latency | .calls as $calls |
        foreach .histogram[] as $bucket ($calls; . - $bucket[1]; "\($bucket[0]) \([., 0.5] | max / $calls)")' "$run" >"$data/$1"
}

draw() { # FILE, gnuplot on stdin
    if { echo "set terminal svg size 760,420 font 'sans-serif,12' background '#ffffff'; set output '$out/$1'
        set grid lc rgb '#dddddd'; set border lc rgb '#888888'; set key left top"; cat; } | gnuplot; then
        drawn=$((drawn + 1))
    else
        skipped=$((skipped + 1))
        echo "skipped: $1: gnuplot could not draw it"
    fi
}

column leased leased leased_2 leased_4 leased_8 leased_16
column add add add_2
column strict strict strict_2 strict_16
column mutex mutex mutex_2
draw scaling.svg <<EOT
set title 'One series: numbers a second of all processes together ($(jq -r .machine.processors "$run") processors)'
set logscale xy 2; set logscale y 10; set xlabel 'processes'; set format y '10^{%T}'; set xrange [0.9:18]; set key right bottom
plot '$data/leased' with linespoints lw 2 lc rgb '#1f6feb' title 'docket, leased', \
    '$data/strict' with linespoints lw 2 lc rgb '#8250df' title 'docket, strict', \
    '$data/add' with linespoints lw 2 dt 2 lc rgb '#666666' title 'bare atomic with a limit', \
    '$data/mutex' with linespoints lw 2 dt 2 lc rgb '#bf5b00' title 'counter under a robust mutex'
EOT
for cell in empty leased leased_year leased_2 strict strict_2 long_text; do tail_of "tail_$cell" "$cell"; done
draw latency.svg <<EOT
set title 'Single calls: share that took longer (a pair of clocks, $(jq -r '.pair_ns' "$run") ns, included)'
set logscale xy; set xlabel 'ns'; set format y '10^{%T}'; set yrange [1e-7:1]; set xrange [10:1e6]; set key right top
plot '$data/tail_empty' with steps lw 2 dt 2 lc rgb '#666666' title 'empty call', \
    '$data/tail_leased' with steps lw 2 lc rgb '#1f6feb' title 'leased', \
    '$data/tail_leased_year' with steps lw 2 lc rgb '#54aeff' title 'leased, yearly', \
    '$data/tail_leased_2' with steps lw 2 lc rgb '#0a3069' title 'leased, 2 processes', \
    '$data/tail_strict' with steps lw 2 lc rgb '#8250df' title 'strict', \
    '$data/tail_strict_2' with steps lw 2 lc rgb '#c297ff' title 'strict, 2 processes', \
    '$data/tail_long_text' with steps lw 2 lc rgb '#2da44e' title 'leased, as text'
EOT
window=$out/supply_window.csv
if [ -s "$window" ]; then
    grep ',leased-2,' "$window" >"$data/window"
    draw supply.svg <<EOT
set title 'Benchmark policy, 2 processes now and then: what lies ahead, and what a power loss would make unknown'
set datafile separator ','; set xlabel 's'; set ylabel 'numbers'; set logscale y; set format y '10^{%T}'; set yrange [10:1e8]
set key right top
plot '$data/window' using (\$1/1000):3 with steps lw 2 lc rgb '#1f6feb' title 'window', \
    '$data/window' using (\$1/1000):(\$4 > 0 ? \$4 : 1/0) with steps lw 1 lc rgb '#bf5b00' title 'exposed'
EOT
fi
echo "plots: $drawn drawn into $out, $skipped skipped"
