# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# lib: what the process-level proofs share. Source it; then
#
#   new_realm [LINE...]      a realm of its own, with these lines in docket.conf
#   start_docketd            in the background; returns when it serves
#   check "when: then" CMD   one case: CMD succeeds or the case fails
#   finish                   the count; ends the script
#
# Every process that we started is ended by its own id, and nothing is left
# behind; KEEP=1 keeps the files. BUILD names the folder of the binaries.
set -euo pipefail

BUILD=${BUILD:-build/release}
KEEP=${KEEP:-0}
SEED=${SEED:-$(($$ % 30000 + 1))}
RANDOM=$SEED
export LC_ALL=C
unset TZ

passed=0 failed=0 skipped=0
work='' runtime='' realm='' logs=''
docketd_pid=''
declare -A children=()

binary() {
    local at
    for at in "$BUILD/$1" "$BUILD/bin/$1" "$BUILD/tests/$1"; do
        if [ -x "$at" ]; then
            realpath "$at"
            return
        fi
    done
    printf '%s: not built (BUILD=%s)\n' "$1" "$BUILD" >&2
    exit 2
}

# ---- cases ----------------------------------------------------------------

pass() {
    passed=$((passed + 1))
    printf 'ok    %s\n' "$1"
}

# fail CASE [FILE]: the file's end is shown
fail() {
    failed=$((failed + 1))
    printf 'FAIL  %s\n' "$1"
    if [ -n "${2:-}" ] && [ -s "$2" ]; then
        tail -n 40 "$2" | sed 's/^/      /'
    fi
    # The runner of known-bad builds only wants to know whether there is one.
    [ "${KNOWN_BAD:-0}" != 1 ] || finish
}

skip() {
    skipped=$((skipped + 1))
    printf 'skip  %s\n' "$1"
}

note() {
    printf '      %s\n' "$1"
}

check() {
    local case=$1
    shift
    if "$@" >"$work/case.out" 2>&1; then
        pass "$case"
    else
        fail "$case" "$work/case.out"
    fi
}

finish() {
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    if [ "$failed" -gt 0 ]; then
        exit 1
    fi
    exit 0
}

# ---- processes ------------------------------------------------------------

# run_child FILE CMD...: in the background, output to FILE; its id is $child
run_child() {
    local output=$1
    shift
    "$@" >>"$output" 2>&1 &
    child=$!
    children[$child]=1
}

# SIGKILL to one process of ours, and wait until it is gone
kill_child() {
    kill -KILL "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
    unset "children[$1]"
}

# wait_child PID: its exit code
wait_child() {
    local code=0
    wait "$1" 2>/dev/null || code=$?
    unset "children[$1]"
    return "$code"
}

is_running() {
    kill -0 "$1" 2>/dev/null
}

# wait_until SECONDS CMD...: true as soon as CMD is
wait_until() {
    local turns=$(($1 * 50))
    shift
    while ! "$@"; do
        turns=$((turns - 1))
        [ "$turns" -gt 0 ] || return 1
        sleep 0.02
    done
}

cleanup() {
    local code=$? pid
    trap - EXIT
    for pid in "${!children[@]}"; do
        kill -CONT "$pid" 2>/dev/null || true
        kill_child "$pid"
    done
    ! declare -F at_cleanup >/dev/null || at_cleanup # a script's own
    if [ -n "$work" ] && [ "$KEEP" = 1 ]; then
        printf 'kept: %s %s\n' "$work" "$runtime" >&2
    elif [ -n "$work" ]; then
        rm -rf -- "$work"
        [ -z "$runtime" ] || rm -rf -- "$runtime"
    fi
    exit "$code"
}

# ---- realm and docketd ----------------------------------------------------

# Far witnesses go to a folder of the test's own, whoever starts docketd.
new_work() {
    trap cleanup EXIT
    trap 'exit 130' INT TERM
    work=$(mktemp -d "${TMPDIR:-/tmp}/docket-proof.XXXXXX")
    export XDG_STATE_HOME=$work/state
    unset STATE_DIRECTORY
}

