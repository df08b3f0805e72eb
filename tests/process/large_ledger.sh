#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A ledger that is too large to be read before docketd serves: it is read over then, once;
# damage in it ends docketd with a sentence, and a docketd that stops does not wait for it.
#
# seconds: 8
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

realm_in=memory
new_realm
"$(binary bench_ledger_store)" "$runtime/made" 600000 fill >"$work/fill.out" 2>&1 || fail "a large ledger is made" "$work/fill.out"
mv "$runtime/made/realm/store" "$runtime/made/realm/witness" "$realm/"

says() {
    grep -q "$1" "$work/docketd.log"
}

start_docketd
check "a large ledger: docketd serves and reads it over" wait_until 60 says "the ledger was read over in .* it is sound"
check "a large ledger: its numbers are found" "$docket" verify
stop_docketd
: >"$work/docketd.log"
start_docketd
stop_docketd
check "stopped at once: it does not read on" says "stopped in order"

# One bit of one folded record (and of its key, and of what freed pages still have of it).
flip() {
    local at byte
    for at in $(grep -obUaF "order-000000007777" "$realm/store/data.mdb" | cut -d: -f1); do
        byte=$(od -An -tu1 -j "$((at + 17))" -N 1 "$realm/store/data.mdb" | tr -d ' ')
        printf "\\x$(printf %x $((byte ^ 1)))" | dd of="$realm/store/data.mdb" bs=1 seek=$((at + 17)) conv=notrunc status=none
    done
}
ended() {
    ! is_running "$docketd_pid"
}
flip
: >"$work/docketd.log"
code=0
run_child "$work/docketd.log" "$docketd" --realm "$realm"
docketd_pid=$child
check "a damaged record of a large ledger: docketd ends" wait_until 30 ended
! is_running "$docketd_pid" || kill -KILL "$docketd_pid"
wait_child "$docketd_pid" || code=$?
docketd_pid=''
check "a damaged record of a large ledger: for safety" test "$code" = 4
check "a damaged record of a large ledger: it had served" says "serving"
check "a damaged record of a large ledger: and says which" says "the ledger is damaged and docketd ends: store/data.mdb is damaged: its page"
finish
