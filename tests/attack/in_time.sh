#!/bin/sh
# SPDX-License-Identifier: MIT
#
# in_time SECONDS CMD...: runs CMD in a time namespace whose monotonic and boot
# clocks are so far ahead. A time namespace takes in children only, or who execs;
# unshare execs, so CMD keeps the process id.
seconds=$1
shift
exec unshare --time --monotonic "$seconds" --boottime "$seconds" -- "$@"
