#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Who holds a number, and until when: reservations, settle, void, release; time that
# runs out by a clock that nobody can set; holders that end while docketd watches and
# while it does not; another boot; late settles, before and after somebody else has
# the number; gapless series, which end without a hole.
# seconds: 20 90
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

shim=$(binary shiftclock.so)
holder=$(binary docket-holder)
realm_in=memory
new_realm '[default]' 'restart = never' 'template = {SERIES}-{N:4}' 'ledger = on' '[tenant gap]' 'order = gapless' \
    '[tenant frees]' 'order = gapless' 'on-expiry = free' '[tenant voids]' 'order = gapless' 'release = void' \
    '[tenant plain]' 'ledger = off'
set_clock "$work/clock" 0
export DOCKET_CLOCK_FILE=$work/clock

start() { LD_PRELOAD=$shim start_docketd; }

# ---- processes that hold numbers ----------------------------------------------

declare -A inputs outputs pids

# hold NAME TENANT/SERIES: a process that does what `tell NAME` says
hold() {
    local in out
    mkfifo "$work/$1.in" "$work/$1.out"
    "$holder" "$realm" "$2" <"$work/$1.in" >"$work/$1.out" 2>>"$work/holders.log" &
    pids[$1]=$! children[$!]=1
    exec {in}>"$work/$1.in" {out}<"$work/$1.out"
    inputs[$1]=$in outputs[$1]=$out
    rm "$work/$1.in" "$work/$1.out"
}

tell() {
    local line
    printf '%s\n' "${*:2}" >&"${inputs[$1]}"
    read -r -t 20 line <&"${outputs[$1]}" || line='(no answer)'
    printf '%s\n' "$line"
}

let_go() {
    eval "exec ${inputs[$1]}>&- ${outputs[$1]}<&-"
}

kill_holder() {
    kill_child "${pids[$1]}"
    let_go "$1"
}

end_holder() { # in order
    eval "exec ${inputs[$1]}>&-"
    wait_child "${pids[$1]}" || true
    eval "exec ${outputs[$1]}<&-"
}

# once TENANT/SERIES COMMAND...: another process, which ends
once() { "$holder" "$realm" "$@" 2>&1; }

# is WANTED CMD...: what it prints
is() {
    local said
    said=$("${@:2}") || true
    [ "$said" = "$1" ] || { echo "not '$1' but '$said'"; return 1; }
}

last() { "$@" | tail -n 1; }

says() { # WORDS CMD...
    "${@:2}" | grep -q -- "$1"
}

# asks whether a number is in doubt, and changes nothing: nobody's word counts for one that is held
in_doubt() { # TENANT/SERIES NUMBER
    says "is in doubt" once "$1" "settle n=0/$2" why
}

is_held() { # TENANT/SERIES NUMBER: reserved, by somebody else
    says "is reserved, held by" once "$1" "settle n=0/$2" why
}

# ---- basics ---------------------------------------------------------------------

start
hold a acme/INV
check "a reservation: the lowest numbers" is "OK 5 0 1-5" tell a reserve r1 5 600s
check "the same name and count: the same numbers" is "OK 5 1 1-5" tell a reserve r1 5 600s
check "the same name from another process: the same numbers" is "OK 5 1 1-5" once acme/INV 'reserve r1 5 600s'
check "another count: refused, and told what it has" is "KEY_DIFFERS 5 1" tell a reserve r1 4 600s
check "another date: refused" is "KEY_DIFFERS 5 1" tell a reserve r1 5 600s 20200101
check "a name is no key" is "OK INV-0006 issued 0 1" tell a issue r1
check "a reserved number, settled by its holder" is OK tell a settle n=0/1
check "settled again: it is" is ALREADY_SETTLED tell a settle n=0/1
check "released after it was settled: refused" is ALREADY_SETTLED tell a release n=0/1
check "released by its holder" is OK tell a release n=0/2
check "released again: it was" is ALREADY_RELEASED tell a release n=0/2
check "settled after it was released: refused" is ALREADY_RELEASED tell a settle r1:0/2
check "voided, with a reason" is OK tell a void text=INV-0003
check "voided again: it is" is ALREADY_VOID tell a void text=INV-0003
check "settled after it was voided: refused" is ALREADY_VOID tell a settle r1:0/3
check "another process, by number alone: not its" is NOT_YOURS once acme/INV 'settle n=0/4'
check "another process, by text alone: not its" is NOT_YOURS once acme/INV 'void text=INV-0004'
check "a forked child is another holder" is NOT_YOURS tell a child settle n=0/4
check "another process, by the reservation's name" is OK once acme/INV 'settle r1:0/4'
check "another reservation's name: not its number" is NOT_YOURS \
    last once acme/INV 'reserve r2 1 600s detached' 'all release r2' 'settle r2:0/5'
