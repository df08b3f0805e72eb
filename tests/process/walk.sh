#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A new user's walk, as docs/INSTALL.md says: make install into an empty
# folder; a worker built outside of the tree with pkg-config, as C and as C++;
# then workers in containers (root, user, mount, pid, ipc and net namespaces of
# their own) that share the realm and the shared files with a docketd outside.
#
# seconds: 15 15
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/process/installed.sh
. "$here/installed.sh"

new_realm 'access = shared' '[default]' 'restart = never'
chmod 755 "$work"
tree=$work/tree
elsewhere=$work/elsewhere
mkdir "$tree" "$elsewhere"
run_make install DESTDIR="$tree" PREFIX=/usr >"$work/make.out" 2>&1 || {
    fail "make install into an empty folder" "$work/make.out"
    finish
}
pass "make install into an empty folder"
docket=$tree/usr/bin/docket docketd=$tree/usr/sbin/docketd
libdir=/usr/lib/$(${CC:-gcc} -print-multiarch)

# ---- a worker outside of the tree ----

# The page's own line.
line=$(sed -n 's/^\$ \(cc -o worker .*\)/\1/p' "$top/docs/INSTALL.md")
builds() {
    cp "$top/docs/examples/worker.c" "$elsewhere/"
    (cd "$elsewhere" && in_sysroot "$tree" "$libdir" bash -c "$line" && test -x worker)
}
check "the page says how to build a worker" test -n "$line"
check "the worker of docs/examples: builds with pkg-config, outside of the tree" builds

cxx=''
for compiler in c++ g++ clang++ "clang -x c++"; do
    # shellcheck disable=SC2086
    if echo 'int main() { return 0; }' >"$work/try.cpp" && $compiler -o "$work/try" "$work/try.cpp" 2>/dev/null; then
        cxx=$compiler
        break
    fi
done
builds_as_cxx() {
    cp "$top/docs/examples/worker.c" "$elsewhere/worker.cpp"
    (cd "$elsewhere" && in_sysroot "$tree" "$libdir" bash -c \
        "$cxx -Wall -Wextra -Wpedantic -Werror -o worker_cxx worker.cpp \$(pkg-config --cflags --libs libdocket)") || return 1
    # And every header.
    (cd "$top/include" && printf '#include <%s>\n' *.h) >"$elsewhere/headers.cpp"
    (cd "$elsewhere" && in_sysroot "$tree" "$libdir" bash -c \
        "$cxx -Wall -Wextra -Wpedantic -Werror -c headers.cpp \$(pkg-config --cflags libdocket)")
}
if [ -z "$cxx" ]; then
    skip "the same worker as C++: no C++ compiler"
else
    check "the same worker and the headers: build as C++" builds_as_cxx
fi

# The tests' worker, whose logs the auditor reads.
builds_logging() {
    (cd "$elsewhere" && in_sysroot "$tree" "$libdir" bash -c "${CC:-gcc} -std=c11 -D_GNU_SOURCE -I$top/tests -I$top/tests/lib -I$top/tests/process \
        -o logging $top/tests/process/worker.c $top/tests/process/worker_main.c $top/tests/lib/worklog.c \
        \$(pkg-config --cflags --libs libdocket) -lpthread")
}
check "a worker that logs: builds with pkg-config, outside of the tree" builds_logging

start_docketd

# prints COUNT CMD...: so many document numbers, none printed before
prints() {
    local count=$1
    shift
    "$@" >"$work/printed" || return 1
    cat "$work/printed" >>"$work/all"
    [ "$(grep -c '^INV-' "$work/printed")" = "$count" ] && [ -z "$(sort "$work/all" | uniq -d)" ] ||
        { cat "$work/printed"; return 1; }
}

# ---- containers ----

