#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The commands of series with a ledger: issue, reserve, settle, release, void,
# resolve, elsewhere. What each prints, its exit code, its JSON; docs/LEDGER.md's
# own commands are run by ledger_doc.sh.
#
# seconds: 12 12
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/process/cli_lib.sh
. "$here/cli_lib.sh"

new_realm
start_docketd
views_begin
add_series acme/JOB --ledger on --template 'JOB-{N:4}' --restart never
add_series acme/TAX --order gapless --template 'TAX-{N:4}' --restart never
add_series acme/YEAR --order gapless --template 'Y{YYYY}-{N}' --restart yearly
add_series acme/FEW --ledger on --template 'F{N:1}' --restart never --last 5
add_series acme/INV
year=$(date -u +%Y)

# fed LINES CODE ARGS...: docket ARGS with lines on stdin ends with CODE
fed() {
    local lines=$1 wanted=$2 code=0
    shift 2
    printf '%s' "$lines" | "$docket" "$@" >"$case_out" 2>"$case_err" || code=$?
    cat "$case_out" "$case_err"
    [ "$code" = "$wanted" ] || { echo "exit code $code, wanted $wanted"; return 1; }
}
long() { printf 'x%.0s' $(seq "$1"); }

# ---- wrong lines -------------------------------------------------------------

refused "issue without a key: wrong" 2 issue acme/JOB
refused "issue with --key and --keys: wrong" 2 issue acme/JOB --key a --keys -
refused "issue --pending without a time: wrong" 2 issue acme/JOB --key a --pending
err_has "issue --pending without a time: says why" 'nobody would hold'
refused "issue --pending and --settled: wrong" 2 issue acme/JOB --key a --pending --settled --expires 1m
refused "issue --settled with a time: wrong" 2 issue acme/JOB --key a --settled --expires 1m
for time in 0 0s 1w x 1mm 366d 99999999999; do
    refused "issue --expires $time: wrong" 2 issue acme/JOB --key a --expires "$time"
done
refused "issue of a day that is none: wrong" 2 issue acme/JOB --key a --date 2026-13-01
refused "issue of a date in words: wrong" 2 issue acme/JOB --key a --date today
refused "issue with metadata that is no JSON: wrong" 2 issue acme/JOB --key a --metadata '{"a":'
refused "issue with metadata that is no object: wrong" 2 issue acme/JOB --key a --metadata '[1]'
refused "issue with metadata of 2049 bytes: wrong" 2 issue acme/JOB --key a --metadata "{\"a\":\"$(long 2041)\"}"
refused "issue with metadata of a file that is not there: wrong" 2 issue acme/JOB --key a --metadata @/nowhere
refused "issue with an empty key: wrong" 2 issue acme/JOB --key ''
refused "issue with a key of 129 bytes: wrong" 2 issue acme/JOB --key "$(long 129)"
refused "issue with a key that ends with a blank: wrong" 2 issue acme/JOB --key 'a '
refused "issue with a key that is not UTF-8: wrong" 2 issue acme/JOB --key $'a\377'
refused "issue with a trace id with a blank: wrong" 2 issue acme/JOB --key a --trace 'a b'
refused "issue of a gapless series without saying how: wrong" 2 issue acme/TAX --key a
err_has "issue of a gapless series: says what to say" '--pending --expires 15m'
refused "issue from a file that is not there: wrong" 2 issue acme/JOB --keys /nowhere
refused "reserve without a name: wrong" 2 reserve acme/JOB --count 1 --expires 1h
refused "reserve of none: wrong" 2 reserve acme/JOB --name a --count 0 --expires 1h
refused "reserve of too many: wrong" 2 reserve acme/JOB --name a --count 10001 --expires 1h
refused "settle of nothing: wrong" 2 settle acme/JOB
refused "settle of a key and a text: wrong" 2 settle acme/JOB --key a JOB-0001
refused "void without a reason: wrong" 2 void acme/JOB --key a --yes
refused "void without --yes and without a terminal: wrong" 2 void acme/JOB --key a --reason x
err_has "void without --yes and without a terminal: says what it would ask" 'void the number that key a of acme/JOB has for good'
refused "void --dry-run of a ledger: wrong" 2 void acme/JOB --key a --reason x --dry-run
refused "resolve without a verb: wrong" 2 resolve acme/JOB --all --yes --reason x
refused "resolve with two verbs: wrong" 2 resolve acme/JOB --settle --void --all --yes --reason x
refused "resolve of nothing: wrong" 2 resolve acme/JOB --settle --yes --reason x
refused "resolve of --all and a number: wrong" 2 resolve acme/JOB --settle --all 1 --yes --reason x
refused "resolve without a reason: wrong" 2 resolve acme/JOB --settle --all --yes
refused "elsewhere without a note: wrong" 2 elsewhere acme/JOB X-1
refused "elsewhere with an empty note: wrong" 2 elsewhere acme/JOB X-1 --note ''
refused "void with a reason of 201 bytes: wrong" 2 void acme/JOB --key a --yes --reason "$(long 201)"
refused "resolve with an empty reason: wrong" 2 resolve acme/JOB --settle --all --yes --reason ''
refused "elsewhere without a text: wrong" 2 elsewhere acme/JOB --note x