check "a name that nobody had" is NOT_HELD once acme/INV 'settle r9:0/5'
check "a key that nobody had" is NOT_HELD tell a settle key=nobody
check "a number that nobody was given" is NOT_HELD tell a settle n=0/4711
check "a text of another form" is NOT_OF_SERIES tell a settle text=ABC-1
check "no such period" is NOT_HELD tell a settle n=2020/1
check "many at once: each its own status" is "OK NOT_HELD ALREADY_SETTLED ALREADY_VOID" \
    tell a settle text=INV-0005 n=0/99 n=0/1 r1:0/3
check "the lowest free number first" is "OK 3 0 2-2 7-8" tell a reserve r3 3 600s
check "all of a reservation at once" is "OK 3" tell a all release r3
check "none is left of it" is "OK 0" tell a all settle r3
check "a name without a reservation" is "NOT_HELD 0" tell a all settle r4
check "released ones come first, and need not be a run" is "OK 4 0 2-2 7-9" tell a reserve r5 4 600s
check "an issued number is void by its key" is OK once acme/INV 'void key=r1'
check "and its key says so" is "KEY_VOID INV-0006 void 1 1" tell a issue r1
check "an issued number, by its text and an admin" is OK last once acme/INV 'issue k1' 'void text=INV-0010'

# ---- what may not be asked ------------------------------------------------------

check "no time: refused" is "BAD_ARGUMENT 0 0" tell a reserve q 5 0s
check "longer than a year: refused" is "BAD_ARGUMENT 0 0" tell a reserve q 5 31536001s
check "no number: refused" is "BAD_ARGUMENT 0 0" tell a reserve q 0 60s
check "more than ten thousand: refused" is "BAD_ARGUMENT 0 0" tell a reserve q 10001 60s
check "nobody's, without a time: refused" says ^BAD_ARGUMENT tell a issue q pending detached
check "a series without a ledger: no reservation" says ^NOT_TRACKED once plain/INV 'reserve q 1 60s'

# ---- the end of an interval --------------------------------------------------------

add_series acme/END --last 7
check "an interval's end: as many as there are" is "PARTIAL 7 0 1-7" once acme/END 'reserve all 10 600s detached'
check "the same call: the same answer" is "PARTIAL 7 1 1-7" once acme/END 'reserve all 10 600s detached'
check "none is left" is "EXHAUSTED 0 0" once acme/END 'reserve more 1 600s detached'
check "what is released can be had again" is "OK 2 0 2-3" \
    last once acme/END 'release all:0/2 all:0/3' 'reserve more 2 600s detached'
end_holder a

# ---- thousands -------------------------------------------------------------------

hold b acme/BIG
check "ten thousand at once" is "OK 10000 0 1-10000" tell b reserve big 10000 600s
numbers=$(seq -f 'n=0/%.0f' 1 1000)
# shellcheck disable=SC2086
check "a thousand settled in one call" is "$(seq 1000 | sed 's/.*/OK/' | paste -sd ' ')" tell b settle $numbers
check "the rest released in one call" is "OK 9000" tell b all release big
check "nine thousand free ones are given again" is "OK 10000 0 1001-11000" tell b reserve big2 10000 600s
kill_holder b
check "ten thousand numbers of a dead holder are in doubt" wait_until 20 in_doubt acme/BIG 11000
check "one event for them" says "10000 reserved numbers of acme/BIG, 1001 the first of them, are in doubt" \
    "$docket" events --no-start --kind expiry
check "resolved, until there are none" is "OK 10000" once acme/BIG 'resolve settle -1'
check "none is in doubt" is "OK 0" once acme/BIG 'resolve settle -1'

