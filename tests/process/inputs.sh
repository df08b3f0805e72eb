#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What bad input gets: the library's public functions from inside a process
# (docket-library), docketd's options and configuration, and realms, runtime
# directories and stores that are not as they should be. Each gets a status of
# its own and a sentence; nothing half made, no number burnt.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/process/lib.sh
. "$here/lib.sh"
# Most functions are called by name, through check.
# shellcheck disable=SC2317,SC2120

new_work
unset DOCKET_REALM NOTIFY_SOCKET XDG_RUNTIME_DIR JOURNAL_STREAM
docket=$(binary docket)
docketd=$(binary docketd)
library=$(binary docket-library)
runtime=$(mktemp -d /dev/shm/docket-inputs.XXXXXX) # lib.sh removes it
said=$work/said
realms=0
tiny=''

# ---- helpers --------------------------------------------------------------

# make_realm [LINE...]: a directory with a configuration, and a runtime
# directory of its own; nothing is started
make_realm() {
    realms=$((realms + 1))
    realm=$work/realm-$realms realm_runtime=$runtime/$realms
    mkdir -m 700 "$realm" "$realm_runtime"
    printf '[realm]\nruntime_dir = %s\n' "$realm_runtime" >"$realm/docket.conf"
    [ $# -eq 0 ] || printf '%s\n' "$@" >>"$realm/docket.conf"
    export DOCKET_REALM=$realm
}

serve() {
    run_child "$work/docketd.log" "$docketd" --realm "$realm" "$@"
    docketd_pid=$child
    wait_until 20 serves_or_ended
    is_running "$docketd_pid" || { tail -n 5 "$work/docketd.log"; return 1; }
}

# The heartbeat of a docketd that was killed may still be young: ask for more.
serves_or_ended() { ! is_running "$docketd_pid" || "$docket" status 2>/dev/null | grep -q "pid $docketd_pid,"; }

stop() {
    kill -TERM "$docketd_pid"
    local code=0
    wait_child "$docketd_pid" || code=$?
    docketd_pid=''
    return "$code"
}

# ended CODE CMD...: ends with this code within 20 s; what it says is in $said
ended() {
    local wanted=$1 code=0
    shift
    timeout 20 "$@" >"$said" 2>&1 </dev/null || code=$?
    cat "$said"
    echo "exit code $code, wanted $wanted"
    [ "$code" = "$wanted" ]
}

# refuses "what" CODE WORDS CMD...: this code, and a sentence with these words
refuses() {
    local case=$1 code=$2 words=$3
    shift 3
    check "$case: exit code $code" ended "$code" "$@"
    check "$case: says '$words'" grep -q -e "$words" "$said"
}

next_is() {
    local got
    got=$("$docket" next "$1" --no-start --json | sed -n 's/.*"number":\([0-9]*\).*/\1/p')
    echo "next of $1 is ${got:-missing}, wanted $2"
    [ "$got" = "$2" ]
}

# ---- the library ----------------------------------------------------------

# help_case PID: does what the case asks for, until it ends
help_case() {
    local file
    while is_running "$1"; do
        for file in "$STEPS"/*; do
            case ${file##*/} in
            kill) kill_docketd ;;
            start) serve >/dev/null || return 1 ;;
            stop) kill -STOP "$docketd_pid" ;;
            continue) kill -CONT "$docketd_pid" ;;
            *) continue ;;
            esac
            rm -f "$file"
        done
        sleep 0.01
    done
}

