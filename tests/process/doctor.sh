#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# docket doctor: each of its checks is made red by making it so, and green again.
# Disks and tmpfs of every size are mounted in a mount namespace of our own.
#
# seconds: 6 6
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/process/cli_lib.sh
. "$here/cli_lib.sh"

# The mounts end with the namespace, whatever becomes of us.
if [ "${DOCTOR_NAMESPACE:-}" = "" ]; then
    own=(unshare --mount --propagation private)
    [ "$(id -u)" = 0 ] || own=(unshare --user --map-root-user --mount --propagation private)
    if "${own[@]}" true 2>/dev/null; then
        DOCTOR_NAMESPACE=own exec "${own[@]}" "$0" "$@"
    fi
    export DOCTOR_NAMESPACE=none
fi

# result CASE EXIT CHECK RESULT [TEXT]: the doctor ends with EXIT, and says RESULT
# of CHECK, with TEXT in what it found
result() {
    local code=0 found
    "$docket" doctor --json >"$case_out" 2>"$case_err" </dev/null || code=$?
    found=$(jq -r --arg check "$3" '.checks[] | select(.check == $check) | .result + ": " + .found' "$case_out" 2>>"$case_err")
    if [ "$code" = "$2" ] && [[ $'\n'$found == *$'\n'"$4: "* ]] && [[ $found == *"${5:-}"* ]]; then
        pass "$1: $3 says $4"
    else
        jq -r '.checks[] | .result + " " + .check + ": " + .found' "$case_out" >>"$case_err" 2>&1 || true
        fail "$1: $3 says '$found' and the doctor ends $code; wanted $4, $2, ${5:-}" "$case_err"
    fi
}

new_realm 'series_max = 131072' '[desk second]' 'tenants = beta' # the table's slots begin at 24576 then
views_begin
"$docketd" --realm "$realm" --create --check-config >"$work/check.out"
expect 'a realm without a store: nothing to look at' 3 doctor
start_docketd
add_series acme/INV
add_series beta/X
"$docket" next acme/INV --no-start >/dev/null

echo "a realm in order"
expect 'a realm in order: the doctor ends 0' 0 doctor
out_has 'a realm in order: one line for each check' '^PASS  *docketd  *serving'
out_has 'a realm in order: the sum at the end' ' passed, [0-9]* to look at, 0 failed$'
expect 'a realm in order, --json: the doctor ends 0' 0 doctor --json
keys 'doctor --json' schema_version realm result counts counts.pass counts.warn counts.fail checks 'checks.[]' \
    'checks.[].check' 'checks.[].result' 'checks.[].found' 'checks.[].next'
json 'a realm in order, --json: a next step where something is to do, and only there' \
    '[.checks[] | (.result == "PASS") == (.next == null)] | all and length >= 18'
json 'a realm in order, --json: nothing red but the place of the witness and the clock service' \
    '[.checks[] | select(.result != "PASS") | .check] - ["witness", "clock is synchronised"] == []'
for one in docketd 'shared files' versions LMDB configuration disk 'disk inodes' tmpfs 'tmpfs inodes' descriptors \
    'owners and modes' clock seats 'series slots' 'rows of places' 'stale seats' quarantine windows; do
    result 'a realm in order' 0 "$one" PASS
done

echo "owners and modes"
red_mode() { # PATH MODE
    local was
    was=$(stat -c %a "$1")
    chmod "$2" "$1"
    result "$(basename "$1") has mode $2" 1 'owners and modes' FAIL "$1"
    chmod "$was" "$1"
}
touch "$realm/docketd.log"
red_mode "$realm" 777
red_mode "$realm/store" 755
red_mode "$realm/store/data.mdb" 644
red_mode "$realm/docketd.lock" 604
red_mode "$realm/docket.conf" 662
red_mode "$realm/docketd.log" 622
red_mode "$realm/witness" 640
if [ "$(id -u)" = 0 ] && chown 12345 "$realm/docket.conf" 2>/dev/null; then
    result 'docket.conf of another user' 1 'owners and modes' FAIL 'belongs to uid 12345'
    chown 0 "$realm/docket.conf"
else
    skip 'docket.conf of another user (not root)'
fi
result 'modes as they were' 0 'owners and modes' PASS

