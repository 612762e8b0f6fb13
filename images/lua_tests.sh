#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# lua_tests.sh: fetch the test suite of Lua 5.4.7 and pack it for a guest: `images/lua_tests.sh OUT.cpio`.
#
# Debian's package of Lua has no tests, but its source of the game Wesnoth 1.18 holds Lua's own repository at 5.4.7 with
# them. That is 462 MB to load, of which 450 KB are kept, so it happens once and only when asked: make luatests. Exit
# status 3: the source cannot be had.
set -eu

[ $# = 1 ] || { echo 'usage: images/lua_tests.sh OUT.cpio' >&2; exit 1; }
out=$1
folder=build/source/lua-tests
inside=wesnoth-1.18.5/src/modules/lua/testes

if [ ! -f "$folder/all.lua" ]; then
    tarball=$(images/source.sh wesnoth)
    echo 'lua_tests: unpacking the suite out of 462 MB (minutes)' >&2
    rm -rf "$folder.tmp"
    mkdir -p "$folder.tmp"
    tar -xjf "$tarball" -C "$folder.tmp" --strip-components=5 "$inside"
    mv "$folder.tmp" "$folder"
    rm -f "$tarball"
fi
mkdir -p "$(dirname "$out")"
images/cpio "$out" "$folder"
