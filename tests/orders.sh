#!/bin/bash
# SPDX-License-Identifier: MIT
#
# orders: each memory-order label in the code has its row in docs/ORDERING.md,
# and each row's label stands at two places of the code at least.
set -euo pipefail
cd "$(dirname "$0")/.."
bad=0
used=$(grep -rhoE 'ORDER-[0-9]+' src | sort -uV)
rows=$(grep -oE '^\| ORDER-[0-9]+ \|' docs/ORDERING.md | grep -oE 'ORDER-[0-9]+' | sort -uV)
for label in $used; do
    grep -qx "$label" <<<"$rows" || { echo "orders: $label has no row in docs/ORDERING.md" >&2; bad=1; }
    places=$(grep -rnE "$label\b" src --include='*.[ch]' | wc -l)
    [ "$places" -ge 2 ] || { echo "orders: $label stands at one place only" >&2; bad=1; }
done
for label in $rows; do
    grep -qx "$label" <<<"$used" || { echo "orders: $label has a row, but no place in the code" >&2; bad=1; }
done
[ "$bad" = 0 ] || exit 1
echo "orders: $(wc -w <<<"$used") labels, each with both sides and a row"
