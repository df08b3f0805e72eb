#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# docket scan: what it says and what it refuses. That it finds what is planted, in any number, is
# tests/attack/24_scan.sh.
# seconds: 5 5
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

new_realm
cd "$work"
mkdir empty
unset DOCKET_REALM
template=INV-{YYYY}-{N:4}

scan() { "$docket" scan "$@"; }
# exits CODE CMD...: and what it said is in out and err
exits() {
    local wanted=$1 code=0
    shift
    "$@" >out 2>err || code=$?
    [ "$code" = "$wanted" ] || { echo "exit code $code instead of $wanted"; cat out err; return 1; }
}
says() { grep -qF -- "$1" "${2:-err}" || { echo "not said: $1"; cat "${2:-err}"; return 1; }; }
refuses() { # CODE SENTENCE SCAN-ARGUMENT...
    local code=$1 sentence=$2
    shift 2
    exits "$code" scan "$@" && says "$sentence"
}

cat >faulty.csv <<'END'
company;invoice number;Invoice-Date;pk;note
acme;INV-2025-0001;2025-01-01;1;"a;b"
acme;INV-2025-0002;2025-01-02T10:00:00Z;2;
acme;INV-2025-0004;2025-01-03;3;
acme;INV-2025-0004;2025-01-02;4;older by its date
bolt;INV-2025-0004;2025-01-02;5;another tenant
acme;inv-2025-0001;2025-02-01;6;
acme;;2025-02-01;7;a draft
acme;INV-2025-0005;2025-01-01;8;
acme;X 17;;9;
END
columns=tenant=company,number=2,id=pk

# ---- what it says ----

