#!/bin/bash
# SPDX-License-Identifier: MIT
# seconds: 9
#
# calm_held: a series that was fast goes quiet, and the disk hangs just as docketd makes its
# window small again: whoever comes meanwhile gets a number at once, in both order modes.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

accounted=$(binary docket-accounted)
held=$work/held
new_realm
export DOCKET_HOLD=$held LD_PRELOAD=$(binary holddisk.so)
start_docketd
unset LD_PRELOAD
for series in STRICT LEASED; do
    add_series "acme/$series" --order "${series,,}" --restart never --window benchmark
    run_child "$work/$series.log" "$accounted" "$realm" "$series" burst 3000000
    wait_until 60 grep -q '^holding$' "$work/$series.log"
done
: >"$held"
sleep 8 # it is calmed 4 to 6 s after the last number
for series in STRICT LEASED; do
    check "$series: a number is there while the disk hangs" "$docket" next "acme/$series" --timeout 0
done
rm "$held"

finish
