#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Numbers of another system enter a counter, one commit each time: what becomes of the numbers, what clashes and what both
# sides say then, the same again, periods, and with workers at work. `docket import` itself is import_tool.sh.
#
# seconds: 3 5
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"
new_realm
. "$here/admin_lib.sh"
importer=$(binary docket-importer)
start_docketd
year=$(date -u +%Y)
before=$((year - 1))

# import "when: then" CODE SERIES PERIOD [OPTION...] <<<ROWS
import() {
    local case=$1 wanted=$2 code=0 series=$3 period=$4
    shift 4
    "$importer" "$realm" acme "$series" "$period" "$@" >"$case_out" 2>&1 || code=$?
    if [ "$code" = "$wanted" ]; then pass "$case"; else fail "$case (exit code $code, wanted $wanted)" "$case_out"; fi
}
next_of() { "$docket" next "acme/$1" --no-start --json | sed 's/.*"number":\([0-9]*\).*/\1/'; }
next_is() { check "$1" test "$(next_of "$2")" = "$3"; }
events_of() { "$docket" log "acme/$1" --kind import --no-start --json | grep -o '"kind":"import"' | wc -l; }

# ---- a strict series, its current period -------------------------------------

add_series acme/INV
import "a new counter: used, void, and what neither has" 0 INV "$year" <<ROWS
11 20 used 0 - -
22 22 used 0 - -
23 24 void 0 - -
30 30 used 0 - -
ROWS
out_has "the counts" "^imported 12 void 2 already 0 below 0 unnamed 16 clashing 0 highest 30 changed 1$"
check "every number has its fate" fate_is acme/INV "1-10 void (not in the import)" "11-20 handed out (imported)" \
    "21-21 void (not in the import)" "22-22 handed out (imported)" "23-24 void (imported)" \
    "25-29 void (not in the import)" "30-30 handed out (imported)"
next_is "the next number is above" INV 31
check "one event" test "$(events_of INV)" = 1
import "the same again: all there, nothing is written" 0 INV "$year" <<ROWS
11 20 used 0 - -
22 22 used 0 - -
23 24 void 0 - -
30 30 used 0 - -
ROWS
out_has "the counts" "^imported 0 void 0 already 14 below 0 unnamed 0 clashing 0 highest 30 changed 0$"
check "no event more" test "$(events_of INV)" = 1
import "numbers that the import before left out: imported now" 0 INV "$year" <<<"5 6 used 0 - -"
head_of() { fate_lines acme/INV | head -n 3 | diff - <(printf '%s\n' "$@"); }
check "the void around them stays" head_of "1-4 void (not in the import)" "5-6 handed out (imported)" \
    "7-10 void (not in the import)"
import "a number that docket gave: a clash" 1 INV "$year" <<ROWS
7 7 used 0 - -
31 31 used 0 - -
40 41 used 0 - -
ROWS
out_has "both sides are told" "^clash line 2: 31-31 used, docket: handed out () "
has_fate() { fate_lines "acme/$1" | grep -qxF "$2"; }
check "and nothing of the chunk was changed" has_fate INV "7-10 void (not in the import)"
import "with the clash left out: the others" 1 INV "$year" skip <<ROWS
7 7 used 0 - -
31 31 used 0 - -
40 41 used 0 - -
ROWS
out_has "they are imported" "^imported 3 .* unnamed 8 clashing 1 highest 41 changed 1$"
next_is "above them" INV 42
import "a void that docket says is used: a clash" 1 INV "$year" <<<"12 12 void 0 - -"
out_has "both sides" "12-12 void, docket: handed out (imported)"
import "a used one that the import before said is void: a clash" 1 INV "$year" <<<"24 24 used 0 - -"
out_has "both sides" "24-24 used, docket: void (imported)"
import "a dry run: what would be" 0 INV "$year" dry <<<"60 60 used 0 - -"
out_has "the counts" "^imported 1 void 0 already 0 below 0 unnamed 17 clashing 0 highest 60 changed 0$"
next_is "and nothing is" INV 43
import "numbers out of order: refused" 2 INV "$year" <<ROWS
60 60 used 0 - -
59 59 used 0 - -
ROWS
out_has "which line" "line 2.*ascend"
import "a key without a ledger: refused" 2 INV "$year" <<<"60 60 used 0 k -"
expect "an admin's void of an imported number" 0 void acme/INV 15 --yes --reason 'torn'
check "its range is cut" has_fate INV "16-20 handed out (imported)"
expect "an advance" 0 series advance acme/INV --to 100 --yes --reason 'gap'
import "a number in what it skipped: never given, so imported" 0 INV "$year" <<<"50 50 used 0 - -"
next_is "the counter stays where it was" INV 100

import "a chunk that says that others speak for what lies below" 0 INV "$year" from=200 <<<"210 210 used 0 - -"
out_has "it is not believed where the counter rises over it" "^imported 1 .* unnamed 109 "
check "each number has a fate" has_fate INV "101-209 void (not in the import)"

# ---- start-after, other periods ----------------------------------------------

