#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What a series may be, and what it may become: texts that could be another number's
# are refused with an example; settings change forward, at work, from now on or from
# the next period on; numbers end where they should; what show says of all of it.
# seconds: 14 40
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

if ! command -v jq >/dev/null; then
    new_work
    skip "the rules of series (no jq)"
    finish
fi

export TMPDIR=/dev/shm # no power is lost here: the store need not wait for a disk
guard=$("$(binary docketd)" --help-config | sed -n 's/^# \(clock_guard_days\) = .*/\1 = 0/p') # the year's end comes early here
new_realm ${guard:+"$guard"}
taker=$(binary docket-texts)
start_docketd
# shellcheck source=tests/process/admin_lib.sh
. "$here/admin_lib.sh"
year=$(date -u +%Y) day=$(date -u +%Y%m%d)
texts() { "$docket" next "$1" -n "${2:-1}" --no-start | paste -sd' '; }
gives() { [ "$(texts "$1" "${3:-1}")" = "$2" ] || { texts "$1"; return 1; }; }
facts() { "$docket" series show "$1" --json | jq -r ".facts$2"; }
fact_is() { [ "$(facts "$1" "$2")" = "$3" ] || { facts "$1" "$2"; return 1; }; }
has_no() { ! "$docket" series list | grep -q "^$1 "; }

# ---- collisions ---------------------------------------------------------------

add_series acme/INV
expect "a series beside one that differs in case only: refused" 2 series add acme/inv
err_has "refused: both series, both numbers, the text" \
    'acme/inv would write inv-[0-9]*-000001 for its number 1 of [0-9]* on [-0-9]*, and acme/INV writes INV-[0-9]*-000001'
expect "on first use too: refused" 2 next acme/inv
check "a refused series is not made" has_no acme/inv
expect "the same name for another tenant: done" 0 series add beta/inv
expect "two prefixes that end in digits, and numbers behind them: refused" 0 series add acme/A --template 'A{N}' --restart never
expect "A1 with A11 ... : refused" 2 series add acme/A1 --template 'A1{N}' --restart never
err_has "refused: with an example" 'acme/A1 would write A1[0-9]* for its number [0-9]*, and acme/A writes A1[0-9]* for'
expect "parted from the digits: done" 0 series add acme/A1 --template 'A1-{N}' --restart never
expect "a template that begins with a date, beside one like it: refused" 0 series add acme/D1 --template '{YYYY}{MM}{DD}-{N:4}'
expect "and another one: refused" 2 series add acme/D2 --template '{YYYY}{MM}{DD}-{N:4}'
expect "with its name in the middle: done" 0 series add acme/D2 --template '{YYYY}{MM}{DD}-{SERIES}-{N:4}'
expect "a series that writes its year nowhere and restarts yearly: refused" 2 series add acme/Y --template 'Y-{N:6}'
check "fifty pairs, each declared at the same moment: one of each is made" "$taker" "$realm" --race race 50
add_series acme/S
"$docket" next acme/S --no-start >/dev/null
expect "retire a series: done" 0 series retire acme/S --yes --reason over
expect "what a retired series wrote stays taken" 2 series add acme/T --template 'S-{YYYY}{MM}{DD}-{N:6}'

# ---- dry-run --------------------------------------------------------------------

