#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Retention: the records of a closed period are exported and dropped, and docket gaps, docket
# report, keys and reservations say the same as before; docketd is killed in between.
# seconds: 25 25
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

export TMPDIR=/dev/shm # no power is lost here: the store need not wait for a disk
new_realm
start_docketd
# shellcheck source=tests/process/admin_lib.sh
. "$here/admin_lib.sh"
year=$(($(date -u +%Y) - 1))
out=$work/exports
mkdir "$out"
manifest=$out/acme-INV-$year.manifest.json

# ---- a year with all that there can be ---------------------------------------------

add_series acme/INV --ledger on
for i in $(seq 2500); do printf 'order-%d\t%d-06-01\t{"lines":%d}\n' "$i" "$year" "$i"; done >"$work/keys"
"$docket" issue acme/INV --keys "$work/keys" --no-start >"$work/issued" 2>&1
"$docket" reserve acme/INV --name night --count 700 --expires 1d --date "$year-07-01" --no-start --json >"$work/night"
"$docket" settle acme/INV --name night --no-start >/dev/null
for i in 7 8 9 400 2500; do
    "$docket" void acme/INV --key "order-$i" --reason "order $i was cancelled" --yes --no-start >/dev/null
done
"$docket" issue acme/INV --key later --date "$year-08-01" --pending --expires 1d --no-start >/dev/null
"$docket" issue acme/INV --key today --no-start >/dev/null

expect "a period that is not closed: no export" 1 retention export "acme/INV/$year" "$out"
err_has "a period that is not closed: says so" 'is not closed for good'
check "a refused export leaves nothing" [ -z "$(ls "$out")" ]
"$docket" period close acme/INV "$year" --yes --reason 'the books are closed' --no-start >/dev/null
expect "a closed period with a pending number: exported" 0 retention export "acme/INV/$year" "$out"
expect "... and not dropped" 1 retention drop "acme/INV/$year" --manifest "$manifest" --yes
err_has "... for it is not decided" '1 numbers of .* are reserved, pending or in doubt'
"$docket" settle acme/INV --key later --no-start >/dev/null
expect "... nor once it is settled, with the old export" 1 retention drop "acme/INV/$year" --manifest "$manifest" --yes
err_has "... for the records are others now" 'are not those that were exported'

# ---- export --------------------------------------------------------------------------

expect "exported anew: done" 0 retention export "acme/INV/$year" "$out" --json
check "the manifest counts: 3201 records, 3196 issued, 5 void" \
    jq -e '.records == 3201 and .issued == 3196 and .void == 5 and .first == 1 and .last == 3201' "$manifest"
file=$out/$(jq -r .file "$manifest")
check "the manifest has the file's SHA-256" [ "$(sha256sum <"$file" | cut -d' ' -f1)" = "$(jq -r .sha256 "$manifest")" ]
check "the manifest has the store's id and the trail's head" \
    jq -e '(.store_id | length == 32) and (.audit_head.hash | length == 64)' "$manifest"
check "the file has a JSON object in each line, one for each number, in order" \
    eval 'jq -es "length == 3201 and ([.[].number] == [range(1; 3202)])" "$file"'
check "... with the times for people" eval 'head -n 1 "$file" | jq -e "(.first_utc | fromdate) == (.first_ns / 1000000000 | floor) and (.last_utc | endswith(\"Z\"))"'
check "... with key, document number, metadata and reason" eval \
    'jq -es ".[399] | .key == \"order-400\" and .state == \"void\" and .reason == \"order 400 was cancelled\" and (.metadata | fromjson.lines == 400)" "$file"'

say() { # all that is told of the period, but for the time of telling and the trail's head
    "$docket" gaps acme/INV --json --no-start
    "$docket" report acme/INV --json --no-start | jq -S 'del(.. | .as_of?, .as_of_ns?, .time_utc?, .time_local?, .head?, .audit?, .event?, .hash?)'
    "$docket" period list acme/INV --json --no-start
    for i in 1 7 1234 2500; do
        "$docket" issue acme/INV --key "order-$i" --date "$year-06-01" --metadata "{\"lines\":$i}" --no-start 2>&1 || true
    done
    "$docket" issue acme/INV --key order-5 --date "$year-06-02" --no-start 2>&1 || true
    # Its numbers; their document numbers are in the export.
    "$docket" reserve acme/INV --name night --count 700 --expires 1d --date "$year-07-01" --no-start --json 2>/dev/null |
        jq -c 'del(.ranges[].first_text, .ranges[].last_text)'
    "$docket" settle acme/INV --key order-6 --no-start 2>&1
}
say >"$work/before"
check "what is told has keys, gaps and figures" [ "$(wc -l <"$work/before")" -gt 20 ]

# ---- drop ----------------------------------------------------------------------------