table_says_all() {
    exits 1 scan faulty.csv --columns "$columns" --template "$template" &&
        says 'found: 1 duplicate, 1 folded, 2 misfit, 1 gap (1 number), 1 disorder' out
}
json_is_one_object_and_a_line_each() {
    exits 1 scan faulty.csv --columns "$columns" --template "$template" --json --verbose &&
        [ "$(jq -c '[.all, (.findings | length), .rows, .unnumbered, .undated, .found.gap, .counter_count]' out)" = '[6,6,9,1,1,1,2]' ] &&
        [ "$(grep -c '^{"finding"' out)" = 6 ] &&
        [ "$(jq -c '.findings[] | select(.finding == "duplicate") | [.row.id, .other.id, .row.line]' out)" = '["3","4",4]' ] &&
        [ "$(jq -c '.counters[] | select(.tenant == "acme") | [.rows, .numbers, .lowest, .highest, .from, .to]' out)" = \
            '[5,4,1,5,"2025-01-01","2025-01-02"]' ] || { cat out err; return 1; }
}
stdin_is_as_a_file() {
    exits 1 scan faulty.csv --columns "$columns" --template "$template" --csv && cut -d, -f1-17 out >by_file &&
        exits 1 scan - --columns "$columns" --template "$template" --csv <faulty.csv && cut -d, -f1-17 out | cmp - by_file
}
clean_ends_with_0() {
    printf 'tenant,number,date\nacme,INV-2025-0001,2025-01-01\nacme,INV-2025-0002,2025-01-01\nacme,INV-2024-0001,2024-05-01\n' >clean.csv
    exits 0 scan clean.csv --template "$template" && says 'nothing was found' out &&
        exits 0 scan clean.csv --template "$template" --json && [ "$(jq -c '[.all, .findings]' out)" = '[0,[]]' ]
}
tenant_chooses_or_names() {
    exits 0 scan faulty.csv --columns "$columns" --tenant bolt --template "$template" && says '1 row of 1 tenant' out &&
        printf 'INV-2025-0001,1\nINV-2025-0001,2\n' >bare.csv &&
        exits 1 scan bare.csv --columns number=1,id=2 --tenant acme --template "$template" && says '2 rows' out &&
        says '1 duplicate' out
}
largest_is_a_rule_or_said() {
    { echo tenant,number; for i in 1 2 3 4 5 6 7 8 9 10 11 8000; do printf 'acme,INV-2025-%04d\n' "$i"; done; } >far.csv
    exits 1 scan far.csv --template "$template" && says '1 largest' out && ! grep -q gap out &&
        exits 1 scan far.csv --template "$template" --largest 9999 && says '1 gap (7988 numbers)' out &&
        sed '/-0011/,$d' far.csv >few.csv && printf 'acme,INV-2025-5000\nacme,INV-2025-5001\n' >>few.csv &&
        exits 1 scan few.csv --template "$template" && says '1 gap' out && ! grep -q largest out
}
highest_are_floors() {
    exits 0 scan far.csv --template "$template" --highest && [ "$(cat out)" = 'acme/INV/2025 8000' ] && says 'far above the others' &&
        exits 0 scan far.csv --template "$template" --highest --largest 7000 && [ "$(cat out)" = 'acme/INV/2025 11' ] &&
        exits 0 scan faulty.csv --columns "$columns" --template "$template" --highest --json && says '2 rows have a number of no series' &&
        [ "$(jq -c '[.counters[] | .tenant, .series, .period, .highest]' out)" = '["acme","INV","2025",5,"bolt","INV","2025",4]' ] &&
        printf 'tenant,number\nacme,N7\n' >never.csv && exits 0 scan never.csv --template 'N{N:1}' --restart never --series N --highest &&
        [ "$(cat out)" = 'acme/N 7' ]
}
twice_is_two_texts_of_one_number() {
    printf 'tenant,number,date\na,I20250101-1,2025-01-01\na,I20250102-1,2025-01-02\n' >twice.csv
    exits 1 scan twice.csv --template 'I{YYYY}{MM}{DD}-{N:1}' && says '1 twice' out &&
        exits 0 scan twice.csv --template 'I{YYYY}{MM}{DD}-{N:1}' --restart daily
}
a_terminal_is_not_moved() {
    printf 'tenant,number,date\na,\033[31mred,2025-01-01\n' >red.csv
    exits 1 scan red.csv --template "$template" && ! grep -q "$(printf '\033')" out &&
        printf 'tenant,number,date\n\033[31mred,INV-2025-0001,2025-01-01\n' >red.csv &&
        exits 0 scan red.csv --template "$template" --highest && says 'left out: ?[31mred' && ! grep -q "$(printf '\033')" err
}
a_full_disk_is_no_finding() {
    local how code
    for how in '' --csv --json; do
        # shellcheck disable=SC2086
        code=0 && "$docket" scan few.csv --template "$template" $how >/dev/full 2>err || code=$?
        [ "$code" = 3 ] && says 'cannot write to stdout' || { echo "exit code $code of $how"; return 1; }
    done
}
what_is_cut_off_is_whole_json() {
    printf 'tenant,number\nacme,X1\nacme,"X\n' >cut.csv
    exits 2 scan cut.csv --template "$template" --json && [ "$(jq -c '[(.findings | length), .cut_off]' out)" = '[1,true]' ] &&
        exits 2 scan cut.csv --template "$template" --json --highest && [ ! -s out ] && jq -e .error err >/dev/null
}
long_tenants_are_two() {
    local long
    long=$(printf '%0255d' 0)
    printf 'tenant,number\n%s,INV-2025-0001\n%s,INV-2025-0001\n' "${long}a" "${long}b" >tenants.csv
    exits 0 scan tenants.csv --template "$template" && says 'of 2 tenants' out
}
latin1_is_in_every_note() {
    printf 'tenant,number\nM\374ller,INV-2025-0001\n' >latin.csv
    exits 0 scan latin.csv --template "$template" --highest --json &&
        [ "$(jq -r .note.message err)" = 'a tenant with a name that docket does not take is left out: M?ller' ]
}
dates_are_read_as_said() {
    printf 'tenant,number,date\na,INV-2025-0001,24.11.2025\na,INV-2025-0002,5.11.2025 10:00\n' >dates.csv
    exits 0 scan dates.csv --template "$template" && says '--dates' &&
        exits 1 scan dates.csv --template "$template" --dates %d.%m.%Y && says '1 disorder' out && ! grep -q dates err &&
        exits 0 scan dates.csv --template "$template" --dates %m.%d.%Y && says '1 without a date' out
}
odd_bytes_are_said() {
    printf 'tenant,number\na, INV-2025-0001\nM\374ller,INV\3442\na,IN\000V\n' >odd.csv
    exits 1 scan odd.csv --template "$template" && says 'it has blanks around it' out && says 'not of ASCII' out &&
        exits 1 scan odd.csv --template "$template" --json && [ "$(jq -c '[.findings[] | .tenant, .row.text]' out)" = \
            '["a"," INV-2025-0001","M?ller","INV?2","a","IN?V"]' ] || { cat out; return 1; }
}
check "dates: read as --dates says; where none can be read that is said" dates_are_read_as_said
check "blanks, Latin-1 and zeros in a number: it fits no series, and why; JSON stays whole" odd_bytes_are_said
check "findings of each kind: a table and a line of counts" table_says_all
check "--json: one object, a finding a line, with rows and counters" json_is_one_object_and_a_line_each
check "stdin: as a file" stdin_is_as_a_file
check "nothing wrong: exit code 0" clean_ends_with_0
check "--tenant: chooses rows, or names the tenant of all" tenant_chooses_or_names
check "a number far above all others: told by the rule, or by --largest; two of few are no finding" largest_is_a_rule_or_said
check "--highest: a line for each counter, as a file of floors has it" highest_are_floors
check "two texts of one number: told, unless the series restarts in between" twice_is_two_texts_of_one_number
check "control characters of a file: do not reach the terminal" a_terminal_is_not_moved
check "findings on a full disk: exit code 3, and not the 1 of findings" a_full_disk_is_no_finding
check "--json of a source that ends early: what was begun is whole, and says so" what_is_cut_off_is_whole_json
check "tenants of 256 bytes that differ in the last one: two" long_tenants_are_two
check "--json, a note with Latin-1: is not lost" latin1_is_in_every_note

