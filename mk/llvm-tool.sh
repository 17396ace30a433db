#!/bin/sh
# llvm-tool.sh cov | profdata | addr2line     prints the LLVM tool that fits rustc: what LLVM_COV or LLVM_PROFDATA names, else Debian's
# llvm-tool.sh version                        prints the version of LLVM that rustc was made with
set -eu

: "${CARGO:=cargo}"
version=$("${CARGO%cargo}rustc" -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
case $1 in
version) echo "$version" && exit 0 ;;
cov) tool=${LLVM_COV:-llvm-cov-$version} ;;
profdata) tool=${LLVM_PROFDATA:-llvm-profdata-$version} ;;
addr2line) tool=llvm-addr2line-$version ;;
esac
command -v "$tool" || {
    echo "there is no $tool; Debian's package is llvm-$version" >&2
    exit 1
}
