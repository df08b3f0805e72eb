#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The last number of another system: a series that is begun behind it goes on with the
# next one, in every restart and order mode, in zones where it is another year; a text
# of a period that is over is for documents dated back; what would go backwards, does
# not fit, has not come or is too large makes nothing, and the sentence says why. What
# comes first is audited.
# seconds: 5 5
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

at_cleanup() { unset LD_PRELOAD DOCKET_CLOCK_FILE; } # the clock's file goes

realm_in=memory
new_realm 'clock_guard_days = 0' '[tenant early]' 'zone = Pacific/Kiritimati' '[tenant late]' 'zone = Pacific/Honolulu' \
    '[tenant april]' 'restart = fiscal' 'fiscal-year = april' 'template = {SERIES}/{FY:2025-26}/{N:4}'
# shellcheck source=tests/process/admin_lib.sh
. "$here/admin_lib.sh"
at=$(date -u -d '2026-11-26 12:00' +%s)
set_clock "$work/clock" $((at - $(date +%s)))
export DOCKET_CLOCK_FILE=$work/clock LD_PRELOAD
LD_PRELOAD=$(binary shiftclock.so)
start_docketd

gives() { [ "$("$docket" next "$1" --no-start "${@:3}")" = "$2" ] || { "$docket" fate "$1"; return 1; }; }
issues() { "$docket" issue "$1" --key "k$RANDOM$RANDOM" --settled --no-start "${@:3}" | tee "$work/issued" && grep -q -- "$2" "$work/issued"; }
has_no() { ! "$docket" series list | grep -q "^$1 "; }

# ---- every restart and order mode ---------------------------------------------

# modes RESTART NAME TEMPLATE CURRENT NEXT PAST ITSNEXT FIRST DAY
modes() {
    local order series restart=$1
    shift
    for order in strict leased gapless; do
        series=$1-$order
        add_series "acme/$series" --order "$order" --restart "$restart" --template "$series-$2" --start-after "$series-$3" --dry-run &&
            ! has_no "acme/$series" && { echo "$series: a dry run made it"; return 1; }
        add_series "acme/$series" --order "$order" --restart "$restart" --template "$series-$2" --start-after "$series-$3" || return 1
        add_series "acme/$series" --order "$order" --restart "$restart" --template "$series-$2" --start-after "$series-$3" || return 1
        [ -z "$5" ] || add_series "acme/P$series" --order "$order" --restart "$restart" --template "P$series-$2" \
            --start-after "P$series-$5" || return 1
        if [ "$order" = gapless ]; then
            issues "acme/$series" "$series-$4" || return 1
            [ -z "$5" ] || { issues "acme/P$series" "P$series-$6" --date "$8" && issues "acme/P$series" "P$series-$7"; } || return 1
        else
            gives "acme/$series" "$series-$4" || return 1
            [ -z "$5" ] || { gives "acme/P$series" "P$series-$6" --date "$8" && gives "acme/P$series" "P$series-$7"; } || return 1
        fi
    done
}
check "never: behind it" modes never NEV '{N:6}' 004711 004712 '' '' '' ''
check "yearly: this year behind it, the last one for documents dated back" \
    modes yearly YEA '{YYYY}-{N:6}' 2026-004711 2026-004712 2025-000815 2025-000816 2026-000001 2025-12-31
