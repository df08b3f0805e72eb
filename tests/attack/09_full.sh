#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Full disk, full tmpfs. A small ext4 on a loop device holds the realm: docketd
# makes a realm at every fill level around what it needs (either it serves, or
# it says that there is no space, leaves nothing, and works when there is room);
# on a disk without a free block it goes on raising marks over several moves of
# its witness, starts again, refuses a new series, and makes it when there is
# room. A tmpfs of a few pages up to what a desk takes: the same for the shared
# files, seats, and the desk's growth. Never SIGBUS; the auditor is content.
# That LMDB's map may be full is a unit test's: test_store.c.
#
# row: 9
# seconds: 12 60
# waits
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/attack/lib.sh
. "$here/lib.sh"

new_work
mounts=()
image=$work/disk.img
unmount() {
    local code=$? each
    trap - EXIT
    for each in "${!children[@]}"; do
        kill_child "$each"
    done
    for each in "${mounts[@]}"; do
        umount -l "$each" 2>/dev/null || true
    done
    [ -z "$runtime" ] || rm -rf -- "$runtime"
    rm -rf -- "$work"
    exit "$code"
}
trap unmount EXIT

if [ "$(id -u)" != 0 ]; then
    skip_row "full disk and full tmpfs" "mounting needs root"
    finish
fi
mkdir "$work/disk" "$work/shm"
truncate -s 24M "$image"
if ! mkfs.ext4 -q -F -b 1024 "$image" || ! mount -o loop "$image" "$work/disk" 2>"$work/mount.err"; then
    skip_row "full disk and full tmpfs" "no loop device: $(head -c 60 "$work/mount.err")"
    finish
fi
mounts+=("$work/disk")
mount -t tmpfs -o size=64m,mode=0700 none "$work/shm"
mounts+=("$work/shm")
docketd=$(binary docketd) docket=$(binary docket) worker=$(binary docket-worker) auditor=$(binary docket-audit)
runtime=$(mktemp -d /dev/shm/docket-full.XXXXXX)
chmod 755 "$work"
signals=0 half=0 silent=0 unserved=0 points=0 refusals=0

# realm_at DIRECTORY RUNTIME [SERIES_MAX]
realm_at() {
    realm=$1
    mkdir -m 700 "$realm"
    printf '[realm]\nruntime_dir = %s\nseries_max = %s\nevict_after_s = %s\nrows_max = 64\nlines_per_seat = 64\nseats_max = 64\n[default]\nwindow = 64\n' "$2" "${3:-4096}" "${4:-0}" >"$realm/docket.conf"
    export DOCKET_REALM=$realm
}

# fill DIRECTORY KB: everything but so many KiB
fill() {
    rm -f "$1/filler"
    dd if=/dev/zero of="$1/filler" bs=64k 2>/dev/null || true
    dd if=/dev/zero of="$1/filler" bs=1k oflag=append conv=notrunc 2>/dev/null || true
    [ "$2" = 0 ] || truncate -s "-$2K" "$1/filler"
    sync -f "$1"
}

serves_now() {
    grep -q "serving" "$work/docketd.log" || ! is_running "$docketd_pid"
}

# try_docketd: true if it serves; else it ended, and how is judged
try_docketd() {
    local code=0
    : >"$work/docketd.log"
    run_child "$work/docketd.log" "$docketd" --realm "$realm" --create
    docketd_pid=$child
    if ! wait_until 20 serves_now; then
        echo "docketd neither serves nor ends" >>"$work/bad"
        unserved=$((unserved + 1))
    fi
    if is_running "$docketd_pid" && grep -q "serving" "$work/docketd.log"; then
        return 0
    fi
    wait_child "$docketd_pid" || code=$?
    docketd_pid=''
    refusals=$((refusals + 1))
    if [ "$code" -gt 128 ] || grep -q damaged "$work/docketd.log"; then
        signals=$((signals + 1))
        { echo "$1: ended with $code"; cat "$work/docketd.log"; } >>"$work/bad"
    elif ! grep -qiE "no space|room|full|not there" "$work/docketd.log"; then
        silent=$((silent + 1))
        { echo "$1: ended with $code"; cat "$work/docketd.log"; } >>"$work/bad"
    fi
    return 1
}

must_serve() {
    if try_docketd "$1"; then
        return 0
    fi
    unserved=$((unserved + 1))
    { echo "$1: does not serve though there is room"; cat "$work/docketd.log"; } >>"$work/bad"
    return 1
}

# await_worker PID: until it has ended; without docketd it would try for ever
await_worker() {
    while is_running "$1"; do
        if ! is_running "$docketd_pid"; then
            kill_child "$1"
            return
        fi
        sleep 0.05
    done
    wait_child "$1" || true
}

