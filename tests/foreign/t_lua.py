#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_lua.py: Lua 5.4, built unmodified with each C library, on our host: scripts, the console, its own test
# suite.

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests/conf"), os.path.join(ROOT, "images")]

import machine
import tap
from guest import boot, run

SUITE = "build/source/lua-tests/all.lua"
SKIPPING = "local d = loadfile function loadfile(n, ...) if n == '{}' {} then return load'' end return d(n, ...) end"
# What is the C library's own fault: why, and where the files of the suite that notice it stop.
KNOWN = {"picolibc": ("strtod() takes the x of 0x with no digit behind it", {"math.lua": 387, "files.lua": 239})}


def skipping(files):
    """Arguments of Lua that make these files of the suite empty."""
    return ["-e", SKIPPING.format(files[0], "".join(f"or n == '{f}' " for f in files[1:]))] if files else []


def lua(t, libc):
    if missing := machine.missing(f"libc/{libc}"):
        t.result(f"{libc}: Lua", skip=missing)
        return
    program = f"build/{libc}/lua.elf"
    built = run(["make", "--no-print-directory", "DEPS=no", program], MAKEFLAGS="")
    if not os.path.exists(program):
        t.result(f"{libc}: Lua is built by its own makefile", () if "no mirror" in built[1] else built[1:],
                 skip="its source cannot be had" if "no mirror" in built[1] else None)
        return
    t.result(f"{libc}: Lua is built by its own makefile", tap.wrong(built, 0, ()))
    code = 'print(2^53, 7 // 2, ("%5.2f"):format(math.pi), #arg) os.exit(#arg)'
    t.result(f"{libc}: it runs what the command line says", tap.wrong(
        boot(program, "-e", code, "-", "two words"), 1, [r"9.007199254741e\+15\t3\t 3.14\t1"]))
    t.result(f"{libc}: it runs a script in a module", tap.wrong(
        boot(program, "/module/show.lua", options=("--module", "images/lua/show.lua")), 0, ["Lua 5.4, .* KiB in use"]))
    t.result(f"{libc}: it reads what is typed", tap.wrong(
        boot(program, "-", text="print(6 * 7)\nos.exit(9)\n"), 9, ["42"]))
    name = f"{libc}: Lua's own tests, basic mode"
    if not os.path.exists(SUITE):
        t.result(name, skip="not fetched: make luatests (462 MB)")
        return
    packed = tap.wrong(run(["images/lua_tests.sh", "build/lua-tests.cpio"]), 0, ())
    words = ["env.PATH=/", "-e", "_U=true", "all.lua"]
    options = ("--memory", "256M", "--module", "build/lua-tests.cpio")
    why, known = KNOWN.get(libc, ("", {}))
    left_out = []
    for file, line in known.items():
        t.result(f"{name}: {file} fails, because {why}", tap.wrong(
            boot(program, *skipping(left_out), *words, options=options), 1, [f"{file}:{line}: assertion failed"]))
        left_out.append(file)
    words = [*skipping(left_out), *words]
    t.result(name, packed + tap.wrong(boot(program, *words, options=options), 0, ["final OK !!!"]))


def main():
    t = tap.Tap()
    os.chdir(ROOT)
    for libc in machine.LIBCS:
        lua(t, libc)
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
