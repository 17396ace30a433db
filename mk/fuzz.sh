#!/bin/sh
# Tries the properties with cases that nobody tried before, round after round, until DURATION seconds are over.
#
# A case that fails is made as small as can be, printed, and kept in the crate's proptest-regressions/, where every later
# `cargo test` finds it. What it shows belongs into a plain test.
#
# With GUIDED=yes, or when there are five minutes and more, libFuzzer gets the second half of them: it looks at which
# branches its bytes take. It is compiled first, which takes a while and a C++ compiler.
set -eu

: "${CARGO:=cargo}" "${JOBS:=}" "${DURATION:=60}" "${CXX:=c++}" "${GUIDED:=}"
[ -n "$GUIDED" ] || [ "$DURATION" -lt 300 ] || GUIDED=yes
least=1
[ "$GUIDED" != yes ] || least=4
[ "$DURATION" -ge "$least" ] || {
    echo "fuzz: DURATION must be $least seconds or more" >&2
    exit 2
}
cases=400
target=${CARGO_TARGET_DIR:-target}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# One line each: the arguments of `cargo test`.
properties='-p puffs-core --features std --test hostile
-p puffs-dev --test hostile
-p puffs-vfs --test hostile
-p puffs-user --test hostile
-p puffs-user --lib anything'

# Runs each property until `end`, with the arguments added.
test_each() {
    echo "$properties" | while read -r property; do
        [ "$(date +%s)" -lt "$end" ] || break
        # shellcheck disable=SC2086 # lists of arguments
        $CARGO test $JOBS --quiet $property "$@" >"$log" 2>&1 </dev/null || {
            cat "$log"
            echo "fuzz: a property does not hold: $property" >&2
            exit 1
        }
    done
}

# Lets libFuzzer loose on the programs of fuzz/, for so many seconds in all.
guided() {
    command -v "$CXX" >/dev/null || {
        mk/skips.sh add "fuzz: nothing is guided by coverage, since there is no $CXX to compile libFuzzer"
        return
    }
    host=$($CARGO -vV | sed -n 's/^host: //p')
    dir=$target/fuzz
    # With a target named, build scripts and macros are compiled without these.
    flags='-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters'
    flags="$flags -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
    # shellcheck disable=SC2086 # a list of arguments
    RUSTFLAGS=$flags $CARGO build $JOBS --quiet -p puffs-fuzz --features libfuzzer --target "$host" --target-dir "$dir"
    for program in answers requests; do
        mkdir -p "$dir/corpus/$program"
        "$dir/$host/debug/$program" -max_total_time=$(($1 / 2)) -max_len=2048 -print_final_stats=1 \
            -artifact_prefix="$dir/$program-" "$dir/corpus/$program" >"$log" 2>&1 || {
            tail -n 60 "$log"
            echo "fuzz: $program fails; the bytes are in $dir/$program-*" >&2
            exit 1
        }
        echo "fuzz: $program: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $(($1 / 2)) s," \
            "$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1) edges"
    done
}

# Compiling is no part of the time.
end=$(($(date +%s) + 86400))
test_each --no-run

seconds=$DURATION
[ "$GUIDED" != yes ] || seconds=$((DURATION / 2))
begin=$(date +%s)
end=$((begin + seconds))
rounds=0
export PROPTEST_CASES="$cases"
while [ "$(date +%s)" -lt "$end" ]; do
    test_each
    rounds=$((rounds + 1))
done
echo "fuzz: $rounds rounds of $cases cases for each property in $(($(date +%s) - begin)) s"
[ "$GUIDED" != yes ] || guided $((DURATION - seconds))
