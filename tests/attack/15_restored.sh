#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# An older copy of the store is put back. One history is made: workers take numbers
# in series of every kind, weeks go by, docketd is killed and stopped in between, and
# copies are kept: of weeks ago (whole periods are unknown to it), of some commits ago,
# and of exactly one commit ago. Then each case puts one of them back: with the desk's
# files still there or gone, with either witness, both, or none. docketd must refuse it,
# with exit code 4, and change nothing. Accepted with a floor, workers go on, and the
# auditor looks at all logs, of before and after. A clone, and pairs put back together,
# follow. What docket says that it cannot see is shown too, and counted apart.
#
#   ROUNDS   histories     SEED
#
# row: 15
# seconds: 15 170
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/attack/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/attack/host.sh
. "$here/host.sh"

rounds=${ROUNDS:-$(scale 1 8)}
note "seed $SEED"

memory=$(mktemp -d /dev/shm/docket-proof.XXXXXX)
at_cleanup() { rm -rf -- "${memory:?}"; }
new_work
# The weeks go by: all who ask for the time are told this one.
set_clock "$work/clock" 0
export DOCKET_CLOCK_FILE=$work/clock
with_clock=$(binary shiftclock.so)

series=(acme/STRICT acme/DAILY acme/LEASED acme/LEASEDDAY books/KEPT books/GAPLESS)
all_series=$(IFS=, && echo "${series[*]}")
# No counter can have given so many since the oldest copy.
floor=20000

# ---- one history ------------------------------------------------------------

# keep_store NAME: the store alone, as a backup program finds it while nothing is committed
keep_store() {
    rm -rf -- "$memory/store.$1" "$memory/near.$1"
    cp -a --sparse=always "$realm/store" "$memory/store.$1"
    mkdir "$memory/near.$1"
    cp -a "$realm"/witness* "$memory/near.$1/"
}

# back_up NAME: the same, by docket itself, while docketd runs
back_up() {
    rm -rf -- "$memory/backup.$1"
    LD_PRELOAD=$with_clock "$docket" backup "$memory/backup.$1" --no-start >"$work/backup.out" 2>&1 ||
        fail "a backup" "$work/backup.out"
}

# put_back NAME: by turns as a file, and by docket
put_back() {
    restored_by=$((cases % 2))
    if [ "$restored_by" = 0 ]; then
        rm -rf -- "$realm/store"
        cp -a --sparse=always "$memory/store.$1" "$realm/store"
    elif ! LD_PRELOAD=$with_clock "$docket" restore "$memory/backup.$1" --replace --yes >"$work/restore.out" 2>&1; then
        fail "$case: docket restores it" "$work/restore.out"
    fi
}

start() {
    LD_PRELOAD=$with_clock start_docketd
}

# work ID COUNT: so many numbers of each series, by two threads; now and then the worker is killed instead
work() {
    local id=$1 count=$2
    LD_PRELOAD=$with_clock start_worker "$id" --series "$all_series" --threads 2 --count "$count" --timeout-ms 5000
    if [ $((RANDOM % 3)) = 0 ]; then
        sleep_random 5 60
        kill_child "$child"
    else
        wait_child "$child" || fail "worker $id" "$work/$id.out"
    fi
}

end() {
    if [ $((RANDOM % 2)) = 0 ]; then stop_docketd; else kill_docketd; fi
}

# day N: noon of the N-th day from today
day() {
    set_clock "$work/clock" $(($(date -u +%s) / 86400 * 86400 + 43200 + $1 * 86400 - $(date -u +%s)))
}

make_history() {
    rm -rf -- "$memory/kept" "$memory"/store.* "$memory"/near.* "$memory"/backup.* "$memory/realm" "$memory/far" "${runtime:-$memory/none}"
    mkdir -m 700 "$memory/far"
    far=$memory/far realm_in=$memory
    rm -rf -- "${logs:-$work/none}"
    new_realm "${conf[@]}" '[default]' 'window = 64'
    day 0
    start
    add_series acme/STRICT
    add_series acme/DAILY --restart daily --template 'D{YYYY}{MM}{DD}-{N:4}'
    add_series acme/LEASED --order leased --template 'L{YYYY}-{N:5}'
    add_series acme/LEASEDDAY --order leased --restart daily --template 'LD{YYYY}{MM}{DD}-{N:4}'
    add_series books/KEPT --ledger on --restart monthly --template 'K{YYYY}{MM}-{N:5}'
    add_series books/GAPLESS --order gapless --restart daily --template 'G{YYYY}{MM}{DD}-{N:4}'
    work "weeks" 20
    back_up weeks
    end
    keep_store weeks
    local at
    for at in 7 $((RANDOM % 6 + 8)) 21; do
        day "$at"
        start
        work "day$at" 20
        [ "$at" = 21 ] || end
    done
    [ $((RANDOM % 2)) = 0 ] || { end && start; }
    back_up some
    kill -STOP "$docketd_pid"
    keep_store some
    kill -CONT "$docketd_pid"
    work "some" 60
    end
    start
    work "more" 40
    within 5 has_no_open || true
    back_up one
    kill -STOP "$docketd_pid"
    keep_store one
    kill -CONT "$docketd_pid"
    # One commit, and its number is out.
    one_more "last"
    kill -STOP "$docketd_pid"
    keep killed
    kill -CONT "$docketd_pid"
    stop_docketd
    keep stopped
    cp -a "$logs" "$memory/kept/logs"
}

