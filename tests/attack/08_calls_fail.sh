#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The n-th call that can fail does fail, once and for good: each system call
# with one errno and then another, each allocation; in docketd (in six phases
# of its life), in a process inside libdocket, and in the command. A call of
# docket.h ends with a status and a sentence and works when the fault is gone;
# docketd either goes on or ends by itself with a sentence, and the next one
# serves; nothing ends by a signal; after a sync that failed docketd tries no
# other; the auditor finds no number twice, none without a fate, and none
# unknown unless the desk's files were taken away. At torture scale every n,
# until runs see no break; in check every STEP-th from a random one. SEED
# replays. What docketd said is listed at the end of $work/said (KEEP=1).
#
# row: 8
# seconds: 16 120
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/attack/breaks.sh
. "$here/breaks.sh"

step=${STEP:-$(scale 5 1)}
note "seed $SEED"

# some NAME OPTION...: from a random one within the step
some() {
    local name=$1
    shift
    breaks "$name" --from $((RANDOM % step + 1)) --step "$step" "$@"
}

phases=${PHASES:-create adopt rebuild serve reclaim stop library}
for phase in $phases; do
    some "$phase.once" --phase "$phase" --mode once
    some "$phase.good" --phase "$phase" --mode good
    some "$phase.memory" --phase "$phase" --mode once --kind allocations
    [ "$(scale 0 1)" = 1 ] || continue
    some "$phase.once.other" --phase "$phase" --mode once --second
    some "$phase.good.other" --phase "$phase" --mode good --second
    some "$phase.memory.good" --phase "$phase" --mode good --kind allocations
done

# What admins decide has happened as a whole or not at all, whatever call fails.
if [ -z "${PHASES:-}" ]; then
    admin_step=$(scale 31 3)
    for mode in once good "once --second"; do
        # shellcheck disable=SC2086
        breaks "admin.${mode// /}" --phase admin --mode $mode --from $((RANDOM % admin_step + 1)) --step "$admin_step"
    done
fi

number=0
command() {
    number=$((number + 1))
    some "command$number.once" --phase command --words "$1" --mode once
    [ "$(scale 0 1)" = 1 ] || return 0
    some "command$number.good" --phase command --words "$1" --mode good
    some "command$number.other" --phase command --words "$1" --mode once --second
    some "command$number.memory" --phase command --words "$1" --mode once --kind allocations
}

if [ -z "${PHASES:-}" ]; then
    command "next --no-start acme/STRICT"
    command "next --no-start acme/LEASED --json"
    command "block --no-start -n 5 acme/STRICT"
    command "peek acme/LEASED"
    command "status --json"
    command "inspect"
    command "series list"
    command "series show acme/STRICT"
    command "series add --no-start acme/NEW --order leased"
    command "fate --no-start --all --json"
    command "fate --no-start acme/LEASED"
fi
end_breaks

cat "$runtime"/*/*-outcomes.log 2>/dev/null | sort >"$work/said" || true
asked=$(scale 400 5000)
[ -z "${PHASES:-}" ] || asked=1
at_least "calls and allocations that failed, once or for good" "$asked" "$(sum injected)"
at_most "programs that ended by a signal" 0 "$(sum crashed)"
at_most "programs that ended, or calls that failed, without a word" 0 "$(($(sum silent) + $(sum stray)))"
at_most "syncs that docketd tried after one had failed" 0 "$(sum syncs)"
at_most "calls that did not work when the fault was gone" 0 "$(($(sum refused) + $(sum unserved) + $(sum hung)))"
at_most "audits that were not clean (duplicates, unaccounted)" 0 "$(sum unaudited)"
finish
