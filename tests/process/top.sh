#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# docket top in a real terminal (tmux, on a socket of its own): rates, keys,
# resizing, with docketd alive, killed, back again, and never there; and once,
# without a terminal. Waits for what the screen shows, never for a time.
#
# seconds: 9 9
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/process/cli_lib.sh
. "$here/cli_lib.sh"

new_realm
views_begin
export -n TMUX
unset TMUX
screen() { tmux -L "docket-$$" -f /dev/null "$@"; }
at_cleanup() { screen kill-server 2>/dev/null || true; }

# shown REGEXP: on the screen now
shown() {
    screen capture-pane -p -t top >"$work/pane" 2>/dev/null
    grep -q -e "$1" "$work/pane"
}
# shows "when: then" REGEXP: sooner or later
shows() {
    if wait_until 30 shown "$2"; then
        pass "$1"
    else
        fail "$1 (waited for '$2')" "$work/pane"
    fi
}
type_keys() { screen send-keys -t top "$@"; }
# open_top [OPTION...]: in a terminal of 130 by 30
open_top() {
    screen kill-session -t top 2>/dev/null || true
    screen new-session -d -s top -x 130 -y 30 "env ${top_env:-} $docket top --realm $realm $*; echo top ended \$?; exec cat"
}

screen new-session -d -s hold 'exec cat' # so that the server stays

echo "without docketd"
refused 'no realm, top: not reachable' 3 top --realm "$work/nowhere"
mkdir -m 700 "$realm/store"
open_top --interval 0.2
shows 'a realm that nobody has served yet: top says so' '^docketd   NOT THERE: .*has not run'
rmdir "$realm/store"
start_docketd
add_series acme/INV
add_series acme/ORD --order leased
add_series acme/QUIET
shows 'docketd starts: top finds it by itself' "^docketd   serving, pid $docketd_pid,"
shows 'docketd starts: the series are there' '^acme/QUIET  *strict'

echo "rates and keys"
start_worker a --series acme/INV,acme/ORD --threads 1 --rate 200
worker_pid=$child
rate_is() { shown "^acme/$1  *\(strict\|leased\) *[0-9]*  *[1-9][0-9]*\.[0-9] *[0-9.]* \(s\|min\) "; }
check 'a worker takes numbers: a strict series has a rate and a runway' wait_until 30 rate_is INV
check 'a worker takes numbers: a leased series has a rate and a runway' wait_until 30 rate_is ORD
shows 'a worker takes numbers: its seat is there' "^[0-9]*  *$worker_pid .*alive"
shows 'a worker takes numbers: a lease is open, and has an age' '^acme/ORD .* 1  *[0-9.]* s *$'
shows 'the sum of all rates is in the head' '; [1-9][0-9]* numbers a second, [0-9]* laid'
above() { # A B: the line of A stands above that of B
    shown "^acme/$2 " && [ "$(grep -n "^acme/$1 " "$work/pane" | cut -d: -f1)" -lt "$(grep -n "^acme/$2 " "$work/pane" | cut -d: -f1)" ]
}
check 'ordered by rate: a quiet series comes last' wait_until 30 above ORD QUIET
type_keys n
shows 'key n: by name' 'by name'
check 'key n: by name' wait_until 30 above INV ORD
type_keys w
shows 'key w: by runway' 'by runway'
type_keys l
shows 'key l: by laid' 'by laid'
type_keys o
shows 'key o: by what is open' 'by open'
check 'key o: the leased one comes first' wait_until 30 above ORD INV
type_keys r
shows 'key r: by rate again' 'by rate'
type_keys -
shows 'key -: half as often' 'every 0.4 s'
type_keys + + + + + +
shows 'key +: more often, and never oftener than ten times a second' 'every 0.1 s'
type_keys s
hidden() { ! shown '^SEAT'; }
check 'key s: the seats go' wait_until 30 hidden
never_faster() { ! shown 'every 0.0 s'; }
check 'key + again and again: likewise' never_faster
type_keys s
shows 'key s again: they come back' '^SEAT '
screen resize-window -t top -x 70 -y 14
last_line_is() { shown . && [ "$(wc -l <"$work/pane")" = 14 ] && tail -n 1 "$work/pane" | grep -q '^q quit'; }
check 'a smaller terminal: the last line is the last line' wait_until 30 last_line_is
screen resize-window -t top -x 10 -y 2
screen resize-window -t top -x 130 -y 30
shows 'from the smallest to the largest: all is there again' '^SEAT '
screen capture-pane -p -e -t top >"$work/pane"
esc=$(printf '\033')
check 'on a terminal with colours: uses them' grep -q "$esc\\[3[0-7]m" "$work/pane"

echo "docketd dies and comes back"
kill_docketd
shows 'docketd killed: top says so' '^docketd   DEAD for [0-9.]* s: workers go on'
shows 'docketd killed: rates go on, as long as the workers do' "^acme/INV  *strict *[0-9]*  *[1-9]"
start_docketd
shows 'docketd is back: top says so' "^docketd   serving, pid $docketd_pid,"
kill_child "$worker_pid"
kill_docketd # it would mend the table
truncate -s 100 "$(echo "$runtime"/*/table-0)"
shows 'somebody cuts the table: top says so, and goes on' '^docketd   NOT THERE: .*\(changed the size\|not a docket file\)'
lose_power
shows 'the shared files vanish: top says so, and goes on' '^docketd   NOT THERE'
start_docketd
shows 'they are built anew: top finds them' "^docketd   serving, pid $docketd_pid,"
stop_docketd
shows 'docketd stopped in order: top says so' '^docketd   STOPPED'
type_keys q
shows 'key q: top ends with 0' '^top ended 0'

