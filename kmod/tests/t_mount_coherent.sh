#!/bin/sh
# A file is one file, however it is looked at: read, written and mapped, through the page cache and past it. SEED= repeats the random part.
# Servers: memfs nullfs memfs-rs
. /lib/mount.sh

serve_files 64m
# Only one of them makes holes.
coherent $mnt/random "${SEED:-1}" "$(amount 2000 500)" $([ "$fs" = memfs ] || echo whole) || fail "SEED=${SEED:-1}"
coherent $mnt/beside beside
# Of these the server has little to know.
if [ "$fs" = memfs ]; then
	coherent $mnt/huge huge
	coherent $mnt/direct direct
fi
unmount
