#!/bin/sh
# Tests of the module inside Debian's kernel, in QEMU without help of the processor's.
#
# kmod-vm.sh check DIR     succeeds when they can run; else says what is missing
# kmod-vm.sh run DIR       runs them on DIR/load/puffs.ko: all, or those in ONLY
#
# PUFFS_STAGE= names the prefix of an install with the server library, which the servers of the mount's tests are linked with.
#
# A guest that stops half way (the kernel panics at an oops or a warning) has not said `end`; what it did say is judged, never QEMU's
# exit status.
set -eu

dir=$2
: "${CC:=cc}" "${CARGO:=cargo}" "${ONLY:=}"
# Seconds, for all of them.
: "${LIMIT:=280}"
# What t_hostile does; the kernel hands it on to the guest's init.
: "${SEED:=$(date +%s)}"
kernel=$(mk/kmod.sh kernel)
image=$dir/images/boot/vmlinuz-$kernel

if [ "$1" = check ]; then
    mk/kmod.sh check
    for tool in qemu-system-x86_64 busybox cpio; do
        command -v $tool >/dev/null || {
            echo "$tool is not installed" >&2
            exit 1
        }
    done
    ! readelf -l "$(command -v busybox)" | grep -q INTERP || {
        echo "busybox is not static (Debian's busybox-static is)" >&2
        exit 1
    }
    [ -e "$image" ] || {
        echo "the image of Debian's kernel $kernel is not here (make deps)" >&2
        exit 1
    }
    exit
fi

root=$dir/root
rm -rf "$root"
mkdir -p "$root/bin" "$root/dev" "$root/etc" "$root/lib" "$root/proc" "$root/root" "$root/sys" "$root/tmp" "$root/tests"
cp "$(command -v busybox)" "$root/bin/busybox"
cp kmod/tests/init "$root/init"
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
cp kmod/tests/mount.sh kmod/tests/posix.awk kmod/tests/posix.known "$root/lib/"
libs=$(PKG_CONFIG_PATH=$PUFFS_STAGE/lib/pkgconfig ${PKG_CONFIG:-pkg-config} "--define-variable=prefix=$PUFFS_STAGE" --static --libs puffs)
# Nobody unwinds, but the library asks for it by its shared name.
libs=$(printf '%s' "$libs" | sed 's/-lgcc_s/-lgcc_eh/')
for file in examples/memfs.c examples/hello.c c-tests/tests/fuse/stopfs.c c-tests/tests/fuse/waitfs.c; do
    name=${file##*/}
    # shellcheck disable=SC2086
    "$CC" -O2 -static -I"$PUFFS_STAGE/include" -o "$root/bin/${name%.c}" "$file" $libs
done
RUSTFLAGS='-C target-feature=+crt-static' "$CARGO" build --quiet --release -p puffs-server --example memfs --target x86_64-unknown-linux-gnu
cp "${CARGO_TARGET_DIR:-target}/x86_64-unknown-linux-gnu/release/examples/memfs" "$root/bin/memfs-rs"
for file in c-tests/tests/fuse/callers.c c-tests/tests/fuse/trees.c; do
    name=${file##*/}
    "$CC" -O2 -static -DDEAD=ENXIO -o "$root/bin/${name%.c}" "$file"
done
"$CC" -O2 -static -D_GNU_SOURCE -o "$root/bin/posix" c-tests/posix/*.c
strip "$root"/bin/*

tests=${ONLY:-$(ls "$root/tests")}
echo "$tests" >"$root/list"
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$dir/initramfs.gz"

# Whatever ends this ends the guest.
vm=
stop() {
    [ -z "$vm" ] || kill "$vm" 2>/dev/null || :
}
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

: >"$dir/console.txt"
: >"$dir/result.txt"
started=$(date +%s)
# The clocks of a guest whose host stops for a while run on, which is no fault of the kernel's.
timeout --foreground -k 5 "$LIMIT" qemu-system-x86_64 -accel tcg -smp 2 -m 512 -kernel "$image" -initrd "$dir/initramfs.gz" \
    -append "console=ttyS0 loglevel=4 panic=-1 oops=panic panic_on_warn=1 rcupdate.rcu_cpu_stall_timeout=300 nosoftlockup SEED=$SEED" -display none -monitor none -no-reboot \
    -serial "file:$dir/console.txt" -serial "file:$dir/result.txt" </dev/null &
vm=$!
wait "$vm" || :
vm=
echo "in the guest's kernel, $kernel: $(($(date +%s) - started)) seconds, SEED=$SEED"

tr -d '\r' <"$dir/result.txt" >"$dir/result"
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
