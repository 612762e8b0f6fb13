# SPDX-License-Identifier: BSD-2-Clause
# newlib.sh: newlib from Debian's package newlib-source.

# Each thread of the guest has a struct _reent of its own (guest/libc/newlib.c), and read() can read more than 2 GiB:
# the Makefile compiles programs by the same two. Without -frounding-math the compiler makes rint() and sqrt() right in
# one rounding mode only.
flags="$flags -frounding-math -D__DYNAMIC_REENT__ -D_READ_WRITE_RETURN_TYPE=_ssize_t"

tarball() {
    ls /usr/src/newlib/newlib-*.tar.xz 2>/dev/null | head -n 1 | grep . ||
        { say "no tarball in /usr/src/newlib; 'make deps' installs newlib-source" >&2; return 1; }
}

# Not --enable-newlib-io-long-double: printf's %g would take 44,500 instructions in place of 1,100, and round the last
# digits; without it long doubles are printed as doubles. Nor --enable-newlib-io-pos-args, for 24 KiB more of text.
configure() {
    "$out"/src/*/configure --target=$target --prefix="$out" \
        --disable-multilib --disable-libgloss --disable-newlib-supplied-syscalls --disable-nls \
        --enable-newlib-io-long-long --enable-newlib-io-c99-formats \
        --enable-newlib-retargetable-locking --enable-newlib-mb --enable-newlib-iconv \
        MAKEINFO=true CFLAGS_FOR_TARGET="$flags"
}

compile() {
    make -j"$(nproc)" all-target-newlib && make install-target-newlib && posix || return
    # guest/libc/locale.c puts one of its own in front of this.
    $target-objcopy --redefine-sym setlocale=libc_setlocale "$out/$target/lib/libc.a" || return
    ln -s $target/include $target/lib "$out"
}

# Regular expressions, patterns and paths: newlib compiles them for systems that it knows by name only.
posix() {
    local source libc

    libc=$(echo "$out"/src/*/newlib/libc)
    mkdir posix
    for source in posix/{collate,collcmp,fnmatch,regcomp,regerror,regexec,regfree} unix/{basename,dirname}; do
        $target-gcc $flags -w -D_GNU_SOURCE -I"$libc/posix" -isystem "$out/$target/include" \
            -c -o "posix/${source##*/}.o" "$libc/$source.c" || return
    done
    $target-ar rs "$out/$target/lib/libc.a" posix/*.o
}
