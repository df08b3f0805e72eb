#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The end of a period for very many series at once. Both periods lie ready
# before the edge; behind it every series goes on at once, while docketd closes
# the old ones in batches. SERIES and AHEAD_S set other figures than 3000 and 15
# s before the edge (100,000 and 150 s at the scales proof and torture).
# seconds: 25 0
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

series=${SERIES:-$(scale 3000 100000)}
ahead_s=${AHEAD_S:-$(scale 15 150)}
shim=$(binary shiftclock.so)
scaler=$(binary docket-scale)

new_realm '[default]' 'restart = daily' 'template = {SERIES}-{YYYY}{MM}{DD}-{N:6}'
# Everybody's clock: midnight, UTC, is ahead_s away.
now_s=$(date +%s)
midnight_s=$((now_s + ahead_s))
export DOCKET_CLOCK_SHIFT_S=$((86400 - now_s % 86400 - ahead_s)) LD_PRELOAD=$shim

use() { "$scaler" "$realm" 16 1 "$series" "$1" >"$work/use.out" 2>&1; }
is_past_midnight() { [ "$(env -u LD_PRELOAD date +%s)" -gt "$midnight_s" ]; }
# The old periods are closed one after the other; the next look is the new day's.
laid_only_for_one_day() { ! "$docket" inspect 2>/dev/null | grep -q ' ended '; }
times() { grep -oF "$1" "$work/fate.json" | wc -l; }

start_docketd
check "$series series on first use: each begins at 1" use 1
check "the edge is still ahead" sh -c '[ "$(env -u LD_PRELOAD date +%s)" -lt "$0" ]' "$midnight_s"
check "midnight comes" wait_until $((ahead_s + 5)) is_past_midnight
check "behind the edge: every series begins at 1 again, at once" use 1
note "$series series over the edge: $(figure seconds "$work/use.out") s"
check "behind the edge: every old period is closed" wait_until 30 laid_only_for_one_day
check "behind the edge: and goes on with 2" use 2
check "fate: it can be read" fate
check "fate: the old day has one number of each series" test "$(times '{"first":1,"last":1,"fate":"handed out"')" = "$series"
check "fate: the new day two" test "$(times '{"first":1,"last":2,"fate":"handed out"')" = "$series"
check "fate: nothing is unknown or void" test "$(times '"fate":"unknown"')$(times '"fate":"void"')" = 00
stop_docketd
finish
