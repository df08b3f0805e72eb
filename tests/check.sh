#!/bin/bash
# SPDX-License-Identifier: MIT
#
# check: runs the tests and ends with a table of the attacks' figures, row by
# row of what is attacked, and one line of counts. Arguments choose parts:
# house unit model process attack proof (default: all but proof).
#
#   BUILD   the folder of the binaries               (build/release)
#   SCALE   check or torture: the size of the attacks          (check)
#   LANES   how many tests run at once (2, and beside them one of those whose
#           head says "# waits": most of their time they do; torture: 3)
#   ONLY    a regular expression: only tests whose name fits
#
# Each test's output stays in $BUILD/logs; the table's lines in $BUILD/rows, the
# table itself in $BUILD/table.
set -uo pipefail
cd "$(dirname "$0")/.."
export BUILD=${BUILD:-build/release} SCALE=${SCALE:-check}
export XDG_STATE_HOME=$PWD/$BUILD/state # far witnesses of tests that have no folder of their own
parts=${*:-house unit model process attack}
lanes=${LANES:-$([ "$SCALE" = torture ] && echo 3 || echo 2)}
beside=$([ -z "${LANES:-}" ] && [ "$SCALE" = check ] && echo 1 || echo 0)
logs=$BUILD/logs
rm -rf "$logs" "$BUILD/rows" "$BUILD/table"
mkdir -p "$logs"
passed=0 failed=0 skipped=0
began=$SECONDS

# Each job: seconds expected, limit, name, command. The unit tests go first, from
# the ground floor up, so that the first failure is the telling one; the others
# longest first, so that no lane waits for the last.
first=() jobs=() waits=()
soon() { [[ $2 =~ ${ONLY:-.} ]] && first+=("0 $*"); return 0; }
job() {
    [[ $3 =~ ${ONLY:-.} ]] || return 0
    if [ "$beside" != 0 ] && [ -f "$4" ] && grep -q '^# waits$' "$4"; then
        waits+=("$*")
    else
        jobs+=("$*")
    fi
}

# The figure behind "# seconds: CHECK TORTURE" in a script, for this scale.
expected() {
    sed -n 's/^# seconds: *\([0-9]*\) *\([0-9]*\).*/\1 \2/p' "$1" | head -n 1 |
        awk -v torture="$([ "$SCALE" = torture ] && echo 1)" '{print torture ? $2 : $1; found = 1} END {if (!found) print 5}'
}

unit_tests() {
    local test name known='status policy template period files cursor slot place judge ranges desk directory seat
        doorbell wire image store store_rewound store_damage store_admin admin inspect handles memory'
    for name in $known; do
        [ -e "tests/unit/test_$name.c" ] && soon 300 "unit:$name" "$BUILD/unit/test_$name"
    done
    for test in tests/unit/test_*.c; do
        name=$(basename "$test" .c)
        [[ " $(echo $known) " == *" ${name#test_} "* ]] || soon 300 "unit:${name#test_}" "$BUILD/unit/$name"
    done
}

