#!/bin/sh
# What `make test` left out on this machine: skips.sh clear | add REASON | report
set -eu

list=${CARGO_TARGET_DIR:-target}/skipped
mkdir -p "$(dirname "$list")"
case $1 in
clear) rm -f "$list" ;;
add)
    echo "$2" >>"$list"
    echo "SKIPPED $2"
    ;;
report)
    if [ -s "$list" ]; then
        echo
        echo "################ SKIPPED on this machine ################"
        sed 's/^/# /' "$list"
        echo "##########################################################"
        echo
    fi
    ;;
esac
