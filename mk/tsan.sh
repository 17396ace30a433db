#!/bin/sh
# The Rust tests under ThreadSanitizer, with a standard library that is instrumented too: without, every lock of it is a false report.
# Debian's rustc brings the sources of the library, the ordinary toolchain brings the run-time of the sanitizer.
#
# usage: mk/tsan.sh check | run TARGET-DIR
set -eu

: "${CARGO:=cargo}" "${JOBS:=}"

# Where the ordinary toolchain keeps its own linker, and the run-time.
of_toolchain() {
    sysroot=$("${CARGO%cargo}rustc" --print sysroot) || return 1
    find "$sysroot/lib/rustlib" -name "$1" 2>/dev/null | head -n 1
}
linker() { of_toolchain gcc-ld; }
runtime() { of_toolchain 'librustc-*_rt.tsan.a'; }

case $1 in
check)
    mk/bare-toolchain.sh
    [ -n "$(runtime)" ] && [ -n "$(linker)" ] || {
        echo "the Rust toolchain has no run-time for ThreadSanitizer (librustc-*_rt.tsan.a), or no linker (gcc-ld)" >&2
        exit 1
    }
    ;;
run)
    host=$(/usr/bin/rustc -vV | sed -n 's/^host: //p')
    flags='-Zsanitizer=thread -Zexternal-clangrt'
    # What the run-time wants of the system comes behind it. The system's linker does not find all of that: some of it has warnings.
    for arg in "-B$(linker)" -fuse-ld=lld -Wl,--whole-archive "$(runtime)" -Wl,--no-whole-archive -lm -lpthread -lc; do
        flags="$flags -Clink-arg=$arg"
    done
    # The models of the races have a scheduler of their own and one thread at a time.
    # shellcheck disable=SC2086 # JOBS is a list of words
    RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc RUSTFLAGS=$flags \
        TSAN_OPTIONS="halt_on_error=1 allocator_may_return_null=1 ${TSAN_OPTIONS:-}" \
        /usr/bin/cargo test $JOBS -p puffs-core -p puffs-dev --features puffs-core/std,puffs-core/spin --lib --tests \
        -Zbuild-std=std,panic_unwind,test --target "$host" --target-dir "$2" -- --skip loom
    ;;
esac
