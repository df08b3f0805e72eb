#!/bin/bash
# SPDX-License-Identifier: MIT
#
# check: runs the tests from the foundations up and ends with one line of
# counts. Arguments choose parts: house unit model process proof (default: all
# but proof). BUILD names the folder of the binaries.
set -uo pipefail
cd "$(dirname "$0")/.."
export BUILD=${BUILD:-build/release}
parts=${*:-house unit model process}
passed=0 failed=0 skipped=0
began=$SECONDS
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# Counts of one program: cmocka's and our scripts' closing lines; a program
# that says nothing of the kind counts as one test.
count() {
    local log=$1 code=$2 name=$3 took=$4 ok=0 bad=0 no=0 line
    if line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1) && [ -n "$line" ]; then
        read -r ok _ bad _ no _ <<<"$line"
    elif grep -q '\[  PASSED  \]' "$log"; then
        ok=$(grep -oE '\[  PASSED  \] [0-9]+' "$log" | awk '{n += $4} END {print n + 0}')
        bad=$(grep -oE '\[  FAILED  \] [0-9]+ test' "$log" | awk '{n += $4} END {print n + 0}')
        no=$(grep -cE '\[  SKIPPED \] [a-z_]' "$log")
        [ "$no" = 0 ] || no=$(grep -oE '\[  SKIPPED \] [0-9]+ test' "$log" | awk '{n += $4} END {print n + 0}')
    elif [ "$code" = 0 ]; then
        ok=1
    fi
    if [ "$code" != 0 ] && [ "$bad" = 0 ]; then
        bad=1
    fi
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + no))
    printf '%-34s %4d passed %3d failed %3d skipped %6ss\n' "$name" "$ok" "$bad" "$no" "$took"
    if [ "$bad" != 0 ]; then
        grep -A 12 -E '^FAIL|\[  FAILED  \]|error: Failure' "$log" | head -n 120 | sed 's/^/    /'
        tail -n 12 "$log" | sed 's/^/    /'
    fi
    grep -iE '^ *(skip|SKIP)|skipped: |SKIPPED \] [a-z]' "$log" | sed 's/^/    /'
    return 0
}

run() {
    local name=$1 log="$out/log" start=$SECONDS code=0
    shift
    timeout 900 "$@" >"$log" 2>&1 </dev/null || code=$?
    count "$log" "$code" "$name" $((SECONDS - start))
}

# The model needs the processor and nothing else, the process tests mostly wait:
# it runs beside them, at the lowest priority, and is counted at the end.
model_pid=
if [[ " $parts " == *" model "* ]]; then
    (
        code=0
        start=$SECONDS
        nice -n 19 tests/model/run >"$out/model.log" 2>&1 </dev/null || code=$?
        echo "$code $((SECONDS - start))" >"$out/model.code"
    ) &
    model_pid=$!
fi

for part in $parts; do
    case $part in
    house)
        run "house: floors" tests/floors.sh
        run "house: orders" tests/orders.sh
        ;;
    unit)
        # From the ground floor up, so that the first failure is the telling one.
        for test in status policy template period files cursor slot place judge ranges desk directory seat doorbell \
            wire image store store_rewound store_damage inspect; do
            [ -e "tests/unit/test_$test.c" ] && run "unit: $test" "$BUILD/unit/test_$test"
        done
        for test in tests/unit/test_*.c; do
            name=$(basename "$test" .c)
            case " status policy template period files cursor slot place judge ranges desk directory seat doorbell wire image store store_rewound store_damage inspect " in
            *" ${name#test_} "*) ;;
            *) run "unit: ${name#test_}" "$BUILD/unit/$name" ;;
            esac
        done
        ;;
    model) ;; # in the background; see below
    process)
        run "process: audit finds" tests/process/audit_selftest.sh
        for test in example cli inputs attacks attacks_rebuild proof_block proof_kill proof_c proof_d proof_e proof_f proof_g proof_edge; do
            [ -e "tests/process/$test.sh" ] && run "process: $test" "tests/process/$test.sh"
        done
        ;;
    proof)
        for test in proof_c proof_d proof_e proof_f proof_g proof_kill proof_block proof_edge; do
            SCALE=proof run "proof: $test" "tests/process/$test.sh"
        done
        ;;
    *)
        echo "check: there is no part $part; there are house unit model process proof" >&2
        exit 2
        ;;
    esac
done
if [ -n "$model_pid" ]; then
    wait "$model_pid"
    read -r code took <"$out/model.code"
    count "$out/model.log" "$code" "model: every search" "$took"
fi
echo "in $((SECONDS - began)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
