#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Output worth reading: columns, headings, colour, progress, errors as JSON; the
# window's two readings; seat list, desk list, where, with docketd alive and dead.
#
# seconds: 12 12
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/process/cli_lib.sh
. "$here/cli_lib.sh"

new_realm 'access = shared' '[desk default]' 'group = 0' '[desk billing]' 'tenants = beta' 'user = 1'
views_begin
start_docketd
add_series acme/INV
add_series acme/ORD --order leased
add_series beta/X --window 500
start_worker a --series acme/INV,acme/ORD --threads 1 --rate 100
worker_pid=$child
gave_some() { [ "$("$docket" series show acme/INV --json | jq '.periods[0].next')" -gt 20 ]; }
check 'a worker: takes numbers' wait_until 20 gave_some

echo "columns"
expect 'series list --columns: those, in that order' 0 series list --columns window,SERIES
out_is 'series list --columns: nothing else' 'WINDOW SERIES' ' 10000 acme/INV' ' 10000 acme/ORD' '   500 beta/X'
expect 'series list --no-headings: rows only' 0 series list --columns series --no-headings
out_is 'series list --no-headings: rows only' acme/INV acme/ORD beta/X
expect 'a column twice: twice' 0 series list --columns series,series --no-headings
out_has 'a column twice: twice' '^beta/X *beta/X$'
for one in 'series list' 'series show acme/INV' 'status -v' inspect 'seat list' 'desk list' doctor top 'fate --all'; do
    # shellcheck disable=SC2086
    refused "$one with a column that is not there: usage" 2 $one --columns SERIES,FROB
    err_has "$one with a column that is not there: lists those that are" "'\(FROB\|SERIES\)'; there are [A-Z_]*,[A-Z_]*"
    # shellcheck disable=SC2086
    refused "$one with an empty column: usage" 2 $one --columns ''
    # shellcheck disable=SC2086
    expect "$one --columns with --json: usage" 2 $one --columns DESK --json
    json "$one --columns with --json: an error object" '.error.status == "DOCKET_BAD_ARGUMENT"' "$case_err"
done
refused 'a comma at the end: usage' 2 series list --columns SERIES,
refused 'more columns than there can be: usage' 2 series list --columns "$(printf 'SERIES,%.0s' $(seq 24))SERIES"
refused 'status --columns without its table: usage' 2 status --columns SERIES
refused 'fate --no-headings without its table: usage' 2 fate --all --no-headings
expect 'status -v --columns: a column that is hidden by default' 0 status -v --columns SERIES,DESK
out_has 'status -v --columns: a column that is hidden by default' '^beta/X *desk-1$'
expect 'inspect --columns of one of its tables: only that table' 0 inspect --columns LIFE,PID
out_has 'inspect --columns: the seats' "^alive *$worker_pid\$"
check 'inspect --columns: no series' lacks_text '^acme/' "$case_out"
expect 'fate --columns: one table' 0 fate --all --columns SERIES,FIRST,FATE
out_has 'fate --columns: its headings' '^SERIES  *FIRST FATE$'
out_has 'fate --columns: its rows' '^acme/INV  *1 handed out$'

echo "errors as JSON"
for one in 'frobnicate --json' '--json next acme/INV' 'series --json' 'help --json' 'version --frobnicate --json' \
    'where x --json' 'seat list --interval 3 --json' 'top --interval 0 --json' 'top --sort x --json' 'top --rows 0 --json'; do
    # shellcheck disable=SC2086
    expect "docket $one: usage" 2 $one
    json "docket $one: an error object" '.schema_version == 1 and .error.status == "DOCKET_BAD_ARGUMENT" and (.error.message | length > 0)' \
        "$case_err"
    check "docket $one: nothing on stdout" test ! -s "$case_out"
done
for one in where doctor top 'seat list' 'desk list' 'series show acme/INV'; do
    # shellcheck disable=SC2086
    expect "no realm, $one --json: not reachable" 3 $one --json --realm "$work/nowhere"
    json "no realm, $one --json: an error object" '.error.status == "DOCKET_NO_REALM"' "$case_err"
    # shellcheck disable=SC2086
    refused "no realm, $one: not reachable" 3 $one --realm "$work/nowhere"
done
refused 'seat without a verb: usage' 2 seat
err_has 'seat without a verb: says which there are' 'wants one of: list'
expect 'seat --help: the help of its verbs' 0 seat --help
out_has 'seat --help: says how it is used' 'usage: docket seat list'
refused 'series with a wrong verb: usage' 2 series drop
err_has 'series with a wrong verb: says which there are' 'add, list, show'

