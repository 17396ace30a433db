#!/bin/sh
# The module beside fuse.ko in one boot of Debian's kernel under QEMU: bench/peers. Nothing here passes or fails, unless servers give
# different answers.
#
# kmod-bench.sh check DIR                  succeeds when it can run; else says what is missing
# kmod-bench.sh build DIR                  compiles servers and driver, with warnings as errors, to DIR/peers
# kmod-bench.sh run DIR                    runs them with DIR/plain/puffs.ko, and prints tables
#
# PUFFS_STAGE= as mk/guest.sh has it. SIDES= are the servers: `ours` by the server library, `device` by the device's calls themselves, `peer` over
# /dev/fuse, `checked` the same with the kernel checking permissions, as puffs.ko does; `overfuse` is `ours` over /dev/fuse. ROUNDS= of the times.
# PHASES= are boots: `one` and `two` processors, `instructions`; and `calls`, which counts system calls on two.
set -eu

dir=$2 out=$2/peers
: "${CC:=cc}" "${SIDES:=ours device checked peer}" "${ROUNDS:=9}" "${PHASES:=one two instructions}"
# Seconds, for each boot.
: "${LIMIT:=280}"
. mk/guest.sh
fuse=$dir/images/lib/modules/$kernel/kernel/fs/fuse/fuse.ko

case $1 in
check)
    guest_check
    [ -e "$fuse" ] || {
        echo "fuse.ko of Debian's kernel $kernel is not here (make deps)" >&2
        exit 1
    }
    ;;
build)
    mkdir -p "$out"
    libs=$(guest_libs)
    flags="-std=gnu11 -O2 -g -Wall -Wextra -Werror -static -pthread -I$PUFFS_STAGE/include"
    compile() {
        name=$1
        shift
        # shellcheck disable=SC2086 # a list
        "$CC" $flags -o "$out/$name" "$@"
    }
    compile fuse_server bench/peers/fuse_server.c
    compile raw_server bench/peers/raw_server.c
    # shellcheck disable=SC2086 # a list
    compile puffs_server bench/peers/puffs_server.c $libs
    compile drive bench/peers/drive.c bench/peers/jobs.c bench/peers/counting.c
    ;;
run)
    guest_root bench/peers/init modules mnt
    cp "$fuse" "$root/modules/"
    objcopy -g "$dir/plain/puffs.ko" "$root/modules/puffs.ko"
    for program in fuse_server raw_server puffs_server drive; do
        objcopy -g "$out/$program" "$root/$program"
    done
    : >"$out/lines"
    for phase in $PHASES; do
        case $phase in
        one) set -- "" -smp 1 ;;
        two) set -- "idle=poll" -smp 2 ;;
        # What makes a kernel trace is code that it changes; here it does so before there is a second processor, which under QEMU may not notice.
        calls) set -- "idle=poll trace_event=raw_syscalls:sys_enter trace_buf_size=64k" -smp 2 ;;
        # An instruction takes a nanosecond. A processor that waits gets time for nothing (`sleep=off`), but here somebody always runs.
        instructions) set -- "nokaslr" -smp 1 -icount shift=0,sleep=off -rtc clock=vm ;;
        *)
            echo "not a phase: $phase" >&2
            exit 2
            ;;
        esac
        append="tsc=reliable $1 PHASE=$phase ROUNDS=$ROUNDS \"SIDES=$SIDES\""
        shift
        started=$(date +%s)
        guest_run "$LIMIT" "$append" "$@"
        echo "$phase: $(($(date +%s) - started)) seconds" >&2
        [ "$(tail -n 1 "$out/result")" = end ] || {
            echo "the end of what the guest said:" >&2
            tail -n 40 "$out/result" "$out/console.txt" >&2
            exit 1
        }
        cat "$out/result" >>"$out/lines"
    done
    echo "Debian's kernel $kernel in $(qemu-system-x86_64 --version | sed -n '1s/ (.*//p'), ROUNDS=$ROUNDS"
    awk -f bench/peers/tables.awk "$out/lines"
    ;;
*) exit 2 ;;
esac
