#!/bin/sh
# puffs.ko, out of the archive and kmod/.
#
# kmod.sh kernel                      prints the kernel it is built for: KERNEL=, or the newest whose headers are here, and its image if any is
# kmod.sh check                       succeeds when it can be built; else says what is missing
# kmod.sh build LIBRARY DIR [load]    builds DIR/puffs.ko; `load`: with the load generator, for tests
set -eu

images=${CARGO_TARGET_DIR:-target}/kmod/images

kernel() {
    [ -n "${KERNEL:-}" ] || KERNEL=$(for dir in /usr/src/linux-headers-*-amd64; do
        [ -e "$dir/Module.symvers" ] || continue
        version=${dir#/usr/src/linux-headers-}
        [ -e "$images/boot/vmlinuz-$version" ] && echo "1 $version" || echo "0 $version"
    done | grep -v -- -rt- | sort -V | sed -n '$s/^. //p')
    echo "$KERNEL"
}

case $1 in
kernel) kernel ;;
check)
    mk/bare-toolchain.sh
    [ -e "/usr/src/linux-headers-$(kernel)/Module.symvers" ] || {
        echo "Debian's package linux-headers-${KERNEL:-*-amd64} is not installed" >&2
        exit 1
    }
    ;;
build)
    library=$(realpath "$2") dir=$3 include=$(realpath include)
    headers=/usr/src/linux-headers-$(kernel)
    mkdir -p "$dir"
    dir=$(realpath "$dir")
    # Kbuild writes beside its sources.
    for file in kmod/Kbuild kmod/*.[ch] kmod/*.lds; do
        cmp -s "$file" "$dir/${file#kmod/}" || cp "$file" "$dir/"
    done
    # Cargo's variables mean something else to the kernel's makefiles, and make's own are for another make.
    status=0
    env -u RUSTFLAGS -u RUSTC -u CARGO -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u CC -u LD \
        make -s -C "$headers" M="$dir" PUFFS_LIB="$library" PUFFS_INCLUDE="$include" ${4:+PUFFS_LOAD=y} modules \
        >"$dir/log" 2>&1 || status=$?
    # The image's debug information is not here, and not wanted.
    grep -v '^Skipping BTF generation' "$dir/log" >&2 || true
    exit $status
    ;;
*) exit 2 ;;
esac
