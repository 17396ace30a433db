# Debian's kernel in QEMU without help of the processor's: for other scripts to read, who set `dir`, the place of the kernel and of
# what is made.

kernel=$(mk/kmod.sh kernel)
image=$dir/images/boot/vmlinuz-$kernel

# Succeeds when a guest can run; else says what is missing.
guest_check() {
    for tool in qemu-system-x86_64 busybox cpio; do
        command -v $tool >/dev/null || {
            echo "$tool is not installed" >&2
            return 1
        }
    done
    ! readelf -l "$(command -v busybox)" | grep -q INTERP || {
        echo "busybox is not static (Debian's busybox-static is)" >&2
        return 1
    }
    [ -e "$image" ] || {
        echo "the image of Debian's kernel $kernel is not here (make deps)" >&2
        return 1
    }
}

# Begins a tree for a guest in $root, whose init is $1.
guest_root() {
    rm -rf "$root"
    mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/tmp"
    cp "$(command -v busybox)" "$root/bin/busybox"
    cp "$1" "$root/init"
    chmod +x "$root/init"
}

# Whatever ends the script ends the guest.
vm=
stop() {
    [ -z "$vm" ] || kill "$vm" 2>/dev/null || :
}
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Runs a guest on the tree for $1 seconds at most, with $2 at the end of the kernel's command line and the rest as arguments of QEMU's. What it says
# on the second serial port is in $dir/result then, whatever its end was. The clocks of a guest whose host stops for a while
# run on, which is no fault of the kernel's.
guest_run() {
    limit=$1 append=$2
    shift 2
    (cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$dir/initramfs.gz"
    : >"$dir/console.txt"
    : >"$dir/result.txt"
    timeout --foreground -k 5 "$limit" qemu-system-x86_64 -accel tcg -m 512 "$@" -kernel "$image" -initrd "$dir/initramfs.gz" \
        -append "console=ttyS0 loglevel=4 panic=-1 oops=panic panic_on_warn=1 rcupdate.rcu_cpu_stall_timeout=300 nosoftlockup $append" \
        -display none -monitor none -no-reboot -serial "file:$dir/console.txt" -serial "file:$dir/result.txt" </dev/null &
    vm=$!
    wait "$vm" || :
    vm=
    tr -d '\r' <"$dir/result.txt" >"$dir/result"
}