# All at once: plans are bounded, so that docketd grows by what one of them needs.
kill -STOP "$docketd_pid"
crowd=()
for i in $(seq 40); do
    "$holder" "$realm" acme/CROWD "reserve crowd-$i 10000 600s detached" >"$work/crowd.$i" 2>&1 &
    crowd+=($!)
    children[$!]=1
done
sleep 0.5
kill -CONT "$docketd_pid"
for i in "${crowd[@]}"; do wait_child "$i" || true; done
crowd_has_its_own() { # who gave up asks again, and is told
    for i in $(seq 40); do
        grep -q '^OK 10000 ' "$work/crowd.$i" || once acme/CROWD "reserve crowd-$i 10000 600s detached" >"$work/crowd.$i"
    done
    [ "$(cat "$work"/crowd.* | grep -c '^OK 10000 ')" = 40 ] && [ "$(cat "$work"/crowd.* | cut -d ' ' -f 4- | sort -u | wc -l)" = 40 ]
}
check "forty that want ten thousand at once: each has its own" crowd_has_its_own
small() { [ "$(awk '/^VmHWM/ {print $2}' "/proc/$docketd_pid/status")" -lt 200000 ] || { grep ^VmHWM "/proc/$docketd_pid/status"; return 1; }; }
check "forty that want ten thousand at once: docketd stays small" small

# ---- time ------------------------------------------------------------------------

hold c acme/TIME
check "a second: reserved" is "OK 3 0 1-3" tell c reserve short 3 1s
check "a minute: reserved" is "OK 2 0 4-5" tell c reserve long 2 60s
check "pending for a second" is "OK TIME-0006 pending 0 1" tell c issue k pending 1s
check "its time is over: in doubt" wait_until 5 in_doubt acme/TIME 1
check "its time is over: the pending one too" wait_until 5 in_doubt acme/TIME 6
check "late, by its holder" is OK tell c settle n=0/1
check "late, by its name, from another process" is OK once acme/TIME 'settle short:0/2'
check "late, all that is left" is "OK 1" tell c all release short
check "in doubt and asked for again: pending" is "OK TIME-0006 pending 1 2" tell c issue k pending 60s
check "settled" is OK tell c settle key=k
set_clock "$work/clock" $((20 * 3600))
sleep 0.5
check "a clock that jumps ahead ends nothing early" is_held acme/TIME 4
check "taken after the jump" is "OK 2 0 3-3 7-7" tell c reserve jumped 2 2s
set_clock "$work/clock" -3600
check "a clock that is set back holds nothing longer" wait_until 6 in_doubt acme/TIME 7
set_clock "$work/clock" 0
check "still held" is "NOT_YOURS 0" once acme/TIME 'resolve release 0 4'
kill_docketd
kill_holder c
start
check "a holder that ended while docketd was down: in doubt" wait_until 5 in_doubt acme/TIME 4
check "nobody's, for a second" is "OK 1 0 8-8" once acme/TIME 'reserve gone 1 1s detached'
check "nobody's, for a minute" is "OK 1 0 9-9" once acme/TIME 'reserve stays 1 60s detached'
kill_docketd
sleep 1.2
start
check "time that ran out while docketd was down: in doubt" wait_until 5 in_doubt acme/TIME 8
check "time that did not: held" is_held acme/TIME 9

# ---- a holder that lives through docketd's death -----------------------------------

hold d acme/LIVES
tell d reserve mine 4 600s >/dev/null
tell d issue k pending >/dev/null
kill_docketd
start
sleep 0.3
check "docketd was killed: held as before" is_held acme/LIVES 1
check "and its holder may decide" is "OK OK" tell d settle n=0/1 text=LIVES-0005
stop_docketd
start
check "docketd was stopped: held as before" is_held acme/LIVES 2
check "and its holder may decide" is OK tell d release n=0/2

# The desk's files are lost within a boot: nobody can tell who lives.
kill_docketd
rm -rf -- "${runtime:?}"/[!rs]* # all but realm and state
start
check "the desk's files are lost: in doubt" wait_until 5 in_doubt acme/LIVES 3
check "its name settles it" is OK tell d settle mine:0/3
kill_holder d

# ---- given to somebody else --------------------------------------------------------

