# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# installed: what the tests of an installed docket share. Source it behind lib.sh.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
version=$(sed -n 's/^VERSION *:= *//p' "$top/Makefile")

# run_make TARGET...: of this build, one at a time, whatever make runs us
run_make() {
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL flock "$top/$BUILD/install.lock" \
        make -C "$top" --no-print-directory VARIANT="$(basename "$BUILD")" "$@"
}

# in_sysroot TREE LIBDIR CMD...: pkg-config sees what is installed in the tree
in_sysroot() {
    local tree=$1 libdir=$2
    shift 2
    env PKG_CONFIG_SYSROOT_DIR="$tree" PKG_CONFIG_LIBDIR="$tree$libdir/pkgconfig" "$@"
}