# one_more ID: one number at record speed
one_more() {
    LD_PRELOAD=$with_clock start_worker "$1" --series books/KEPT --count 1 --timeout-ms 5000
    wait_child "$child" || fail "worker $1" "$work/$1.out"
}

# ---- one case ---------------------------------------------------------------

cases=0 images=0 onto=0 unrefused=0 touched=0 unserved=0 duplicates=0 lost=0 unclean=0

# What must be as it was after a refusal: stores, witnesses, and where the desks' files say who they are.
digest() {
    find "$realm" "$far" -type f ! -name '*.lock' ! -name lock.mdb ! -name refused -print0 | sort -z | xargs -0 sha256sum
    find "$runtime" -name 'board-*' -exec head -c 65536 {} ';' | sha256sum
}

# refuses: docketd ends with 4 at once, and nothing has changed
refuses() {
    local code=0
    digest >"$work/before"
    : >"$work/refused.out"
    run_child "$work/refused.out" env LD_PRELOAD="$with_clock" "$docketd" --realm "$realm"
    docketd_pid=$child
    wait_until 20 serves_or_ended || true
    if is_running "$docketd_pid"; then
        kill_docketd
        code='serving'
    else
        wait_child "$docketd_pid" || code=$?
        docketd_pid=''
    fi
    digest >"$work/after"
    if [ "$code" != 4 ]; then
        unrefused=$((unrefused + 1))
        fail "$case: refused with exit code 4, and not $code" "$work/refused.out"
    elif ! diff "$work/before" "$work/after" >"$work/differ"; then
        touched=$((touched + 1))
        fail "$case: a refusal changes nothing" "$work/differ"
    fi
}

