#!/bin/sh
# kmod-check.sh DIR ALLOWED
#
# The gates of DIR/puffs.ko, and its size. What the library asks for, and what of it can panic, is looked up once more in the object that
# objtool was through (ALLOWED, as for mk/bare-check.sh); what the glue asks for, modpost has compared with the kernel's exports.
set -eu

module=$1/puffs.ko object=$1/libpuffs.o allowed=$2
: "${READELF:=readelf}" "${OBJDUMP:=objdump}"
failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

"$(dirname "$0")/bare-check.sh" "$object" "$allowed" || failed=1

# refuse WHAT PATTERN FILE: complains of the lines with the pattern, and shows some.
refuse() {
    if grep -E -e "$2" "$3" >"$tmp/found"; then
        echo "$module: $1:" >&2
        sed -n '1,5s/^/    /p' "$tmp/found" >&2
        failed=1
    fi
}

"$OBJDUMP" -d --no-show-raw-insn "$module" >"$tmp/code"
[ "$(wc -l <"$tmp/code")" -gt 1000 ] || {
    echo "$module cannot be disassembled" >&2
    exit 1
}
# A kernel does not save these for itself.
refuse "uses vector registers" '%[xyzk]?mm[0-9]|%k[0-7]\b' "$tmp/code"
refuse "uses the floating point unit" '^ *[0-9a-f]+:[[:space:]]+(f[a-z]|emms)' "$tmp/code"
# An interrupt writes there. (An address that is only computed is none, and the kernel's memory barrier adds 0.)
grep -vE ':[[:space:]]+(lea |lock addl \$0x0,-0x4\(%rsp\)$)' "$tmp/code" >"$tmp/accesses"
refuse "uses the stack below its pointer" '-0x[0-9a-f]+\(%rsp\)' "$tmp/accesses"
"$READELF" -rW "$module" >"$tmp/relocations"
[ "$(wc -l <"$tmp/relocations")" -gt 100 ] || {
    echo "$module has no relocations" >&2
    exit 1
}
# The module loader does not know them.
refuse "has a global offset table" 'GOTPC|GOT32|GOT64|GOTOFF' "$tmp/relocations"
# Without these tables a stack trace ends at the library. The glue alone has some, of less than 4 KiB.
tables=$(size -A "$module" | awk '$1 == ".orc_unwind" { print $2 }')
[ "${tables:-0}" -gt 8192 ] || {
    echo "$module: objtool has not been through the library" >&2
    failed=1
}
[ $failed -eq 0 ] || exit 1

size -A "$module" | awk '
    $1 ~ /^\.(text|init\.text|exit\.text|text\.unlikely)$/ { text += $2 }
    $1 ~ /^\.(rodata|data|bss)/ { data += $2 }
    $1 ~ /^\.orc_/ { orc += $2 }
    END { printf "puffs.ko: %d KiB of code, %d KiB of data, %d KiB for stack traces\n", text / 1024, data / 1024, orc / 1024 }'
