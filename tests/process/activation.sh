#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Socket activation: a manager listens at REALM/socket, and the first call
# starts docketd. The manager is our own small one, and systemd's where there is.
#
# seconds: 12 12
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

activator=$(binary docket-activator)
systemd_activate=$(command -v systemd-socket-activate || true)

# A realm that was made once and whose docketd has stopped.
made_realm() {
    new_realm "$@"
    start_docketd
    stop_docketd
}

another_realm() {
    rm -rf -- "$runtime" "$work/realm" "$work/logs"
    made_realm "$@"
}

manage() {
    run_child "$work/manager.out" "$@" --realm "$realm"
    manager=$child
    wait_until 20 test -S "$realm/socket"
}

end_manager() {
    kill_child "$manager"
    # docketd ends with it; the next may only start when it has.
    wait_until 20 lock_is_free
}

lock_is_free() {
    ! "$docket" status --json 2>/dev/null | grep -q '"state":"serving"' || ! is_running "$(serving_pid)"
}

serving_pid() {
    "$docket" status --json 2>/dev/null | sed -n 's/.*"state":"serving","pid":\([0-9]*\),.*/\1/p'
}

takes() {
    "$docket" next --no-start acme/INV "$@" >"$work/next.out" 2>"$work/next.err" || { cat "$work/next.err"; return 1; }
}

# numbers N...: what the last call printed
printed() {
    local text
    text=$(sed 's/^INV-[0-9]*-0*//' "$work/next.out" | tr '\n' ' ')
    [ "$text" = "$* " ] || { echo "it printed: $text"; return 1; }
}

takes_number() {
    takes && printed "$1"
}

started_times() {
    local times
    times=$(grep -c '^started' "$work/manager.out")
    [ "$times" = "$1" ] || { echo "docketd was started $times times"; return 1; }
}

many_at_once() {
    local pid pids=() bad=0
    for id in 1 2 3 4 5 6 7 8; do
        "$docket" next --no-start --timeout 10 acme/INV >"$work/many.$id" 2>&1 &
        pids+=("$!")
    done
    for pid in "${pids[@]}"; do
        wait "$pid" || bad=1
    done
    [ "$bad" = 0 ] && [ "$(sort -u "$work"/many.? | wc -l)" = 8 ] || { cat "$work"/many.?; return 1; }
}

# kill SIGNAL docketd, and at once call
after_signal() {
    kill "-$1" "$(serving_pid)" && takes --timeout 10
}

