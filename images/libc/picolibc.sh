# SPDX-License-Identifier: BSD-2-Clause
# picolibc.sh: picolibc from Debian's pool. No binary package has it for x86-64.

tarball() {
    images/source.sh picolibc
}

# The whole of it: stdio over read() and write(), errno and friends per thread.
configure() {
    local quoted

    quoted=$(printf "'%s', " $flags)
    cat >cross.txt <<CROSS
[binaries]
c = '$out/bin/$target-gcc'
ar = '$out/bin/$target-ar'
as = '$out/bin/$target-as'
nm = '$out/bin/$target-nm'
strip = '$out/bin/$target-strip'
[built-in options]
c_args = [ ${quoted%, } ]
[properties]
skip_sanity_check = true
[host_machine]
system = 'none'
cpu_family = 'x86_64'
cpu = 'x86_64'
endian = 'little'
CROSS
    meson setup --cross-file cross.txt --prefix "$out" --includedir include --libdir lib -Dspecsdir="$out/lib" \
        --buildtype plain -Dmultilib=false -Dtests=false -Dsemihost=false -Dpicocrt=false -Dposix-console=true \
        -Dthread-local-storage=true -Dtls-model=local-exec -Dnewlib-nano-malloc=false \
        -Dio-c99-formats=true -Dio-long-long=true -Dio-long-double=true \
        -Dio-pos-args=true -Dprintf-percent-n=true -Dstdio-locking=true -Dwant-math-errno=true \
        -Dmb-capable=true -Dio-wchar=true -Dfast-bufio=true . "$out"/src/*
}

compile() {
    # guest/libc/{locale,picolibc}.c put functions of their own in front of these.
    ninja && ninja install && "$target-objcopy" --redefine-sym setlocale=libc_setlocale \
        --redefine-sym fflush=picolibc_fflush "$out/lib/libc.a"
}
