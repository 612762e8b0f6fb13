#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_size.py: host and guests stay as small as they promise: code and constants together.

import glob
import os
import subprocess

import lint

GUEST_KIB = 160  # if not said otherwise
LIMITS = {"build/host.elf": 256, "build/picolibc/guest-hello.elf": 64}
for libc in ("newlib", "picolibc"):
    LIMITS[f"build/{libc}/guest-sql.elf"] = 1024  # SQLite, most of it
    LIMITS[f"build/{libc}/guest-posix.elf"] = 192  # a test that calls everything


def text_bytes(image):
    said = subprocess.run(["size", image], capture_output=True, text=True, check=True).stdout
    return int(said.splitlines()[1].split()[0])


def main():
    tap = lint.Tap()
    for image in ["build/host.elf", *sorted(glob.glob("build/guest-*.elf") + glob.glob("build/*lib*/guest-*.elf"))]:
        limit = LIMITS.get(image, GUEST_KIB)
        name = f"{image[len('build/'):]} has at most {limit} KiB of text"
        if not os.path.exists(image):
            tap.skip(name, "not built")
            continue
        text = text_bytes(image)
        tap.result(f"{name} ({text / 1024:.0f})", [f"{text} bytes"] if text > limit * 1024 else [])
    tap.end()


main()
