#!/bin/sh
# Checks docs/defects.md: every number is there once, and every row ends in tests that exist, or in "open:" with a reason.
#
# usage: mk/defects-check.sh [FILE], at the top of the sources
set -eu
doc=${1:-docs/defects.md}
rows=$(mktemp)
trap 'rm -f "$rows"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
failed=0

complain() {
    echo "$doc: $*" >&2
    failed=1
}

# Is `$2` a test in the Rust file `$1`? Other attributes may stand between.
is_test() {
    awk -v name="$2" '
        /^[ \t]*#\[test\]/ { test = 1; next }
        test && /^[ \t]*(#|\/\/)/ { next }
        test && $0 ~ "^[ \t]*fn " name "\\(" { found = 1; exit }
        { test = 0 }
        END { exit !found }' "$1"
}

# The rows of all tables without their heads: first cell, last cell.
awk -F ' *[|] *' '
    !/^\|/ { head = 1; next }
    /^\|[-| ]*$/ { head = 0; next }
    !head { print $2 "\t" $(NF - 1) }' "$doc" >"$rows"

for number in $(seq 1 70) $(seq -f N%g 1 9) $(seq -f I%g 1 10); do
    times=$(cut -f 1 "$rows" | grep -cx "$number" || :)
    [ "$times" = 1 ] || complain "row $number is there $times times"
done

open=0
total=0
tab=$(printf '\t')
while IFS=$tab read -r first last; do
    total=$((total + 1))
    tests=$(printf '%s\n' "$last" | grep -o '`[^`]*`' | tr -d '`' || :)
    case $last in
    "open: "?*) open=$((open + 1)) ;;
    *) [ -n "$tests" ] || complain "row $first has neither a test nor \"open: reason\"" ;;
    esac
    for test in $tests; do
        file=${test%%::*}
        if [ ! -f "$file" ]; then
            complain "row $first: there is no file $file"
        elif [ "$file" = "$test" ]; then
            case $file in
            c-tests/c/*.c) ;;
            *) complain "row $first: $test names no test" ;;
            esac
        elif ! is_test "$file" "${test#*::}"; then
            complain "row $first: there is no test ${test#*::} in $file"
        fi
    done
done <"$rows"

[ $failed = 0 ] || exit 1
echo "$doc: $total rows, $open of them open"