hold e gap/INV
check "gapless: pending" is "OK INV-0001 pending 0 1" tell e issue order-1
check "pending too, reserved" is "OK 2 0 2-3" tell e reserve e1 2 600s
check "released by its key" is OK tell e release key=order-1
check "released again by its key" is ALREADY_RELEASED tell e release key=order-1
check "somebody else gets it" is "OK INV-0001 pending 0 1" tell e issue order-2
check "a late settle by the old key: refused" is ALREADY_RELEASED tell e settle key=order-1
check "a late release by the old key: refused" is ALREADY_RELEASED tell e release key=order-1
check "the old key gets another" is "OK INV-0004 pending 0 1" tell e issue order-1
check "released by name" is OK tell e release e1:0/2
check "reserved by somebody else" is "OK 1 0 2-2" tell e reserve e2 1 600s
check "a late settle by the old name: refused" is ALREADY_RELEASED tell e settle e1:0/2
check "a late release by the old name: refused" is ALREADY_RELEASED tell e release e1:0/2
check "all of the old name: what it still has" is "OK 1" tell e all settle e1
check "the new owner has its number" is "OK OK" tell e settle e2:0/2 key=order-2
kill_holder e
check "a gapless number of a dead holder is in doubt" wait_until 5 in_doubt gap/INV 4
check "an admin resolves it" is "OK 1" once gap/INV 'resolve release 0 4'
check "what is not in doubt is not resolved" says ^ALREADY_SETTLED once gap/INV 'resolve settle 0 1'
check "its key gets the lowest free one again" is "OK INV-0004 pending 0 1" once gap/INV 'issue order-1 600s detached'
check "and settles it" is OK once gap/INV 'settle key=order-1'

# ---- settings of a series ------------------------------------------------------------

hold f frees/INV
tell f reserve lost 3 600s >/dev/null
tell f issue order-1 >/dev/null
tell f settle n=0/2 >/dev/null
kill_holder f
freed() { # TENANT/SERIES: an event says so
    says "of $1.* free again, by on-expiry = free" "$docket" events --no-start --kind expiry
}
check "on-expiry = free: a dead holder's numbers are freed, with an event" wait_until 5 freed frees/INV
check "a dead holder's numbers are free" is "OK 4 0 1-1 3-5" once frees/INV 'reserve next 4 600s detached'
check "its name still has them no more" is ALREADY_RELEASED once frees/INV 'settle lost:0/1'
check "nor has its key" is ALREADY_RELEASED once frees/INV 'settle key=order-1'
check "but what it settled" is ALREADY_SETTLED once frees/INV 'settle lost:0/2'
check "release = void: released is void" is OK last once voids/INV 'issue k 60s detached' 'release key=k'
check "and its key gets another" is "OK INV-0002 pending 0 1" once voids/INV 'issue k 60s detached'
check "void stays void" is ALREADY_VOID once voids/INV 'settle n=0/1'

# ---- periods that are closed, series that are retired --------------------------------------

year=$(($(date -u +%Y) - 1))
add_series gap/YEAR --restart yearly --template '{SERIES}-{YYYY}-{N:4}'
once gap/YEAR "reserve old 6 600s detached ${year}0701" "settle old:$year/1 old:$year/3" "release old:$year/2" >/dev/null
"$docket" period close "gap/YEAR/$year" --yes --reason 'the books are closed' --no-start >/dev/null
gap_lines() { "$docket" gaps "$1" --no-start | awk 'NR > 1 {print $3, $6, $7, $8}'; }
check "a period is closed: what was free is void, with that cause" says "^2 void period closed" gap_lines gap/YEAR
check "a period is closed: what is held is settled as before" is OK once gap/YEAR "settle old:$year/4"
check "a period is closed: what comes back is void" is OK once gap/YEAR "release old:$year/5"
check "a period is closed: and says why" says "released after its period was closed" once gap/YEAR "settle old:$year/5" why
check "a period is closed: it gives no number any more" is "PERIOD_CLOSED 0 0" once gap/YEAR "reserve more 1 60s detached ${year}0701"
once gap/YEAR "reserve now 3 600s detached" "release now:$((year + 1))/1" "settle now:$((year + 1))/3" >/dev/null
retire() { "$docket" series retire gap/YEAR --yes --reason 'over' --no-start 2>&1 || true; }
check "a series with held numbers is retired" says "retired" retire
check "a retired series: what is held is settled as before" is "OK 1" once gap/YEAR "all settle now"
check "a retired series: and voided" is "OK 1" once gap/YEAR "all void old"
check "a retired series: what was free is void, with that cause" says "^1 void period closed" gap_lines gap/YEAR
check "every hole has its cause" is "1 void period closed
2 void period closed
5 void given back
6 void voided" eval 'gap_lines gap/YEAR | sed "s/ *[0-9-]*T.*//" | sort'

