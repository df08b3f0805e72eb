#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# docket_next_many() beside what same.sh compares: processes, signal handlers that
# take and fork inside the call, series that have ended, and a docketd that is away:
# what is left is given, and told as a part, also where the day ends meanwhile.
# seconds: 4 4
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

many=$(binary docket-many)

gives_what_is_left() {
    local said=$work/away
    mkfifo "$work/go"
    timeout 60 "$many" "$realm" away <"$work/go" >"$said" &
    local pid=$!
    exec 7>"$work/go"
    wait_until 20 grep -q ready "$said" || return 1
    kill_docketd
    echo >&7
    exec 7>&-
    local code=0
    wait "$pid" || code=$?
    cat "$said"
    return "$code"
}

new_realm
start_docketd
start_worker a --series acme/S --mode many --block 50 --count 200
first=$child
start_worker b --series acme/S --mode many --block 70 --count 200
wait_child "$child" || true
wait_child "$first" || true
check "two workers' logs: the audit is clean" audit
check "and all of them are there" audited logged -ge 24000
check "of a retired series and of one with a ledger: none, and it says why" timeout 60 "$many" "$realm" none_of_a_series_that_ended
check "processes at once: each number once, and none too few" timeout 60 "$many" "$realm" processes_take_each_once
check "a handler that takes and forks inside the call: each number once" timeout 60 "$many" "$realm" handlers_never_duplicate
check "docketd away: what is left comes as a part, then a timeout; of one day only" gives_what_is_left
finish
