#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Everything that reads what somebody else wrote, under a fuzzer with ASan and
# UBSan: messages, docketd's side of them, attaching, records of the store, the
# witness, templates, forms, collisions, dates, zones, the configuration, the
# command line, cursors, CSV files, manifests of backups. Each target (tests/fuzz/fuzz_*.c) states laws beside "no
# crash". The kept inputs are replayed, then new ones are tried for a while.
# row: 19
# seconds: 22 560
#
#   FUZZ_SECONDS   for each target (1; torture 50)   FUZZ_SEED   (1; torture: SEED)
#   FUZZ_ONLY      a regular expression of targets
#   FUZZ_KEEP      a folder: new inputs stay there, by target
. "$(dirname "$0")/lib.sh"

fuzz_seconds=${FUZZ_SECONDS:-$(scale 1 50)}
fuzz_seed=${FUZZ_SEED:-$(scale 1 "$SEED")}
targets_asked=18
corpus=$(dirname "$0")/../fuzz/corpus
findings=0 targets=0 replayed=0 executed=0

if ! ls "$BUILD"/fuzz/fuzz_* >/dev/null 2>&1; then
    skip_row "fuzz targets" "this machine has no clang with its fuzzer"
    finish
fi

# Counts one run of a target; CASE LOG CODE
settle_run() {
    local case=$1 log=$2 code=$3 count
    count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    executed=$((executed + ${count:-0}))
    if [ "$code" = 0 ]; then
        pass "$case: ${count:-0} inputs"
        return
    fi
    findings=$((findings + 1))
    mkdir -p "$BUILD/fuzz/findings"
    cp -- "$work/found."* "$BUILD/fuzz/findings/" 2>/dev/null || true
    note "the input is in $BUILD/fuzz/findings; run the target with it as its only argument"
    grep -E 'law broken|ERROR: |runtime error|SUMMARY|#[0-9] .*(src|tools|tests)/' "$log" | head -n 20 | sed 's/^/      /'
    fail "$case" "$log"
}

run_target() {
    local name=$1 program=$2 log=$work/$1.log code=0 kept new
    targets=$((targets + 1))
    new=${FUZZ_KEEP:-$work/new}/$name
    mkdir -p "$new" "$corpus/$name"
    kept=$(find "$corpus/$name" -type f | wc -l)
    replayed=$((replayed + kept))
    "$program" -runs=0 -timeout=120 -print_final_stats=1 -artifact_prefix="$work/found.$name." \
        "$corpus/$name" >"$log" 2>&1 || code=$?
    settle_run "$name: kept inputs" "$log" "$code"
    [ "$code" = 0 ] || return 0
    "$program" -max_total_time="$fuzz_seconds" -seed="$fuzz_seed" -use_value_profile=1 -timeout=120 \
        -rss_limit_mb=3000 -print_final_stats=1 -artifact_prefix="$work/found.$name." \
        "$new" "$corpus/$name" >"$log" 2>&1 || code=$?
    settle_run "$name: new inputs for $fuzz_seconds s" "$log" "$code"
}

new_work
echo "seed $fuzz_seed"
for program in "$BUILD"/fuzz/fuzz_*; do
    [ -x "$program" ] || continue
    name=${program##*/fuzz_}
    [[ $name =~ ${FUZZ_ONLY:-.} ]] || continue
    run_target "$name" "$program"
done

if [ -z "${FUZZ_ONLY:-}" ]; then
    at_least "targets fuzzed" "$targets_asked" "$targets"
    at_least "seconds of new inputs for each target" "$(scale 1 50)" "$fuzz_seconds"
    at_least "kept inputs replayed" 1000 "$replayed"
    at_least "inputs run (each kept one twice)" "$(scale 2000 500000)" "$executed"
fi
at_most "findings: crashes, reports, broken laws" 0 "$findings"
finish