echo "witness, configuration, versions"
result 'the witness beside the store' 0 witness WARN 'same file system'
mv "$realm/witness" "$work/witness"
result 'no witness' 1 witness FAIL 'No such file'
mv "$work/witness" "$realm/witness"
touch -d '+30 seconds' "$realm/docket.conf"
result 'a configuration that was changed' 0 configuration WARN 'changed after'
mv "$realm/docket.conf" "$work/conf"
result 'a configuration that is gone' 0 configuration WARN 'No such file'
mv "$work/conf" "$realm/docket.conf"
touch -d '-1 day' "$realm/docket.conf"
about=$(readlink "$realm/runtime")/about
cp -p "$about" "$work/about"
sed -i 's/^lmdb\t.*/lmdb\t0.9.28/' "$about"
result 'an LMDB that destroys its mutex' 1 LMDB FAIL 0.9.28
sed -i '/^lmdb/d; s/^docketd\t.*/docketd\t9.9.9/' "$about"
result 'an LMDB that is not told' 0 LMDB WARN
result 'a docketd of another release' 0 versions WARN 9.9.9
rm "$about"
result 'a docketd that wrote nothing down' 0 versions WARN
cp -p "$work/about" "$about"
result 'all as it was' 0 versions PASS

echo "clocks"
shift_library=$(binary shiftclock.so)
LD_PRELOAD=$shift_library DOCKET_CLOCK_SHIFT_S=-86400 result 'a clock set back by a day' 1 clock FAIL 'before'
LD_PRELOAD=$shift_library DOCKET_CLOCK_NTP=5 result 'a clock that nobody sets' 0 'clock is synchronised' WARN
LD_PRELOAD=$shift_library DOCKET_CLOCK_NTP=-1 result 'a kernel that does not tell' 0 'clock is synchronised' WARN 'does not tell'
LD_PRELOAD=$shift_library DOCKET_CLOCK_NTP=0 result 'a clock that is set' 0 'clock is synchronised' PASS

echo "series and seats"
add_series acme/BENCH --window benchmark
result 'a benchmark window' 0 windows WARN acme/BENCH
start_worker a --series acme/INV --threads 1 --rate 50
worker_pid=$child
sits() { "$docket" seat list --json | jq -e ".seats[] | select(.pid == $worker_pid)"; }
check 'a worker: sits down' wait_until 20 sits
seat=$("$docket" seat list --json | jq ".seats[] | select(.pid == $worker_pid) | .seat")
rm "$runtime"/*/"seat-0-$seat"
result 'a seat whose file was removed' 0 'lost seats' WARN 'cannot be read'
kill_docketd
kill_child "$worker_pid"
start_docketd
result 'a seat whose file the next docketd did not find' 0 'lost seats' WARN 'were removed'
start_worker b --series beta/X --threads 1 --rate 50
worker_pid=$child
check 'another worker: sits down' wait_until 20 sits
printf '\377\377\377\377\377\377\377\377' | dd of="$(echo "$runtime"/*/table-0)" bs=1 seek=24576 conv=notrunc status=none
quarantined() { "$docket" next acme/INV --no-start --timeout 0.1 >/dev/null 2>&1; "$docket" series show acme/INV --json | jq -e .quarantined; }
check 'a scribbled counter: is quarantined' wait_until 20 quarantined
result 'a quarantined series' 1 quarantine FAIL acme/INV
kill_docketd
dead() { [ "$("$docket" status --json | jq -r .docketd.state)" = dead ]; }
check 'docketd killed: seen as dead' wait_until 20 dead
kill_child "$worker_pid"
result 'docketd killed' 1 docketd FAIL dead
result 'a worker that died beside it' 1 'stale seats' WARN '1 seats'
mv "$realm/store/data.mdb" "$work/data.mdb"
result 'a store without its data' 1 'owners and modes' FAIL 'No such file'
mv "$work/data.mdb" "$realm/store/data.mdb"
truncate -s 100 "$(echo "$runtime"/*/table-1)"
result 'a desk whose table was cut' 1 'shared files' FAIL '1 of 2 desks'
lose_power
result 'docketd has not run since the machine started' 1 'shared files' FAIL 'since the machine started'

echo "somebody else"
mkdir -m 755 "$work/bin"
cp "$docket" "$(dirname "$docket")"/libdocket.so.0* "$work/bin/"
cat >"$work/bin/other" <<END
#!/bin/sh
exec setpriv --reuid 12345 --regid 12345 --clear-groups env LD_LIBRARY_PATH=$work/bin $work/bin/docket "\$@"
END
chmod 755 "$work/bin/other" "$work"
owners_docket=$docket docket=$work/bin/other
if [ "$(id -u)" = 0 ] && "$docket" version >/dev/null 2>&1; then
    expect 'somebody else, and the realm is private: no permission' 3 doctor
    err_has 'somebody else, and the realm is private: says so' "cannot look into .* as the realm's owner"
    chmod 755 "$realm"
    result 'somebody else, and the realm is shared' 1 'owners and modes' WARN 'data.mdb: Permission denied'
    chmod 700 "$realm"
