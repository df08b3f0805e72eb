#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Planted faults: another system's invoices with so many faults of each kind, read as CSV, from SQLite and from a
# PostgreSQL of the test's own. The scan tells all of them and nothing else, in memory that does not grow with the
# rows, and changes nothing.
#
#   ROWS, EACH   sound rows, faults of each kind
#
# row: 24
# seconds: 12 300
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/attack/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/process/postgres_lib.sh
. "$here/../process/postgres_lib.sh"

rows=${ROWS:-$(scale 200000 10000000)}
each=${EACH:-$(scale 100 1000)}
plant=$(binary docket-plant)
docket=$(binary docket)
template='INV-{YYYY}{MM}{DD}-{N:6}'
at_cleanup() { stop_postgres; }
new_work
cd "$work"
mkdir tmp
export TMPDIR=$work/tmp

# Runs a command; its most memory in MB goes to $work/peak, its exit code to $work/code.
watched() {
    python3 -c 'import resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=open("found.csv", "w"), stderr=open("scan.err", "w"))
open("peak", "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024))
open("code", "w").write(str(code))' "$@"
}

# What was expected and is not there, and the other way round: MISSED INVENTED
judge() {
    python3 -c 'import csv, sys
from collections import Counter
found = Counter()
for row in csv.DictReader(open("found.csv", newline="")):
    what = row["first"] + "-" + row["last"] if row["finding"] == "gap" else row["text"]
    found[",".join((row["finding"], row["tenant"], what, row["id"]))] += 1
planted = Counter(line.rstrip("\n") for line in open(sys.argv[1]))
for name, lost in (("missed", planted - found), ("invented", found - planted)):
    print(name, sum(lost.values()), list(lost)[:3])
print("told", sum(found.values()))' "$1"
}

scan_and_judge() { # NAME SOURCE EXPECTED
    watched "$docket" scan "$2" --template "$template" --csv
    judge "$3" >judged
    check "$1: it ends with 1, since something was found" test "$(cat code)" = 1
    at_least "$1: findings of $((7 * each)) planted faults (a folded one is a misfit too)" $((8 * each)) "$(figure_of told judged)"
    at_most "$1: planted and not told" 0 "$(figure_of missed judged)"
    at_most "$1: told and not planted" 0 "$(figure_of invented judged)"
    at_most "$1: MB of memory at most" 200 "$(cat peak)"
    grep -E '^(missed|invented) [1-9]' judged | sed 's/^/      /' || true
}

"$plant" "$rows" "$each" expected >old.csv
before=$(sha256sum <old.csv)
scan_and_judge CSV old.csv expected
check "CSV: the file is as it was" test "$before" = "$(sha256sum <old.csv)"

# Files of half a megabyte at most: no room for the rows.
no_room() {
    local code=0
    (trap '' XFSZ; ulimit -f 512; exec "$docket" scan old.csv --template "$template" --csv) >/dev/null 2>err || code=$?
    [ "$code" = 5 ] && grep -q "cannot write a temporary file in $work/tmp" err || { echo "exit code $code"; cat err; return 1; }
}
check "no room for temporary files: said with the folder's name" no_room
killed_leaves_nothing() {
    "$docket" scan - --template "$template" >/dev/null 2>&1 < <(cat old.csv; sleep 5) &
    sleep 0.3
    kill -KILL $! && ! wait $!
    [ -z "$(ls -A tmp)" ]
}
check "killed in the middle: no temporary file is left" killed_leaves_nothing

"$plant" "$rows" "$each" expected.sqlite sqlite:old.db
before=$(sha256sum <old.db)
scan_and_judge SQLite sqlite:old.db expected.sqlite
check "SQLite: the file is as it was, and nothing lies beside it" test "$before old.db" = "$(sha256sum <old.db) $(echo old.db*)"
rm -f old.db

if start_postgres; then
    sql -c 'CREATE TABLE invoices (tenant text, number text, date date, id bigint)' -c '\copy invoices FROM old.csv CSV HEADER'
    scan_and_judge PostgreSQL "postgresql:$postgres password=secret" expected
    check "PostgreSQL: a password is not printed" test -z "$(grep -l secret found.csv scan.err)"
else
    skip_row "PostgreSQL" "none can be started here"
fi
finish
