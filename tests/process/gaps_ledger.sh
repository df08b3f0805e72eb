#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A series with a ledger: fate, gaps, report and records say the same of every number,
# whatever became of it: issued, void, released, pending, in doubt, reserved, passed over,
# or given before the ledger was kept.
#
# seconds: 20 60
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
year=$(date -u +%Y)
helper() { env -u LD_PRELOAD python3 "$here/gaps.py" "$@"; }
run() { "$docket" "$@" --no-start >>"$work/run.log" 2>&1; }

# all_are TENANT/SERIES "FIRST-LAST fate (cause)"...: the whole of it
all_are() {
    local series=$1
    shift
    diff <(printf '%s\n' "$@") <(fate_lines "$series")
}
gaps_are() {
    local series=$1
    shift
    diff <([ $# -eq 0 ] || printf '%s\n' "$@") \
        <("$docket" gaps "$series" --json --no-start | jq -r '.gaps[] | "\(.first)-\(.last) \(.fate)" + (if .cause == "" then "" else " (\(.cause))" end)')
}
gap() { # TENANT/SERIES FIRST JQ-CONDITION
    "$docket" gaps "$1" --json --no-start | jq -e --argjson first "$2" "[.gaps[] | select(.first == \$first)] | length == 1 and (.[0] | $3)"
}
states_are() { # TENANT/SERIES "NUMBER STATE KEY"...
    local series=$1
    shift
    diff <(printf '%s\n' "$@") <("$docket" records "$series" --json --no-start | jq -r '"\(.number) \(.state) \(.key // "-")"')
}
# what fate, gaps, report and records say of every counter agrees
same() {
    fate || return 1
    for what in gaps report; do
        "$docket" "$what" --json --no-start >"$work/$what.json" &&
            "$docket" "$what" --csv --no-start >"$work/$what.csv" 2>/dev/null &&
            helper "$what" "$work/fate.json" "$work/$what.json" "$work/$what.csv" || return 1
    done
    : >"$work/records.json"
    for series in $(jq -r '[.counters[] | select(.ledger) | "\(.tenant)/\(.series)"] | unique[]' "$work/fate.json"); do
        "$docket" records "$series" --json --no-start >>"$work/records.json" || return 1
    done
    helper records "$work/fate.json" "$work/records.json"
}

# ---- one of each ---------------------------------------------------------------

add_series acme/G --order gapless --template 'G{N:4}' --restart never
expect "a series with a ledger of which nothing was asked: no record" 0 records acme/G
out_has "a series with a ledger of which nothing was asked: says so" '^no such record$'
check "a series with a ledger of which nothing was asked: no gap" gaps_are acme/G

for i in 1 2 3 4 5 6; do run issue acme/G --key "order-$i" --settled; done
check "six issued: one range" all_are acme/G '1-6 issued'
check "six issued: no gap" gaps_are acme/G
check "six issued: six records, each with its key" states_are acme/G '1 issued order-1' '2 issued order-2' \
    '3 issued order-3' '4 issued order-4' '5 issued order-5' '6 issued order-6'
check "six issued: report, nothing unused" eval '"$docket" report acme/G --json --no-start |
    jq -e ".rows[0] | .from == 1 and .to == 6 and .net_issued == 6 and .total == 6 and .unused == 0 and .ledger and .order == \"gapless\" and .state == \"open\""'

run issue acme/G --key p-1 --pending --expires 1h --trace t/1 --metadata '{"a":[1,"x"]}'
run issue acme/G --key p-2 --pending --expires 1h
run reserve acme/G --name batch -n 3 --expires 1h
run release acme/G --key p-1
run void acme/G --key order-4 --yes --reason 'sent twice, "sorry"'
check "one of each: fate has them in order" all_are acme/G '1-3 issued' '4-4 void (voided)' '5-6 issued' '7-7 free' \
    '8-8 pending' '9-11 reserved'
check "one of each: what is not issued is missing" gaps_are acme/G '4-4 void (voided)' '7-7 free' '8-8 pending' '9-11 reserved'
check "a void one: who, when, why" gap acme/G 4 ".uid == $me and .event > 0 and .reason == \"sent twice, \\\"sorry\\\"\" and (now - .time_ns / 1e9 < 120)"
check "a released one: who and when" gap acme/G 7 ".uid == $me and (now - .time_ns / 1e9 < 120)"
check "a pending one: whose" gap acme/G 8 ".uid == $me and .cause == \"\""
check "report: each in its column" eval '"$docket" report acme/G --json --no-start | jq -e ".rows[0] |
    .total == 11 and .net_issued == 5 and .void == 1 and .pending == 1 and .reserved == 3 and .held == 4 and .spare == 1"'
check "all of it agrees" same
run settle acme/G --name batch
check "settled by name: issued" all_are acme/G '1-3 issued' '4-4 void (voided)' '5-6 issued' '7-7 free' '8-8 pending' '9-11 issued'
run issue acme/G --key again --settled
check "the lowest free one is given again" all_are acme/G '1-3 issued' '4-4 void (voided)' '5-7 issued' '8-8 pending' '9-11 issued'
check "its record is the new one" eval '"$docket" records acme/G --key again --json --no-start | jq -e ".number == 7 and .state == \"issued\" and .text == \"G0007\""'
expect "the key of the released one has none" 0 records acme/G --period never --from 7 --state issued --json
check "records from a number on, of one state" eval '[ "$(jq -c .number "$case_out" | tr "\n" " ")" = "7 9 10 11 " ]'
expect "records of a key that nobody asked for: no" 1 records acme/G --key nobody
err_has "records of a key that nobody asked for: says so" "no number of acme/G has the key 'nobody'"
check "a pending one's record: held, until when, trace, metadata as JSON" eval '"$docket" issue acme/G --key m --pending --expires 1h --trace t/1 --metadata "{\"a\":[1,\"x\"]}" --no-start >/dev/null 2>&1 &&
    "$docket" records acme/G --key m --json --no-start | jq -e ".state == \"pending\" and .expires != null and .trace == \"t/1\" and .metadata.a[1] == \"x\" and .attempts >= 1 and .uid == '"$me"'"'
expect "records --csv" 0 records acme/G --csv
check "records --csv: as --json has them" eval 'python3 - "$case_out" <<EOF
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="", encoding="utf-8"), strict=True))
assert [r["number"] for r in rows] == [str(n) for n in range(1, 13)], rows
assert rows[3]["reason"] == "sent twice, \"sorry\"" and rows[11]["metadata"] == "{\"a\":[1,\"x\"]}", rows
EOF'
expect "records of a state that there is not: wrong" 2 records acme/G --state gone
expect "records --key --state: wrong" 2 records acme/G --key m --state issued
expect "records of in-doubt ones: done" 0 records acme/G --state in-doubt
out_has "records of in-doubt ones: there is none" '^no such record$'