# ---- a new realm at every fill level of the disk ----

create_at() {
    local free=$1
    points=$((points + 1))
    rm -f "$work/disk/filler"
    realm_at "$work/disk/realm" "$runtime"
    : >"$work/disk/realm/docketd.log"
    fill "$work/disk" "$free"
    if ! try_docketd "disk with $free KiB"; then
        if [ -e "$realm/store" ] && ! [ -s "$realm/store/data.mdb" ]; then
            half=$((half + 1))
            { echo "disk with $free KiB:"; ls -lR "$realm"; } >>"$work/bad"
        fi
        rm -f "$work/disk/filler"
        must_serve "disk with $free KiB, then room" || true
    fi
    "$docket" next --no-start -q acme/INV >/dev/null 2>>"$work/bad" || unserved=$((unserved + 1))
    [ -z "$docketd_pid" ] || kill_docketd
    rm -rf "$realm" "${runtime:?}"/*
}

levels=$(scale "0 1 3 6 10 16 32 8192 8208 8224 8240 8256" "$(seq -s' ' 0 2 40) $(seq -s' ' 8180 6 8280)")
for free in $levels; do
    create_at "$free"
done
at_least "fill levels of the disk at which a realm was made" "$(wc -w <<<"$levels")" "$points"

# ---- a disk without a free block, while serving ----

rm -f "$work/disk/filler"
realm_at "$work/disk/realm" "$runtime" 65536
logs=$work/logs
mkdir "$logs"
must_serve "room"
add_series acme/INV --order strict
add_series acme/ORD --order leased
fill "$work/disk" 0
numbers=$(scale 40000 200000)
before=$(stat -c %Y.%y "$realm/witness")
start_worker full --series acme/INV,acme/ORD --count "$numbers" --timeout-ms 2000
await_worker "$child"
check "full disk: a worker takes $numbers numbers" all_worked full
check "full disk: the witness moved meanwhile" test "$before" != "$(stat -c %Y.%y "$realm/witness")"
kill_docketd
check "full disk: docketd starts again" must_serve "full disk, again"
stop_docketd
check "full disk: docketd stops in order" grep -q "stopped in order" "$work/docketd.log"
must_serve "full disk, after a stop in order" || true
start_worker again --series acme/INV,acme/ORD --count 2000 --timeout-ms 2000
await_worker "$child"
check "full disk: numbers after a start" all_worked again
check "full disk: the audit is clean" audit --unknown-max 0
at_least "numbers taken on a disk without a free block" "$numbers" "$(figure logged "$work/audit.json")"

# ---- new series until the disk gives no more: refused, then made ----

if [ "$(scale 0 1)" = 1 ]; then
    crowd=()
    for i in 1 2 3 4 5 6 7 8; do
        start_worker "crowd$i" --series "t$i/S" --each 4000 --count 1 --timeout-ms 2000
        crowd+=("$child")
    done
    for child in "${crowd[@]}"; do
        await_worker "$child"
    done
    if grep -qh "DOCKET_NO_SPACE" "$work"/crowd*.out; then
        pass "full disk: a series too many is refused with NO_SPACE"
    else
        fail "full disk: a series too many is refused with NO_SPACE" "$work/crowd1.out"
    fi
    check "full disk: docketd lives on after it refused" is_running "$docketd_pid"
    start_worker marks --series acme/INV,acme/ORD --count 60000 --timeout-ms 2000
    await_worker "$child"
    check "full disk, full store: marks still move" all_worked marks
    code=0
    "$docket" series add --no-start late/ONE 2>"$work/late" >&2 || code=$?
    check "a refused series: says that there is no space" grep -qi "room" "$work/late"
    "$docket" series list >"$work/list" 2>&1 || true
    check "a refused series: does not exist" bash -c "! grep -q late/ONE '$work/list'"
    rm -f "$work/disk/filler"
    check "a refused series: can be made when there is room" "$docket" series add --no-start late/ONE
    check "after the crowd: the audit is clean" audit --unknown-max 0
fi
kill_docketd
rm -rf "$work/disk/realm" "${runtime:?}"/* "$logs"

# ---- records until the disk gives no more: refused, and the others go on ----

rm -f "$work/disk/filler"
realm_at "$work/disk/realm" "$runtime" 4096
must_serve "room for records" || true
"$docket" series add --no-start acme/BOOK --order gapless >/dev/null
"$docket" series add --no-start acme/INV >/dev/null
fill "$work/disk" 0
for ((i = 1; i <= 40; i++)); do
    seq -f "batch-$i-%.0f" 2000 >"$work/keys"
    "$docket" issue --no-start acme/BOOK --settled --keys "$work/keys" >"$work/issued" 2>"$work/issue.err" || break
done
check "full disk: a record too many is refused, and says that there is no room" grep -q "room" "$work/issued" "$work/issue.err"
check "full disk: docketd lives on after it refused a record" is_running "$docketd_pid"
check "full disk: numbers of memory speed go on" "$docket" next --no-start -q acme/INV
check "full disk: what was issued is found" "$docket" issue --no-start -q acme/BOOK --settled --key batch-1-7
rm -f "$work/disk/filler"
check "a refused record: is made when there is room" "$docket" issue --no-start -q acme/BOOK --settled --key "batch-$i-2000"
check "records on a full disk: the store is sound" "$docket" verify
kill_docketd
rm -rf "$work/disk/realm" "${runtime:?}"/*

# ---- the runtime directory's tmpfs, from one page up ----

shm_at() {
    local pages=$1
    points=$((points + 1))
    mount -o "remount,size=$((pages * 4))k" "$work/shm"
    realm_at "$work/realm" "$work/shm"
    if ! try_docketd "tmpfs of $pages pages"; then
        mount -o remount,size=64m "$work/shm"
        if compgen -G "$work/shm/*/board-*" >/dev/null; then
            half=$((half + 1))
            { echo "tmpfs of $pages pages:"; ls -lR "$work/shm"; } >>"$work/bad"
        fi
        must_serve "tmpfs of $pages pages, then room" || true
    else
        # A seat may have no room: the worker hears of it and the next finds it.
        if ! "$docket" next --no-start -q acme/INV >"$work/next" 2>&1; then
            grep -qiE "space|room" "$work/next" || silent=$((silent + 1))
            refusals=$((refusals + 1))
        fi
        mount -o remount,size=64m "$work/shm"
    fi
    "$docket" next --no-start -q acme/INV >/dev/null 2>>"$work/bad" || unserved=$((unserved + 1))
    [ -z "$docketd_pid" ] || kill_docketd
    rm -rf "$realm" "$work/shm"/*
}

before=$points
# Between these two a desk of this size begins to fit.
sizes=$(scale "1 3 8 21 55 89 130 170 180 190 200 260" "$(seq -s' ' 1 7 260)")
for pages in $sizes; do
    shm_at "$pages"
done
at_least "sizes of the runtime tmpfs, from one page" "$(wc -w <<<"$sizes")" "$((points - before))"

# ---- the desk grows on a full tmpfs ----

mount -o remount,size=64m "$work/shm"
realm_at "$work/realm" "$work/shm"
mkdir "$logs"
must_serve "room"
add_series acme/INV --order strict
add_series acme/ORD --order leased
fill "$work/shm" 32
start_worker grow --series acme/S --each 3000 --count 1 --timeout-ms 2000
await_worker "$child"
if grep -q "DOCKET_NO_SPACE" "$work/grow.out"; then
    pass "full tmpfs: the desk's growth is refused with NO_SPACE"
else
    fail "full tmpfs: the desk's growth is refused with NO_SPACE" "$work/grow.out"
fi
check "full tmpfs: docketd lives on" is_running "$docketd_pid"
rm -f "$work/shm/filler"
start_worker grown --series acme/S --each 1500 --count 1 --timeout-ms 2000
await_worker "$child"
check "with room again: the same series are made" all_worked grown
check "after a full tmpfs: the audit is clean" audit --unknown-max 0
kill_docketd

# Where quiet series may leave, a full tmpfs is room enough.
rm -rf "$logs" "$realm" "${work:?}/shm"/*
realm_at "$work/realm" "$work/shm" 4096 86400
mkdir "$logs"
must_serve "room"
fill "$work/shm" 32
start_worker crowded --series acme/S --each 3000 --count 1 --timeout-ms 5000
await_worker "$child"
check "full tmpfs: quiet series leave the desk for new ones" all_worked crowded
rm -f "$work/shm/filler"
check "after evictions on a full tmpfs: the audit is clean" audit --unknown-max 0
kill_docketd

at_least "refusals, each said" 1 "$refusals"
at_most "SIGBUS and other signals, or talk of damage" 0 "$signals"
at_most "refusals that do not name the lack of space" 0 "$silent"
at_most "half-made realms and desks" 0 "$half"
at_most "realms that did not serve when there was room" 0 "$unserved"
if [ -s "$work/bad" ]; then
    fail "what went wrong" "$work/bad"
fi
finish
