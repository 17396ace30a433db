#!/bin/sh
# Tests of the module inside Debian's kernel, in QEMU without help of the processor's.
#
# kmod-vm.sh check DIR     succeeds when they can run; else says what is missing
# kmod-vm.sh run DIR       runs them on DIR/load/puffs.ko: all, or those in ONLY
#
# A test that says "# Servers:" is run for each of them, as test:server, which ONLY may name, too; for those of "# Long:" by KMOD_LONG=yes or ONLY.
#
# PUFFS_STAGE= as mk/guest.sh has it: for the servers of the mount's tests.
#
# A guest that stops half way (the kernel panics at an oops or a warning) has not said `end`; what it did say is judged, never QEMU's
# exit status.
set -eu

dir=$2 out=$2
: "${CC:=cc}" "${CARGO:=cargo}" "${ONLY:=}"
# KMOD_LONG=yes: everything that there is to do. LIMIT= seconds, for all tests.
: "${KMOD_LONG:=}"
: "${LIMIT:=${KMOD_LONG:+9000}}"
: "${LIMIT:=900}"
# What t_hostile does; the kernel hands it on to the guest's init.
: "${SEED:=$(date +%s)}"
. mk/guest.sh

if [ "$1" = check ]; then
    guest_check
    exit
fi

guest_root kmod/tests/init etc lib root tests
objcopy -g "$dir/load/puffs.ko" "$root/puffs.ko"

# Programs of this directory, scripts of it, and those of c-tests that reach the device through their shim.
flags="-std=gnu11 -O1 -g -Wall -Wextra -Werror -static -pthread -Iinclude -Ikmod -Ic-tests/c/support"
for file in kmod/tests/t_*.c; do
    [ -e "$file" ] || continue
    name=${file#kmod/tests/t_}
    # shellcheck disable=SC2086 # a list
    "$CC" $flags -o "$root/tests/${name%.c}" "$file"
done
# shellcheck disable=SC2086
"$CC" $flags -o "$root/tests/dev_calls" c-tests/c/dev_calls.c kmod/tests/shim_kmod.c
for file in kmod/tests/t_*.sh; do
    name=${file#kmod/tests/t_}
    cp "$file" "$root/tests/${name%.sh}"
    chmod +x "$root/tests/${name%.sh}"
done

# What the tests of the mount need: servers, and programs that work with files.
cp kmod/tests/mount.sh kmod/tests/posix.awk kmod/tests/posix.known* "$root/lib/"
libs=$(guest_libs)
# server name argument...: compiles a server from these sources and options.
server() {
    name=$1
    shift
    # shellcheck disable=SC2086
    "$CC" -O2 -static -I"$PUFFS_STAGE/include" -o "$root/bin/$name" "$@" $libs
}
server memfs examples/memfs/*.c
for name in nullfs hello queuefs remotefs remoted; do
    server $name examples/$name.c
done
for name in stalefs lockfs waitfs; do
    server $name c-tests/tests/fuse/$name.c
done
# Servers with something changed, as the FUSE tests have them.
changed=-Dpuffs_init=variant_init
for name in stop yield pieces; do
    server $name-memfs $changed c-tests/tests/fuse/${name}fs.c examples/memfs/*.c
done
server stop-nullfs $changed c-tests/tests/fuse/stopfs.c examples/nullfs.c
for name in shelffs glassfs cipherfs; do
    server $name -I"$PUFFS_STAGE/include/puffs-compat" -D_GNU_SOURCE c-tests/netbsd/$name.c
done
RUSTFLAGS='-C target-feature=+crt-static' "$CARGO" build --quiet --release -p puffs-server --example memfs --target x86_64-unknown-linux-gnu
cp "${CARGO_TARGET_DIR:-target}/x86_64-unknown-linux-gnu/release/examples/memfs" "$root/bin/memfs-rs"
for file in c-tests/tests/fuse/callers.c c-tests/tests/fuse/trees.c c-tests/tests/fuse/signals.c kmod/tests/handles.c kmod/tests/locks.c kmod/tests/mapped.c kmod/tests/coherent.c kmod/tests/names.c kmod/tests/polls.c; do
    name=${file##*/}
    "$CC" -O2 -static -DDEAD=ENXIO -o "$root/bin/${name%.c}" "$file"
done
"$CC" -O2 -static -D_GNU_SOURCE -DSECONDS=300 -o "$root/bin/posix" c-tests/posix/*.c
mk/kmod-bench.sh build "$dir"
cp "$dir/peers/puffs_server" "$dir/peers/raw_server" "$dir/peers/drive" "$root/bin/"
strip "$root"/bin/*

tests='' left=''
for test in ${ONLY:-$(ls "$root/tests")}; do
    script=kmod/tests/t_$test.sh servers='' long=''
    if [ -e "$script" ]; then
        servers=$(sed -n 's/^# Servers: //p' "$script") long=$(sed -n 's/^# Long: //p' "$script")
    fi
    case $servers$long:$KMOD_LONG$ONLY in
    :*) tests="$tests $test" ;;
    *:) [ -z "$long" ] || left="$left $test" ;;
    *) servers="$servers $long" ;;
    esac
    for server in $servers; do
        tests="$tests $test:$server"
    done
done
[ -z "$left" ] || echo "left to make test-long, altogether or in part:$left"
echo "$tests" >"$root/list"

started=$(date +%s)
guest_run "$LIMIT" "SEED=$SEED${KMOD_LONG:+ LONG=yes}" -smp 2
echo "in the guest's kernel, $kernel: $(($(date +%s) - started)) seconds, SEED=$SEED"
cat "$dir/result"
failed=0
for test in $tests; do
    grep -qx "ok $test" "$dir/result" || {
        echo "kmod-test: $test did not pass" >&2
        failed=1
    }
done
[ "$(tail -n 1 "$dir/result")" = end ] || failed=1
if [ $failed -ne 0 ]; then
    echo "the end of $dir/console.txt:" >&2
    tail -n 60 "$dir/console.txt" >&2
fi
exit $failed
