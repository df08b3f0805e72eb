#!/bin/bash
# SPDX-License-Identifier: MIT
#
# docket fix: a plan over invoices with planted duplicates is what another implementation of the rule says
# (fix_cases.py), whatever the order of the rows; applied as CSV, as SQL and by --run it leaves no duplicate; applied
# twice it changes nothing; data that changed and plans that say what they must not are refused; nothing that is
# killed leaves half of it.
# seconds: 12 90
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/postgres_lib.sh"
at_cleanup() { stop_postgres; }

here=$(cd "$(dirname "$0")" && pwd)
cases() { python3 "$here/fix_cases.py" "$@"; }
new_realm
plant=$(binary docket-plant)
rows=$(scale 2500 200000)
by=(--template '{SERIES}-{YYYY}-{N:6}' --series INV --no-start)

cd "$work"
cases make in.csv "$rows" "$SEED"
cp in.csv original.csv

# refused CODE WORDS COMMAND...: ends with the code, says the words on stderr, and nothing on stdout
refused() {
    local wanted=$1 words=$2 code=0
    shift 2
    "$@" >said.out 2>said.err || code=$?
    [ "$code" = "$wanted" ] && grep -q -e "$words" said.err && [ ! -s said.out ] && return
    echo "exit code $code, wanted $wanted and '$words'"
    head -n 5 said.out said.err
    return 1
}
plan() { "$docket" fix plan "$@" "${by[@]}" -q; }
apply() { "$docket" fix apply "$@" "${by[@]}"; }
no_duplicates() {
    local left
    left=$(cases twice "$1")
    [ "$left" = 0 ] || { echo "$left rows are of duplicates"; return 1; }
}
groups_are() { [ "$(sed -n 's/^# groups: //p' "$1")" = "$2" ] || { head -n 12 "$1"; return 1; }; }

# ---- the plan ----

plan in.csv -o plan.csv >said.out
check "plan, $rows rows: what the rule says, by another implementation" cases judge in.csv plan.csv
same_shuffled() {
    local seed
    for seed in 1 2; do
        cases shuffle original.csv in.csv "$seed"
        plan in.csv >again.csv
        cmp plan.csv again.csv || return 1
    done
    cp original.csv in.csv
}
check "plan, the rows in another order: the same bytes" same_shuffled
from_stdin() {
    cat in.csv | plan - | sed '/^# source/d; /^# sha256/d' >piped.csv
    sed '/^# source/d; /^# sha256/d' plan.csv | cmp - piped.csv
}
check "plan, from a pipe: the same plan" from_stdin
check "plan -o, a file that is there: it is left alone" refused 1 'is there already' plan in.csv -o plan.csv >said.out
check "plan --json: says how much, in JSON" eval "\"\$docket\" fix plan in.csv \"\${by[@]}\" --with suffix -o suffix.csv --json -q |
    jq -e '.renumbered > 20 and .left == 0 and .uses == []'"
