# SPDX-License-Identifier: BSD-2-Clause
# image.py: a foreign test program as a bootable image, by images/cc.

import collections
import os
import subprocess
import threading

FOLDER = "build/libc-tests"
# Some tests keep a secret from the compiler in a file of its own, so there is no optimisation across files.
FLAGS = ("-std=gnu11", "-O1", "-fno-lto", "-ffunction-sections", "-fdata-sections")
STACK = "-Wl,--defsym=first_stack_bytes=1M"  # main()'s; newlib/string/tstring fills 260 KiB
COMPLAINT = ("error:", "undefined reference", "multiple definition")
making = collections.defaultdict(threading.Lock)  # by image: a program that boots twice is made once


def path(libc, suite, program):
    return f"{FOLDER}/{libc}/{suite}/{program.name}.elf"


def newer_than_all(image, inputs):
    return os.path.exists(image) and all(os.path.getmtime(i) <= os.path.getmtime(image) for i in inputs)


def build(libc, suite, program):
    """Makes the image, unless there is a fresh one. Returns why it cannot be made: "", or gcc's first complaint."""
    image = path(libc, suite.name, program)
    with making[image]:
        return make(libc, suite, program, image)


def make(libc, suite, program, image):
    sources = [f"{suite.folder}/{source}" for source in program.sources]
    if newer_than_all(image, sources + [f"build/{libc}/cc.conf", f"build/libc/{libc}/lib/libc.a"]):
        return ""
    os.makedirs(os.path.dirname(image), exist_ok=True)
    words = ["images/cc", f"--libc={libc}", *FLAGS, *program.flags, *(f"-I{suite.folder}/{i}" for i in program.include),
             *sources, "-lm", STACK, "-o", image]
    made = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
    if made.returncode:
        lines = made.stderr.splitlines() or ["images/cc said nothing"]
        return next((line for line in lines if any(word in line for word in COMPLAINT)), lines[-1])
    for other in (image + "32", image + ".link"):
        os.unlink(other)
    return ""
