# SPDX-License-Identifier: BSD-2-Clause
# suite_picolibc.py: picolibc's own test programs, as its test/meson.build and those beside it compile and judge them.
#
# Left out are semihosting, C++, the stack protector, which images/cc has not, and what is for the system of the build
# machine; and the tests' lock-valid.c, which replaces the locks that a program here has of the kernel.

import glob
import os
import subprocess

from suite import Missing, Program, Suite, unpack

# What meson.build gives to all test programs.
COMMON = ("-fno-common", "-frounding-math", "-fsignaling-nans", "-fno-builtin-copysignl", "-D_FORTIFY_SOURCE=3",
          "-D_TEST_LONG_DOUBLE", "-Werror=implicit-function-declaration")
ROOMS = ("test/", "newlib/testsuite/", "newlib/libm/test/")
NO_BUILTIN = ("-fno-builtin",)

# The order is meson.build's. Each is test/NAME.c.
PLAIN = """regex ungetc malloc ffs setjmp atexit on_exit timegm test-atomic test-strchr test-memchr test-memset test-put
    test-raise test-sprintf-percent-n test-ctype test-uchar test-wctomb test-scmpu test-strncpy time-tests constructor
    fenv rand test-efcvt test-fma test-strtod complex-funcs malloc_stress t_fmemopen test-vfscanf-percent-a posix-io
    test-fopen test-mktemp test-tmpnam test-fread-fwrite test-ungetc-ftell test-fgetc test-fgets-eof test-wchar
    math-funcs test-funopen tls test-memcpy_s test-memset_s test-memmove_s test-strcat_s test-strcpy_s test-strerror_s
    test-strerrorlen_s test-strncat_s test-strncpy_s test-strnlen_s test-sprintf_s"""

LIBC_TESTSUITE = "basename dirname fnmatch qsort snprintf sscanf string strtol wcstol strtod"

NEWLIB_TESTSUITE = """iconv/iconvnm iconv/iconvjp iconv/iconvru locale/UTF-8 search/hsearchtest stdio/nulprintf
    stdio/swprintf stdlib/atexit stdlib/size_max string/memcpy-1 string/memmove1 string/strcmp-1 string/tstring
    time/tzset time/asctime wctype/tiswctype wctype/twctrans"""


def program(name, *sources, flags=(), **more):
    paths = tuple(f"test/{s}.c" for s in sources or (name,))
    return Program(name, paths, COMMON + flags, **more)


def variant(letter, name, source, **more):
    """picolibc has five printf and scanf; a program chooses one for all of it."""
    flags = (f"-D_PICOLIBC_PRINTF='{letter}'", f"-D_PICOLIBC_SCANF='{letter}'",
             f"-Wl,--defsym=vfprintf=__{letter}_vfprintf", f"-Wl,--defsym=vfscanf=__{letter}_vfscanf")
    return program(name, source, flags=flags, only="picolibc", **more)


def special():
    yield program("printf_scanf")
    yield program("printf-tests")
    yield program("test-long-long")
    for letter in "flim":
        yield variant(letter, f"printf{letter}_scanf{letter}", "printf_scanf")
    for letter in "fim":
        yield variant(letter, f"printf{letter}-tests", "printf-tests")
    yield variant("l", "test-long-longl", "test-long-long")
    yield variant("i", "time-sprintfi", "time-sprintf")
    yield program("time-sprintf", flags=NO_BUILTIN)
    yield program("try-ilp32", "try-ilp32", "try-ilp32-sub")
    yield program("hosted-exit")
    yield program("hosted-exit-fail", "hosted-exit", flags=("-DRETVAL=1",), fails=True)
    yield program("abort", fails=True)
    yield program("math_errhandling", flags=NO_BUILTIN)
    yield program("rounding-mode", "rounding-mode", "rounding-mode-sub", flags=NO_BUILTIN)
    yield program("test-except", flags=NO_BUILTIN, fails=True)
    yield program("long_double")
    yield program("test-gets-success", "test-gets", stdin="hi\n")
    yield program("test-gets-failure", "test-gets", stdin="a long string that overflows the buffer\n", fails=True)


def programs(folder):
    yield from special()
    for name in PLAIN.split():
        yield program(name, flags=(f'-DTEST_FILE_NAME="{name}.txt"',))
    for name in LIBC_TESTSUITE.split():
        yield program(f"libc-testsuite/{name}", f"libc-testsuite/{name}")
    vectors = sorted(os.path.relpath(path, folder) for path in glob.glob(f"{folder}/newlib/libm/test/*.c"))
    yield Program("math_test", tuple(v for v in vectors if not v.endswith("dcvt.c")),
                  COMMON + ("-DTEST_PART=-1",))
    for name in NEWLIB_TESTSUITE.split():
        yield Program(f"testsuite/{name}", (f"newlib/testsuite/newlib.{name}.c",),
                      COMMON + ("-D_XOPEN_SOURCE=700", "-D_GNU_SOURCE"), ("newlib/testsuite/include",))


def load():
    fetched = subprocess.run(["images/source.sh", "picolibc"], capture_output=True, text=True, check=False)
    if fetched.returncode:
        raise Missing(fetched.stderr.strip().splitlines()[-1])
    folder = unpack(fetched.stdout.strip(), lambda path: path.startswith(ROOMS))
    return Suite("picolibc", folder, list(programs(folder)))
