#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Calls by name where what is remembered could be of somebody else: other bytes at the
# same addresses, realms that are closed and opened, two of them, children and their
# children, days, handlers, a series that was retired; and the library loaded late, by dlopen().
# seconds: 3 3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"

named=$(binary docket-named)

# Thread-local memory of such a library is short: ours is to fit beside that of others.
loads_late() {
    python3 -c 'import ctypes, sys; print(ctypes.CDLL(sys.argv[1]).docket_status_retryable(1))' "$(binary libdocket.so)"
}

new_realm
start_docketd
first=$realm first_runtime=$runtime first_docketd=$docketd_pid
mkdir "$work/second"
runtime=$(mktemp -d /dev/shm/docket-proof.XXXXXX)
realm=$work/second/realm
mkdir -m 700 "$realm"
printf '[realm]\nruntime_dir = %s\n' "$runtime" >"$realm/docket.conf"
DOCKET_REALM=$realm
start_docketd
check "by name: it is this series, realm, process and day, whatever is remembered" timeout 60 "$named" "$first" "$realm"
if command -v python3 >/dev/null && ! grep -q __asan_init "$(binary libdocket.so)"; then
    check "the library is loaded late" loads_late
else
    skip "the library is loaded late: there is no python3, or a sanitizer wants to come first"
fi
stop_docketd
rm -rf -- "${runtime:?}"
realm=$first runtime=$first_runtime docketd_pid=$first_docketd
finish
