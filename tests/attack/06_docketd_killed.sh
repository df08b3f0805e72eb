#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# docketd killed at every system call of its life: the first start in an empty
# realm, a start that adopts the desk under workers, one that builds it anew,
# serving (attach, series, commits, blocks, giving back, fates), reclaiming a
# killed worker's leases, stopping in order; and each decision of an admin. All n until two runs in a row see
# no kill. After each kill a sound docketd starts at once and the same process
# goes on taking numbers; the auditor judges each new realm, and each phase's
# realm every hundred kills and at its end. PHASES and STEP set others.
#
# row: 6
# seconds: 100 90
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/attack/breaks.sh
. "$here/breaks.sh"

phases=${PHASES:-create adopt rebuild serve reclaim stop}
AT_ONCE=${AT_ONCE:-$(scale 10 6)}
# Decisions of admins: whole, with their event, or not at all. Each n of the stride in one
# of the parts; they take longest, and wait most of it, so all at once and first.
if [ -z "${PHASES:-}" ]; then
    parts=$(scale 4 3) stride=$(scale 6 1)
    first=$((RANDOM % stride + 1))
    for ((part = 0; part < parts; part++)); do
        breaks "admin$part" --phase admin --mode kill --from $((first + part * stride)) --step $((stride * parts))
    done
fi
for phase in $phases; do
    breaks "$phase" --phase "$phase" --mode kill --step "${STEP:-1}"
done
end_breaks

at_least "system calls of docketd at which it was killed" "$([ "${STEP:-1}" = 1 ] && [ -z "${PHASES:-}" ] && echo 700 || echo 1)" "$(sum injected)"
at_least "phases of its life, each until runs see no kill" "$(wc -w <<<"$phases")" "$(sum complete)"
at_most "audits that were not clean (duplicates, unaccounted)" 0 "$(sum unaudited)"
at_most "sound docketd that did not serve after a kill" 0 "$(($(sum unserved) + $(sum hung)))"
at_most "calls of a worker that did not work after a kill" 0 "$(($(sum refused) + $(sum stray)))"
finish
