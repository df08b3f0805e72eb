#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Proof g: two processes create 100,000 series on first use at the same time:
# each starts at 1 exactly once. SERIES sets another figure.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

series=${SERIES:-$(scale 2000 100000)}

new_realm "series_max = $((series + 100))"
start_docketd
start_worker one --series acme/G --each "$series" --count 1 --timeout-ms 5000
one=$child
start_worker two --series acme/G --each "$series" --count 1 --timeout-ms 5000
two=$child
wait_child "$one" || true
wait_child "$two" || true
check "two processes, $series series on first use: both get every number" all_worked one two
note "$(figure seconds "$work/one.out") s"
check "$series series: the audit is clean" audit --unknown-max 0
check "$series series: each exists once" audited counters -eq "$series"
check "$series series: each gave its first number, once" audited counters_logged_from_first -eq "$series"
check "$series series: two numbers of each" audited logged -eq $((series * 2))
kill_docketd
start_docketd
check "docketd killed and started again: all series are still there" audit --unknown-max 0
check "docketd killed and started again: each exists once" audited counters -eq "$series"
finish
