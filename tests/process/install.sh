#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# make install and make uninstall, into empty folders: every file where it
# belongs, with its mode, without a path of the build; the command finds its
# library and its docketd from where it lies; the units are as hardened as they
# say; uninstall leaves no file.
#
# seconds: 12 12
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/process/installed.sh
. "$here/installed.sh"

new_work

# What PREFIX and LIBDIR must give, without the pages, which are counted.
expected_files() {
    local prefix=$1 libdir=$2 file
    for file in "$libdir"/libdocket.so "$libdir"/libdocket.so.0 "$libdir"/libdocket.so."$version" \
        "$libdir"/pkgconfig/libdocket.pc "$prefix"/bin/docket "$prefix"/sbin/docketd \
        "$prefix"/share/bash-completion/completions/docket "$prefix"/lib/systemd/system/docketd.service \
        "$prefix"/lib/systemd/system/docketd.socket "$prefix"/lib/sysusers.d/docket.conf \
        "$prefix"/lib/tmpfiles.d/docket.conf; do
        echo "$file"
    done
    for file in "$BUILD"/docket-source-*.so; do # without a database's headers there is none
        [ ! -e "$file" ] || echo "$libdir/docket/${file##*/}"
    done
    for file in "$top"/include/*.h; do
        echo "$prefix/include/${file##*/}"
    done
    for file in "$BUILD"/man/*.[1-8]; do
        echo "$prefix/share/man/man${file##*.}/${file##*/}"
    done
}

has_the_files() {
    expected_files "$1" "$2" | sort >"$work/expected"
    (cd "$tree" && find . ! -type d | sed 's/^\.//' | sort) >"$work/found"
    diff "$work/expected" "$work/found"
}

# Executables 755, everything else 644, folders 755, whatever the umask was.
has_modes() {
    local bad
    bad=$(find "$tree" ! -type l -printf '%m %y %P\n' |
        awk '$2 == "d" ? $1 != 755 : $3 ~ /bin\/|\.so\.[0-9.]*$|docket-source-[a-z]*\.so$/ ? $1 != 755 : $1 != 644')
    [ -z "$bad" ] || { echo "$bad"; return 1; }
}

has_no_build_path() {
    ! grep -rlF -e "$top" -e "$work" "$tree"
}

