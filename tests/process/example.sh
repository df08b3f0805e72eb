#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The README's example, as it is printed there: compiled by the Makefile, run here.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

example=$(binary example)
new_realm
start_docketd
prints_three_numbers() {
    "$example" "$realm" >"$work/example.out" || return 1
    [ "$(cat "$work/example.out")" = "INV-$(date -u +%Y%m%d)-000001
INV-$(date -u +%Y%m%d)-000002
INV-$(date -u +%Y%m%d)-000003" ] || { cat "$work/example.out"; return 1; }
}
refuses_a_missing_realm() {
    ! "$example" "$work/nowhere" >"$work/example.out" 2>"$work/example.err" && test -s "$work/example.err"
}
check "the README's example: takes three numbers" prints_three_numbers
check "the README's example, no realm: says why and ends with 1" refuses_a_missing_realm
finish
