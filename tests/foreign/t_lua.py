#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_lua.py: Lua 5.4, built unmodified with each C library, on our host: scripts, the console, its own test suite; and
# images/cc in the hands of a stranger.

import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests/conf"), os.path.join(ROOT, "images")]

import machine
import tap

SUITE = "build/source/lua-tests/all.lua"
SKIPPING = "local d = loadfile function loadfile(n, ...) if n == '{}' {} then return load'' end return d(n, ...) end"
# What is the C library's own fault: why, and where the files of the suite that notice it stop.
KNOWN = {"picolibc": ("strtod() takes the x of 0x with no digit behind it", {"math.lua": 387, "files.lua": 239})}
HELLO = """#include <stdio.h>
#include <stdlib.h>
#include <math.h>
int main(int argc, char **argv)
{
    unsigned __int128 wide = (unsigned __int128)argc << 90;
    FILE *f = fopen("/note", "w");
    char *text = malloc(100000);
    if (!f || !text || fputs("kept", f) < 0 || fclose(f))
        return 1;
    f = fopen("/note", "r");
    printf("%s|%s|%.3f|%d\\n", argv[argc - 1], fgets(text, 100000, f), sqrt(argc), (int)(wide % 1000000007));
    return 42;
}
"""


def run(command, text="", **env):
    done = subprocess.run(command, input=text, env=dict(os.environ, **env), text=True, errors="replace", check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def boot(program, *words, options=(), text=""):
    return run(["images/boot", "--timeout", "300", *options, program, *words], text)


def stranger(t, libc, folder):
    source, program = f"{folder}/hello.c", f"{folder}/hello.elf"
    with open(source, "w", encoding="ascii") as f:
        f.write(HELLO)
    cc = run(["images/cc", f"--libc={libc}", "-O2", "-fPIC", "-fstack-protector-strong", source, "-o", program, "-lm",
              "-lpthread"])
    t.result(f"{libc}: a program is compiled and linked in one go", tap.wrong(cc, 0, ()))
    want = [r"a \"b\" 'c'\\\|kept\|1.414\|" + str((2 << 90) % 1000000007)]
    for name, options in (("our host", ()), ("the emulator alone", ("--bare",))):
        t.result(f"{libc}: it runs on {name}", tap.wrong(boot(program, "a \"b\" 'c'\\", options=options), 42, want))


def languages(t, folder):
    """-x is for the program, not for what it is linked to; and no source is overwritten."""
    source, program = f"{folder}/main.c", f"{folder}/main.elf"
    with open(source, "w", encoding="ascii") as f:
        f.write("int main(void) { return 0; }\n")
    with open(source, encoding="ascii") as f:
        t.result("images/cc compiles what it is given by a pipe", tap.wrong(
            run(["images/cc", "-x", "c", "-", "-o", program], f.read()), 0, ()))
    t.result("images/cc refuses to write over its input", tap.wrong(
        run(["images/cc", source, "-o", source]), 1, ["is the same as output file"]))
    t.result("which is still there", () if os.path.exists(source) else [source])
    for words, status, says in ((["--latency", "nan", program], 2, "nan is no time"),
                                ([program, "x" * 1024], 1, "longer than 1023 bytes")):
        t.result(f"images/boot: {says}", tap.wrong(run(["images/boot", *words]), status, [says]))


def misuse(t, folder):
    for name, words, says in (
            ("no such library", ["--libc=musl", "-c", "x.c"], "there are newlib and picolibc"),
            ("a shared object", ["-shared", "x.c"], "one program of 64-bit code"),
            ("32 bits", ["-m32", "x.c"], "one program of 64-bit code"),
            ("-o of nothing", ["x.c", "-o"], "missing filename"),
            ("no such file", [f"{folder}/none.c"], "No such file"),
            ("nothing at all", [], "no input files")):
        t.result(f"images/cc refuses {name}", tap.wrong(run(["images/cc", *words]), 1, [says]))
    t.result("images/boot refuses what is no guest", tap.wrong(boot("README.md"), 1, ["no 64-bit ELF image"]))


def skipping(files):
    """Arguments of Lua that make these files of the suite empty."""
    return ["-e", SKIPPING.format(files[0], "".join(f"or n == '{f}' " for f in files[1:]))] if files else []


def lua(t, libc):
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
        with tempfile.TemporaryDirectory() as folder:
            stranger(t, libc, folder)
        lua(t, libc)
    with tempfile.TemporaryDirectory() as folder:
        misuse(t, folder)
        languages(t, folder)
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
