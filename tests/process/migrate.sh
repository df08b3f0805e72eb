#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# docket migrate: up, down and up again leaves what a store of many counters says, to
# the byte; docketd serves its own schema only, and says what to do about another one;
# what an older schema cannot hold is named; a dry run writes nothing.
#
#   COUNTERS   how many counters   (1000, at the large scale 1000000)
#
# seconds: 5 400
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

realm_in=memory
counters=${COUNTERS:-$(scale 1000 1000000)}
new_realm
"$(binary scale_store)" "$realm" "$counters" restart=never >"$work/made.out" 2>&1 || fail "a store of $counters counters is made" "$work/made.out"

# ends CODE CMD...: with this exit code; what it said is in $work/said and $work/err
ends() {
    local wanted=$1 code=0
    shift
    "$@" >"$work/said" 2>"$work/err" || code=$?
    echo "$*: exit code $code"
    cat "$work/said" "$work/err"
    [ "$code" = "$wanted" ]
}
said() { grep -q -- "$1" "$work/said"; }
complained() { grep -q -- "$1" "$work/err"; }
json() { jq -e "$1" "$work/said"; }
facts() { "$docket" migrate current --json 2>/dev/null | jq -r .facts.sha256; }
head=$("$docket" migrate heads --json | jq .heads[0].schema)

# All that it says: each series, and the fate of each number.
dump() {
    { "$docketd" --realm "$realm" --offline series list && "$docketd" --realm "$realm" --offline fate all; } 2>"$work/dump.err" | sha256sum
}

# ---- up, down, up ----
dump=$(dump)
before=$(facts)
check "a sound start: so many counters" test "$("$docket" migrate current --json | jq .facts.counters)" = "$counters"
for round in 1 2; do
    check "round $round: down to base" ends 0 "$docket" migrate downgrade base --yes --json
    check "round $round: each step is told, with how long it took" json '(.steps | length) == 4 and (.steps | all(.took_ms >= 0 and .direction == "down" and .commit > 0)) and .to == 2'
    note "down: $(jq -c '[.steps[].took_ms]' "$work/said") ms"
    check "round $round: the facts are the same there" test "$(facts)" = "$before"
    check "round $round: up to head" ends 0 "$docket" migrate upgrade --json
    note "up: $(jq -c '[.steps[].took_ms]' "$work/said") ms"
    check "round $round: and here" test "$(facts)" = "$before"
done
check "up, down, up: the same bytes are told of $counters counters" test "$(dump)" = "$dump"

# ---- one step, and what docketd and the command say of it ----
check "current: exit code 0 at the head" ends 0 "$docket" migrate current
check "check: exit code 0 at the head" ends 0 "$docket" migrate check
check "upgrade at the head: nothing to do" ends 0 "$docket" migrate upgrade
check "a step down, by -1" ends 0 "$docket" migrate downgrade -1 --yes
check "current: exit code 1 below it" ends 1 "$docket" migrate current
check "current: names the migration" said "0005_ledger (schema 5)"
check "check: exit code 1 below it" ends 1 "$docket" migrate check
check "check: and the command" complained "docket migrate upgrade"
check "docketd refuses an older schema: exit code 4" ends 4 "$docketd" --realm "$realm"
check "docketd names both schemas and the command" complained "has schema 5, of an older release, and this docketd serves $head.*docket migrate upgrade --realm $realm"
check "the command that started it says so too" ends 3 "$docket" next t1/S
check "with the same words" complained "docket migrate upgrade --realm $realm"
check "history: base to head, and which is current" ends 0 "$docket" migrate history
check "history: the head" said '^0005_ledger -> 0006_fence (head),'
check "history: the current one" said '^0004_texts -> 0005_ledger (current),'
check "history: who, when, how long" said '^    20[0-9-]*T[0-9:]*Z  uid [0-9]*  down, schema 6 to 5, in [0-9]* ms'
check "history --json" ends 0 "$docket" migrate history --json
check "history --json: each with its runs" json '.schema == 5 and (.migrations | length) == 4 and .migrations[0].head and .migrations[1].current and (.migrations[0].runs | length) == 5 and .migrations[0].runs[0].uid >= 0'

# ---- a dry run ----
# Not of lock files: they say who looked last.
hashes() { find "$realm/store/data.mdb" "$realm"/witness* "$XDG_STATE_HOME" -type f ! -name '*.lock' -exec sha256sum {} + | sort; }
hashes=$(hashes)
check "a dry run up" ends 0 "$docket" migrate upgrade --dry-run
check "a dry run down" ends 0 "$docket" migrate downgrade base --dry-run
check "a dry run says each step" said "0003_retired  down  schema 3 to 2, in .* (not written)"
check "dry runs change no byte" test "$(hashes)" = "$hashes"
check "up by +1" ends 0 "$docket" migrate upgrade +1