else
    skip 'somebody else (not root)'
fi
docket=$owners_docket

echo "a docketd with few descriptors, a desk that is full"
rm -rf "$work/realm" "$work/logs"
rm -rf -- "$runtime"
new_realm 'seats_max = 2' 'series_max = 10' 'rows_max = 1'
run_child "$work/docketd.log" sh -c "ulimit -n 65; exec $docketd --realm $realm --create"
docketd_pid=$child
check 'docketd with 65 descriptors: serves' wait_until 20 serves_or_ended
result 'enough for the two seats that may be taken' 0 descriptors WARN '65 files'
start_worker c --series acme/A --threads 1 --rate 10
worker_pid=$child
check 'a worker: sits down' wait_until 20 sits
start_worker d --series acme/A --threads 1 --rate 10
second=$child
two_sit() { [ "$("$docket" seat list --json | jq '.seats | length')" = 2 ]; }
check 'a second worker: sits down' wait_until 20 two_sit
result 'more seats taken than descriptors go round' 1 descriptors FAIL '2 seats are taken'
result 'every seat is taken' 1 seats FAIL '2 of 2'
kill_child "$second"
for i in 1 2 3 4 5 6 7; do add_series "acme/S$i"; done
add_series acme/L --order leased
result 'nine of ten series' 1 'series slots' WARN '9 of 10'
add_series acme/S9
result 'all series slots are used' 1 'series slots' WARN '10 of 10'
start_worker e --series acme/L --threads 1 --count 1
wait_child "$child" || true
result 'all rows are used' 1 'rows of places' FAIL '1 of 1'
stop_docketd
result 'docketd stopped in order' 1 docketd FAIL 'stopped in order'
kill_child "$worker_pid"
few() { (ulimit -Hn 40 -Sn 40 2>/dev/null || ulimit -n 40; result 'docketd does not run, and this shell may open few files' 1 descriptors FAIL 'this shell'; [ "$failed" = "$1" ]); }
failed_before=$failed
if few "$failed_before"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi

echo "disk and tmpfs"
if [ "$DOCTOR_NAMESPACE" = none ]; then
    skip 'disk and tmpfs of every size (no mount namespace of our own)'
    finish
fi
lose_power
rm -rf "$realm" "$work/logs"
rm -rf -- "$runtime"
new_realm
mkdir "$work/disk" "$work/shm"
at_cleanup() { umount -l "$work/disk" "$work/shm" 2>/dev/null || true; }
mount -t tmpfs -o size=400m,nr_inodes=5000,mode=0700 none "$work/disk"
mount -t tmpfs -o size=400m,nr_inodes=5000,mode=0700 none "$work/shm"
realm=$work/disk/realm
mkdir -m 700 "$realm"
printf '[realm]\nruntime_dir = %s\n' "$work/shm" >"$realm/docket.conf"
touch -d '-1 day' "$realm/docket.conf"
export DOCKET_REALM=$realm
start_docketd
"$docket" next acme/INV --no-start >/dev/null
resize() { mount -o "remount,$2" "$work/$1"; }
used_kib() { df -k --output=used "$work/$1" | tail -n 1 | tr -d ' '; }
used_inodes() { df --output=iused "$work/$1" | tail -n 1 | tr -d ' '; }
result 'a disk with room' 0 disk PASS
resize disk size=200m
result 'a disk that fills up' 0 disk WARN
resize disk size=20m
result 'a disk that is nearly full' 1 disk FAIL
resize disk size=400m
resize disk "nr_inodes=$(($(used_inodes disk) + 100))"
result 'a disk with few inodes' 0 'disk inodes' WARN
resize disk "nr_inodes=$(($(used_inodes disk) + 3))"
result 'a disk without inodes' 1 'disk inodes' FAIL
resize disk nr_inodes=5000
result 'a tmpfs with room' 0 tmpfs PASS
resize shm "size=$(($(used_kib shm) + 400))k"
result 'a tmpfs too small for the next growth' 0 tmpfs WARN
resize shm "size=$(($(used_kib shm) + 100))k"
result 'a tmpfs that is full' 1 tmpfs FAIL
resize shm size=400m
resize shm "nr_inodes=$(($(used_inodes shm) + 3))"
result 'a tmpfs without inodes' 1 'tmpfs inodes' FAIL
resize shm nr_inodes=5000
result 'the witness on the store'"'"'s disk' 0 witness WARN
stop_docketd
mv "$realm/witness" "$work/shm/witness"
printf 'witness = %s\n' "$work/shm/witness" >>"$realm/docket.conf"
touch -d '-1 day' "$realm/docket.conf"
start_docketd
result 'the witness on another disk' 0 witness PASS
stop_docketd
finish