expect "a drop without --yes: asks" 2 retention drop "acme/INV/$year" --manifest "$manifest"
expect "a drop of another period: wrong" 2 retention drop "acme/INV/$((year - 1))" --manifest "$manifest" --yes
cp -r "$out" "$work/changed"
sed -i 's/order-400/order-401/' "$work/changed/$(basename "$file")"
expect "a file that was changed: no" 1 retention drop "acme/INV/$year" --manifest "$work/changed/$(basename "$manifest")" --yes
err_has "a file that was changed: says so" 'it is not what was exported'
jq '.records_digest = "0" * 64' "$manifest" >"$work/changed/digest.json"
cp "$file" "$work/changed/"
expect "a manifest with another digest: no" 1 retention drop "acme/INV/$year" --manifest "$work/changed/digest.json" --yes
"$docket" void acme/INV --key order-11 --reason 'after the export' --yes --no-start >/dev/null
expect "a record that changed after the export: no" 1 retention drop "acme/INV/$year" --manifest "$manifest" --yes
say >"$work/before"
expect "exported once more: done" 0 retention export "acme/INV/$year" "$out"
records=$("$docket" verify --json --no-start | jq .records)

# docketd is killed while it drops: at most some pieces are gone, and the same command goes on
kills=0
for wait in 0.002 0.004 0.008 0.012 0.02; do
    "$docket" retention drop "acme/INV/$year" --manifest "$manifest" --yes --no-start >"$work/drop" 2>&1 &
    dropping=$!
    sleep "$wait"
    kill_docketd
    start_docketd
    wait "$dropping" || kills=$((kills + 1))
    say >"$work/between"
    check "docketd killed $wait s into a drop: all is told as before" diff "$work/before" "$work/between"
done
note "killed $kills times before it had answered"
expect "asked again: done" 0 retention drop "acme/INV/$year" --manifest "$manifest" --yes
cp "$file" "$work/only-copy"
expect "an export over the only copy of what was dropped: no" 1 retention export "acme/INV/$year" "$out"
err_has "... and says so" 'may be the only copy'
check "... and the file is as it was" cmp -s "$file" "$work/only-copy"
check "... and nothing half made is left" [ -z "$(ls "$out" | grep making)" ]
mkdir "$work/later"
expect "into another folder: done" 0 retention export "acme/INV/$year" "$work/later"
expect "asked once more: nothing is left" 0 retention drop "acme/INV/$year" --manifest "$manifest" --yes
out_has "asked once more: says so" 'nothing was left to drop'
say >"$work/after"
check "dropped: gaps, report, periods, keys and reservations say the same" diff "$work/before" "$work/after"
expect "dropped: the store is sound" 0 verify
after=$("$docket" verify --json --no-start | jq .records)
note "records in the store: $records before, $after after"
check "dropped: an event tells, once, and it is in the chain" \
    [ "$("$docket" log acme/INV --kind retention --json --no-start | wc -l)" = 1 ]
expect "dropped: the trail is whole" 0 audit verify
expect "dropped: a number by its text is settled already" 0 settle acme/INV "INV-${year}0601-000010"
expect "dropped: a number of it can no more become void" 1 void acme/INV --key order-12 --reason x --yes
expect "dropped: not by its number either" 1 void "acme/INV/$year" 12 --reason x --yes
check "dropped: and all is told as before" diff "$work/before" <(say)
expect "dropped: a document number of it cannot come from elsewhere" 1 elsewhere acme/INV "INV-${year}0601-000012" --note x
expect "another manifest afterwards: no" 1 retention drop "acme/INV/$year" --manifest "$work/changed/digest.json" --yes

stop_docketd
start_docketd
say >"$work/after"
check "after a stop in order and a start: the same" diff "$work/before" "$work/after"
kill_docketd
start_docketd
say >"$work/after"
check "after a kill and a start: the same" diff "$work/before" "$work/after"

# ---- who may, and what has no records --------------------------------------------------

add_series acme/ORD
this=$((year + 1))
"$docket" next acme/ORD -n 20 --no-start >/dev/null
"$docket" next acme/ORD --date "$year-12-31" -n 5 --no-start >/dev/null
"$docket" void acme/ORD 2-3 --period "$year" --yes --reason 'two at once' --no-start >/dev/null
expect "a series without a ledger, the current period: no" 1 retention export "acme/ORD/$this" "$out"
err_has "a series without a ledger, the current period: says so" 'is not closed for good'
"$docket" period close acme/ORD "$year" --yes --reason 'over' --no-start >/dev/null
expect "a series without a ledger, a closed period: exported by range" 0 retention export "acme/ORD/$year" "$out"
check "... with what became of them" eval \
    'jq -es "map(.fate) == [\"handed out\", \"void\", \"handed out\"] and .[1].reason == \"two at once\"" "$out/acme-ORD-$year.jsonl"'
check "... and a manifest that says so" jq -e '(.ledger | not) and .issued == 3 and .void == 2' "$out/acme-ORD-$year.manifest.json"
expect "... and there is nothing to drop" 1 retention drop "acme/ORD/$year" --manifest "$out/acme-ORD-$year.manifest.json" --yes
err_has "... which it says" 'keeps no ledger'
expect "no period: wrong" 2 retention export acme/INV "$out"
expect "a folder that is not there: wrong" 2 retention export "acme/INV/$year" "$work/none"

finish
