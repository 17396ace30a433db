#!/bin/sh
# bare-check.sh LIBRARY ALLOWED
#
# The final object for a bare machine: which symbols it may ask for, and which must not be in it. ALLOWED has a line
# `undefined NAME REASON` or `panic PATTERN REASON` for each exception.
set -eu

library=$1 allowed=$2
: "${READELF:=readelf}"
failed=0

names() {
    sed -n "s/^$1 \([^ ]*\) .*/\1/p" "$allowed"
}

undefined=$("$READELF" -sW "$library" | awk '$7 == "UND" && $8 != "" { print $8 }' | sort -u)
names undefined | sort >"$library.allowed"
if extra=$(echo "$undefined" | grep -vxF -f "$library.allowed" | grep .); then
    echo "undefined symbols that no kernel has been asked for (see $allowed):" >&2
    echo "$extra" >&2
    failed=1
fi

# All that ends in a panic of the language or of the allocator, local symbols included.
panics=$("$READELF" -sW "$library" | awk '{ print $8 }' |
    grep -E '9panicking|handle_alloc_error|capacity_overflow|alloc_error_handler|rust_oom|unwrap_failed|expect_failed|slice_.*_fail' | sort -u || true)
names panic >"$library.allowed"
if extra=$(echo "$panics" | grep -vE -f "$library.allowed" | grep .); then
    echo "panics in the kernel library without a reason in $allowed:" >&2
    echo "$extra" >&2
    failed=1
fi
for pattern in $(cat "$library.allowed"); do
    echo "$panics" | grep -qE "$pattern" || { echo "$allowed: $pattern is no longer in the library" >&2; failed=1; }
done
rm -f "$library.allowed"
exit $failed