for line in "issue acme/NO --key a" "reserve acme/NO --name a --count 1 --expires 1h" "settle acme/NO --key a" \
    "release acme/NO --key a" "void acme/NO --key a --reason x --yes" "resolve acme/NO --all --dry-run" \
    "elsewhere acme/NO A-1 --note x"; do
    # shellcheck disable=SC2086
    refused "${line%% *} of a series that is not there: no" 1 $line
    # shellcheck disable=SC2086
    refused "${line%% *} of a series without a ledger: no" 1 ${line/NO/INV}
    err_has "${line%% *} of a series without a ledger: says so" 'keeps no ledger'
done
check "none of these made a series" eval '! "$docket" series list | grep -q acme/NO'
expect "none of these gave a number" 0 issue acme/JOB --key first
out_is "none of these gave a number: the first is 1" JOB-0001

# ---- issue -------------------------------------------------------------------

expect "issue of a key again: done" 0 issue acme/JOB --key first
out_is "issue of a key again: the same number" JOB-0001
err_has "issue of a key again: says so" 'had it already; it is issued'
expect "issue with everything, --json" 0 issue acme/JOB --key 'Bestellung Nr. 5 für Müller' --date 2026-01-15 \
    --trace req/81 --metadata '{"customer": 17}' --json
keys "issue --json" schema_version realm tenant series key number text period date state again attempts
json "issue --json: what was asked" '.key == "Bestellung Nr. 5 für Müller" and .text == "JOB-0002" and .number == 2 and
    .period == 0 and .date == "2026-01-15" and .state == "issued" and .again == false and .attempts == 1'
printf '{"customer": 17}\n\n' >"$work/metadata"
expect "the same with metadata of a file: done" 0 issue acme/JOB --key 'Bestellung Nr. 5 für Müller' \
    --metadata "@$work/metadata" --json
json "the same with metadata of a file: again" '.again and .number == 2'
refused "another date: no" 1 issue acme/JOB --key 'Bestellung Nr. 5 für Müller' --date 2026-01-16
err_has "another date: the number that it has" 'JOB-0002'
expect "a day that is in no calendar: wrong" 2 issue acme/JOB --key calendar --date 2026-02-30
err_has "... and says so" "2026-02 has no day 30: its days are 1 to 28"
expect "... in a report too" 2 report acme --from 2026-02-30
expect "... as the beginning of a log" 2 log --since 2026-02-30
expect "... and of the events" 2 events --since 2026-02-30
expect "a range that goes down: wrong" 2 settle acme/JOB 5..1
err_has "... and says so" '5..1 is no range'
expect "metadata of no byte: wrong" 2 issue acme/JOB --key nothing --metadata ''
refused "other metadata: no" 1 issue acme/JOB --key 'Bestellung Nr. 5 für Müller' --metadata '{"customer": 18}'
expect "an error with --json" 1 issue acme/JOB --key 'Bestellung Nr. 5 für Müller' --date 2026-01-16 --json
json "an error with --json: the status" '.error.status == "DOCKET_KEY_DIFFERS" and .error.retryable == false' "$case_err"

