# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# cli_lib: what the tests of the command's views share, on top of lib.sh.
# Each case runs `docket`; what it wrote is in $case_out and $case_err.

# expect "when: then" CODE ARGS...: docket ARGS exits with CODE
expect() {
    local case=$1 wanted=$2 code=0
    shift 2
    "$docket" "$@" >"$case_out" 2>"$case_err" </dev/null || code=$?
    if [ "$code" = "$wanted" ]; then
        pass "$case"
    else
        cat "$case_out" >>"$case_err"
        fail "$case (exit code $code, wanted $wanted: docket $*)" "$case_err"
    fi
}

out_is() { check "$1" diff <(printf '%s\n' "${@:2}") "$case_out"; }
out_has() { check "$1" grep -q -e "$2" "$case_out"; }
err_has() { check "$1" grep -q -e "$2" "$case_err"; }
lacks_text() { ! grep -q -e "$1" "$2"; }

# An error is one plain sentence on stderr, and nothing else.
said_plainly() {
    [ ! -s "$case_out" ] && [ "$(grep -c . "$case_err")" = 1 ] && grep -q '^docket: ' "$case_err"
}
refused() {
    expect "$@"
    check "$1, in one sentence on stderr" said_plainly
}

# jq 1.6 is content with an empty file
jq_says() { [ -s "$2" ] && jq -e "$1" "$2"; }
json() { check "$1" jq_says "$2" "${3:-$case_out}"; }

# keys "when" PATH...: the golden keys, in order of name
keys() {
    local case="$1: has exactly the documented keys"
    shift
    jq -r '[paths | map(if type == "number" then "[]" else . end) | join(".")] | unique | .[]' \
        "$case_out" >"$work/keys" 2>&1 || true
    check "$case" diff <(printf '%s\n' "$@" | LC_ALL=C sort -u) "$work/keys"
}

views_begin() {
    case_out=$work/out case_err=$work/err
    unset NOTIFY_SOCKET NO_COLOR
}

# on_terminal COMMAND: runs it with a terminal as stdout and stderr; its output in $work/screen
on_terminal() { TERM=xterm script -qec "$1" /dev/null </dev/null >"$work/screen" 2>&1 || true; }