echo "colour and progress"
esc=$(printf '\033')
on_terminal "$docket doctor --realm $realm"
check 'doctor on a terminal: in colour' grep -q "$esc\\[3[123]m" "$work/screen"
NO_COLOR=1 on_terminal "$docket doctor --realm $realm"
check 'doctor with NO_COLOR: without' lacks_text "$esc" "$work/screen"
TERM=dumb script -qec "$docket doctor --realm $realm" /dev/null </dev/null >"$work/screen" 2>&1 || true
check 'doctor on a dumb terminal: without' lacks_text "$esc" "$work/screen"
"$docket" doctor >"$work/screen" || true
check 'doctor into a file: without' lacks_text "$esc" "$work/screen"
mkdir "$work/bin"
cp "$docket" "$work/bin/docket"
printf '#!/bin/sh\nsleep 2.5\nexit 9\n' >"$work/bin/docketd"
chmod +x "$work/bin/docketd"
libraries=$(dirname "$docket")
slow="env LD_LIBRARY_PATH=$libraries:$libraries/../lib $work/bin/docket next a/B --realm"
on_terminal "$slow $work/slow"
check 'what lasts over two seconds, on a terminal: says how long' grep -q 'getting ready, 2 s' "$work/screen"
check 'what lasts: the line wipes itself' grep -q "$esc\\[Kdocket: docketd ended" "$work/screen"
$slow "$work/slow" >"$work/screen" 2>&1 || true
check 'what lasts, into a file: says nothing of it' lacks_text 'getting ready' "$work/screen"

kill -STOP "$docketd_pid"
on_terminal "$docket fate --all --no-start --realm $realm" &
asker=$!
children[$asker]=1
check 'a call that waits for docketd, on a terminal: says how long' \
    wait_until 20 grep -q 'docket: waiting for docketd, 2 s' "$work/screen"
kill -CONT "$docketd_pid"
wait_child "$asker" || true
check 'a call that waited: the line wipes itself before the answer' grep -q "$esc\\[Kacme/" "$work/screen"

echo "the window's two readings"
expect 'series show: works' 0 series show acme/INV
out_has 'series show: what a power loss may cost, now and ever' '^unknown   at most [1-9][0-9]* now and 10000 by the setting'
out_has 'series show: the runway' '^runway    [0-9.]* s should docketd stop: [0-9]* laid, at the [0-9]* a minute it saw'
expect 'series show of one that nobody used: works' 0 series show beta/X
out_has 'series show of one that nobody used: has seen no rate' '^runway    16 laid should docketd stop; it has seen no rate yet'
expect 'series show --json: works' 0 series show acme/INV --json
json 'series show --json: the two readings' '.for_books and (.periods[0] | .unknown_now <= 10000 and .unknown_now >= .laid and
    .rate_per_minute > 1000 and .window_now >= 16 and .runway_s > 0)'
refused 'a window above those for books: usage' 2 series add acme/B --window 10001
refused 'the benchmarks window as a number: usage' 2 series add acme/B --window 250000
expect 'the benchmarks window by its name: made' 0 series add acme/B --window benchmark
err_has 'the benchmarks window: said to be not for books' 'not for books'
expect 'series show of it: works' 0 series show acme/B
out_has 'series show of it: not for books' '^window    16777216 (benchmark): NOT FOR BOOKS'
expect 'series show of it, --json: works' 0 series show acme/B --json
json 'series show of it, --json: not for books' '.for_books == false'
printf '[default]\nwindow = benchmark\n' >"$work/bench.conf"
check 'window = benchmark: can be configured' "$docketd" --realm "$work" --config "$work/bench.conf" --check-config
printf '[default]\nwindow = 10001\n' >"$work/bench.conf"
check 'window = 10001: cannot' sh -c "! '$docketd' --realm '$work' --config '$work/bench.conf' --check-config"

