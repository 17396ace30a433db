#!/bin/busybox sh
# How many system calls a server makes that is asked one thing at a time: one each.
. /lib/mount.sh

mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
event=/sys/kernel/tracing/events/raw_syscalls/sys_enter
n=200

# Counts the server's system calls from now on, by number; and how often it has slept.
count() {
	counts="hist:keys=id if common_pid==$server"
	echo "$counts" >$event/trigger
	slept=$(sleeps)
}
sleeps() { awk '/^voluntary/ { print $2 }' /proc/$server/status; }
# The same so far; or of one call.
counted() {
	awk -v only="${1:-}" '/hitcount/ && (only == "" || $3 == only || $3 == only ",") { sum += $NF } END { print sum + 0 }' $event/hist
}

serve memfs -s
stat -f $mnt >/dev/null
count
i=0
while [ $((i += 1)) -le $n ]; do
	stat -f $mnt >/dev/null
done
calls=$(counted) sleeps=$(($(sleeps) - slept))
said="$n questions: $calls calls, of these $(counted 16) of the device; $sleeps sleeps"
echo "$said"
# One more for each question of the kernel's own.
for count in $calls $sleeps; do
	[ "$count" -ge $((n - 1)) ] && [ "$count" -le $((n + n / 10)) ] || fail "$said: $(cat $event/hist)"
done
echo "!$counts" >$event/trigger
unmount

# It sleeps in its device; what ends it otherwise still does.
serve memfs -s
stat -f $mnt >/dev/null
await in_state $server S
kill -TERM $server
server_ends
