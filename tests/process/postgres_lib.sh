# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# postgres_lib: a PostgreSQL of the test's own, on a Unix socket, in memory. Source it behind lib.sh; then
#
#   start_postgres           false where it cannot be had: skip by name
#   postgres                 its CONNINFO: "postgresql:$postgres"
#   sql [PSQL-OPTION...]     psql on it, which goes on after errors unless it is told to stop
#   stop_postgres            at the latest in at_cleanup
postgres='' postgres_at='' postgres_bin=''

as_postgres() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
    else
        "$@"
    fi
}

start_postgres() {
    local at
    for at in /usr/lib/postgresql/*/bin; do
        [ ! -x "$at/initdb" ] || postgres_bin=$at
    done
    [ -n "$postgres_bin" ] && command -v psql >/dev/null || return 1
    postgres_at=$(mktemp -d /dev/shm/docket-proof.XXXXXX)
    [ "$(id -u)" != 0 ] || chown postgres "$postgres_at" || return 1
    (cd / && as_postgres "$postgres_bin/initdb" -N -D "$postgres_at/data" -A trust -U "$(id -un)" --no-instructions) >"$work/initdb.log" 2>&1 &&
        (cd / && as_postgres "$postgres_bin/pg_ctl" -D "$postgres_at/data" -w -l "$postgres_at/log" \
            -o "-c listen_addresses='' -c unix_socket_directories='$postgres_at' -c fsync=off" start) >"$work/postgres.log" 2>&1 || return 1
    postgres="host=$postgres_at dbname=postgres user=$(id -un)"
}

sql() {
    psql -q -X "$postgres" "$@"
}

stop_postgres() {
    [ -z "$postgres_at" ] || (cd / && as_postgres "$postgres_bin/pg_ctl" -D "$postgres_at/data" -m immediate stop) >/dev/null 2>&1 || true
    [ -z "$postgres_at" ] || rm -rf -- "$postgres_at"
    postgres_at=''
}
