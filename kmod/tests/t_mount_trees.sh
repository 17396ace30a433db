#!/bin/sh
# Random operations on a tree of files give what they give on tmpfs, line by line; several at once give nothing that
# cannot be. SEED= gives the same ones again.
# Servers: memfs nullfs memfs-rs yield-memfs
. /lib/mount.sh

tmpfs=/mnt/tmpfs
mkdir -p $tmpfs
: "${SEED:=$(date +%s)}"
echo "SEED=$SEED"
steps=$(amount 500 200)
[ -z "${LONG:-}" ] || steps=20000
for round in 1 2; do
	seed=$((SEED + round))
	mount -t tmpfs -o size=128m tmpfs $tmpfs
	trees $tmpfs $seed $steps >$work/want || fail "tmpfs, seed $seed"
	umount $tmpfs
	serve_files 100m
	before=$(room)
	trees $mnt $seed $steps >$work/got || fail "seed $seed"
	cmp $work/want $work/got || fail "seed $seed: $(diff $work/want $work/got | head -n 20)"
	rm -rf "${mnt:?}"/*
	room_is "$before"
	unmount
done

serve_files 100m
before=$(room)
several=
for n in $(seq 3); do
	trees -a $mnt $((SEED + n)) $steps >$work/log$n 2>&1 &
	several="$several $!"
done
for one in $several; do
	ends "$one" trees
	[ $status -eq 0 ] || fail "$(tail -n 3 $work/log?)"
done
rm -rf "${mnt:?}"/*
room_is "$before"
unmount
