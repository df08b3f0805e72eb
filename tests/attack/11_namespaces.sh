#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Namespaces: docketd in a new pid, user, mount namespace, in all of them, in
# none; for each of these, two workers in each of the same five, all at once, so
# that many have the same pid inside. And a static musl worker with the glibc
# docketd, in no namespace and in all. One worker of each pair is killed.
#
# Judged: everybody is served; the killed ones' seats come back, while those of
# the living, which are stopped meanwhile, do not; the audit is clean.
#
# row: 11
# seconds: 16 16
# waits
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/attack/lib.sh
. "$here/lib.sh"

declare -A how=([none]="" [pid]="--pid --fork --kill-child=SIGKILL --mount-proc" [user]="--user --map-root-user"
    [mount]="--mount" [all]="--user --map-root-user --pid --fork --kill-child=SIGKILL --mount --mount-proc")
kinds=${KINDS:-none pid user mount all}
as_user=()
[ "$(id -u)" = 0 ] || as_user=(--user --map-root-user)

# in_namespace KIND CMD...
in_namespace() {
    local kind=$1
    shift
    if [ "$kind" = none ]; then
        exec "$@"
    fi
    # shellcheck disable=SC2086
    exec unshare "${as_user[@]}" ${how[$kind]} -- "$@"
}

possible() {
    (in_namespace "$1" true) 2>/dev/null
}

new_work
allowed=''
for kind in $kinds; do
    if possible "$kind"; then
        allowed+=" $kind"
    else
        skip_row "namespaces: $kind" "this machine does not allow them"
    fi
done

musl=''
if ! command -v musl-gcc >/dev/null; then
    skip_row "static musl worker" "no musl-gcc (package musl-tools)"
elif musl_worker=$("$here/musl_worker.sh" "$BUILD" 2>"$work/musl.err"); then
    musl='musl-none'
    [[ $allowed != *' all'* ]] || musl+=' musl-all'
else
    cat "$work/musl.err"
    skip_row "static musl worker" "it could not be built"
fi

# sit ID KIND: a worker in that namespace; it takes until it is told to stop.
sit() {
    local id=$1 kind=${2#musl-} program=$worker
    [[ $2 != musl-* ]] || program=$musl_worker
    run_child "$work/$id.out" in_namespace "$kind" "$program" --realm "$realm" --logs "$logs" --id "$id" \
        --series acme/strict,acme/leased --threads 1 --rate 500 --stop-file "$work/stop"
}

# The worker itself, below unshare if that forked.
inner_of() {
    local pid=$1 below
    while below=$(cat /proc/"$pid"/task/*/children 2>/dev/null) && [ -n "${below// /}" ]; do
        pid=${below%% *}
    done
    echo "$pid"
}

seats_taken() {
    "$docket" inspect --json >"$work/inspect.json" 2>/dev/null &&
        [ "$(jq '[.desks[].figures.seats_taken] | add' "$work/inspect.json")" = "$1" ]
}


start_in() {
    run_child "$work/docketd.log" in_namespace "$1" "$docketd" --realm "$realm" --create
    docketd_outer=$child
    docketd_pid=''
    within 30 is_serving
}

end_docketd() {
    kill -TERM "$(inner_of "$docketd_outer")" 2>/dev/null || true
    wait_child "$docketd_outer" || true
}

# pairs KIND: docketd in KIND, pairs of workers in every kind
pairs() {
    local kind id pairs=0 killed=() kept=() pid
    docketd_kind=$1
    rm -f "$work/stop"
    new_realm_again
    start_in "$1" || { fail "docketd in $1: it serves" "$work/docketd.log"; return; }
    # shellcheck disable=SC2086
    set -- $allowed $musl
    "$docket" series add --no-start acme/strict --order strict >/dev/null
    "$docket" series add --no-start acme/leased --order leased >/dev/null
    for kind; do
        sit "k-$kind" "$kind" && killed+=("$child")
        sit "l-$kind" "$kind" && kept+=("$child")
        pairs=$((pairs + 1))
    done
    check "docketd in $docketd_kind: $((2 * pairs)) workers in all kinds are seated" within 30 seats_taken $((2 * pairs))
    check "docketd in $docketd_kind: all of them take numbers" within 30 all_have_numbers $((2 * pairs))
    for pid in "${kept[@]}"; do
        kill -STOP "$(inner_of "$pid")"
    done
    for pid in "${killed[@]}"; do
        kill -KILL "$(inner_of "$pid")"
        wait_child "$pid" || true
    done
    check "docketd in $docketd_kind: the killed are reaped, the stopped keep their seats" within 30 seats_taken "$pairs"
    sleep 0.3 # three more looks of docketd at those who live
    check "docketd in $docketd_kind: the living are not robbed" seats_taken "$pairs"
    for pid in "${kept[@]}"; do
        kill -CONT "$(inner_of "$pid")"
    done
    touch "$work/stop"
    for pid in "${kept[@]}"; do
        wait_child "$pid" || true
    done
    for kind; do
        check "docketd in $docketd_kind, worker in $kind: it goes on and ends in order" all_worked "l-$kind"
    done
    check "docketd in $docketd_kind: every seat comes back" within 30 seats_taken 0
    check "docketd in $docketd_kind: the audit is clean" audit --unknown-max 0
    combinations=$((combinations + pairs))
    twice=$((twice + $(audit_figure duplicates)))
    lost=$((lost + $(audit_figure unaccounted)))
    end_docketd
}

# A log with a first number, of each worker and series.
all_have_numbers() {
    local log have=0
    for log in "$logs"/*.log; do
        [ "$(od -An -N8 -j4096 -tu8 "$log" 2>/dev/null | tr -d ' ')" = 0 ] || have=$((have + 1))
    done
    [ "$have" = $((2 * $1)) ]
}

# Of the last audit; one that gave no figure counts against us.
audit_figure() {
    local value
    value=$(figure "$1" "$work/audit.json")
    echo "${value:-1}"
}

new_realm_again() {
    [ -z "$runtime" ] || rm -rf -- "$runtime" "$work/realm" "$work/logs"
    new_realm '[default]' 'restart = never' 'window = 200'
}

combinations=0 twice=0 lost=0
for kind in $allowed; do
    pairs "$kind"
done
count=$(wc -w <<<"$allowed")
# shellcheck disable=SC2086
at_least "docketd x worker in none, pid, user, mount, all (and static musl)" $((count * $(wc -w <<<"$allowed $musl"))) "$combinations"
at_most "numbers given twice across namespaces" 0 "$twice"
at_most "numbers unaccounted for across namespaces" 0 "$lost"
finish
