#!/bin/bash
# SPDX-License-Identifier: MIT
#
# container: what a container runtime does, as far as docket can tell.
#
#     unshare --mount --pid --fork --kill-child=SIGKILL --ipc --net --uts -- \
#         container.sh ROOT UID [ro:|rw:]DIR... -- CMD...
#
# Makes a root of its own in the empty folder ROOT: the machine's /usr, a /proc
# and a /dev, and each DIR at its own place. Runs CMD there in a user namespace,
# as root inside and as UID outside.
set -euo pipefail
root=$1 uid=$2
shift 2
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$root"
mkdir "$root"/{usr,proc,dev,tmp}
mount --rbind -o ro /usr "$root/usr"
for dir in bin lib lib32 lib64 libx32; do
    if [ -L "/$dir" ]; then
        cp -P "/$dir" "$root/$dir"
    elif [ -d "/$dir" ]; then
        mkdir "$root/$dir"
        mount --rbind -o ro "/$dir" "$root/$dir"
    fi
done
mount -t proc proc "$root/proc"
for node in null zero urandom; do
    touch "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
while [ "$1" != -- ]; do
    mkdir -p "$root/${1#r[ow]:}"
    mount --bind "${1#r[ow]:}" "$root/${1#r[ow]:}"
    [[ $1 != ro:* ]] || mount -o remount,bind,ro "$root/${1#r[ow]:}"
    shift
done
shift
mount -o remount,bind,ro "$root"
exec setpriv --reuid "$uid" --regid "$uid" --clear-groups -- \
    unshare --user --map-root-user --root="$root" --wd=/ -- "$@"
