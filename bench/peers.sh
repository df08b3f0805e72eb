#!/bin/bash
# SPDX-License-Identifier: MIT
#
# peers: `make bench-peers`: docket beside what people use instead, in one run.
#
#     make bench-peers            ROUNDS=5 MILLISECONDS=200
#     make bench-peers ONLY=locks ROUNDS=1 MILLISECONDS=20      one kind, in seconds
#
# ONLY: docket is always there; locks lmdb sqlite bdb pg redis. ONLY=broken is a counter that
# nobody locks: the bench must end with 1. CELLS=ID,ID: these rows only, and docket's that divide them.
#
# Servers of our own in folders of our own (mode 700), on Unix sockets there and nowhere else;
# what runs on this machine already is not looked at. All goes at the end, Ctrl-C too. The
# folders lie in TMPDIR, else /var/tmp: on a disk, or no durable figure means anything.
set -euo pipefail
cd "$(dirname "$0")/.."
BUILD=$(realpath "${BUILD:-build/release}")
export ROUNDS=${ROUNDS:-5} MILLISECONDS=${MILLISECONDS:-200} ONLY=${ONLY:-} LC_ALL=C
out=${OUT:-build/bench}
mkdir -p "$out"
out=$(realpath "$out")

work='' pg_home='' pg='' pg_pid='' redis_pid='''' docketd_pid='' bench_pid=''

# In a subshell: it becomes the command.
as_pg() {
    if [ "$(id -u)" = 0 ]; then
        exec setpriv --reuid="$pg_user" --regid="$pg_group" --init-groups -- "$@"
    else
        exec "$@"
    fi
}

# A server is asked to end, and killed if it does not within five seconds.
end() { # PID [SIGNAL]
    [ -n "$1" ] || return 0
    kill -"${2:-TERM}" "$1" 2>/dev/null || return 0
    for _ in $(seq 50); do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

cleanup() {
    trap '' INT TERM HUP
    end "$bench_pid"
    end "$pg_pid" INT
    end "$redis_pid"
    end "$docketd_pid"
    runtime=$(readlink "$work/realm/runtime" 2>/dev/null || true)
    [ -z "$runtime" ] || rm -rf -- "$runtime"
    [ -z "$work" ] || rm -rf -- "$work"
    [ -z "$pg_home" ] || rm -rf -- "$pg_home"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

wanted() { # GROUP
    [ -z "$ONLY" ] || [[ ",$ONLY," == *",$1,"* ]]
}

without() { # GROUP WHY
    export "PEERS_WITHOUT_$1=$2"
    echo "skipped: $1: $2"
}

# ---- docket ----

start_docketd() {
    mkdir -m 700 "$work/realm"
    "$BUILD/docketd" --realm "$work/realm" --create 2>"$work/docketd.log" &
    docketd_pid=$!
    for _ in $(seq 200); do
        "$BUILD/docket" --realm "$work/realm" status >/dev/null 2>&1 && break
        kill -0 "$docketd_pid" 2>/dev/null || break
        sleep 0.05
    done
    "$BUILD/docket" --realm "$work/realm" status >/dev/null || { tail -n 5 "$work/docketd.log" >&2; exit 1; }
    export PEERS_REALM=$work/realm
}

# ---- PostgreSQL 15: all as it comes, but no TCP ----

find_pg() {
    for pg in /usr/lib/postgresql/15/bin "$(dirname "$(command -v postgres || echo /none/x)")"; do
        [ ! -x "$pg/initdb" ] || [ ! -x "$pg/postgres" ] || return 0
    done
    return 1
}

make_pg() {
    pg_user=postgres
    id "$pg_user" >/dev/null 2>&1 || pg_user=nobody
    pg_group=$(id -g "$pg_user" 2>/dev/null || echo 0)
    pg_home=$(mktemp -d "$place/docket-bench-pg.XXXXXX")
    [ "$(id -u)" != 0 ] || chown "$pg_user" "$pg_home"
    ( cd / && as_pg "$pg/initdb" -D "$pg_home/data" -A trust -U bench --no-sync -E UTF8 --locale=C ) >"$work/pg.log" 2>&1
}

# Its state is the eighth line of this file.
is_pg_ready() {
    [ "$(sed -n '8s/ *$//p' "$pg_home/data/postmaster.pid" 2>/dev/null)" = ready ]
}

start_pg() {
    wanted pg || return 0
    find_pg || { without pg "PostgreSQL's initdb and postgres are not here"; return 0; }
    make_pg || { tail -n 5 "$work/pg.log" >&2; without pg "PostgreSQL's initdb fails here"; return 0; }
    # A child of ours from the first moment, so that it is ours to end.
    cd /
    as_pg "$pg/postgres" -D "$pg_home/data" -c listen_addresses='' -c unix_socket_directories="$pg_home" \
        -c unix_socket_permissions=0700 >>"$work/pg.log" 2>&1 &
    pg_pid=$!
    cd "$OLDPWD"
    for _ in $(seq 400); do
        is_pg_ready || ! kill -0 "$pg_pid" 2>/dev/null || { sleep 0.05; continue; }
        break
    done
    is_pg_ready || { tail -n 5 "$work/pg.log" >&2; without pg "PostgreSQL does not start here"; return 0; }
    own+=(-p "$pg_pid")
    export PEERS_PG=$pg_home
    echo "$("$pg/postgres" --version): fsync on, synchronous_commit on where it says durable"
}

# ---- Redis 7: the log alone, never rewritten while the clock runs ----

start_redis() {
    wanted redis || return 0
    command -v redis-server >/dev/null || { without redis "redis-server is not here"; return 0; }
    mkdir -m 700 "$work/redis"
    redis-server --port 0 --unixsocket "$work/redis/socket" --unixsocketperm 700 --dir "$work/redis" --daemonize no --save '' \
        --appendonly yes --appendfsync everysec --auto-aof-rewrite-percentage 0 >"$work/redis/log" 2>&1 &
    redis_pid=$!
    for _ in $(seq 200); do
        [ ! -S "$work/redis/socket" ] && kill -0 "$redis_pid" 2>/dev/null || break
        sleep 0.05
    done
    if [ ! -S "$work/redis/socket" ]; then
        tail -n 5 "$work/redis/log" >&2
        without redis "Redis does not start here"
        return 0
    fi
    own+=(-p "$redis_pid")
    export PEERS_REDIS=$work/redis/socket PEERS_REDIS_PID=$redis_pid
    echo "$(redis-server --version | cut -d ' ' -f 1-3): appendonly, appendfsync as each row says"
}

place=${TMPDIR:-/var/tmp}
work=$(mktemp -d "$place/docket-bench.XXXXXX")
export XDG_STATE_HOME=$work/state # far witnesses
export PEERS_DIR=$work
own=()
echo "machine: $(nproc) processors, $(awk -F': ' '/model name/ {print $2; exit}' /proc/cpuinfo), Linux $(uname -r)"
echo "files on: $(stat -f -c %T "$work"), $place"
[ "$(stat -f -c %T "$work")" != tmpfs ] || echo "NOT A DISK: nothing is durable on tmpfs; set TMPDIR to a folder on one" >&2
start_docketd
own+=(-p "$docketd_pid")
start_pg
start_redis

# In the background, so that Ctrl-C is heard at once.
"$BUILD/bench_peers" -r "$ROUNDS" -m "$MILLISECONDS" "${own[@]}" ${CELLS:+-o "$CELLS"} -j "$out/peers.json" -c "$out/peers.csv" &
bench_pid=$!
code=0
wait "$bench_pid" || code=$?
bench_pid=''
exit "$code"