suffix_only() { [ "$(grep -c ',renumber,.*-[1-9][0-9]*"*,same' suffix.csv)" = "$(grep -c ',renumber,' suffix.csv)" ]; }
check "plan --with suffix: each new number is the old one with a suffix" suffix_only

written_twice() {
    printf 'tenant,number,date,id\nacme,D-20260102-1,2026-01-02,1\nacme,D-20260103-1,2026-01-03,2\nacme,D-20260104-2,2026-01-04,3\n' >two.csv
    local as=(--template 'D-{YYYY}{MM}{DD}-{N}' --restart yearly)
    "$docket" fix plan two.csv "${as[@]}" -q >said.out && grep -q '^# groups: 0' said.out && grep -q 'left,acme.*another writing' said.out &&
        "$docket" fix plan two.csv "${as[@]}" --twice -q >said.out && grep -q '^1,renumber,acme,2,2026-01-03,D-20260103-1,D-20260103-3,' said.out &&
        ! grep -q 'another writing' said.out
}
check "plan, one number with two dates: left, and with --twice renumbered" written_twice

# ---- apply as CSV ----

apply plan.csv in.csv >changes.csv 2>said.err
renamed() { cases rename in.csv changes.csv out.csv && no_duplicates out.csv; }
check "apply: the CSV leaves no duplicate" renamed
# scan_says SOURCE: no duplicate, in capitals or not
scan_is_clean() {
    local code=0
    "$docket" scan "$1" "${by[@]}" --json -q >scan.json || code=$?
    [ "$code" -le 1 ] && [ -s scan.json ] && ! grep -q -e '"duplicate",' -e '"folded",' scan.json || { head -n 5 scan.json; return 1; }
}
check "scan, before: finds duplicates" eval '! scan_is_clean in.csv >/dev/null'
check "scan, after: finds none" scan_is_clean out.csv
cp out.csv in.csv
plan in.csv >second.csv
check "plan once more: no group is left" groups_are second.csv 0
twice_csv() {
    apply plan.csv in.csv >again.csv 2>said.err && [ "$(tr -d '\r' <again.csv)" = id,tenant,old,new ] && grep -q 'already applied' said.err
}
check "apply twice: says that it is applied, changes nothing, ends with 0" twice_csv
half_applied() {
    { head -n 6 changes.csv; } >first.csv
    cases rename original.csv first.csv in.csv
    apply plan.csv in.csv 2>said.err >rest.csv
    cat <(head -n 6 changes.csv) <(tail -n +2 rest.csv) | cmp - changes.csv
}
check "apply, some rows have their new number: emits the others" half_applied
cp original.csv in.csv

# ---- data that changed, plans that were edited ----

sed '100s/-[0-9][0-9],\([0-9]*\)$/-29,\1/' original.csv >in.csv
check "apply, a date changed since: refused" refused 4 'changed since' apply plan.csv in.csv
sed '50d' original.csv >in.csv
check "apply, a row is gone since: refused" refused 4 'changed since' apply plan.csv in.csv
{ cat original.csv; echo 'acme,INV-2030-000001,2030-01-01,999999'; } >in.csv
check "apply, a row is new since: refused" refused 4 'changed since' apply plan.csv in.csv
cp original.csv in.csv

# edit SED-SCRIPT: plan.csv with one change is edited.csv
edit() { sed "$1" plan.csv >edited.csv; ! cmp -s plan.csv edited.csv; }
first=$(grep -n -m 1 ',renumber,.*,INV-' plan.csv | cut -d: -f1)
second=$(grep -n ',renumber,.*,INV-' plan.csv | sed -n 2p | cut -d: -f1)
tenant=$(sed -n "${first}p" plan.csv | cut -d, -f3)
new=$(sed -n "${first}p" plan.csv | cut -d, -f7)
there=$(grep "^$tenant," original.csv | grep ',INV-' | tail -n 1 | cut -d, -f2)
edit "${first}s/,$new,/,MINE-1,/"
takes_edit() { apply edited.csv in.csv 2>said.err >said.out && grep -q ",MINE-1" said.out && grep -q "was edited" said.err; }
check "apply, a new number that a person wrote: taken, and says that it was edited" takes_edit
edit "${first}s/,$new,/,$(echo "$there" | tr A-Z a-z),/"
check "apply, a new number that is in the data, in small letters: refused with its line" \
    refused 2 "line $first: .*in the data already" apply edited.csv in.csv
edit "${second}s/,INV-[^,]*,\(same.*\)/,mine-1,\1/; ${first}s/,$new,/,MINE-1,/"
sed -i "${second}s/^\([0-9]*,renumber\),[a-z]*,/\1,$tenant,/" edited.csv
check "apply, one new number twice: refused with its line" refused 2 "line $second: .*line $first" apply edited.csv in.csv
edit "${first}s/^\([0-9]*,renumber,[a-z]*\),[0-9]*,/\1,77777777,/"
check "apply, a row that is not there: refused with its line" refused 2 "line $first: no row" apply edited.csv in.csv
edit "${first}s/,$new,/,,/"
check "apply, no new number: refused with its line" refused 2 "line $first: " apply edited.csv in.csv
edit "${first}d"
dropped() { apply edited.csv in.csv 2>said.err >fewer.csv && [ "$(wc -l <fewer.csv)" = $(($(wc -l <changes.csv) - 1)) ]; }
check "apply, a row was dropped: the others are emitted" dropped
head -n 20 plan.csv >edited.csv
check "apply, a plan that was cut off: refused" refused 2 'cut off' apply edited.csv in.csv
check "apply, no plan at all: refused" refused 2 'line 1: ' apply in.csv in.csv

# ---- as SQL ----

cases sqlite in.csv base.db
apply plan.csv in.csv --sql --dialect sqlite >script.sql
runs_sql() { cases script base.db script.sql && cases dump base.db out.csv && no_duplicates out.csv; }
check "apply --sql, sqlite: the script leaves no duplicate" runs_sql
cp out.csv fixed.csv
again_sql() { cases script base.db script.sql && cases dump base.db out.csv && cmp out.csv fixed.csv; }
check "the script once more, by a client that goes on after errors: nothing changes" again_sql
# broken SQL: on the unfixed data with one row changed, the script must leave everything as it is
broken_sql() {
    rm -f base.db
    cases sqlite original.csv base.db
    python3 -c 'import sqlite3, sys; base = sqlite3.connect("base.db"); base.execute(sys.argv[1]); base.commit()' "$1"
    cases dump base.db before.csv
    ! cases script base.db script.sql && cases dump base.db out.csv && cmp before.csv out.csv
}
last=$(tail -n 1 changes.csv | tr -d '\r')
last_id=${last%%,*} last_new=$(tail -n 1 changes.csv | python3 -c 'import csv, sys; print(next(csv.reader(sys.stdin))[3])')
check "the script, its last row has another number: all is as it was" broken_sql "UPDATE invoices SET number = 'X' WHERE id = $last_id"
check "the script, its last row is gone: all is as it was" broken_sql "DELETE FROM invoices WHERE id = $last_id"
check "the script, somebody took its last number: all is as it was" \
    broken_sql "INSERT INTO invoices SELECT 999999, tenant, lower('${last_new//\'/\'\'}'), date FROM invoices WHERE id = $last_id"
check "apply --sql of a CSV: asks whose SQL" refused 2 'dialect' apply plan.csv in.csv --sql

# ---- in the database ----

run() { "$docket" fix apply "$@" "${by[@]}" --run --yes -q; }
fresh_sqlite() { rm -f base.db base.db-journal; cases sqlite original.csv base.db; }
fresh_sqlite
plan_of_sqlite() { plan sqlite:base.db >base.csv && cmp <(sed '/^#/d' plan.csv) <(sed '/^#/d' base.csv); }
check "plan of SQLite: that of the same rows as CSV" plan_of_sqlite
check "apply --run, nobody to ask: refused" refused 2 'say --yes' "$docket" fix apply base.csv sqlite:base.db "${by[@]}" --run
runs_sqlite() { run base.csv sqlite:base.db >said.out && grep -q 'read back' said.out && cases dump base.db out.csv && no_duplicates out.csv && cmp out.csv fixed.csv; }
check "apply --run, SQLite: the rows are those that the script makes" runs_sqlite
check "scan of the database: finds no duplicate" scan_is_clean sqlite:base.db
again_sqlite() { run base.csv sqlite:base.db && cases dump base.db out.csv && cmp out.csv fixed.csv; }
check "apply --run twice: changes nothing, ends with 0" again_sqlite
changed_sqlite() {
    fresh_sqlite
    python3 -c 'import sqlite3; base = sqlite3.connect("base.db"); base.execute("UPDATE invoices SET date = 0 WHERE id = 3"); base.commit()'
    cases dump base.db before.csv
    refused 4 'changed since' run base.csv sqlite:base.db && cases dump base.db out.csv && cmp before.csv out.csv
}
check "apply --run, data that changed: refused, all is as it was" changed_sqlite
# A trigger that fails for the last row stands for whatever can go wrong there.
stopped_sqlite() {
    fresh_sqlite
    python3 -c 'import sqlite3, sys; base = sqlite3.connect("base.db"); base.execute("CREATE TRIGGER stop BEFORE UPDATE ON invoices WHEN old.id = " + sys.argv[1] + " BEGIN SELECT RAISE(ABORT, \"not this one\"); END"); base.commit()' "$last_id"
    refused 3 'not this one' run base.csv sqlite:base.db && cases dump base.db out.csv && cmp original.csv out.csv
}
check "apply --run, the last row cannot be changed: all is as it was" stopped_sqlite
killed_sqlite() {
    local turn old=0 new=0
    for turn in $(seq "$(scale 4 60)"); do
        fresh_sqlite
        run_child killed.out "$docket" fix apply base.csv sqlite:base.db "${by[@]}" --run --yes -q
        sleep_random 1 40
        kill_child "$child"
        cases dump base.db out.csv
        if cmp -s out.csv original.csv; then old=$((old + 1)); elif cmp -s out.csv fixed.csv; then new=$((new + 1)); else return 1; fi
        run base.csv sqlite:base.db >/dev/null && cases dump base.db out.csv && cmp out.csv fixed.csv || return 1
    done
    echo "$old old, $new new"
}
check "apply --run, killed at some moment: all rows are old or all are new, and the next run ends it" killed_sqlite

# Another table, columns of other names, one tenant, no column of tenants
other_table() {
    rm -f other.db
    python3 -c 'import sqlite3
base = sqlite3.connect("other.db")
base.executescript("CREATE TABLE \"my docs\" (pk INTEGER, \"doc \"\"no\"\"\" TEXT, printed TEXT);" + "".join(
    f"INSERT INTO \"my docs\" VALUES ({pk}, %s, %s);" % (repr(no), repr(day)) for pk, no, day in [(1, "A-1", "2026-01-01"), (2, "A-1", "2026-01-02"), (3, "A-2", "2026-01-03")]))'
    local as=(--columns 'number=doc "no",date=printed,id=pk' --tenant solo --template '{SERIES}-{N}' --series A --restart never)
    "$docket" fix plan sqlite:other.db --query 'SELECT * FROM "my docs"' "${as[@]}" -q -o other.plan >said.out &&
        refused 2 'say --table' "$docket" fix apply other.plan sqlite:other.db --query 'SELECT * FROM "my docs"' "${as[@]}" --run --yes &&
        "$docket" fix apply other.plan sqlite:other.db --query 'SELECT * FROM "my docs"' --table 'my docs' "${as[@]}" --run --yes -q &&
        python3 -c 'import sqlite3
rows = sqlite3.connect("other.db").execute("SELECT * FROM \"my docs\" ORDER BY pk").fetchall()
assert [row[1] for row in rows] == ["A-1", "A-3", "A-2"], rows'
}
check "apply --run, names with blanks and quotes, no column of tenants: the right row" other_table
profile_bound() {
    printf 'tenant,number,date,id\nacme,INV/25-26/00000001,2025-05-01,1\nacme,INV/25-26/00000001,2025-05-02,2\n' >long.csv
    "$docket" fix plan long.csv --template 'X{N:3}' --restart never --profile in-gst --with suffix -q >said.out && grep -q '^1,left,acme,2,.*no suffix fits' said.out
}
check "plan, a suffix that the profile has no room for: left, and why" profile_bound

if start_postgres; then
    fresh_postgres() {
        sql -v ON_ERROR_STOP=1 -c 'drop table if exists invoices' \
            -c 'create table invoices (id bigint primary key, tenant text not null, number varchar(60) not null, date date)' \
            -c "\\copy invoices (tenant, number, date, id) from 'original.csv' csv header" >/dev/null 2>&1
    }
    dump_postgres() { sql -c "\\copy (select tenant, number, date, id from invoices order by id) to '$1' csv header"; }
    fresh_postgres
    plan_of_postgres() { plan "postgresql:$postgres" >pg.csv && cmp <(sed '/^#/d' plan.csv) <(sed '/^#/d' pg.csv) && ! grep -q "$postgres_at" pg.csv; }
    check "plan of PostgreSQL: that of the same rows as CSV, and no word of how to connect" plan_of_postgres
    # as CSV of another hand: quotes
    is_fixed() { dump_postgres out.csv && python3 -c 'import csv; assert list(csv.reader(open("out.csv"))) == list(csv.reader(open("fixed.csv")))'; }
    is_original() { dump_postgres out.csv && python3 -c 'import csv; assert list(csv.reader(open("out.csv"))) == list(csv.reader(open("original.csv")))'; }
    apply pg.csv "postgresql:$postgres" --sql >pg.sql
    pg_script() { sql -f pg.sql && is_fixed; }
    check "apply --sql, postgresql: the rows are those that SQLite has" pg_script
    pg_script_again() { sql -f pg.sql >said.err 2>&1 || true; grep -q ERROR said.err && is_fixed; }
    check "the script once more, by a client that goes on after errors: nothing changes" pg_script_again
    pg_taken() {
        fresh_postgres
        sql -c "insert into invoices select 999999, tenant, lower('${last_new//\'/\'\'}'), date from invoices where id = $last_id"
        sql -f pg.sql >said.err 2>&1 || true
        grep -q ERROR said.err && sql -c 'delete from invoices where id = 999999' && is_original
    }
    check "the script, somebody took its last number: all is as it was" pg_taken
    pg_run() { run pg.csv "postgresql:$postgres" >said.out && grep -q 'read back' said.out && is_fixed && run pg.csv "postgresql:$postgres" && is_fixed; }
    check "apply --run, PostgreSQL, twice: the rows are those that the script makes" pg_run
    check "scan of the database: finds no duplicate" scan_is_clean "postgresql:$postgres"
    # Each row takes 5 ms: killed long before the last one, and long after the first.
    pg_killed() {
        fresh_postgres
        sql -c "create or replace function slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.005); return new; end'" \
            -c 'create trigger slow before update on invoices for each row execute function slow()'
        run_child killed.out "$docket" fix apply pg.csv "postgresql:$postgres" "${by[@]}" --run --yes -q
        wait_until 10 pg_is_changing || { echo "never seen to change rows"; return 1; }
        sleep 0.1
        kill_child "$child"
        is_original
    }
    pg_is_changing() { [ "$(sql -At -c "select count(*) from pg_stat_activity where query like 'UPDATE%' and pid <> pg_backend_pid()")" -gt 0 ]; }
    check "apply --run, killed among the rows: all is as it was" pg_killed
    # Somebody who writes must wait for the end, and is not lost.
    pg_waits() {
        run_child slow.out "$docket" fix apply pg.csv "postgresql:$postgres" "${by[@]}" --run --yes -q
        wait_until 10 pg_is_changing || return 1
        ! sql -v ON_ERROR_STOP=1 -c "set lock_timeout = '20ms'" -c "insert into invoices values (1000000, 'acme', 'X', null)" 2>said.err || return 1
        grep -q 'lock timeout' said.err && wait_child "$child" && is_fixed
    }
    check "apply --run, others write meanwhile: they wait" pg_waits
else
    skip "fix of a PostgreSQL (it cannot be started here: $(tail -n 1 "$work/initdb.log" 2>/dev/null))"
fi

# ---- the faults that the scan's own test plants ----

as=(--template 'INV-{YYYY}{MM}{DD}-{N:6}' --no-start -q)
found() { # WHAT SOURCE: how many findings of that kind
    "$docket" scan "$2" "${as[@]}" --csv >found.csv || true
    awk -F, -v what="$1" '$1 == what {count++} END {print count + 0}' found.csv
}
fixes_planted() { # SOURCE HOW-TO-APPLY...
    local source=$1
    shift
    [ "$(found duplicate "$source")" -ge 30 ] && [ "$(found folded "$source")" -ge 30 ] && [ "$(found twice "$source")" -ge 30 ] || return 1
    rm -f planted.plan
    "$docket" fix plan "$source" "${as[@]}" --twice -o planted.plan >said.out && "$@" || return 1
    [ "$(found duplicate "$source") $(found folded "$source") $(found twice "$source")" = '0 0 0' ] || { head -n 3 found.csv; return 1; }
}
by_csv() { "$docket" fix apply planted.plan planted.csv "${as[@]}" >changes.csv && cases rename planted.csv changes.csv out.csv && mv out.csv planted.csv; }
by_run() { "$docket" fix apply planted.plan "$1" "${as[@]}" --run --yes; }
"$plant" "$(scale 12000 200000)" 30 expected >planted.csv
cp planted.csv unfixed.csv
check "planted faults, CSV: a second scan finds no duplicate" fixes_planted planted.csv by_csv
"$plant" "$(scale 12000 200000)" 30 expected sqlite:planted.db
check "planted faults, SQLite: a second scan finds no duplicate" fixes_planted sqlite:planted.db by_run sqlite:planted.db
if [ -n "$postgres_at" ]; then
    sql -c 'create table planted (tenant text, number text, date date, id bigint)' -c '\copy planted from unfixed.csv csv header'
    sql -c 'drop table invoices' -c 'alter table planted rename to invoices'
    check "planted faults, PostgreSQL: a second scan finds no duplicate" fixes_planted "postgresql:$postgres" by_run "postgresql:$postgres"
fi

# ---- beside docket ----

start_docketd
year=$(date -u +%Y)
"$docket" series add acme/INV --template '{SERIES}-{YYYY}-{N:6}' -q >/dev/null
printf 'tenant,number,date,id\nacme,INV-%s-000001,%s-01-02,1\nacme,INV-%s-000001,%s-01-03,2\n' "$year" "$year" "$year" "$year" >now.csv
"$docket" fix plan now.csv -o now.plan -q >/dev/null
uses_next() { grep -q "^1,renumber,acme,2,.*,INV-$year-000002," now.plan && grep -q "^# uses: acme/INV/$year 2 to 2: import" now.plan; }
check "plan by the realm's series, docket gave none: the next number, and that it is to be imported" uses_next
emits_next() { "$docket" fix apply now.plan now.csv -q >said.out && grep -q ",INV-$year-000002" said.out; }
check "apply, docket gave none yet: emits it" emits_next
"$docket" next acme/INV >/dev/null
check "apply, docket has begun to give numbers: refused" refused 4 'docket itself gives' "$docket" fix apply now.plan now.csv
gets_suffix() { "$docket" fix plan now.csv -q >said.out && grep -q "^1,renumber,acme,2,.*,INV-$year-000001-2," said.out; }
check "plan, docket has begun to give numbers: a suffix" gets_suffix
left_with_why() { "$docket" fix plan now.csv --with numbers -q >said.out && grep -q '^1,left,acme,2,.*docket itself gives' said.out; }
check "plan --with numbers, docket has begun: left, and why" left_with_why
# What was imported, docket goes on after.
imported_gets_suffix() {
    "$docket" series add acme/OLD --template '{SERIES}-{YYYY}-{N:6}' -q >/dev/null
    printf 'tenant,number,date,id\nacme,OLD-%s-000001,%s-01-02,1\n' "$year" "$year" >old.csv
    "$docket" import old.csv --yes -q >/dev/null && printf 'acme,OLD-%s-000001,%s-01-03,2\n' "$year" "$year" >>old.csv &&
        "$docket" fix plan old.csv -q >said.out && grep -q "^1,renumber,acme,2,.*,OLD-$year-000001-2," said.out
}
check "plan, the series' numbers were imported: a suffix, since docket goes on after them" imported_gets_suffix
stop_docketd

finish
