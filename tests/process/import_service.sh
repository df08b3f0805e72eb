#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A number service's own two tables, invoices and invoice_sequences, taken over in one go: series declared as their
# sequences and invoices are, marks at least at the sequences' values, from SQLite and (where one can be started) from PostgreSQL.
#
# seconds: 6 8
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"
realm_in=memory
new_realm
. "$here/admin_lib.sh"
# shellcheck source=tests/process/postgres_lib.sh
. "$here/postgres_lib.sh"
at_cleanup() { stop_postgres; }
if ! python3 -c 'import sqlite3' 2>/dev/null || [ ! -e "$BUILD/docket-source-sqlite.so" ]; then
    skip "a service's tables: there is no SQLite here"
    finish
fi
start_docketd
year=$(date -u +%Y)
before=$((year - 1))

# The tables as SQL: tenants acme and beta, one prefix by the day, one by the year, one for ever.
{
    echo "CREATE TABLE invoice_sequences (id INTEGER PRIMARY KEY, tenant_id VARCHAR(64), prefix VARCHAR(32), sequence_date VARCHAR(10), current_value INTEGER);"
    echo "CREATE TABLE invoices (id INTEGER PRIMARY KEY, tenant_id VARCHAR(64), invoice_number VARCHAR(64), created_at VARCHAR(32), status VARCHAR(16));"
    echo "INSERT INTO invoice_sequences VALUES (1,'acme','INV-','$before-12-24',57), (2,'acme','INV-','$before-12-25',3), (3,'acme','YR','$before',20), (4,'acme','YR','$year',9), (5,'beta','ALL',NULL,40), (6,'acme','INV-','$year-01-02',2);"
    echo "INSERT INTO invoices (id, tenant_id, invoice_number, created_at, status) VALUES"
    id=0
    each() { # TENANT FORMAT DATE FROM TO
        for ((n = $4; n <= $5; n++)); do
            id=$((id + 1))
            # shellcheck disable=SC2059
            printf "(%d,'%s','$2','%s 09:00:00','%s'),\n" "$id" "$1" "$n" "$3" "$([ $n = 5 ] && echo cancelled || echo issued)"
        done
    }
    each acme "INV-${before}1224-%06d" "$before-12-24" 1 55
    each acme "INV-${before}1225-%06d" "$before-12-25" 1 3
    each acme "INV-${year}0102-%06d" "$year-01-02" 1 2
    each acme "YR/$before/%04d" "$before-05-05" 2 20
    each acme "YR/$year/%04d" "$year-01-05" 1 9
    each beta "ALL%05d" "$year-01-05" 1 39
    echo "(9999,'beta','ALL00040','$year-01-05 10:00:00','issued');"
} >"$work/tables.sql"
env -u LD_PRELOAD python3 -c 'import sqlite3, sys
base = sqlite3.connect(sys.argv[1])
base.executescript(open(sys.argv[2]).read())
base.commit()' "$work/old.db" "$work/tables.sql"

