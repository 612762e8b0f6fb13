#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# sqlite.sh: make SQLite's amalgamation, unmodified, out of Debian's source package: `images/sqlite.sh OUT`.
#
# The result is OUT/sqlite3.c and OUT/sqlite3.h; the log of their making is OUT/log. Exit status 3: the source cannot be
# had, and OUT/unavailable says why.
set -eu

out=${1:?usage: images/sqlite.sh OUT}
unset MAKEFLAGS MFLAGS MAKELEVEL CC CFLAGS CPPFLAGS LDFLAGS

say() { echo "sqlite: $*"; }

mkdir -p "$out"
out=$(cd "$out" && pwd)
if ! tarball=$(images/source.sh sqlite 2>"$out/unavailable"); then
    cat "$out/unavailable" >&2
    exit 3
fi
cat "$out/unavailable" >&2
rm "$out/unavailable"

fail() {
    tail -n 15 "$out/log" >&2
    say "$1 failed; the whole log is $out/log" >&2
    exit 1
}

rm -rf "$out/src"
mkdir "$out/src"
say "unpacking $(basename "$tarball")"
tar -xf "$tarball" -C "$out/src" --strip-components=1 >"$out/log" 2>&1 || fail unpacking
cd "$out/src"
say "putting sqlite3.c together (ten seconds, log in $out/log)"
./configure --disable-tcl >>"$out/log" 2>&1 || fail configure
make sqlite3.c >>"$out/log" 2>&1 || fail make
mv sqlite3.h sqlite3.c "$out"
rm -rf "$out/src"