check "a year in two digits" modes yearly TWO '{YY}/{N}' 26/99 26/100 24/7 24/8 26/1 2024-06-30
check "fiscal: of the calendar year" modes fiscal FIS '{FY:2025}-{N:3}' 2026-099 2026-100 2025-001 2025-002 2026-001 2025-03-01
check "quarterly" modes quarterly QUA '{YYYY}Q{Q}-{N}' 2026Q4-9 2026Q4-10 2026Q3-9 2026Q3-10 2026Q4-1 2026-09-30
check "monthly" modes monthly MON '{YYYY}{MM}{N:3}' 202611041 202611042 202610041 202610042 202611001 2026-10-01
check "weekly" modes weekly WEE '{GGGG}W{WW}.{N}' 2026W48.5 2026W48.6 2026W47.5 2026W47.6 2026W48.1 2026-11-20
check "daily" modes daily DAY '{YYYY}-{MM}-{DD}_{N}' 2026-11-26_5 2026-11-26_6 2026-11-25_5 2026-11-25_6 2026-11-26_1 2026-11-25
check "a check digit" modes yearly CHK '{YYYY}{N:4}{LUHN}' 202600177 202600185 202500179 202500187 202600011 2025-05-05
check "a fiscal year from April, by docket.conf" add_series april/GST --start-after GST/2026-27/0099
check "its next one" gives april/GST GST/2026-27/0100
check "the fiscal year before" add_series april/OLD --start-after OLD/2025-26/0099
check "goes on for documents dated back" gives april/OLD OLD/2025-26/0100 --date 2026-03-31
check "and this one begins at 1" gives april/OLD OLD/2026-27/0001

# ---- what is shown --------------------------------------------------------------

expect "dry-run of a text of this year: may" 0 series add acme/SEE --template 'SEE-{YYYY}-{N:6}' --start-after SEE-2026-004711 --dry-run
out_has "dry-run: what it was read as" '^SEE-2026-004711 is number 4711 of 2026$'
out_has "dry-run: the next one" '^  SEE-2026-004712$'
check "dry-run: ten of them" eval '[ "$(grep -c "^  SEE-2026-0047[12]" "$case_out")" = 10 ]'
check "dry-run: makes nothing" has_no acme/SEE
expect "dry-run of one of last year: may" 0 series add acme/SEE --template 'SEE-{YYYY}-{N:6}' --start-after SEE-2025-004711 --dry-run --json
out_has "dry-run: with --json" '"start_after":{"text":"SEE-2025-004711","number":4711,"period":"2025","date":"2025-01-01","past":true}'
out_has "dry-run: this year begins at 1" '"next":\[{"number":1,"period":"2026"'
expect "plain digits: may" 0 series add acme/SEE --start-after 4711 --dry-run
out_has "plain digits: the next one" '^  SEE-20261126-004712$'

# ---- what is refused --------------------------------------------------------------

# no "when: then" CODE WORDS ARG...: and nothing is made
no() {
    local name=$1 code=$2 words=$3
    shift 3
    expect "$name: refused" "$code" series add "acme/${series:-NO}" "$@"
    err_has "$name: says why" "$words"
    check "$name: makes nothing" has_no "acme/${series:-NO}"
}
series=INV no "a number that the default template does not write" 2 "at character 9 .* with --template 'INV-{YYYY}-{N:6}' it is number 4711 of 2025" --start-after INV-2025-004711
no "small letters" 2 "small and capital letters are told apart" --template 'NO-{YYYY}-{N:6}' --start-after no-2026-000001
no "a wrong check digit" 2 "where {LUHN} writes '7'" --template 'NO{YYYY}{N:4}{LUHN}' --start-after NO202600178
no "next year" 1 "is number 7 of 2027, which has not begun" --template 'NO-{YYYY}-{N:6}' --start-after NO-2027-000007
no "2099, of a year in two digits" 1 "is number 7 of 2099, which has not begun" --template 'NO-{YY}-{N:6}' --start-after NO-99-000007
no "the largest number" 1 "is number 9999, and the last number of acme/NO is 9999" --template 'NO-{YYYY}-{N:4}' --at-end stop --start-after NO-2025-9999
no "above an interval" 1 "is number 600, and the last number of acme/NO is 500" --template 'NO-{N:4}' --restart never --last 500 --start-after NO-0600
no "two meanings" 2 "number=2026000017 or text=2026000017" --template '{YYYY}{N:6}' --start-after 2026000017
no "texts of another series" 2 "acme/NO would write" --template 'YEA-strict-{YYYY}-{N:6}' --start-after YEA-strict-2026-000001

# ---- a series that exists ----------------------------------------------------------

