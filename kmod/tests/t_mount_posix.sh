#!/bin/sh
# The POSIX suite prints on the file system what it prints on tmpfs, but for what /lib/posix.known says, and /lib/posix.known-SERVER. Topics that
# are thousands of operations are left to LONG=yes (make test-long); for servers other than memfs, so are those in which the server does little.
#
# A tmpfs of old has no attributes of users (before Linux 6.6) and no O_DIRECT: where it fails the suite, the suite must be content with ours.
# Servers: memfs nullfs memfs-rs
. /lib/mount.sh
one_processor

long='names removal rename renameflags chmod append readdir many deep opened sticky suid falloc full race cold tangle'
topics=$(posix -l)
case $fs:${LONG:-} in
*:yes) ;;
memfs:)
	topics=$(for topic in $topics $long; do echo "$topic"; done | sort | uniq -u)
	echo "left to make test-long: $long"
	;;
*) topics='make link rename truncate perm xattr falloc' ;;
esac
tmpfs=/mnt/tmpfs
mkdir -p $tmpfs
cat /lib/posix.known $([ "$fs" = memfs ] || echo "/lib/posix.known-$fs") >$work/known
wrong=0
for topic in $topics; do
	mount -t tmpfs -o size=128m,mode=755 tmpfs $tmpfs
	theirs=0
	posix $tmpfs "$topic" >$work/theirs 2>$work/complaints || theirs=$?
	case $topic:$theirs in
	*:0 | openflags:1 | xattr:1) ;;
	*) fail "on tmpfs, $topic ended with $theirs: $(cat $work/complaints)" ;;
	esac
	umount $tmpfs
	serve_files 128m
	status=0
	posix $mnt "$topic" >$work/ours 2>$work/complaints || status=$?
	[ $status -le 1 ] || fail "on $fs, $topic ended with $status: $(cat $work/ours $work/complaints)"
	unmount
	if [ $theirs -ne 0 ]; then
		awk -v topic="$topic" -v complaints=1 -f /lib/posix.awk $work/known $work/complaints >$work/told
	else
		awk -v topic="$topic" -f /lib/posix.awk $work/known $work/theirs $work/ours >$work/told
	fi
	if [ -s $work/told ]; then
		wrong=$((wrong + 1))
		echo "$topic differs:"
		cat $work/told
	fi
done
exit $wrong
