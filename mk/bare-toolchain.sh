#!/bin/sh
# Succeeds when Debian's rustc and its library sources are here and new enough; else says what is missing.
set -eu

want=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
[ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] && [ -d /usr/lib/rustlib/src/rust/library ] || {
    echo "Debian's packages rustc-web, cargo-web and rust-web-src are not installed" >&2
    exit 1
}
have=$(/usr/bin/rustc --version | cut -d ' ' -f 2)
[ "$(printf '%s\n%s\n' "$want" "$have" | sort -V | head -n 1)" = "$want" ] || {
    echo "Debian's rustc is $have, older than $want" >&2
    exit 1
}
