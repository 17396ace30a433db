#!/bin/sh
# Every way a mount ends while its server is well: no mount and no process is left, and the server's exit status is 0.
# Servers: memfs nullfs memfs-rs
. /lib/mount.sh

put() { seq 20000 >$mnt/file; }

# By umount: fresh, and with files in it.
serve hello
unmount
serve_files 100m
unmount
serve_files 100m
put
unmount

# By signals.
for signal in INT TERM HUP; do
	serve_files 100m
	put
	kill -$signal $server
	server_ends
done

# As soon as it is there, before the server has done anything.
for round in $(seq "$(amount 10 1)"); do
	serve_files 100m
	unmount
	serve_files 100m
	kill -TERM $server
	server_ends
done

# Not while it is used; it goes on then.
serve_files 100m
put
exec 4<$mnt/file
fails_by busy umount $mnt
same "$(head -n 1 $mnt/file)" 1
same "$(head -n 1 <&4)" 1
exec 4<&-
cd $mnt
fails_by busy umount $mnt
cd /
unmount

# A signal does not wait for whoever holds a file, nor for who writes one.
serve_files 100m
put
exec 4<$mnt/file
kill -TERM $server
server_ends
fails cat <&4
exec 4<&-
serve_files 100m
dd if=/dev/zero of=$mnt/file bs=64k count=100000 2>/dev/null &
copy=$!
large() { [ "$(stat -c %s $mnt/file 2>/dev/null || echo 0)" -gt 1000000 ]; }
await large
kill -TERM $server
server_ends
ends $copy dd
[ $status -ne 0 ] || fail "a copy succeeded without a file system"

# Lazily: the name is gone, the file is not, and the server ends when nobody needs it any more.
serve_files 100m
put
exec 4<$mnt/file
umount -l $mnt
unmounted
same "$(ls -A $mnt)" ""
same "$(tail -n 1 <&4)" 20000
! ended $server
exec 4<&-
server_ends

# By force, with and without somebody there.
serve_files 100m
put
umount -f $mnt
server_ends
serve_files 100m
put
exec 4<$mnt/file
umount -l -f $mnt
server_ends
fails cat <&4
exec 4<&-

# In the background: the mount is there when the parent ends. memfs.rs stays where it is.
case $fs in
memfs) memfs $mnt ;;
nullfs) nullfs $work $mnt ;;
*) exit ;;
esac
mounted || fail "the parent ended before the mount was there"
put
same "$(tail -n 1 $mnt/file)" 20000
umount $mnt
none() { ! pidof $fs >/dev/null; }
await none || fail "the daemon still runs"
