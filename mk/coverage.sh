#!/bin/sh
# Which lines of puffs-core and puffs-dev their tests do not run; docs/coverage.md says why they do not.
#
# usage: mk/coverage.sh TOOLS check | TOOLS run REPORT
#     TOOLS: where mk/deps-long.sh installs; REPORT: a file for the lines
set -eu

: "${CARGO:=cargo}" "${JOBS:=}"
tools=$1
PATH=$tools/bin:$PATH
# The least part of the lines that must be run, in percent.
FLOOR=96

case $2 in
check)
    command -v cargo-llvm-cov >/dev/null || {
        echo "there is no cargo-llvm-cov, and it could not be installed" >&2
        exit 1
    }
    mk/llvm-tool.sh cov >/dev/null
    mk/llvm-tool.sh profdata >/dev/null
    ;;
run)
    LLVM_COV=$(mk/llvm-tool.sh cov)
    LLVM_PROFDATA=$(mk/llvm-tool.sh profdata)
    export LLVM_COV LLVM_PROFDATA
    # The models of the races take a second queue through the same lines: slow, and nothing is new.
    # shellcheck disable=SC2086 # JOBS is a list of words
    "$CARGO" llvm-cov --no-report $JOBS -p puffs-core -p puffs-dev --features puffs-core/std,puffs-core/spin -- --skip loom
    "$CARGO" llvm-cov report -p puffs-core -p puffs-dev --show-missing-lines --fail-under-lines "$FLOOR" >"$3" || {
        cat "$3"
        echo "less than $FLOOR % of the lines are run" >&2
        exit 1
    }
    # Not the columns about regions, functions and branches.
    awk '/^Filename|\.rs |^TOTAL/ { print $1 "\t" $8 "\t" $9 "\t" $10 }' "$3" | sed '1s/.*/file\tlines\tnot run\tpart/' | column -t -s "$(printf '\t')" 2>/dev/null || cat "$3"
    sed -n "/^Uncovered Lines/,\$s|$PWD/||p" "$3"
    ;;
esac
