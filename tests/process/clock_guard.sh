#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A clock that is far ahead: docketd does not follow it. No period ends, none
# opens, whoever asks gets no number of a wrong year, status and doctor say so; the
# clock is set and all goes on; or an admin says that it is right, and it is
# followed. At a start too, in the same boot and in another one, where a machine may
# have been switched off for as long as docket.conf says.
# seconds: 8 8
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

if ! command -v jq >/dev/null; then
    new_realm
    skip "a clock that is far ahead (no jq)"
    finish
fi
shim=$(binary shiftclock.so)
day=86400
year=$(date -u +%Y)
new_realm '[default]' 'restart = yearly' '[tenant daily]' 'restart = daily' '[tenant chrono]' 'restart = never' 'chronological = yes' '[tenant free]' 'restart = never' 'template = {SERIES}-{N}'
[ "$(date -u +%m%d)" != 1231 ] || sleep $((day - $(date -u +%s) % day + 1)) # the year must last a while

next_of() {
    "$docket" next --no-start --timeout 0.3 "$1"
}

held() {
    [ "$("$docket" status --json 2>/dev/null | jq .docketd.clock_held_s)" != 0 ]
}

followed() {
    ! held
}

# periods TENANT: those that the store knows, in order
periods() {
    fate && jq -c "[.counters[] | select(.tenant == \"$1\") | .period] | sort" "$work/fate.json"
}

is() {
    [ "$("${@:2}" 2>&1)" = "$1" ] || { echo "not $1:"; "${@:2}"; return 1; }
}

# no_number SERIES
no_number() {
    local said
    ! said=$(next_of "$1" 2>&1) || { echo "$said"; return 1; }
}

events() {
    "$docket" events --json --no-start --kind clock | jq -r '.events[] | .text + " / " + .reason'
}

set_clock "$work/clock" 0
export LD_PRELOAD=$shim DOCKET_CLOCK_FILE=$work/clock
start_docketd
today=$(date -u +%Y%m%d)
check "a right clock: numbers" is "INV-$today-000001" next_of acme/INV
check "a right clock: of each day too" next_of daily/INV
check "a right clock: in order of dates" is "INV-$today-000001" next_of chrono/INV
check "a right clock: without any date" is INV-1 next_of free/INV
before=$(periods acme)

set_clock "$work/clock" $((366 * day))
check "a year ahead: docketd does not follow" wait_until 5 held
check "a year ahead: no number of a wrong year" no_number acme/INV
check "a year ahead: nor of a wrong day" no_number daily/INV
check "a year ahead: who asks is told why" grep -q 'does not follow it' <<<"$(next_of acme/INV 2>&1)"
check "a year ahead: no date that would hold up every later one" no_number chrono/INV
check "a year ahead: what never restarts and shows no date goes on" is INV-2 next_of free/INV
check "a year ahead: no series of a wrong year is made" no_number acme/NEW
check "a year ahead: no period was opened" is "$before" periods acme
check "a year ahead: none has ended" test "$("$docket" period list --no-start --json acme/INV | jq -r '.periods[0].state')" = open
check "a year ahead: the log says what to do" grep -q 'docket clock accept' "$work/docketd.log"
check "a year ahead: status says so" grep -q 'NOT FOLLOWED' <<<"$("$docket" status)"
check "a year ahead: doctor fails, and says what to do" grep -q 'docket clock accept --reason' <<<"$("$docket" doctor)"
kill_docketd
start_docketd
check "a year ahead, docketd killed and started: it still does not follow" held
check "a year ahead, docketd killed and started: no period was opened" is "$before" periods acme

set_clock "$work/clock" 0
check "the clock is set: it is followed" wait_until 5 followed
check "the clock is set: numbers go on where they were" is "INV-$today-000002" next_of acme/INV
check "the clock is set: in order of dates too" is "INV-$today-000002" next_of chrono/INV
set_clock "$work/clock" $((20 * 3600))
check "twenty hours ahead: that is followed" wait_until 5 next_of daily/INV
check "twenty hours ahead: by docketd too" followed
set_clock "$work/clock" 0

