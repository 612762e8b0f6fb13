#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_abi.py: the headers in common/abi say the same to every compiler, language and machine that may use them.

import shutil

import abi
import lint

STRICT = ["-Wall", "-Wextra", "-Wundef", "-Werror", "-Icommon"]
C = ["-std=c11", "-ffreestanding", "-pedantic", *STRICT]
CXX = ["-std=c++17", "-ffreestanding", "-pedantic", *STRICT]
X86, ARM = "--target=x86_64-none-elf", "--target=aarch64-none-elf"
# The first is what the others are compared with.
COMPILERS = [
    ("gcc, C11", ".c", ["gcc", "-m64", *C]),
    ("gcc, C11, 32 bits", ".c", ["gcc", "-m32", *C]),
    ("gcc, C11, arm64", ".c", ["aarch64-linux-gnu-gcc", *C]),
    ("g++, C++17", ".cc", ["g++", "-m64", *CXX]),
    ("g++, C++17, 32 bits", ".cc", ["g++", "-m32", *CXX]),
    ("clang, C11", ".c", ["clang", X86, *C]),
    ("clang, C11, 32 bits", ".c", ["clang", "--target=i386-none-elf", *C]),
    ("clang, C11, arm64", ".c", ["clang", ARM, *C]),
    ("clang, C++17", ".cc", ["clang", X86, *CXX]),
    ("clang, C++17, arm64", ".cc", ["clang", ARM, *CXX]),
]
ASSEMBLERS = [
    ("gcc", ["gcc", "-m64", "-Icommon"]),
    ("gcc, arm64", ["aarch64-linux-gnu-gcc", "-Icommon"]),
    ("clang", ["clang", X86, "-Icommon"]),
    ("clang, arm64", ["clang", ARM, "-Icommon"]),
]


def say_the_same(tap, headers):
    """All headers together, in both orders: none may depend on another's coming first."""
    wanted = [e for h in headers for e in abi.expressions(h)]
    first = None
    for name, suffix, command in COMPILERS:
        result = f"{len(wanted)} sizes, offsets and constants: {name}"
        if not shutil.which(command[0]):
            tap.skip(result, f"no {command[0]}")
            continue
        for order in (headers, headers[::-1]):
            values, wrong = abi.compiled(command, suffix, abi.in_c(abi.includes(order), wanted))
            if wrong:
                break
            first = first or values
            wrong = list(abi.differences(wanted, first, values))
        tap.result(result, wrong)


def alone(headers):
    """Each header by itself, as C and as C++."""
    for header in headers:
        for suffix, command in ((".c", ["gcc", *C]), (".cc", ["g++", *CXX])):
            yield from abi.compiled(command, suffix, abi.in_c(abi.includes([header]), ["1"]))[1]


def assemble(tap, headers):
    usable = [h for h in headers if abi.from_assembly(h)]
    for name, command in ASSEMBLERS:
        result = f"{len(usable)} headers are usable from assembly: {name}"
        if not shutil.which(command[0]):
            tap.skip(result, f"no {command[0]}")
            continue
        complaints = [] if len(usable) > 3 else ["hardly any says so"]
        for header in usable:
            wanted = abi.constants(header)
            values, wrong = abi.compiled(command, ".S", abi.in_assembly(abi.includes([header]), wanted))
            meant, _ = abi.compiled(["gcc", *C], ".c", abi.in_c(abi.includes([header]), wanted))
            complaints += wrong or abi.differences(wanted, meant, values)
        tap.result(result, complaints)


def main():
    headers, tap = abi.headers(), lint.Tap()
    tap.result("each header compiles alone", alone(headers))
    say_the_same(tap, headers)
    assemble(tap, headers)
    tap.end()


main()
