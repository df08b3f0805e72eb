#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The tests themselves are attacked: each patch of tests/known_bad puts one
# plausible mistake into the source, and the run that it names must turn red.
# A patch begins with lines "breaks: ", "row: ", "run: ", then an empty line and
# a diff for patch -p1. Judged: the run ends with a failed case within LIMIT
# seconds, and ends well without the mistake. A patch that does not apply or
# does not compile, and a run that ends badly without a failed case, are errors
# of their own: nothing was caught.
#
#   MISTAKES   a regular expression: only patches whose name fits
#   LIMIT      seconds for a run                                    (300)
#   CONTROL=0  leaves out the runs without a mistake
#
# row: 21
# seconds: 0 1500
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/attack/lib.sh
. "$here/lib.sh"
cd "$here/../.."

limit=${LIMIT:-300}
caught=0 total=0
table=$BUILD/known_bad
new_work
mkdir "$work/base"

# The tree and its objects with their times, so that make builds again only
# what a patch touches. Each mistake gets a fresh copy of it.
tar -cf - --exclude=./.git --exclude=./build . | tar -xf - -C "$work/base"
mkdir -p "$work/base/$BUILD"
tar -cf - -C "$BUILD" --exclude=./logs --exclude=./rows . | tar -xf - -C "$work/base/$BUILD"

fresh_tree() {
    rm -rf "$work/tree"
    cp -a "$work/base" "$work/tree"
}

# run_in_tree COMMAND: its exit code; output in $work/run.log
run_in_tree() {
    local code=0
    (cd "$work/tree" && KNOWN_BAD=1 SCALE=check exec timeout --kill-after=10 "$limit" bash -c "$1") >"$work/run.log" 2>&1 </dev/null || code=$?
    return "$code"
}

has_failed_case() {
    grep -qE '^FAIL|\[  FAILED  \]|^ROW\|.*\|MISSED' "$work/run.log"
}

value_of() {
    sed -n "/^\$/q; s/^$1: *//p" "$2" | head -n 1
}

declare -A controlled=()
# The run without the mistake: red by itself, it would prove nothing.
control() {
    local run=$1
    [ -z "${controlled[$run]:-}" ] || return 0
    controlled[$run]=1
    if run_in_tree "$run"; then
        pass "without a mistake: $run"
    else
        fail "without a mistake: $run" "$work/run.log"
    fi
}

# The fuzz targets take longest to build: only the runs that use them need them.
without() {
    case $1 in
    *19_fuzz*) ;;
    *) echo FUZZERS= ;;
    esac
}

# attempt PATCH: what came of it in $came: caught, survived, or an error
attempt() {
    local code=0
    if ! patch -s -p1 -d "$work/tree" <"$1" >"$work/run.log" 2>&1; then
        came='the patch does not apply'
    elif ! make -C "$work/tree" --no-print-directory -j2 built $(without "$run") >"$work/run.log" 2>&1; then
        came='does not compile'
    else
        run_in_tree "$run" || code=$?
        if [ "$code" = 0 ]; then
            came=survived
        elif has_failed_case; then
            came=caught
        elif [ "$code" = 124 ] || [ "$code" = 137 ]; then
            came="no end within $limit s"
        else
            came="ended with $code and no failed case"
        fi
    fi
}

try() {
    local patch=$1 name start=$SECONDS run row_there
    name=$(basename "$patch" .patch)
    run=$(value_of run "$patch") row_there=$(value_of row "$patch")
    total=$((total + 1))
    if [ -z "$run" ] || [ -z "$row_there" ] || [ -z "$(value_of breaks "$patch")" ]; then
        fail "$name: has lines breaks, row and run"
        return
    fi
    fresh_tree
    [ "${CONTROL:-1}" = 0 ] || control "$run"
    start=$SECONDS
    attempt "$patch"
    printf '%-28s row %-3s %4d s  %-10s %s\n' "$name" "$row_there" $((SECONDS - start)) "$came" \
        "$(value_of breaks "$patch")"
    printf '%s|%s|%s|%s\n' "$name" "$(value_of breaks "$patch")" "$row_there" "$came, $((SECONDS - start)) s" >>"$table"
    if [ "$came" = caught ]; then
        caught=$((caught + 1))
        pass "$name: turns row $row_there red"
    else
        fail "$name: turns row $row_there red ($came)" "$work/run.log"
    fi
}

: >"$table"
for patch in tests/known_bad/*.patch; do
    [ -e "$patch" ] || continue
    [[ $(basename "$patch" .patch) =~ ${MISTAKES:-.} ]] || continue
    try "$patch"
done
asked=30
[ -z "${MISTAKES:-}" ] || asked=$total
at_least "mistakes put into the source and caught" "$asked" "$caught"
at_most "mistakes that survived, or could not be tried" 0 $((total - caught))
finish
