#!/bin/sh
# Large directories are listed whole, also while names come and go; large offsets, and what changes a file's size.
# Servers: memfs nullfs memfs-rs
. /lib/mount.sh
one_processor

numbered() { seq "$@" | sed s/^/the-name-of-file-number-/ | sort; }

serve_files 200m
mkdir $mnt/dir
n=$(amount 5000 2000)
names make $mnt/dir 1 1 "$n"
numbered 1 1 "$n" >$work/want
names list $mnt/dir | sort >$work/got
cmp $work/want $work/got || fail "$(diff $work/want $work/got | head -n 5)"
# Those that are there all the time are seen once, whatever becomes of others.
(names remove $mnt/dir 2 10 "$n" && names make $mnt/dir 5001 1 5300) &
numbered 1 1 "$n" | grep -v '2$' >$work/want
while ! ended $!; do
	names list $mnt/dir | sort >$work/all
	uniq -d $work/all >$work/twice
	[ ! -s $work/twice ] || fail "twice: $(head -n 5 $work/twice)"
	# The others may be there or not.
	grep -v -- '2$\|-5[0-3]..$' $work/all >$work/got
	grep -v -- '-5000$' $work/want | cmp - $work/got || fail "$(diff $work/want $work/got | head -n 5)"
done
ends $! names
same $status 0
same "$(names list $mnt/dir | wc -l)" $((n - n / 10 + 300))

# Far beyond 4 GiB, with nothing in between.
cd $mnt
dd if=/bin/busybox of=far bs=1M seek=6000 2>/dev/null
size=$(stat -c %s /bin/busybox)
same "$(stat -c %s far)" $((6000 * 1048576 + size))
[ "$(du -k far | cut -f 1)" -lt 8000 ] || fail "holes take memory: $(du -k far)"
dd if=far bs=1M skip=6000 2>/dev/null | cmp - /bin/busybox
dd if=far bs=1M skip=4095 count=3 2>/dev/null | md5sum >$work/got
head -c 3145728 /dev/zero | md5sum | cmp - $work/got
truncate -s $((9 << 40)) far
same "$(stat -c %s far)" $((9 << 40))
bytes() { od -An -tx1 | tr -d ' \n'; }
same "$(dd if=far bs=1M skip=6000 count=3 2>/dev/null | tail -c +$size | head -c 3 | bytes)" "$(tail -c 1 /bin/busybox | bytes)0000"
truncate -s $((6000 * 1048576 + 10)) far
truncate -s $((6000 * 1048576 + 20)) far
same "$(dd if=far bs=1M skip=6000 2>/dev/null | bytes)" "$(head -c 10 /bin/busybox | bytes)00000000000000000000"
rm far

# Ten writers at once append whole lines.
writers=
for writer in $(seq 10); do
	(for line in $(seq 50); do echo "writer $writer line $line"; done >>lines) &
	writers="$writers $!"
done
wait $writers
sort lines >$work/got
for writer in $(seq 10); do
	for line in $(seq 50); do echo "writer $writer line $line"; done
done | sort >$work/want
cmp $work/want $work/got

# Times as they are set.
touch -d '2001-02-03 04:05:06' lines
same "$(stat -c '%X %Y' lines)" "$(date -d '2001-02-03 04:05:06' '+%s %s')"

# A fifo is the kernel's own once it is open.
mkfifo fifo
cat fifo >$work/got &
cat /bin/busybox >fifo
wait $!
cmp /bin/busybox $work/got
cd /
unmount
