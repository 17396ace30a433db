#!/bin/sh
# A server that answers reads in pieces: nobody takes one for the end of the file, or for zeroes.
. /lib/mount.sh

serve pieces-memfs -s -o size=200m
cp /bin/busybox $mnt/large
seq 3000 >$work/small
cp $work/small $mnt/small

# Some of it, and all at once.
for file in large small; do
	[ $file = large ] && want=/bin/busybox || want=$work/small
	echo 3 >/proc/sys/vm/drop_caches
	for skip in 0 1 2 3; do
		dd if=$want bs=1500 skip=$skip count=1 of=$work/part 2>/dev/null
		dd if=$mnt/$file bs=1500 skip=$skip count=1 2>/dev/null | cmp - $work/part
	done
	echo 3 >/proc/sys/vm/drop_caches
	cmp $mnt/$file $want
	echo 3 >/proc/sys/vm/drop_caches
	dd if=$mnt/$file bs=1M 2>/dev/null | cmp - $want
done
unmount
