#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# libgcc.sh: what of gcc's own library a kernel may run: `images/libgcc.sh OUT.a`.
#
# The compiler calls it for what the CPU has no instruction for, such as 128-bit division. It is built for programs of
# a system that keeps off the 128 bytes below their stack pointer (System V ABI, "red zone"). Our interrupts do not, so
# every part that stores there stays out: a program that needs one does not link, instead of failing now and then.
set -eu

[ $# = 1 ] || { echo 'usage: images/libgcc.sh OUT.a' >&2; exit 1; }
out=$(realpath -m "$1")
mkdir -p "${out%/*}"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

cd "$tmp"
ar x "$(gcc -print-libgcc-file-name)"
for object in *.o; do
    ! objdump -d "$object" | grep -qE -e '-0x[0-9a-f]+\(%rsp' || rm "$object"
done
rm -f "$out"
ar rcs "$out" *.o