# contained UID CMD...
contained() {
    local uid=$1 root
    shift
    root=$(mktemp -d "$work/root.XXXXXX")
    exec unshare --mount --pid --fork --kill-child=SIGKILL --ipc --net --uts -- "$here/container.sh" "$root" "$uid" \
        "ro:$realm" "ro:$runtime" "ro:$tree" "ro:$elsewhere" "rw:$logs" -- \
        /usr/bin/env LD_LIBRARY_PATH="$tree$libdir" "$@"
}
can_contain() {
    [ "$(id -u)" = 0 ] && (contained 65534 /bin/true) >"$work/contain.err" 2>&1
}

# start_contained ID UID: a worker that logs, until $work/stop is there
start_contained() {
    run_child "$work/$1.out" contained "$2" "$elsewhere/logging" --realm "$realm" --logs "$logs" --id "$1" \
        --series acme/strict,acme/leased --threads 2 --rate 500 --timeout-ms 5000 --stop-file "$logs/stop"
}
all_have_logged() {
    local id
    for id in one two killed outside; do
        [ "$(find "$logs" -name "$id*" -size +8k | wc -l)" -gt 0 ] || return 1
    done
}
outside_uids() {
    "$docket" inspect --json >"$work/inspect.json" 2>/dev/null || return 1
    [ "$(jq -c '[.desks[].seats[].uid] | sort' "$work/inspect.json")" = '[0,0,65534,65534]' ] ||
        { jq -c '[.desks[].seats[].uid]' "$work/inspect.json"; return 1; }
}
work_together() {
    local one two killed outside
    chmod 777 "$logs"
    add_series acme/strict --order strict
    add_series acme/leased --order leased
    start_contained one 65534
    one=$child
    start_contained two 0
    two=$child
    start_contained killed 65534
    killed=$child
    LD_LIBRARY_PATH=$tree$libdir run_child "$work/outside.out" "$elsewhere/logging" --realm "$realm" --logs "$logs" \
        --id outside --series acme/strict,acme/leased --threads 2 --rate 500 --stop-file "$logs/stop"
    outside=$child
    wait_until 30 all_have_logged || { echo "not all of them take numbers"; cat "$work"/{one,two,killed,outside}.out; return 1; }
    wait_until 10 outside_uids || { outside_uids; return 1; }
    kill_child "$killed"
    kill_docketd # and they go on with the next one
    start_docketd
    sleep 0.5
    touch "$logs/stop"
    wait_child "$one" || true
    wait_child "$two" || true
    wait_child "$outside" || true
    rm "$logs/stop"
    all_worked one two outside
}

if ! can_contain; then
    skip "workers in containers: they need root and namespaces ($(tail -n 1 "$work/contain.err" 2>/dev/null || echo not root))"
else
    check "three containers and a process outside: all take numbers; docketd sees the uids outside" work_together
    check "three containers and a process outside, one killed: the audit is clean" audit
    note "$(figure logged "$work/audit.json") numbers logged"
fi
add_series acme/INV
check "the worker, outside of a container: prints three numbers" \
    prints 3 env LD_LIBRARY_PATH="$tree$libdir" "$elsewhere/worker" "$realm" acme INV 3
[ -z "$cxx" ] || check "the worker as C++: prints three numbers" \
    prints 3 env LD_LIBRARY_PATH="$tree$libdir" "$elsewhere/worker_cxx" "$realm" acme INV 3
in_container() { (contained "$@"); }
if can_contain; then
    check "the worker, in a container as another user: prints three numbers" \
        prints 3 in_container 65534 "$elsewhere/worker" "$realm" acme INV 3
    check "the command, in a container: takes one, and reads the shared files" \
        prints 1 in_container 65534 "$docket" next --realm "$realm" --no-start acme/INV
    check "the command, in a container: looks into the realm" \
        in_container 0 "$docket" inspect --realm "$realm"
fi
all_are_handed_out() {
    local count
    count=$(wc -l <"$work/all")
    "$docket" fate acme/INV --no-start --json >"$work/fate.json"
    [ "$(jq '[.. | objects | select(.fate? == "handed out") | .last - .first + 1] | add' "$work/fate.json")" = "$count" ] ||
        { echo "$count printed"; cat "$work/fate.json"; return 1; }
}
check "what the workers printed: is what docket says was handed out, and no more" all_are_handed_out
finish
