#!/bin/sh
# Checks the models in docs/models with spin: every property, under each set of switches.
#
# usage: mk/spin-check.sh, at the top of the sources
set -eu
: "${CC:=cc}"
model=docs/models/handover.pml

command -v spin >/dev/null || {
    echo "make spin needs the model checker spin (Debian's package spin): run make deps" >&2
    exit 1
}

everything='-DDEATH -DFAULT -DSTUCK -DLEAVING_GETTER -DLEAVING_CALLER'
# One set of switches a line: room for everybody; a line for the only place; a longer line, and one getter.
sets="$everything -DPLACES=2
$everything -DPLACES=1
-DDEATH -DLEAVING_CALLER -DPLACES=1 -DCALLERS=3 -DGETTERS=1"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
cp "$model" "$work"
cd "$work"

fail() {
    echo "$model, with $switches: $*" >&2
    exit 1
}

echo "$sets" | while read -r switches; do
    # shellcheck disable=SC2086 # several switches
    spin -a $switches handover.pml >said 2>&1 || fail "spin refuses it: $(cat said)"
    ! grep -i error said >&2 || fail 'spin complains'
    # Fair to each process, of which there are seven at most; at most 2 GB.
    "$CC" -O2 -w -DNFAIR=3 -DCOLLAPSE -DMEMLIM=2048 -o pan pan.c
    properties=$(sed -n 's/^ltl \([a-z_]*\) .*/\1/p' handover.pml)
    [ -n "$properties" ] || fail "handover.pml has no property"
    for property in $properties; do
        ./pan -a -f -m1000000 -N "$property" >said 2>&1 || fail "$property: $(cat said)"
        if ! grep -q 'errors: 0$' said || grep -qE 'max search depth too small|out of memory|aborted' said; then
            cat said >&2
            [ ! -e ./*.trail ] || spin -t -p -g $switches handover.pml | tail -n 200 >&2 || :
            fail "$property does not hold, or was not checked to the end"
        fi
        echo "$switches: $property: $(sed -n 's/^ *\([0-9]*\) states, stored.*/\1 states/p' said)"
    done
done
