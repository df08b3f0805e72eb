#!/bin/bash
# SPDX-License-Identifier: MIT
#
# ledger_peers: numbers at record speed beside what people use instead, in one run, on one
# disk, with one durability: one record a number, synced before the caller hears of it.
#
#     make bench-ledger            ROUNDS=3 SECONDS_EACH=5 SUSTAINED=60
#
# Cells run in turn in every round; figures are medians over the rounds, ratios medians of
# the ratios within each round. PostgreSQL is started here, on a Unix socket, as its own user if
# we are root, and stopped again; where it cannot be had its rows are skipped by name.
set -euo pipefail
BUILD=${BUILD:-build/release}
ROUNDS=${ROUNDS:-3} EACH=${SECONDS_EACH:-5} SUSTAINED=${SUSTAINED:-60}
export LC_ALL=C
work=$(mktemp -d "${TMPDIR:-/tmp}/docket-bench.XXXXXX")
export XDG_STATE_HOME=$work/state # far witnesses
runtime=$(mktemp -d /dev/shm/docket-bench.XXXXXX)
docketd_pid='' postgres_data=''
bench=$(realpath "$BUILD/bench_ledger") docket=$(realpath "$BUILD/docket") docketd=$(realpath "$BUILD/docketd")

as_postgres() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
    else
        "$@"
    fi
}

cleanup() {
    [ -z "$postgres_data" ] || as_postgres "$pg/pg_ctl" -D "$postgres_data" -m immediate stop >/dev/null 2>&1 || true
    [ -z "$docketd_pid" ] || { kill -TERM "$docketd_pid" && wait "$docketd_pid"; } 2>/dev/null || true
    rm -rf -- "$work" "$runtime"
}
trap cleanup EXIT

# ---- PostgreSQL 15 ----

find_postgres() {
    local at
    for at in /usr/lib/postgresql/15/bin "$(dirname "$(command -v postgres || echo /none/x)")"; do
        if [ -x "$at/initdb" ] && [ -x "$at/pg_ctl" ] && { [ -x "$at/pgbench" ] || command -v pgbench >/dev/null; }; then
            pg=$at
            pgbench=$(command -v "$at/pgbench" || command -v pgbench)
            return 0
        fi
    done
    return 1
}

sql() {
    as_postgres psql -q -v ON_ERROR_STOP=1 -h "$work/pg" -d postgres "$@"
}

start_postgres() {
    find_postgres || return 1
    mkdir "$work/pg"
    chmod 755 "$work"
    [ "$(id -u)" != 0 ] || chown postgres "$work/pg"
    as_postgres "$pg/initdb" -D "$work/pg/data" -A trust -U "$(as_postgres id -un)" >"$work/initdb.log" 2>&1 || return 1
    as_postgres "$pg/pg_ctl" -D "$work/pg/data" -w -l "$work/pg/log" \
        -o "-c listen_addresses='' -c unix_socket_directories='$work/pg' -c max_connections=300 -c synchronous_commit=on" \
        start >/dev/null 2>&1 || return 1
    postgres_data=$work/pg/data
    sql <<'SQL'
create sequence numbers;
create table invoices (number bigint primary key default nextval('numbers'), key text not null unique, given timestamptz not null
    default now(), who text not null default current_user, state text not null default 'issued');
create table counters (name text primary key, last bigint not null);
insert into counters values ('INV', 0);
create table gapless (number bigint primary key, key text not null unique, given timestamptz not null default now());
SQL
    cat >"$work/insert.sql" <<'SQL'
\set key random(1, 1000000000000000)
insert into invoices (key) values ('order-' || :key) returning number;
SQL
    cat >"$work/gapless.sql" <<'SQL'
\set key random(1, 1000000000000000)
begin;
update counters set last = last + 1 where name = 'INV' returning last \gset
insert into gapless (number, key) values (:last, 'order-' || :key);
commit;
SQL
}

# pg_rate CLIENTS SCRIPT: transactions a second; every one of them committed
pg_rate() {
    as_postgres "$pgbench" -h "$work/pg" -n -M prepared -c "$1" -j 2 -T "$EACH" -f "$work/$2.sql" postgres 2>"$work/pgbench.err" |
        sed -n 's/^tps = \([0-9]*\).*/\1/p'
}

# ---- docket ----

