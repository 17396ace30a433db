#!/bin/busybox sh
# t_peers.sh: the servers that are measured (bench/peers): one by the library and one by the device's calls give the same answers, to everything that is
# measured and more.
set -eu

mkdir -p /mnt/ours /mnt/device
PUFFS_HOST=kmod puffs_server /mnt/ours /tmp/ours
raw_server /mnt/device /tmp/device
drive check ours=/mnt/ours=/tmp/ours device=/mnt/device=/tmp/device
umount /mnt/ours /mnt/device
