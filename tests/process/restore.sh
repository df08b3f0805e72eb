#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Backup, verify, restore and accept: copies taken while four workers take numbers, put back in
# place and elsewhere; refused without floors; accepted with each kind of floor; every number
# that was ever given, before and after, is given once.
# seconds: 5 5
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

export TMPDIR=/dev/shm # no power is lost here: the store need not wait for a disk
new_realm
export XDG_STATE_HOME=$work/state
mkdir -m 700 -p "$work/state"
start_docketd
# shellcheck source=tests/process/admin_lib.sh
. "$here/admin_lib.sh"
year=$(date -u +%Y)
# These two run docketd themselves: they know no --no-start.
expect() {
    local case=$1 wanted=$2 code=0
    shift 2
    case $1 in restore | accept) ;; *) set -- "$@" --no-start ;; esac
    timeout 60 "$docket" "$@" >"$case_out" 2>"$case_err" </dev/null || code=$?
    [ "$code" = "$wanted" ] || { fail "$case (exit code $code, wanted $wanted: docket $*)" "$case_err"; return 0; }
    pass "$case"
}

add_series acme/INV
add_series acme/ORD --order leased
series="acme/INV acme/ORD"

# take NUMBER: four workers, so many numbers each, to their end
take() {
    local id ids=()
    turn=$((${turn:-0} + 1))
    for id in a b c d; do
        case $id in a | b) start_worker "$turn$id" --series acme/INV --count "$1" ;; *) start_worker "$turn$id" --series acme/ORD --count "$1" ;; esac
        ids+=("$child")
    done
    for id in "${ids[@]}"; do wait_child "$id" || return 1; done
    all_worked "$turn"a "$turn"b "$turn"c "$turn"d
}
ended() { ! is_running "$docketd_pid"; }
# A start that is not to succeed: its exit code, and the sentence in refused.err
refused_start() {
    local code=0
    timeout 10 "$docketd" --realm "$realm" >"$work/refused.out" 2>"$work/refused.err" || code=$?
    [ "$code" = 4 ] && grep -q "$1" "$work/refused.err"
}
same_store() { [ "$(sha256sum <"$realm/store/data.mdb")" = "$1" ]; }

# ---- backup ------------------------------------------------------------------

start_worker load1 --series acme/INV --rate 3000 --count 1000000
load1=$child
start_worker load2 --series acme/ORD --rate 3000 --count 1000000
load2=$child
expect "backup while workers take numbers: done" 0 backup "$work/b1"
out_has "backup: says what it is" 'backed up to .*/b1: generation 1, commit [0-9]*, 2 series, [24] counters'
for n in 2 3 4 5; do "$docket" backup "$work/b$n" --no-start --json >>"$work/backups.json" || fail "backup $n"; done
for n in 1 2 3 4 5; do expect "backup $n, taken under load: is sound" 0 verify "$work/b$n"; done
expect "backup over an older one: no" 1 backup "$work/b1"
err_has "backup over an older one: says so" 'never written over'
expect "backup into a folder that is not there: fails" 3 backup "$work/none/b"
check "a backup: nobody else may read it" test "$(stat -c %a "$work/b1" "$work/b1/data.mdb" "$work/b1/manifest.json" | tr '\n' ' ')" = "700 600 600 "
check "its SHA-256 is what sha256sum says" grep -q "\"sha256\": \"$(sha256sum <"$work/b1/data.mdb" | cut -d' ' -f1)\"" "$work/b1/manifest.json"
check "no unfinished backup is left" test -z "$(find "$work" -maxdepth 1 -name '*.new-*')"
kill_child "$load1"
kill_child "$load2"
expect "docket verify: the store, and the law of marks" 0 verify

# ---- backups that are none ------------------------------------------------------

cp -a "$work/b1" "$work/bad"
printf '\1' | dd of="$work/bad/data.mdb" bs=1 seek=9000 conv=notrunc status=none
expect "a flipped byte: refused" 4 verify "$work/bad"
err_has "a flipped byte: says so" 'is not what was backed up'
expect "restore of it: refused, before anything is touched" 4 restore "$work/bad" --replace --yes --realm "$work/elsewhere"
check "nothing was made" test ! -e "$work/elsewhere/store"
cp "$work/b1/data.mdb" "$work/bad/data.mdb"
sed -i 's/"generation": 1/"generation": 2/' "$work/bad/manifest.json"
expect "a changed manifest: refused" 4 verify "$work/bad"
rm "$work/bad/manifest.json"
expect "a folder without a manifest: refused" 4 verify "$work/bad"
if mkdir "$work/small" && mount -t tmpfs -o size=64k,mode=700 tmpfs "$work/small" 2>/dev/null; then
    at_cleanup() { umount "$work/small" 2>/dev/null || true; }
    dd if=/dev/zero of="$work/small/filler" bs=1k count=56 status=none
    code=0
    "$docket" backup "$work/small/b" --no-start >"$work/out" 2>"$work/err" || code=$?
    check "backup to a full disk: fails, and says so" sh -c "[ $code != 0 ] && grep -q 'space' '$work/err'"
    check "nothing is left of it" test "$(ls "$work/small")" = filler
    check "docketd is well" take 50
    umount "$work/small"
