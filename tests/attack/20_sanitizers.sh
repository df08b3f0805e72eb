#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The unit tests, and docketd with workers of many threads, tools, kills and
# restarts, all of it built under ASan, UBSan and TSan: no report. TSan sees
# nothing across processes; so what workers share is seen between threads of
# one, and what docketd's threads share within docketd. First each build must
# report a fault of each kind that is planted for it (tests/attack/planted.c).
# row: 20
# seconds: 200 420
#
#   VARIANTS   asan (with UBSan) ubsan tsan, clang-asan clang-ubsan clang-tsan
#              (asan tsan; torture: all six)
#   NUMBERS    that each thread takes (2000; torture 40000)
#   ROUNDS     kills and restarts of docketd (1; torture 4)
. "$(dirname "$0")/lib.sh"

# Random addresses and the sanitizers' fixed shadow can collide: off for all of this.
if [ "${STILL:-0}" != 1 ] && setarch -R true 2>/dev/null; then
    STILL=1 exec setarch -R "$0" "$@"
fi

variants=${VARIANTS:-$(scale "asan tsan" "asan ubsan tsan clang-asan clang-ubsan clang-tsan")}
numbers=${NUMBERS:-$(scale 2000 40000)}
rounds=${ROUNDS:-$(scale 1 4)}
root=$(cd "$(dirname "$0")/../.." && pwd)
builds=0 awake=0 tests=0 logged=0 reports=0

library_cases='threads_share_and_give_back strict_blocks_come_back_in_reverse'
library_cases_large='a_realm_is_closed_and_opened_a_hundred_times blocks_are_whole bad_arguments bad_names bad_admin bad_decisions
    text_shows_series_date_and_number a_foreign_block_is_refused'
# Not under TSan: it holds a handler back until the next call that it knows.
library_cases_asan='handlers_never_duplicate children_take_their_own'

# Every report goes to a file of its own under $reports_at.
watch_reports() {
    reports_at=$work/reports-$1
    mkdir -p "$reports_at"
    local common="log_path=$reports_at/report:exitcode=66"
    export ASAN_OPTIONS="$common:detect_leaks=1:abort_on_error=0"
    export UBSAN_OPTIONS="$common:print_stacktrace=1"
    export LSAN_OPTIONS="exitcode=66"
    export TSAN_OPTIONS="$common:halt_on_error=0:die_after_fork=0:second_deadlock_stack=1"
}

count_reports() {
    find "$reports_at" -type f -size +0 | wc -l
}

# What each sanitizer must see of planted.c
faults_of() {
    case $1 in
    *tsan) echo race ;;
    *ubsan) echo shift signed ;;
    *) echo overflow freed leak shift signed ;;
    esac
}

# A planted fault makes a report, or says so on stderr, and a code that is not 0.
is_reported() {
    local code=0
    "$BUILD/planted" "$1" >"$work/planted.out" 2>&1 || code=$?
    [ "$code" != 0 ] && { [ "$(count_reports)" -gt 0 ] || grep -qE 'runtime error|ERROR: |WARNING: ' "$work/planted.out"; }
}

prove_awake() {
    local fault
    for fault in $(faults_of "$1"); do
        watch_reports "planted-$1-$fault"
        if check "$1: a planted $fault is reported" is_reported "$fault"; then
            awake=$((awake + 1))
        fi
    done
    watch_reports "planted-$1-none"
    check "$1: without a fault nothing is reported" eval '"$BUILD/planted" none && [ "$(count_reports)" = 0 ]'
}

# Nothing that is tried here is about disks. Small, there are fewer random steps, and TSan does not
# run the long cases of one thread: no others than docketd's loop and its clerk can race there.
run_unit_tests() {
    local test
    local -x TMPDIR=/dev/shm UNIT_CASES='*' STEPS=
    [ "$(scale small large)" = large ] || STEPS=1000
    if [[ $1 == *tsan ]] && [ "$(scale small large)" = small ]; then
        UNIT_CASES='*thread*'
    fi
    [ -n "$STEPS" ] || unset STEPS
    for test in "$BUILD"/unit/test_*; do
        [[ $test == *.d ]] && continue
        tests=$((tests + 1))
        if ! timeout 300 "$test" >"$work/unit.out" 2>&1; then
            fail "$1: $(basename "$test")" "$work/unit.out"
        fi
    done
    pass "$1: unit tests have run ($SECONDS s)"
}

# Leaks are not looked for here: these cases end with their realm open, and what
# it holds hangs on pages that the kernel wipes in a child, where the leak
# checker does not look. The workers close theirs, and are looked at.
run_library() {
    local cases=$library_cases case
    [ "$(scale small large)" = small ] || cases="$cases $library_cases_large"
    [[ $1 == *tsan || $(scale small large) == small ]] || cases="$cases $library_cases_asan"
    local -x ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
    for case in $cases; do
        check "$1: library, $case" timeout 300 "$BUILD/docket-library" "$realm" "$case"
    done
    check "$1: calls by name, many threads and names" timeout 300 "$BUILD/docket-same" "$realm" threads_and_many_names
}

