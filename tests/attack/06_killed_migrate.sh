#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Each migration, up and down, killed at every system call (of a stride, at the
# small scale). After each kill the store is of the old schema or of the new one
# and says what it said; its witness fits it; the same order, given again, ends
# it. At last the docketd of the newest schema serves it, and the next number is
# the next number.
#
# row: 6
# seconds: 8 330
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/attack/lib.sh
. "$here/lib.sh"

if [ "$(uname -m)" != x86_64 ]; then
    skip_row "migrations killed at each call" "the breaker knows x86-64 only"
    finish
fi
realm_in=memory # which call it is counts, and not the disk
new_realm
kill_at=$(binary docket-kill-at)
failing=$(binary failing.so)
stride=${STEP:-$(scale 40 1)}
shared=$runtime

# of FIELD: of what `migrate current --json` said last
of() { sed -n 's/.*"'"$1"'":"\?\([0-9a-f]*\).*/\1/p' "$work/current.json"; }

# looks: whatever the schema, the store opens, its witnesses fit, and this is what it says
looks() {
    local code=0
    "$docketd" --realm "$realm" --offline migrate current --json >"$work/current.json" 2>"$work/current.err" || code=$?
    [ "$code" -le 1 ] && [ -n "$(of schema)" ]
}

# A realm with all that schema 2 could hold, at the newest schema.
start_docketd
add_series acme/INV --restart never
add_series acme/L --order leased
"$docket" next acme/INV -n 7 --no-start >"$work/taken" 2>&1
"$docket" next acme/L -n 3 --no-start >>"$work/taken" 2>&1
stop_docketd
looks || { fail "the realm looks sound" "$work/current.err"; finish; }
head=$(of schema) facts=$(of sha256) base=2

keep() { rm -rf "$shared/kept-$1"; mkdir "$shared/kept-$1"; cp -a "$realm" "$shared/state" "$shared/kept-$1/"; }
# The desk's files are of another future: a board that is ahead of its store is refused, and rightly.
put_back() { rm -rf "$realm" "$shared/state" "$shared"/????????????????; cp -a "$shared/kept-$1/realm" "$shared/kept-$1/state" "$shared/"; }

# Each schema as this docketd leaves it.
keep "$head"
for ((schema = head - 1; schema >= base; schema--)); do
    "$docketd" --realm "$realm" --offline migrate downgrade "$schema" >"$work/down.out" 2>&1 ||
        fail "down to $schema" "$work/down.out"
    keep "$schema"
done

kills=0 old=0 new=0 mixtures=0 others=0 unfinished=0 unserved=0 whole=0

# serves: the newest docketd takes it, and goes on with the next number
serves() {
    "$docketd" --realm "$realm" --offline migrate upgrade >"$work/up.out" 2>&1 || return 1
    start_docketd
    "$docket" next acme/INV --no-start >"$work/next" 2>&1 || true
    stop_docketd
    grep -q -- '-000008$' "$work/next"
}

# killed VERB FROM TO N: false once a run ends by itself
killed() {
    local code=0
    put_back "$2"
    "$kill_at" "$4" "$failing" "$work/killed" "$docketd" --realm "$realm" --offline migrate "$1" "$3" >"$work/call" || code=$?
    [ "$code" = 0 ] || { [ "$code" = 10 ] || fail "$1 from $2 to $3 runs under the breaker: $code"; return 1; }
    kills=$((kills + 1))
    local what="$1 from $2 to $3, killed at call $4 ($(cat "$work/call"))"
    if ! looks; then
        mixtures=$((mixtures + 1))
        fail "$what: the store is whole" "$work/current.err"
        return 0
    fi
    case $(of schema) in
    "$2") old=$((old + 1)) ;;
    "$3") new=$((new + 1)) ;;
    *) mixtures=$((mixtures + 1)) ;;
    esac
    [ "$(of sha256)" = "$facts" ] || { others=$((others + 1)); fail "$what: it says what it said" "$work/current.json"; }
    if ! "$docketd" --realm "$realm" --offline migrate "$1" "$3" >"$work/again.out" 2>&1 || ! looks || [ "$(of schema)" != "$3" ]; then
        unfinished=$((unfinished + 1))
        fail "$what: the same order ends it" "$work/again.out"
    fi
    if ((kills % (8 * stride) == 1)) && ! serves; then
        unserved=$((unserved + 1))
        fail "$what: it is served afterwards" "$work/next"
    fi
}

kill_all() {
    local n=$((RANDOM % stride + 1)) ended=0
    while [ "$ended" -lt 1 ]; do
        if killed "$1" "$2" "$3" "$n"; then ended=0; else ended=$((ended + 1)); fi
        n=$((n + stride))
        [ "$n" -lt 5000 ] || break
    done
    [ "$ended" -lt 1 ] || whole=$((whole + 1))
}

for ((schema = head; schema > base; schema--)); do
    kill_all downgrade "$schema" $((schema - 1))
    kill_all upgrade $((schema - 1)) "$schema"
done
put_back "$base"
check "from base to head, and served" serves
looks
note "$old times the old schema, $new times the new one"
at_least "calls of a migration at which it was killed" "$([ "$stride" = 1 ] && echo 1500 || echo 30)" "$kills"
at_least "migrations, up and down, until a run was whole" $((2 * (head - base))) "$whole"
at_least "kills that left the new schema" 1 "$new"
at_most "stores that were neither the old schema nor the new one" 0 "$mixtures"
at_most "stores that said something else" 0 "$others"
at_most "orders that did not end what was begun" 0 "$unfinished"
at_most "stores that were not served afterwards" 0 "$unserved"
finish
