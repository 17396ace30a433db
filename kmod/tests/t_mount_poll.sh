#!/bin/sh
# Files whose server says when they are ready: whoever polls sleeps until then, and waits for nobody. Where the server says nothing, they always are.
. /lib/mount.sh

serve waitfs
polls $mnt $server || fail "of the server"
ends $server waitfs
server=
umount $mnt

serve memfs
: >$mnt/a
polls $mnt || fail "of Linux"
unmount

# A request that is never answered is no reason to stay.
serve waitfs
polls -n $mnt || fail "one that stays"
unmount
