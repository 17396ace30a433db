#!/bin/sh
# A server that waits for another process as well as for requests: remotefs and remoted of the examples.
. /lib/mount.sh

socket=$work/socket
remoted "$socket" &
remoted=$!
await test -S "$socket" || fail "remoted does not listen"
serve remotefs -s "$socket"

# Operations that wait for their answers, several at a time.
for n in 1 2 3 4 5 6 7 8; do
	(
		mkdir $mnt/dir$n
		for file in 1 2 3 4 5 6 7 8 9 10; do
			echo "$n $file" >$mnt/dir$n/file$file
		done
		dd if=/bin/posix of=$mnt/dir$n/large bs=64k 2>/dev/null
	) &
	writers="${writers:-} $!"
done
for writer in $writers; do
	ends "$writer" writer
	same "$status" 0
done
same "$(cat $mnt/dir7/file9)" "7 9"
cmp /bin/posix $mnt/dir3/large
rm -r $mnt/dir1
fails_by 'No such file' cat $mnt/dir1/file1
same "$(ls $mnt | wc -l)" 7
unmount

# Another one finds what was left, and ends with remoted, though nobody asks for anything.
serve remotefs -s "$socket"
same "$(cat $mnt/dir2/file10)" "2 10"
kill -KILL $remoted
ends $remoted remoted
server_ends