# ---- what an older schema cannot hold ----
start_docketd
add_series acme/INV --profile in-gst --template '{SERIES}-{FY:25-26}-{N:4}' --restart fiscal --fiscal-year april
"$docket" next acme/INV --no-start >"$work/taken" 2>&1
check "docketd serves: current tells it all the same" ends 0 "$docket" migrate current
check "and who serves" said "^0006_fence (schema 6, head), served by docketd .*, pid $docketd_pid\$"
check "docketd serves: check too" ends 0 "$docket" migrate check --json
check "with the keys of a stopped store" json '.schema == 6 and .at_head and .facts == null and .served_by > 0 and .id == "0006_fence"'
check "docketd serves: history too" ends 0 "$docket" migrate history --json
check "with the same keys" json '.schema == 6 and (.migrations | length) == 4 and .migrations[0].current and (.migrations[0].runs | length) == 6'
check "as text" eval 'ends 0 "$docket" migrate history && said "^    20.*  up, schema 5 to 6, in "'
check "docketd serves: a verb that opens the store waits for nobody, exit code 3" ends 3 "$docket" migrate downgrade base --yes
check "and says what to do" complained "stop that docketd in order first"
check "and says who has it" complained "docketd.*pid $docketd_pid"
"$docket" series retire t1/S --reason 'no more' --yes >"$work/retire" 2>&1
stop_docketd
hashes=$(hashes)
check "a downgrade that would lose something: exit code 4" ends 4 "$docket" migrate downgrade base --yes
check "it names the settings" said "it would lose 1 series with settings that schema 3 cannot hold: acme/INV profile=in-gst"
check "and the reason of an event" said "1 event with a reason that schema 2 cannot hold"
check "and the retired series" said "1 retired series that schema 2 cannot hold: t1/S"
check "--json: the same as a list" ends 4 "$docket" migrate downgrade base --yes --json
check "--json: the error is an object too" eval 'jq -e ".schema_version == 1 and .error.status == \"DOCKET_BAD_LAYOUT\" and .error.category == \"safety\" and (.error.message | length > 20)" "$work/err"'
check "--json: nothing was made" json '.to == .from and (.steps | length) == 0 and (.losses | length) >= 3'
check "nothing was changed" test "$(hashes)" = "$hashes"
check "as far as it can be held it goes down" ends 0 "$docket" migrate downgrade 0005_ledger --yes
check "and up again" ends 0 "$docket" migrate upgrade head

# ---- words ----
check "an unknown target: exit code 2, and what there is" ends 2 "$docket" migrate upgrade 9999
check "it lists them" complained "head, base, 0003_retired, 0004_texts, 0005_ledger, 0006_fence"
check "the wrong way: exit code 2" ends 2 "$docket" migrate upgrade base
check "no terminal, no --yes: exit code 2" ends 2 "$docket" migrate downgrade base
check "stamp without --yes: exit code 2" ends 2 "$docketd" --realm "$realm" --offline migrate stamp head
check "stamp as what it is: nothing changes" ends 0 "$docket" migrate stamp head --yes
check "stamp as what it is not: exit code 4" ends 4 "$docket" migrate stamp 4 --yes
check "and why" complained "has not the shape of schema 4"

# ---- the next one ----
tree=$work/tree/src/store/migrations
mkdir -p "$tree"
cp "$here"/../../src/store/migrations/* "$tree/"
new() { (cd "$work/tree/src" && "$docket" migrate new "$@"); }
check "new: writes the next file" ends 0 new invoices_of_old
check "new: and says what is left to do" complained "ROW(0007_invoices_of_old)"
check "new: it compiles without a warning" gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Wconversion -Wshadow \
    -Wmissing-prototypes -Werror -I"$here/../../include" -I"$here/../../src" \
    -fsyntax-only "$tree/0007_invoices_of_old.c"
check "new: a bad name, exit code 2" ends 2 new 'Invoices'
check "new: outside of a source tree, exit code 2" eval '(cd / && ends 2 "$docket" migrate new x)'
start_docketd
check "and it is served" ends 0 "$docket" next acme/INV --no-start
last=$(tail -c 5 "$work/said")

# ---- docketd was killed: what it left in memory is still of this store ----
kill_docketd
check "docketd was killed: down all the same" ends 0 "$docket" migrate downgrade -1 --yes
check "and up" ends 0 "$docket" migrate upgrade
start_docketd
check "docketd takes the desk's files over" ends 0 "$docket" next acme/INV --no-start
check "and gives the next number" test "$(tail -c 5 "$work/said")" = "$(printf '%04d' $((10#$last + 1)))"
check "nothing became unknown" eval 'fate && ! grep -q "\"fate\": *\"unknown\"" "$work/fate.json"'
finish
