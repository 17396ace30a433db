#!/bin/sh
# What `make test-long` needs besides what `make test` does: two cargo tools, installed into a directory of their own in the versions named
# here, and the LLVM tools that read what this rustc counts. What cannot be had is said, and its rung says so again.
#
# usage: mk/deps-long.sh DIRECTORY
set -eu

: "${CARGO:=cargo}"
tools=$1

# TOOL VERSION
while read -r tool version; do
    case $("$tools/bin/$tool" "${tool#cargo-}" --version 2>/dev/null || :) in
    *" $version"*) continue ;;
    esac
    echo "installing: $tool $version"
    "$CARGO" install --quiet --locked --root "$tools" --version "$version" "$tool" ||
        echo "cannot be installed: $tool $version"
done <<END
cargo-llvm-cov 0.9.1
cargo-mutants 27.1.0
END

mk/llvm-tool.sh cov >/dev/null 2>&1 && exit 0
package=llvm-$(mk/llvm-tool.sh version)
if command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
    echo "installing: $package"
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "$package" >/dev/null ||
        echo "cannot be installed, and needed for make coverage only: $package"
else
    echo "not installed, and needed for make coverage only: $package"
fi
