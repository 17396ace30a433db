#!/bin/sh
# The exported symbols. A list is a version script with one symbol a line.
#
# symbols.sh write ARCHIVE MAP              makes MAP from the archive that rustc wrote
# symbols.sh check ARCHIVE MAP LIBRARY...   fails unless the archive and each library export what MAP lists
# symbols.sh headers MAP HEADER...          fails unless the headers declare what MAP lists
# symbols.sh list MAP                       prints the symbols of MAP
set -eu

: "${CC:=cc}" "${READELF:=readelf}"
version=PUFFS_0

# The names that MAP lists.
listed() {
    sed -n 's/^        \([a-z_0-9A-Z]*\);$/\1/p' "$1" | sort
}

# What an archive or object defines for others, less what the Rust runtime and the coroutines' assembly bring.
defined() {
    "$READELF" -sW "$1" |
        awk '$5 == "GLOBAL" && $6 == "DEFAULT" && $7 != "UND" && $8 !~ /^(_R|_ZN|rust_eh_personality$|stack_(init|call)_trampoline)/ { print $8 }' | sort -u
}

# What a shared library exports, all of it under our version.
exported() {
    "$READELF" -sW --dyn-syms "$1" | awk -v version="$version" '
        /^Symbol table .\.symtab/ { exit }
        $5 == "GLOBAL" && $7 != "UND" && $7 != "ABS" {
            if (!sub("@@" version "$", "", $8)) $8 = $8 " (not under " version ")"
            print $8
        }' | sort -u
}

# The functions and objects that headers declare, those of include/compat by the symbol that NetBSD's name stands for. The names
# that its <dirent.h> gives the C library's functions stand for nothing.
declared() {
    for header; do
        case $header in
        include/compat/*) printf '#include <%s>\n' "${header#include/compat/}" | "$CC" -E -P -D_GNU_SOURCE -Iinclude -Iinclude/compat -x c - ;;
        *) printf '#include "%s"\n' "$header" | "$CC" -E -P -I. -x c - ;;
        esac
    done |
        tr '\n' ' ' | grep -oE '\bpuffs[a-z0-9_]* ?\(|\bextern [^;()]*\bpuffs[a-z0-9_]*(\[\])?;|__asm__ ?\("puffs[a-z0-9_]*"\)' |
        sed -E 's/"\)$//; s/ ?\($//; s/(\[\])?;$//; s/.*[ *"]//' | grep -v '^puffs_libc_' | sort -u
}

# same WHAT MAP: standard input is the symbols of WHAT.
same() {
    cat >"$tmp/found"
    listed "$2" >"$tmp/listed"
    if ! diff -u --label "$2" "$tmp/listed" --label "$1" "$tmp/found"; then
        echo "$1 and $2 differ; make symbols writes the list anew" >&2
        exit 1
    fi
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
command=$1
shift
case $command in
list) listed "$1" ;;
write)
    {
        echo "/* The exported symbols: written by \`make symbols\`. */"
        echo "$version {"
        echo "    global:"
        defined "$1" | sed 's/.*/        &;/'
        echo "    local:"
        echo "        *;"
        echo "};"
    } >"$2.new"
    mv "$2.new" "$2"
    ;;
check)
    archive=$1 map=$2
    shift 2
    defined "$archive" | same "$archive" "$map"
    for library; do
        case $library in
        *.a) defined "$library" | same "$library" "$map" ;;
        *) exported "$library" | same "$library" "$map" ;;
        esac
    done
    ;;
headers)
    map=$1
    shift
    declared "$@" | same "$*" "$map"
    ;;
*)
    echo "symbols.sh: $command?" >&2
    exit 2
    ;;
esac
