# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# admin_lib: what the tests of admins' decisions share, on top of lib.sh. What
# docket wrote is in $case_out and $case_err.
case_out=$work/out case_err=$work/err

# expect "when: then" CODE ARGS...: docket ARGS --no-start exits with CODE
expect() {
    local case=$1 wanted=$2 code=0
    shift 2
    "$docket" "$@" --no-start >"$case_out" 2>"$case_err" </dev/null || code=$?
    if [ "$code" = "$wanted" ]; then
        pass "$case"
    else
        fail "$case (exit code $code, wanted $wanted: docket $*)" "$case_err"
    fi
}
out_has() { check "$1" grep -q -e "$2" "$case_out"; }
err_has() { check "$1" grep -q -e "$2" "$case_err"; }

# fate_is TENANT/SERIES "FIRST-LAST FATE (CAUSE)"...: all but laid and spare ones, in order
fate_lines() {
    "$docket" fate "$1" --no-start | sed -n 's/^ *\([0-9]*\) - \([0-9]*\) *[0-9]*  \([a-z ]*[a-z]\)\( ([a-z ]*)\)\{0,1\}.*/\1-\2 \3\4/p'
}
fate_is() {
    local series=$1
    shift
    diff <(printf '%s\n' "$@") <(fate_lines "$series" | grep -v ' laid$\| spare$')
}
