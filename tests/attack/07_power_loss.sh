#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The power fails at any moment, from the making of the realm on. A recorder in
# docketd writes down each operation on the realm's disk while threads take
# numbers; then the power is cut in every operation, and of what was not synced
# any part is there: writes dropped, alone, torn in sectors, names lost. The
# tmpfs is gone each time. Each image is opened and read with the store's own
# code, and judged by the numbers that were out at that moment; some are served
# by the real docketd, and the auditor judges.
#
#   IMAGES   how many in all     ROUNDS   recordings     SERVED   by docketd, in all
#
# row: 7
# seconds: 15 480
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/attack/lib.sh
. "$here/lib.sh"

images=${IMAGES:-$(scale 5400 510000)}
rounds=${ROUNDS:-$(scale 1 6)}
served=${SERVED:-$(scale 4 120)}
threads=6
printf 'seed %s\n' "$SEED"

names=(acme/S acme/L acme/SD acme/LD beta/S beta/L)
tracked=(books/Key books/KeyDaily)
for ((i = 1; i <= 18; i++)); do
    names+=("many/N$i")
done

# Commits by the second: small windows.
declare_series() {
    add_series acme/S --order strict --window 64
    add_series acme/L --order leased --window 256
    add_series acme/SD --order strict --restart daily --window 100
    add_series acme/LD --order leased --restart daily --window 300
    add_series beta/S --order strict --window 2000
    add_series beta/L --order leased --window 2000
    add_series books/Key --order gapless --restart never
    add_series books/KeyDaily --ledger on --restart daily
}

# Every docketd of this realm is recorded. Its clock is a few seconds before
# midnight when the round begins.
record() {
    bare=$docketd
    shim=$(binary power_shim.so) shift_clock=$(binary shiftclock.so)
    export DOCKET_CLOCK_SHIFT_S=$(($(date -u -d tomorrow +%s) / 86400 * 86400 - 3 - $(date +%s)))
    head -c 4096 /dev/zero >"$shared/clock"
    cat >"$work/recorded" <<END
#!/bin/sh
export LD_PRELOAD=$shim:$shift_clock POWER_CLOCK=$shared/clock POWER_LOG=$shared/log POWER_ROOTS=$realm${other:+:$other}
exec $bare "\$@"
END
    chmod 700 "$work/recorded"
    printf '#!/bin/sh\nLD_PRELOAD=%s exec %s "$@"\n' "$shift_clock" "$bare" >"$work/shifted"
    chmod 700 "$work/shifted"
    docketd=$work/recorded
}

# take NAME: threads that take from all series until they are killed
take() {
    run_child "$work/take.$1.out" env LD_PRELOAD="$shift_clock" "$(binary docket-power-take)" "$realm" "$shared/clock" \
        "$shared/taken.$1" "$SEED$round" "$threads" 400 "${names[@]}" "${tracked[@]}"
    taker=$child
    takers+=("$shared/taken.$1")
    wait_until 30 test -s "$shared/taken.$1.0" || fail "takers $1 did not begin" "$work/take.$1.out"
}

operations() {
    od -A n -t u8 -N 8 "$shared/clock" | tr -d ' '
}

passed_by() {
    [ "$(operations)" -ge "$1" ]
}

# work_on N: until docketd did N more operations (the clock counts two for each)
work_on() {
    local goal=$(($(operations) + 2 * $1))
    wait_until 60 passed_by "$goal" || fail "docketd did no $1 operations in 60 s" "$work/docketd.log"
}

docketd_ended() {
    ! is_running "$docketd_pid"
}

# crash_in N: docketd ends before its N-th operation from now
crash_in() {
    printf "\\x$(printf %x "$1")" | dd of="$shared/clock" bs=1 seek=8 conv=notrunc status=none
}

crash() {
    crash_in $((1 + RANDOM % 20))
    wait_until 60 docketd_ended || fail "docketd did not reach its end" "$work/docketd.log"
    wait_child "$docketd_pid" || true
}

# A start that is cut after some operations, again and again.
cut_starts() {
    local cut
    for cut in "$@"; do
        crash_in "$cut"
        run_child "$work/docketd.log" "$docketd" --realm "$realm" --create
        docketd_pid=$child
        wait_until 60 docketd_ended || fail "a start was not cut at its operation $cut" "$work/docketd.log"
        wait_child "$docketd_pid" || true
    done
}

