# SPDX-License-Identifier: BSD-2-Clause
# cases_memory.py: malloc and mmap() as programs use them, with both C libraries.

import machine
from case import Case

ABORT, FAULT = 0x5e, 0x5d
HOST = "mem=16M resident=4M vcpus=2"


def cases(libc):
    def heap(name, args, **more):
        return Case(f"heap-{name}-{libc}", guest="heap", libc=libc, args=args, **{"host": HOST, **more})

    def maps(name, **more):
        return Case(f"maps-{name}-{libc}", guest="maps", libc=libc, args=name, **{"host": HOST, **more})

    right, dead, wrong = ("heap: all right$",), ("still alive",), ("maps: wrong",)
    return [
        heap("threads", "threads", say=right),
        heap("threads-alone", "threads rounds=6000", boot="pvh", say=right),
        heap("out", "out", say=right),
        heap("out-alone", "out", boot="pvh", memory=32, say=right),
        heap("twice", "twice", status=(ABORT,), say=(r"malloc: 0x[0-9a-f]+: freed twice",), never=dead),
        heap("wild", "wild", status=(ABORT,), say=(r"malloc: 0x[0-9a-f]+: not the start of a block",), never=dead),
        maps("memory", say=("maps: all right$",)),
        maps("file", say=("maps: all right$",)),
        maps("none", status=(FAULT,), say=(r"maps: will read 0x", "segmentation fault: read from 0x"), never=wrong),
        maps("module", status=(FAULT,), say=(r"maps: will write 0x", "segmentation fault: write to 0x"), never=wrong),
    ]


CASES = [case for libc in machine.LIBCS for case in cases(libc)]