# Those that say how long they take, and some old ones that do not.
process_tests() {
    local test untimed='audit_selftest example cli inputs attacks proof_block proof_kill proof_c proof_d proof_e
        proof_f proof_g proof_edge'
    untimed=$(echo $untimed)
    for test in tests/process/*.sh; do
        test=$(basename "$test" .sh)
        grep -q '^# seconds:' "tests/process/$test.sh" || [[ " $untimed " == *" $test "* ]] || continue
        job "$(expected "tests/process/$test.sh")" 600 "process:$test" "tests/process/$test.sh"
    done
}

for part in $parts; do
    case $part in
    house)
        soon 60 house:floors tests/floors.sh
        soon 60 house:orders tests/orders.sh
        ;;
    unit) unit_tests ;;
    model) job 40 900 model:searches "nice -n 5 tests/model/run" ;;
    process)
        process_tests
        ;;
    proof)
        for test in proof_c proof_d proof_e proof_f proof_g proof_kill proof_block proof_edge scale minutes all_edges; do
            job 60 1800 "proof:$test" "env SCALE=proof tests/process/$test.sh"
        done
        ;;
    attack)
        for test in tests/attack/[0-9]*.sh; do
            [ -e "$test" ] || continue
            seconds=$(expected "$test")
            [ "$seconds" != 0 ] || continue # 0: not at this scale; another part runs it
            job "$seconds" $((seconds * 4 + 300)) "attack:$(basename "$test" .sh)" "$test"
        done
        ;;
    *)
        echo "check: there is no part $part; there are house unit model process attack proof" >&2
        exit 2
        ;;
    esac
done

# Counts of one test: cmocka's and our scripts' closing lines; a program that
# says nothing of the kind counts as one test.
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
    printf '%-36s %5d passed %3d failed %3d skipped %6ss\n' "${name/:/: }" "$ok" "$bad" "$no" "$took"
    if [ "$bad" != 0 ]; then
        [ "$code" != 124 ] || echo "    $name was ended: it took longer than its limit"
        grep -A 12 -E '^FAIL|\[  FAILED  \]|error: Failure' "$log" | head -n 120 | sed 's/^/    /'
        tail -n 12 "$log" | sed 's/^/    /'
    fi
    grep -iE '^ *(skip|SKIP)  |skipped: |SKIPPED \] [a-z]' "$log" | sed 's/^/    /'
    grep '^ROW|' "$log" | sed 's/^ROW|//' >>"$BUILD/rows"
    return 0
}

# begin LIMIT NAME COMMAND: in the background; what came of it goes to NAME.code
declare -A running=()
begin() {
    local limit=$1 name=$2
    shift 2
    (
        code=0 start=$SECONDS
        # shellcheck disable=SC2068
        timeout --kill-after=10 "$limit" $@ >"$logs/$name" 2>&1 </dev/null || code=$?
        echo "$code $((SECONDS - start))" >"$logs/$name.code"
    ) &
    running[$name]=$!
}

end_running() {
    local pid
    trap - EXIT INT TERM
    for pid in "${running[@]}"; do
        pkill -TERM -P "$pid" 2>/dev/null
    done
    exit 130
}
trap end_running INT TERM

settle() {
    local name=$1 code=1 took=0
    unset "running[$name]"
    [ ! -s "$logs/$name.code" ] || read -r code took <"$logs/$name.code"
    count "$logs/$name" "$code" "$name" "$took"
}

# await_one: until one of the running tests has ended
await_one() {
    local name
    while [ "${#running[@]}" -gt 0 ]; do
        for name in "${!running[@]}"; do
            if [ -s "$logs/$name.code" ]; then
                wait "${running[$name]}"
                settle "$name"
                return
            fi
            if ! kill -0 "${running[$name]}" 2>/dev/null; then
                settle "$name"
                return
            fi
        done
        sleep 0.1
    done
}

# One after another out of a list, the next whenever there is room for it.
start_first() {
    local -n list=$1
    local limit name command
    read -r _ limit name command <<<"${list[0]}"
    list=("${list[@]:1}")
    begin "$limit" "$name" "$command"
    kind[$name]=$1
}

running_of() {
    local name count=0
    for name in "${!running[@]}"; do
        [ "${kind[$name]}" != "$1" ] || count=$((count + 1))
    done
    echo "$count"
}

declare -A kind=()
while [ "${#first[@]}" -gt 0 ]; do
    [ "${#running[@]}" -lt "$lanes" ] || await_one
    start_first first
done
mapfile -t jobs < <([ "${#jobs[@]}" = 0 ] || printf '%s\n' "${jobs[@]}" | sort -rn)
mapfile -t waits < <([ "${#waits[@]}" = 0 ] || printf '%s\n' "${waits[@]}" | sort -rn)
while [ "${#jobs[@]}" -gt 0 ] || [ "${#waits[@]}" -gt 0 ] || [ "${#running[@]}" -gt 0 ]; do
    if [ "${#jobs[@]}" -gt 0 ] && [ $((${#running[@]} - $(running_of waits))) -lt "$lanes" ]; then
        start_first jobs
    elif [ "${#waits[@]}" -gt 0 ] && { [ "$(running_of waits)" -lt "$beside" ] ||
        { [ "${#jobs[@]}" = 0 ] && [ "${#running[@]}" -lt $((lanes + beside)) ]; }; }; then
        start_first waits
    else
        await_one
    fi
done

# ROW|row|what|asked|reached|verdict, in the order of the rows.
if [ -s "$BUILD/rows" ]; then
    {
        printf '\n%-4s %-66s %14s %14s  %s\n' row "what was attacked" asked reached ""
        sort -t'|' -k1,1n -s "$BUILD/rows" |
            awk -F'|' '{printf "%-4s %-66s %14s %14s  %s\n", $1, $2, $3, $4, $5}'
    } | tee "$BUILD/table"
    echo
fi
echo "in $((SECONDS - began)) s, $lanes at once$([ "$beside" = 0 ] || echo " and one that waits"), scale $SCALE"
echo "$passed passed, $failed failed, $skipped skipped"

# What the record (tests/record.sh) says of a full run.
if [ "$SCALE" = torture ]; then
    echo "$(date -u +%Y-%m-%d), $(git log -1 --format=%h 2>/dev/null || echo no commit), $(uname -srm)," \
        "$(nproc) cores, $lanes tests at once, $((SECONDS - began)) s:" \
        "$passed passed, $failed failed, $skipped skipped." >"$BUILD/torture"
fi
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