# ---- passed over; a period that is over; before the ledger -------------------------

run release acme/G --key m
run series advance acme/G --to 30 --yes --reason 'new paper'
run issue acme/G --key late --settled
check "passed over: void, also where it was free" all_are acme/G '1-3 issued' '4-4 void (voided)' '5-7 issued' \
    '8-8 pending' '9-11 issued' '12-29 void (advanced)' '30-30 issued'
check "passed over: its record says void too" eval '"$docket" records acme/G --from 12 --state void --json --no-start | jq -e "select(.number == 12) | .state == \"void\" and .event > 0"'
check "passed over: all of it agrees" same

add_series acme/WAS --restart never
"$docket" next acme/WAS -n 5 --no-start >/dev/null
run void acme/WAS 2 --yes --reason early
run series set acme/WAS --ledger on
run issue acme/WAS --key first --settled
check "a ledger that was turned on: what was given before is handed out" eval 'fate_lines acme/WAS | head -n 3 | diff - <(printf "%s\n" "1-1 handed out" "2-2 void (voided)" "3-5 handed out")'
check "a ledger that was turned on: the next one is issued" eval 'fate_lines acme/WAS | grep -q "^\([0-9]*\)-\1 issued$"'
check "a ledger that was turned on: all of it agrees" same

add_series acme/LAST --ledger on
run issue acme/LAST --key this-year
run issue acme/LAST --key last-year --date "$((year - 1))-12-31"
check "two periods: records of both, the older one first" eval '[ "$("$docket" records acme/LAST --json --no-start | jq -r "\"\(.period) \(.key)\"" | tr "\n" ";")" = "'"$((year - 1)) last-year;$year this-year;"'" ]'
run issue acme/LAST --key another --date "$((year - 1))-12-31"
check "two periods: records from a number on, of both" eval '[ "$("$docket" records acme/LAST --from 2 --json --no-start | jq -r .key | tr "\n" ";")" = "another;" ]'
check "two periods: records of one" eval '[ "$("$docket" records acme/LAST/'"$year"' --json --no-start | jq -r .key)" = this-year ]'
check "two periods: report has the older one ended, the other open" eval '[ "$("$docket" report acme/LAST --json --no-start | jq -c "[.rows[].state]")" = "[\"ended\",\"open\"]" ]'
expect "records of a series that is not there: no" 1 records acme/NONE
check "records of a series that is not there: none was made" eval '! "$docket" series show acme/NONE --no-start'
add_series acme/PLAIN
expect "records of a series without a ledger: no" 1 records acme/PLAIN
err_has "records of a series without a ledger: says so" 'keeps no ledger'

# ---- holders that end ------------------------------------------------------------

