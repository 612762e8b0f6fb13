# SPDX-License-Identifier: BSD-2-Clause
# libc.py: what functions of each C library cost, and how large a program is with it.

import os

import boot
import machine

COUNTING = ("-icount", "shift=0")
METHOD = """\
The guest libcspeed boots without our host; it calls each function 15 times and prints the fewest instructions. A number
behind the name is how many bytes, or elements, the call works on. memcpy, memset, memcmp, strlen and strcmp are the
kernel's own (common/lib/str.c) with either library."""


def built():
    """The libraries that there are."""
    return [libc for libc in machine.LIBCS if os.path.exists(f"build/{libc}/guest-libcspeed.elf")]


def measured(libc):
    """Instructions by function."""
    m = machine.Machine(cpus=1, memory=256, host=f"build/{libc}/guest-libcspeed.elf", extra=COUNTING)
    return boot.figures(m, alone=True)


def part(report):
    figures = {libc: measured(libc) for libc in built()}
    report.title("F. Functions of the C libraries in instructions", "here")
    for libc, values in figures.items():
        for name, value in values.items():
            report.row(f"libc_{libc}_{name}", "", value, 0)
    print(f"\n{METHOD}")
