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
check 'docket doctor: the far witness is there' eval '{ "$docket" doctor || true; } | grep -q "^PASS *far witness *$file"'
mv "$far" "$far.away"
check '... and is missed before the next start misses it' eval '{ "$docket" doctor || true; } | grep -q "^FAIL *far witness .*No such file"'
mv "$far.away" "$far"
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
check '... also where the environment names no folder any more' \
    eval 'XDG_STATE_HOME=/$(printf "%300s" x | tr " " x) refused 4 "is missing"'
head -c 60 "$work/kept" >"$file"
check 'with half of it: refused' refused 4 'is damaged'
sed "s/^store ..../store 0000/" "$work/kept" >"$file"
check 'with one that was edited: refused' refused 4 'is damaged'
mv "$work/kept" "$file"
check 'put back: served' start_docketd
check 'served: there is no page any more' eval '[ ! -e "$realm/refused" ]'
stop_docketd

# ---- a command that keeps one ---------------------------------------------

elsewhere=$work/elsewhere
mkdir "$elsewhere"
cp "$(dirname "$0")/../../docs/examples/witness_elsewhere.sh" "$work/keep.sh"
# faults: what is in $work/fault happens first
sed -i "2a [ ! -e '$work/fault' ] || . '$work/fault'" "$work/keep.sh"
export DOCKET_WITNESS_FOLDER=$elsewhere
printf 'witness_command = %s\nwitness_timeout_s = 1\n' "$work/keep.sh" >>"$realm/docket.conf"
check 'a command that knows nothing yet: served' start_docketd
check '... and it keeps the witness' grep -q '^phase running$' "$elsewhere/$(basename "$file")"
check '... which is an event' eval '"$docket" log --kind witness --no-start | grep -q "a command keeps a witness from now on"'
take 2
stop_docketd
check 'a stop in order: it was told' grep -q '^phase clean$' "$elsewhere/$(basename "$file")"
echo 'echo "the line is dead" >&2; exit 7' >"$work/fault"
check 'a command that fails: refused, with its output' refused 4 'get [0-9a-f]* ended with exit code 7: the line is dead'
echo 'sleep 60' >"$work/fault"
check 'a command that hangs: killed, and refused' refused 4 'did not end within 1 s'
echo 'exec yes "much to say"' >"$work/fault"
check 'a command that writes without end: killed, and refused' refused 4 'wrote more than'
echo '[ "$1" = put ] && kill -9 $$' >"$work/fault"
check 'a put that fails at the start: refused' refused 4 'put [0-9a-f]* ended with signal 9'
check '... and the realm says what it waits for' grep -q '^sentence.the witness command fails' "$realm/held"
rm "$work/fault"
cp "$elsewhere/$(basename "$file")" "$work/old"
check 'mended: served' start_docketd
check '... and nothing is waited for' eval '[ ! -e "$realm/held" ]'
stop_docketd
unheard() {
    local plain=$docketd code=0
    printf '#!/bin/sh\nexec env --ignore-signal=CHLD "%s" "$@"\n' "$plain" >"$work/unheard"
    chmod +x "$work/unheard"
    docketd=$work/unheard
    start_docketd && stop_docketd || code=1
    docketd=$plain
    return "$code"
}
check 'started by who ignores how its children end: served' unheard
cp "$elsewhere/$(basename "$file")" "$work/new"
cp "$work/old" "$elsewhere/$(basename "$file")"
check 'a command that lies: refused' refused 4 "command's witness is older than the store"
rm "$elsewhere/$(basename "$file")"
check 'a command that has forgotten: refused' refused 4 'the witness command has no witness'
cp "$work/new" "$elsewhere/$(basename "$file")"
cp "$realm/docket.conf" "$work/docket.conf"
sed -i '/^witness_command/d' "$realm/docket.conf"
check 'a configuration without the command: refused' refused 4 'witness_command = none'
cp "$work/docket.conf" "$realm/docket.conf"
check 'with it again: served' start_docketd
stop_docketd

# ---- none, in so many words -----------------------------------------------

echo 'witness_dir = none' >>"$realm/docket.conf"
check 'witness_dir = none: served' start_docketd
check '... which is an event' eval '"$docket" log --kind witness --no-start | grep -q "no far witness is kept any more"'
check '... and docket doctor says what that costs' eval '{ "$docket" doctor || true; } | grep -q "^WARN *far witness .*none is kept.*not noticed"'
stop_docketd
finish