# ---- before there was a ledger ---------------------------------------------------------

once plain/OLD next next next >/dev/null
"$docket" series set plain/OLD --ledger on --reason 'records from now on' --no-start >"$work/set.log" 2>&1 || cat "$work/set.log"
check "after the ledger was turned on" says "^OK OLD-[0-9]* issued" once plain/OLD 'issue first'
check "a number from before has no record" is NOT_HELD once plain/OLD 'settle n=0/2'
check "and the sentence says why" says "before the series had a ledger" once plain/OLD 'settle n=0/2' why

# ---- another boot ------------------------------------------------------------------------

boot_with() { # NUMBER
    stop_docketd
    rm -rf -- "${runtime:?}"/[!rs]*
    printf '%08d-2222-3333-4444-555555555555\n' "$1" >"$work/boot_id"
    LD_PRELOAD=$shim run_child "$work/docketd.log" unshare --user --map-current-user --mount bash -c \
        'mount --bind "$1" /proc/sys/kernel/random/boot_id && exec "$2" --realm "$3"' _ "$work/boot_id" "$docketd" "$realm"
    docketd_pid=$child
    wait_until 20 serves_or_ended && is_running "$docketd_pid"
}

hold g frees/BOOT
hold h gap/BOOT
tell g reserve mine 2 600s >/dev/null
tell h reserve mine 2 600s >/dev/null
tell h reserve hours 1 7200s detached >/dev/null
tell h reserve day 1 86400s detached >/dev/null
if unshare --user --map-current-user --mount true 2>/dev/null && set_clock "$work/clock" 10800 && boot_with 1; then
    kill_holder g
    kill_holder h
    check "another boot: whoever held is gone" wait_until 5 in_doubt gap/BOOT 1
    check "another boot, on-expiry = free: freed, for nobody lives through it" wait_until 5 freed frees/BOOT
    check "another boot, on-expiry = free: free" is "OK 2 0 1-2" once frees/BOOT 'reserve next 2 600s detached'
    check "another boot: by the wall clock its time is over" wait_until 5 in_doubt gap/BOOT 3
    check "another boot: by the wall clock it is not" is_held gap/BOOT 4
    set_clock "$work/clock" 0
else
    skip "another boot (no user namespaces here)"
fi

# ---- hole-free -----------------------------------------------------------------------------

rounds=$(scale 60 600)
for ((i = 1; i <= rounds; i++)); do
    case $((RANDOM % 6)) in
    0) "$holder" "$realm" gap/ALL "issue k$i" "settle key=k$i" ;;
    1) "$holder" "$realm" gap/ALL "issue k$i" "release key=k$i" ;;
    2) "$holder" "$realm" gap/ALL "issue k$i" ;;
    3) "$holder" "$realm" gap/ALL "reserve r$i $((RANDOM % 9 + 1)) 600s" "all settle r$i" ;;
    4) "$holder" "$realm" gap/ALL "reserve r$i $((RANDOM % 9 + 1)) 600s" ;;
    5) "$holder" "$realm" gap/ALL "reserve r$i $((RANDOM % 9 + 2)) 600s" "all release r$i" ;;
    esac >>"$work/rounds.log" 2>&1
    if [ $((RANDOM % (rounds / 5))) = 0 ]; then
        kill_docketd
        start
    fi
