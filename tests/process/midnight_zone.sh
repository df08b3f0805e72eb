#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Midnight where the documents are made, not in Greenwich: four processes issue
# across it with docketd dead, two in a zone fourteen hours ahead and two in one ten
# hours behind; every text's date is what the C library says of that zone, each period
# begins at 1, and the audit is clean. Then zones that do not fit: an unknown one
# makes no series, one whose rules change moves the edges that stand on the board,
# and one that goes away lets nothing new be opened.
# seconds: 9 9
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

shim=$(binary shiftclock.so)
if ! command -v jq >/dev/null; then
    new_realm
    skip "midnight in a zone (no jq)"
    finish
fi

# The same instant is midnight in both: a new year there, and the last day of the old one here.
early=Pacific/Kiritimati late=Pacific/Honolulu
edge=$(date -u -d '2026-12-31 10:00' +%s)

now() {
    echo $(($(env -u LD_PRELOAD date +%s) + DOCKET_CLOCK_SHIFT_S))
}

# is_past SECONDS: the wall clock stands so long behind midnight
is_past() {
    [ "$(now)" -ge $((edge + $1)) ]
}

# begun TENANT PERIOD...: each has given numbers, from 1 on
begun() {
    local tenant=$1 label
    shift
    for label in "$@"; do
        [ "$(jq "[.counters[] | select(.tenant == \"$tenant\" and .period == $label and .first == 1 and
            .ranges[0].fate == \"handed out\")] | length" "$work/fate.json")" = 1 ] && continue
        echo "$tenant, period $label"
        jq -c '.counters[] | [.tenant, .series, .period, .mark, .ranges[0]]' "$work/fate.json"
        return 1
    done
}

has_taken() {
    fate && begun early 2026 20261231 20264 2026553 && begun late 202612 20261230 2026553
}

new_realm '[tenant early]' "zone = $early" '[tenant late]' "zone = $late"
export DOCKET_CLOCK_SHIFT_S=$((edge - 5 - $(date +%s)))
export LD_PRELOAD=$shim
start_docketd
for series in 'early/SY strict yearly' 'early/LD leased daily' 'early/SQ strict quarterly' 'early/LW leased weekly' \
    'late/SD strict daily' 'late/LM leased monthly' 'late/SW strict weekly'; do
    # shellcheck disable=SC2086
    set -- $series
    add_series "$1" --order "$2" --restart "$3"
done
workers=()
for id in e1 e2; do
    TZ=$early start_worker "$id" --series early/SY,early/LD,early/SQ,early/LW --count 0 --mode text --rate 600 --stop-file "$work/stop"
    workers+=("$child")
done
for id in l1 l2; do
    TZ=$late start_worker "$id" --series late/SD,late/LM,late/SW --count 0 --mode text --rate 600 --stop-file "$work/stop"
    workers+=("$child")
done
check "before midnight: every series gives numbers" wait_until 10 has_taken
wait_until 10 is_past -1
kill_docketd # one that stops in order takes back what is laid
wait_until 10 is_past 2
touch "$work/stop"
for pid in "${workers[@]}"; do
    wait_child "$pid" || true
done
start_docketd
check "midnight with docketd dead: every call succeeds, every text has the date of its zone" all_worked e1 e2 l1 l2
check "midnight with docketd dead: the audit is clean" audit --unknown-max 0
check "midnight at +14:00: each period begins at 1" begun early 2027 20270101 20271
check "midnight at -10:00: only the day is new" begun late 20261231
check "midnight at -10:00: the month goes on" test "$(jq '[.counters[] | select(.tenant == "late" and .period == 202701) |
    .ranges[] | select(.fate == "handed out")] | length' "$work/fate.json")" = 0
stop_docketd

# ---- zones that do not fit ----

unset LD_PRELOAD DOCKET_CLOCK_SHIFT_S
rm -rf "$work/realm" "$work/logs" "$runtime"
mkdir "$work/tz"
cp /usr/share/zoneinfo/Asia/Tokyo "$work/tz/Here"
cp /usr/share/zoneinfo/Asia/Tokyo "$work/tz/There"
export TZDIR=$work/tz
new_realm '[default]' 'zone = Here' 'restart = daily' '[tenant away]' 'zone = There' '[tenant gone]' 'zone = Nowhere'
start_docketd

# next_of SERIES: the text of its next number
next_of() {
    "$docket" next --no-start "$1" 2>&1
}

# dated SERIES ZONE: its next text carries the date there
dated() {
    local said before after
    before=$(TZ=$2 date +%Y%m%d)
    said=$(next_of "$1") || { echo "$said"; return 1; }
    after=$(TZ=$2 date +%Y%m%d)
    [[ $said == *-$before-* || $said == *-$after-* ]] || { echo "$said, not $before"; return 1; }
}

refused() {
    local said
    ! said=$(next_of "$1") || { echo "$said"; return 1; }
    grep -qF "$2" <<<"$said" || { echo "$said"; return 1; }
}

# no_counter TENANT
no_counter() {
    fate && [ "$(jq "[.counters[] | select(.tenant == \"$1\")] | length" "$work/fate.json")" = 0 ]
}

# begins_at HOUR: every period of acme/INV that stands on the board begins at that hour, UTC
begins_at() {
    "$docket" inspect --json >"$work/inspect.json" && jq -e '[.. | objects | select(.tenant? == "acme") | .periods[].start_s % 86400] |
        length > 0 and all(. == '$(($1 * 3600))')' "$work/inspect.json" >/dev/null
}

check "a zone: the date there" dated acme/INV Here
check "a zone: the day begins on the board when it begins there" begins_at 15
check "another tenant's zone" dated away/INV There
check "an unknown zone: refused with what to do" refused gone/INV 'no zone "Nowhere"'
check "an unknown zone: no counter was made" no_counter gone

# Half a day further west: today's edges lie elsewhere, and perhaps it is another day.
cp /usr/share/zoneinfo/Etc/GMT+12 "$work/tz/Here"
rm "$work/tz/There"
events() {
    "$docket" events --no-start --kind zone --json 2>/dev/null | grep -c '"zone"'
}
has_event() {
    [ "$(events)" -ge 1 ]
}
stop_docketd
start_docketd
check "a zone whose rules changed: an event says so" wait_until 5 has_event
check "a zone whose rules changed: the new date" wait_until 10 dated acme/INV Here
check "a zone whose rules changed: the edges on the board have moved" wait_until 10 begins_at 12
check "a zone that is gone: what is on the board goes on" wait_until 5 next_of away/INV
check "a zone that is gone: the log says what to do" grep -q 'no zone "There"' "$work/docketd.log"
check "a zone that is gone: no series more of it" refused away/OUT 'no zone "There"'
cp /usr/share/zoneinfo/Asia/Tokyo "$work/tz/There"
check "the zone is there again: series can be made" wait_until 5 next_of away/OUT
finish
