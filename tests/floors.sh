#!/bin/bash
# SPDX-License-Identifier: MIT
#
# floors: who may include whom. Each room may include itself and the rooms in
# its row; tools see the public headers only; a few libraries live in one room.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A may=(
    [base]=''
    [numbering]='base'
    [table]='base'
    [store]='base numbering'
    [wire]='base'
    [client]='base numbering table wire'
    [inspect]='base numbering table'
    [daemon]='base numbering table store wire'
)
declare -A only=( # library header -> the places that may include it, as a rule one
    ['lmdb.h']='src/store/' ['sha2.h']='src/store/sha.c tools/cmd_retention.c tools/cmd_backup.c tools/legacy/' ['urcu/']='src/daemon/queue.h' ['linux/futex.h']='src/table/doorbell.c'
    ['ini.h']='src/daemon/config.c' ['xxhash.h']='src/base/hash.h tools/legacy/hash.h' ['stdatomic.h']='src/base/atomics.h'
    ['jansson.h']='tools/ src/daemon/ledger/metadata.c src/daemon/recovery/page.c src/daemon/backup/ src/daemon/offline/' ['sqlite3.h']='tools/legacy/plugins/sqlite.c' ['libpq-fe.h']='tools/legacy/plugins/postgresql.c' ['libsmartcols.h']='tools/table.c' ['ncurses.h']='tools/top_screen.c'
)
bad=0 seen=0

complain() {
    echo "floors: $1" >&2
    bad=$((bad + 1))
}

while IFS=: read -r file line text; do
    seen=$((seen + 1))
    room=${file#src/}
    room=${room%%/*}
    target=$(sed -E 's/.*"([^"]+)".*/\1/' <<<"$text")
    case $target in
    docket.h | docket_*.h) continue ;;
    */*) to=${target%%/*} ;;
    *) to=$room ;;
    esac
    [ "$to" = "$room" ] || [[ " ${may[$room]} " == *" $to "* ]] ||
        complain "$file:$line: $room may not include $target"
done < <(grep -nE '^#include "' -r src --include='*.[ch]')

while IFS=: read -r file line text; do
    target=$(sed -E 's/.*"([^"]+)".*/\1/' <<<"$text")
    case $target in
    docket.h | docket_*.h) ;;
    ../*/*) complain "$file:$line: tools see public headers only, not $target" ;;
    legacy/* | ../*.h) ;; # the room of other systems' invoices, and the command's own from there
    */*) complain "$file:$line: tools see public headers only, not $target" ;;
    esac
done < <(grep -nE '^#include "' -r tools --include='*.[ch]')

for header in "${!only[@]}"; do
    while IFS=: read -r file line _; do
        allowed=0
        for place in ${only[$header]}; do [[ $file == "$place"* ]] && allowed=1; done
        [ "$allowed" = 1 ] || complain "$file:$line: $header belongs to ${only[$header]} only"
    done < <(grep -nE "^#include <$header" -r src tools --include='*.[ch]' || true)
done

# A memory order is named in one file; the pool's pointer is process-private.
while IFS=: read -r file line _; do
    complain "$file:$line: a memory order outside src/base/atomics.h"
done < <(grep -n 'memory_order_' -r src tools --include='*.[ch]' | grep -v '^src/base/atomics.h:' || true)

[ "$seen" -gt 50 ] || complain "only $seen includes were seen"
[ "$bad" = 0 ] || exit 1
echo "floors: $seen includes, every one goes down"
