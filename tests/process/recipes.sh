#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# docs/RECIPES.md: its programs, as they are printed there (the Makefile cuts
# them out and compiles them), and its containers, made of the same namespaces
# and mounts that a container engine makes them of.
# seconds: 8 8
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

outbox=$(binary recipes/outbox) pool=$(binary recipes/pool) batch=$(binary recipes/batch) rows=$(binary recipes/rows)
backdate=$(binary recipes/backdate)
orders_test=$(binary recipes/orders_test)
worker_uid=54321

every_example_is_run() {
    local printed cut
    printed=$(grep -c '^```c$' "$here/../../docs/RECIPES.md")
    cut=$(find "$BUILD/recipes" -name '*.c' | wc -l)
    echo "$printed printed, $cut compiled"
    [ "$printed" = "$cut" ]
}

# ---- outbox ----

outbox_writes_rows() {
    "$outbox" "$realm" "$work/table" || return 1
    cat "$work/table"
    [ "$(sed 's/ .*//' "$work/table" | tr '\n' ' ')" = "number=1 number=2 number=3 " ]
}

outbox_loses_one_number() {
    local code=0
    "$outbox" "$realm" "$work/table" crash || code=$?
    [ "$code" = 9 ] && "$outbox" "$realm" "$work/table" || return 1
    cat "$work/table"
    [ "$(sed 's/ .*//' "$work/table" | tail -n 3 | tr '\n' ' ')" = "number=5 number=6 number=7 " ]
}

outbox_finds_it() {
    "$outbox" "$realm" "$work/table" holes >"$work/holes" || return 1
    cat "$work/holes"
    [ "$(cat "$work/holes")" = "number=4 void reason=crash" ] && grep -qx "number=4 void reason=crash" "$work/table" &&
        [ -z "$("$outbox" "$realm" "$work/table" holes)" ]
}

# ---- pool, batch, unit tests ----

# 3 processes of 2 threads: 34, 33 and 33 requests of each tenant's 100 each
pool_numbers_once() {
    "$pool" "$realm" >"$work/pool" || return 1
    sort "$work/pool" | uniq -d | head
    [ "$(sort -u "$work/pool" | wc -l)" = 300 ] || return 1
    [ "$(grep -c '^acme' "$work/pool")" = 102 ] || return 1
    # strict, so none is left out: bolt's and cord's 99, 98 ... are 1 to their count
    local tenant count
    for tenant in bolt cord; do
        count=$(grep -c "^$tenant" "$work/pool")
        [ "$(grep "^$tenant" "$work/pool" | sed 's/.*-0*//' | sort -n | tail -n 1)" = "$count" ] || return 1
    done
}

batch_numbers_and_gives_back() {
    "$batch" "$realm" 620 >"$work/batch" 2>"$work/batch.err" || { cat "$work/batch.err"; return 1; }
    cat "$work/batch.err"
    [ "$(sort -u "$work/batch" | wc -l)" = 620 ] || return 1
    [ "$(cat "$work/batch.err")" = "130 numbers given back" ] || return 1
    # each block of 250 without a gap
    awk 'NR % 250 != 1 && $1 != before + 1 {bad = 1} {before = $1} END {exit bad}' "$work/batch"
}

batch_gets_them_again() {
    "$batch" "$realm" 1000 >"$work/batch2" 2>/dev/null || return 1
    [ "$(sort -u "$work/batch" "$work/batch2" | wc -l)" = 1620 ]
}

rows_get_numbers() {
    "$rows" "$realm" 2500 >"$work/rows" || return 1
    tail -n 1 "$work/rows"
    [ "$(sed 's/.*: //' "$work/rows")" = "$(seq 2500)" ] && ! "$rows" /nowhere 3 2>"$work/rows.err" && cat "$work/rows.err" &&
        grep -q '^3 rows without a number: ' "$work/rows.err"
}

