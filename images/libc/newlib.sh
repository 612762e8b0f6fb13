# SPDX-License-Identifier: BSD-2-Clause
# newlib.sh: newlib from Debian's package newlib-source.

# Each thread of the guest has a struct _reent of its own (guest/libc/newlib.c), and read() can read more than 2 GiB.
# The Makefile compiles programs by the same two.
flags="$flags -D__DYNAMIC_REENT__ -D_READ_WRITE_RETURN_TYPE=_ssize_t"

tarball() {
    ls /usr/src/newlib/newlib-*.tar.xz 2>/dev/null | head -n 1 | grep . ||
        { say "no tarball in /usr/src/newlib; 'make deps' installs newlib-source" >&2; return 1; }
}

configure() {
    "$out"/src/*/configure --target=$target --prefix="$out" \
        --disable-multilib --disable-libgloss --disable-newlib-supplied-syscalls --disable-nls \
        --enable-newlib-io-long-long --enable-newlib-io-c99-formats --enable-newlib-io-long-double \
        --enable-newlib-retargetable-locking MAKEINFO=true CFLAGS_FOR_TARGET="$flags"
}

compile() {
    make -j"$(nproc)" all-target-newlib && make install-target-newlib
    ln -s $target/include $target/lib "$out"
}
