#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# docs/LEDGER.md: every command of it, in its order and in one realm, prints what
# stands below it. Times, users and hosts are not compared.
#
# seconds: 6 6
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"
page=$here/../../docs/LEDGER.md

new_realm
start_docketd
bin=$work/bin
mkdir "$bin"
ln -s "$docket" "$bin/docket"

# What differs from day to day and from host to host.
plain() {
    sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z/TIME/g; s/uid [0-9]+( on [^,]*)?/uid N/g; s/event [0-9]+/event N/g'
}

# A file for each command: what is typed, and what is said.
awk -v to="$work/case" '
    /^```/ {inside = !inside; next}
    inside && /^\$ / {n++; print substr($0, 3) > (to "." n ".typed"); typed = 1; printf "" > (to "." n ".said"); next}
    inside && typed {print > (to "." n ".said")}
    !inside {typed = 0}' "$page"

says() {
    PATH=$bin:$PATH bash -o pipefail -c "$(cat "$1.typed")" >"$1.got" 2>&1 </dev/null || true
    diff <(plain <"$1.said") <(plain <"$1.got")
}

count=0
while [ -e "$work/case.$((count + 1)).typed" ]; do
    count=$((count + 1))
    check "docs/LEDGER.md, command $count: $(cut -c 1-70 "$work/case.$count.typed")" says "$work/case.$count"
done
check "docs/LEDGER.md: there are many commands ($count)" test "$count" -ge 20
finish
