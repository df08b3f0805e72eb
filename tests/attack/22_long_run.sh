#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Everything at once, for long: 16 workers, 32 tenants with a strict and a leased
# series each, all restarts. One printed seed draws the plan: workers killed and
# ended, docketd killed and stopped in order, power losses (all dead, runtime
# files gone), a full disk (a small file system of its own; needs root), steps of
# the clock by seconds and days. The workers are paced, so that the whole uses
# less than half a core. Judged at intervals of calm and at the end: the auditor,
# the durable marks after each death of docketd, the stated bound of what power
# losses made unknown, nobody ended by itself, hung, or was left without numbers.
#
#   LONG_S   seconds in all (60 / 1800)      LEG_S   seconds between audits      SEED
#
# row: 22
# seconds: 70 1880
# waits
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ "$(id -u)" = 0 ] && [ "${IN_NAMESPACE:-0}" = 0 ] && unshare -m true 2>/dev/null; then
    IN_NAMESPACE=1 exec unshare -m "$0" "$@" # mounts of ours end with us
fi
# shellcheck source=tests/attack/lib.sh
. "$here/lib.sh"

seconds=${LONG_S:-$(scale 60 1800)}
leg_s=${LEG_S:-$(scale 20 150)}
window=256 workers=16
killer=$(binary docket-killer) marks=$(binary docket-marks) shim=$(binary stepclock.so)
declare -A sum=()
bad=0 legs=0 mounted='' series=''
note "seed $SEED"

at_cleanup() {
    [ -z "$mounted" ] || umount -l "$mounted" || true
}

new_work
ballast=()
if [ "${IN_NAMESPACE:-0}" = 1 ] && command -v mkfs.ext4 >/dev/null; then
    truncate -s 96M "$work/disk.img"
    mkfs.ext4 -q -F "$work/disk.img"
    mkdir "$work/disk"
    if mount -o loop "$work/disk.img" "$work/disk"; then
        mounted=$work/disk realm_in=$work/disk ballast=(--ballast "$work/disk/ballast")
    fi
fi
[ -n "$mounted" ] || skip_row "the disk fills up" "needs root and a loop file system"
new_realm "seats_max = 64" 'clock_guard_days = 0' '[default]' "window = $window"

# docketd and the workers live by a clock that the plan steps.
truncate -s 8 "$work/clock"
export DOCKET_CLOCK_FILE=$work/clock
printf '#!/bin/sh\nLD_PRELOAD=%s exec %s "$@"\n' "$shim" "$docketd" >"$work/docketd"
chmod +x "$work/docketd"
docketd=$work/docketd
start_docketd
restarts=(never yearly monthly daily)
for ((i = 1; i <= 32; i++)); do
    restart=${restarts[i % 4]} p=p
    [ "$restart" != never ] || p=
    add_series "t$i/S" --order strict --restart "$restart"
    add_series "t$i/L" --order leased --restart "$restart"
    series=$series,t$i/S:s$p,t$i/L:l$p
done
kill_docketd

add_up() {
    local key
    for key in kills in_order ended hung numbers daemon_kills daemon_ended daemon_stops marks_read marks_behind stuck \
        losses full clock_steps owed; do
        sum[$key]=$((${sum[$key]:-0} + $(figure_of "$key" "$1")))
    done
    grep -E 'itself|in one call|handed out|cannot be read|took no number|did not end' "$1" || true
}

# What power losses may have made unknown: per loss and series the window for
# each of two periods, and a block for each lease: a worker has its own and one
# it opened, of at most 40 numbers or an eighth of the window; the rest of a
# strict block given back since the last raise comes on top.
bound() {
    echo $((sum[losses] * (64 * 2 * window + workers * 64 * 2 * 40)))
}

leg() {
    local out=$work/leg$1.out code=0
    LD_PRELOAD=$shim "$killer" --realm "$realm" --logs "$logs" --id "leg$1" --seed $((SEED * 1000 + $1)) \
        --series "${series#,}" --workers "$workers" --rate 50 --seconds "$2" --pause-us "${PAUSE_US:-100000}" \
        --docketd "$docketd" --daemon-log "$work/docketd.log" --marks "$marks" --scratch "$work/copy" \
        --runtime "$runtime" "${ballast[@]}" --clock "$work/clock" >"$out" 2>&1 || code=$?
    if [ "$code" != 0 ]; then
        fail "leg $1: the driver ends in order" "$out"
        finish
    fi
    add_up "$out"
    legs=$((legs + 1))
    start_docketd
    if ! audit --unknown-max "$(bound)" >"$work/audit.txt" 2>&1; then
        bad=$((bad + 1))
        mkdir -p "$BUILD/failed" # what was seen, for whoever looks into it
        cp "$work/fate.json" "$work/docketd.log" "$out" "$BUILD/failed/" || true
        fail "leg $1: the audit is clean" "$work/audit.txt"
    fi
    kill_docketd
}

for ((i = 1; seconds > 0; i++)); do
    leg "$i" $((seconds < leg_s ? seconds : leg_s))
    seconds=$((seconds - leg_s))
done
note "${sum[numbers]} numbers; $(figure unknown "$work/audit.json") unknown of at most $(bound); $(figure not_logged "$work/audit.json") not logged"

at_least "long run: workers killed" "$((legs * 20))" "${sum[kills]}"
at_least "long run: docketd killed" "$((legs * 3))" "${sum[daemon_kills]}"
note "docketd stopped in order: ${sum[daemon_stops]}, workers ended in order: ${sum[in_order]}"
at_least "long run: power losses" 1 "${sum[losses]}"
[ -z "$mounted" ] || at_least "long run: the disk was full" 1 "${sum[full]}"
at_least "long run: steps of the clock" "$legs" "${sum[clock_steps]}"
at_most "long run: audits with a finding, of $legs" 0 "$bad"
at_most "long run: marks behind a number handed out, of ${sum[marks_read]}" 0 "${sum[marks_behind]}"
at_most "long run: workers ended by themselves, hung or left without numbers" 0 \
    $((sum[ended] + sum[hung] + sum[stuck]))
at_most "long run: docketd ended by itself" 0 "${sum[daemon_ended]}"
at_most "long run: series quarantined" 0 "$(quarantines)"
finish