start_crew() {
    crew=
    start_worker strict --threads 6 --series acme/STRICT --mode text --count "$numbers" --timeout-ms 5000
    crew="$crew $child"
    start_worker leased --threads 6 --series acme/LEASED,acme/LEASED2 --count "$numbers" --timeout-ms 5000
    crew="$crew $child"
    start_worker blocks --threads 3 --series acme/STRICT,acme/LEASED --mode block --block 50 --take 30 \
        --count "$numbers" --timeout-ms 5000
    crew="$crew $child"
}

# One dies without a word, its numbers come back; docketd dies and comes again.
disturb() {
    local round
    for ((round = 0; round < rounds; round++)); do
        start_worker "doomed$round" --threads 3 --series acme/LEASED,acme/STRICT --timeout-ms 5000
        local doomed=$child
        sleep_random 100 400
        kill_child "$doomed"
        kill_docketd
        start_docketd
    done
}

look_with_tools() {
    "$docket" status --json --verbose && "$docket" inspect && "$docket" fate --all --json && "$docket" series list &&
        "$docket" series show acme/STRICT
}

take_with_tools() {
    "$docket" next acme/T -n 3 && "$docket" block acme/T -n 20 && "$docket" peek acme/T
}

run_crew() {
    local pid
    add_series acme/STRICT --order strict
    add_series acme/LEASED --order leased
    add_series acme/LEASED2 --order leased --window 64
    start_crew
    disturb
    check "$1: the tools answer meanwhile" look_with_tools
    for pid in $crew; do
        wait_child "$pid" || true
    done
    check "$1: every worker ended in order" all_worked strict leased blocks
    check "$1: the auditor agrees" audit
    logged=$((logged + $(figure logged "$work/audit.json")))
}

show_reports() {
    local file
    for file in "$reports_at"/*; do
        [ -s "$file" ] || continue
        grep -vE '^=+$' "$file" | head -n 45 | sed 's/^/      /'
        break
    done
}

run_variant() {
    local variant=$1 found began=$SECONDS
    BUILD=$root/build/$variant
    # Small, TSan gets the unit tests that have threads: in the others nothing can race.
    local only=()
    if [[ $variant == *tsan ]] && [ "$(scale small large)" = small ]; then
        only=("UNIT_SOURCES=$(cd "$root" && grep -lE 'pthread_create|daemon/clerk' tests/unit/test_*.c | tr '\n' ' ')")
        # Nor in the command, which has one thread and sees the others' files only.
        [ ! -x "$root/build/release/docket" ] || only+=("SANITIZED_DOCKET=")
    fi
    if ! nice make -C "$root" --no-print-directory -j2 VARIANT="$variant" "${only[@]}" sanitized "build/$variant/planted" \
        >"$work/build.log" 2>&1; then
        fail "$variant: builds" "$work/build.log"
        return
    fi
    pass "$variant: built in $((SECONDS - began)) s"
    builds=$((builds + 1))
    prove_awake "$variant"
    watch_reports "$variant"
    if [ ! -x "$BUILD/docket" ]; then
        mkdir -p "$BUILD/bin"
        ln -sfn "$root/build/release/docket" "$BUILD/bin/docket"
    fi
    new_realm '[default]' 'restart = yearly'
    run_unit_tests "$variant"
    : >"$work/docketd.log"
    start_docketd
    run_crew "$variant"
    run_library "$variant"
    check "$variant: the command takes numbers" take_with_tools
    stop_docketd
    check "$variant: docketd stops in order" grep -q 'stopped in order' "$work/docketd.log"
    found=$(count_reports)
    reports=$((reports + found))
    if [ "$found" = 0 ]; then
        pass "$variant: no report"
    else
        show_reports
        fail "$variant: $found reports"
    fi
    rm -rf -- "${runtime:?}" "$realm" "$logs" "$work"/*.out
    note "$variant took $((SECONDS - began)) s"
}

new_work
echo "seed $SEED"
for variant in $variants; do
    if [[ $variant == clang-* ]] && ! command -v clang >/dev/null 2>&1; then
        skip_row "$variant" "there is no clang on this machine"
        continue
    fi
    run_variant "$variant"
done

if [ -z "${VARIANTS:-}" ]; then
    at_least "builds under a sanitizer (asan has UBSan in it)" "$(scale 2 6)" "$builds"
    at_least "planted faults that were reported" "$(scale 6 16)" "$awake"
fi
at_least "unit programs run under sanitizers" "$((20 * builds))" "$tests"
at_least "numbers taken by threads and audited" "$((builds * numbers * 15 / 2))" "$logged"
at_most "reports of races, memory faults, undefined behaviour" 0 "$reports"
finish
