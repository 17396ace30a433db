#!/bin/sh
# Locks that the server keeps: granted, waited for, given back by those who close, end, or do not wait any more. For a server that keeps none
# Linux does.
. /lib/mount.sh

serve lockfs
locks $mnt $server || fail "of the server"
ends $server lockfs
server=
umount $mnt

serve memfs
: >$mnt/a
locks $mnt || fail "of Linux"
unmount
