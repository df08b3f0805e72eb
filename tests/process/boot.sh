#!/bin/bash
# SPDX-License-Identifier: MIT
#
# boot: becomes systemd over a copy of this machine's files, in namespaces that
# its caller has made, so that nothing of the machine is touched: the files are
# overlays in memory, /proc/sys and /sys are read-only, the network is none, and
# of systemd's own units only those run that make users and folders.
#
#     unshare --mount --pid --fork --kill-child=SIGKILL --ipc --uts --net --cgroup -- boot.sh TOP FOLDER
#
# TOP: the source tree, overlaid too. FOLDER: empty, for the mounts.
set -euo pipefail
top=$1 at=$2
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$at"
mkdir "$at"/{upper,work,root,tree_upper,tree_work}
mount -t overlay -o "lowerdir=/,upperdir=$at/upper,workdir=$at/work" overlay "$at/root"
mkdir -p "$at/root$top"
mount -t overlay -o "lowerdir=$top,upperdir=$at/tree_upper,workdir=$at/tree_work" overlay "$at/root$top"
cd "$at/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount --bind /dev/null proc/sysrq-trigger 2>/dev/null || true
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for node in null zero full random urandom tty; do
    touch "dev/$node"
    mount --bind "/dev/$node" "dev/$node"
done
mkdir dev/shm dev/pts dev/mqueue dev/hugepages
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd

# Nothing that this machine has enabled, and of what systemd brings almost nothing.
mount -t tmpfs -o mode=755 tmpfs etc/systemd
mkdir -p etc/systemd/system
for unit in {,usr/}lib/systemd/system/{sysinit,sockets,timers,paths,local-fs,basic,multi-user}.target.wants/*; do
    name=$(basename "$unit")
    case $name in
    systemd-sysusers.service | systemd-tmpfiles-setup.service | '*') ;;
    *) ln -sf /dev/null "etc/systemd/system/$name" ;;
    esac
done
printf '[Unit]\nRequires=basic.target\nAfter=basic.target\nAllowIsolate=yes\n' >etc/systemd/system/walk.target
: >etc/fstab
echo uninitialized >etc/machine-id
pivot_root . mnt
umount -l /mnt
exec env -i container=docket PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    setpriv --bounding-set -sys_module,-sys_time,-sys_boot,-sys_rawio,-syslog,-audit_control,-audit_read -- \
    /lib/systemd/systemd --system --unit=walk.target --log-target=console --show-status=no
