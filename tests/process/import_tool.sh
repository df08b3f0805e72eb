#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# docket import: another system's invoices as CSV, from the file to the counters: periods, order modes, a ledger with the
# old ids as keys, what clashes, kills of docketd and of docket in the middle, workers on other series throughout.
#
#   ROWS   how many invoices the one has that is cut off
#
# seconds: 12 90
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"
realm_in=memory # no power is lost here
new_realm
. "$here/admin_lib.sh"
start_docketd
year=$(date -u +%Y)
before=$((year - 1))
add_series acme/INV
add_series acme/ORD --order leased
add_series acme/TAX --ledger on --template 'TAX-{YYYY}-{N:5}'
add_series acme/JOB --order gapless --template 'JOB-{YYYY}-{N:5}'
add_series beta/INV
add_series acme/CRN
start_worker other --series acme/CRN,beta/OTHER --threads 2 --rate 2000 --count 100000000
other=$child

# rows SERIES TEXT-FORMAT FROM TO DATE
rows() { awk -v form="$2" -v from="$3" -v to="$4" -v date="$5" 'BEGIN {
    for (n = from; n <= to; n++) printf "acme,%s,%s,id:%s,%s\n", sprintf(form, n), date, sprintf(form, n), n % 97 == 5 ? "cancelled" : "paid" }'; }
