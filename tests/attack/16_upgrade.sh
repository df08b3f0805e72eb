#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Upgrade: this release's docketd and libdocket, and two next releases built from
# the same tree, whose desks carry a flag that this one does not know: one
# compatible, one incompatible. They follow each other in both directions, by
# SIGKILL and by a stop in order, under workers of either release that hold
# nothing, a lease, or a block. Judged: which numbers come (the next, every time),
# who moves, who is refused and how, and that nothing becomes unknown.
#
# row: 16
# seconds: 8 8
. "$(dirname "$0")/lib.sh"

new_realm 'lines_per_seat = 16' '[default]' 'restart = never'
caller=$(binary docket-caller)
this=$(dirname "$docketd")
compatible=$this/next-compatible
incompatible=$this/next-incompatible

# release FOLDER: whose docketd the next start is, and whose library the command has
command=$docket
release() {
    docketd=$1/docketd
    docket=$work/docket
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "$1" "$command" >"$docket.new"
    chmod +x "$docket.new"
    mv "$docket.new" "$docket"
}

# seat NAME FOLDER TENANT/SERIES: a caller with that release's library
declare -A seat_in=() seat_out=() seat_pid=()
seat() {
    local name=$1 library=$2 series=$3 in out
    mkfifo "$work/$name.in" "$work/$name.out"
    LD_LIBRARY_PATH=$library run_child "$work/$name.err" bash -c \
        'exec "$0" "$1" "$2" "$3" <"$4.in" >"$4.out"' "$caller" "$realm" "${series%/*}" "${series#*/}" "$work/$name"
    seat_pid[$name]=$child
    exec {in}>"$work/$name.in" {out}<"$work/$name.out"
    seat_in[$name]=$in seat_out[$name]=$out
    answer=''
    read -r -t 60 -u "$out" answer || true
    rm -f "$work/$name.in" "$work/$name.out"
}

# tell NAME LINE: the reply is $answer
tell() {
    answer=''
    echo "$2" >&"${seat_in[$1]}"
    read -r -t 60 -u "${seat_out[$1]}" answer || answer='no answer'
}

# unseat NAME: its caller ends in order (another may have inherited its stdin: the end is said)
unseat() {
    local in=${seat_in[$1]} out=${seat_out[$1]}
    echo end >&"$in"
    exec {in}>&- {out}<&-
    wait_child "${seat_pid[$1]}" || true
}

cases=0
# gives CASE NAME LINE ANSWER
gives() {
    cases=$((cases + 1))
    tell "$2" "$3"
    check "$1" test "$answer" = "$4"
    [ "$answer" = "$4" ] || note "$2 answered '$answer', wanted '$4'"
}

# begins CASE NAME: the first number of a block, to count on from
begins() {
    tell "$2" take
    first=$answer
    check "$1" test "$first" -gt 0
}

# not_again CASE NAME: a number outside the three that its block has given
not_again() {
    cases=$((cases + 1))
    tell "$2" next
    check "$1" eval 'test "$answer" -gt 0 && { test "$answer" -lt "$first" || test "$answer" -gt $((first + 2)); }'
}

says() { grep -q "$1" "$work/docketd.log"; }
said_and_cleared() {
    local code=0
    says "$1" || code=1
    : >"$work/docketd.log"
    return "$code"
}
nothing_unknown() { fate && ! grep -q '"fate": *"unknown"' "$work/fate.json"; }
incarnation() { od -A n -t x8 -j 64 -N 8 "$(realpath "$realm/runtime")/board-0"; }
same_files() { test "$1" = "$(incarnation)"; }
other_files() { ! same_files "$1"; }

refuses_to_start() {
    local code=0
    timeout 60 "$docketd" --realm "$realm" >"$work/refused.log" 2>&1 || code=$?
    cat "$work/refused.log"
    test "$code" = 4 && grep -q "$1" "$work/refused.log"
}

# would WHAT [CODE]: what --check-takeover says, and how it ends
would() {
    local code=0
    "$docketd" --realm "$realm" --check-takeover >"$work/takeover.out" 2>&1 || code=$?
    cat "$work/takeover.out"
    test "$code" = "${2:-0}" && grep -q "$1" "$work/takeover.out"
}

