#!/bin/sh
# File handles: of servers that give them, and of those that do not.
. /lib/mount.sh

mkdir $work/under
echo text >$work/under/file
serve nullfs -s $work/under
handles $mnt file || fail "of nullfs"
unmount

serve waitfs
handles $mnt forgotten || fail "of waitfs"
unmount

serve memfs
: >$mnt/file
handles $mnt none || fail "of memfs"
unmount
