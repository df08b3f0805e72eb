#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What a series is told: every setting from the command, [default] and [tenant
# NAME] of docket.conf, profiles, and what docketd prints of its configuration.
#
# seconds: 3 3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/process/cli_lib.sh
. "$here/cli_lib.sh"

new_realm '[default]' 'window = 900' 'warn = 80' \
    '[tenant gst]' 'fields = till=03 branch=VIE' 'template = {FIELD:branch}{FIELD:till}/{FY:25-26}/{N:4}' 'profile = in-gst' \
    '[tenant paris]' 'profile = fr' 'prefix = F' 'template = {PREFIX}{YYYY}-{N:5}'
views_begin
export DOCKET_REALM=$realm

# ---- docket.conf ----

printed() { "$docketd" --realm "$realm" --print-config >"$case_out"; }
check 'print-config: prints' printed
out_has 'print-config: a setting of [default]' '^window = 900$'
out_has 'print-config: a default that nobody wrote' '^zone = UTC$'
check 'print-config: what a profile set, under its tenant' \
    grep -q '^fiscal-year=april$' <(sed -n '/^.tenant gst.$/,/^$/p' "$case_out")
cp "$case_out" "$work/printed.conf"
printed_again() {
    "$docketd" --realm "$realm" --print-config --config "$work/printed.conf" | tail -n +2 | diff <(tail -n +2 "$work/printed.conf") -
}
check 'print-config: read again, it prints the same' printed_again
lists_all() {
    local name
    for name in $("$docketd" --help-config | sed -n '/^\[default\]/,/^# \[tenant/s/^# \([a-z-]*\)$/\1/p'); do
        grep -q "^$name = " "$work/printed.conf" || { echo "$name is missing"; return 1; }
        "$docket" help series add | grep -q -e "--$name " || { echo "series add has no --$name"; return 1; }
        "$docket" help series set | grep -q -e "--$name " || { echo "series set has no --$name"; return 1; }
        grep -q "^| $name |" "$here/../../docs/CONFIG.md" || { echo "CONFIG.md has no $name"; return 1; }
    done
}
check 'every setting: printed, an option of series add and series set, and in CONFIG.md' lists_all

# ---- series ----

start_docketd
year=$(date -u +%Y)
every=(--documents corrective --restart fiscal --template '{PREFIX}{FIELD:till}-{FY:2526}-{N:6}' --prefix R --fields till=03
    --at-end stop --chronological yes --last 5000 --warn 75 --close-after 30 --window 400 --profile es)
expect 'series add with every setting: declares' 0 series add full/FULL "${every[@]}" --order strict --zone UTC \
    --fiscal-year april --release void --valid-from 2020-01-01 --valid-to 2099-12-31
expect 'the same again, spelled otherwise: done' 0 series add full/FULL "${every[@]}" \
    --fiscal-year 4 --valid-from 20200101 --valid-to 20991231
expect 'one of them otherwise: an honest no' 1 series add full/FULL "${every[@]}" --fiscal-year 4 --valid-from 2020-01-01 \
    --valid-to 2099-12-31 --documents invoices
err_has 'it says what there is, and what was asked for' 'documents=corrective, not invoices'
expect 'a profile that refuses: usage' 2 series add full/GST --profile in-gst
err_has 'it says rule and source, and how long it would be' 'rule 46(b).*GST-20250725-999999, has 19 characters, and 16 are'
err_has 'it proposes what would fit' 'what would fit: {SERIES}-{YY}{MM}{DD}-{N:5} (GST-250725-00001), '
expect 'what a profile refused was not made' 1 fate full/GST
expect 'a profile alone, where the law leaves the text free: declares' 0 series add full/FR --profile fr
expect 'chronological and leased: usage' 2 series add full/BAD --chronological yes --order leased
err_has 'it says why' 'chronological=yes wants order=strict'

expect 'events of kind series' 0 events --kind series
out_has 'the making of a series tells its settings' 'full/FULL made with profile=es documents=corrective.*fiscal-year=april.*prefix=R'
out_has 'all of them' 'full/FULL made with .*valid-to=2099-12-31 warn=75 close-after=30 window=400'

# ---- a tenant's own defaults ----

expect 'first use, under a tenant of docket.conf' 0 next paris/INV
out_is 'it has the tenant'\''s template and prefix' "F$year-00001"
expect 'declared with the tenant'\''s defaults: the same' 0 series add paris/INV --profile fr
expect 'another tenant: has [default]' 0 next berlin/INV
out_is 'with its template' "INV-$(date -u +%Y%m%d)-000001"
expect 'a tenant with a fiscal year' 0 next gst/INV
check 'shows its fields and the fiscal year' grep -Eqx 'VIE03/[0-9]{2}-[0-9]{2}/0001' "$case_out"
expect 'over a tenant'\''s defaults goes what is said' 0 series add paris/OWN --template 'X-{YYYY}-{N:6}'
expect 'and numbers have it' 0 next paris/OWN
out_is 'as said' "X-$year-000001"

# ---- an authority's interval ----

days_from_now() { date -u -d "$1 days" +%Y-%m-%d; }
expect 'an interval of these days: declares' 0 series add full/CAF --valid-from "$(days_from_now -2)" --valid-to "$(days_from_now 2)" \
    --last 3 --zone Asia/Tokyo --template '{SERIES}{N:6}' --restart never
expect 'within it: a number' 0 next full/CAF
expect 'an interval that is over: declares' 0 series add full/OLD --valid-to "$(days_from_now -2)"
expect 'behind it: exhausted' 5 next full/OLD
err_has 'it says why, and which days are' "not valid on this day, but from the beginning to $(days_from_now -2); no number"
expect 'an interval to come: declares' 0 series add full/NEW --valid-from "$(days_from_now 40)" --zone Europe/Vienna
expect 'show: works' 0 series show full/NEW
out_has 'show: from when' "^next      none before $(days_from_now 40)$"
kill_docketd
start_docketd
expect 'docketd killed and back: within it, the next number' 0 next full/CAF
out_is 'the second' CAF000002
expect 'behind the other one: exhausted still' 5 next full/OLD
check 'no period had to be put on the board anew' lacks_text 'has other edges' "$work/docketd.log"
expect 'the last number of the interval' 0 next full/CAF
expect 'behind its last number: exhausted' 5 next full/CAF

# ---- profiles ----

expect 'profile list' 0 profile list
out_has 'a line for each, with its source' '^br-nfe .*SINIEF'
expect 'profile list --json' 0 profile list --json
json 'what one asks' '.profiles[] | select(.profile == "in-gst") | .longest == 16 and (.source | test("46"))'
documented() {
    local name
    for name in $(jq -r '.profiles[].profile' "$case_out"); do
        grep -q "^| $name |" "$here/../../docs/PROFILES.md" || { echo "$name is missing"; return 1; }
    done
}
check 'each stands in PROFILES.md' documented
finish