# The highest number of each counter that anybody was given: what the invoices say.
floors() {
    env -u LD_PRELOAD python3 - "$logs" <<'SCRIPT'
import glob, struct, sys
highest = {}
for path in glob.glob(sys.argv[1] + "/*.log"):
    data = open(path, "rb").read()
    head = dict(line.split("=", 1) for line in data[:4088].split(b"\0")[0].decode().splitlines() if "=" in line)
    for number, period, _ in struct.iter_unpack("<QiI", data[4096:len(data) // 16 * 16]):
        if number:
            counter = head["tenant"], head["series"], period
            highest[counter] = max(highest.get(counter, 0), number)
for (tenant, series, period), number in sorted(highest.items()):
    text = str(period)
    label = {4: text, 6: text[:4] + "-" + text[4:], 8: text[:4] + "-" + text[4:6] + "-" + text[6:]}[len(text)]
    print(f"{tenant}/{series}/{label} {number}")
SCRIPT
}

# accept: with a floor, by turns in each of the ways that there are; then docketd starts.
accept() {
    local way=$((cases / 2 % 4)) code=0
    [ "$way" != 3 ] || [ -e "$(compgen -G "$far/*.marks" | head -n 1)" ] || way=1
    case $way in
    0)
        run_child "$work/docketd.log" env LD_PRELOAD="$with_clock" "$docketd" --realm "$realm" --accept-store "$floor"
        docketd_pid=$child
        wait_until 20 serves_or_ended && is_running "$docketd_pid"
        return
        ;;
    1) accepted_by --skip "$floor" || code=$? ;;
    2)
        floors >"$work/floors"
        accepted_by --floors "$work/floors" --skip 0 || code=$?
        ;;
    3) accepted_by --from-witness --skip "$floor" || code=$? ;;
    esac
    ways[$way]=$((${ways[$way]} + 1))
    [ "$code" = 0 ] || return 1
    LD_PRELOAD=$with_clock start_docketd
}
ways=(0 0 0 0)

accepted_by() {
    LD_PRELOAD=$with_clock "$docket" accept --yes "$@" >"$work/accept.out" 2>&1 || { cat "$work/accept.out" >>"$work/docketd.log" && return 1; }
}

# goes_on: workers take numbers of all series, and the auditor is content. A number of a
# period that the copy has never heard of, and that gives nothing any more, has no fate.
goes_on() {
    LD_PRELOAD=$with_clock start_worker "after" --series "$all_series" --threads 2 --count 20 --timeout-ms 5000
    wait_child "$child" || fail "$case: workers go on" "$work/after.out"
    LD_PRELOAD=$with_clock audit >"$work/audit.out" 2>&1 || true
    local twice
    twice=$(figure duplicates "$work/audit.json")
    duplicates=$((duplicates + ${twice:-1}))
    [ "${twice:-1}" = 0 ] || fail "$case: no number twice" "$work/audit.out"
    if jq -e '.findings | del(.no_fate) | any(. > 0)' "$work/audit.json" >/dev/null; then
        unclean=$((unclean + 1))
        fail "$case: every number has its fate" "$work/audit.out"
    fi
}

begin_case() {
    case=$1
    cases=$((cases + 1))
    rm -rf -- "$logs"
    cp -a "$memory/kept/logs" "$logs"
    printf '== %s\n' "$case" >>"$work/docketd.log"
}

# restored AGE FILES WITNESSES
restored() {
    begin_case "$1 older, files $2, witness $3"
    if [ "$2" = there ]; then
        bring_back killed
    else
        bring_back stopped
        rm -rf -- "${runtime:?}"/*
    fi
    put_back "$1"
    case $3 in near | none) rm -rf -- "${far:?}"/* ;; esac
    case $3 in far | none) rm -f -- "$realm"/witness* ;; esac
    refuses
    accept_and_go_on
}

# ---- particular cases -------------------------------------------------------

# data.mdb is put back by its name or in its place while docketd runs: what is given from then on goes to a file that
# has no name, or to one that is half of two. The next start says so.
# Store and near witness are put back together, and fit each other.
pair_put_back() {
    begin_case "store and near witness put back together, files $2, $1 older"
    if [ "$2" = there ]; then
        bring_back killed
    else
        bring_back stopped
        rm -rf -- "${runtime:?}"/*
    fi
    rm -rf -- "$realm/store" "$realm"/witness*
    cp -a --sparse=always "$memory/store.$1" "$realm/store"
    cp -a "$memory/near.$1"/* "$realm/"
    refuses
    accept_and_go_on
}

# make_twin: the realm copied whole on the same host, with desks of its own
make_twin() {
    rm -rf -- "$memory/twin" "$memory/twin_runtime"
    mkdir -m 700 "$memory/twin_runtime"
    cp -a --sparse=always "$realm" "$memory/twin"
    rm -f -- "$memory/twin/runtime"
    sed -i "s|^runtime_dir = .*|runtime_dir = $memory/twin_runtime|" "$memory/twin/docket.conf"
}

# at_twin, at_original: whom the next commands speak of
at_twin() {
    original_realm=$realm original_runtime=$runtime
    realm=$memory/twin runtime=$memory/twin_runtime
    export DOCKET_REALM=$realm
}

at_original() {
    realm=$original_realm runtime=$original_runtime
    export DOCKET_REALM=$realm
}

# Two at once: the second is told whose store it is. The first does not feel it.
clone_beside() {
    begin_case "a clone run beside the original"
    bring_back killed
    start
    local first=$docketd_pid
    kill -STOP "$first"
    make_twin
    kill -CONT "$first"
    at_twin
    refuses
    at_original
    docketd_pid=$first
    goes_on
    kill_docketd
}

# One after the other: whoever comes second is behind what the far witness saw.
clone_after() {
    begin_case "a clone run after the original went on"
    bring_back stopped
    make_twin
    start
    work "went" 30
    end
    at_twin
    refuses
    accept_and_go_on
    at_original
}

original_after() {
    begin_case "the original run after its clone went on"
    bring_back stopped
    make_twin
    at_twin
    start # it is as good as the original, which rests
    work "twin" 30
    end
    at_original
    refuses
    accept_and_go_on
}

# One commit ago, and nothing that could tell: what is within the witness's lag is seen by nobody. The fence that docket
# restore puts up does not depend on it.
within_lag() {
    begin_case "restored from one commit ago, within the witness's lag, the desks' files gone"
    bring_back killed
    rm -rf -- "${runtime:?}"/*
    LD_PRELOAD=$with_clock "$docket" restore "$memory/backup.one" --replace --yes >"$work/restore.out" 2>&1 ||
        fail "$case: docket restores it" "$work/restore.out"
    refuses
    accept_and_go_on
}

# A copy of before it left: no acceptance brings it back to life beside the realm that it went to.
moved_away() {
    local ticket code=0
    begin_case "an older copy put back in a realm that has moved"
    bring_back stopped
    rm -rf -- "$memory/new" "$memory/gone"
    mkdir -m 700 "$memory/new"
    ticket=$("$docketd" --realm "$memory/new" --offline import-state --prepare 2>"$work/moved.out") &&
        LD_PRELOAD=$with_clock "$docketd" --realm "$realm" --offline export-state "$memory/gone" --to "$ticket" \
            >"$work/moved.out" 2>&1 || fail "$case: it moves" "$work/moved.out"
    rm -rf -- "$realm/store" "${runtime:?}"/*
    cp -a --sparse=always "$memory/store.some" "$realm/store"
    refuses
    LD_PRELOAD=$with_clock timeout 10 "$docketd" --realm "$realm" --accept-store "$floor" >"$work/moved.out" 2>&1 || code=$?
    [ "$code" = 4 ] || { unrefused=$((unrefused + 1)) && fail "$case: accepting it ends with $code" "$work/moved.out"; }
    "$docketd" --realm "$realm" --offline restore "$memory/gone" --replace >"$work/moved.out" 2>&1 &&
        { unrefused=$((unrefused + 1)) && fail "$case: its state is no backup" "$work/moved.out"; }
    return 0
}

# The machine's whole disk is put back: all that could tell is put back with it. Nothing
# sees that, and docket says so; only what lies off the host can (witness_command).
image_put_back() {
    local code=0
    begin_case "the image of the whole machine put back"
    bring_back killed
    rm -rf -- "${runtime:?}"/*
    keep image
    start
    work "gone" 30
    end
    bring_back image
    start || code=$?
    kill_docketd
    images=$((images + 1))
}

ended() { ! is_running "$1" || ! is_running "$2"; }

# logged ID TENANT: the first number that one of its threads was given of that tenant's series
logged() {
    local log
    for log in "$logs/$1"-*."$2".*.log; do
        [ ! -e "$log" ] || od -A n -t u8 -j 4096 -N 8 "$log" | grep -v '^ *0$' || true
    done
}

under_running() {
    begin_case "data.mdb put back $1 under a running docketd"
    bring_back killed
    start
    work "before" 10
    if [ "$1" = 'by its name' ]; then
        cp --sparse=always "$memory/store.some/data.mdb" "$realm/store/data.new"
        mv "$realm/store/data.new" "$realm/store/data.mdb"
    else
        dd if="$memory/store.some/data.mdb" of="$realm/store/data.mdb" bs=1M conv=notrunc status=none
    fi
    LD_PRELOAD=$with_clock start_worker "under" --series "$all_series" --threads 2 --count 30 --timeout-ms 2000
    wait_until 2 ended "$child" "$docketd_pid" || true # docketd may have ended by itself: what it gave counts
    kill_child "$child"
    kill_docketd
    if [ "$1" = 'in its place' ] && [ -n "$(logged under books)" ]; then
        onto=$((onto + 1))
        fail "$case: no number is recorded on top of it"
    fi
    refuses
    # In place, what is there is no store any more: a good copy is put back once more.
    rm -rf -- "$realm/store"
    cp -a --sparse=always "$memory/store.some" "$realm/store"
    refuses
    accept_and_go_on
}

accept_and_go_on() {
    if accept; then
        goes_on
    else
        unserved=$((unserved + 1))
        fail "$case: accepted with a floor, it serves" "$work/docketd.log"
    fi
    kill_docketd
}

conf=('clock_guard_days = 0' "witness_dir = $memory/far")
for ((round = 1; round <= rounds; round++)); do
    make_history
    for age in weeks some one; do
        for files in there gone; do
            for witness in both near far none; do
                restored "$age" "$files" "$witness"
            done
        done
    done
    under_running 'by its name'
    under_running 'in its place'
    pair_put_back some gone
    pair_put_back weeks gone
    pair_put_back one there
    clone_beside
    clone_after
    original_after
    within_lag
    moved_away
    image_put_back
done

at_least "older copies put back" $((35 * rounds)) "$cases"
at_least "accepted by --skip, by floors from the logs, from the witness" $((3 * rounds)) \
    "$(printf '%s\n' "${ways[@]:1}" | sort -n | head -n 1)"
at_least "whole machines put back, which nothing sees" "$rounds" "$images"
at_most "of the others served without a floor" 0 "$unrefused"
at_most "refusals that changed something" 0 "$touched"
at_most "accepted with a floor, and not served" 0 "$unserved"
at_most "numbers given twice" 0 "$duplicates"
at_most "numbers recorded on top of a file that was changed under docketd" 0 "$onto"
at_most "audits with a number that has no fate" 0 "$unclean"
finish
