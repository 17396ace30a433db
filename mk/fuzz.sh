#!/bin/sh
# Tries the properties with cases that nobody tried before, round after round, until DURATION seconds are over.
#
# A case that fails is made as small as can be, printed, and kept in the crate's proptest-regressions/, where every later
# `cargo test` finds it. What it shows belongs into a plain test.
set -eu

: "${CARGO:=cargo}" "${JOBS:=}" "${DURATION:=60}"
cases=400
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# One line each: the arguments of `cargo test`.
properties='-p puffs-core --features std --test hostile
-p puffs-dev --test hostile
-p puffs-vfs --test hostile
-p puffs-user --lib anything'

test_each() {
    echo "$properties" | while read -r property; do
        [ "$(date +%s)" -lt "$end" ] || break
        # shellcheck disable=SC2086 # lists of arguments
        $CARGO test $JOBS --quiet $property "$@" >"$log" 2>&1 || {
            cat "$log"
            echo "fuzz: a property does not hold: $property" >&2
            exit 1
        }
    done
}

# Compiling is no part of the time.
end=$(($(date +%s) + 86400))
test_each --no-run

begin=$(date +%s)
end=$((begin + DURATION))
rounds=0
export PROPTEST_CASES="$cases"
while [ "$(date +%s)" -lt "$end" ]; do
    test_each
    rounds=$((rounds + 1))
done
echo "fuzz: $rounds rounds of $cases cases for each property in $(($(date +%s) - begin)) s"
