#!/bin/sh
# Servers that are written for NetBSD, the same sources as over FUSE: one that keeps files in memory, one that shows a directory by the system's own calls,
# and one over the null layer that changes names and contents on their way.
. /lib/mount.sh

listed() { ls -A "$1" | tr '\n' ' '; }

serve shelffs -s -o nosuid,nodev,noexec
grep " $mnt " /proc/mounts | grep -q 'rw.*nosuid.*nodev.*noexec' || fail "$(grep " $mnt " /proc/mounts)"
cd $mnt
echo one >a
echo two >>a
mkdir -p dir/below
ln a dir/same
ln -s dir/same link
mkfifo fifo
same "$(stat -c %h a dir | tr '\n' ' ')" "2 3 "
same "$(stat -c %i a)" "$(stat -c %i dir/same)"
same "$(tail -n 1 link)" two
echo other >b
mv b a
same "$(cat a)" other
same "$(stat -c %h dir/same)" 1
mkdir empty
fails_by 'not empty' rmdir dir
mv dir empty/dir
same "$(head -n 1 empty/dir/same)" one
chmod 640 a
chown 11:12 a
truncate -s 4 a
truncate -s 6 a
touch -d '2001-09-09 01:46:40' a
same "$(stat -c '%a %u:%g %s %Y' a)" "640 11:12 6 $(date -d '2001-09-09 01:46:40' +%s)"
same "$(od -An -c a | tr -d ' ')" 'othe\0\0'
same "$(stat -f -c '%b %f %a %c %d' .)" "1000 600 500 $(stat -f -c '%c %d' .)"
exec 4<a
rm a
same "$(head -c 4 <&4)" othe
exec 4<&-
mkdir many
names make many 1 1 600 || fail "names"
names list many | sort >$work/got
seq 600 | sed s/^/the-name-of-file-number-/ | sort | cmp - $work/got || fail "not each name, or not once"
rm -r many empty
same "$(listed .)" "fifo link "
cd /
unmount
grep -q 'shelffs: 3 nodes' $log || fail "not all was reclaimed: $(cat $log)"

# Names in capitals, nothing to change.
host=$work/host
mkdir -p $host/sub $host/many
echo contents >$host/file.txt
cp /bin/posix $host/sub/Mixed
ln -s file.txt $host/link
names make $host/many 1 1 500
serve glassfs -s -o nodev,depth=0x10 $host
same "$(listed $mnt)" "FILE.TXT LINK MANY SUB "
same "$(ls $mnt/MANY | wc -l)" 500
same "$(cat $mnt/FILE.TXT)" contents
cmp /bin/posix $mnt/SUB/MIXED
same "$(readlink $mnt/LINK)" file.txt
fails_by 'No such file' cat $mnt/file.txt
same "$(stat -c '%i %a %h' $mnt/SUB)" "$(stat -c '%i %a %h' $host/sub)"
fails_by 'Read-only' touch $mnt/NEW
same "$(stat -f -c '%b %S %l' $mnt)" "$(stat -f -c '%b %S %l' $host)"
unmount

# Names and contents in a cipher, both ways.
rm -r $host
mkdir $host
echo jbeyq >$host/uryyb
serve cipherfs -s -o nosuid $host
same "$(listed $mnt)" "hello "
same "$(cat $mnt/hello)" world
mkdir $mnt/dir
echo text >$mnt/dir/new
same "$(cat $host/qve/arj)" grkg
mv $mnt/dir $mnt/other
same "$(cat $mnt/other/new)" text
same "$(cat $host/bgure/arj)" grkg
fails_by 'No such file' cat $mnt/dir/new
rm -r $mnt/other
same "$(listed $host)" "uryyb "
unmount

# Whoever waits for one that is killed is told.
serve shelffs -s
callers create $mnt >$work/callers 2>&1 &
caller=$!
await grep -q ready $work/callers || fail "not ready: $(cat $work/callers)"
kill -USR1 $caller
await grep -q go $work/callers
kill_server
ends $caller create
same $status 0
umount $mnt