run_child "$work/holder" env -u LD_PRELOAD python3 "$here/gaps.py" pending "$library" "$realm" acme/G 3
holder=$child
check "a process that holds three pending ones" wait_until 5 grep -q '^held' "$work/holder"
check "they are pending" eval 'fate_lines acme/G | grep -q "^31-33 pending"'
check "report counts them as held" eval '"$docket" report acme/G --json --no-start | jq -e ".rows[0] | .pending == 4 and .to == 33"'
kill_child "$holder"
check "it was killed: they are in doubt" wait_until 10 eval 'fate_lines acme/G | grep -q "^31-33 in doubt"'
check "it was killed: a gap, whose" gap acme/G 31 ".fate == \"in doubt\" and .count == 3 and .uid == $me"
check "it was killed: records of that state" eval '[ "$("$docket" records acme/G --state in-doubt --json --no-start | jq -c .number | tr "\n" " ")" = "31 32 33 " ]'
check "it was killed: all of it agrees" same

# ---- workers' logs against fate -----------------------------------------------------

add_series acme/W --order gapless --restart never
start_worker w1 --series acme/W --threads 2 --count 60
first=$child
start_worker w2 --series acme/W --threads 2 --rate 100
wait_until 20 eval '[ "$("$docket" fate acme/W --json --no-start | jq "[.counters[].mark] | add // 0")" -gt 40 ]' || true
kill_child "$child"
wait_child "$first" || true
none_pending() { ! fate_lines acme/W | grep -q pending; }
check "workers of a gapless series, one killed: all is in doubt" wait_until 15 none_pending
check "the audit: each number that was given once, none that was given is free" audit --only acme/W
check "the audit: something was logged" audited logged -ge 120
check "the audit wants no holes: there are, nothing is resolved" eval '! audit --only acme/W --gapless >/dev/null'
run resolve acme/W --all --settle --yes --reason 'they are on documents'
check "resolved: 1 to n are issued" eval '[ "$(fate_lines acme/W | grep -vc "issued$")" = 0 ]'
check "the audit: 1 to n, no hole" audit --only acme/W --gapless
lose_power
start_docketd
check "power lost: nothing of a series with a ledger is unknown" eval '! fate_lines acme/G | grep unknown'
check "power lost: all of it agrees" same

# ---- anything, at random ---------------------------------------------------------------

add_series any/R1 --order gapless
add_series any/R2 --order gapless --release void --restart never --start-after 500
add_series any/R3 --ledger on --restart monthly
add_series any/R4 --order gapless --on-expiry free
at_random() { # how many
    local turn series key name
    for turn in $(seq "$1"); do
        series=any/R$((RANDOM % 4 + 1)) key=k$((RANDOM % 12)) name=n$((RANDOM % 6))
        case $((RANDOM % 12)) in
        0 | 1 | 2) run issue "$series" --key "$key" --pending --expires 1h || true ;;
        3) run issue "$series" --key "$key" --settled || true ;;
        4) run reserve "$series" --name "$name" -n $((RANDOM % 7 + 1)) --expires 1h || true ;;
        5) run settle "$series" --key "$key" || true ;;
        6) run release "$series" --key "$key" || true ;;
        7) run void "$series" --key "$key" --yes --reason "turn $turn" || true ;;
        8) run release "$series" --name "$name" || true ;;
        9) run settle "$series" --name "$name" || true ;;
        10) run issue "$series" --key "soon-$turn-$RANDOM" --pending --expires 1s || true ;;
        11) [ $((RANDOM % 4)) != 0 ] || run series advance "$series" --to "$((RANDOM % 700))" --yes --reason "turn $turn" || true ;;
        esac
    done
}
for round in 1 2 3; do
    at_random "$(scale 50 400)"
    sleep 2.5 # what was pending for a second is in doubt by now
    check "anything at random, round $round: fate, gaps, report and records agree" same
    [ "$round" != 2 ] || { lose_power; start_docketd; }
done

# ---- who may; nobody serves ----------------------------------------------------------

if [ "$me" = 0 ] && command -v setpriv >/dev/null; then
    nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$docket" "$@" --realm "$realm" --no-start; }
    chmod 711 "$work" "$runtime"
    check "another user: reads no record of a private realm" eval '! nobody records acme/G 2>/dev/null'
    stop_docketd
    sed -i '/^.realm.$/a access = shared' "$realm/docket.conf"
    start_docketd
    check "another user of a shared realm: reads records, as fate" eval 'nobody records acme/G --key again --json | jq -e ".number == 7"'
fi
online=$("$docket" fate acme/G --no-start | sed -n 's/^ *\([0-9]*\) - \([0-9]*\) *[0-9]*  \([a-z ]*[a-z]\)\( ([a-z ]*)\)\{0,1\}.*/\1 - \2  \3\4/p')
stop_docketd
alike() { # neighbours of one state are one line there
    awk '{rest = substr($0, index($0, "  ") + 2); if (rest == was && $1 == last + 1) last = $3; else {if (was != "") print first " - " last "  " was; first = $1; last = $3; was = rest}} END {print first " - " last "  " was}'
}
check "docketd --offline fate: the same" eval 'diff <(alike <<<"$online") <("$docketd" --realm "$realm" --offline fate acme/G | sed -n "s/^acme\/G  //p")'
finish