add_series acme/OLD --template 'OLD-{YYYY}-{N:6}' --start-after OLD-2026-000041
check "the first number" gives acme/OLD OLD-2026-000042
expect "declared again, behind the same: done" 0 series add acme/OLD --template 'OLD-{YYYY}-{N:6}' --start-after OLD-2026-000041
expect "declared again, behind less: an honest no" 1 series add acme/OLD --template 'OLD-{YYYY}-{N:6}' --start-after OLD-2026-000017
err_has "declared again, behind less: says where it begins" "begins at 42, not behind 17 of 2026"
expect "declared again, dry-run: the same no" 1 series add acme/OLD --template 'OLD-{YYYY}-{N:6}' --start-after OLD-2026-000017 --dry-run
expect "set behind more, with a number given: an honest no" 1 series set acme/OLD --start-after OLD-2026-000100
expect "advance behind less: an honest no" 1 series advance acme/OLD --after OLD-2026-000017 --yes --reason back
err_has "advance behind less: never back" "never goes back"
expect "advance, dry-run" 0 series advance acme/OLD --after OLD-2026-000100 --reason on --dry-run
out_has "advance, dry-run: what would be void" "43 - 100  spare -> void"
expect "advance behind a text: done" 0 series advance acme/OLD --after OLD-2026-000100 --yes --reason on
check "advance behind a text: the next one" gives acme/OLD OLD-2026-000101
expect "advance to a text: done" 0 series advance acme/OLD --to OLD-2026-000200 --yes --reason on
check "advance to a text: that one" gives acme/OLD OLD-2026-000200
expect "advance with a period that is not the text's: an honest no" 1 series advance acme/OLD/2025 --after OLD-2026-000300 --yes --reason on
expect "advance of a year that gave nothing: an honest no" 1 series advance acme/OLD --after OLD-2025-000300 --yes --reason on
expect "set of last year's beginning: done" 0 series set acme/OLD --start-after OLD-2025-000300
check "set of last year's beginning: goes on there" gives acme/OLD OLD-2025-000301 --date 2025-07-01
expect "set of it again: an honest no" 1 series set acme/OLD --start-after OLD-2025-000400
expect "advance of last year: done" 0 series advance acme/OLD --after OLD-2025-000400 --yes --reason on
check "advance of last year: goes on there" gives acme/OLD OLD-2025-000401 --date 2025-07-01
check "and this year as before" gives acme/OLD OLD-2026-000201
add_series acme/FRESH --template 'F-{YYYY}-{N:6}' --start-after F-2025-000009
expect "set before the first number: done" 0 series set acme/FRESH --start-after F-2026-000500
check "set before the first number: behind it" gives acme/FRESH F-2026-000501

# ---- zones, and docketd's death -----------------------------------------------------

at=$(date -u -d '2026-12-31 10:30' +%s)
set_clock "$work/clock" $((at - $(env -u LD_PRELOAD date +%s)))
expect "next year where it has begun: done" 0 series add early/INV --template 'INV-{YYYY}-{N:4}' --start-after INV-2027-0007
check "next year where it has begun: behind it" gives early/INV INV-2027-0008
expect "this year there: is over" 0 series add early/PAST --template 'P-{YYYY}-{N:4}' --start-after P-2026-0007
expect "next year where it has not: refused" 1 series add late/INV --template 'INV-{YYYY}-{N:4}' --start-after INV-2027-0007
err_has "next year where it has not: names the zone" "has not begun in the zone Pacific/Honolulu: it is 2026 there"
kill_docketd
start_docketd
check "docketd was killed: the year that is over goes on behind it" gives early/PAST P-2026-0008 --date 2026-12-31
check "docketd was killed: the year that began, at 1" gives early/PAST P-2027-0001

# ---- audited ---------------------------------------------------------------------------

add_series acme/AUD --template 'AUD-{YYYY}-{N:6}' --start-after AUD-2026-004711
start_worker w1 --series acme/AUD --count 500
one=$child
start_worker w2 --series acme/AUD --count 500
wait_child "$one" && wait_child "$child"
check "two processes behind it: both worked" all_worked w1 w2
check "audited: no gap, no duplicate" audit --only acme/AUD
check "audited: the first one is 4712" eval '"$docket" fate acme/AUD/2026 --no-start | grep -q "^ *4712 - 5711 .*handed out"'
stop_docketd
finish