record_round() {
    takers=()
    shared=$(mktemp -d /dev/shm/docket-proof.XXXXXX)
    other=
    new_realm
    if ((round % 2 == 0)); then
        other=$work/other
        mkdir -p -m 700 "$other"
        printf 'witness = %s/witness\nwitness_dir = %s/far\n' "$other" "$other" >>"$realm/docket.conf"
    else
        echo 'witness_dir = none' >>"$realm/docket.conf" # it would not lose power with the realm
    fi
    record
    cut_starts 3 9 14 $((RANDOM % 20 + 1))
    start_docketd
    declare_series
    take a
    work_on "$pace"
    crash
    cut_starts 2 5 $((RANDOM % 8 + 1))
    start_docketd
    work_on "$pace"
    stop_docketd
    start_docketd
    work_on "$pace"
    kill_child "$taker"
    take b
    work_on "$pace"
    crash
    kill_child "$taker"
    rm -rf -- "${runtime:?}"/*
    cut_starts 6 10
    start_docketd
    take c
    work_on "$pace"
    kill_child "$taker"
    stop_docketd
}

judge_round() {
    local every=$((images / rounds * rounds / served))
    mkdir "$shared/images" "$work/samples"
    "$(binary docket-power-images)" "$shared/log" "$shared/images" $((images / rounds)) "$SEED" $((4 * threads)) "$every" \
        "$work/samples" "${names[@]}" "${tracked[@]}" -- "${takers[@]}" >"$work/images.out" 2>&1 ||
        fail "the images can be judged" "$work/images.out"
}

# One image served by docketd without a recorder, in the time of the recording.
serve_sample() {
    local sample=$1 code=0
    realm=$sample/realm logs=$sample/logs docketd=$work/shifted
    export DOCKET_REALM=$realm
    rm -rf -- "${runtime:?}"/*
    printf '[realm]\nruntime_dir = %s\n%s\n' "$runtime" "${other:+witness = $sample/other/witness
witness_dir = $sample/other/far}" >"$realm/docket.conf"
    [ -n "$other" ] || echo 'witness_dir = none' >>"$realm/docket.conf"
    chmod 700 "$realm"
    start_docketd
    run_child "$work/after.out" env LD_PRELOAD="$shift_clock" timeout 120 "$worker" --realm "$realm" --logs "$logs" \
        --id after --series "$(IFS=, && echo "${names[*]}")" --threads 2 --count 400
    wait_child "$child" || { cat "$work/after.out"; code=1; }
    audit || code=1
    stop_docketd
    rm -rf -- "$sample"
    return "$code"
}

totals=(operations numbers duplicates images served stale again unreadable loose crashed)
declare -A total
for key in "${totals[@]}" audited faults; do
    total[$key]=0
done
widest=0
new_work
# The clock, the records and the images lie in memory.
leave() {
    local code=$?
    rm -rf -- "$shared"
    set +e
    (exit "$code")
    cleanup
}
shared=$work/none
trap leave EXIT
pace=${PACE:-$(scale 60 400)}
for ((round = 1; round <= rounds; round++)); do
    record_round
    judge_round
    for key in "${totals[@]}"; do
        total[$key]=$((${total[$key]} + $(figure_of "$key" "$work/images.out")))
    done
    this=$(figure_of widest "$work/images.out")
    [ "$this" -le "$widest" ] || widest=$this
    if grep -q '^first' "$work/images.out"; then
        fail "round $round" "$work/images.out"
    fi
    rm -rf -- "$shared"
    for sample in "$work"/samples/*; do
        [ -d "$sample" ] || continue
        total[audited]=$((${total[audited]} + 1))
        if ! serve_sample "$sample" >"$work/served.out" 2>&1; then
            total[faults]=$((${total[faults]} + 1))
            fail "round $round: an image served by docketd: the audit is clean" "$work/served.out"
        fi
    done
    rm -rf -- "$work/samples" "$work/other" "$work/realm" "$work/logs" "$runtime"
done

note "${total[operations]} operations recorded, ${total[numbers]} numbers; in ${total[served]} images numbers were out"
note "the most that would become unknown: $widest thousandths of what is stated"
at_least "power-loss images" "$(scale 5000 500000)" "${total[images]}"
at_most "stale marks" 0 "${total[stale]}"
at_most "numbers given that are spare or void in an image" 0 "${total[again]}"
at_most "unreadable or refused" 0 "$((${total[unreadable]} + ${total[crashed]}))"
at_most "images where more becomes unknown than is stated" 0 "${total[loose]}"
at_most "duplicates while recording" 0 "${total[duplicates]}"
at_least "images served by docketd and audited" "$served" "${total[audited]}"
at_most "of these with a finding" 0 "${total[faults]}"
finish