figure_of() { # NAME SERIES PERIOD
    python3 -c 'import json, sys
for c in json.load(open(sys.argv[1]))["counters"]:
    if (c["tenant"] + "/" + c["series"], c["label"]) == (sys.argv[3], sys.argv[4]): print(c[sys.argv[2]])' "$case_out" "$@"; }
says() { check "$1" test "$(figure_of "$2" "$3" "$4")" = "$5"; }

{
    echo tenant,number,date,id,status
    rows INV "INV-${before}1224-%06d" 1 4711 "$before-12-24"
    rows INV "INV-${year}0105-%06d" 1 500 "$year-01-05"
    rows INV "INV-${year}0110-%06d" 511 600 "$year-01-10"
    rows ORD "ORD-${year}0105-%06d" 1 2000 "$year-01-05"
    rows TAX "TAX-$before-%05d" 1 1000 "$before-07-01"
    rows TAX "TAX-$year-%05d" 1 900 "$year-01-05"
    rows JOB "JOB-$year-%05d" 3 50 "$year-01-05"
} | { read -r head; echo "$head"; shuf --random-source=/bin/ls; } >"$work/old.csv"

expect "a dry run" 0 import "$work/old.csv" --keys id --dry-run
out_has "what would be" "acme/INV *$before *4662 *49 *0 *0 *0 *0 *4712 INV-${before}1231-004712"
out_has "the next ten" "INV-$year....-000610"
check "changes nothing" test -z "$(fate_lines acme/INV | grep import)"
expect "the import" 0 import "$work/old.csv" --keys id --yes --json
says "a year before: all of it" imported acme/INV "$before" 4662
says "with voids" void acme/INV "$before" 49
says "what lies between" unnamed acme/INV "$year" 10
says "the next number" next acme/INV "$year" 601
says "leased" next acme/ORD "$year" 2001
says "with a ledger" imported acme/TAX "$year" 890
says "gapless: what the old system left out" unnamed acme/JOB "$year" 2
expect "the same again" 0 import "$work/old.csv" --keys id --yes --json
says "changes nothing" changed acme/TAX "$year" False
says "all there" already acme/INV "$before" 4711
expect "strict goes on above" 0 next acme/INV
out_has "(number)" "000601$"
expect "leased too" 0 next acme/ORD
out_has "(number)" "002001$"
expect "gapless too" 0 issue acme/JOB --key new --settled
out_has "(number)" "^JOB-$year-00051$"
expect "an old id is asked for: its old number" 0 issue acme/TAX --key "id:TAX-$before-00017" --date "$before-07-01"
out_has "(number)" "^TAX-$before-00017$"
expect "last year goes on above" 0 next acme/INV --date "$before-12-30"
out_has "(number)" "004712$"

long=$work/$(printf 'x%.0s' {1..120})/$(printf 'y%.0s' {1..120})$'\xff\x01'ü
mkdir -p "$long"
{ echo tenant,number,date; echo "beta,INV-${year}0105-000001,$year-01-05"; } >"$long/some.csv"
expect "a file with a long and odd name" 0 import "$long/some.csv" --yes
expect "its event" 0 log beta/INV --kind import --json
out_has "(is readable)" '"text":"beta/INV.*some.csv\|"text":"beta/INV.*yyyy'

# ---- what clashes -----------------------------------------------------------------

{ echo number,date,id,state; echo "INV-${year}0201-000601,$year-02-01,77,ok"; echo "INV-${year}0201-000602,$year-02-01,78,ok"; } >"$work/clash.csv"
expect "a number that docket gave" 1 import "$work/clash.csv" --tenant acme --yes
out_has "both sides are told" "^line 2: INV-${year}0201-000601, id 77, of $year-02-01, is used in the source; docket has number 601 as handed out"
err_has "nothing of it was imported" "from number 601 on nothing was imported"
expect "with what clashes left out" 0 import "$work/clash.csv" --tenant acme --yes --skip-clashes
expect "the next one" 0 next acme/INV
out_has "(number)" "000603$"
{ echo number,date; echo "INV-${year}0201-000700,$year-02-01"; echo "INV-${year}0202-000700,$year-02-02"; echo "what,$year-02-02"; } >"$work/odd.csv"
expect "rows that do not fit" 1 import "$work/odd.csv" --tenant acme --yes
err_has "are told" 'line 4: what: no series'
err_has "so is a number again" 'line 3: .*another row has its number (line 2)'
expect "left out" 0 import "$work/odd.csv" --tenant acme --yes --skip-misfits
expect "the next one" 0 next acme/INV
out_has "(number)" "000701$"
expect "keys without ids" 2 import "$work/odd.csv" --tenant acme --yes --keys id
expect "nobody to ask" 2 import "$work/clash.csv" --tenant acme

# ---- unknown numbers, and invoices as evidence ------------------------------------------

add_series acme/LOST --template 'LOST-{YYYY}-{N:5}'
expect "some are taken" 0 next acme/LOST --count 40
cp "$case_out" "$work/taken"
kill_child "$other"
kill_docketd
find "$runtime" -mindepth 1 -maxdepth 1 ! -name realm ! -name state -exec rm -rf -- {} + # what a power loss leaves
start_docketd
{ echo number,date,id; sed -n '1,30p' "$work/taken" | sed "s/\$/,$year-01-01,1/"; sed -n "30s/\$/,$year-01-02,2/p" "$work/taken"; seq -f "OTHER-%05g,$year-01-01,9" 5; } >"$work/evidence.csv"
expect "a dry run" 0 reconcile acme/LOST --from "$work/evidence.csv" --dry-run
err_has "what the rows are" "^docket: 36 rows: [0-9]* name unknown numbers, [0-9]* name one of them again, [0-9]* name other numbers of the counter, 5 name none of it"
expect "the rows are the evidence, the rest is void" 0 reconcile acme/LOST --from "$work/evidence.csv" --void-rest --yes --reason 'all that there are'
check "nothing is unknown" eval '! fate_lines acme/LOST | grep unknown'
check "what the rows name is handed out, the rest void" eval 'fate_lines acme/LOST | grep -q "^[0-9]*-30 handed out (by evidence)" && fate_lines acme/LOST | grep -q "^31-[0-9]* void (voided)"'
expect "--columns without --from: refused" 2 reconcile acme/LOST --issued "$work/evidence.csv" --columns number=1
expect "the same again: nothing" 0 reconcile acme/LOST --from "$work/evidence.csv" --yes
out_has "(nothing)" "nothing was changed"
start_worker other2 --series acme/CRN,beta/OTHER --threads 2 --rate 2000 --count 100000000
other=$child

# ---- cut off in the middle, again and again -------------------------------------------

count=${ROWS:-$(scale 40000 200000)}
{ echo tenant,number,date,id,status; rows TAX "TAX-$((before - 1))-%05d" 1 "$count" "$((before - 1))-03-03"
    rows INV "INV-$((before - 1))0303-%06d" 1 "$count" "$((before - 1))-03-03" | awk 'NR % 3 != 0'; } >"$work/large.csv"
cuts=0 code=1
for turn in 1 2 3 4 5 6; do
    run_child "$work/large.log" "$docket" import "$work/large.csv" --keys id --yes --no-start
    tool=$child
    sleep_random 100 500
    if ((turn % 2)); then
        kill_docketd
        start_docketd
        code=0
        wait_child "$tool" || code=$?
        [ "$code" = 0 ] || cuts=$((cuts + 1))
    else
        kill_child "$tool"
        cuts=$((cuts + 1))
    fi
done
note "$cuts of 6 were cut off"
expect "at last it is whole" 0 import "$work/large.csv" --keys id --yes --json
says "every number of it" next acme/TAX $((before - 1)) $((count + 1))
whole() {
    "$docket" fate "acme/$1/$((before - 1))" --no-start --json >"$work/whole.json"
    python3 - "$work/whole.json" "$count" "$2" <<'CODE'
import json, sys
rows, count, every = json.load(open(sys.argv[1])), int(sys.argv[2]), sys.argv[3] == "every"
at = 1
for counter in rows["counters"]:
    for row in counter["ranges"]:
        assert row["first"] == at, row
        assert row["cause"] in ("imported", "not in the import"), row
        for n in range(row["first"], row["last"] + 1):
            void = n % 97 == 5
            named = every or n % 3 != 0
            used = "issued" if every else "handed out"
            want = ("void" if void or not named else used, "imported" if named else "not in the import")
            assert (row["fate"], row["cause"]) == want, (n, row)
        at = row["last"] + 1
assert at == count + 1 - (not every and count % 3 == 0), at
CODE
}
check "with a ledger: each number once, as the source says" whole TAX every
check "without: likewise, and what it left out is void" whole INV thirds
expect "the store is whole" 0 verify

# ---- into counters that are in use ----------------------------------------------------------

# The highest number comes first; then the tool is stopped, workers begin to take, and it goes on among them.
add_series acme/LIVE
add_series acme/HOT --order leased
live=$(scale 13000 300000)
begun() { "$docket" events --kind import --no-start 2>/dev/null | grep "acme/$1/" >/dev/null; }
taken() { "$docket" fate "acme/$1" --no-start | tail -n 5 | grep 'handed out$' >/dev/null; }
into_use() {
    { echo tenant,number,date,id,status; rows "$1" "$1-${year}0101-%06d" 1 "$live" "$year-01-01" | awk -F, -v OFS=, 'NR % 2 {$5 = "void"} {print}'; } >"$work/$1.csv"
    run_child "$work/$1.log" "$docket" import "$work/$1.csv" --yes --no-start
    local tool=$child code=0
    while ! begun "$1" && is_running "$tool"; do :; done
    kill -STOP "$tool"
    start_worker "$1" --series "acme/$1" --threads 2 --rate 3000 --count 100000000
    users=$child
    wait_until 10 taken "$1" || true
    kill -CONT "$tool"
    wait_child "$tool" || code=$?
    kill -TERM "$users"
    wait_child "$users" || true
    [ "$code" = 0 ] || cat "$work/$1.log"
    note "$("$docket" events --kind import --no-start 2>/dev/null | grep -c "acme/$1/") chunks, some of them among the workers' numbers"
    return "$code"
}
begins_above() { "$docket" fate "acme/$1" --no-start --json | python3 -c 'import json, sys
rows = [r for c in json.load(sys.stdin)["counters"] for r in c["ranges"]]
assert sum(r["last"] - r["first"] + 1 for r in rows if r["cause"] == "imported") == int(sys.argv[1]), rows[:5]
assert all(r["first"] > int(sys.argv[1]) for r in rows if r["cause"] != "imported"), [r for r in rows if r["cause"] != "imported"][:3]' "$live"; }
check "strict, workers take meanwhile: done" into_use LIVE
check "nobody was given an imported number, and every number has its fate" audit --only acme/LIVE
check "all of it is imported, and what was given lies above" begins_above LIVE
check "leased, with leases open: done" into_use HOT
check "nobody was given an imported number" audit --only acme/HOT
check "all of it is imported" begins_above HOT

# ---- the others never noticed ------------------------------------------------------------

check "workers on other series go on" is_running "$other"
kill -TERM "$other"
wait_child "$other" || true
check "all is accounted for, and given once" audit --only acme/CRN
check "of both" audit --only beta/OTHER
finish
