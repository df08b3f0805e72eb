#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Every bit of the store's file flipped, one at a time; besides zeroed sectors,
# pages over each other, pages of an older state, and short files. Each damaged
# store is opened with the store's own code in a process of its own: it must be
# refused with a sentence, or hold exactly what it held, and still do so after
# seventeen more commits. At check scale a sample, and all bits of both heads; in
# full one accepted flip in sixteen makes the commits.
#
#   FLIPS   bits at random, beside the heads' (0: every bit of the file)
#   MORE    each so many accepted flips are followed by commits      (1; torture 16)
#
# row: 14
# seconds: 14 380
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/attack/lib.sh
. "$here/lib.sh"

flips=${FLIPS:-$(scale 8000 0)}
printf 'seed %s\n' "$SEED"

# A small store as it is after a day: both orders, blocks, spares, unknown
# numbers, folded and journalled counters.
new_realm '[default]' 'window = 64'
start_docketd
add_series acme/INV --order strict
add_series acme/ORD --order leased --restart daily
work_some() {
    start_worker "$1" --series acme/INV,acme/ORD --threads 2 --count 60 --mode block --block 20 --take 15
    wait_child "$child" || true
    all_worked "$1" || fail "the worker of this test" "$work/$1.out"
}
work_some a
lose_power
start_docketd
work_some b
cp "$realm/store/data.mdb" "$realm/older.mdb"
"$docket" next acme/INV -n 3 --no-start >/dev/null
"$docket" next acme/ORD -n 3 --no-start >/dev/null
stop_docketd

images=$runtime/images
mkdir "$images"
"$(binary docket-damage)" "$realm" "$images" "$flips" "$SEED" "${MORE:-$(scale 1 16)}" >"$work/damage.out" 2>&1 ||
    fail "the damage can be done" "$work/damage.out"
sed 's/^/      /' "$work/damage.out"

asked=10000
[ "$flips" != 0 ] || asked=$((8 * $(figure_of bytes "$work/damage.out")))
at_least "damaged stores" "$asked" "$(figure_of cases "$work/damage.out")"
at_least "of these refused with a sentence" 1 "$(figure_of refused "$work/damage.out")"
at_most "accepted with other content" 0 "$(figure_of changed "$work/damage.out")"
at_most "accepted, with other content after more commits" 0 "$(figure_of later "$work/damage.out")"
at_most "refused without a sentence" 0 "$(figure_of silent "$work/damage.out")"
at_most "crashed" 0 "$(figure_of died "$work/damage.out")"
at_most "without an end" 0 "$(($(figure_of hung "$work/damage.out") + $(figure_of failed "$work/damage.out")))"
finish
