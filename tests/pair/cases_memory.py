# SPDX-License-Identifier: BSD-2-Clause
# cases_memory.py: malloc and mmap() as programs use them, with both C libraries.

import machine
from case import Case

ABORT, PANIC = 0x5e, 0x5f
HOST = "mem=16M resident=4M vcpus=2"


def cases(libc):
    def heap(name, args, **more):
        return Case(f"heap-{name}-{libc}", guest="heap", libc=libc, args=args, **{"host": HOST, **more})

    def maps(name, **more):
        return Case(f"maps-{name}-{libc}", guest="maps", libc=libc, args=name, **{"host": HOST, **more})

    right, dead = (r"^heap: all right$",), ("still alive",)
    return [
        heap("threads", "threads", say=right),
        heap("threads-alone", "threads rounds=6000", boot="pvh", say=right),
        heap("out", "out", say=right),
        heap("out-alone", "out", boot="pvh", memory=64, say=right),
        heap("twice", "twice", status=(ABORT,), say=(r"malloc: 0x[0-9a-f]+: freed twice",), never=dead),
        heap("wild", "wild", status=(ABORT,), say=(r"malloc: 0x[0-9a-f]+: not the start of a block",), never=dead),
        maps("memory", say=(r"^maps: all right$",)),
        maps("file", say=(r"^maps: all right$",)),
        maps("none", status=(PANIC,), say=(r"^maps: will read 0x", "page fault: read of"), never=("maps: wrong",)),
        maps("module", status=(PANIC,), say=(r"^maps: will write 0x", "page fault: write of"), never=("maps: wrong",)),
    ]


CASES = [case for libc in machine.LIBCS for case in cases(libc)]
