#!/bin/sh
# memfs.rs, a server over the Rust trait, mounted by the module: files, the POSIX suite against tmpfs, random operations, its death
# under load, and its ends.
. /lib/mount.sh

mkdir -p /mnt/tmpfs $work/out
mount -t tmpfs -o mode=755 tmpfs /mnt/tmpfs

serve memfs-rs -s 64m
before=$(room)
cp -a /lib /tests /init $mnt
for dir in lib tests; do
	diff -r /$dir $mnt/$dir
done
cmp /init $mnt/init
mkdir $mnt/tree
trees $mnt/tree 7 1500 >$work/out/trees
rm -r $mnt/lib $mnt/tests $mnt/init $mnt/tree
room_is "$before"

for topic in names make link removal rename renamepaths readdir chmod chown perm sticky setgid truncate rw nlink; do
	posix /mnt/tmpfs $topic >$work/out/tmpfs 2>&1
	posix $mnt $topic >$work/out/memfs 2>&1 || :
	awk -v topic=$topic -f /lib/posix.awk /lib/posix.known $work/out/tmpfs $work/out/memfs
done
room_is "$before"
unmount

# A signal ends it although a file is open.
serve memfs-rs
exec 4>$mnt/file
kill -TERM $server
server_ends
exec 4>&-

# Its death ends whoever is in the middle of something.
serve memfs-rs
callers=
for kind in read write list create stat; do
	callers $kind $mnt >$work/out/$kind 2>&1 &
	callers="$callers $!"
done
for kind in read write list create stat; do
	await grep -q ready $work/out/$kind || fail "$kind is not ready"
done
for caller in $callers; do
	kill -USR1 $caller
done
for kind in read write list create stat; do
	await grep -q go $work/out/$kind || fail "$kind does not go"
done
kill_server
for caller in $callers; do
	ends $caller caller
	[ $status -eq 0 ] || fail "a caller ended with $status: $(cat $work/out/*)"
done
umount $mnt
