#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The instructions of each hot path, counted by callgrind, beside their bounds
# (bounds.txt): `make check-instructions`. What is counted: docs/decisions/0030.
# Bounds are of one compiler and machine, which bounds.txt names: with others the counts are
# shown, and skipped.
#
#   KEEP_DUMPS   a folder: callgrind's dumps stay there
. "$(dirname "$0")/../process/lib.sh"

here=$(dirname "$0")
new_work
if ! command -v valgrind >/dev/null; then
    skip "instructions: there is no valgrind on this machine"
    finish
fi
export TMPDIR=/dev/shm
realm_in=memory
new_realm
start_docketd
dumps=${KEEP_DUMPS:-$work/dumps}
mkdir -p "$dumps"
code=0
valgrind --tool=callgrind --collect-atstart=no --callgrind-out-file="$dumps/callgrind.out" \
    "$(binary docket-instructions)" "$realm" >"$work/calls" 2>"$work/valgrind.log" || code=$?
if [ "$code" = 77 ] || grep -q 'without valgrind' "$work/valgrind.log"; then
    skip "instructions: built without valgrind's header"
    finish
fi
if [ "$code" != 0 ]; then
    fail "the hot paths run under callgrind" "$work/valgrind.log"
    finish
fi
ours="$("${CC:-gcc}" -dumpfullversion 2>/dev/null || "${CC:-gcc}" -dumpversion) $(uname -m)"
theirs=$(sed -n 's/^# of: gcc //p' "$here/bounds.txt")
code=0
python3 "$here/count.py" "$dumps" "$here/bounds.txt" "$work/calls" >"$work/table" || code=$?
cat "$work/table"
if [ "${ours%%.* *}" != "${theirs%%.* *}" ] || [ "${ours##* }" != "${theirs##* }" ]; then
    skip "instructions: the bounds are of gcc $theirs, this is $ours"
    finish
fi
exit "$code"
