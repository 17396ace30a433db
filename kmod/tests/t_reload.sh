#!/bin/sh
# The module comes and goes, 20 times, with an open file in between and a parameter; it does not go while it is used.
set -e

[ "$(stat -c '%a %u %g' /dev/puffs)" = "600 0 0" ]
for round in $(seq 20); do
	exec 4<>/dev/puffs
	! rmmod puffs 2>/dev/null
	exec 4>&-
	rmmod puffs
	[ ! -e /dev/puffs ]
	insmod /puffs.ko group=$((1000 + round))
	[ "$(stat -c '%a %u %g' /dev/puffs)" = "660 0 $((1000 + round))" ]
	[ "$(cat /sys/module/puffs/parameters/group)" = $((1000 + round)) ]
done
