#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The command `docket` from outside: every command, option, exit code and bad
# input, the keys of every JSON output, docketd started by the command, dead
# and stopped. Needs jq for the JSON cases; says skipped without it.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

new_work
unset DOCKET_REALM NOTIFY_SOCKET
docket=$(binary docket)
docketd=$(binary docketd)
case_out=$work/out case_err=$work/err
runtime=$(mktemp -d /dev/shm/docket-cli.XXXXXX) # lib.sh removes it

# ---- helpers --------------------------------------------------------------

# expect "when: then" CODE ARGS...: docket ARGS exits with CODE; what it wrote
# is in $case_out and $case_err for the checks behind it
expect() {
    local case=$1 wanted=$2 code=0
    shift 2
    "$docket" "$@" >"$case_out" 2>"$case_err" </dev/null || code=$?
    if [ "$code" = "$wanted" ]; then
        pass "$case"
    else
        fail "$case (exit code $code, wanted $wanted: docket $*)" "$case_err"
    fi
}

out_is() { check "$1" diff <(printf '%s\n' "${@:2}") "$case_out"; }
out_has() { check "$1" grep -q -e "$2" "$case_out"; }
err_has() { check "$1" grep -q -e "$2" "$case_err"; }
out_empty() { check "$1" test ! -s "$case_out"; }
err_empty() { check "$1" test ! -s "$case_err"; }

said_plainly() {
    [ ! -s "$case_out" ] && [ "$(grep -c . "$case_err")" = 1 ] && grep -q '^docket: ' "$case_err"
}

# refused "what" CODE ARGS...: an error is one plain sentence, and nothing else
refused() {
    expect "$@"
    check "$1, in one sentence on stderr" said_plainly
}

# jq 1.6 is content with an empty file
jq_says() { [ -s "$2" ] && jq -e "$1" "$2"; }

# json "when: then" FILTER [FILE]: jq -e
json() {
    if command -v jq >/dev/null; then
        check "$1" jq_says "$2" "${3:-$case_out}"
    else
        skip "$1 (no jq)"
    fi
}

# keys "when" PATH...: the golden keys, in order of name
keys() {
    local case="$1: has exactly the documented keys"
    shift
    if command -v jq >/dev/null; then
        jq -r '[paths | map(if type == "number" then "[]" else . end) | join(".")] | unique | .[]' \
            "$case_out" >"$work/keys" 2>&1 || true
        check "$case" diff <(printf '%s\n' "$@" | LC_ALL=C sort -u) "$work/keys"
    else
        skip "$case (no jq)"
    fi
}

first_key_is_version() {
    check "$1: schema_version comes first" grep -q '^{"schema_version":1[,}]' "$case_out"
}

# The docketd that the last command says it started: ends with this script.
adopt_started() {
    started=$(sed -n 's/.*started docketd (pid \([0-9]*\)).*/\1/p' "$case_err" | head -n 1)
    [ -z "$started" ] || children[$started]=1
}

lacks_text() { ! grep -q -e "$1" "$2"; }
gone() { ! is_running "$1" || grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; }

stop_started() {
    kill -TERM "$started" 2>/dev/null || true
    wait_until 10 gone "$started" || true
    unset "children[$started]"
    started=''
}

# fresh: a directory with no realm; the realm made there gets a runtime of its
# own, unless it is the test of the default
fresh() {
    cd "$work"
    rm -rf "$work/fresh"
    mkdir -m 700 "$work/fresh"
    cd "$work/fresh"
    [ "${1:-}" = default ] || configure .docket
}

