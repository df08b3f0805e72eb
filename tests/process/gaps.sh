#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# gaps and report: each cause is planted, and found once with its time and who did
# it; nothing is invented; and every figure is counted again from the rows of fate.
#
# seconds: 15 15
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

export TMPDIR=/dev/shm # power is lost by deleting files: the store need not wait for a disk
new_realm '[default]' 'window = 16'
start_docketd
# shellcheck source=tests/process/admin_lib.sh
. "$here/admin_lib.sh"
library=$(realpath "$BUILD/libdocket.so")
me=$(id -u)
helper() { env -u LD_PRELOAD python3 "$here/gaps.py" "$@"; }

# gap TENANT/SERIES FIRST LAST JQ-CONDITION: exactly one gap begins there, and is so
gap() {
    "$docket" gaps "$1" --json --no-start >"$work/gap.json" || return 1
    jq -e --argjson first "$2" --argjson last "$3" \
        "[.gaps[] | select(.first <= \$last and .last >= \$first)] |
         length == 1 and (.[0] | .first == \$first and .last == \$last and ($4))" "$work/gap.json" ||
        { jq -c '.gaps[]' "$work/gap.json"; return 1; }
}
gaps_are() { # TENANT/SERIES "FIRST-LAST fate (cause)"...
    local series=$1
    shift
    diff <([ $# -eq 0 ] || printf '%s\n' "$@") \
        <("$docket" gaps "$series" --json --no-start | jq -r '.gaps[] | "\(.first)-\(.last) \(.fate)" + (if .cause == "" then "" else " (\(.cause))" end)')
}
recent="(now - .time_ns / 1e9 | . > -1 and . < 120)"

# ---- nothing is missing -------------------------------------------------------

expect "a realm without a series: gaps has none" 0 gaps
out_has "a realm without a series: gaps says so" '^no number is missing$'
expect "a tenant without a series: gaps refuses" 1 gaps nobody
err_has "... and says so" 'there is no series of tenant nobody'
expect "... so does report" 1 report nobody
expect "a realm without a series: gaps --json is whole" 0 gaps --json
check "a realm without a series: gaps --json has no gap" jq -e '.gaps == [] and .numbers == 0' "$case_out"
expect "a realm without a series: gaps --csv has headings" 0 gaps --csv
out_has "a realm without a series: the headings" '^tenant,series,period,label,first,last,count,fate,'
expect "a realm without a series: report has no row" 0 report --json
check "a realm without a series: report --json is whole" jq -e '.rows == [] and .sums.total == 0 and (.store_id | length) == 32' "$case_out"

add_series acme/INV
"$docket" next acme/INV -n 10 --no-start >/dev/null
expect "ten numbers in turn: no gap" 0 gaps acme/INV --exit-code
out_has "ten numbers in turn: gaps says so" '^no number is missing$'
check "ten numbers in turn: what is laid ahead is no gap" gaps_are acme/INV
expect "ten numbers in turn: report" 0 report acme/INV --json
check "ten numbers in turn: 1 to 10, all issued, the rest unused" jq -e '.rows | length == 1 and (.[0] |
    .from == 1 and .to == 10 and .total == 10 and .net_issued == 10 and .void == 0 and .unused > 0 and .state == "open"
    and .documents == "any" and .profile == "none")' "$case_out"

# ---- each cause ----------------------------------------------------------------

"$docket" void acme/INV 3-4 --yes --reason 'cancelled, "by" Müller' --no-start >/dev/null
check "numbers that an admin voided: one gap, with cause, time, who, event, reason" gap acme/INV 3 4 \
    ".fate == \"void\" and .cause == \"voided\" and .uid == $me and .who == \"uid $me\" and .event > 0 and .reason == \"cancelled, \\\"by\\\" Müller\" and $recent and .count == 2"
check "numbers that an admin voided: the time in the reader's zone too" \
    eval 'TZ=Asia/Kolkata "$docket" gaps acme/INV --json --no-start | jq -e ".gaps[0] | (.time_local | endswith(\"+05:30\")) and (.time_utc | endswith(\"Z\"))"'
expect "--exit-code with a gap: one" 1 gaps acme/INV --exit-code
expect "without --exit-code: zero" 0 gaps acme/INV
out_has "the table has it" '^acme/INV .* 3  *4  *2 void  *voided '

add_series acme/LATE
check "a strict block given back after a later number: is void" eval 'helper late "$library" "$realm" acme/LATE | grep "later 11, returned 0"'
check "a strict block given back late: one gap, by whom" gap acme/LATE 5 10 \
    ".fate == \"void\" and .cause == \"given back\" and .uid == $me and .event > 0 and $recent"
check "a strict block given back late: an event says so" \
    eval '"$docket" log acme/LATE --no-start | grep "5 to 10 of acme/LATE/[0-9]* came back"'

add_series acme/JUMP
"$docket" next acme/JUMP -n 2 --no-start >/dev/null
"$docket" series advance acme/JUMP --to 100 --yes --reason 'a new book' --no-start >/dev/null
check "numbers that an admin passed over: one gap, before any number follows" gap acme/JUMP 3 99 \
    ".fate == \"void\" and .cause == \"advanced\" and .uid == $me and .reason == \"a new book\" and $recent"
"$docket" next acme/JUMP --no-start >/dev/null
check "numbers that an admin passed over: still the only gap" gaps_are acme/JUMP '3-99 void (advanced)'

add_series acme/AUTH --start-after 5000 --last 5010 --template 'A{N}' --restart never
"$docket" next acme/AUTH -n 10 --no-start >/dev/null
"$docket" next acme/AUTH --no-start >/dev/null 2>&1 || true # used up
"$docket" series set acme/AUTH --start-after 7000 --last 7999 --no-start >/dev/null
check "between two intervals: one gap" gap acme/AUTH 5011 7000 ".fate == \"void\" and .cause == \"interval over\" and .uid == $me and $recent"
check "between two intervals: report counts from the first one's first number" \
    eval '"$docket" report acme/AUTH --json --no-start | jq -e ".rows[0] | .from == 5001 and .to == 7000 and .total == 2000 and .void == 1990 and .net_issued == 10"'

add_series acme/LEA --order leased
run_child "$work/held" env -u LD_PRELOAD python3 "$here/gaps.py" hold "$library" "$realm" acme/LEA 8 3
holder=$child
check "a lease of 8 numbers, 3 taken: held" wait_until 5 grep -q '^held' "$work/held"
read -r _ rest_first rest_last <"$work/held"
"$docket" next acme/LEA -n 40 --no-start >/dev/null
check "a lease with later numbers: its rest is missing, open, whose seat it is" gap acme/LEA "$rest_first" "$rest_last" \
    '.fate == "open" and .seat >= 0 and (.who | startswith("seat ")) and .time_ns == null and .count == 5'
check "a lease with later numbers: report counts its rest as held" eval \
    '"$docket" report acme/LEA --json --no-start | jq -e ".rows[0] | .held == 5 and .open == 5 and .net_issued == 43"'
kill_child "$holder"
came_back() { gap acme/LEA "$rest_first" "$rest_last" '.fate == "spare" or .fate == "laid"'; }
check "its holder killed: the rest came back" wait_until 10 came_back
check "its holder killed: report counts it as spare" eval \
    '"$docket" report acme/LEA --json --no-start | jq -e ".rows[0] | .spare >= 5 and .held == 0 and .total == .net_issued + .spare"'
missing() { "$docket" gaps acme/LEA --json --no-start | jq .numbers; }
"$docket" next acme/LEA -n 40 --no-start >/dev/null
check "they are given again: no gap" eval '[ "$(missing)" = 0 ] || { "$docket" gaps acme/LEA --no-start; false; }'

add_series acme/LOST
"$docket" next acme/LOST -n 3 --no-start >/dev/null
lose_power
start_docketd
check "power lost: one gap, unknown, docketd says so" gap acme/LOST 1 16 \
    '.fate == "unknown" and (.cause == "power loss" or .cause == "runtime files lost") and .who == "docketd" and .uid == null and '"$recent"
check "power lost: an admin's void kept its event" gap acme/INV 3 4 '.cause == "voided" and .event > 0'
echo 1-3 >"$work/evidence"
"$docket" reconcile acme/LOST --issued "$work/evidence" --void-rest --yes --reason 'books closed' --no-start >/dev/null
check "reconciled: what evidence shows is no gap, the rest is void" gaps_are acme/LOST '4-16 void (voided)'

# ---- what is asked for -----------------------------------------------------------

add_series beta/INV
"$docket" next beta/INV -n 5 --no-start >/dev/null
"$docket" void beta/INV 2 --yes --reason b --no-start >/dev/null
check "gaps of a tenant: only its own" eval '[ "$("$docket" gaps beta --json --no-start | jq -c "[.gaps[] | .tenant] | unique")" = "[\"beta\"]" ]'
check "gaps of all: both tenants" eval '[ "$("$docket" gaps --json --no-start | jq -c "[.gaps[] | .tenant] | unique")" = "[\"acme\",\"beta\"]" ]'
expect "gaps of a series that is not there: no" 1 gaps acme/NO
expect "gaps of a tenant without series: refused" 1 gaps nobody
expect "gaps of a name that is none: wrong" 2 gaps 'a me'
expect "gaps --csv --json: wrong" 2 gaps --csv --json
year=$(date -u +%Y)
check "gaps of a period: the same" eval '[ "$("$docket" gaps beta/INV/'"$year"' --json --no-start | jq .numbers)" = 1 ]'
check "gaps of another period: none" eval '[ "$("$docket" gaps beta/INV --period 1999 --json --no-start | jq .numbers)" = 0 ]'
check "report of days: a period that lies in them" eval '[ "$("$docket" report beta --from '"$year"'-06-01 --to '"$year"'-06-30 --json --no-start | jq ".rows | length")" = 1 ]'
check "report of other days: none" eval '[ "$("$docket" report beta --to 2001-12-31 --json --no-start | jq ".rows | length")" = 0 ]'
check "report of other days: a series that never restarts" eval '[ "$("$docket" report acme --to 2001-12-31 --json --no-start | jq ".rows | length")" = 1 ]'
expect "report --to before --from: wrong" 2 report --from 2026-02-01 --to 2026-01-01
expect "report --from that is no day: wrong" 2 report --from yesterday
expect "report: the table" 0 report
out_has "report: it ends with when and of which store" "^as of 20[0-9TZ:-]* (20.*), realm $realm, store [0-9a-f]\{32\}, event [0-9]* of the audit trail has [0-9a-f]\{64\}$"
check "report: the head is that of the audit trail" eval '"$docket" audit verify --json --no-start | grep -q "$(sed -n "s/.*trail has //p" "$case_out")"'

if [ "$me" = 0 ] && command -v setpriv >/dev/null; then
    nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$docket" "$@" --realm "$realm" --no-start; }
    chmod 711 "$work" "$runtime"
    check "another user: sees no gap of a private realm" eval '! nobody gaps 2>/dev/null'
fi

# ---- every figure, counted again ---------------------------------------------------

for i in $(seq "$(scale 12 60)"); do
    order=strict
    [ $((i % 3)) != 0 ] || order=leased
    add_series "many/S$i" --order "$order" --window 16 --start-after "$((RANDOM % 100))"
    helper random "$library" "$realm" "many/S$i" "$RANDOM" || fail "numbers at random of many/S$i"
    [ $((i % 4)) != 0 ] || "$docket" series advance "many/S$i" --to "$((200 + RANDOM % 100))" --yes --reason "turn $i" --no-start >/dev/null 2>&1
    [ $((i % 6)) != 0 ] || { lose_power; start_docketd; }
done
same_as_fate() { # what fate says before and after is one: nobody takes numbers meanwhile
    fate && "$docket" "$1" --json --no-start >"$work/$1.json" && "$docket" "$1" --csv --no-start >"$work/$1.csv" 2>/dev/null &&
        helper "$1" "$work/fate.json" "$work/$1.json" "$work/$1.csv"
}
check "gaps of a realm that saw all of it: as fate has them, none twice, none left out" same_as_fate gaps
check "report of it: every figure as counted from fate, and they add up" same_as_fate report
stop_docketd
start_docketd
check "docketd stopped and started: gaps as fate has them" same_as_fate gaps
check "docketd stopped and started: report as counted" same_as_fate report
finish
