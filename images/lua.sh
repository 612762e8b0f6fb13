#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# lua.sh: build Lua for the guest by its own Makefile: `images/lua.sh newlib|picolibc OUT.elf`.
#
# Nothing in its source is changed or configured: it is the plain ISO C build (no LUA_USE_POSIX), because what that
# leaves out is what a guest has not: other processes (io.popen), shared objects (package.loadlib). Exit status 3: the
# source cannot be had.
set -eu

[ $# = 2 ] || { echo 'usage: images/lua.sh newlib|picolibc OUT.elf' >&2; exit 1; }
libc=$1 out=$2
folder=build/$libc/foreign/lua
log=$folder.log
unset MAKEFLAGS MFLAGS MAKELEVEL CFLAGS

tarball=$(images/source.sh lua)
rm -rf "$folder"
mkdir -p "$folder" "${out%/*}"
tar -xf "$tarball" -C "$folder" --strip-components=1
if ! make -C "$folder/src" -j2 lua CC="$PWD/images/cc --libc=$libc" >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    echo "lua: building with $libc failed; the whole log is $log" >&2
    exit 1
fi
cp "$folder/src/lua" "$out"
cp "$folder/src/lua32" "${out}32"