# Today's, an older year's, the day before yesterday's; then one that is ahead and one that is none.
backdate_dates() {
    local today before old=20190228 code=0
    today=$(date -u +%Y%m%d) before=$(date -u -d '2 days ago' +%Y%m%d)
    "$backdate" "$realm" "$today" "$old" "$old" "$before" >"$work/backdate" || { cat "$work/backdate"; return 1; }
    cat "$work/backdate"
    grep -qx "$old: INV-$old-000002, number 2 of 2019" "$work/backdate" || return 1
    grep -qE "^$before: INV-$before-0*[0-9]+, number" "$work/backdate" || return 1
    "$backdate" "$realm" 20980615 20260230 >"$work/backdate" 2>&1 || code=$?
    cat "$work/backdate"
    [ "$code" = 1 ] && grep -qx '20980615: DOCKET_PERIOD_NOT_OPEN' "$work/backdate" && grep -qx '20260230: DOCKET_BAD_DATE' "$work/backdate"
}

tests_in_memory_pass() {
    [ "$(DOCKET_REALM=/nowhere "$orders_test")" = "3 tests passed" ]
}

# ---- containers ----

# in_container INNER...: INNER runs with both directories read-only, as another
# uid, in its own mount and process namespaces
in_container() {
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --kill-child=SIGKILL -- bash -c '
        set -e
        for directory in "$1" "$2"; do
            mount --bind "$directory" "$directory"
            mount -o remount,bind,ro "$directory"
        done
        for directory in "$1" "$2"; do
            if touch "$directory/written" 2>/dev/null; then exit 4; fi
        done
        uid=$3
        shift 3
        exec setpriv --reuid="$uid" --regid="$uid" --clear-groups -- "$@"' container "$realm" "$runtime" "$@"
}

prints_three() {
    "$@" >"$work/three" || return 1
    cat "$work/three"
    [ "$(sed 's/^INV-[0-9]*-0*[0-9]*$/good/' "$work/three" | sort | uniq -c | tr -s ' ')" = " 3 good" ]
}

refuses_a_stranger() {
    ! in_container 54322 "$work/bin/example" "$realm" >"$work/stranger" 2>&1 || return 1
    cat "$work/stranger"
    grep -q 'uid 54322 may not use desk default' "$work/stranger"
}

begin_containers() {
    new_realm "access = shared" "[desk default]" "user = $worker_uid"
    chmod 755 "$work"
    mkdir "$work/bin"
    cp "$(binary example)" "$(dirname "$(binary example)")"/libdocket.so.0 "$work/bin/"
    chmod -R a+rX "$work/bin"
    start_docketd
}

check "every example of the page is compiled" every_example_is_run
new_realm
start_docketd
check "outbox: each number has its row" outbox_writes_rows
check "outbox: killed between number and row, the number is gone, the next go on" outbox_loses_one_number
check "outbox: the hole is found and gets its row, once" outbox_finds_it
check "pool: processes and threads number each tenant without a gap" pool_numbers_once
check "backdate: dates in this period and in an ended one; refusals by their names" backdate_dates
check "batch: blocks without a gap, the rest is given back" batch_numbers_and_gives_back
check "batch: the next run has none of them twice" batch_gets_them_again
check "rows: a number for each, in order; none is said so" rows_get_numbers
check "unit tests: they pass without a realm" tests_in_memory_pass
stop_docketd
rm -rf -- "${runtime:?}" "${realm:?}" "$logs"
if [ "$(id -u)" != 0 ] || ! unshare --mount --pid --fork -- true 2>/dev/null; then
    skip "containers: they need root and namespaces"
    finish
fi
begin_containers
check "containers: a worker of another uid, all read-only, takes numbers" \
    prints_three in_container "$worker_uid" "$work/bin/example" "$realm"
if unshare --user --map-root-user -- true 2>/dev/null; then
    check "containers: with a user namespace in which the realm's owner is nobody" \
        prints_three in_container "$worker_uid" unshare --user --map-root-user -- "$work/bin/example" "$realm"
else
    skip "containers: user namespaces are not allowed here"
fi
check "containers: an uid that no desk knows is refused, and told so" refuses_a_stranger
stop_docketd
finish
