#!/bin/sh
# Succeeds when a file system can be mounted through /dev/fuse here; else says why not.
set -eu

[ -c /dev/fuse ] || { echo "there is no /dev/fuse" >&2; exit 1; }
# Opening it tells more than its mode bits: a container may refuse.
(: <>/dev/fuse) 2>/dev/null || { echo "/dev/fuse cannot be opened" >&2; exit 1; }
if [ "$(id -u)" -ne 0 ]; then
    command -v fusermount3 >/dev/null || { echo "not root, and there is no fusermount3" >&2; exit 1; }
elif [ $((0x$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status) >> 21 & 1)) -eq 0 ]; then
    echo "root without CAP_SYS_ADMIN" >&2
    exit 1
fi