done
resolved() { says "^OK 0$" once gap/ALL 'resolve release -1'; }
check "gapless: all is resolved" wait_until 10 resolved
sleep 0.3
check "gapless: none comes behind" wait_until 10 resolved
# One more is asked for as often as there are free ones: then 1 to n, and the next is n + 1.
fill() {
    local last=0 got free
    for ((i = 1; i <= 5000; i++)); do
        got=$(once gap/ALL "issue fill$i settled") || return 1
        got=${got#OK ALL-}
        got=$((10#${got%% *}))
        [ "$got" -gt "$last" ] || { echo "$got after $last"; return 1; }
        free=$(once gap/ALL "settle n=0/$((got + 1))" why)
        last=$got
        if [[ $free == *"was never given"* ]]; then
            echo "$last" >"$work/last"
            return 0
        fi
    done
}
check "gapless: the free ones come in turn, lowest first" fill
every_issued() {
    local last which
    last=$(cat "$work/last")
    which=$(seq -f 'n=0/%.0f' 1 "$last" | paste -sd ' ')
    [ "$(once gap/ALL "settle $which" | tr ' ' '\n' | sort | uniq -c | sed 's/^ *//')" = "$last ALREADY_SETTLED" ]
}
check "gapless: every number from 1 to the last is issued" every_issued
sound() { says "the store is sound" "$docket" verify --no-start; }
check "the store is sound, with what is held and what is in doubt" sound
quiet() { ! grep -i -e damaged -e error -e 'cannot' "$work/docketd.log"; }
check "docketd had nothing to complain of" quiet

# ---- docketd killed again and again ------------------------------------------------------------

# Each worker reserves three and settles them, or four and releases them, or has a number for a key.
storm_worker() { # ID ROUNDS
    local i commands=()
    for ((i = 1; i <= $2; i++)); do
        case $((RANDOM % 3)) in
        0) commands+=("reserve w$1-$i 3 60s" "all settle w$1-$i") ;;
        1) commands+=("reserve w$1-$i 4 60s" "all release w$1-$i") ;;
        2) commands+=("issue w$1-$i" "settle key=w$1-$i") ;;
        esac
    done
    "$holder" "$realm" gap/STORM "${commands[@]}" >"$work/storm.$1" 2>&1
}
once gap/STORM 'issue first settled' >/dev/null
stop_docketd
storm_docketd 0.1
workers=()
for id in 1 2 3 4; do
    storm_worker "$id" "$(scale 500 5000)" &
    workers+=($!)
    children[$!]=1
done
for id in "${workers[@]}"; do wait_child "$id" || true; done
end_storm
note "docketd was killed $(cat "$work/storm.kills") times; $(cat "$work"/storm.[1-4] | grep -c ^OK) calls were answered with OK"
start
# Settled in a reservation, or given to a key: nobody else's.
own_numbers() {
    awk '/^OK 3 [01] / {split("", run); for (i = 4; i <= NF; i++) run[i] = $i; have = 1; next}
         /^OK 3$/ && have {for (i in run) {split(run[i], edge, "-"); for (n = edge[1]; n <= edge[2]; n++) print n}}
         /^OK STORM-/ {sub("STORM-0*", "", $2); print $2}
         {have = 0}' "$work"/storm.[1-4]
}
nothing_twice() {
    own_numbers | sort -n >"$work/own"
    [ "$(wc -l <"$work/own")" -gt 50 ] || { echo "too few numbers:"; cat "$work"/storm.1; return 1; }
    ! uniq -d "$work/own" | grep .
}
check "docketd is killed and killed: no number has two owners" nothing_twice
check "docketd is killed and killed: the store is sound" sound

# ---- another user ---------------------------------------------------------------------------------

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    stop_docketd
    chmod 711 "$work" "$runtime"
    sed -i '1a access = shared' "$realm/docket.conf"
    start
    as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$holder" "$realm" "$@" 2>&1; }
    check "another user: reserves" is "OK 2 0 1-2" as_nobody gap/USER 'reserve mine 2 600s detached'
    check "another user: settles by name" is OK as_nobody gap/USER 'settle mine:0/1'
    check "another user: no admin, by number" is NOT_YOURS as_nobody gap/USER 'void n=0/1'
    check "an admin, by number" is OK once gap/USER 'void n=0/1'
    check "another user: resolves nothing" is "NOT_PERMITTED 0" as_nobody gap/USER 'resolve settle -1'
    check "another user: not a single one either" is "NOT_PERMITTED 0" as_nobody gap/USER 'resolve settle 0 2'
    check "another user: an event names him" says "uid 65534 .*asked to decide about numbers in doubt in gap/USER" \
        "$docket" events --no-start --kind refused
else
    skip "another user (not root here)"
fi
finish
