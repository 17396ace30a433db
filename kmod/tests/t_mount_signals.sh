#!/bin/sh
# Signals with handlers come all the time while files are worked with: waits for the server end by death alone, and there is no EINTR.
# Servers: memfs nullfs memfs-rs
# Long: yield-memfs
. /lib/mount.sh

serve_files 100m
programs=
for n in 1 2; do
	mkdir $mnt/dir$n
	# The second one has its calls restarted.
	signals $([ $n -eq 1 ] || echo -r) $mnt/dir$n "$(amount 3 1)" >$work/log$n 2>&1 &
	programs="$programs $!"
done
for program in $programs; do
	ends "$program" signals
	[ $status -eq 0 ] || fail "$(cat $work/log?)"
done
unmount