# ---- what it refuses ----

bad_lines_are_named() {
    printf 'tenant,number\nacme,INV-2025-0001\nacme\n' >short.csv
    refuses 2 'short.csv, line 3: 1 fields, where the first line has 2' short.csv --template "$template" &&
        printf 'tenant,number\nacme,"INV\n' >open.csv && refuses 2 'line 2: a quote is opened' open.csv --template "$template"
}
wrong_words_are_explained() {
    refuses 2 'no column looks like the number' empty.csv --template "$template" &&
        refuses 2 'there is no column date=when; there are: tenant, no one' empty.csv --columns number=2,date=when --template "$template" &&
        refuses 2 'says tenant twice' empty.csv --columns tenant=1,tenant=2 --template "$template" &&
        refuses 2 '--query is for databases' empty.csv --query 'SELECT 1' --template "$template" &&
        refuses 3 'cannot read nothing.csv' nothing.csv --template "$template" &&
        refuses 2 'is a directory' empty --template "$template" &&
        refuses 2 'character 5' empty.csv --template 'INV-{YEAR}' &&
        refuses 2 '--restart goes with --template' empty.csv --restart yearly &&
        refuses 3 'there is no realm' clean.csv && [ ! -e .docket ]
}
printf 'tenant,no one\nacme,INV-2025-0001\n' >empty.csv
check "a line that is not well formed: ends the scan, by its number" bad_lines_are_named
check "columns, options, files and realms that are not there: said, and no realm is made" wrong_words_are_explained

databases_are_explained() {
    refuses 3 'SQLite, opening the file: unable to open' sqlite:none.db --template "$template" && [ ! -e none.db ] &&
        refuses 3 'PostgreSQL, connecting' 'postgresql:host=/nowhere' --template "$template" &&
        python3 -c 'import sqlite3; c = sqlite3.connect("a.db"); c.execute("CREATE TABLE other (number TEXT)"); c.commit()' &&
        refuses 2 'no such table: invoices' sqlite:a.db --template "$template" &&
        refuses 3 'readonly database' sqlite:a.db --query 'DELETE FROM other RETURNING number' --tenant a --template "$template"
}
plugins_are_asked_for() {
    mkdir -p away && cp "$docket" away/command && cp "$(dirname "$docket")"/libdocket.so.0 away/ &&
        exits 3 away/command scan sqlite:a.db --template "$template" && says 'docket-source-sqlite.so is neither beside libdocket' &&
        mkdir away/docket && cp "$(dirname "$docket")/docket-source-sqlite.so" away/docket/ &&
        exits 1 away/command scan sqlite:a.db --query "SELECT 'a' AS tenant, 'b' AS number" --template "$template"
}
if python3 -c 'import sqlite3' 2>/dev/null && [ -e "$(dirname "$docket")/docket-source-sqlite.so" ]; then
    check "databases that are not there, or would be changed: said" databases_are_explained
    check "a plug-in that is not there: said; installed in docket/ beside libdocket it is found" plugins_are_asked_for
else
    skip "databases (no sqlite3 of python3, or no plug-in)"
fi

no_folder() {
    TMPDIR=/nowhere exits 5 scan clean.csv --template "$template" && says 'in /nowhere'
}
check "a folder for temporary files that is not there: said" no_folder

# ---- a realm's series ----

export DOCKET_REALM=$realm
start_docketd
reads_by_policies_of_the_realm() {
    exits 1 scan far.csv --no-start && says 'has no series' &&
        add_series acme/INV --template 'INV-{YYYY}-{N:4}' && add_series bolt/B --template 'B{N:3}' --restart never &&
        printf 'tenant,number,date\nacme,INV-2025-0001,2025-01-01\nacme,INV/0002,2025-01-01\nbolt,B001,2025-01-01\nacme,B001,2025-01-01\n' >realm.csv &&
        exits 1 scan realm.csv && says '2 misfit' out && ! grep -q 'bolt' out &&
        "$docket" next acme/INV -n 3 >/dev/null &&
        "$docket" series set acme/INV --template 'INV/{YYYY}-{N:6}' --reason 'longer' >/dev/null &&
        printf 'acme,INV/2025-000002,2025-01-02\n' >>realm.csv &&
        exits 1 scan realm.csv --verbose && says '2 misfit' out && ! grep -q gap out && says 'acme/INV 2025' out
}
one_tenant_of_the_realm() {
    exits 0 scan realm.csv --tenant bolt && exits 1 scan realm.csv --tenant nobody && says 'no series of tenant nobody'
}
check "a realm: its series read the numbers, under every policy that they had" reads_by_policies_of_the_realm
check "a realm, --tenant: this tenant's series" one_tenant_of_the_realm
finish
