#!/bin/sh
# one-object.sh ARCHIVE MAP OUT
#
# Makes OUT, an archive of one relocatable object, from the archive that rustc wrote: everything that the symbols
# listed in MAP need, with all other names local. Two Rust archives can then be linked
# into one program; as rustc writes them they collide (rust_eh_personality).
set -eu

archive=$1 map=$2 out=$3
: "${LD:=ld}" "${AR:=ar}" "${OBJCOPY:=objcopy}" "${READELF:=readelf}"

object=${out%.a}.o
symbols=${out%.a}.symbols
mkdir -p "$(dirname "$out")"
rm -f "$out" "$object"
"$(dirname "$0")/symbols.sh" list "$map" >"$symbols"

# Without --force-group-allocation the link stops at DW.ref.rust_eh_personality.
# shellcheck disable=SC2046 # one -u per symbol
"$LD" -r --force-group-allocation --gc-sections $(sed 's/^/-u /' "$symbols") -o "$object" "$archive"

# --keep-global-symbol would break weak undefined symbols, so the others are named one by one.
set -- -R .llvmbc -R .llvmcmd
for name in $("$READELF" -sW "$object" |
    awk '$5 ~ /GLOBAL|WEAK/ && $7 != "UND" { print $8 }' | grep -vxF -f "$symbols"); do
    set -- "$@" "--localize-symbol=$name"
done
"$OBJCOPY" "$@" "$object"

"$AR" rcsD "$out" "$object"
rm -f "$object" "$symbols"
