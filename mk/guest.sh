# Debian's kernel in QEMU without help of the processor's: what scripts that run it have in common; they read it in. They set `dir`, below which the
# kernel is, and `out`, a directory for what is made: the guest's tree is $root, and what it said in the end in $out/result.
#
# PUFFS_STAGE= names the prefix of an install with the server library, which the guest's servers are linked with.

kernel=$(mk/kmod.sh kernel)
image=$dir/images/boot/vmlinuz-$kernel
root=$out/root

# Succeeds when a guest can run; else says what is missing.
guest_check() {
    mk/kmod.sh check || return 1
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

# Begins the tree: with the init of $1 and, further, those directories.
guest_root() {
    init=$1
    shift
    rm -rf "$root"
    mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/tmp"
    for name; do
        mkdir "$root/$name"
    done
    cp "$(command -v busybox)" "$root/bin/busybox"
    cp "$init" "$root/init"
    chmod +x "$root/init"
}

# What a server is linked with that has no libraries besides.
guest_libs() {
    libs=$(PKG_CONFIG_PATH=$PUFFS_STAGE/lib/pkgconfig ${PKG_CONFIG:-pkg-config} "--define-variable=prefix=$PUFFS_STAGE" --static --libs puffs) || return 1
    # Nobody unwinds, but the library asks for it by its shared name.
    printf '%s' "$libs" | sed 's/-lgcc_s/-lgcc_eh/'
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

# Runs a guest on the tree for $1 seconds at most, with $2 at the end of the kernel's command line and the rest as arguments of QEMU's. Its end may be any:
# the second serial port, which is in $out/result then, is to be judged. The clocks of a guest whose host stops for a while run on, which is
# no fault of the kernel's.
guest_run() {
    limit=$1 append=$2
    shift 2
    (cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$out/initramfs.gz"
    : >"$out/console.txt"
    : >"$out/result.txt"
    timeout --foreground -k 5 "$limit" qemu-system-x86_64 -accel tcg -m 512 "$@" -kernel "$image" -initrd "$out/initramfs.gz" \
        -append "console=ttyS0 loglevel=4 panic=-1 oops=panic panic_on_warn=1 rcupdate.rcu_cpu_stall_timeout=300 nosoftlockup $append" \
        -display none -monitor none -no-reboot -serial "file:$out/console.txt" -serial "file:$out/result.txt" </dev/null &
    vm=$!
    wait "$vm" || :
    vm=
    tr -d '\r' <"$out/result.txt" >"$out/result"
}
