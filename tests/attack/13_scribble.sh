#!/bin/bash
# SPDX-License-Identifier: MIT
#
# 13: everything that a worker can write is scribbled on: bits flipped, words
# swapped, zeroed, put back to what they were, made up; whole pages too. One
# process holds two desks, docketd's own turns and the library's own code, so
# that scribbles fall between any two steps: before a look, between a plan and
# its commit, over what a killed worker left, while docketd is down. An oracle
# says before each look what docketd must notice, and marks one by one the
# numbers that may come again by what docs/ORDERING.md says cannot be noticed.
# Red: a repeat of any other number, a scribble not noticed, a quarantine or a
# refusal of a series that nobody scribbled on, a number at or above the durable
# mark, a number without a fate at the end of a world, a crash, a hang.
# row: 13
# seconds: 4 200
. "$(dirname "$0")/lib.sh"

FLIPS=${FLIPS:-$(scale 1000000 50000000)}

new_work
runtime=$(mktemp -d /dev/shm/docket-scribble.XXXXXX)
program=$(binary scribble)
echo "seed $SEED"
if [ -n "${WORLD:-}" ]; then
    exec "$program" "$FLIPS" "$SEED" "$runtime" "$WORLD" # one world again; its folder stays
fi
code=0
began=$SECONDS
"$program" "$FLIPS" "$SEED" "$runtime" >"$work/scribble.out" 2>&1 || code=$?
[ "$code" = 0 ] || cat "$work/scribble.out"
got() { figure_of "$1" "$work/scribble.out"; }
note "in $((SECONDS - began)) s: $(tr '\n' ' ' <"$work/scribble.out")"

at_least "scribbles applied and judged" "$FLIPS" "$(got flips)"
at_most "of them: crashes, hangs, repeats and losses nobody may cause" 0 "$(got found)"
at_least "noticed at docketd's next look" 1000 "$(got noticed)"
at_least "repeats within the list of what cannot be noticed" 1 "$(got repeats)"
at_least "workers killed meanwhile" 100 "$(got kills)"
at_least "restarts of docketd over scribbled files" 100 "$(got restarts)"
finish