expect "add --dry-run: may" 0 series add acme/DRY --template 'DRY/{YY}/{N:3}' --start-after 7 --dry-run
out_has "add --dry-run: the first number" "^  DRY/${year#20}/008$"
check "add --dry-run: ten of them" eval '[ "$(grep -c "^  DRY" "$case_out")" = 10 ]'
check "add --dry-run: not made" has_no acme/DRY
expect "add --dry-run of what would collide: refused" 2 series add acme/inv --dry-run
texts acme/INV 3 >/dev/null
expect "set --dry-run: may" 0 series set acme/INV --template 'RE-{YYYY}-{N:5}' --dry-run
out_has "set --dry-run: before and after" '^template *{SERIES}-{YYYY}{MM}{DD}-{N:6} -> RE-{YYYY}-{N:5}$'
out_has "set --dry-run: the next number as it would be" "^  RE-$year-00004$"
check "set --dry-run: nothing changed" gives acme/INV "INV-$day-000004"
expect "set --dry-run --json: one object" 0 series set acme/INV --template 'RE-{YYYY}-{N:5}' --dry-run --json
check "set --dry-run --json: ten numbers" eval '[ "$(jq -r ".next | length, .[0].text" "$case_out" | paste -sd,)" = "10,RE-$year-00005" ]'
expect "set of a template that is another series' : refused" 2 series set acme/INV --template '{YYYY}{MM}{DD}-{N:4}'
err_has "refused: with the example" 'acme/D1 writes [0-9]*-0001 for its number 1'
check "refused: the old text goes on" gives acme/INV "INV-$day-000005"
expect "set of a width that older numbers could have written: done, it is the same number" 0 series set acme/INV --template '{SERIES}-{YYYY}{MM}{DD}-{N:8}'
check "the new width" gives acme/INV "INV-$day-00000006"
expect "set of a template whose texts older ones of it could have been: refused" 2 series set acme/INV --template '{SERIES}-{YYYY}{MM}{DD}-1{N:4}'
err_has "refused: by its own older policy" 'acme/INV under its older policy writes'

# ---- from now on, at work ----------------------------------------------------------

add_series acme/HOT
takers=()
for i in 1 2 3 4; do
    run_child "$work/hot$i" env LOGS="$logs" "$taker" "$realm" acme HOT "$work/stop" 300
    takers+=("$child")
done
took() { [ "$(cat "$work"/hot[1-4] | wc -l)" -gt 400 ]; }
all_hold() { local i; for i in 1 2 3 4; do grep -q "$1" "$work/hot$i" || return 1; done; }
check "four processes take numbers" wait_until 20 took
check "each of them holds a seat" eval '[ "$("$docket" seat list | grep -c alive)" -ge 4 ]'
expect "set of the template while they do: done" 0 series set acme/HOT --template 'H{YYYY}.{N:6}' --reason 'new letterhead'
check "the same processes write the new text" wait_until 20 all_hold "	H$year\\."
# Each prefix once more; in every third switch docketd is killed somewhere.
switch() {
    local args=(series set acme/HOT --template '{PREFIX}-{YYYY}-{N:6}' --prefix "HX$1" --no-start)
    if [ $(($1 % 3)) = 0 ]; then
        "$docket" "${args[@]}" >>"$work/switch.out" 2>&1 &
        children[$!]=1
        sleep_random 0 15
        kill_docketd
        wait $! || true # asked again: all of it happened, or nothing
        start_docketd
    fi
    "$docket" "${args[@]}" >>"$work/switch.out" 2>&1 && wait_until 20 all_hold "	HX$1-$year-"
}
switches=$(scale 3 60)
switch_all() { local i; for ((i = 1; i <= switches; i++)); do switch "$i" || return 1; done; }
check "$switches more while they do, docketd killed in every third: each process writes each of them" switch_all
touch "$work/stop"
ended() { local pid; for pid in "${takers[@]}"; do wait_child "$pid" || return 1; done; }
check "they end in order, docketd killed meanwhile or not" ended
# Below each switch the old text, above it the new one; no number twice.
switched() {
    sort -n "$work"/hot[1-4] | awk -F'\t' -v switches="$switches" '
        $1 <= last {print "twice or backwards: " $0; bad = 1}
        {last = $1; kind = $3 ~ /^HOT-/ ? 1 : $3 ~ /^H[0-9]/ ? 2 : $3 ~ /^HX[0-9]/ ? 2 + substr($3, 3) : 0
         number = sprintf("%06d", $1)
         if (kind < before || substr($3, length($3) - 5) != number) {print "wrong: " $0; bad = 1}
         kinds += kind != before; before = kind}
        END {print kinds; exit bad || kinds != switches + 2}'
}
check "no number twice; old texts below, new texts above each switch" switched
check "audited: each number once, none without a fate, none unknown" audit --only acme/HOT --unknown-max 0
check "audited: as many as they say" audited logged -eq "$(cat "$work"/hot[1-4] | wc -l)"
expect "the events say it" 0 events --kind set
out_has "the events: before, after, since when, why" \
    'acme/HOT: template {SERIES}-{YYYY}{MM}{DD}-{N:6} -> H{YYYY}.{N:6}, from now on; because: new letterhead'