sum() { cksum <"$work/old.db"; }
figure_of() { # NAME SERIES PERIOD
    python3 -c 'import json, sys
for c in json.load(open(sys.argv[1]))["counters"]:
    if (c["tenant"] + "/" + c["series"], c["label"]) == (sys.argv[3], sys.argv[4]): print(c[sys.argv[2]])' "$case_out" "$@"; }
says() { check "$1" test "$(figure_of "$2" "$3" "$4")" = "$5"; }

# take_over WHERE SOURCE TENANT OTHER-TENANT
take_over() {
    local a=$3 b=$4
    expect "$1: a dry run" 0 import "$2" --service --declare --dry-run
    err_has "$1: the columns that were found" "tenant=tenant_id, series=prefix, period=sequence_date, value=current_value"
    err_has "$1: a series by the day" "$a/INV .*restarts daily, {SERIES}-{YYYY}{MM}{DD}-{N:6}"
    err_has "$1: one by the year" "$a/YR .*restarts yearly, {SERIES}/{YYYY}/{N:4}"
    err_has "$1: one for ever" "$b/ALL .*restarts never, {SERIES}{N:5}"
    out_has "$1: what would be" "$a/INV *$before-12-24 *54 *2 *0 *0 *1 *0 *58 INV-${before}1224-000058"
    check "$1: nothing is declared" eval '! "$docket" fate '"$a"'/INV --no-start'
    expect "$1: taken over" 0 import "$2" --service --declare --keys id --yes --json
    says "$1: a day's invoices" imported $a/INV "$before-12-24" 54
    says "$1: its void one, and the sequence's last value" void $a/INV "$before-12-24" 2
    says "$1: what lies between" unnamed $a/INV "$before-12-24" 1
    says "$1: the day's next number" next $a/INV "$before-12-24" 58
    says "$1: another day's" next $a/INV "$before-12-25" 4
    says "$1: by the year: what its first invoice left out" unnamed $a/YR "$before" 1
    says "$1: its next number" next $a/YR "$before" 21
    says "$1: for ever" next $b/ALL never 41
    expect "$1: it goes on" 0 issue $b/ALL --key new
    out_has "$1: (number)" '^ALL00041$'
    expect "$1: by the year" 0 issue $a/YR --key new
    out_has "$1: (number)" "^YR/$year/0010\$"
    expect "$1: an old invoice's id finds its number" 0 issue $a/INV --key 3 --date "$before-12-24"
    out_has "$1: (number)" "^INV-${before}1224-000003\$"
    expect "$1: the same again" 0 import "$2" --service --declare --keys id --yes --json
    says "$1: changes nothing" changed $a/INV "$before-12-24" False
}
old=$(sum)
take_over sqlite "sqlite:$work/old.db" acme beta
check "the old database is as it was" test "$(sum)" = "$old"
if [ -e "$BUILD/docket-source-postgresql.so" ] && start_postgres; then
    sed 's/acme/gamma/g; s/beta/delta/g' "$work/tables.sql" | sql -v ON_ERROR_STOP=1 >"$work/psql.log" 2>&1
    take_over postgresql "postgresql:$postgres" gamma delta
    # What the event says of where it came from has no word of how to connect.
    expect "events" 0 log gamma/INV --kind import
    out_has "name the kind of source only" "from postgresql:"
else
    skip "a service's tables in PostgreSQL: none can be started here"
fi
expect "the store is whole" 0 verify
env -u LD_PRELOAD python3 -c 'import sqlite3, sys
base = sqlite3.connect(sys.argv[1])
base.executescript("""create table invoice_sequences (organization_id text, type text, year integer, month integer, next_number integer);
insert into invoice_sequences values ("omega", "MON", 2025, 7, 12), ("omega", "MON", 2025, 11, 3);
create table invoices (invoice_id text, organization_id text, number text, issued_at text);
insert into invoices values ("a", "omega", "MON-202507-0010", "2025-07-09"), ("b", "omega", "MON-202511-0002", "2025-11-09");""")
base.commit()' "$work/months.db"
expect "a year and a month in two columns, and the next number" 0 import "sqlite:$work/months.db" --service --declare --yes --json
err_has "its template" 'omega/MON: restarts monthly, {SERIES}-{YYYY}{MM}-{N:4}'
says "one less than the next one was given" next omega/MON 2025-07 12
says "by the invoice" next omega/MON 2025-11 3
expect "the invoices alone" 0 import "sqlite:$work/months.db" --dry-run
err_has "that there are sequences too is told" "has a table invoice_sequences too: with --service"
expect "columns that are not there" 2 import "sqlite:$work/old.db" --service --sequence-columns value=nothing --dry-run
err_has "are named" "has no column nothing"
expect "a file of rows has no tables" 2 import "$work/none.csv" --service --dry-run
finish
