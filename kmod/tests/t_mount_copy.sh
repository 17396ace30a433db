#!/bin/sh
# A tree of all kinds of files is copied into the file system, is the same there, and goes again with all that it used.
# Servers: memfs nullfs memfs-rs
. /lib/mount.sh
one_processor

# All that stat tells and that a copy has as well. A directory's size is the file system's own affair, and busybox sets no link's time.
describe() {
	(
		cd "$1"
		find . ! -type d ! -type l -exec stat -c '%n %F %a %u:%g %h %s %t:%T %Y' {} +
		find . -type d -exec stat -c '%n %F %a %u:%g %h %Y' {} +
		find . -type l -exec stat -c '%N %a %u:%g %h %s' {} +
		find . -type f -exec md5sum {} +
	) | sort
}

src=$work/src
mkdir -p $src/many $src/empty
cp /bin/busybox $src/large
seq 100000 >$src/text
for n in $(seq 30); do
	echo "number $n" >$src/many/$n
done
deep=$src/deep
for n in $(seq 10); do
	deep=$deep/directory-$n
done
mkdir -p $deep
echo down here >$deep/file
ln -s ../many/7 $src/empty/link
ln -s "$(seq -s / 900)" $src/long-link
ln -s nowhere $src/dangling
ln $src/large $src/another-name
ln $src/many/1 $src/many/one
mkfifo -m 640 $src/fifo
mknod $src/null c 1 3
mknod $src/disk b 7 200
touch -d '1999-12-31 23:59:59' $src/old $src/empty
chmod 4751 $src/text
chmod 1777 $src/many
chown -h 1000:1000 $src/dangling $src/many/2
chmod 0 $src/many/3
printf 'a\nb' >"$src/name with
a line break"

serve_files 200m
before=$(room)
cp -a $src $mnt/copy
describe $src >$work/want
describe $mnt/copy >$work/got
diff $work/want $work/got || fail "the copy differs"
cmp $src/text $mnt/copy/text
[ "$(df -k $mnt | awk 'NR == 2 { print $3 }')" -gt 2500 ] || fail "nothing was used: $(df -k $mnt)"

# The same again once the kernel has to ask for it.
echo 3 >/proc/sys/vm/drop_caches
describe $mnt/copy >$work/got
diff $work/want $work/got || fail "the copy differs when it is asked for again"

# From the mount to itself, and out of it.
cp -a $mnt/copy $mnt/second
describe $mnt/second >$work/got
diff $work/want $work/got || fail "the copy of the copy differs"
tar -C $mnt -cf $work/tar second
mkdir $work/out
tar -C $work/out -xf $work/tar
(cd $src && find . -type f -exec md5sum {} +) | sort >$work/sums
(cd $work/out/second && find . -type f -exec md5sum {} +) | sort | diff $work/sums - || fail "what was packed differs"

# Moved, it is the same; removed, it is gone.
mkdir $mnt/elsewhere
mv $mnt/copy $mnt/elsewhere/moved
fails stat $mnt/copy
describe $mnt/elsewhere/moved >$work/got
diff $work/want $work/got || fail "the moved copy differs"
mv $mnt/second/large $mnt/second/text
same "$(stat -c %h $mnt/second/another-name)" 2
rm $mnt/second/text
same "$(stat -c %h $mnt/second/another-name)" 1
cmp $mnt/second/another-name /bin/busybox
fails rmdir $mnt/elsewhere
rm -r $mnt/elsewhere $mnt/second
[ -z "$(ls -A $mnt)" ] || fail "left: $(ls -A $mnt)"
room_is "$before"
unmount
