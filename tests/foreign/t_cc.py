#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_cc.py: images/cc and images/boot in the hands of a stranger: a program with each C library, and what goes wrong.

import os
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests/conf"), os.path.join(ROOT, "images")]

import machine
import tap
from guest import boot, run

FAULT = 0x5d
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
LARGE_FRAME = """#include <alloca.h>
#include <pthread.h>
static void *body(void *bytes)
{
    volatile char *far = alloca((size_t)bytes);
    return far[0] = 1, NULL;
}
int main(void)
{
    pthread_t t;
    return pthread_create(&t, NULL, body, (void *)(3 << 20)) || pthread_join(t, NULL);
}
"""


def stranger(t, libc, folder):
    if missing := machine.missing(f"libc/{libc}"):
        t.result(f"{libc}: a program of a stranger's", skip=missing)
        return
    source, program = f"{folder}/hello.c", f"{folder}/hello.elf"
    with open(source, "w", encoding="ascii") as f:
        f.write(HELLO)
    cc = run(["images/cc", f"--libc={libc}", "-O2", "-fPIC", "-fstack-protector-strong", source, "-o", program, "-lm",
              "-lpthread"])
    t.result(f"{libc}: a program is compiled and linked in one go", tap.wrong(cc, 0, ()))
    want = [r"a \"b\" 'c'\\\|kept\|1.414\|" + str((2 << 90) % 1000000007)]
    for name, options in (("our host", ()), ("the emulator alone", ("--bare",))):
        t.result(f"{libc}: it runs on {name}", tap.wrong(boot(program, "a \"b\" 'c'\\", options=options), 42, want))


def large_frame(t, folder):
    """A frame of 3 MiB does not step over the guard page of a stack of 64 KiB."""
    source, program = f"{folder}/frame.c", f"{folder}/frame.elf"
    with open(source, "w", encoding="ascii") as f:
        f.write(LARGE_FRAME)
    t.result("a large frame is compiled", tap.wrong(run(["images/cc", "-O2", source, "-o", program]), 0, ()))
    t.result("it is a stack overflow", tap.wrong(boot(program), FAULT, ["fault: thread 1.*: stack overflow"]))


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


def main():
    t = tap.Tap()
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        for libc in machine.LIBCS:
            stranger(t, libc, folder)
        large_frame(t, folder)
        languages(t, folder)
        misuse(t, folder)
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
