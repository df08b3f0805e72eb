#!/bin/bash
# SPDX-License-Identifier: MIT
# seconds: 4 4
#
# peers: the bench beside what people use instead, at its smallest: it counts, and a peer
# that gives wrong numbers turns it red. No times are tested.
source "$(dirname "$0")/lib.sh"
new_work
bench=$(dirname "$0")/../../bench/peers.sh
binary bench_peers >/dev/null

peers() { # GROUP
    mkdir -p "$work/place"
    TMPDIR=$work/place OUT=$work ONLY=$1 ROUNDS=1 MILLISECONDS=5 BUILD=$BUILD "$bench" >"$work/$1" 2>&1
}

refused() {
    ! peers broken || { echo "it ended with 0"; cat "$work/broken"; return 1; }
    grep -Eq 'file without a lock.*WRONG NUMBERS' "$work/broken" || { cat "$work/broken"; return 1; }
}

check 'peers that lock: ends with 0' peers locks
check 'their numbers and those of docket: right, each cell' jq -e '.right and (.cells | map(.right) | all)' "$work/peers.json"
check 'a peer that nobody locks: ends with 1, and says which' refused
check 'and its JSON: no figure is met' jq -e '.right == false and ([.figures[] | select(.met)] | length) == 0' "$work/peers.json"
check 'and no folder is left' rmdir "$work/place"
finish
