#!/bin/bash
# SPDX-License-Identifier: MIT
#
# 02: kill points x interleavings, on the project's own source. docketd's turns,
# adopting and reaping, and libdocket's calls are compiled against wrapped
# atomics (tests/attack/explore); an explorer runs every schedule of small worlds
# within a bound of preemptions and deaths: before each step on a shared word,
# the next step may be another's, or the process may be killed, docketd too,
# which then begins anew. A commit is one step of a thread of its own, so that
# docketd dies before it, behind it, and between it and the laying.
# Judged after each schedule, by itself: no number twice; every number below the
# mark has one fate, now and after a power loss; what the dead held comes back
# when they are reaped; nobody waits for ever; no sound word is quarantined.
# row: 02
# seconds: 18 480
. "$(dirname "$0")/lib.sh"

out=$(mktemp)
trap 'rm -f "$out"' EXIT
asked=$(scale 1000000 50000000)

# Each operation of src/base/atomics.h has its point: none runs unseen.
missing=$(sed -nE 's/^static inline [a-z0-9_]+ (dk_[a-z0-9_]+)\(.*/\1/p' src/base/atomics.h | grep -v '^dk_compiler_barrier$' |
    while read -r name; do
        grep -q "^static inline .* $name(" tests/attack/explore/base/atomics.h || echo "$name"
    done)
[ -z "$missing" ] && pass "every atomic operation is wrapped" || fail "not wrapped: $missing"

"$BUILD/docket-explore" "$(scale check torture)" "${ONLY_CONFIG:-}" >"$out" 2>&1 || true
cat "$out"
at_least "configurations searched" 50 "$(figure_of configurations "$out")"
at_most "configurations whose search was cut short" 0 "$(figure_of cut_short "$out")"
at_least "schedules of steps and deaths" "$asked" "$(figure_of schedules "$out")"
at_most "numbers given twice, or about to be" 0 "$(figure_of duplicates "$out")"
at_most "numbers without a fate, or with two" 0 "$(figure_of unaccounted "$out")"
at_most "numbers above the durable mark" 0 "$(figure_of above_mark "$out")"
at_most "callers or docketd that wait for ever" 0 "$(figure_of hangs "$out")"
at_most "sound words that were quarantined" 0 "$(figure_of quarantines "$out")"
at_most "numbers with an earlier date than one before them" 0 "$(figure_of disorders "$out")"
at_most "other faults" 0 "$(figure_of others "$out")"
finish