set_clock "$work/clock" $((366 * day))
check "accepting wants a reason" test "$("$docket" clock accept --no-start --yes >/dev/null 2>&1; echo $?)" = 2
check "accepted" wait_until 5 held
check "accepted: the command says what became of it" is 'docketd follows the clock again' "$docket" clock accept --no-start --yes --reason 'it is right'
check "accepted: followed" wait_until 5 followed
check "accepted: next year's first number" wait_until 5 next_of acme/INV
check "accepted: this year has ended, next year is open" wait_until 5 is "[$year,$((year + 1))]" periods acme
check "accepted: the event says who said why" grep -q 'taken as right.*/ it is right' <<<"$(events)"
kill_docketd
start_docketd
check "accepted, docketd killed and started: still followed" followed

# ---- at a start ----

set_clock "$work/clock" $((2 * 366 * day))
stop_docketd
start_docketd
check "another year ahead at a start: not followed" held
stop_docketd
run_child "$work/docketd.log" "$docketd" --realm "$realm" --accept-clock
docketd_pid=$child
wait_until 20 serves_or_ended
check "--accept-clock: followed" wait_until 5 followed
check "--accept-clock: an event" wait_until 5 grep -q -- '--accept-clock' <<<"$(events)"
stop_docketd

# ---- another boot ----

# boot_with NUMBER: docketd under a boot id of its own, runtime files lost
boot_with() {
    rm -rf -- "${runtime:?}"/*
    printf '%08d-2222-3333-4444-555555555555\n' "$1" >"$work/boot_id"
    run_child "$work/docketd.log" unshare --user --map-current-user --mount bash -c \
        'mount --bind "$1" /proc/sys/kernel/random/boot_id && exec "$2" --realm "$3"' _ "$work/boot_id" "$docketd" "$realm"
    docketd_pid=$child
    wait_until 20 serves_or_ended && is_running "$docketd_pid"
}

if unshare --user --map-current-user --mount true 2>/dev/null && boot_with 1; then
    check "another boot: followed" followed
    stop_docketd
    set_clock "$work/clock" $((2 * 366 * day + 30 * day))
    boot_with 2 || true
    check "switched off for thirty days: followed" followed
    stop_docketd
    set_clock "$work/clock" $((2 * 366 * day + 70 * day))
    boot_with 3 || true
    check "switched off for forty days: not followed" held
    stop_docketd
else
    skip "another boot (no user namespaces here)"
fi
# ---- dates that no document may carry ----

# shift_to DATE: everybody's clock stands there
shift_to() {
    set_clock "$work/clock" $(($(date -u -d "$1" +%s) - $(env -u LD_PRELOAD date +%s)))
}

# says SERIES WORDS: no number, and why
says() {
    local said
    ! said=$(next_of "$1" 2>&1) || { echo "$said"; return 1; }
    grep -qF "$2" <<<"$said" || { echo "$said"; return 1; }
}

rm -rf -- "$work/realm" "$work/logs" "$runtime"
new_realm 'clock_guard_days = 0' '[default]' 'restart = daily' '[tenant never]' 'restart = never' 'template = {SERIES}-{N}'
shift_to '2000-12-30 12:00'
start_docketd
check "the year 2000: no series is made, and it says which dates there are" says acme/INV '20010101 to 20991231'
check "the year 2000: no counter was made" is '[]' periods acme
check "the year 2000: what never restarts shows no date and needs none" is INV-1 next_of never/INV
shift_to '2099-12-31 12:00'
check "the last day: numbers" wait_until 5 is INV-20991231-000001 next_of acme/INV
shift_to '2100-01-01 12:00'
check "the year 2100: no number" no_number acme/INV
check "the year 2100: no period" is '[20991231]' periods acme
check "the year 2100: what never restarts goes on" is INV-2 next_of never/INV
check "the year 2100: the log says so" grep -q "no period is opened for 2100" "$work/docketd.log"
shift_to '2050-06-01 12:00'
check "the clock is set: numbers" wait_until 5 next_of acme/OUT
stop_docketd
unset LD_PRELOAD
finish
