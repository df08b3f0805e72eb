#!/bin/sh
# SPDX-License-Identifier: MIT
#
# deps: what building and testing need, from the first list below. Says what is
# missing and the line that installs it; runs that line when root, or through
# sudo where it asks for no password; otherwise ends with 3. NO_DEPS=1 skips.
#
#     deps.sh          what make demo and make check need
#     deps.sh bench    likewise for what make bench draws with, beside that; none of it is needed
#     deps.sh peers    what make bench-peers has docket measured beside: packages that
#                      cannot be had are named, one by one, and it ends with 0
set -eu

# command, header, clang's run-time library, file or module of python3 | package
list='
cmd:gcc gcc
cmd:clang clang
rt:fuzzer libclang-rt-14-dev
cmd:make make
hdr:sys/types.h libc6-dev
cmd:pkg-config pkg-config
hdr:urcu/wfcqueue.h liburcu-dev
hdr:lmdb.h liblmdb-dev
hdr:sha2.h libmd-dev
hdr:ini.h libinih-dev
hdr:xxhash.h libxxhash-dev
hdr:jansson.h libjansson-dev
run:/usr/share/zoneinfo/Europe/Vienna tzdata
hdr:libsmartcols/libsmartcols.h libsmartcols-dev
hdr:ncurses.h libncurses-dev
cmd:tmux tmux
hdr:valgrind/callgrind.h valgrind
hdr:cmocka.h libcmocka-dev
hdr:sqlite3.h libsqlite3-dev
hdr:postgresql/libpq-fe.h libpq-dev
run:/usr/lib/postgresql/15/bin/initdb postgresql-15
cmd:spin spin
cmd:jq jq
cmd:python3 python3-minimal
py:zoneinfo libpython3-stdlib
cmd:setpriv util-linux
cmd:musl-gcc musl-tools
cmd:awk mawk
cmd:man man-db
'

peers='
hdr:db.h libdb5.3-dev
hdr:postgresql/libpq-fe.h libpq-dev
run:/usr/lib/postgresql/15/bin/initdb postgresql-15
hdr:hiredis/hiredis.h libhiredis-dev
cmd:redis-server redis-server
hdr:sqlite3.h libsqlite3-dev
cmd:setpriv util-linux
cmd:gnuplot gnuplot-nox
'

bench='
cmd:gnuplot gnuplot-nox
'

optional=0
case ${1:-} in
peers) list=$peers optional=1 ;;
bench) list=$bench optional=1 ;;
esac

[ "${NO_DEPS:-0}" = 1 ] && exit 0

present() {
    case $1 in
    cmd:*) command -v "${1#cmd:}" >/dev/null 2>&1 ;;
    rt:*) ls /usr/lib/llvm*/lib/clang/*/lib/linux/libclang_rt."${1#rt:}"* >/dev/null 2>&1 ;;
    py:*) python3 -c "import ${1#py:}" 2>/dev/null ;;
    run:*) [ -e "${1#run:}" ] ;;
    hdr:*) [ -e "/usr/include/${1#hdr:}" ] || ls /usr/include/*/"${1#hdr:}" >/dev/null 2>&1 ;;
    esac
}

missing=$(echo "$list" | while read -r what package; do
    [ -n "$what" ] || continue
    present "$what" || echo "$package"
done | sort -u | tr '\n' ' ')
[ -n "$missing" ] || exit 0

line="apt-get install -y --no-install-recommends $missing"
echo "docket needs packages that this machine does not have; the line that installs them:"
echo "    $line"
if [ "$(id -u)" = 0 ]; then
    as=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as='sudo -n'
elif [ "$optional" = 1 ]; then
    echo "This user may not run it; the bench leaves out what it would have brought."
    exit 0
else
    echo "This user may not run it: run it as root, then try again." >&2
    exit 3
fi
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
if [ "$optional" = 1 ]; then
    { $as apt-get update || true; } >"$log" 2>&1
    for package in $missing; do
        $as apt-get install -y --no-install-recommends "$package" >"$log" 2>&1 ||
            echo "$package cannot be had here: $(tail -n 1 "$log")"
    done
    rm -f "$log"
    exit 0
fi
# shellcheck disable=SC2086
if ! { $as apt-get update && $as $line; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "The packages could not be installed; the output above says why." >&2
    rm -f "$log"
    exit 3
fi
rm -f "$log"
echo "installed."
