#!/bin/sh
# Installs the Debian packages that are missing when root, else says which and stops.
set -eu

: "${CARGO:=cargo}"

# PROBE PACKAGE: what shows that a package is here. A probe with a slash is a file, others are commands.
needed='cc gcc
c++ g++
/usr/include/stdio.h libc6-dev
pkg-config pkg-config
readelf binutils
spin spin
valgrind valgrind
fusermount3 fuse3
umount mount
setpriv util-linux
diff diffutils'
# Wanted for single rungs only, which say so when they are missing.
optional='/usr/bin/rustc rustc-web
/usr/bin/cargo cargo-web
/usr/lib/rustlib/src/rust/library rust-web-src
qemu-system-x86_64 qemu-system-x86
busybox busybox-static
cpio cpio'

missing() {
    echo "$1" | while read -r probe package; do
        case $probe in
        /*) [ -e "$probe" ] || echo "$package" ;;
        *) command -v "$probe" >/dev/null || echo "$package" ;;
        esac
    done | tr '\n' ' '
}

install() {
    # shellcheck disable=SC2086 # a list of packages
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $1 >/dev/null
}

for tool in "$CARGO --version" "$CARGO fmt --version" "$CARGO clippy --version"; do
    $tool >/dev/null 2>&1 || {
        echo "\`$tool\` fails: install Rust $(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml) or newer with rustfmt and clippy (https://rustup.rs)" >&2
        exit 1
    }
done

# Debian's current kernel: its headers, and its image, which is not installed but unpacked for QEMU. Old ones leave the archive.
images=${CARGO_TARGET_DIR:-target}/kmod/images
kernel=$(mk/kmod.sh kernel)
bootable() {
    # The library for a bare machine is for this one only.
    [ "$(uname -m)" != x86_64 ] || { [ -n "$kernel" ] && [ -e "$images/boot/vmlinuz-$kernel" ]; }
}
fetch_kernel() {
    kernel=$(apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/.*Depends: linux-image-\(.*-amd64\)$/\1/p' | head -n 1)
    [ -n "$kernel" ] || return 1
    install "linux-headers-$kernel" || return 1
    ! bootable || return 0
    # What is here stays until there is another, whole.
    rm -rf "$images.new"
    mkdir -p "$images.new"
    (cd "$images.new" && apt-get -qq -o APT::Sandbox::User=root download "linux-image-$kernel" && dpkg -x ./*.deb . && rm -f ./*.deb) || return 1
    rm -rf "$images"
    mv "$images.new" "$images"
}

need=$(missing "$needed")
want=$(missing "$optional")
bootable || want="${want}linux-image-amd64 "
[ -n "$need$want" ] || exit 0

if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
    [ -z "$want" ] || echo "not installed, and needed for make kernel-lib-bare, kmod and kmod-test only: $want"
    [ -n "$need" ] || exit 0
    echo "missing packages (Debian's names): $need" >&2
    echo "install them, or run this as root on Debian" >&2
    exit 1
fi

echo "installing: $need$want"
apt-get -qq update || [ -z "$need" ] || exit 1
[ -z "$need" ] || install "$need"
bootable || fetch_kernel || echo "cannot be had, and needed for make kmod and kmod-test only: headers and image of linux-image-amd64"
want=$(missing "$optional")
[ -z "$want" ] || install "$want" || echo "cannot be installed, and needed for make kernel-lib-bare, kmod and kmod-test only: $want"
