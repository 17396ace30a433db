#!/bin/sh
# A file is one file, however it is looked at: read, written and mapped, through the page cache and past it. SEED= repeats the random part.
. /lib/mount.sh

serve memfs -s -o size=64m
coherent $mnt/random "${SEED:-1}" 2000 || fail "SEED=${SEED:-1}"
coherent $mnt/beside beside
coherent $mnt/huge huge
coherent $mnt/direct direct
unmount