add_series acme/LEAS --order leased
run_child "$work/leas" "$taker" "$realm" acme LEAS "$work/stop2" 50000
leaser=$child
has_lease() { fate_lines acme/LEAS | grep -q ' open$'; }
stops_with_lease() { # of two numbers, so that it is soon used up
    kill -STOP "$leaser"
    ! has_lease || return 0
    kill -CONT "$leaser"
    return 1
}
check "a process holds a lease, and is stopped" wait_until 20 stops_with_lease
expect "set of a leased series with an open lease: no" 1 series set acme/LEAS --template 'L-{YYYY}-{N:4}'
err_has "refused: who holds it" "pid $leaser holds a lease of [0-9]* to [0-9]*"
expect "its window: at once" 0 series set acme/LEAS --window 500
touch "$work/stop2"
kill -CONT "$leaser"
wait_child "$leaser" || true
check "once it is back: done" wait_until 20 eval '"$docket" series set acme/LEAS --template "L-{YYYY}-{N:4}" --no-start'
check "the leased series writes the new text" eval 'texts acme/LEAS | grep -q "^L-$year-0"'

# ---- numbers end --------------------------------------------------------------------

add_series acme/W --template 'W{YYYY}-{N:2}' --at-end stop
check "a width that stops: 99 numbers" eval '[ "$(texts acme/W 99 | wc -w)" = 99 ]'
expect "and no more" 5 next acme/W
check "show: nothing is left" fact_is acme/W .left 0
expect "widen: done" 0 series set acme/W --at-end widen
check "goes on, wider" gives acme/W "W$year-100"
expect "back to the width: no, it has been passed" 1 series set acme/W --at-end stop
add_series acme/I --restart never --template 'I{N:4}' --start-after 5000 --last 5400
takers=()
for i in 1 2 3 4; do
    run_child "$work/int$i" "$taker" "$realm" acme I "$work/stop3"
    takers+=("$child")
done
check "four processes take an interval to its last number, and are told" ended
whole() { cat "$work"/int[1-4] | grep -v exhausted | cut -f1 | sort -n | diff - <(seq 5001 5400); }
check "each number of it once" whole
expect "an interval that is used up: no number" 5 next acme/I
err_has "an interval that is used up: what to do" 'has given its last number .*; docket series show says what is left, docket series set '
look() { "$docket" "$@" >"$case_out" 2>"$case_err"; }
check "peek: an honest no" eval '! look peek acme/I'
err_has "peek: it is used up" 'has given its last number of this period, 5400; '
check "show: works" look series show acme/I
out_has "show: no next number" '^next      none: 5001 to 5400 are used up$'
check "dry-run: works" look series set acme/I --warn 80 --dry-run
out_has "dry-run: no next numbers" '^next numbers: none'
soon=$(date -u -d '+9 days' +%F)
check "dry-run: works, of an interval to come" look series set acme/I --start-after 7000 --last 7999 --valid-from "$soon" --dry-run
out_has "dry-run: the numbers of its first day" "^next numbers, on $soon:$"
check "status: works" look status
out_has "status: says so" '^numbers   1 series have come to their WARNING LEVEL; acme/I is one'
check "doctor: works" look doctor
out_has "doctor: percent of the interval" 'WARN  *numbers left .*acme/I is one: 100% used'
expect "another interval below it: no" 1 series set acme/I --start-after 100 --last 200
expect "another interval above it: done" 0 series set acme/I --start-after 7000 --last 7999 --valid-to "$((year + 1))-12-31"
check "begins where it should" gives acme/I I7001
check "what lay between is void" eval '"$docket" fate acme/I --no-start | grep -q "5401 - 7000 *1600  void (interval over)"'
texts acme/I 499 >/dev/null
check "half of the second interval is half used" fact_is acme/I .used_percent 50
kill_docketd
start_docketd
check "docketd killed and started: still" fact_is acme/I '.first, .facts.last, .facts.used_percent' $'7001\n7999\n50'
expect "another one while it has numbers: no" 1 series set acme/I --start-after 9000 --last 9100
expect "warn at half: done" 0 series set acme/I --warn 50
check "show: the level is reached" fact_is acme/I .warned true
expect "an interval's end that has been passed: no" 1 series set acme/I --last 7100
expect "a validity that ends soon: done" 0 series set acme/I --valid-to "$(date -u -d '+5 days' +%F)"
check "status: works" look status
out_has "status: validity" '^validity  of 1 series ENDS within 14 days; acme/I is one'

