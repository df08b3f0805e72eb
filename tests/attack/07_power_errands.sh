#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The power fails in the middle of an errand that changes a whole store: an older store that
# is accepted, migrations down and up, an import, a restore, export-state, a backup. All that
# is written to the realm, and to the far witness, is recorded from their making on; of what was not synced when the
# power went any part is there. In each image: the store is as it was or as it should become, or is refused with exit
# code 4 until the same command has finished; no number comes twice; its witnesses fit it.
#
#   IMAGES   of each errand     ERRANDS   only these
#
# row: 7
# seconds: 14 320
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/attack/errands.sh
. "$here/errands.sh"

images=${IMAGES:-$(scale 10 400)}
how='power lost in'
judged=0
note "seed $SEED"

# ---- the recorder -----------------------------------------------------------

recorded() {
    env LD_PRELOAD="$(binary power_shim.so)" POWER_CLOCK="$memory/clock" POWER_LOG="$memory/log" POWER_ROOTS="$realm:$second" "$@"
}

# begin_record [SECOND ROOT]: a host whose disk is recorded; from now on $docketd is a recorded one
begin_record() {
    given=()
    new_host '[default]' 'window = 64'
    second=${1:-$far}
    bare=$docketd
    rm -f "$memory/log"
    head -c 4096 /dev/zero >"$memory/clock"
    cat >"$work/recorded" <<SCRIPT
#!/bin/sh
export LD_PRELOAD=$(binary power_shim.so) POWER_CLOCK=$memory/clock POWER_LOG=$memory/log POWER_ROOTS=$realm:$second
exec $bare "\$@"
SCRIPT
    chmod 700 "$work/recorded"
    docketd=$work/recorded
    start_docketd
    add_series acme/S
    add_series acme/L --order leased --template 'L{YYYY}-{N:6}'
    [ "$errand" != import ] || add_series acme/K --ledger on --template 'K{YYYY}-{N:6}'
    give acme/S 5
    give acme/L 5
}

operations() { od -A n -t u8 -N 8 "$memory/clock" | tr -d ' '; }

# What comes is the errand.
errand_begins() { from=$(($(operations) / 2)); }

