#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Templates from end to end: each example of docs/TEMPLATES.md is declared as a
# series of its own, and its first three document numbers are those of an
# implementation by other means (template_cases.py). What they say is read back:
# as evidence each is refused for what it is, and another period's as what that is.
# seconds: 5 5
. "$(dirname "$0")/lib.sh"

page=$(dirname "$0")/../../docs/TEMPLATES.md
cases=$(dirname "$0")/template_cases.py
docket=$(binary docket)

new_realm
start_docketd

# All examples on one day; $work/differ says what is not as it should be
compare_all() {
    local day=$1 run=$2 line options wanted got tenant
    : >"$work/differ"
    python3 "$cases" "$page" "$day" >"$work/cases"
    while IFS= read -r line; do
        IFS=$'\t' read -r -a options <<<"${line%%|*}"
        wanted=${line#*|}
        tenant=${options[0]}$run
        wanted=${wanted//${options[0]}/$tenant}
        got=$({ "$docket" series add --realm "$realm" "$tenant/INV" "${options[@]:1}" -q >/dev/null &&
            "$docket" next --realm "$realm" "$tenant/INV" -n 3; } 2>&1 | tr '\n' ' ')
        [ "$got" = "$wanted " ] || echo "${options[*]}: $got, wanted $wanted" >>"$work/differ"
    done <"$work/cases"
}

# Over midnight the date may be the one or the other: once more, with other series
today() { date -u +%Y-%m-%d; }
before=$(today)
compare_all "$before" ''
if [ "$(today)" != "$before" ]; then
    compare_all "$(today)" b
fi
none_differs() { [ "$(wc -l <"$work/cases")" -ge 90 ] && [ ! -s "$work/differ" ] || { head -n 20 "$work/differ"; return 1; }; }
check "every example of docs/TEMPLATES.md ($(wc -l <"$work/cases")): its texts are those of another implementation" none_differs

# ---- read back -------------------------------------------------------------

year=$(date -u +%Y)
"$docket" series add --realm "$realm" read/INV --template '{PREFIX}/{YYYY}/{N:5}{MOD97}' --prefix RE -q >/dev/null
text=$("$docket" next --realm "$realm" read/INV)

# said TEXT WORDS: evidence of that text is refused with these words
said() {
    printf '%s\n' "$1" >"$work/evidence"
    ! "$docket" reconcile --realm "$realm" "read/INV/$year" --issued "$work/evidence" --yes >"$work/said" 2>&1 &&
        grep -q -e "$2" "$work/said" || { cat "$work/said"; return 1; }
}
check "a document number as evidence: read as its number" said "$text" 'line 1.*1\b.*handed out'
check "one wrong digit: no document number of the series" said "${text/00001/00002}" 'no document number of this series'
check "small letters: no document number of the series" said "${text/RE/re}" 'no document number of this series'
other=$(python3 -c "
import sys
text = 'RE/%d/00001' % (int(sys.argv[1]) - 1)
whole = ''.join(str(int(c, 36)) for c in text if c.isalnum())
print(text + '%02d' % (98 - int(whole) * 100 % 97))" "$year")
check "the year before: of another period" said "$other" 'of another period'

finish