library_case() {
    local name=$1 code=0 case_pid
    rm -f "$work/library.out" "$STEPS"/*
    run_child "$work/library.out" timeout 120 "$library" "$realm" "$name" "$second_realm"
    case_pid=$child
    help_case "$case_pid" || code=1
    wait_child "$case_pid" || code=$?
    cat "$work/library.out"
    [ "$code" != 124 ] || echo "it did not end in 120 s"
    [ "$code" = 0 ]
}

echo "the library"
export STEPS=$work/steps
mkdir "$STEPS"
make_realm
second_realm=$realm
check 'a second realm: is served' serve --create
second_pid=$docketd_pid
make_realm
check 'the realm of the library: is served' serve --create
for name in $("$library" list); do
    # lib.sh's check runs its command here, so the case may stop and start docketd
    check "library: ${name//_/ }" library_case "$name"
    [ -n "$docketd_pid" ] && is_running "$docketd_pid" || check "library: docketd is alive behind it" serve
done
kill_child "$second_pid"
kill_docketd

# ---- options and configuration --------------------------------------------

echo "options and configuration"
make_realm
refuses 'no realm' 2 'which realm' env -u DOCKET_REALM "$docketd"
refuses 'an unknown option' 2 'docketd --help' "$docketd" --realm "$realm" --frobnicate
refuses 'a word that is no option' 2 'options only' "$docketd" --realm "$realm" now
for value in x -1 '' 1s 99999999999; do
    refuses "--idle-exit '$value'" 2 'idle-exit' "$docketd" --realm "$realm" --idle-exit "$value"
done
check '--help: ends well' ended 0 "$docketd" --help
check '--version: ends well' ended 0 "$docketd" --version
check '--help-config: ends well' ended 0 "$docketd" --help-config
check '--help-config: is itself a good configuration' \
    eval 'cp "$said" "$work/reference.conf" && ended 0 "$docketd" --realm "$realm" --check-config --config "$work/reference.conf"'
check '--check-config: a good file' ended 0 "$docketd" --realm "$realm" --check-config
check '--check-config: says which' grep -q "docket.conf: good" "$said"
refuses 'a configuration that is absent' 2 'cannot read' "$docketd" --realm "$realm" --check-config --config "$work/none"

# bad_config "what" LINE WORDS TEXT: refused, with file and line
bad_config() {
    local case=$1 line=$2 words=$3 file=$work/bad.conf
    printf '%b' "$4" >"$file"
    refuses "a configuration with $case" 2 "$words" "$docketd" --realm "$realm" --check-config --config "$file"
    check "a configuration with $case: names file and line" grep -q -e "$file:$line:" "$said"
}
long=$(printf 'x%.0s' $(seq 200))
bad_config 'an unknown key' 3 'unknown key' '[realm]\naccess = private\ncolour = blue\n'
bad_config 'an unknown section' 1 'unknown section' '[kitchen]\nsink = 1\n'
bad_config 'an unknown section and nothing in it' 1 'kitchen' '[kitchen]\n'
bad_config 'a key of another section' 2 'no setting access' '[default]\naccess = shared\n'
bad_config 'a key before any section' 1 'unknown key' 'access = shared\n'
bad_config 'a key twice' 3 'twice' '[realm]\nseats_max = 4\nseats_max = 5\n'
bad_config 'a key of a desk twice' 4 'twice' '[desk till]\ntenants = shop\nuser = 0\nuser = 0\n'
bad_config 'a line too long' 3 'bytes' "[realm]\n# a comment\nruntime_dir = /$long\n"
bad_config 'a line that is nothing' 2 'neither' '[realm]\nthis is no setting\n'
bad_config 'a section that does not end' 1 '' '[realm\nseats_max = 4\n'
for bad in 'seats_max = 0' 'seats_max = 4096' 'seats_max = -1' 'seats_max = many' 'seats_max =' 'seats_max = 4 4' \
    'lines_per_seat = 0' 'lines_per_seat = 65536' 'series_max = 0' 'series_max = 1048577' 'rows_max = 0' \
    'rows_max = 262145' 'rows_max = 99999999999999999999' 'idle_exit_s = -1' 'evict_after_s = -1' 'evict_after_s = 31536001' 'series = maybe' 'series = Declared' \
    'access = public' 'runtime_dir = here' 'witness = ./witness'; do
    bad_config "$bad" 2 'cannot be used' "[realm]\n$bad\n"
done
for bad in 'order = loose' 'restart = hourly' 'window = 15' 'window = 250001' 'zone = /etc/passwd' 'last = 0' \
    'fiscal-year = smarch' 'valid-to = 2026-02-30' 'profile = atlantis' 'fields = a b' 'prefix = {N}' 'warn = 100'; do
    bad_config "$bad" 2 'it can be: ' "[default]\n$bad\n"
    bad_config "$bad, of a tenant" 2 'it can be: ' "[tenant shop]\n$bad\n"
done
bad_config 'a setting twice' 3 'twice' '[default]\norder = strict\norder = leased\n'
bad_config 'a setting of a tenant twice, in two sections' 4 'twice' '[tenant t]\nwarn = 5\n[tenant t]\nwarn = 6\n'
bad_config 'a tenant with no good name' 1 'tenant' '[tenant a/b]\norder = leased\n'
bad_config 'a section longer than the parser reads' 1 'characters' \
    "[tenant a234567890123456789012345678901234567890123]\norder = leased\n"
for bad in 'zone = Europe/Atlantis' 'template = INV' 'template = {FOO}-{N}' 'template = {MM}-{N}' 'profile = in-gst' \
    'profile = fr\norder = leased' 'chronological = yes\norder = leased' 'valid-from = 2027-01-01\nvalid-to = 2026-01-01'; do
    printf "[tenant shop]\n$bad\n" >"$work/bad.conf"
    refuses "a configuration with $bad, of a tenant" 2 '\[tenant shop\]' "$docketd" --realm "$realm" --check-config --config "$work/bad.conf"
    printf "[default]\n$bad\n" >"$work/bad.conf"
    refuses "a configuration with $bad" 2 '\[default\]' "$docketd" --realm "$realm" --check-config --config "$work/bad.conf"
done
bad_config 'a desk with a bad name' 1 'cannot be used' '[desk a/b]\ntenants = shop\n'
bad_config 'a tenant with a bad name' 2 'cannot be used' '[desk till]\ntenants = shop, .x\n'
bad_config 'tenants of the default desk' 2 'cannot be used' '[desk default]\ntenants = shop\n'
printf '[desk till]\nuser = 0\n' >"$work/bad.conf"
refuses 'a desk without tenants' 2 'no tenants' "$docketd" --realm "$realm" --check-config --config "$work/bad.conf"
printf '[desk a]\ntenants = shop\n[desk b]\ntenants = bar, shop\n' >"$work/bad.conf"
refuses 'a tenant at two desks' 2 'shop' "$docketd" --realm "$realm" --check-config --config "$work/bad.conf"
printf '[desk a]\ntenants = shop\nuser = nobody-of-that-name\n' >"$work/bad.conf"
refuses 'a user that is absent' 2 'nobody-of-that-name' "$docketd" --realm "$realm" --create --config "$work/bad.conf"
check 'bad configurations: nothing was made' test ! -e "$realm/store"

# ---- realms ---------------------------------------------------------------

echo "realms"
make_realm
refuses 'a realm without a store' 3 'no store' "$docketd" --realm "$realm"
check 'a realm without a store: nothing was made' diff <(echo docket.conf) <(ls -A "$realm")
refuses 'a realm that is absent' 3 'no such directory' "$docketd" --realm "$work/absent"
check 'a realm that is absent: was not made' test ! -e "$work/absent"
refuses 'a realm that is a file' 2 'Not a directory' "$docketd" --realm "$realm/docket.conf" --create

check 'a realm: is made and served' serve --create
check 'a realm: gives 1' next_is lib/A 1
refuses 'a second docketd' 3 "$docketd_pid" "$docketd" --realm "$realm"
check 'a second docketd: the first goes on' next_is lib/A 2
kill_docketd
chmod 777 "$realm"
refuses 'a realm with mode 777' 4 'chmod' "$docketd" --realm "$realm"
refuses 'a realm with mode 777, docket next' 4 'chmod' "$docket" next lib/A --no-start
chmod 770 "$realm"
refuses 'a realm with mode 770' 4 'chmod' "$docketd" --realm "$realm"
chmod 700 "$realm"
refuses 'a dead docketd, docket next' 3 'docketd' "$docket" next lib/A --timeout 0.3 --no-start
check 'a realm that was put right: is served' serve
check 'a realm that was put right: no number was burnt' next_is lib/A 3

# ---- runtime directories --------------------------------------------------

echo "runtime directories"
kill_docketd
make_realm
if [ "$(stat -f -c %T "$work")" = tmpfs ]; then
    skip 'a runtime_dir on a disk (here everything is tmpfs)'
else
    mkdir -m 700 "$work/disk"
    printf '[realm]\nruntime_dir = %s\n' "$work/disk" >"$realm/docket.conf"
    refuses 'a runtime_dir on a disk' 4 'tmpfs' "$docketd" --realm "$realm" --create
    check 'a runtime_dir on a disk: nothing is left in it' test -z "$(ls "$work/disk")"
    printf '[realm]\nruntime_dir = %s\n' "$work/disk/new" >"$realm/docket.conf"
    refuses 'a runtime_dir to be made on a disk' 4 'tmpfs' "$docketd" --realm "$realm" --create
    check 'a runtime_dir to be made on a disk: is not left behind' test ! -e "$work/disk/new"
fi
make_realm
chmod 777 "$realm_runtime"
refuses 'a runtime_dir with mode 777' 4 'chmod' "$docketd" --realm "$realm" --create
make_realm
rmdir "$realm_runtime"
mkdir -m 700 "$runtime/elsewhere"
ln -s "$runtime/elsewhere" "$realm_runtime"
refuses 'a runtime_dir that is a link' 4 'link' "$docketd" --realm "$realm" --create
if [ "$(id -u)" = 0 ]; then
    make_realm
    chown 12345 "$realm_runtime"
    refuses 'a runtime_dir of another user' 4 '12345' "$docketd" --realm "$realm" --create
else
    skip 'a runtime_dir of another user (needs root)'
fi

mount_tiny() {
    tiny=$work/tiny
    mkdir -m 700 "$tiny"
    mount -t tmpfs -o "size=$1,mode=0700" tmpfs "$tiny" 2>/dev/null
}
unmount_tiny() { umount -l "$tiny" 2>/dev/null || true; rmdir "$tiny" 2>/dev/null || true; }
for size in 64k 256k; do
    make_realm
    if [ "$(id -u)" = 0 ] && mount_tiny "$size"; then
        printf '[realm]\nruntime_dir = %s\n' "$tiny" >"$realm/docket.conf"
        refuses "a tmpfs of $size" 1 'No space left' "$docketd" --realm "$realm" --create
        check "a tmpfs of $size: names what to do" grep -q 'enlarge' "$said"
        check "a tmpfs of $size: no desk is half made" \
            test -z "$(find "$tiny" \( -name 'board*' -o -name 'table*' -o -name socket \) -print)"
        unmount_tiny
        sed -i "s|^runtime_dir.*|runtime_dir = $realm_runtime|" "$realm/docket.conf"
        check "a tmpfs of $size, then a larger one: is served" serve
        check "a tmpfs of $size, then a larger one: gives 1" next_is lib/A 1
        kill_docketd
    else
        skip "a tmpfs of $size (needs root and mount)"
    fi
done
make_realm
if [ "$(id -u)" = 0 ] && mount_tiny 1400k; then
    printf '[realm]\nruntime_dir = %s\n' "$tiny" >"$realm/docket.conf"
    check 'a tmpfs that fills up: is served at first' serve --create
    fill_up() {
        local i
        dd if=/dev/zero of="$tiny/filler" bs=4k 2>/dev/null || true
        for ((i = 1; i <= 1100; i++)); do
            "$docket" next "lib/S$i" --no-start >>"$work/fill.out" 2>"$said" || return 0
        done
        echo "1100 series fit"
        return 1
    }
    check 'a tmpfs that fills up: a call is refused' fill_up
    check 'a tmpfs that fills up: says so' grep -q 'No space left' "$said"
    check 'a tmpfs that fills up: docketd lives' is_running "$docketd_pid"
    rm -f "$tiny/filler"
    check 'a tmpfs that has room again: gives numbers' next_is lib/after 1
    kill_docketd
    unmount_tiny
else
    skip 'a tmpfs that fills up (needs root and mount)'
fi

# ---- stores ---------------------------------------------------------------

echo "stores"
make_realm
check 'a store: is made' serve --create
check 'a store: gives 1' next_is lib/A 1
check 'a store: stops in order' stop
cp -a "$realm/store" "$work/store.old"
check 'a store: is served again' serve
check 'a store: goes on' next_is lib/A 2
"$docket" next lib/A -n 5000 --no-start >/dev/null
kill_docketd
cp -a "$realm/store" "$work/store.new"
rm -rf "$realm/store"
cp -a "$work/store.old" "$realm/store"
refuses 'an older store beside live files' 4 'older' "$docketd" --realm "$realm"
rm -rf "${realm_runtime:?}"/*
refuses 'an older store without live files' 4 'older' "$docketd" --realm "$realm"
check 'an older store: the sentence says what to do' grep -q -e '--accept-store' "$said"
rm -rf "$realm/store"
cp -a "$work/store.new" "$realm/store"
check 'the newer store put back: is served' serve
above() {
    local got
    got=$("$docket" next lib/A --no-start --json | sed -n 's/.*"number":\([0-9]*\).*/\1/p')
    echo "number ${got:-missing}, wanted one above $1"
    [ -n "$got" ] && [ "$got" -gt "$1" ]
}
check 'the newer store put back: never a lower number' above 5002
check 'the newer store put back: stops in order' stop
rm -rf "$work/store.new"
cp -a "$realm/store" "$realm/witness" "$work/"
mv "$work/store" "$work/store.new"
cp -a "$realm_runtime" "$work/files.new"
cp -a "${XDG_STATE_HOME:?}" "$work/state.new"
# Store, witnesses and runtime files as they were after that stop.
put_back() {
    rm -rf "$realm/store" "${realm_runtime:?}"/* "${XDG_STATE_HOME:?}"
    cp -a "$work/state.new" "$XDG_STATE_HOME"
    cp -a "$work/store.new" "$realm/store"
    cp -a "$work/witness" "$realm/witness"
    cp -a "$work/files.new"/. "$realm_runtime/"
}

# damaged PLACE: one byte of data.mdb is changed; refused with a sentence, or
# served without a number that was given before
damaged() {
    local code=0 number
    put_back
    flip "$realm/store/data.mdb" "$1"
    run_child "$work/damaged.log" "$docketd" --realm "$realm"
    docketd_pid=$child
    wait_until 20 serves_or_ended || code=1
    if is_running "$docketd_pid"; then
        number=$("$docket" next lib/A --no-start --json 2>"$work/damaged.err" | sed -n 's/.*"number":\([0-9]*\).*/\1/p')
        kill_docketd
        if [ -z "$number" ]; then
            silent=$((silent + 1))
            grep -q . "$work/damaged.err"
            return
        fi
        served=$((served + 1))
        [ "$number" -gt 5003 ] || echo "byte $1: served number $number again"
        [ "$number" -gt 5003 ]
        return
    fi
    wait_child "$docketd_pid" || code=$?
    docketd_pid=''
    [ "$code" -lt 128 ] || echo "byte $1: ended by signal $((code - 128))"
    grep -q error "$work/damaged.log" || echo "byte $1: no sentence"
    refused=$((refused + 1))
    [ "$code" -gt 0 ] && [ "$code" -lt 128 ] && grep -q error "$work/damaged.log"
}
flip() {
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    # shellcheck disable=SC2059
    printf "\\x$(printf '%02x' $((byte ^ 0x41)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
# The heads of LMDB's pages, where a wrong byte leads astray, and others evenly.
damage_many() {
    local at page turn bad=0
    refused=0 served=0 silent=0
    local -a places=() chosen=()
    mapfile -t places < <(cmp -l "$work/store.new/data.mdb" /dev/zero 2>/dev/null | awk '{print $1 - 1}')
    for page in 0 1 2 3 4 5 6 7; do
        chosen+=($((page * 4096 + 10)) $((page * 4096 + 12)) $((page * 4096 + 15)))
    done
    for ((turn = 0; turn < 36; turn++)); do
        chosen+=("${places[$((turn * ${#places[@]} / 36))]}")
    done
    for at in "${chosen[@]}"; do
        : >"$work/damaged.log"
        damaged "$at" || bad=$((bad + 1))
    done
    echo "$refused refused, $silent served but gave nothing, $served served and gave, $bad wrong"
    [ "$bad" = 0 ] && [ "$refused" -gt 0 ]
}
check 'a store with one byte changed, at 60 places: refused with a sentence, or never a lower number' damage_many
note "$(tail -n 1 "$work/case.out")"
truncate_store() {
    put_back
    truncate -s "$1" "$realm/store/data.mdb"
}
for size in 0 100 4096 12288; do
    truncate_store "$size"
    : >"$said"
    not_served() {
        local code=0
        timeout 20 "$docketd" --realm "$realm" >"$said" 2>&1 </dev/null || code=$?
        cat "$said"
        echo "exit code $code"
        [ "$code" -gt 0 ] && [ "$code" -lt 124 ] && grep -q error "$said"
    }
    check "a store cut to $size bytes: refused with a sentence" not_served
done

# ---- declared series ------------------------------------------------------

echo "declared series, desks"
make_realm 'series = declared'
check 'a declared-only realm: is served' serve --create
refuses 'a series that is not declared' 1 'series add' "$docket" next lib/A --no-start
check 'series add' ended 0 "$docket" series add lib/A --no-start
check 'a series that was declared: gives 1' next_is lib/A 1
refuses 'a typo' 1 'not declared' "$docket" next lib/a --no-start
check 'a typo: made nothing' eval '! "$docket" series list | grep -q lib/a'
kill_docketd

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    make_realm 'access = shared' '[desk till]' 'tenants = shop' 'user = 4711' '[desk group]' 'tenants = club' 'group = 4712'
    chmod 711 "$work" "$runtime" "$realm" "$realm_runtime"
    as() { echo "setpriv --reuid=$1 --regid=$2 --clear-groups"; }
    # Binaries and libraries that everybody may read.
    mkdir -m 755 "$work/bin"
    cp "$docket" "$(dirname "$docket")"/libdocket.so.? "$work/bin/"
    theirs=$work/bin/docket
    # shellcheck disable=SC2046
    {
    check 'desks of their own: are served' serve --create
    check 'a desk by uid: its user sits there' ended 0 $(as 4711 4711) "$theirs" next shop/INV --no-start
    refuses 'a desk by uid: another user may not' 3 '4720' $(as 4720 4720) "$theirs" next shop/INV --no-start
    check 'a desk by group: its group sits there' ended 0 $(as 4720 4712) "$theirs" next club/INV --no-start
    refuses 'a desk by group: another group may not' 3 'may not use' $(as 4711 4711) "$theirs" next club/INV --no-start
    check 'the default desk: anybody, for access is shared' ended 0 $(as 4720 4720) "$theirs" next lib/INV --no-start
    refuses 'fate of everything: not for those of one desk' 3 'may not use' $(as 4711 4711) "$theirs" fate --all --no-start
    check 'the refused took no number' next_is shop/INV 2
    stranger_reads() { $(as 4720 4720) cat "$realm_runtime"/*/table-1; }
    check "a desk's files: a stranger cannot open them" eval '! stranger_reads >/dev/null 2>&1'
    }
    kill_docketd
else
    skip 'tenants at desks of their own, by uid and group (needs root and setpriv)'
fi

# ---- stopping and starting ------------------------------------------------

echo "stopping and starting"
make_realm
check 'SIGTERM: served before' serve --create
for order in strict leased; do
    "$docket" series add "lib/$order" --order "$order" --no-start >/dev/null
    "$docket" next "lib/$order" -n 100 --no-start >/dev/null
done
# Clean stops cost nothing: what the ended process did not use comes back.
stop_and_start() {
    local round order
    for ((round = 1; round <= 5; round++)); do
        stop || return 1
        serve || return 1
        for order in strict leased; do
            next_is "lib/$order" $((100 + round)) || return 1
        done
    done
}
check 'SIGTERM and start, 5 times: numbers go on without a gap' stop_and_start
check 'SIGTERM: ends with code 0' stop
check 'SIGTERM: says so' grep -q 'stopped in order' "$work/docketd.log"
rm -rf "${realm_runtime:?}"/*
check 'SIGTERM, then the runtime files are lost: is served' serve
check 'SIGTERM, then the runtime files are lost: strict goes on' next_is lib/strict 106
check 'SIGTERM, then the runtime files are lost: leased goes on' next_is lib/leased 106
check 'SIGTERM, then the runtime files are lost: nothing is unknown' \
    eval '! "$docket" fate --all --no-start | grep -q unknown'
# given FILE: every number of its JSON, one a line
given() { grep -o '"number":[0-9]*' "$1" | grep -o '[0-9]*'; }
block_stays_given() {
    local first last
    "$docket" block lib/leased -n 50 --no-start --json >"$work/block.json" || return 1
    first=$(sed -n 's/.*"first":\([0-9]*\).*/\1/p' "$work/block.json")
    last=$(sed -n 's/.*"last":\([0-9]*\).*/\1/p' "$work/block.json")
    "$docket" next lib/leased -n 2000 --no-start --json >"$work/next.json" || return 1
    echo "block $first to $last"
    [ $((last - first)) = 49 ] && [ "$(given "$work/next.json" | sort -u | grep -c .)" = 2000 ] &&
        ! given "$work/next.json" | awk -v a="$first" -v b="$last" '$1 >= a && $1 <= b' | grep .
}
check 'a block that a command printed: is not given again when the command has ended' block_stays_given
kill_docketd

# ---- readiness ------------------------------------------------------------

listener='import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(20)
open(sys.argv[2], "w").close()
for _ in range(int(sys.argv[3])):
    print(s.recv(4096).decode(), flush=True)'
if command -v python3 >/dev/null; then
    make_realm
    run_child "$work/notified" python3 -c "$listener" "$work/notify" "$work/listens" 2
    listening=$child
    wait_until 10 test -e "$work/listens" || true
    export NOTIFY_SOCKET=$work/notify
    check 'readiness: served' serve --create
    check 'readiness: READY=1 came' wait_until 10 grep -q '^READY=1$' "$work/notified"
    check 'readiness: stops in order' stop
    check 'readiness: STOPPING=1 came' wait_until 10 grep -q '^STOPPING=1$' "$work/notified"
    wait_child "$listening" || true
    export NOTIFY_SOCKET=$work/nobody-listens-there
    check 'nobody listens at NOTIFY_SOCKET: is served all the same' serve
    kill_docketd
    unset NOTIFY_SOCKET
else
    skip 'readiness by datagram (needs python3)'
fi

finish
