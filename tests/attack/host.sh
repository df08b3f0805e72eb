# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# host: what lies on one machine, kept and put back: the realm, its far witness, and the desks' files,
# $realm, $far and $runtime, under $memory/kept.
#
#   keep NAME         as it is now
#   bring_back NAME   ... is so again
keep() {
    local to=$memory/kept/$1
    rm -rf -- "$to"
    mkdir -p "$to"
    cp -a --sparse=always "$realm" "$far" "$runtime" "$to/"
}

bring_back() {
    local from=$memory/kept/$1 folder
    for folder in "$realm" "$far" "$runtime"; do
        rm -rf -- "$folder"
        cp -a --sparse=always "$from/$(basename "$folder")" "$folder"
    done
}
