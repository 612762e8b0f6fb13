#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_abi.py: the bytes in common/abi have the same layout for every compiler, language and machine that may use them.

import shutil
import subprocess

import lint

C11 = ["-x", "c", "-std=c11"]
# C++ spells two of C11's keywords differently; nothing else in these headers may need help.
CXX17 = ["-x", "c++", "-std=c++17", "-D_Static_assert=static_assert", "-D_Alignof=alignof"]
CHECK = ["-ffreestanding", "-fsyntax-only", "-Wall", "-Wextra", "-Wundef", "-Werror", "-Icommon"]
WORLDS = [
    ("gcc, C11", ["gcc", "-m64", *C11]),
    ("gcc, C11, 32 bits", ["gcc", "-m32", *C11]),
    ("g++, C++17", ["g++", *CXX17]),
    ("clang, C11", ["clang", "--target=x86_64-none-elf", *C11]),
    ("clang, C11, arm64", ["clang", "--target=aarch64-none-elf", *C11]),
    ("clang, C++17", ["clang", "--target=x86_64-none-elf", *CXX17]),
]


def complaints(command, headers):
    """All headers together, in both orders: none may depend on another's coming first."""
    for order in (headers, headers[::-1]):
        text = "".join(f'#include "{h[len("common/"):]}"\n' for h in order)
        probe = subprocess.run([*command, *CHECK, "-"], input=text, text=True, capture_output=True,
                               check=False)
        if probe.returncode:
            return probe.stderr.strip().splitlines()[:5]
    return []


def main():
    headers = [h for h in lint.files(".h") if h.startswith("common/abi/")]
    tap = lint.Tap()
    for name, command in WORLDS:
        if shutil.which(command[0]):
            tap.result(f"layout as {name} sees it", complaints(command, headers))
        else:
            tap.skip(f"layout as {name} sees it", f"no {command[0]}")
    tap.end()


main()