check "issue --keys: 3 good lines, and empty ones" fed $'a\n\nb\t2026-01-15\nc\t\t{"x":1}' 0 issue acme/JOB --keys -
check "issue --keys: an object for each line" eval 'jq -s -e "map([.line, .key, .status, .text] | join(\" \")) ==
    [\"1 a DOCKET_OK JOB-0003\", \"3 b DOCKET_OK JOB-0004\", \"4 c DOCKET_OK JOB-0005\"]" "$case_out"'
err_has "issue --keys: the count" '3 numbers, of them 0 known before; 0 lines refused'
check "issue --keys with lines that are refused: 1" fed $'a\n\t2026-01-15\nd\tx\nb\t2026-01-16\ne\t\tnot\n'"$(long 129)"$'\nf\n' 1 \
    issue acme/JOB --keys -
check "issue --keys: each has its status, in order" eval 'jq -s -e "map(\"\(.line) \(.status)\") == [\"1 DOCKET_OK\",
    \"2 DOCKET_BAD_ARGUMENT\", \"3 DOCKET_BAD_DATE\", \"4 DOCKET_KEY_DIFFERS\", \"5 DOCKET_BAD_ARGUMENT\",
    \"6 DOCKET_BAD_ARGUMENT\", \"7 DOCKET_OK\"]" "$case_out"'
check "issue --keys: what differs has its number" eval 'jq -s -e ".[] | select(.line == 4) | .text == \"JOB-0004\"" "$case_out"'
seq 1 3000 | sed 's/^/many-/' >"$work/many"
expect "issue --keys of 3,000: done" 0 issue acme/JOB --keys "$work/many" --quiet
check "issue --keys of 3,000: 3,000 numbers" eval '[ "$(jq -r .text "$case_out" | sort -u | wc -l)" = 3000 ]'
cp "$case_out" "$work/first"
expect "issue --keys of 3,000 again: done" 0 issue acme/JOB --keys "$work/many"
check "issue --keys of 3,000 again: the same" diff <(jq -r .text "$work/first") <(jq -r .text "$case_out")
err_has "issue --keys of 3,000 again: known before" '3000 numbers, of them 3000 known before; 0 lines refused'
talk() {
    local line
    coproc "$docket" issue acme/JOB --keys - --quiet
    local to=${COPROC[1]} from=${COPROC[0]} child=$COPROC_PID
    echo talk-1 >&"$to" && read -r -t 5 line <&"$from" && echo "$line" && [[ $line == *'"key":"talk-1"'* ]] &&
        printf 'talk-2\ntalk-3\n' >&"$to" && read -r -t 5 line <&"$from" && read -r -t 5 line <&"$from" &&
        echo "$line" && [[ $line == *'"key":"talk-3"'* ]] && printf 'talk-4\tno day\n' >&"$to" &&
        read -r -t 5 line <&"$from" && [[ $line == *DOCKET_BAD_DATE* ]] || return 1
    exec {to}>&-
    wait "$child" || [ $? = 1 ]
}
check "issue --keys line by line: each is answered before the next is written" talk
check "a number that cannot be printed: said, and not lost" eval '! "$docket" issue acme/JOB --key lost >/dev/full 2>"$case_err"'
err_has "a number that cannot be printed: the key gives it again" 'the same key gives it again'

# ---- pending, settle, release -------------------------------------------------

expect "issue --pending: done" 0 issue acme/TAX --key one --pending --expires 15m
out_is "issue --pending: the number" TAX-0001
err_has "issue --pending: says what is to be done" 'docket settle acme/TAX --key'
expect "settle by key: done" 0 settle acme/TAX --key one
out_is "settle by key: a line" 'one  settled'
expect "settle by key again: done" 0 settle acme/TAX --key one
out_is "settle by key again: says so" 'one  settled already'
refused "release of what is settled: no" 1 release acme/TAX --key one
refused "settle of a key that nobody asked for: no" 1 settle acme/TAX --key nobody
err_has "settle of a key that nobody asked for: says so" 'no number of acme/TAX ever had this key'
expect "issue --expires alone is pending" 0 issue acme/TAX --key two --expires 1h --json
json "issue --expires alone is pending: the state" '.state == "pending"'
expect "release by key: done" 0 release acme/TAX --key two
out_is "release by key: a line" 'two  released'
expect "the number that came back is given next" 0 issue acme/TAX --key three --settled
out_is "the number that came back is given next: 2" TAX-0002
expect "the key whose number came back gets another" 0 issue acme/TAX --key two --settled
out_is "the key whose number came back gets another: 3" TAX-0003
refused "release of a key's number that was settled: no" 1 release acme/TAX --key three

expect "next of a gapless series: a number, issued" 0 next acme/TAX
out_is "next of a gapless series: the lowest free" TAX-0004
expect "next of a ledger: a number" 0 next acme/FEW --json
json "next of a ledger: as ever" '.numbers[0].text == "F1"'

# ---- reserve ------------------------------------------------------------------

expect "reserve: done" 0 reserve acme/TAX --name lot --count 6 --expires 12h
check "reserve: two lines" eval '[ "$(wc -l <"$case_out")" = 2 ]'
out_has "reserve: count, name, until when" '^acme/TAX/never  6 reserved as lot, until 20..-..-..T..:..:..Z$'
out_has "reserve: range and texts" '^  5 - 10  TAX-0005 - TAX-0010$'
expect "reserve again, --texts" 0 reserve acme/TAX --name lot --count 6 --expires 12h --texts
out_is "reserve again, --texts: the same" TAX-0005 TAX-0006 TAX-0007 TAX-0008 TAX-0009 TAX-0010
err_has "reserve again: says so" 'had them already'
refused "reserve again with another count: no" 1 reserve acme/TAX --name lot --count 7 --expires 12h
refused "settle of a reserved number without its name: no" 1 settle acme/TAX TAX-0005
expect "settle of a text, a number and a range, with the name" 0 settle acme/TAX --name lot TAX-0005 6 7..8
out_is "settle of a text, a number and a range: each" 'TAX-0005  settled' '6 of never  settled' '7 of never  settled' \
    '8 of never  settled'
expect "void with the name: done" 0 void acme/TAX --name lot TAX-0009 --yes --reason torn
out_is "void with the name: a line" 'TAX-0009  void'
expect "some of each: no" 1 settle acme/TAX --name lot TAX-0005 TAX-0009 TAX-0010 TAX-9999 OTHER-1
out_is "some of each: a line for each" 'TAX-0005  settled already' 'TAX-0009  NO: the number is void already' \
    'TAX-0010  settled' 'TAX-9999  NO: nobody was given this number, key or name' 'OTHER-1  NO: the series writes no such text'
err_has "some of each: the sum" '3 of 5 are not settled; the first is TAX-0009'
expect "some of each, --json" 1 settle acme/TAX --name lot TAX-0010 TAX-0009 --json
keys "settle --json" schema_version realm tenant series command name done already failed items items.[] items.[].text \
    items.[].status items.[].well items.[].message
json "settle --json: figures" '.done == 0 and .already == 1 and .failed == 1 and (.items[1].status == "DOCKET_ALREADY_VOID")'
json "settle --json: the error" '.error.status == "DOCKET_ALREADY_VOID"' "$case_err"
expect "all of a reservation, of which nothing is left: done" 0 release acme/TAX --name lot
out_is "all of a reservation, of which nothing is left: none" 'lot: 0 released'
refused "all of a reservation that nobody made: no" 1 release acme/TAX --name nobody
expect "reserve for stdin" 0 reserve acme/TAX --name big --count 2000 --expires 1h --texts
cp "$case_out" "$work/big"
check "an empty list is not the whole reservation: done" fed '' 0 release acme/TAX --name big -
check "an empty list is not the whole reservation: nothing is said" test ! -s "$case_out"
check "release of 2,000 from stdin: done" fed "$(cat "$work/big")" 0 release acme/TAX --name big -
check "release of 2,000 from stdin: each" eval '[ "$(grep -c "  released$" "$case_out")" = 2000 ]'
refused "stdin twice: wrong" 2 release acme/TAX --name big - -
expect "reserve with the end near: partial" 5 reserve acme/FEW --name rest --count 9 --expires 1h
out_has "reserve with the end near: what there is" '^acme/FEW/never  4 reserved as rest'
err_has "reserve with the end near: says so" '4 of the 9 were granted'
refused "reserve beyond the end: used up" 5 reserve acme/FEW --name more --count 1 --expires 1h
refused "issue beyond the end: used up" 5 issue acme/FEW --key more
expect "reserve --json" 0 reserve acme/TAX --name json --count 2 --expires 1h --json --texts
keys "reserve --json" schema_version realm tenant series name period date asked count expires again ranges ranges.[] \
    ranges.[].first ranges.[].last ranges.[].first_text ranges.[].last_text texts texts.[]
expect "reserve --json: released" 0 release acme/TAX --name json --json
json "release of a name, --json" '.command == "release" and .name == "json" and .done == 2 and .failed == 0 and .items == []'

# Numbers of a period that is not the current one.
expect "a number of last year: done" 0 issue acme/YEAR --key old --date $((year - 1))-12-30 --pending --expires 1h
out_is "a number of last year: its text" "Y$((year - 1))-1"
refused "its number, without its period: no" 1 settle acme/YEAR 1
refused "its number, by nobody who may: no" 1 settle "acme/YEAR/$((year - 1))" 1
expect "settled by its key: done" 0 settle acme/YEAR --key old

# ---- void ---------------------------------------------------------------------

expect "void of an issued number by its key: done" 0 void acme/JOB --key first --yes --reason 'cancelled by the customer'
refused "the key of a void number: no" 1 issue acme/JOB --key first
err_has "the key of a void number: says which" 'JOB-0001'
expect "void of it again: done" 0 void acme/JOB --key first --yes --reason 'again'
out_is "void of it again: says so" 'first  void already'
refused "settle of a void number: no" 1 settle acme/JOB --key first
expect "void of a number without a ledger is as ever" 0 next acme/INV
expect "void of a number without a ledger is as ever: done" 0 void acme/INV 1 --yes --reason x
out_has "void of a number without a ledger is as ever: a line" 'handed out -> void (voided)'

# ---- in doubt -------------------------------------------------------------------

expect "resolve where nothing is in doubt: done" 0 resolve acme/TAX --all --dry-run
out_is "resolve where nothing is in doubt: says so" 'nothing is in doubt'
expect "for a second" 0 reserve acme/TAX --name short --count 4 --expires 1s
expect "for a second, by key" 0 issue acme/TAX --key short --pending --expires 1s
in_doubt() { "$docket" resolve acme/TAX --all --dry-run --json --no-start | jq -e "(.numbers | length) == $1"; }
check "a second later: all 5 are in doubt" wait_until 10 in_doubt 5
expect "resolve --dry-run: done" 0 resolve acme/TAX --all --dry-run
out_has "resolve --dry-run: a line of a reservation" '^  TAX-0012  12 of never, in doubt since 20.*Z (expired), uid [0-9]*.*, reserved as short$'
out_has "resolve --dry-run: a line of a key" '^  TAX-0015  15 of never, in doubt since .*Z (expired), uid .*, key short$'
out_has "resolve --dry-run: nothing was changed" '^5 in doubt; nothing was changed (--dry-run)$'
expect "resolve --dry-run --json" 0 resolve acme/TAX --all --dry-run --json
keys "resolve --dry-run --json" schema_version realm tenant series dry_run verb done numbers numbers.[] numbers.[].number \
    numbers.[].text numbers.[].period numbers.[].key numbers.[].hold numbers.[].uid numbers.[].host numbers.[].since numbers.[].cause
expect "its key asked for again: pending again" 0 issue acme/TAX --key short --pending --expires 1h --json
json "its key asked for again: the same number" '.again and .text == "TAX-0015" and .state == "pending"'
refused "resolve of one that is not in doubt: no" 1 resolve acme/TAX --settle TAX-0012 TAX-0001 --yes --reason x
err_has "resolve of one that is not in doubt: nothing was decided" 'TAX-0001 is not in doubt, so nothing was decided'
check "resolve of one that is not in doubt: nothing was decided" in_doubt 4
refused "resolve without --yes: wrong" 2 resolve acme/TAX --settle --all --reason x
expect "resolve --settle of a text: done" 0 resolve acme/TAX --settle TAX-0012 --yes --reason 'found it'
out_is "resolve --settle of a text: a line" 'acme/TAX  1 in doubt: settled'
expect "resolve --void of a number: done" 0 resolve acme/TAX --void 13 --yes --reason 'nobody knows'
expect "resolve --release of all others: done" 0 resolve acme/TAX --release --all --yes --reason 'looked'
out_is "resolve --release of all others: a line" 'acme/TAX  2 in doubt: released'
check "resolve: nothing is left" in_doubt 0
check "resolve: an event says why" eval '"$docket" events --no-start | grep -q "found it"'
expect "late settle of what is free: no" 1 settle acme/TAX --name short TAX-0014

# ---- elsewhere ------------------------------------------------------------------

expect "elsewhere: done" 0 elsewhere acme/TAX tax-0016 --note 'by hand'
out_is "elsewhere: a line" 'tax-0016  taken'
expect "elsewhere: the log has it" 0 log acme/TAX --kind elsewhere
out_has "elsewhere: no series is read into the text" 'elsewhere: TAX-0016 of tenant acme was given elsewhere; because: by hand'
expect "elsewhere: the same again" 0 elsewhere acme/TAX tax-0016 --note 'by hand'
refused "elsewhere of a number of one's own: no" 1 elsewhere acme/TAX TAX-0001 --note 'by hand'
err_has "elsewhere of a number of one's own: which" 'TAX-0001'
check "elsewhere from stdin, one of which is known: 1" fed $'A-1\nTAX-0002\nA-2\n' 1 elsewhere acme/TAX - --note list
out_has "elsewhere from stdin: a line for each" '^TAX-0002  NO: '
expect "elsewhere --json" 0 elsewhere acme/TAX A-3 --note x --json
keys "elsewhere --json" schema_version realm tenant series done failed items items.[] items.[].text items.[].status \
    items.[].well items.[].message
expect "the numbers beside it" 0 reserve acme/TAX --name beside --count 4 --expires 1h --texts
check "the numbers beside it: 16 is left out" eval '! grep -q TAX-0016 "$case_out" && grep -q TAX-0017 "$case_out"'

add_series acme/OLD --ledger on --template 'OLD-{N:4}' --restart never
seq -f 'OLD-%04.0f' 2 6 >"$work/pad"
check "five texts of elsewhere in a row: taken" fed "$(cat "$work/pad")" 0 elsewhere acme/OLD - --note 'the old pad'
expect "the number before them: done" 0 issue acme/OLD --key 1
refused "then three in turn: no" 1 issue acme/OLD --key 2
err_has "then three in turn: says which texts" 'OLD-000[2-4]'
expect "asked again: the one behind them" 0 issue acme/OLD --key 2
out_is "asked again: the one behind them" OLD-0007
expect "what was passed over is void" 0 gaps acme/OLD --json
json "what was passed over is void, with a cause" '[.. | objects | select(.fate? == "void") | .last - .first + 1] | add == 5'

# ---- a series that is retired -----------------------------------------------------

add_series acme/BYE --order gapless --template 'BYE-{N:4}' --restart never
expect "before it is retired: a number" 0 issue acme/BYE --key open --expires 1h
expect "before it is retired: two more" 0 reserve acme/BYE --name open --count 2 --expires 1h
expect "retired: done" 0 series retire acme/BYE --yes --reason over
refused "retired: no new key" 5 issue acme/BYE --key new --expires 1h
refused "retired: no number" 5 next acme/BYE
refused "retired: its name is used up" 5 series add acme/BYE --order gapless
stop_docketd
start_docketd
expect "retired: its key has its number for ever" 0 issue acme/BYE --key open --expires 1h
out_is "retired: its key has its number for ever" BYE-0001
expect "retired: what is pending is settled" 0 settle acme/BYE --key open
expect "retired: what is reserved is released" 0 release acme/BYE --name open
expect "retired: its records are read" 0 records acme/BYE --columns state --no-headings
out_is "retired: what was released is void" issued void void

# ---- who may --------------------------------------------------------------------

as_nobody() {
    local code=0
    setpriv --reuid 65534 --regid 65534 --clear-groups "$docket" "$@" --realm "$realm" --no-start \
        >"$case_out" 2>"$case_err" </dev/null || code=$?
    cat "$case_out" "$case_err"
    return "$code"
}
may_not() {
    local code=0
    as_nobody "${@:2}" || code=$?
    [ "$code" = "$1" ]
}
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    stop_docketd
    chmod 711 "$work" "$runtime"
    printf 'access = shared\n' >>"$realm/docket.conf"
    start_docketd
    check "another user: gets a number" as_nobody issue acme/TAX --key nobody --expires 1h
    text=$(cat "$case_out")
    refused "another user's number, by its text alone: no" 1 settle acme/TAX "$text"
    err_has "another user's number, by its text alone: says whose it is" 'uid 65534'
    expect "another user's number, by its key: done" 0 settle acme/TAX --key nobody
    check "another user: may not void what is issued by its text" may_not 1 void acme/TAX "$text" --yes --reason x
    check "another user: may by its key" as_nobody void acme/TAX --key nobody --yes --reason x
    check "another user: reserves" as_nobody reserve acme/TAX --name nobody --count 2 --expires 1s
    check "another user: they are in doubt" wait_until 10 in_doubt 2
    check "another user: may look" as_nobody resolve acme/TAX --all --dry-run
    check "another user: may not resolve" may_not 3 resolve acme/TAX --all --settle --yes --reason x
    err_has "another user: is told who may" "root, docketd's user and those of admins"
    check "another user: nothing was resolved" in_doubt 2
    check "another user: may settle late with the name" as_nobody settle acme/TAX --name nobody
    check "another user: nothing is left" in_doubt 0
else
    skip "what another user may do (needs root and setpriv)"
fi

# ---- docketd ends -----------------------------------------------------------------

kill_docketd
refused "without docketd, --no-start: not reachable" 3 issue acme/JOB --key after --no-start --timeout 0.3
start_docketd
expect "after docketd's end: the same key, the same number" 0 issue acme/JOB --key a
out_is "after docketd's end: the same" JOB-0003
stop_docketd
expect "without docketd: the command starts it" 0 issue acme/JOB --key started
docketd_pid=$(sed -n 's/.*started docketd (pid \([0-9]*\)).*/\1/p' "$case_err")
check "without docketd: says that it started it" test -n "$docketd_pid"
gone() { ! is_running "$1"; }
if [ -n "$docketd_pid" ]; then
    kill -TERM "$docketd_pid"
    wait_until 10 gone "$docketd_pid" || true
fi
finish
