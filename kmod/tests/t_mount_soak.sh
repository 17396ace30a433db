#!/bin/sh
# Names are looked up and forgotten again and again, as caches fill and are dropped, while a file is in use. The server's memory does not grow by it.
# Long: memfs nullfs memfs-rs
. /lib/mount.sh
one_processor

rounds=12
[ -z "${LONG:-}" ] || rounds=60
# After so many all that is kept for later has been allocated.
warm=4

# KiB that the server has of its own.
memory() { awk '/^Private_Dirty:/ { print $2 }' /proc/$server/smaps_rollup; }

# All names are looked up, some lead to other files then, and whatever nobody uses is forgotten.
churn() {
	for dir in $mnt/dir*; do
		stat $dir/* >/dev/null
		rm $dir/the-name-of-file-number-$(($1 % 9 + 1))
		names make $dir $(($1 % 9 + 1)) 1 $(($1 % 9 + 1))
	done
	echo 2 >/proc/sys/vm/drop_caches
	same "$(cat <&4)" "in use"
	exec 4<&-
	exec 4<$mnt/used
}
fill() {
	for dir in 1 2 3 4 5 6 7 8; do
		mkdir $mnt/dir$dir
		names make $mnt/dir$dir 1 1 60
	done
	echo in use >$mnt/used
	exec 4<$mnt/used
}
empty() {
	exec 4<&-
	rm -r "${mnt:?}"/*
	room_is "$before"
	unmount
}

serve_files 100m
before=$(room)
fill
for round in $(seq $rounds); do
	churn "$round"
	[ "$round" -ne $warm ] || was=$(memory)
done
# A few bytes for each lookup.
grown=$(($(memory) - was))
[ $grown -le 64 ] || fail "$grown KiB more than $was"
empty

# They were really forgotten.
export PUFFS_STATS=1
serve_files 100m
before=$(room)
fill
churn 1
churn 2
empty
reclaims=$(awk '$1 == "reclaim" { print $2 }' $log)
[ "$reclaims" -ge 800 ] || fail "$reclaims reclaims: $(cat $log)"
