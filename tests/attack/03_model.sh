#!/bin/bash
# SPDX-License-Identifier: MIT
#
# 03: the protocol as a model (tests/model, Spin): every search to its end with
# no error, and each rule of the protocol left out is found. At check scale the
# searches are a part of their own (check.sh: model). The page that maps each
# step of the model to the functions that do it is held to the source.
# row: 03
# seconds: 0 260
. "$(dirname "$0")/lib.sh"

# no_pipefail: grep -c says 0 and 1 when there is none
count() { grep -cE "$1" "$2" || true; }

searches=$(mktemp) mutants=$(mktemp)
trap 'rm -f "$searches" "$mutants"' EXIT

# Rows of the two step tables: "file: function, function; file: function".
named=0 gone=''
while read -r file functions; do
    for function in ${functions//,/ }; do
        named=$((named + 1))
        grep -qE "\b$function\(" "src/$file" 2>/dev/null || gone+=" $file:$function"
    done
done < <(awk '/^## Leased: the steps/ {on = 1} /^## Where code and model differ/ {on = 0} on' tests/model/README.md |
    grep '^|' | awk -F'|' '{print $4}' | tr ';' '\n' | sed -nE 's/^ *([a-z]+\/[a-z_]+\.[ch]): *(.*)$/\1 \2/p')
at_least "functions named by the model's page" 80 "$named"
at_most "of them not in the file that the page names" 0 "$(wc -w <<<"$gone")"
[ -z "$gone" ] || echo "      not found:$gone"

if ! command -v spin >/dev/null; then
    skip_row "searches of the model" "spin is not installed"
    finish
fi

JOBS=1 nice -n 5 tests/model/run >"$searches" 2>&1 || true
cat "$searches"
at_least "searches exhausted with no error" 17 "$(count 'errors: 0$' "$searches")"
at_most "searches with an error, or cut short" 0 "$(count 'errors: [^0]' "$searches")"

JOBS=1 nice -n 5 tests/model/run mutants >"$mutants" 2>&1 || true
cat "$mutants"
at_least "rules left out that turn the model red" 40 "$(count '> red' "$mutants")"
at_most "rules left out and not found" 0 "$(count 'NOT RED|unfinished|without the mutation' "$mutants")"
check "the model's own count agrees" grep -q ' 0 not as expected' "$mutants"
finish