# ---- profiles ------------------------------------------------------------------------

expect "a profile that the template does not fit: refused" 2 series add acme/GST --profile in-gst
err_has "refused: rule and what would fit" 'profile in-gst (CGST Rules.*what would fit: '
expect "one that fits: done" 0 series add acme/GST --profile in-gst --template 'G{FY:2526}-{N:6}'
check "show: its verdict" fact_is acme/GST .profile.against null
check "show: its longest text" fact_is acme/GST '.longest_characters, .facts.longest_number' $'12\n999999'
expect "a setting against it: refused" 2 series set acme/GST --at-end widen
err_has "refused: by the profile" 'profile in-gst'
check "show: text" look series show acme/GST
out_has "show: profile with its source" '^profile   in-gst (India, GST invoices; CGST Rules 2017, rule 46(b)): in order$'
out_has "show: what is left" '^left      999999 of 1 to 999999, 0% used'
out_has "show: the period's days" "^period    .*: [0-9]*-04-01 to [0-9]*-03-31"
out_has "show: no disorder" '^disorder  0: '
check "show of a leased one" look series show acme/LEAS
out_has "show: disorder of a leased one" '^disorder  at most 500'

# ---- from the next period on -----------------------------------------------------------

expect "from next in a series that never restarts: no" 1 series set acme/I --template 'J{N:4}' --from next
stop_docketd
shim=$(binary shiftclock.so)
DOCKET_CLOCK_SHIFT_S=$(($(date -u -d "$((year + 1))-01-01" +%s) - 86400 - $(date +%s))) # a day before the year's end
export DOCKET_CLOCK_SHIFT_S LD_PRELOAD=$shim
start_docketd
new=$((year + 1))
add_series acme/N
add_series acme/O --order leased
check "a day before the year's end: this year's text" gives acme/N "N-${year}1231-000001"
expect "set --from next --dry-run: may" 0 series set acme/N --template 'N{YY}/{N:4}' --from next --dry-run
out_has "set --from next --dry-run: as on the first day" "^  N${new#20}/0001$"
expect "set --from next: done" 0 series set acme/N --template 'N{YY}/{N:4}' --from next
out_has "set --from next: says from when" "^from $new on$"
expect "set --from next of a leased one: done" 0 series set acme/O --template 'O{YY}/{N:4}' --from next
check "show: from when" fact_is acme/N '.from, .facts.from_settings.template' "$new"$'\nN{YY}/{N:4}'
check "until then: this year's text" gives acme/N "N-${year}1231-000002"
expect "another one --from next: it replaces the first" 0 series set acme/N --template 'NN{YY}/{N:4}' --from next
check "show: the second" fact_is acme/N .from_settings.template 'NN{YY}/{N:4}'
expect "the same as now --from next: nothing waits" 0 series set acme/N --template '{SERIES}-{YYYY}{MM}{DD}-{N:6}' --from next
check "show: nothing waits" fact_is acme/N .from null
expect "and again: done" 0 series set acme/N --template 'NN{YY}/{N:4}' --from next
expect "a setting at once goes along" 0 series set acme/N --window 600
check "show: it does" fact_is acme/N '.settings.window, .facts.from_settings.window' $'600\nnull'
expect "order --from next: no" 1 series set acme/N --order leased --from next
expect "release --from next: no" 1 series set acme/N --release void --from next
add_series acme/R --template 'R{YYYY}{MM}{DD}-{N:4}'
expect "a series of which no number was given, --from next: done" 0 series set acme/R --template 'RR{YYYY}{MM}{DD}-{N:4}' --from next
expect "another restart while a policy waits: no" 1 series set acme/R --restart monthly
err_has "refused: what to do" 'take it back first'
expect "taken back: done" 0 series set acme/R --template 'R{YYYY}{MM}{DD}-{N:4}' --from next
expect "then another restart: done" 0 series set acme/R --restart monthly
add_series acme/V --template 'V{YYYY}-{N:3}' --last 9000 --valid-to "$year-12-31"
expect "an interval for the next year: done" 0 series set acme/V --last 5000 --valid-from "$new-01-01" --valid-to "$new-12-31" --from next
check "until then the old interval" fact_is acme/V '.last, .facts.from_settings.last' $'9000\n5000'
texts acme/V 2 >/dev/null
stop_docketd
# Some seconds before the edge, for processes that stay across it.
DOCKET_CLOCK_SHIFT_S=$(($(date -u -d "$new-01-01" +%s) - 4 - $(env -u LD_PRELOAD date +%s)))
start_docketd
rm -f "$work/stop4"
takers=()
for i in N O V; do
    run_child "$work/edge$i" "$taker" "$realm" acme $i "$work/stop4" 15000
    takers+=("$child")