# power_fails JUDGE: the images, one after the other
power_fails() {
    local judge=$1 name
    local -A at_first=()
    for name in "${!given[@]}"; do at_first[$name]=${given[$name]}; done
    docketd=$bare
    cp "$realm/docket.conf" "$work/docket.conf"
    coproc PLAY { "$(binary docket-power-errand)" "$memory/log" "$memory" "$from" "$images" "$SEED" 2>"$work/play.err"; }
    local play=$PLAY_PID
    while read -r -u "${PLAY[0]}" at && [ "$at" != end ]; do
        cp "$work/docket.conf" "$realm/docket.conf"
        chmod 700 "$realm" "$memory/other"
        rm -rf -- "${runtime:?}"/*
        for name in "${!at_first[@]}"; do given[$name]=${at_first[$name]}; done
        "$judge"
        [ -z "$docketd_pid" ] || kill_docketd
        judged=$((judged + 1))
        echo >&"${PLAY[1]}"
    done
    wait "$play" || fail "$errand: the images can be laid" "$work/play.err"
    note "$errand: $(($(operations) / 2 - from)) operations"
}

has_errand() { [ -z "${ERRANDS:-}" ] || [[ " $ERRANDS " == *" $1 "* ]]; }

# ---- an older store, accepted -----------------------------------------------

if has_errand accept; then
    errand=accept
    begin_record
    stop_docketd
    cp "$realm/store/data.mdb" "$memory/older"
    start_docketd
    give acme/S 300
    give acme/L 300
    stop_docketd
    recorded rm "$realm/store/data.mdb"
    recorded dd if="$memory/older" of="$realm/store/data.mdb" bs=65536 status=none
    chmod 600 "$realm/store/data.mdb"
    recorded sync "$realm/store/data.mdb" "$realm/store"
    rm -rf -- "${runtime:?}"/*
    errand_begins
    run_child "$work/docketd.log" "$docketd" --realm "$realm" --accept-store 1000
    docketd_pid=$child
    wait_until 20 serves_or_ended || true
    stop_docketd
    power_fails accept_judge
fi

# ---- migrations -------------------------------------------------------------

# facts: schema and digest of what the store says, in $schema and $facts
facts() {
    local code=0
    "$docketd" --realm "$realm" --offline --json migrate current >"$work/current.json" 2>"$work/current.err" || code=$?
    [ "$code" -le 1 ] || return 1
    schema=$(jq -r '.schema' "$work/current.json")
    facts=$(jq -r '.facts.sha256' "$work/current.json")
}

migrated_judge() {
    if ! facts; then
        wrong "the store cannot be looked at" "$work/current.err"
        return
    fi
    [[ " 2 3 4 5 6 " == *" $schema "* ]] || wrong "it is of schema $schema"
    [ "$facts" = "$facts_before" ] || wrong "it says something else: $facts, and not $facts_before"
    [ "$errand" = up ] || offline migrate downgrade base || wrong "the same command does not finish it" "$work/offline.err"
    offline migrate upgrade head || wrong "it cannot be upgraded" "$work/offline.err"
    serves || wrong "the next start ends with $code" "$work/docketd.log"
    goes_on exactly
}

if has_errand down || has_errand up; then
    errand=down
    begin_record
    stop_docketd
    facts
    facts_before=$facts
    errand_begins
    offline migrate downgrade base || fail "down to the oldest schema" "$work/offline.err"
    power_fails migrated_judge
    errand=up
    begin_record
    stop_docketd
    facts
    facts_before=$facts
    offline migrate downgrade base || fail "down to the oldest schema" "$work/offline.err"
    errand_begins
    offline migrate upgrade head || fail "up to the newest schema" "$work/offline.err"
    power_fails migrated_judge
fi

# ---- numbers of another system ----------------------------------------------

if has_errand import; then
    errand=import
    begin_record
    errand_begins
    bring_numbers S || fail "an import" "$work/import.out"
    bring_numbers K || fail "an import" "$work/import.out"
    stop_docketd
    power_fails import_judge
fi

# ---- a backup becomes the store; a realm moves away --------------------------

restored_judge() {
    if serves; then # nothing has happened yet
        goes_on exactly
        stop_docketd
    elif [ "$code" != 4 ] && [ -e "$realm/store" ]; then
        wrong "the next start ends with $code" "$work/docketd.log"
    fi
    offline restore "$memory/backup" --replace || wrong "the same command does not finish it" "$work/offline.err"
    ! serves || wrong "a store that was restored serves"
    accept_judge
}

if has_errand restore; then
    errand=restore
    begin_record
    rm -rf -- "$memory/backup"
    "$docket" backup "$memory/backup" --no-start >"$work/backup.out" 2>&1 || fail "a backup" "$work/backup.out"
    give acme/S 300
    give acme/L 300
    stop_docketd
    errand_begins
    offline restore "$memory/backup" --replace || fail "a restore" "$work/offline.err"
    power_fails restored_judge
fi

away_judge() {
    rm -rf -- "$memory/gone"
    make_twin "$ticket"
    if serves; then
        goes_on exactly
        stop_docketd
    elif [ "$code" != 4 ]; then
        wrong "the next start ends with $code" "$work/docketd.log"
    fi
    offline export-state "$memory/gone" --to "$ticket" || wrong "the same command does not finish it" "$work/offline.err"
    ! serves || wrong "it has moved, and serves"
    at_twin
    arrives
    [ -z "$docketd_pid" ] || kill_docketd
    at_original
}

if has_errand away; then
    errand=away
    begin_record
    stop_docketd
    rm -rf -- "$memory/gone"
    make_twin
    ticket=$("$docketd" --realm "$twin" --offline import-state --prepare 2>"$work/offline.err") || fail "a ticket" "$work/offline.err"
    errand_begins
    offline export-state "$memory/gone" --to "$ticket" || fail "a realm moves" "$work/offline.err"
    power_fails away_judge
fi

# ---- a backup ---------------------------------------------------------------

# docketd writes it, through a descriptor of the command's, which syncs it and gives it its name.
backup_judge() {
    if [ -e "$memory/other/monday" ]; then
        whole=$((whole + 1))
        "$docket" verify "$memory/other/monday" >"$work/verify.out" 2>&1 || wrong "half a backup" "$work/verify.out"
    fi
}

if has_errand backup; then
    errand=backup whole=0
    mkdir -p -m 700 "$memory/other"
    begin_record "$memory/other"
    errand_begins
    recorded "$docket" backup "$memory/other/monday" --no-start >"$work/backup.out" 2>&1 || fail "a backup" "$work/backup.out"
    stop_docketd
    power_fails backup_judge
    at_least "images with a whole backup" 1 "$whole"
fi

at_least "power lost in the middle of an errand" "$(scale 50 2000)" "$judged"
at_most "numbers given twice after that" 0 "$twice"
at_most "stores that were neither old nor new, nor could be finished" 0 "$faults"
finish