echo "terminals that are not there"
start_docketd
top_env='NO_COLOR=1' open_top
shows 'NO_COLOR: works' '^docketd   serving'
screen capture-pane -p -e -t top >"$work/pane"
check 'NO_COLOR: no colour' lacks_text "$esc\\[3[0-7]m" "$work/pane"
type_keys q
shows 'q: ends' '^top ended 0'
top_env='TERM=unheard-of' open_top --interval 0.1
shows 'a terminal that nobody knows: printed once' '^top ended 0'
check 'a terminal that nobody knows: printed once' grep -q '^SERIES  *PERIOD' "$work/pane"
open_top --once --interval 0.1
shows '--once on a terminal: printed once' '^top ended 0'

echo "once"
# 200 numbers a second, from one series after the other: 100 of each
start_worker b --series acme/INV,acme/ORD --threads 1 --rate 200
worker_pid=$child
given() { "$docket" series show acme/INV --json | jq -e '.periods[0].next > 150'; }
check 'a worker: takes numbers' wait_until 20 given
expect 'top without a terminal: printed once' 0 top
out_has 'top without a terminal: docketd' "^docketd   serving, pid $docketd_pid"
out_has 'top without a terminal: a rate and a runway' '^acme/INV  *[0-9]*  *[1-9][0-9.]*/s  *[0-9.]* s '
out_has 'top without a terminal: the seats' " $worker_pid  *[0-9]* .*alive"
expect 'top --columns: those' 0 top --columns SERIES,RATE,DESK --sort name --rows 2 --interval 0.1
check 'top --columns --rows: so many' test "$(grep -c '^acme/' "$case_out")" = 2
expect 'top --json: an object' 0 top --json --interval 1
# A machine that is busy makes the worker stand and hurry: some look finds it in step.
rates_are_true() {
    "$docket" top --json --interval 1 >"$case_out" && jq -e '[.series[] | select(.series != "QUIET") |
        .rate_per_s > 50 and .rate_per_s < 150 and .runway_s > 0] | all and length == 2' "$case_out"
}
check 'top --json: the rates are those of the worker' wait_until 20 rates_are_true
json 'top --json: runway is what is laid by the rate' \
    '.series[] | select(.series == "INV") | (.laid / .rate_per_s - .runway_s) | . < 0.01 and . > -0.01'
keys 'top --json' schema_version realm runtime store_id generation commit_number docketd docketd.state docketd.pid \
    docketd.started_s docketd.heartbeat_age_ns docketd.clock_held_s interval_s sort waits $(printf 'waits.%s ' numbers waits share mean_us longest_us timeouts) \
    figures $(printf 'figures.%s ' series quarantined laid open \
        leases numbers_per_s seats_taken seats_max waiting commit_ns_last commit_ns_max commits_per_s blocks_laid_per_s \
        raises_per_s claims_per_s waits_per_s timeouts_per_s wait_ns_max oldest_lease_age_s) series 'series.[]' \
    $(printf 'series.[].%s ' tenant series desk order period rate_per_s runway_s next laid open leases oldest_lease_age_s \
        unknown_now window_now window quarantined) seats 'seats.[]' \
    $(printf 'seats.[].%s ' seat desk state pid uid attached_s lives leases numbers_open oldest_lease_age_s figures \
        figures.claims figures.waits figures.wait_ns_total figures.wait_ns_max figures.timeouts figures.give_backs figures.numbers)
# Numbers out of the desk, the worker's leased ones by its own account and by the cursor of its open lease, and the waits among them.
json 'top --json: numbers handed out, and how many waited' '.waits as $all | .seats[0].figures as $seat |
    $all.numbers >= $seat.numbers and $all.waits >= $seat.waits and
    ($all.share * $all.numbers - $all.waits | . < 0.001 and . > -0.001) and $all.longest_us * 1000 >= $seat.wait_ns_max'
json 'top --json: a quiet series has no runway to tell' '.series[] | select(.series == "QUIET") | .rate_per_s == 0 and .runway_s == null'
json 'top --json: figures and seats' \
    ".figures.numbers_per_s > 40 and .figures.numbers_per_s < 300 and .figures.seats_taken == 1 and (.seats[0] | .pid == $worker_pid and .lives) and .interval_s >= 1"
open_comes_first() { "$docket" top --sort open --json --interval 0.1 | jq -e '.sort == "open" and .series[0].series == "ORD"'; }
check 'top --sort open: the leased one comes first' wait_until 20 open_comes_first # between two leases nothing is open
kill_docketd
dead() { [ "$("$docket" status --json | jq -r .docketd.state)" = dead ]; }
check 'docketd killed: seen as dead' wait_until 20 dead
expect 'docketd dead, top: works' 0 top --interval 0.1
out_has 'docketd dead, top: says so' '^docketd   dead'
finish
