#!/bin/sh
# What a server changes on its own is believed as long as it allowed, an hour, and no longer than until it says that it is stale.
. /lib/mount.sh

tell() { echo "$1" >$mnt/control; }
last() { tail -n 1 $log; }

serve stalefs
same "$(cat $mnt/1)" 1
fails_by "No such file" cat $mnt/2
tell next
same "$(cat $mnt/1)" 1

# Names of one directory, and all. Contents and attributes stay what they were.
tell names
same "$(last)" "names: done"
fails_by "No such file" cat $mnt/1
same "$(cat $mnt/2)" 1
tell next
same "$(cat $mnt/2)" 1
tell all
same "$(last)" "all: done"
fails_by "No such file" cat $mnt/2
same "$(cat $mnt/3)" 1

# Contents, read and mapped.
tell pages
same "$(last)" "pages: done"
same "$(cat $mnt/3)" 3
mapped $mnt/3 read 3 >$work/mapped 2>&1 &
mapper=$!
await grep -q 3 $work/mapped
tell next
tell pages
same "$(last)" "pages: done"
kill -USR1 $mapper
await grep -q 4 $work/mapped || fail "mapped: $(cat $work/mapped)"
ends $mapper
same $status 0

# What a program has changed through a mapping.
tell names
mapped $mnt/4 write 7 >$work/mapped 2>&1 &
mapper=$!
await grep -q 7 $work/mapped
! grep -q "written" $log
tell write
await grep -q "written: 7" $log || fail "not written: $(cat $log)"
kill -USR1 $mapper
ends $mapper
same $status 0
same "$(cat $mnt/4)" 7

tell wrong
grep -q "names of a file: Invalid argument" $log
grep -q "pages of a directory: Invalid argument" $log
grep -q "pages of nobody: No such file" $log
grep -q "pages behind the end: Invalid argument" $log
grep -q "pages backwards: Invalid argument" $log
unmount
