#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# musl_worker BUILD: builds docket-worker with libdocket inside, static, with
# musl instead of the GNU library; prints its path. The header-only xxHash and
# the kernel's headers come from this machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$1/musl
mkdir -p "$out"
sources=$(ls src/base/*.c src/numbering/*.c src/table/*.c src/wire/*.c src/client/*.c src/inspect/*.c | grep -v src/base/log.c)
made=$out/docket-worker
for source in $sources tests/process/worker.c tests/process/worker_main.c tests/lib/worklog.c include/docket.h; do
    [ "$made" -nt "$source" ] || made=''
done
if [ -z "$made" ]; then
    made=$out/docket-worker
    mkdir -p "$out/include"
    cp /usr/include/xxhash.h "$out/include/"
    # shellcheck disable=SC2086
    musl-gcc -static -std=c11 -O1 -D_GNU_SOURCE -Iinclude -Isrc -isystem "$out/include" \
        -idirafter /usr/include -idirafter "/usr/include/$(gcc -print-multiarch)" \
        -o "$made.new" $sources tests/process/worker.c tests/process/worker_main.c tests/lib/worklog.c -lpthread >&2
    mv "$made.new" "$made"
fi
realpath "$made"