made_realm '[default]' 'restart = never' 'window = 200'
manage "$activator" "$realm/socket" "$docketd"
check "nobody serves: the manager has not started docketd by itself" test ! -s "$work/manager.out"
check "nobody serves: the first call starts docketd and takes 1" takes_number 1
check "docketd serves: the second call takes 2" takes_number 2
check "docketd serves: the manager started it once" started_times 1
check "docketd is killed: the next call starts another" after_signal KILL
check "docketd is stopped in order: the next call starts another" after_signal TERM
check "docketd was killed and stopped: it was started three times" started_times 3
kill -KILL "$(serving_pid)" || true
rm -rf -- "${runtime:?}"/*
check "the runtime files are gone: eight calls at once start one docketd, and all take numbers" many_at_once
check "eight calls at once: the manager started one docketd for them" started_times 4
end_manager

starts_by_itself() {
    "$docket" next acme/INV >"$work/next.out" 2>"$work/next.err" || { cat "$work/next.err"; return 1; }
    grep -q 'started docketd' "$work/next.err" || { cat "$work/next.err"; return 1; }
}
check "the socket is left over and nobody listens: a call without a manager is refused" \
    bash -c "! '$docket' next --no-start acme/INV"
check "the socket is left over and nobody listens: the command starts docketd" starts_by_itself
check "the socket is left over: docketd leaves it alone" test -S "$realm/socket"
kill -TERM "$(serving_pid)" || true
wait_until 20 lock_is_free

# ---- workers that are in the middle of it ----

# A worker that has nothing left asks for docketd; nobody else starts one here.
worker_outlives() {
    local id pid
    for id in one two; do
        start_worker "$id" --series acme/strict,acme/leased --rate 2000 --timeout-ms 5000 --stop-file "$work/stop"
    done
    for _ in 1 2 3; do
        wait_until 20 is_serving
        pid=$(serving_pid)
        kill -KILL "$pid" || return 1
        # Workers may need nothing for a while: a call of ours comes too.
        "$docket" fate --all --no-start >/dev/null 2>&1 || true
        wait_until 20 other_serves "$pid" || { echo "no docketd after $pid"; return 1; }
    done
    touch "$work/stop"
    for pid in "${!children[@]}"; do
        [ "$pid" = "$manager" ] || wait_child "$pid" || true
    done
    all_worked one two
}
other_serves() {
    local pid
    pid=$(serving_pid)
    [ -n "$pid" ] && [ "$pid" != "$1" ]
}
another_realm '[default]' 'restart = never' 'window = 200'
manage "$activator" "$realm/socket" "$docketd"
add_series acme/strict --order strict
add_series acme/leased --order leased
check "workers run, docketd is killed three times: calls start the next, and no worker fails" worker_outlives
check "workers run, docketd is killed three times: the audit is clean" audit --unknown-max 0
end_manager

# ---- what docketd must not take ----

# refused WORDS OPTION...: it ends with 2 and says so
refused() {
    local words=$1 code=0
    shift
    timeout 20 "$activator" --now "$@" "$realm/socket" "$docketd" --realm "$realm" >"$work/refused" 2>&1 || code=$?
    [ "$code" = 2 ] && grep -q "$words" "$work/refused" || { echo "exit code $code"; cat "$work/refused"; return 1; }
}
check "a STREAM socket is handed over: docketd refuses it" refused 'not a listening unix socket' --stream
check "a socket that does not listen is handed over: docketd refuses it" refused 'not a listening unix socket' --deaf
check "two sockets are handed over: docketd refuses them" refused 'hands over 2 sockets' --twice

run_child "$work/docketd.log" "$activator" --now --other-pid "$realm/socket" "$docketd" --realm "$realm"
docketd_pid=$child
check "a socket for another pid: docketd serves without it" wait_until 20 is_serving
stop_docketd

# ---- who connects is judged by the kernel's word, not by the socket's mode ----

as_nobody() {
    setpriv --reuid 65534 --regid 65534 --clear-groups -- "$@"
}
nobody_is_refused() {
    local code=0
    as_nobody "$docket" next --no-start acme/INV >"$work/nobody" 2>&1 || code=$?
    [ "$code" = 3 ] && grep -q 'may not use' "$work/nobody" || { echo "exit code $code"; cat "$work/nobody"; return 1; }
}
if [ "$(id -u)" != 0 ] || ! as_nobody true 2>/dev/null || ! as_nobody test -x "$docket"; then
    skip "another user at the manager's socket: needs root, and a build that others may read"
else
    another_realm '[default]' 'restart = never'
    chmod 755 "$work" "$realm"
    manage "$activator" "$realm/socket" "$docketd"
    takes
    kill -TERM "$(serving_pid)" || true
    wait_until 20 lock_is_free
    # The runtime folder would stop them earlier: what if it does not?
    rm -rf -- "${runtime:?}"/* "$realm/runtime"
    chmod 755 "$runtime"
    check "access is private: another user at the manager's open socket is refused" nobody_is_refused
    end_manager
    another_realm 'access = shared' '[default]' 'restart = never'
    chmod 755 "$work"
    manage "$activator" "$realm/socket" "$docketd"
    check "access is shared: another user's call starts docketd and takes a number" \
        as_nobody "$docket" next --no-start acme/INV
    end_manager
fi

if [ -z "$systemd_activate" ]; then
    skip "systemd-socket-activate: not on this machine (package systemd)"
else
    another_realm '[default]' 'restart = never'
    run_child "$work/manager.out" "$systemd_activate" --seqpacket --listen "$realm/socket" \
        "$docketd" --realm "$realm"
    docketd_pid=$child
    wait_until 20 test -S "$realm/socket"
    check "systemd-socket-activate: the first call starts docketd and takes 1" takes_number 1
    check "systemd-socket-activate: the second call takes 2" takes_number 2
    stop_docketd
fi
finish