add_series acme/LATE --start-after 500
import "below the counter's first number: counted, nothing more" 0 LATE "$year" <<ROWS
490 500 used 0 - -
501 503 used 0 - -
ROWS
out_has "the counts" "^imported 3 void 0 already 0 below 11 unnamed 0 clashing 0 highest 503 changed 1$"
next_is "the next" LATE 504
import "a period before, never seen" 0 INV "$before" <<<"1 4711 used 0 - -"
out_has "the counts" "^imported 4711 .* changed 1$"
expect "a number of it" 0 next acme/INV --date "$before-12-31"
out_has "goes on there" '004712$'
import "more of it, above" 0 INV "$before" <<<"4715 4720 used 0 - -"
expect "fates of it" 0 fate "acme/INV/$before"
out_has "what lies between is void" "4713 - *4714 .*void (not in the import)"
import "a number that docket gave of it: a clash" 1 INV "$before" <<<"4712 4712 used 0 - -"
expect "it is closed" 0 period close "acme/INV/$before" --yes --reason 'audited'
import "a closed one says so" 2 INV "$before" <<<"5000 5000 used 0 - -"
out_has "with its sentence" "PERIOD_CLOSED.*is closed"
import "what is there already is fine all the same" 0 INV "$before" <<<"1 4711 used 0 - -"
import "one that has not begun" 2 INV $((year + 1)) <<<"1 1 used 0 - -"
out_has "with its sentence" "has not begun"
import "a label that is none" 2 INV 20260101 <<<"1 1 used 0 - -"
import "no such series" 2 NONE "$year" <<<"1 1 used 0 - -"

# ---- leased: with a lease open, and without ------------------------------------

add_series acme/ORD --order leased
start_worker w --series acme/ORD --rate 4 --count 100000000
w=$child
has_open() { "$docket" fate acme/ORD --no-start | grep -q ' open'; }
wait_until 10 has_open || true
import "open leases: refused, with what to do" 2 ORD "$year" <<<"1000000 1000000 used 0 - -"
out_has "the sentence" "leases of acme/ORD/.* are open"
kill -TERM "$w"
wait_child "$w" || true
wait_until 10 has_no_open || true
import "they are back: imported" 0 ORD "$year" <<<"1000000 1000000 used 0 - -"
next_is "the next" ORD 1000001

# ---- with a ledger --------------------------------------------------------------

add_series acme/TAX --ledger on --restart never --template 'TAX-{N:4}'
tax_rows="3 3 used ${year}0105 old-3 TAX-0003
4 4 void ${year}0106 old-4 TAX-0004
6 6 used 0 old-6 -"
import "records, with the other system's ids as keys" 0 TAX 0 <<<"$tax_rows"
out_has "the counts" "^imported 2 void 1 already 0 below 0 unnamed 3 clashing 0 highest 6 changed 1$"
expect "the records" 0 records acme/TAX --columns number,text,state,key
check "are so" diff "$case_out" - <<'ROWS'
      NUMBER TEXT                     STATE    KEY
           3 TAX-0003                 issued   old-3
           4 TAX-0004                 void     old-4
           6 TAX-0006                 issued   old-6
ROWS
expect "a key that was imported is asked for" 0 issue acme/TAX --key old-3
out_has "its number" "^TAX-0003$"
expect "another key" 0 issue acme/TAX --key new-1
out_has "gets the next one" "^TAX-0007$"
import "the same again: all there" 0 TAX 0 <<<"$tax_rows"
out_has "nothing is written" "already 3 .* changed 0$"
import "a number that docket issued, with its own key: the same document" 0 TAX 0 <<<"7 7 used 0 new-1 -"
out_has "it is there" "already 1 "
import "with another key: a clash" 1 TAX 0 <<<"7 7 used 0 old-7 -"
out_has "docket's key and text" "docket: issued () key 'new-1' text 'TAX-0007'"
import "a key that has another number: a clash" 1 TAX 0 <<<"9 9 used 0 old-3 -"
out_has "which one" "key 'old-3' text 'TAX-0003' trace '' by key 3$"
import "one key twice in one import: a clash" 1 TAX 0 <<ROWS
9 9 used 0 old-9 -
10 10 used 0 old-9 -
ROWS
import "a text that reads as another number: refused" 2 TAX 0 <<<"9 9 used 0 - TAX-0008"
out_has "which" "line 1: TAX-0008 is number 8"
expect "numbers are reserved" 0 reserve acme/TAX --name r --count 3 --expires 1h
expect "and one comes back" 0 release acme/TAX --name r TAX-0009
import "the free one is nobody's, the reserved one is not" 1 TAX 0 skip <<ROWS
9 9 used 0 - -
10 10 used 0 - -
12 12 used 0 - -
ROWS
out_has "imported, and a clash" "^imported 2 .* unnamed 1 clashing 1 highest 12 changed 1$"
out_has "with what docket has" "clash line 2: 10-10 used, docket: reserved ()"
expect "gaps say why" 0 gaps acme/TAX --columns first,last,fate,cause
out_has "never given" "void *not in the import"
expect "the store is whole" 0 verify
expect "the trail is whole" 0 audit verify

# ---- docketd is killed; another one serves the same --------------------------------

fate_all() { "$docket" fate --all --no-start | sed -n 's/^ *\([0-9]* - *[0-9]*\) .*\(imported\|not in the import\).*/\1 \2/p'; }
fate_all >"$work/before"
kill_docketd
start_docketd
fate_all >"$work/after"
check "after kill -9: every imported number is as it was" diff "$work/before" "$work/after"
check "(there are some)" test "$(wc -l <"$work/before")" -gt 10
next_is "and the counter goes on" INV 211
finish
