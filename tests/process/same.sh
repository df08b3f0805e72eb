#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# One test body, two kinds of realms: what same.c prints for a realm in memory
# must be what it prints for a real one, word by word. Among it the calls by
# name: threads, forks, the bound on handles.
# seconds: 12 12
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

same=$(binary docket-same)

says_the_same() {
    timeout 60 "$same" memory "$1" >"$work/$1.memory" || echo "WRONG: in memory it ended with $?" >>"$work/$1.memory"
    timeout 60 "$same" "$realm" "$1" >"$work/$1.real" || echo "WRONG: it ended with $?" >>"$work/$1.real"
    [ -s "$work/$1.real" ] && ! grep WRONG "$work/$1".* && diff -u "$work/$1.real" "$work/$1.memory"
}

# Texts carry the day: not across midnight.
while [ $(($(date +%s) % 86400)) -gt 86280 ]; do
    sleep 1
done
new_realm
start_docketd
for case in $("$same" list); do
    [ "$case" = only_declared ] || check "in memory as in a real realm: $case" says_the_same "$case"
done
stop_docketd
check "by name, docketd away: within its timeout" timeout 60 "$same" "$realm" without_docketd
rm -rf -- "${realm:?}" "${runtime:?}" "$logs"
new_realm 'series = declared'
start_docketd
check "in memory as in a real realm: only_declared" says_the_same only_declared
stop_docketd

finish
