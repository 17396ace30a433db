#!/bin/sh
# A server whose operations wait for each other: queuefs of the examples.
. /lib/mount.sh

waiting() { grep -q "jobs: $1" $mnt/status; }
# A process that prints messages into a file as they come.
reader() {
	cat $mnt/jobs >$work/$1 2>$work/$1.error &
}

serve queuefs -s
touch $mnt/jobs
reader first
first=$!
await waiting "0 messages, 1 readers"
echo hello >$mnt/jobs
await grep -q hello $work/first || fail "not read: $(cat $work/first.error)"
await waiting "0 messages, 1 readers"

# Whoever is killed in line gets nothing; the next one does.
reader second
second=$!
await waiting "0 messages, 2 readers"
kill -KILL $first
ends $first "a reader in line"
echo for the second >$mnt/jobs
await grep -q "for the second" $work/second || fail "not read: $(cat $work/second.error)"
[ "$(cat $work/first)" = hello ] || fail "the dead have read: $(cat $work/first)"

# A full queue, of which the writer waits until there is room.
kill -KILL $second
ends $second "a reader in line"
for n in $(seq 16); do
	echo $n >$mnt/jobs
done
echo 17 >$mnt/jobs &
writer=$!
await waiting "16 messages, 0 readers and 1 writers"
reader third
third=$!
ends $writer "a writer in line"
same "$status" 0
await grep -q 17 $work/third
seq 17 | cmp - $work/third

# Its removal, and the end of all, end those who wait.
await waiting "0 messages, 1 readers"
rm $mnt/jobs
ends $third "a reader of a queue that goes"
grep -q "Identifier removed" $work/third.error || fail "told: $(cat $work/third.error)"
touch $mnt/jobs
reader last
last=$!
await waiting "0 messages, 1 readers"
kill -INT $server
ends $last "a reader at the end"
server_ends