else
    skip "backup to a full disk: no tmpfs can be mounted here"
fi

# ---- in place, live files ----------------------------------------------------------

check "workers take more" take 400
expect "restore beside a docketd that runs: no" 3 restore "$work/b1" --replace --yes
kill_docketd
expect "restore over a store: no" 1 restore "$work/b1"
err_has "restore over a store: says how" 'replace'
sum=$(sha256sum <"$realm/store/data.mdb")
expect "a folder called --replace: is a folder, and no option" 4 restore -- --replace
err_has "a folder called --replace: is looked at" 'is no backup'
expect "restore with --replace: done" 0 restore "$work/b1" --replace --yes
check "the old store is kept" sh -c "[ \"\$(cat '$realm'/store.replaced-*/data.mdb | sha256sum)\" = '$sum' ]"
check "restored: not served without accept" refused_start 'until it is accepted with floors'
check "restored: another start neither" refused_start 'until it is accepted with floors'
sum=$(sha256sum <"$realm/store/data.mdb")
expect "accept --dry-run, the desk's files are there: they say how far" 0 accept --dry-run
out_has "accept: by the live files" "acme/INV/$year .* live files "
check "accept --dry-run: changes nothing" same_store "$sum"
expect "accept: wants to be asked" 2 accept
expect "accept: done" 0 accept --yes
start_docketd
check "accepted: workers go on" take 400
check "accepted: every number once, over all logs" audit

# ---- older, no live files: each kind of floor ----------------------------------------