# The command's way to the library is relative, and the one that it needs.
finds_library() {
    local way
    way=$(readelf -d "$tree$1/bin/docket" | sed -n 's/.*R\(UN\)\?PATH.*\[\(.*\)\]/\2/p')
    [ "$(realpath -m "${way/\$ORIGIN/$1/bin}")" = "$2" ] && [[ $way == \$ORIGIN/* ]] || { echo "the way is $way"; return 1; }
    ldd "$tree$1/bin/docket" >"$work/ldd"
    [ "$(realpath "$(sed -n 's/.*libdocket.so.0 => \([^ ]*\) .*/\1/p' "$work/ldd")")" = \
        "$(realpath "$tree$2/libdocket.so.0")" ] || { cat "$work/ldd"; return 1; }
    [ "$("$tree$1/bin/docket" version)" = "docket $version" ] || { "$tree$1/bin/docket" version; return 1; }
}

# It starts the docketd that was installed with it.
starts_docketd() {
    local pid
    mkdir -p "$work/first"
    "$tree$1/bin/docket" next --realm "$work/first/realm" acme/INV >"$work/first.out" 2>&1 || { cat "$work/first.out"; return 1; }
    pid=$("$tree$1/bin/docket" status --realm "$work/first/realm" --json | sed -n 's/.*"pid":\([0-9]*\),.*/\1/p')
    [ "$(readlink "/proc/$pid/exe")" = "$tree$1/sbin/docketd" ] || { readlink "/proc/$pid/exe"; return 1; }
    kill -TERM "$pid"
    wait_until 20 test ! -e "/proc/$pid" || return 1
    rm -rf -- "$(readlink "$work/first/realm/runtime")" "$work/first"
}

# pkg-config's answer leads into the tree and nowhere else.
has_flags() {
    local flags
    flags=$(in_sysroot "$tree" "$2" pkg-config --cflags --libs libdocket)
    echo "$flags"
    [ "${flags% }" = "-I$tree$1/include -L$tree$2 -ldocket" ] &&
        [ "$(in_sysroot "$tree" "$2" pkg-config --modversion libdocket)" = "$version" ]
}

leaves_nothing() {
    run_make uninstall DESTDIR="$tree" "$@" || return 1
    [ -z "$(find "$tree" ! -type d)" ] || { find "$tree" ! -type d; return 1; }
}

# installs PREFIX LIBDIR ARGUMENT...
installs() {
    local prefix=$1 libdir=$2 name="PREFIX=$1"
    shift 2
    [ $# -eq 0 ] || name="$name $*"
    tree=$(mktemp -d "$work/tree.XXXXXX")
    chmod 755 "$tree"
    (umask 077 && run_make install DESTDIR="$tree" PREFIX="$prefix" "$@") >"$work/make.out" 2>&1 || {
        fail "make install $name: it ends with 0" "$work/make.out"
        return
    }
    check "make install $name: every file is in its place, and no other" has_the_files "$prefix" "$libdir"
    check "make install $name, under umask 077: the modes are right" has_modes
    check "make install $name: no path of the build is in any file" has_no_build_path
    check "make install $name: the command finds its library, relative to itself" finds_library "$prefix" "$libdir"
    check "make install $name: the command starts the docketd beside it" starts_docketd "$prefix"
    check "make install $name: pkg-config leads there" has_flags "$prefix" "$libdir"
    [ "$prefix" != /usr ] || service_cases
    check "make uninstall $name: no file is left" leaves_nothing PREFIX="$prefix" "$@"
}

# ---- what a service manager gets ----

hardened() {
    systemd-analyze security --offline=true --threshold=15 "$tree/usr/lib/systemd/system/docketd.service" \
        >"$work/security" 2>&1 || { tail -n 3 "$work/security"; return 1; }
}
verified() {
    local said unit
    mkdir -p "$work/units"
    for unit in docketd.service docketd.socket; do
        sed "s|=/usr/sbin/|=$tree/usr/sbin/|" "$tree/usr/lib/systemd/system/$unit" >"$work/units/$unit"
    done
    said=$(systemd-analyze verify --man=no "$work/units/docketd.service" "$work/units/docketd.socket" 2>&1 |
        grep docket || true)
    [ -z "$said" ] || { echo "$said"; return 1; }
}
makes_user() {
    mkdir -p "$tree/etc"
    systemd-sysusers --root="$tree" docket.conf >"$work/sysusers" 2>&1 || { cat "$work/sysusers"; return 1; }
    grep '^docket:' "$tree/etc/passwd"
}
makes_folders() {
    local id
    systemd-tmpfiles --root="$tree" --create docket.conf >"$work/tmpfiles" 2>&1 || { cat "$work/tmpfiles"; return 1; }
    id=$(sed -n 's/^docket:[^:]*:\([0-9]*\):.*/\1/p' "$tree/etc/passwd")
    [ "$(stat -c '%u %a' "$tree/var/lib/docket" "$tree/run/docket" | sort -u)" = "$id 755" ] ||
        { stat -c '%n %u %a' "$tree/var/lib/docket" "$tree/run/docket"; return 1; }
}
service_cases() {
    if ! command -v systemd-analyze >/dev/null; then
        skip "systemd's own checks of the units, sysusers and tmpfiles: no systemd (package systemd)"
        return
    fi
    check "docketd.service: systemd-analyze security says 1.5 or less" hardened
    note "$(sed -n 's/.*Overall exposure level for \(.*[0-9]\) .*/\1/p' "$work/security")"
    check "docketd.service, docketd.socket: systemd-analyze verify says nothing of them" verified
    if [ "$(id -u)" != 0 ]; then
        skip "sysusers and tmpfiles: need root"
        return
    fi
    check "sysusers: the user docket is made" makes_user
    check "tmpfiles: realm and runtime folder are made, and are docket's" makes_folders
    rm -rf "${tree:?}"/etc "${tree:?}"/var "${tree:?}"/run
}

installs /usr "/usr/lib/$(${CC:-gcc} -print-multiarch)"
installs /usr/local /usr/local/lib
installs /opt/docket /opt/docket/deep/libs LIBDIR=/opt/docket/deep/libs
finish