# new_realm [LINE...]: the lines go below [realm]; "[default]" may be one
new_realm() {
    [ -n "$work" ] || new_work
    runtime=$(mktemp -d /dev/shm/docket-proof.XXXXXX)
    realm=$work/realm logs=$work/logs
    # In memory syncs cost nothing: for those who kill processes, not the power.
    case ${realm_in:-disk} in
    memory) realm=$runtime/realm XDG_STATE_HOME=$runtime/state ;;
    /*) realm=$realm_in/realm ;;
    esac
    mkdir -m 700 "$realm" "$logs"
    {
        printf '[realm]\nruntime_dir = %s\n' "$runtime"
        [ $# -eq 0 ] || printf '%s\n' "$@"
    } >"$realm/docket.conf"
    export DOCKET_REALM=$realm
    docketd=$(binary docketd)
    docket=$(binary docket)
    worker=$(binary docket-worker)
    auditor=$(binary docket-audit)
}

is_serving() {
    # A killed docketd's heartbeat looks fresh for a while: it must be ours.
    "$docket" status --json 2>/dev/null | grep -q "\"state\":\"serving\",\"pid\":${docketd_pid:-[0-9]*},"
}

serves_or_ended() {
    is_serving || ! is_running "$docketd_pid"
}

start_docketd() {
    local code=0
    run_child "$work/docketd.log" "$docketd" --realm "$realm" --create
    docketd_pid=$child
    wait_until 20 serves_or_ended || code=1
    if [ "$code" != 0 ] || ! is_running "$docketd_pid"; then
        fail "docketd serves" "$work/docketd.log"
        finish
    fi
}

kill_docketd() {
    [ -z "$docketd_pid" ] || kill_child "$docketd_pid"
    docketd_pid=''
}

stop_docketd() {
    kill -TERM "$docketd_pid"
    wait_child "$docketd_pid" || true
    docketd_pid=''
}

# What a power loss leaves: the store, and nothing of the runtime files.
lose_power() {
    [ -z "$docketd_pid" ] || kill_docketd
    rm -rf -- "${runtime:?}"/*
}

# storm_docketd SECONDS: kills docketd every so often and starts it again,
# until $work/calm exists. Runs in the background; its id is $storm. The docketd
# that runs is killed first: else the storm's first could find the store in use.
storm_docketd() {
    kill_docketd
    rm -f "$work/calm"
    storm_loop "$1" &
    storm=$!
    children[$storm]=1
}

storm_loop() {
    local pid kills=0
    trap - EXIT
    while [ ! -e "$work/calm" ] && [ -e "$realm" ]; do
        "$docketd" --realm "$realm" >>"$work/docketd.log" 2>&1 &
        pid=$!
        sleep "$1"
        kill -KILL "$pid" 2>/dev/null || echo "docketd ended by itself" >>"$work/storm.bad"
        wait "$pid" 2>/dev/null || true
        kills=$((kills + 1))
    done
    echo "$kills" >"$work/storm.kills"
}

end_storm() {
    touch "$work/calm"
    wait "$storm" || true
    unset "children[$storm]"
}

add_series() {
    "$docket" series add --no-start "$@" >>"$work/series.log" 2>&1
}

# ---- workers and audit ----------------------------------------------------

# start_worker ID [OPTION...]: in the background; its id is $child, its totals
# go to $work/ID.out
start_worker() {
    local id=$1
    shift
    run_child "$work/$id.out" "$worker" --realm "$realm" --logs "$logs" --id "$id" "$@"
}

# figure KEY FILE: a number (or true, false) of the totals or the audit
figure() {
    sed -n 's/.*"'"$1"'": *\([0-9][0-9.]*\|true\|false\).*/\1/p' "$2" | head -n 1
}

fate() {
    "$docket" fate --all --json --no-start >"$work/fate.json" 2>"$work/fate.err"
}

has_no_open() {
    fate && ! grep -q '"fate": *"open"' "$work/fate.json"
}

# audit [OPTION...]: when the workers have ended. Waits until docketd has
# cleared up behind the dead; the result goes to $work/audit.json and .txt.
audit() {
    local code=0
    if ! wait_until 20 has_no_open; then
        echo "leases of dead workers are still open, or there is no fate:"
        cat "$work/fate.err"
        grep -o '{[^{}]*"fate": *"open"[^{}]*}' "$work/fate.json" | head -n 5
        return 1
    fi
    "$auditor" --fate "$work/fate.json" --logs "$logs" --json "$@" >"$work/audit.json" || code=$?
    if [ "$code" != 0 ]; then
        "$auditor" --fate "$work/fate.json" --logs "$logs" "$@" || true
    fi
    return "$code"
}

# audited KEY OP VALUE: a figure of the last audit, such as: audited logged -ge 1000
audited() {
    local value
    value=$(figure "$1" "$work/audit.json")
    echo "$1 is ${value:-missing}, wanted $2 $3"
    [ -n "$value" ] && test "$value" "$2" "$3"
}

# all_worked ID...: each ended in order, and says so
all_worked() {
    local id
    for id in "$@"; do
        if [ "$(figure failed "$work/$id.out")" != false ]; then
            echo "$id:"
            cat "$work/$id.out"
            return 1
        fi
    done
}

# ---- scale ----------------------------------------------------------------

# scale CHECK PROOF: the figure for this run. SCALE is check (small, a few
# seconds), or proof or torture (the figure that we promise).
scale() {
    case ${SCALE:-check} in
    proof | torture) echo "$2" ;;
    *) echo "$1" ;;
    esac
}

# Sleeps a random time of FROM to TO milliseconds.
# set_clock FILE SHIFT [ASTRAY]: of all who have FILE as DOCKET_CLOCK_FILE, the wall
# clock is so many seconds ahead; with ASTRAY each look at it is up to that far off.
set_clock() {
    env -u LD_PRELOAD python3 -c 'import os, struct, sys
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
os.pwrite(fd, struct.pack("qq", int(sys.argv[2]), int(sys.argv[3])), 0)' "$1" "$2" "${3:-0}"
}

sleep_random() {
    local ms=$(($1 + RANDOM % ($2 - $1 + 1)))
    sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
}