# ---- a compatible flag: taken over under workers, both ways ----
release "$this"
start_docketd
add_series acme/S --order strict
add_series acme/L --order leased
seat s "$this" acme/S
seat l "$this" acme/L
gives 'this release: strict' s next 1
gives 'this release: a block' l 'open 10' ok
begins 'this release: its first number' l
files=$(incarnation)
release "$compatible"
check 'compatible: --check-takeover says that workers go on' would 'taken over as it is; 2 seated'
kill_docketd
start_docketd
check 'compatible: the files are taken over' same_files "$files"
gives 'compatible: strict goes on' s next 2
gives 'compatible: the block goes on' l take $((first + 1))
rm -rf "${runtime:?}"/*/board-0 # so that it makes files of its own, with its flag
kill_docketd
start_docketd
seat c "$this" acme/S
gives 'files made with a compatible flag: strict, behind what is unknown' c next 17
files=$(incarnation)
release "$this"
kill_docketd
start_docketd
check 'this release takes over files with an unknown compatible flag' same_files "$files"
gives 'this release again: strict goes on' c next 18
unseat c
unseat s
unseat l
stop_docketd
lose_power
rm -rf "${realm:?}/store" "$realm"/witness*

# ---- an incompatible flag ----
: >"$work/docketd.log"
start_docketd
add_series acme/S --order strict
add_series acme/L --order leased
seat s "$this" acme/S
gives 'older worker: strict' s next 1
seat l "$incompatible" acme/L
files=$(incarnation)
release "$incompatible"
check 'incompatible: --check-takeover names the worker that cannot' would '1 of 2 seated workers cannot read'
stop_docketd
start_docketd
check 'a seated older worker: the desk keeps its form' same_files "$files"
check 'and the log says why' said_and_cleared '1 of 2 seated workers have a library that cannot read'
gives 'the older worker goes on' s next 2
seat p "$this" acme/S
gives 'an older worker takes a seat there anew' p next 3
unseat p
gives 'newer worker on the old desk: a block' l 'open 10' ok
begins 'newer worker: its first number' l
gives 'and the second' l take $((first + 1))
unseat s
stop_docketd
start_docketd
check 'a block still out: the desk keeps its form' same_files "$files"
check 'and the log says why: leases' said_and_cleared 'leases are still out'
gives 'the block goes on' l take $((first + 2))
gives 'and is given back' l give ok
seat t "$incompatible" acme/S
gives 'newer worker: strict, on the old desk' t next 4
kill_docketd
start_docketd
check 'docketd was killed: the desk keeps its form' same_files "$files"
check 'and the log says why: no stop in order' said_and_cleared 'was not stopped in order'
check '--check-takeover: will be built anew, workers move' would 'built anew after a stop in order'
gives 'it goes on' t next 5
stop_docketd
start_docketd
check 'nothing out, every library new: the desk is built anew' other_files "$files"
gives 'the seated worker moves, and gets the next number' t next 6
not_again 'the leased one moves, and gives no number again' l
check 'nothing became unknown' nothing_unknown
files=$(incarnation)

# ---- the older release meets the newer desk ----
seat o "$this" acme/S
check 'an older library is told so' test "${answer%% *}" = DOCKET_BAD_LAYOUT
case $answer in *'needs the libdocket'*) pass 'and what it needs' ;; *) fail "and what it needs: $answer" ;; esac
wait_child "${seat_pid[o]}" || true
release "$this"
check 'older docketd: --check-takeover refuses while newer workers are seated' would 'refused while its workers are seated' 4
stop_docketd
check 'older docketd, newer workers: refused' refuses_to_start 'their library is of that release'
check 'the files are left' same_files "$files"
release "$incompatible"
start_docketd
gives 'the newer docketd goes on behind the refused one' t next 7
unseat t
unseat l
kill_docketd
release "$this"
check 'older docketd, nobody seated, killed before: refused' refuses_to_start 'would make numbers unknown'
release "$incompatible"
start_docketd
stop_docketd
release "$this"
start_docketd
check 'older docketd, nobody seated, stopped in order: files of its own' other_files "$files"
seat b "$this" acme/S
gives 'and the next number' b next 8
check 'still nothing is unknown' nothing_unknown
stop_docketd

# ---- other sizes, the same release ----
files=$(incarnation)
sed -i 's/lines_per_seat = 16/lines_per_seat = 32/' "$realm/docket.conf"
start_docketd
check 'other sizes: the desk is built anew under a seated worker' other_files "$files"
gives 'which moves, and gets the next number' b next 9
check 'nothing is unknown after that either' nothing_unknown
unseat b
stop_docketd
at_least 'calls across releases, each with the number that it must get' 20 "$cases"
at_most 'duplicates or gaps across releases' 0 "$failed"
finish
