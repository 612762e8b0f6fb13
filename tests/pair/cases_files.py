# SPDX-License-Identifier: BSD-2-Clause
# cases_files.py: files out of modules and memory, with each C library.

import dataclasses

import checks
import machine
from case import Case

TREE = "tree=/tree threads=8 rounds=100"
RIGHT = "^(vm0\\| )?files: 0 wrong$"

ONCE = [
    Case("files-int", guest="files", args=TREE, disk="tree", host="mem=16M resident=4M apf=int", say=(RIGHT,),
         checks=(checks.at_least(reads=300, not_present=100),)),
    Case("files-none", guest="files", args=TREE, disk="tree", host="mem=16M resident=4M apf=none", say=(RIGHT,),
         checks=(checks.at_least(reads=300), checks.exactly(not_present=0))),
    Case("files-4-vcpus", guest="files", args=TREE, disk="tree", host="mem=16M resident=4M vcpus=4", say=(RIGHT,)),
    Case("files-slow-disk", guest="files", args="tree=/tree threads=16 rounds=20", disk="tree", latency=5,
         host="mem=16M resident=4M", say=(RIGHT,)),
    Case("files-memory-is-out", guest="files", args="fill=yes rounds=5", module="",
         host="mem=16M resident=20M", say=(RIGHT, r"files: full after \d+ KiB, and again after \d+ KiB$")),
    Case("files-corrupt", guest="files", args="has=/tree/text lacks=/tree/dir/numbered rounds=5", disk="bad tree",
         host="mem=16M resident=4M", say=(RIGHT, r"^vm0\| files: module 0 \(data\), offset \d+: not a hexadecimal "
                                          r"digit; what follows it is left out$")),
    Case("files-plain", guest="files", args="has=/module/notes.txt lacks=/module/0 rounds=5",
         module="data:{bytes}:some/notes.txt", host="mem=16M resident=4M", say=(RIGHT,)),
    Case("files-no-name", guest="files", args="has=/module/0 rounds=5", module="data:{bytes}",
         host="mem=16M resident=4M", say=(RIGHT,)),
    Case("files-alone-pvh", guest="files", args=TREE, disk="tree", boot="pvh", say=(RIGHT,)),
    Case("files-alone-multiboot", guest="files", args=TREE, disk="tree", boot="multiboot", say=(RIGHT,)),
    Case("files-plain-multiboot", guest="files", args="has=/module/text rounds=5", boot="multiboot", say=(RIGHT,)),
]
CASES = [dataclasses.replace(c, name=f"{c.name}-{libc}", libc=libc) for c in ONCE for libc in machine.LIBCS]
