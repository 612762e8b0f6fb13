#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# libc.sh: build a C library for the guest: `images/libc.sh newlib|picolibc OUT`.
#
# The result is OUT/{include,lib}. It is built once and takes a minute or two; a build that was interrupted starts again
# from nothing. The host's gcc serves as the cross compiler, through wrappers in OUT/bin that hide Linux from it and
# keep to what a kernel may run: no red zone, no stack protector, no PIC. images/libc/NAME.sh says what is particular:
# tarball() where it is, configure() and compile() in OUT/obj. Exit status 3: the source cannot be had,
# and OUT/unavailable says why.
set -eu

usage='usage: images/libc.sh newlib|picolibc OUT'
name=${1:?$usage} out=${2:?$usage}
# -Os, because a printing program's text is 51 KiB with it and 56 KiB with -O2 (picolibc), 86 and 160 (newlib). But the
# libraries are not to know: else their string functions go byte by byte, and newlib's printf("%s", NULL) faults.
flags='-Os -U__OPTIMIZE_SIZE__ -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables'
target=x86_64-elf
unset MAKEFLAGS MFLAGS MAKELEVEL CFLAGS CPPFLAGS LDFLAGS

say() { echo "$name: $*"; }

[ -f "images/libc/$name.sh" ] || { echo "$usage" >&2; exit 1; }
. "images/libc/$name.sh"

rm -rf "$out"
mkdir -p "$out/bin" "$out/src" "$out/obj"
if ! tarball=$(tarball 2>"$out/unavailable"); then
    cat "$out/unavailable" >&2
    exit 3
fi
cat "$out/unavailable" >&2
rm "$out/unavailable"
out=$(cd "$out" && pwd)
log=$out/log

fail() {
    tail -n 15 "$log" >&2
    say "$1 failed; the whole log is $log" >&2
    exit 1
}

# The cross compiler's names, all leading to the host's own tools.
wrappers() {
    local compiler tool

    for compiler in gcc cc; do
        cat >"$out/bin/$target-$compiler" <<WRAPPER
#!/bin/sh
exec gcc -m64 -march=x86-64 -nostdinc -isystem "$(gcc -print-file-name=include)" \\
    -U__linux__ -U__linux -Ulinux -U__gnu_linux__ -U__unix__ -U__unix -Uunix \\
    -fno-pic -fno-pie -mno-red-zone -fcf-protection=none -fno-stack-protector -nostdlib -static "\$@"
WRAPPER
        chmod +x "$out/bin/$target-$compiler"
    done
    for tool in ar as ld nm ranlib strip objcopy objdump readelf; do
        ln -s "$(command -v $tool)" "$out/bin/$target-$tool"
    done
}

# Runs a step with its output in the log, and says every ten seconds how far it got. The step is a process group of
# its own (set -m), so that an interrupt ends its compilers too.
watch_step() {
    local pid beat=0

    set -m
    "$1" >>"$log" 2>&1 &
    pid=$!
    set +m
    trap 'kill -- -$pid 2>/dev/null; exit 130' INT TERM HUP
    while kill -0 $pid 2>/dev/null; do
        sleep 1
        beat=$((beat + 1))
        [ $((beat % 10)) -ne 0 ] || say "$1: ${beat} s, $(find "$out/obj" -name '*.o' | wc -l) objects"
    done
    trap - INT TERM HUP
    wait $pid || fail "$1"
}

wrappers
export PATH="$out/bin:$PATH"
say "unpacking $(basename "$tarball")"
tar -xf "$tarball" -C "$out/src" >>"$log" 2>&1 || fail unpacking
say "configuring and compiling with $flags (a minute or two, log in $log)"
cd "$out/obj"
watch_step configure
watch_step compile
rm -rf "$out/src" "$out/obj"
say "done, $(du -sh "$out/lib/" | cut -f1) in $out/lib"