start_docket() {
    mkdir -m 700 "$work/realm"
    printf '[realm]\nruntime_dir = %s\n' "$runtime" >"$work/realm/docket.conf"
    export DOCKET_REALM=$work/realm
    "$docketd" --realm "$work/realm" --create >"$work/docketd.log" 2>&1 &
    docketd_pid=$!
    for _ in $(seq 100); do
        "$docket" status >/dev/null 2>&1 && break
        sleep 0.05
    done
    "$docket" series add bench/LEDGER --ledger on --no-start >/dev/null
}

# figure NAME: of the line on stdin
figure() {
    sed -n "s/.*\b$1 \([0-9.]*\).*/\1/p"
}

declare -A rounds=()
put() { # CELL FIGURE
    rounds[$1]="${rounds[$1]:-} $2"
}

median() { # FIGURE...
    printf '%s\n' "$@" | sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# ratio A B: median of the rounds' a/b
ratio() {
    local -a a=(${rounds[$1]}) b=(${rounds[$2]})
    local i
    for i in "${!a[@]}"; do
        awk -v a="${a[i]}" -v b="${b[i]}" 'BEGIN { printf "%.3f\n", a / b }'
    done | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

spread() {
    printf '%s\n' ${rounds[$1]} | sort -g | awk 'NR == 1 { low = $1 } { high = $1 } END { printf "%s to %s", low, high }'
}

line() { # WHAT ASKED REACHED
    printf '%-66s %-12s %s\n' "$1" "$2" "$3"
}

have_postgres=1
start_postgres || have_postgres=0
start_docket
mkdir "$work/bare"
for ((round = 1; round <= ROUNDS; round++)); do
    printf 'round %d of %d\n' "$round" "$ROUNDS" >&2
    put callers "$("$bench" callers "$DOCKET_REALM" LEDGER 32 "$EACH" | figure rate)"
    if [ "$have_postgres" = 1 ]; then
        put insert "$(pg_rate 32 insert)"
        put gapless "$(pg_rate 32 gapless)"
    fi
    put batch "$("$bench" batch "$DOCKET_REALM" LEDGER 1 256 "$EACH" | figure rate)"
    put single "$("$bench" callers "$DOCKET_REALM" LEDGER 1 "$EACH" | figure rate)"
    put bare "$("$bench" lmdb "$work/bare" "$EACH" | figure rate)"
done

printf '\n%d rounds of %d s each; records or transactions a second, each synced\n' "$ROUNDS" "$EACH"
for cell in callers insert gapless batch single bare; do
    [ -n "${rounds[$cell]:-}" ] || continue
    printf '  %-10s %8.0f   (%s)\n' "$cell" "$(median ${rounds[$cell]})" "$(spread "$cell")"
done
echo
line "figure" "asked" "reached"
if [ "$have_postgres" = 1 ]; then
    line "32 callers, one request each / PostgreSQL 15 insert, unique key" ">= 2" "$(ratio callers insert)"
    line "32 callers, one request each / PostgreSQL 15 row-locked gapless" ">= 10" "$(ratio callers gapless)"
    line "256 outstanding in batches / PostgreSQL 15 insert" ">= 10" "$(ratio batch insert)"
else
    line "skipped: PostgreSQL 15 (initdb, pg_ctl, pgbench) cannot be had here" "" ""
fi
line "one LMDB commit / a single caller's" "<= 1.5" "$(ratio bare single)"

paced=$("$bench" paced "$DOCKET_REALM" LEDGER 50 1000 "$((EACH * 2))" "$docketd_pid")
line "50 callers, 1,000 a second in all: rate reached" "1000" "$(figure rate <<<"$paced")"
line "    p99.9, ms" "< 20" "$(figure p999_us <<<"$paced" | awk '{ print $1 / 1000 }')"
line "    docketd, percent of a core" "< 10" "$(figure cpu_percent <<<"$paced")"

if [ "$SUSTAINED" -gt 0 ]; then
    begin=$("$bench" log "$DOCKET_REALM/store")
    sustained=$("$bench" batch "$DOCKET_REALM" LEDGER 1 256 "$SUSTAINED")
    end=$("$bench" log "$DOCKET_REALM/store")
    line "256 outstanding, sustained for $SUSTAINED s: records a second" "" "$(figure rate <<<"$sustained")"
    line "    log at its begin, KiB" "" "$(($(figure bytes <<<"$begin") / 1024))"
    line "    log at its end, KiB" "no larger" "$(($(figure bytes <<<"$end") / 1024))"
fi
