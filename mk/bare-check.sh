#!/bin/sh
# bare-check.sh LIBRARY ALLOWED
#
# The final object for a bare machine: which symbols it may ask for, and which must not be in it. ALLOWED has a line
# `undefined PATTERN REASON` or `panic PATTERN REASON` for each exception.
set -eu

library=$1 allowed=$2
: "${READELF:=readelf}"
failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# extra KIND WHAT: complains of each line of standard input that no pattern of KIND allows.
extra() {
    sed -n "s/^$1 \([^ ]*\) ..*/^\1\$/p" "$allowed" >"$tmp/patterns"
    if grep -vE -f "$tmp/patterns" >"$tmp/extra"; then
        echo "$2, without a reason in $allowed:" >&2
        sed 's/^/    /' "$tmp/extra" >&2
        failed=1
    fi
}

"$READELF" -sW "$library" >"$tmp/symbols"
awk '$7 == "UND" && $8 != "" { print $8 }' "$tmp/symbols" | sort -u >"$tmp/undefined"
extra undefined "$library asks for what no kernel has been asked for" <"$tmp/undefined"

# All that ends in a panic of the language or of the allocator, local symbols included.
awk '$4 == "FUNC" { print $8 }' "$tmp/symbols" | sort -u |
    grep -E '9panicking|handle_alloc_error|capacity_overflow|alloc_error_handler|unwrap_failed|expect_failed|_fail$|do_panic' \
        >"$tmp/panics" || true
extra panic "$library can panic" <"$tmp/panics"
while read -r pattern; do
    grep -qE "$pattern" "$tmp/panics" || echo "note: $allowed allows $pattern, which is not there"
done <"$tmp/patterns"

exit $failed