echo "seats, desks, where"
views() {
    expect "$1, seat list: works" 0 seat list
    out_has "$1, seat list: the worker" "^ *0 *$worker_pid *$(id -u) .*alive"
    expect "$1, seat list --json: works" 0 seat list --json
    json "$1, seat list --json: the worker" ".seats[0] | .pid == $worker_pid and .lives and .desk == \"desk-0\" and .leases <= 1" # 0 between two leases
    # shellcheck disable=SC2046
    keys "$1, seat list --json" schema_version realm seats 'seats.[]' $(printf 'seats.[].%s ' seat desk state pid uid \
        attached_s lives leases numbers_open oldest_lease_age_s figures figures.claims figures.waits \
        figures.wait_ns_total figures.wait_ns_max figures.timeouts figures.give_backs figures.numbers)
    expect "$1, desk list: works" 0 desk list --columns DESK,FILES,USER,GROUP,MODE
    out_is "$1, desk list: both desks, as docket.conf calls them" 'DESK    FILES  USER GROUP MODE' \
        'default desk-0 -    0     0640' 'billing desk-1 1    -     0640'
    expect "$1, desk list --json: works" 0 desk list --json
    json "$1, desk list --json: what they take" '.desks | length == 2 and .[0].seats_taken == 1 and .[1].series == 1 and
        all(.[]; .board_bytes > 100000 and .table_bytes > 10000) and .[0].seats_bytes > 60000'
    # shellcheck disable=SC2046
    keys "$1, desk list --json" schema_version realm desks 'desks.[]' $(printf 'desks.[].%s ' files desk user group \
        owner_uid group_gid mode seats_taken seats_max series series_max board_bytes table_bytes seats_bytes waiting)
    expect "$1, where --json: works" 0 where --json
    json "$1, where --json: all that there is" ".realm == \"$realm\" and .store == \"$realm/store\" and .witness == \"$realm/witness\" and
        .config == \"$realm/docket.conf\" and .log == \"$work/docketd.log\" and (.socket | startswith(\"$runtime/\")) and
        .named_by == \"DOCKET_REALM\" and .versions.layout == 3 and (.versions.lmdb | test(\"^0[.]9[.]\"))"
    keys "$1, where --json" schema_version realm named_by docketd pid store witness config runtime socket log versions \
        versions.docket versions.docketd versions.layout versions.schema versions.lmdb
    expect "$1, where: works" 0 where
    out_has "$1, where: says the store" "^store     $realm/store"
}
views 'docketd alive'
kill_docketd
sleep_until_dead() { [ "$("$docket" status --json | jq -r .docketd.state)" = dead ]; }
check 'docketd killed: seen as dead' wait_until 20 sleep_until_dead
views 'docketd dead'
kill_child "$worker_pid"
expect 'a worker that died beside a dead docketd, seat list: works' 0 seat list
out_has 'a worker that died beside a dead docketd: is gone' "^ *0 *$worker_pid .*gone"
before=$("$docket" series show acme/INV --json | jq '.periods[0].window_now')
start_docketd
# A docketd that began with a window of 16 again would be content with the 20 that are left.
laid=$("$docket" series show acme/INV --json | jq '.periods[0].laid')
expect 'a docketd that adopted the desk: gives what was laid' 0 next acme/INV --no-start -n $((laid - 20))
adopted() { [ "$("$docket" series show acme/INV --json | jq '.periods[0].laid')" -ge $((before / 2)) ]; }
check "a docketd that adopted the desk: lays as far ahead as the one before ($before)" wait_until 5 adopted
start_worker b --series acme/INV,acme/ORD --threads 2 --rate 500
worker_pid=$child
gave_more() { [ "$("$docket" series show acme/ORD --json | jq '.periods[0].next')" -gt 700 ]; }
check 'a worker: takes many' wait_until 20 gave_more
kill_docketd
kill_child "$worker_pid"
"$docket" series show acme/INV --json >"$work/inv"
"$docket" series show acme/ORD --json >"$work/ord"
lose_power
expect 'after a restart of the machine, where: still says realm and store' 0 where
out_has 'after a restart of the machine, where: docketd has not run' '^docketd   not run since the machine started'
refused 'after a restart of the machine, seat list: not reachable' 3 seat list
start_docketd
fate
unknown() { jq "[.counters[] | select(.series == \"$1\") | .ranges[] | select(.fate == \"unknown\") | .last - .first + 1] | add" "$work/fate.json"; }
strict_is_exact() {
    echo "unknown $(unknown INV), said $(jq '.periods[0].unknown_now' "$work/inv")"
    [ "$(unknown INV)" = "$(jq '.periods[0].unknown_now' "$work/inv")" ]
}
check 'the power failed: as many numbers of a strict series are unknown as series show said' strict_is_exact
leased_is_bounded() { # beside open leases: two, of an eighth of the window each
    local most
    most=$(jq '.periods[0] | .unknown_now + 2 * .window_now / 8' "$work/ord")
    echo "unknown $(unknown ORD), at most $most"
    jq -ne "$(unknown ORD) > 0 and $(unknown ORD) <= $most"
}
check 'the power failed: no more numbers of a leased series are unknown than series show said' leased_is_bounded
finish
