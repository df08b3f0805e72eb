#!/bin/bash
# SPDX-License-Identifier: MIT
# run: `make bench`: a realm of its own, docketd, and the benches against it.
set -euo pipefail
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build/release}
work=$(mktemp -d)
chmod 700 "$work"
pid=
cleanup() {
    [ -z "$pid" ] || { kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; }
    runtime=$(readlink "$work/runtime" 2>/dev/null || true)
    [ -z "$runtime" ] || rm -rf "$runtime"
    rm -rf "$work"
}
trap cleanup EXIT
"$BUILD/docketd" --realm "$work" --create 2>"$work/docketd.log" &
pid=$!
for _ in $(seq 100); do
    "$BUILD/docket" --realm "$work" status >/dev/null 2>&1 && break
    sleep 0.05
done
echo "machine: $(nproc) processors, $(awk -F': ' '/model name/ {print $2; exit}' /proc/cpuinfo), Linux $(uname -r)"
echo "store on: $(stat -f -c %T "$work"); window benchmark (16777216); cells interleaved, medians of ${ROUNDS:-15} rounds; docketd shares the processors"
echo
"$BUILD/bench_next" -r "${ROUNDS:-15}" -m "${MILLISECONDS:-100}" ${JSON:+-j} "$work"
[ -n "${JSON:-}" ] || { echo && "$BUILD/bench_names" -r "${ROUNDS:-15}" "$work"; }
# The store by itself: SERIES=1000000 for the figures' own size (about three minutes).
[ -n "${JSON:-}" ] || { echo && "$BUILD/bench_store" -r 3 -s "${SERIES:-100000}" -d "$BUILD/docketd" "$work/marks"; }
