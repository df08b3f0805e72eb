#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Errands that change a whole store, killed at every system call that can change a file (at
# the small scale each so many-th): an old store that is accepted, migrations up and down. After each kill: the store is as it
# was or as it should become, or docketd refuses it with exit code 4 until the same
# command has finished; no number comes twice.
#
#   STRIDE   each so many-th call     ERRANDS   only these
#
# row: 6
# seconds: 14 200
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/attack/errands.sh
. "$here/errands.sh"

note "seed $SEED"
new_host '[default]' 'window = 64'
start_docketd
add_series acme/S
add_series acme/L --order leased --template 'L{YYYY}-{N:6}'
add_series acme/D --restart daily --template 'D{YYYY}{MM}{DD}-{N:4}'
give acme/S 5
give acme/L 5
give acme/D 5
stop_docketd
cp -a --sparse=always "$realm/store" "$memory/older"
start_docketd
give acme/S 300
give acme/L 300
give acme/D 300
stop_docketd
keep newest

# ---- an older store, accepted with a floor ----------------------------------

accept_ready() {
    bring_back newest
    rm -rf -- "$realm/store" "${runtime:?}"/*
    cp -a --sparse=always "$memory/older" "$realm/store"
}

accept_run() {
    stays=1 run_cut "$docketd" --realm "$realm" --accept-store 1000
}

accept_judge() {
    rm -rf -- "${runtime:?}"/* # the desks' files would know more: the power goes, too
    if ! serves; then
        [ "$code" = 4 ] || wrong "the next start ends with $code" "$work/docketd.log"
        run_child "$work/docketd.log" "$docketd" --realm "$realm" --accept-store 1000
        docketd_pid=$child
        wait_until 20 serves_or_ended || true
        is_running "$docketd_pid" || wrong "accepted again, it does not serve" "$work/docketd.log"
    fi
    goes_on
}

# ---- migrations -------------------------------------------------------------

offline() {
    "$docketd" --realm "$realm" --offline "$@" >"$work/offline.out" 2>"$work/offline.err"
}

# facts: schema and digest of the store as it stands, in $schema and $facts
facts() {
    local code=0
    "$docketd" --realm "$realm" --offline --json migrate current >"$work/current.json" 2>"$work/current.err" || code=$?
    [ "$code" -le 1 ] || return 1
    schema=$(jq -r '.schema' "$work/current.json")
    facts=$(jq -r '.facts' "$work/current.json")
}

migrated_judge() {
    local to=$1 order=$2 target=$3
    if ! facts; then
        wrong "the store cannot be looked at" "$work/current.err"
        return
    fi
    [[ " 2 3 4 5 6 " == *" $schema "* ]] || wrong "it is of schema $schema"
    [ "$facts" = "$facts_before" ] || wrong "the facts are others: $facts_before, $facts"
    offline migrate "$order" "$target" || wrong "the same command does not finish it" "$work/offline.err"
    facts || wrong "it cannot be looked at after that" "$work/current.err"
    [ "$schema" = "$to" ] && [ "$facts" = "$facts_before" ] || wrong "schema $schema, facts $facts"
    [ "$to" = 6 ] || offline migrate upgrade head || wrong "it cannot be upgraded" "$work/offline.err"
    serves || wrong "the next start ends with $code" "$work/docketd.log"
    goes_on exactly
}

down_ready() { bring_back newest; }
down_run() { run_cut "$docketd" --realm "$realm" --offline migrate downgrade base; }
down_judge() { migrated_judge 2 downgrade base; }
up_ready() { bring_back oldest; }
up_run() { run_cut "$docketd" --realm "$realm" --offline migrate upgrade head; }
up_judge() { migrated_judge 6 upgrade head; }

# ---- all of them ------------------------------------------------------------

has_errand() { [ -z "${ERRANDS:-}" ] || [[ " $ERRANDS " == *" $1 "* ]]; }

if has_errand accept; then
    each_cut accept "${STRIDE:-$(scale 9 1)}"
fi
if has_errand down || has_errand up; then
    facts
    facts_before=$facts
    note "facts: $facts"
    each_cut down "${STRIDE:-$(scale 17 1)}"
    bring_back newest
    offline migrate downgrade base || fail "the store can be of the oldest schema" "$work/offline.err"
    keep oldest
    each_cut up "${STRIDE:-$(scale 17 1)}"
fi

at_least "errands on the store killed at a call that changes a file" "$(scale 20 300)" "$cuts"
at_most "numbers given twice after that" 0 "$twice"
at_most "stores that were neither old nor new, nor could be finished" 0 "$faults"
finish
