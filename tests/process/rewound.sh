#!/bin/bash
# SPDX-License-Identifier: MIT
# seconds: 12 20
#
# A store that is not the latest one is refused, whatever it lacks: beside live files to the commit, a copy of the
# whole realm beside the original or instead of it, a witness that is missing, damaged or somebody else's, a command that
# keeps one and fails, hangs or lies. And the page of help says what was found, and what can be done.
. "$(dirname "$0")/lib.sh"

new_realm
said=$work/said
far=$work/state/docket/witness

# refused CODE WORDS [REALM]: a start ends so, says so, and has changed nothing in the store
refused() {
    local wanted=$1 words=$2 at=${3:-$realm} code=0 before after
    before=$(sha256sum <"$at/store/data.mdb")
    timeout 20 "$docketd" --realm "$at" >"$said" 2>&1 </dev/null || code=$?
    after=$(sha256sum <"$at/store/data.mdb")
    cat "$said"
    echo "exit code $code, wanted $wanted"
    [ "$code" = "$wanted" ] && grep -q -e "$words" "$said" && [ "$before" = "$after" ]
}

# take COUNT: so many numbers, each of a commit of its own
take() {
    local i
    for ((i = 0; i < $1; i++)); do
        "$docket" issue acme/BILL --key "k$RANDOM$RANDOM$i" --settled --no-start >/dev/null
    done
}

clone() {
    rm -rf "$work/clone"
    mkdir -m 700 "$work/clone"
    cp -a "$realm/store" "$realm/witness" "$realm/docket.conf" "$realm/runtime" "$work/clone/"
}

start_docketd
add_series acme/BILL --order gapless
take 3

# ---- live files, to the commit --------------------------------------------

kill -STOP "$docketd_pid"
cp -a "$realm/store" "$work/older"
kill -CONT "$docketd_pid"
take 1
kill_docketd
mv "$realm/store" "$work/newer"
cp -a "$work/older" "$realm/store"
check 'one number older, beside live files: refused' refused 4 'older than the live files'
check 'again: refused, and nothing was changed' refused 4 'older than the live files'
check 'a third time, too: no start counts towards it' refused 4 'older than the live files'
rm -rf "$realm/store"
mv "$work/newer" "$realm/store"
start_docketd
take 2
stop_docketd

# ---- the far witness ------------------------------------------------------

file=$far/$(ls "$far" | grep -E '^[0-9a-f]{32}$')
check 'a far witness lies in its folder, for its owner only' eval '[ "$(stat -c %a "$far")" = 700 ] && [ "$(stat -c %a "$file")" = 600 ]'
check 'a stop in order notes exact marks beside it' grep -q '^exact 1$' "$file.marks"
check '... of each counter' grep -qE '^acme BILL [0-9]+ 7$' "$file.marks"
clone
start_docketd
check 'a copy run beside the original: refused, with its realm' refused 4 "realm $realm" "$work/clone"
take 1
stop_docketd
check 'a copy run after the original: refused' refused 4 'older than its far witness' "$work/clone"

# ---- the page of help -----------------------------------------------------

page() { grep -q -e "$1" "$said"; }
check 'its page: the store, as it was found' page '^|   store  *generation [0-9]*, commit [0-9]* (stopped in order), id [0-9a-f]*$'
check 'its page: the last event' page '^| .*last event [0-9]*, 20'
check 'its page: the near witness fits' page '^|   witness  *generation [0-9]*, commit [0-9]* (clean): fits the store$'
check 'its page: the far witness does not' page '^|   far witness  *generation [0-9]*, commit [0-9]* (clean): does NOT fit$'
check 'its page: what it means' page 'whole realm was copied or restored'
check 'its page: the steps, with the realm put in' page "docket accept --realm $work/clone --from-witness"
check 'its page: the error stands last' eval 'tail -n 1 "$said" | grep -q "^docketd: error: cannot open"'
check 'a realm keeps the page, for its owner only' eval '[ "$(stat -c %a "$work/clone/refused")" = 600 ]'
shows() { # CODE WORDS COMMAND...: the command ends so, and says so
    local wanted=$1 words=$2 code=0
    shift 2
    "$docket" "$@" --realm "$work/clone" >"$said" 2>&1 </dev/null || code=$?
    cat "$said"
    echo "exit code $code, wanted $wanted"
    [ "$code" = "$wanted" ] && grep -q -e "$words" "$said"
}
check 'docket status says so' shows 1 'NOT SERVED.*older than its far witness' status
check 'docket status --json: with the page' shows 1 '"refused":{"status":"DOCKET_STORE_REWOUND".*what can be done' status --json
check 'docket doctor says so' shows 1 'last start' doctor
check 'the command that started docketd: exit code 4, and the page' shows 4 '^what can be done' next acme/BILL
offline_json() {
    local code=0
    "$docketd" --realm "$work/clone" --offline series list --json >"$work/out" 2>"$said" || code=$?
    cat "$said"
    [ "$code" = 4 ] && python3 -c 'import json, sys
page = json.load(open(sys.argv[1]))
assert page["error"]["status"] == "DOCKET_STORE_REWOUND" and len(page["steps"]) >= 2 and page["store"]["read"]
assert [w["fits"] for w in page["witnesses"]][:2] == [True, False], page' "$said"
}
check 'an offline verb, --json: the page as an object' offline_json
mv "$file" "$work/kept"
check 'without its far witness: refused' refused 4 'is missing'
head -c 60 "$work/kept" >"$file"
check 'with half of it: refused' refused 4 'is damaged'
sed "s/^store ..../store 0000/" "$work/kept" >"$file"
check 'with one that was edited: refused' refused 4 'is damaged'
mv "$work/kept" "$file"
check 'put back: served' start_docketd
check 'served: there is no page any more' eval '[ ! -e "$realm/refused" ]'
stop_docketd
finish