# put_back N: the backup in place, and nothing of the desk's files
put_back() {
    stop_docketd
    rm -rf -- "${runtime:?}"/*
    "$docket" restore "$1" --replace --yes >"$work/put_back.out" 2>&1 || { fail "restore $1" "$work/put_back.out"; return 1; }
}
# The highest number that was given of its current period.
last_of() { fate_lines "$1" | grep 'handed out' | sed 's/^[0-9]*-\([0-9]*\).*/\1/' | sort -n | tail -n 1; }

expect "docketd backs up again" 0 backup "$work/b9"
check "workers take more" take 300
inv=$(($(last_of acme/INV) + 50000)) ord=$(last_of acme/ORD) # by hand in doubt a higher one
put_back "$work/b2"
expect "accept without a floor: refused" 4 accept --yes
err_has "accept without a floor: says whom it lacks" "acme/INV/$year, acme/ORD/$year"
expect "accept with one of two floors: refused" 4 accept --yes --floor "acme/INV=$inv"
err_has "... and it says the other" "how many: acme/ORD/$year"
check "a refused accept: the store is still fenced" refused_start 'until it is accepted with floors'
expect "accept: a floor above the largest number: wrong" 2 accept --yes --skip 0 --floor acme/INV=999999999999999999
expect "accept: a floor of no series and no number: wrong" 2 accept --yes --skip 0 --floor acme=5
expect "accept: a floor by hand below the witness's mark" 0 accept --dry-run --floor "acme/INV=1,acme/ORD=1"
out_has "... goes on behind that mark" "acme/INV/$year .* witness "
expect "accept with floors by hand: done" 0 accept --yes --floor "acme/INV=$inv,acme/ORD/$year=$ord"
start_docketd
expect "events say who said so" 0 events --kind accept
out_has "events: the floor by hand" "floor $inv (by hand)"
check "by hand: workers go on" take 200
check "by hand: every number once" audit
expect "verify after an accept: sound" 0 verify

printf '# the old list\nacme/INV %s\nacme/ORD %s scan\nacme/NEW/%s 7\nacme/NEW 40\nacme/INV/%s 300\n' "$(last_of acme/INV)" "$(last_of acme/ORD)" $((year - 1)) $((year - 1)) >"$work/floors"
put_back "$work/b9"
expect "a series that is not in the store, a floor of its past period only: refused" 4 accept --yes --floors "$work/floors" --floor acme/OLD/$((year - 1))=7
err_has "... and its current one is asked for" 'how many: acme/OLD\.'
expect "accept with a file of floors: done" 0 accept --yes --floors "$work/floors" --json
check "its JSON says so" grep -q '"accepted":true' "$work/out"
check "its JSON has a past period that the store had never heard of" grep -q "\"period\":\"$((year - 1))\",\"known\":0,\"floor\":300,.*\"next\":301" "$work/out"
start_docketd
check "a series that the store had never heard of: goes on behind its floor" sh -c "'$docket' peek acme/NEW | grep -q '\<41\>\|-000041'"
check "by a file: workers go on" take 200
check "by a file: every number once" audit

# The invoices as the books have them: what workers logged, as a CSV file.
{
    echo tenant,number,date,id
    n=0
    for s in INV ORD; do
        fate_lines acme/$s | sed -n 's/^\([0-9]*\)-\([0-9]*\) handed out.*/\1 \2/p' | while read -r first last; do
            printf "acme,$s-$year%s-%06d,$year-11-24,$s%d\n" 1124 "$first" "$first" 1124 "$last" "$last"
        done
    done
} >"$work/invoices.csv"
put_back "$work/b9"
rm -f -- "$work"/state/docket/witness/*.marks # else they are higher: leases had more than what was given
expect "accept with a scan of the invoices: done" 0 accept --yes --scan "$work/invoices.csv" --floor acme/INV/$((year - 1))=300,acme/NEW=41
out_has "its floors are those of the scan" "acme/ORD/$year .* scan "
start_docketd
check "by a scan: workers go on" take 200
check "by a scan: every number once" audit

stop_docketd # in order: the marks beside the far witness are exact
rm -rf -- "${runtime:?}"/*
expect "restore of the oldest one: done" 0 restore "$work/b1" --replace --yes
expect "accept from the witness's marks: done" 0 accept --yes --from-witness
start_docketd
check "from the witness: workers go on" take 200
check "from the witness: every number once" audit
kill_docketd
rm -rf -- "${runtime:?}"/*
expect "restore, after a kill: done" 0 restore "$work/b3" --replace --yes
expect "marks of a docketd that was killed: want --skip" 2 accept --yes --from-witness
expect "accept with --skip: done" 0 accept --yes --skip 100000
start_docketd
check "by skip: workers go on" take 200
check "by skip: every number once" audit

# ---- elsewhere -------------------------------------------------------------------------

mkdir -m 700 "$work/other"
printf '[realm]\nruntime_dir = %s\n' "$runtime" >"$work/other/docket.conf"
stop_docketd
expect "restore into a realm of its own: done" 0 restore "$work/b4" --realm "$work/other"
rm -rf -- "${runtime:?}"/*
expect "there too: refused without floors" 4 accept --yes --realm "$work/other"
expect "there too: accepted with floors" 0 accept --yes --realm "$work/other" --floors "$work/floors" --floor "acme/INV=200000" --skip 100000
realm=$work/other
export DOCKET_REALM=$realm
start_docketd
# Twice --skip: the marks beside this host's far witness are of the realm that it was copied from.
check "there: a past period that the copy had never heard of goes on behind its floor" sh -c "'$docket' next acme/INV --date $((year - 1))-03-01 --no-start | grep -q -- '-200301\$'"
check "there: a period that nobody named gives nothing" sh -c "! '$docket' next acme/INV --date $((year - 2))-03-01 --no-start 2>'$work/err' && grep -q 'accepted' '$work/err'"
realm=$work/realm
export DOCKET_REALM=$realm
stop_docketd
check "where it came from: the older one of two copies is refused" refused_start 'witness'

# ---- beyond the last number that the copy knows ---------------------------------------------

realm=$work/interval
mkdir -m 700 "$realm"
printf '[realm]\nruntime_dir = %s\n' "$runtime" >"$realm/docket.conf"
export DOCKET_REALM=$realm
start_docketd
for order in strict leased gapless; do
    add_series acme/$order --order $order --restart never --last 1000
done
expect "an interval to 1000: a copy" 0 backup "$work/shorter"
for order in strict leased gapless; do
    expect "longer since: $order" 0 series set acme/$order --last 2000
    expect "and it has come beyond it: $order" 0 series advance acme/$order --to 1501 --reason more --yes
done
stop_docketd
rm -rf -- "${runtime:?}"/*
expect "the shorter interval, put back: done" 0 restore "$work/shorter" --replace --yes
expect "a floor beyond its end: accepted" 0 accept --yes --floor acme/strict=1500,acme/leased=1500,acme/gapless=1500
start_docketd
for order in strict leased gapless; do
    give="next acme/$order"
    [ "$order" != gapless ] || give="issue acme/gapless --key a --settled"
    # shellcheck disable=SC2086
    expect "it is used up: $order" 5 $give
    err_has "and says so: $order" "its last number"
    expect "longer again: $order" 0 series set acme/$order --last 2000
    # shellcheck disable=SC2086
    expect "it goes on: $order" 0 $give
    out_has "above all that was given: $order" '-00[12][0-9][0-9][0-9]$'
    check "not a number twice: $order" eval '[ "$(sed "s/.*-00//" "$case_out")" -gt 1500 ]'
done
expect "the law of marks holds" 0 verify
stop_docketd
finish
