#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Proof e: after a fork, parent and children take a million numbers each from
# handles they inherited, while another thread of the parent is inside calls:
# no overlap. COUNT sets another figure.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

count=${COUNT:-$(scale 100000 1000000)}

new_realm
forker=$(binary docket-forker)
start_docketd
add_series acme/ORD --order leased
add_series acme/INV --order strict

# The parent in two threads, three children and one grandchild; besides, the
# parent takes 1,013 numbers first, 37 before each fork and a block of 500.
extra=$((1013 + 3 * 37 + 500))
prove() {
    check "$1, fork in mid-lease and mid-block: the whole family takes its numbers" \
        timeout 600 "$forker" "$realm" "$logs" acme "$2" "$count" 3
}

prove strict INV
check "strict: the audit is clean" audit --unknown-max 0
check "strict: all $((count * 6 + extra)) numbers are logged" audited logged -eq $((count * 6 + extra))
prove leased ORD
check "leased: the audit is clean" audit --unknown-max 0
check "leased: all $((count * 6 + extra)) numbers are logged" audited logged -eq $((2 * (count * 6 + extra)))
check "both, all ended in order: nothing is handed out but not logged" audited not_logged -eq 0
finish
