# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# breaks: what the rows of broken calls share. Source it instead of lib.sh; then
#
#   breaks NAME OPTION...   docket-breaks in the background, in a folder of its own
#   end_breaks              until all have ended; what they complained of is shown
#   sum KEY                 a figure, over all of them
#
# The folders lie on tmpfs: what is tried here is which call breaks, and tmpfs
# takes a sync without waiting for a disk.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

new_work
runtime=$(mktemp -d /dev/shm/docket-breaks.XXXXXX)
if [ "$(uname -m)" != x86_64 ]; then
    skip_row "calls of docketd and the library that break" "the breaker knows x86-64 only"
    finish
fi
breaker=$(binary docket-breaks)
declare -a begun=()

# As many at a time as keep two cores busy: each waits most of its time.
breaks() {
    local name=$1
    shift
    while [ "$(jobs -rp | wc -l)" -ge "${AT_ONCE:-6}" ]; do
        sleep 0.05
    done
    mkdir "$runtime/$name"
    run_child "$work/$name.out" with_code "$work/$name.code" "$breaker" --base "$runtime/$name" "$@"
    begun+=("$name:$child")
}

# Its exit code in a file: among thousands of processes an id may come again.
with_code() {
    local file=$1 code=0
    shift
    trap - EXIT
    "$@" || code=$?
    echo "$code" >"$file"
}

end_breaks() {
    local each name code
    for each in "${begun[@]}"; do
        name=${each%:*}
        wait_child "${each#*:}" || true
        code=$(cat "$work/$name.code" 2>/dev/null || echo "no code")
        grep -vE '^[a-z_]+ [0-9]+$' "$work/$name.out" >"$work/$name.said" || true
        if [ "$code" = 0 ] && [ ! -s "$work/$name.said" ]; then
            pass "$name: $(figure_of injected "$work/$name.out") breaks in $(figure_of turns "$work/$name.out") runs"
        else
            fail "$name: ended with $code and said" "$work/$name.said"
        fi
    done
}

sum() {
    local each total=0 value
    for each in "${begun[@]}"; do
        value=$(figure_of "$1" "$work/${each%:*}.out")
        total=$((total + ${value:-0}))
    done
    echo "$total"
}
