#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run: `make bench`: every program of the suite that needs no peers, against docketds of its
# own, then the figures in one table, then the plots. Under five minutes.
#
#     make bench                  ROUNDS=11 MILLISECONDS=60
#     make bench ONLY=next        one program (next names supply store), in a minute
#     make bench JSON=1           the figures as JSON on stdout, all else on stderr
#
# OUT (build/bench) gets PROGRAM.json, PROGRAM.csv and the plots. Ends with 1 if a program's
# numbers were wrong or it could not run; a missed figure is no failure. The store is made
# in TMPDIR, else in /var/tmp: on a disk, or "durable" means nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
BUILD=$(realpath "${BUILD:-build/release}")
export ROUNDS=${ROUNDS:-11} MILLISECONDS=${MILLISECONDS:-60} ONLY=${ONLY:-} LC_ALL=C
out=${OUT:-build/bench}
mkdir -p "$out"
out=$(realpath "$out")
[ -z "${JSON:-}" ] || exec 3>&1 1>&2

work=$(mktemp -d "${TMPDIR:-/var/tmp}/docket-bench.XXXXXX")
export XDG_STATE_HOME=$work/state # far witnesses
memory=$(mktemp -d /dev/shm/docket-bench.XXXXXX)
pids=() ran=() bad=0
# Whatever ends us: our docketds go, and what they made.
cleanup() {
    local pid
    for pid in "${pids[@]}"; do
        kill -TERM "$pid" 2>/dev/null || continue
        wait "$pid" 2>/dev/null || true
    done
    rm -rf -- "$work" "$memory"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# realm NAME FOLDER: a realm in FOLDER/NAME with its docketd; its path is $NAME
realm() {
    local path=$2/$1
    mkdir -m 700 "$path" "$memory/$1.run"
    printf '[realm]\nruntime_dir = %s\n' "$memory/$1.run" >"$path/docket.conf"
    "$BUILD/docketd" --realm "$path" --create 2>"$work/$1.log" &
    pids+=($!)
    for _ in $(seq 200); do
        "$BUILD/docket" --realm "$path" status >/dev/null 2>&1 && break
        sleep 0.05
    done
    "$BUILD/docket" --realm "$path" status >/dev/null || { tail -n 5 "$work/$1.log" >&2; exit 1; }
    printf -v "$1" %s "$path"
}

# bench NAME [ARGUMENT...]: bench_NAME, its table on the screen, its JSON and CSV into $out
bench() {
    local name=$1 own=() pid
    shift
    [ -z "$ONLY" ] || [[ ",$ONLY," == *",$name,"* ]] || return 0
    rm -f "$out/$name.json" "$out/$name.csv" # of another run
    ran+=("$name")
    if [ ! -x "$BUILD/bench_$name" ]; then
        echo "skipped: bench_$name is not built" >&2
        bad=1
        return 0
    fi
    for pid in "${pids[@]}"; do own+=(-p "$pid"); done
    echo
    "$BUILD/bench_$name" -r "$ROUNDS" -m "$MILLISECONDS" "${own[@]}" -j "$out/$name.json" -c "$out/$name.csv" "$@" || bad=1
}

echo "machine: $(nproc) processors, $(awk -F': ' '/model name/ {print $2; exit}' /proc/cpuinfo), Linux $(uname -r)"
echo "store on: $(stat -f -c %T "$work"), $work; docketd shares the processors"
[ "$(stat -f -c %T "$work")" != tmpfs ] || echo "NOT A DISK: nothing is durable on tmpfs; set TMPDIR to a folder on one" >&2

# ---- the suite: a line each; realm NAME FOLDER before the first that wants it ----
realm disk "$work"
realm memory_realm "$memory"
bench lines
bench next "$disk" "$memory_realm"
bench names ${SERIES:+-l "$SERIES"} "$disk" # -l: as many series made through docketd, two minutes for a million
bench supply -r 5 -m 500 -w "$out/supply_window.csv" "$disk"
bench scale -r 1 -b "$BUILD" -n "${SERIES:-100000}" "$work/scale" # a minute; one round: 30 s of use hold a refill of each series
bench store -r 3 -s "${SERIES:-100000}" -d "$BUILD/docketd" "$work/marks" # SERIES=1000000: the figures' own size, three minutes

echo
[[ " ${ran[*]} " != *" next "* ]] || bench/plots.sh "$out"
python3 bench/figures.py ${JSON:+--json} "$out" "${ran[@]}" >&"$([ -n "${JSON:-}" ] && echo 3 || echo 1)" || bad=1
exit "$bad"
