#!/bin/sh
# panics.sh LIBRARY DOC
#
# The places in our sources from where the final object for a bare machine can enter a panic of the language: how often, file and function.
# Fails when DOC has none in such a file. (What was inlined into what, addr2line of binutils does not always know, so functions are for the reader.)
set -eu

library=$1 doc=$2
: "${LD:=ld}" "${OBJDUMP:=objdump}" "${AR:=ar}"
# LLVM's knows more.
: "${ADDR2LINE:=$(mk/llvm-tool.sh addr2line 2>/dev/null || echo addr2line)}"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Addresses, which lines are found by, come with a link. What the library asks the kernel for is then at 0, and named after the first
# symbol less some offset: no call of that.
"$AR" p "$library" >"$tmp/object"
"$LD" --unresolved-symbols=ignore-all -e 0 -o "$tmp/linked" "$tmp/object"
"$OBJDUMP" -d --no-show-raw-insn "$tmp/linked" |
    grep -E '(call|j[a-z]+) +[0-9a-f]+ <[^<>+-]*(9panicking|_fail|unwrap_failed|expect_failed)[^<>+-]*>$' | sed 's/^ *\([0-9a-f]*\):.*/0x\1/' >"$tmp/calls"

# Of the functions that were inlined into each other at an address, the innermost that is ours.
"$ADDR2LINE" -e "$tmp/linked" -a -i -f -C -p <"$tmp/calls" |
    awk -v here="$PWD/" '
        /^0x[0-9a-f]*: / { sub(/^0x[0-9a-f]*: /, ""); found = 0 }
        !found && (at = index($0, " at " here)) {
            name = substr($0, 1, at - 1)
            file = substr($0, at + 4 + length(here))
            sub(/^ *\(inlined by\) /, "", name)
            # Without what it is generic over.
            while (gsub(/<[^<>]*>/, "", name));
            gsub(/::$|^::/, "", name)
            sub(/.*::/, "", name)
            sub(/:.*/, "", file)
            print file ": " name
            found = 1
        }' | sort | uniq -c | sort -k 2 >"$tmp/places"
cat "$tmp/places"

failed=0
while read -r _ place; do
    grep -qF "\`${place%%:*}: " "$doc" && continue
    echo "can panic, and is not in $doc: $place" >&2
    failed=1
done <"$tmp/places"
exit $failed
