# SPDX-License-Identifier: BSD-2-Clause
# cases_libc.py: what depends on the C library is booted with the other one too: NAME-LIBC.

import dataclasses

import cases_bad
import cases_good
import machine

TWICE = ("hello", "hello-highest-status", "hello-grub", "search-int", "search-4-vcpus-2-cpus", "pages-int",
         "waits-int-2-vcpus", "save-int", "alone-pvh", "alone-multiboot", "alone-search-pvh")
OTHER = next(libc for libc in machine.LIBCS if libc != machine.LIBC)


def case_of(name):
    return next(c for c in cases_good.CASES + cases_bad.CASES if c.name == name)


CASES = [dataclasses.replace(c, name=f"{c.name}-{OTHER}", libc=OTHER) for c in map(case_of, TWICE)]
