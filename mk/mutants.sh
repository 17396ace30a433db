#!/bin/sh
# Mutation testing of the files that hold rules: changes the code in one place at a time and expects a test to fail.
# A mutant that survives and is not in docs/mutants.md fails the run.
#
# usage: mk/mutants.sh TOOLS check | TOOLS run OUT [ARGUMENT...]
#     TOOLS: where mk/deps-long.sh installs; OUT: a directory for the reports; ARGUMENTs go to cargo mutants, such as --shard 1/8
set -eu

: "${CARGO:=cargo}" "${TIMEOUT:=10}"
tools=$1 command=$2
PATH=$tools/bin:$PATH
case $command in
check)
    command -v cargo-mutants >/dev/null || {
        echo "there is no cargo-mutants, and it could not be installed" >&2
        exit 1
    }
    exit 0
    ;;
esac
out=$(realpath -m "$3")
shift 3
mkdir -p "$out"

# tests PACKAGE: arguments that build its tests, but for the models of the races: what only they would see is a rare
# interleaving, and they take longer than everything else together.
tests() {
    echo -C=--lib
    for file in "$1"/tests/*.rs; do
        name=${file##*/}
        [ "$name" != loom.rs ] || continue
        echo "-C=--test=${name%.rs}"
    done
}

# run PACKAGE ARGUMENT...: mutates a package and runs its own tests.
run() {
    package=$1
    shift
    status=0
    # Debug information would be most of what is written. Every build has a copy of the sources and a target directory there.
    # shellcheck disable=SC2046 # one argument per test
    env -u CARGO_TARGET_DIR CARGO_PROFILE_TEST_DEBUG=0 CARGO_PROFILE_DEV_DEBUG=0 \
        "$CARGO" mutants --no-shuffle --cap-lints true --colors never --jobs 1 --timeout "$TIMEOUT" \
        -p "$package" -o "$out/$package" $(tests "$package") "$@" || status=$?
    case $status in
    0 | 2 | 3) ;; # all caught, some missed, some ended by the time-out
    *) exit $status ;;
    esac
}

run puffs-core -f 'puffs-core/src/queue/*.rs' -f puffs-core/src/platform/hosted.rs -f puffs-core/src/platform/one_space.rs \
    --features puffs-core/std,puffs-core/spin "$@"
run puffs-dev -f puffs-dev/src/instance.rs -f puffs-dev/src/registry.rs -f puffs-dev/src/seats.rs -f puffs-dev/src/minors.rs "$@"

# The places change with every edit; file, change and function name a mutant.
failed=0
for missed in "$out"/*/mutants.out/missed.txt; do
    while IFS= read -r line; do
        mutant=$(printf '%s\n' "$line" | sed 's/^\([^:]*\):[0-9]*:[0-9]*: /\1: /')
        grep -qF "\`$mutant\`" docs/mutants.md && continue
        echo "survives, and is not in docs/mutants.md: $line" >&2
        failed=1
    done <"$missed"
done
exit $failed