# configure REALM [LINE...]: a runtime directory of its own, and these lines
configure() {
    configured=$((${configured:-0} + 1))
    mkdir -m 700 "$runtime/$configured"
    [ -d "$1" ] || mkdir -m 700 "$1"
    printf '[realm]\nruntime_dir = %s\n' "$runtime/$configured" >"$1/docket.conf"
    [ $# -lt 2 ] || printf '%s\n' "${@:2}" >>"$1/docket.conf"
}

status_is() { "$docket" status "${@:2}" 2>/dev/null | grep -q "^docketd   $1"; }

# ---- help, version, usage -------------------------------------------------

echo "help, version, usage"
cd "$work"
expect 'docket help: shows the commands' 0 help
for one in next block peek status top inspect fate 'series add' 'series list' 'series show' 'seat list' 'desk list' where doctor \
    version help; do
    out_has "docket help: names $one" "^  $one "
done
for code in 0 1 2 3 4 5; do
    out_has "docket help: states exit code $code" "^  $code  "
done
cp "$case_out" "$work/help.all"
expect 'docket --help: is docket help' 0 --help
check 'docket --help: the same text' cmp "$work/help.all" "$case_out"
expect 'docket -h: is docket help' 0 -h
for one in next block peek status top inspect fate 'series add' 'series list' 'series show' 'seat list' 'desk list' where doctor \
    version help; do
    # shellcheck disable=SC2086
    expect "docket help $one: shows its usage" 0 help $one
    out_has "docket help $one: usage comes first" "^usage: docket $one "
    cp "$case_out" "$work/help.one"
    # shellcheck disable=SC2086
    expect "docket $one --help: works without operands" 0 $one --help
    check "docket $one --help: the same text" cmp "$work/help.one" "$case_out"
    # shellcheck disable=SC2086
    expect "docket $one -h: likewise" 0 $one -h
done
expect 'docket help series: shows all six' 0 help series
check 'docket help series: six usages' test "$(grep -c '^usage:' "$case_out")" = 6
refused 'help for no command: usage' 2 help frobnicate
refused 'help for too many words: usage' 2 help series add more

expect 'docket version: prints it' 0 version
out_has 'docket version: name and number' '^docket [0-9]*\.[0-9]*\.[0-9]*$'
expect 'docket --version: prints it' 0 --version
expect 'docket -V: prints it' 0 -V
expect 'docket version --json: prints it' 0 version --json
keys 'version --json' schema_version version
first_key_is_version 'version --json'
refused 'version with an operand: usage' 2 version now

refused 'no command: usage' 2
refused 'an unknown command: usage' 2 frobnicate
refused 'an option other than the realm before the command: usage' 2 --quiet next acme/INV
expect '--json before the command: usage' 2 --json next acme/INV
json '--json before the command: an error object' '.error.status == "DOCKET_BAD_ARGUMENT"' "$case_err"
expect 'an unknown command behind --json: usage' 2 frobnicate --json
json 'an unknown command with --json: an error object' '.error.status == "DOCKET_BAD_ARGUMENT"' "$case_err"
refused 'a realm and no command: usage' 2 --realm x
refused 'series without a verb: usage' 2 series
refused 'series with an unknown verb: usage' 2 series drop acme/INV
refused 'an empty command: usage' 2 ''

# ---- bad input, before anything is opened ---------------------------------

echo "bad input"
fresh
for one in next block peek 'series add' 'series show'; do
    # shellcheck disable=SC2086
    {
        refused "$one without operand: usage" 2 $one
        refused "$one with two operands: usage" 2 $one acme/INV acme/ORD
        refused "$one with an unknown option: usage" 2 $one acme/INV --frobnicate
        refused "$one with an unknown letter: usage" 2 $one acme/INV -X
        refused "$one --realm without directory: usage" 2 $one acme/INV --realm
        refused "$one --realm with an empty one: usage" 2 $one acme/INV --realm=
        refused "$one with an argument for --json: usage" 2 $one acme/INV --json=yes
    }
done
long=$(printf 'x%.0s' $(seq 65))
for one in next block peek 'series add' 'series show' fate; do
    for name in acme / /INV acme/ 'acme//INV' '-/INV' 'acme/.INV' 'acme/_INV' 'acme/-INV' 'ac me/INV' 'acme/I NV' \
        'acme/INV;' 'acme/ÄNV' '../INV' "$long/INV" "acme/$long" $'acme/INV\n' 'acme/I%sNV' ''; do
        # shellcheck disable=SC2086
        refused "$one with the name '${name:0:12}': usage" 2 $one -- "$name"
    done
done
for one in next block; do
    for count in 0 10001 -1 1.5 x '' 1x ' 1' 99999999999999999999999; do
        refused "$one --count '$count': usage" 2 $one acme/INV "--count=$count"
    done
    refused "$one -n 0: usage" 2 $one acme/INV -n 0
    refused "$one -n without a number: usage" 2 $one acme/INV -n
    for seconds in x -1 '' 1s 1e3 nan inf 0x10 86401 1.2.3; do
        refused "$one --timeout '$seconds': usage" 2 $one acme/INV "--timeout=$seconds"
    done
    refused "$one with a period: usage" 2 $one acme/INV/2026
done
for period in 26 20265 2026-Q5 2026-W54 2026-1 2026-13 20261301 2026-02-30 2025-02-29 2026-11-24-1 abc '' 2026- 2026/11 202-611 0000; do
    refused "peek of the period '$period': usage" 2 peek "acme/INV/$period"
    refused "fate of the period '$period': usage" 2 fate "acme/INV/$period"
done
refused 'series add with a period: usage' 2 series add acme/INV/2026
refused 'series show with a period: usage' 2 series show acme/INV/2026
for value in x -1 '' 4294967296; do
    refused "series add --window '$value': usage" 2 series add acme/INV "--window=$value"
done
for value in x -1 '' 999999999999999 1000000000000000; do
    refused "series add --start-after '$value': usage" 2 series add acme/INV "--start-after=$value"
done
refused 'fate of nothing: usage' 2 fate
refused 'fate of one and all: usage' 2 fate acme/INV --all
for one in status inspect 'series list'; do
    # shellcheck disable=SC2086
    refused "$one with an operand: usage" 2 $one acme/INV
    # shellcheck disable=SC2086
    refused "$one with an option of another command: usage" 2 $one --count 3
done
expect 'a bad count with --json: usage' 2 next acme/INV -n 0 --json
json 'a bad count with --json: an error object' \
    '.schema_version == 1 and .error.status == "DOCKET_BAD_COUNT" and .error.category == "caller" and .error.retryable == false and (.error.message | length > 0)' "$case_err"
cp "$case_err" "$work/json.err"
check 'an error object: schema_version comes first' grep -q '^{"schema_version":1,"error":{"status":' "$work/json.err"
expect 'a bad name with --json: usage' 2 next acme/.x --json
json 'a bad name with --json: an error object' '.error.status == "DOCKET_BAD_NAME"' "$case_err"
expect 'an unknown option behind --json: usage' 2 next acme/INV --json --frobnicate
json 'an unknown option behind --json: an error object' '.error.status == "DOCKET_BAD_ARGUMENT"' "$case_err"
expect 'an unknown option before --json: usage' 2 next acme/INV --frobnicate --json
json 'an unknown option before --json: an error object' '.error.status == "DOCKET_BAD_ARGUMENT"' "$case_err"
check 'bad input: never starts docketd or makes a store' test ! -e .docket/store

# ---- no realm -------------------------------------------------------------

echo "no realm"
fresh default
for one in status inspect 'peek acme/INV' 'series list' 'series show acme/INV'; do
    # shellcheck disable=SC2086
    refused "no realm, $one: not reachable" 3 $one
    check "no realm, $one: makes nothing" test ! -e .docket
    # shellcheck disable=SC2086
    expect "no realm, $one --json: not reachable" 3 $one --json
    json "no realm, $one --json: an error object" '.error.status == "DOCKET_NO_REALM"' "$case_err"
done
for one in 'next acme/INV' 'block acme/INV' 'series add acme/INV' 'fate --all'; do
    # shellcheck disable=SC2086
    refused "no realm, $one --no-start: not reachable" 3 $one --no-start
    check "no realm, $one --no-start: makes nothing" test ! -e .docket
done
refused 'a realm below a directory that is absent: not reachable' 3 next acme/INV --realm "$work/nowhere/x"
check 'a realm below a directory that is absent: makes nothing' test ! -e "$work/nowhere"
touch "$work/file"
expect 'a realm that is a file: refused' 3 next acme/INV --realm "$work/file"
err_has 'a realm that is a file: says so' 'directory'

# ---- docketd started by the command ---------------------------------------

echo "docketd started by the command"
unset XDG_RUNTIME_DIR
fresh default
expect 'a fresh directory, next: gives the first number' 0 next acme/INV
adopt_started
check 'a fresh directory, next: says that it started docketd' test -n "$started"
check 'a fresh directory, next: says it in one line' test "$(grep -c . "$case_err")" = 1
out_has 'a fresh directory, next: the default text' "^INV-$(date -u +%Y%m%d)-000001\$"
check 'a fresh directory, next: the realm is ./.docket, and private' test "$(stat -c %a .docket)" = 700
check 'a fresh directory, next: the log is private' test "$(stat -c %a .docket/docketd.log)" = 600
expect 'a second next: finds the docketd that runs' 0 next acme/INV
out_has 'a second next: the second number' '-000002$'
err_empty 'a second next: says nothing'
default_runtime=$(readlink .docket/runtime)
check 'docketd that was started: has a session of its own' \
    test "$(awk '{print $6}' "/proc/$started/stat")" = "$started"
holds() { find "/proc/$1/fd" -lname "$2" | grep -q .; }
lacks() { ! holds "$@"; }
check 'docketd that was started: its log is its stderr' holds "$started" "$work/fresh/.docket/docketd.log"
check 'docketd that was started: holds no descriptor of ours' lacks "$started" "$case_out"
stop_started
expect 'status after it stopped in order: an honest no' 1 status
out_has 'status after it stopped in order: says stopped' '^docketd   stopped'
refused 'peek after it stopped in order, which takes back what was laid: an honest no' 1 peek acme/INV
expect 'next --no-start after it stopped: not reachable' 3 next acme/INV --no-start
expect 'next after it stopped: starts it again' 0 next acme/INV --quiet
err_empty 'next --quiet: says nothing'
started=$("$docket" status --json | sed -n 's/.*"pid":\([0-9]*\).*/\1/p')
children[$started]=1
stop_started
rm -rf -- "$default_runtime"

for one in 'block acme/INV -n 5' 'series add acme/INV' 'fate --all'; do
    fresh
    # shellcheck disable=SC2086
    expect "a fresh directory, $one: starts docketd" 0 $one
    adopt_started
    check "a fresh directory, $one: says so" test -n "$started"
    stop_started
done

fresh
expect 'a start with --json: works' 0 next acme/INV --json
json 'a start with --json: the note is an object too' '.schema_version == 1 and (.note.message | test("started docketd"))' "$case_err"
started=$(sed -n 's/.*started docketd (pid \([0-9]*\)).*/\1/p' "$case_err")
children[$started]=1
stop_started

fresh
race() {
    local i codes=0
    for i in 1 2 3 4; do
        "$docket" next acme/INV >"$work/race.$i" 2>"$work/race.$i.err" &
        children[$!]=1
        racers[i]=$!
    done
    for i in 1 2 3 4; do
        wait_child "${racers[i]}" || codes=$((codes + 1))
    done
    cat "$work"/race.?.err
    [ "$codes" = 0 ]
}
declare -a racers=()
check 'four commands at once in a fresh directory: all succeed' race
check 'four commands at once: one docketd was started' \
    test "$(cat "$work"/race.?.err | grep -c 'started docketd')" = 1
check 'four commands at once: four numbers' test "$(sort -u "$work"/race.[1-4] | grep -c .)" = 4
cat "$work"/race.?.err >"$case_err"
adopt_started
stop_started

# A docketd that cannot start: beside a copy of docket.
mkdir -p "$work/bin"
cp "$docket" "$work/bin/docket"
fake_docketd() {
    printf '#!/bin/sh\n%s\n' "$1" >"$work/bin/docketd"
    chmod +x "$work/bin/docketd"
}
libraries=$(cd "$(dirname "$docket")" && pwd)
export LD_LIBRARY_PATH=$libraries:$libraries/../lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
real_docket=$docket
docket=$work/bin/docket
fresh
fake_docketd 'echo "the store is on fire"; exit 9'
expect 'a docketd that ends at once: not reachable' 3 next acme/INV
err_has 'a docketd that ends at once: its exit code is told' 'exit code 9'
err_has 'a docketd that ends at once: the end of its log is told' 'the store is on fire'
expect 'a docketd that ends at once, --json: not reachable' 3 next acme/INV --json
json 'a docketd that ends at once, --json: its log in the message' '.error.message | test("on fire")' "$case_err"
# shellcheck disable=SC2016
fake_docketd 'kill -KILL $$'
expect 'a docketd that is killed: not reachable' 3 next acme/INV
err_has 'a docketd that is killed: says so' 'exit code 137'
# shellcheck disable=SC2016
fake_docketd 'echo "$@" >"$0.args"; pwd >"$0.cwd"; exit 1'
expect 'how docketd is called: it ended' 3 next acme/INV
check 'how docketd is called: with the absolute realm, and idle exit' \
    grep -q -e "^--realm $work/fresh/.docket --idle-exit 600" "$work/bin/docketd.args"
check 'how docketd is called: in /' grep -q -x / "$work/bin/docketd.cwd"
check 'how docketd is called: it may make a realm that is absent' grep -q -e --create "$work/bin/docketd.args"
mkdir -m 700 .docket/store
expect 'a realm that exists: its docketd ended' 3 next acme/INV
check 'a realm that exists: docketd may not make it anew' lacks_text --create "$work/bin/docketd.args"
rmdir .docket/store
rm -f .docket/docketd.log
ln -s "$work/elsewhere" .docket/docketd.log
refused 'a log that is a symbolic link: refused' 4 next acme/INV
check 'a log that is a symbolic link: not followed' test ! -e "$work/elsewhere"
rm -f .docket/docketd.log
if [ "$(id -u)" = 0 ]; then
    chown 12345 .docket
    refused "a realm of another user: not reachable" 3 next acme/INV
    err_has 'a realm of another user: says who must start docketd' 'uid 12345'
    chown 0 .docket
else
    skip 'a realm of another user: not reachable (needs root)'
fi
rm -f "$work/bin/docketd"
PATH=/nowhere expect 'no docketd anywhere: not reachable' 3 next acme/INV
err_has 'no docketd anywhere: says so' 'none to start'
docket=$real_docket

# ---- a realm with its own docketd -----------------------------------------

echo "a realm that is served"
cd "$work"
realm=$work/realm
configure "$realm" '[default]' 'template = {SERIES}-{YYYY}-{N:6}'
export DOCKET_REALM=$realm
serve() {
    run_child "$work/docketd.log" "$docketd" --realm "$realm" "$@"
    docketd_pid=$child
    wait_until 20 status_is "serving, pid $docketd_pid,"
}
check 'docketd: serves' serve --create
year=$(date -u +%Y)

expect 'series add: declares' 0 series add acme/INV
out_is 'series add: says so' 'acme/INV is declared'
expect 'series add of the same again: done' 0 series add acme/INV
refused 'series add with other settings: an honest no' 1 series add acme/INV --order leased
expect 'series add --json: declares' 0 series add acme/ORD --order leased --restart monthly \
    --template 'O{YYYY}{MM}-{N}' --window 500 --start-after 41 --json
keys 'series add --json' schema_version realm tenant series declared
first_key_is_version 'series add --json'
expect 'series add that exists, --json: an honest no' 1 series add acme/ORD --json
json 'series add that exists, --json: an error object' '.error.status == "DOCKET_EXISTS"' "$case_err"
for policy in '--order=gapfree' '--order=' '--restart=hourly' '--template=INV' '--template={N}{N}' '--template={N' \
    '--template={FOO}-{N}' '--template={SERIES} {N}' '--window=1' '--window=300000' '--restart=daily --template=X-{N}' \
    '--zone=../UTC' '--fiscal-year=smarch' '--at-end=wrap' '--release=keep' '--chronological=1' '--documents=all' \
    '--profile=atlantis' '--profile=es' '--last=0' '--valid-from=2026-02-30' '--valid-to=x' '--warn=100' '--close-after=-1' \
    '--prefix={N}' '--fields=a' '--profile=fr --order=leased' '--valid-from=2027-01-01 --valid-to=2026-01-01' \
    '--at-end=stop --last=1000000' '--ledger=yes' '--on-expiry=keep' '--order=leased --ledger=on' '--order=gapless --ledger=off' \
    '--order=gapless --chronological=yes' '--order=gapless --profile=fr' '--on-expiry=free' \
    '--ledger=on --on-expiry=free --profile=de'; do
    # shellcheck disable=SC2086
    expect "series add $policy: usage" 2 series add acme/BAD $policy
done
expect 'series show of one that was refused: an honest no' 1 series show acme/BAD
expect 'series add with a token that is not there: usage' 2 series add acme/BAD --template '{SERIES}-{YYYYY}-{N:6}'
check 'a template that is refused: a sentence, the template, and a caret under the fault' diff "$case_err" - <<'CARET'
docket: template, character 10: no such token {YYYYY}; for a year write {YYYY} or {YY}; see docket help series add
  {SERIES}-{YYYYY}-{N:6}
           ^
CARET
expect 'the same with --json: usage' 2 series add acme/BAD --template '{SERIES}-{YYYYY}-{N:6}' --json
json 'the same with --json: three lines in its message' '.error.message | split("\n") | length == 3' "$case_err"
expect 'series add with a line of its own: usage' 2 series add acme/BAD --template $'{N\ndocket: all is well'
check 'what was typed makes no second sentence' test "$(grep -c '^docket: ' "$case_err")" = 1

expect 'next: the first number' 0 next acme/INV
out_is 'next: its text' "INV-$year-000001"
err_empty 'next: nothing on stderr'
expect 'next -n 3: three' 0 next acme/INV -n 3
out_is 'next -n 3: one a line' "INV-$year-000002" "INV-$year-000003" "INV-$year-000004"
expect 'next --count=2 --timeout 1.5: two' 0 next --count=2 --timeout 1.5 acme/INV
expect 'next --json: an object' 0 next acme/INV --json -n 2
keys 'next --json' schema_version realm tenant series numbers 'numbers.[]' 'numbers.[].number' 'numbers.[].text' \
    'numbers.[].period'
first_key_is_version 'next --json'
json 'next --json: number, text and period' \
    ".numbers == [{number:7,text:\"INV-$year-000007\",period:$year},{number:8,text:\"INV-$year-000008\",period:$year}]"
expect 'next behind --: fine' 0 next -- acme/INV
expect 'next of a new series: creates it' 0 next beta/NEW
out_is 'next of a new series: with the default policy' "NEW-$year-000001"
expect 'next in a leased series: begins behind start-after' 0 next acme/ORD
out_is 'next in a leased series: its own template' "O$(date -u +%Y%m)-42"
expect 'next -n 10000: the largest count' 0 next beta/MANY -n 10000
check 'next -n 10000: all different' test "$(sort -u "$case_out" | grep -c .)" = 10000

expect 'block: a block' 0 block acme/INV -n 100
out_is 'block: first and last' "INV-$year-000010" "INV-$year-000109"
expect 'block of 1: fine' 0 block acme/INV
out_is 'block of 1: first is last' "INV-$year-000110" "INV-$year-000110"
expect 'block --json: an object' 0 block acme/INV -n 10 --json
keys 'block --json' schema_version realm tenant series period first last count first_text last_text
first_key_is_version 'block --json'
json 'block --json: the ends' ".first == 111 and .last == 120 and .count == 10 and .last_text == \"INV-$year-000120\""
expect 'block -n 10000: the largest' 0 block acme/BIG -n 10000 --timeout 5
expect 'block in a leased series: contiguous' 0 block acme/ORD -n 200 --json
json 'block in a leased series: contiguous' '.last - .first == 199 and .count == 200'

expect 'series add with a small window: fine' 0 series add acme/SMALL --window 16
refused 'block of more than the window: usage' 2 block acme/SMALL -n 17 --timeout 0
expect 'block that times out, --json: timed out' 5 block acme/OTHER -n 10000 --timeout 0 --json
json 'block that times out, --json: an error object that says try again' \
    '.error.status == "DOCKET_TIMEOUT" and .error.category == "try again" and .error.retryable == true' "$case_err"
expect 'next after a block that timed out: it took no number' 0 next acme/SMALL
out_has 'next after a block that timed out: the first number' '-000001$'

expect 'peek: the next number' 0 peek acme/INV
out_is 'peek: its text' "INV-$year-000121"
expect 'peek again: the same' 0 peek acme/INV
out_is 'peek again: the same' "INV-$year-000121"
expect 'peek with the period: the same' 0 peek "acme/INV/$year"
out_is 'peek with the period: the same' "INV-$year-000121"
expect 'next after peek: gives that number' 0 next acme/INV
out_is 'next after peek: gives that number' "INV-$year-000121"
expect 'peek --json: an object' 0 peek acme/INV --json
keys 'peek --json' schema_version realm tenant series period number text laid
first_key_is_version 'peek --json'
json 'peek --json: what it says' ".number == 122 and .laid > 0 and .period == $year"
refused 'peek of an unknown series: an honest no' 1 peek acme/NOPE
refused 'peek of a period that is not there: an honest no' 1 peek acme/INV/1999
expect 'peek of an unknown series, --json: an honest no' 1 peek acme/NOPE --json
json 'peek of an unknown series, --json: an error object' '.error.status == "DOCKET_NO_SERIES"' "$case_err"

expect 'series list: lists' 0 series list
for one in acme/INV acme/ORD beta/NEW beta/MANY acme/BIG; do
    out_has "series list: has $one" "^$one "
done
expect 'series list --json: an object' 0 series list --json
series_keys='tenant series desk order restart template window for_books quarantined retired ledger periods periods.[] periods.[].period
    periods.[].start_s periods.[].end_s periods.[].next periods.[].laid periods.[].open periods.[].leases
    periods.[].oldest_lease_age_s periods.[].given periods.[].unknown_now periods.[].window_now
    periods.[].rate_per_minute periods.[].runway_s'
# shellcheck disable=SC2046,SC2086
keys 'series list --json' schema_version realm series 'series.[]' $(printf 'series.[].%s ' $series_keys)
first_key_is_version 'series list --json'
expect 'series show: shows' 0 series show acme/ORD
out_has 'series show: order' '^order     leased'
out_has 'series show: restart' '^restart   monthly'
out_has 'series show: template' '^template  O{YYYY}{MM}-{N}'
out_has 'series show: window' '^window    500'
facts_keys='settings from from_settings first_day last_day start_s end_s period first last next left used_percent warned
    worst_gap worst_disorder leases lease_block open longest_characters longest_number longest_text profile profile.name
    profile.title profile.source profile.against created_ns uid'
for setting in profile documents order restart fiscal-year zone template prefix fields at-end release ledger on-expiry chronological last \
    valid-from valid-to warn close-after window; do
    facts_keys+=" settings.$setting"
done
expect 'series show --json: an object' 0 series show acme/INV --json
# shellcheck disable=SC2086
keys 'series show --json' schema_version realm next_text $series_keys facts facts_why_not $(printf 'facts.%s ' $facts_keys)
first_key_is_version 'series show --json'
json 'series show --json: what it says' ".order == \"strict\" and .next_text == \"INV-$year-000122\""
refused 'series show of an unknown series: an honest no' 1 series show acme/NOPE

expect 'status: serving' 0 status
out_has 'status: pid and heartbeat' "^docketd   serving, pid $docketd_pid, heartbeat [0-9.]* s ago"
out_has 'status: seats' '^seats     [0-9]* of [0-9]* taken'
out_has 'status: supply' '^supply    [0-9]* laid'
out_has 'status: what waits' '^waiting   '
check 'status: the first line is about docketd' grep -q -m 1 ^docketd <(head -n 1 "$case_out")
expect 'status -v: a line for each series' 0 status -v
out_has 'status -v: has acme/INV' '^acme/INV '
expect 'status --json: an object' 0 status --json
status_keys='refused waits waits.numbers waits.waits waits.share waits.mean_us waits.longest_us waits.timeouts numbers numbers.nearly_used numbers.validity_ends schema_version realm runtime store_id generation commit_number docketd docketd.state docketd.pid
    docketd.started_s docketd.heartbeat_age_ns docketd.clock_held_s figures figures.desks figures.desks_left_out figures.seats_taken figures.seats_max
    figures.series figures.quarantined figures.without_period figures.laid figures.open figures.leases
    figures.waiting figures.seats_reaped figures.tails_recovered figures.numbers_recovered'
# shellcheck disable=SC2086
keys 'status --json' $status_keys
first_key_is_version 'status --json'
json 'status --json: what it says' ".docketd.state == \"serving\" and .docketd.pid == $docketd_pid and .figures.series == 7"
expect 'status -v --json: an object' 0 status -v --json
# shellcheck disable=SC2046,SC2086
keys 'status -v --json' $status_keys series 'series.[]' $(printf 'series.[].%s ' $series_keys)

expect 'inspect: everything' 0 inspect
out_has 'inspect: the desk' '^desk-0'
out_has 'inspect: its figures' '^  commits  *[0-9]'
out_has 'inspect: its series' '^acme/INV '
expect 'inspect --json: an object' 0 inspect --json
first_key_is_version 'inspect --json'
json 'inspect --json: desks with figures, series and seats' \
    '.desks[0] | .desk == "desk-0" and (.figures.commits > 0) and (.series | length == 7) and (.seats | type == "array")'
json 'inspect --json: every figure is a number' '[.desks[0].figures[] | type == "number"] | all and length == 27'

expect 'fate: of one series' 0 fate acme/INV
out_has 'fate: handed out' ' handed out$'
out_has 'fate: the counter' "^acme/INV/$year  strict, mark "
expect 'fate with the period: the same' 0 fate "acme/INV/$year"
expect 'fate of a period without numbers: nothing to tell' 0 fate acme/INV/1999
refused 'fate of an unknown series: an honest no' 1 fate acme/NOPE
expect 'fate --all --json: an object' 0 fate --all --json
# shellcheck disable=SC2046
keys 'fate --json' schema_version realm counters 'counters.[]' $(printf 'counters.[].%s ' tenant series order period ledger mark \
    first ranges 'ranges.[]' 'ranges.[].first' 'ranges.[].last' 'ranges.[].fate' 'ranges.[].cause' 'ranges.[].seat' \
    'ranges.[].time_ns')
first_key_is_version 'fate --json'
# shellcheck disable=SC2016
json 'fate --json: nothing is left out below the mark' \
    '[.counters[] | . as $c | reduce .ranges[] as $r ({at: $c.first, good: true}; {at: ($r.last + 1), good: (.good and $r.first == .at and $r.last >= $r.first)}) | .good and .at == $c.mark] | all and length >= 6'
json 'fate --json: what was given is handed out' \
    '.counters[] | select(.series == "INV") | .ranges[0] | .first == 1 and .last >= 121 and .fate == "handed out" and .cause == "" and .seat == -1'

expect 'the last number of all: is given' 0 series add acme/END --start-after 999999999999998 --restart never --template 'E-{N}'
expect 'the last number of all: is given' 0 next acme/END
out_is 'the last number of all: its text' 'E-999999999999999'
expect 'behind the last number: exhausted' 5 next acme/END
expect 'behind the last number, --json: exhausted' 5 next acme/END --json
json 'behind the last number, --json: an error object' '.error.status == "DOCKET_EXHAUSTED" and .error.category == "exhausted" and .error.retryable == false' "$case_err"
expect 'peek behind the last number: an honest no' 1 peek acme/END
longest=$(printf 'L%.0s' $(seq 64))
expect 'the longest names: fine' 0 next "$longest/$longest"

# ---- stdout that cannot be written ----------------------------------------

echo "stdout that cannot be written"
full() {
    local wanted=$1 code=0
    shift
    "$docket" "$@" >/dev/full 2>"$case_err" || code=$?
    cat "$case_err"
    [ "$code" = "$wanted" ]
}
check 'next to a full disk: fails' full 3 next beta/NEW -n 3
err_has 'next to a full disk: names the number that was taken, and took no more' "NEW-$year-000002 was taken"
check 'next --json to a full disk: fails' full 3 next beta/NEW -n 3 --json
err_has 'next --json to a full disk: names what was taken' 'NEW-.*-000005.*taken'
check 'block to a full disk: fails' full 3 block beta/NEW -n 3
err_has 'block to a full disk: names what was taken' 'were taken'
check 'status to a full disk: fails' full 3 status
check 'fate to a full disk: fails' full 3 fate --all --json
check 'help to a full disk: fails' full 3 help
closed_pipe() { { "$docket" next beta/NEW -n 5000 2>"$case_err" || true; } | head -n 1 >"$case_out"; }
check 'next into a closed pipe: ends' closed_pipe
err_has 'next into a closed pipe: names the number that was lost' 'was taken'

# ---- docketd dead ---------------------------------------------------------

echo "docketd dead"
"$docket" peek acme/INV >"$work/peek.before"
kill_docketd
sleep 2.3
expect 'docketd killed, status: an honest no' 1 status
out_has 'docketd killed, status: says dead' '^docketd   dead: '
expect 'docketd killed, status --json: an honest no' 1 status --json
json 'docketd killed, status --json: says dead' '.docketd.state == "dead" and .docketd.heartbeat_age_ns > 2000000000'
expect 'docketd killed, peek: works' 0 peek acme/INV
check 'docketd killed, peek: the same number' cmp "$case_out" "$work/peek.before"
expect 'docketd killed, inspect: works' 0 inspect
expect 'docketd killed, inspect --json: works' 0 inspect --json
expect 'docketd killed, series list: works' 0 series list
expect 'docketd killed, series show: works' 0 series show acme/INV
for one in 'next acme/INV' 'series add acme/XX'; do
    # shellcheck disable=SC2086
    refused "docketd killed, $one --no-start: not reachable" 3 $one --no-start
done
for one in 'block acme/INV' 'fate --all'; do
    # shellcheck disable=SC2086
    expect "docketd killed, $one --no-start --json: not reachable" 3 $one --no-start --json
    json "docketd killed, $one --json: an error object" \
        '.error.status == "DOCKET_UNREACHABLE" and .error.category == "try again" and .error.retryable == true' "$case_err"
    out_empty "docketd killed, $one --json: nothing on stdout"
done
expect 'docketd killed, next: starts it again' 0 next acme/INV
adopt_started
check 'docketd killed, next: goes on with the same number' cmp "$case_out" "$work/peek.before"
check 'docketd killed, next: says that it started docketd' test -n "$started"
stop_started

# A realm whose tmpfs is gone, as after a restart of the machine.
rm -rf -- "$(readlink "$realm/runtime")"
for one in status inspect 'peek acme/INV' 'series list' 'series show acme/INV'; do
    # shellcheck disable=SC2086
    refused "after a restart of the machine, $one: not reachable" 3 $one
    err_has "after a restart of the machine, $one: says why" 'since the machine started'
done

# ---- refused for safety ---------------------------------------------------

echo "refused for safety"
check 'docketd: serves again' serve
runtime_at=$(readlink "$realm/runtime")
chmod 0777 "$runtime_at"
refused 'a runtime that others may write, status: refused' 4 status
refused 'a runtime that others may write, peek: refused' 4 peek acme/INV
chmod 0700 "$runtime_at"
chmod 0666 "$runtime_at/table-0"
refused 'a table that others may write, inspect: refused' 4 inspect
chmod 0640 "$runtime_at/table-0"
expect 'modes as they were: fine' 0 status
chmod 0777 "$realm"
refused 'a realm that others may write, next: refused' 4 next acme/INV
chmod 0700 "$realm"

stop_docketd

# ---- series that must be declared -----------------------------------------

echo "series that must be declared"
realm=$work/declared
configure "$realm" 'series = declared'
export DOCKET_REALM=$realm
check 'docketd: serves' serve --create
refused 'next of a series that was not declared: an honest no' 1 next acme/INV
refused 'block of a series that was not declared: an honest no' 1 block acme/INV
expect 'series add: declares it' 0 series add acme/INV
expect 'next of a declared series: gives' 0 next acme/INV
expect '--realm: is stronger than DOCKET_REALM' 3 status --realm "$work/nowhere"
DOCKET_REALM=$work/nowhere expect 'DOCKET_REALM: names the realm' 3 status
DOCKET_REALM=$work/nowhere expect '--realm: names the realm' 0 status --realm "$realm"
stop_docketd

finish
