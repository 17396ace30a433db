#!/bin/sh
# Mutation testing of the files that hold rules: changes the code in one place at a time and expects a test to fail.
# What survives is listed in docs/mutants.md, or the run fails.
#
# usage: mk/mutants.sh OUT [ARGUMENT...]     OUT: a directory for the reports; ARGUMENTs go to cargo mutants
set -eu

out=$1
shift
: "${JOBS:=-j2}" "${CARGO:=cargo}"
mkdir -p "$out"

# run PACKAGE ARGUMENT...: mutates this package and runs its own tests. The models of the races are left out: what they alone would see is
# a rare interleaving, and they take longer than everything else together.
run() {
    package=$1
    shift
    status=0
    # Debug information would be most of what is written.
    CARGO_PROFILE_TEST_DEBUG=0 CARGO_PROFILE_DEV_DEBUG=0 \
        "$CARGO" mutants --no-shuffle --cap-lints true --colors never --jobs 1 --baseline run --timeout "${TIMEOUT:-30}" \
        -p "$package" -o "$out/$package" "$@" >"$out/$package.log" 2>&1 || status=$?
    tail -n 1 "$out/$package.log"
    case $status in
    0 | 2 | 3) ;; # all caught, some missed, some timed out
    *)
        cat "$out/$package.log" >&2
        exit $status
        ;;
    esac
}

tests() {
    ls "$1"/tests/*.rs | sed 's|.*/\(.*\)\.rs|-C=--test=\1|'
}

# shellcheck disable=SC2046 # one argument per test
run puffs-core -f 'puffs-core/src/queue/*.rs' -f puffs-core/src/platform/hosted.rs -f puffs-core/src/platform/one_space.rs \
    --features puffs-core/std,puffs-core/spin -C=--lib $(tests puffs-core) "$@"
# shellcheck disable=SC2046
run puffs-dev -f puffs-dev/src/instance.rs -f puffs-dev/src/registry.rs -f puffs-dev/src/seats.rs -f puffs-dev/src/minors.rs \
    -C=--lib $(tests puffs-dev) "$@"