done
next_is_there() { [ "$("$docket" series show "acme/$1" --json | jq '.periods | length')" = 2 ]; }
both_take() { next_is_there N && next_is_there O && next_is_there V && [ -s "$work/edgeN" ] && [ -s "$work/edgeO" ] && [ -s "$work/edgeV" ]; }
check "the next year is on the board, three processes take numbers" wait_until 3 both_take
kill_docketd
check "docketd dies before the year's end" sh -c '[ "$(date +%s)" -lt "$0" ]' "$(date -u -d "$new-01-01" +%s)"
wrote() {
    grep -q "	NN${new#20}/0003\$" "$work/edgeN" && grep -q "	O${new#20}/0003\$" "$work/edgeO" && grep -q "	V$new-003\$" "$work/edgeV"
}
check "the year's end with docketd dead: each writes the new text" wait_until 10 wrote
touch "$work/stop4"
start_docketd
check "they end in order" ended
edge() { # series, old text, new text: each year has its own, from 1 on in the new one
    awk -F'\t' -v year="$year" -v old="$2" -v new="$3" '
        {want = $2 == year ? sprintf(old, $1) : sprintf(new, $1)
         if (want != $3 || ($2 != year && $1 != ++count)) {print; bad = 1}}
        END {exit bad || !count}' "$work/edge$1"
}
check "each number's text is that of its year, and the new one begins at 1" edge N "N-${year}1231-%06d" "NN${new#20}/%04d"
check "of the leased one too" edge O "O-${year}1231-%06d" "O${new#20}/%04d"
check "an interval that joins the old one needs no docketd at the edge" edge V "V$year-%03d" "V$new-%03d"
check "show: the new interval" wait_until 20 fact_is acme/V '.last, .facts.settings["valid-to"]' "5000"$'\n'"$new-12-31"
check "docketd after it: goes on" eval 'texts acme/N | grep -q "^NN${new#20}/[0-9]*$"'
check "show: it holds now, and nothing waits" wait_until 20 fact_is acme/N '.settings.template, .facts.from' $'NN{YY}/{N:4}\nnull'
expect "the events say it" 0 events --kind set
out_has "the events: since when" "acme/N: template {SERIES}-{YYYY}{MM}{DD}-{N:6} -> NN{YY}/{N:4}, from $new on"
out_has "the events: and that it holds" "acme/N: what was set from $new on holds"
kill_docketd
start_docketd
check "docketd killed and started: still" eval 'texts acme/N | grep -q "^NN${new#20}/[0-9]*$"'
expect "the store is sound" 0 verify
finish
