#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# An older store is accepted after documents were dated ahead, into a period that it
# has never heard of and that was on the board for two days already: none of its
# numbers is given again, today or when it has come.
# seconds: 2 2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

at_cleanup() { unset LD_PRELOAD DOCKET_CLOCK_FILE; } # the clock's file goes

# gives SERIES NUMBER ARG...
gives() {
    "$docket" next --no-start "$1" "${@:3}" | tee "$work/next.out" && grep -q -- "-$2\$" "$work/next.out"
}

realm_in=memory
new_realm '[default]' 'restart = daily'
set_clock "$work/clock" 0
midnight=$(($(date -u +%s) / 86400 * 86400))
set_clock "$work/clock" $((midnight + 43200 - $(date +%s))) # noon
next_day=$(date -u -d "@$((midnight + 2 * 86400))" +%Y-%m-%d)
export DOCKET_CLOCK_FILE=$work/clock LD_PRELOAD
LD_PRELOAD=$(binary shiftclock.so)
start_docketd
add_series acme/INV --template '{YYYY}{MM}{DD}-{N}'
add_series acme/HOT --order leased --template 'H{YYYY}{MM}{DD}-{N}'
stop_docketd
cp -r "$realm/store" "$work/older"
set_clock "$work/clock" $((midnight + 86400 + 43200 - $(env -u LD_PRELOAD date +%s)))
start_docketd
check "a document of tomorrow: the first of its day" wait_until 5 gives acme/INV 1 --date "$next_day"
check "of a leased series too" wait_until 5 gives acme/HOT 1 --date "$next_day"
stop_docketd
rm -rf "$realm/store"
cp -r "$work/older" "$realm/store"
run_child "$work/docketd.log" "$docketd" --realm "$realm" --accept-store 1000
docketd_pid=$child
check "a store of yesterday is accepted, 1000 numbers ahead" wait_until 20 is_serving
check "tomorrow goes on above them" gives acme/INV 1001 --date "$next_day"
check "of a leased series too" gives acme/HOT 1001 --date "$next_day"
set_clock "$work/clock" $((midnight + 2 * 86400 + 43200 - $(env -u LD_PRELOAD date +%s)))
check "and when it has come" wait_until 5 gives acme/INV 1002
stop_docketd
finish
