# SPDX-License-Identifier: BSD-2-Clause
# layers.py: the rooms of the tree, and which of them each may include from. The Makefile compiles by the same table.

COMMON = ["common"]
ARCH = COMMON + ["arch/x86_64/inc"]
CORE = COMMON + ["host/core"]
KERN = COMMON + ["guest/kern"]
HOST = ARCH + ["host/core", "arch/x86_64/host"]

FREESTANDING = {"stdint.h", "stdbool.h", "stddef.h", "stdarg.h", "limits.h"}

# room: (folders its includes are looked up in besides its own, system headers; None = any the world's C library has)
ROOMS = {
    "common/abi": (COMMON, {"stdint.h"}),
    "common/lib": (COMMON, FREESTANDING),
    "arch/x86_64/inc": (ARCH, FREESTANDING),
    "host/core": (CORE, FREESTANDING),
    "arch/x86_64/host": (HOST, FREESTANDING),
    "host/hyp": (HOST + ["host/hyp"], FREESTANDING),
    "arch/model": (CORE, None),
    "guest/kern": (KERN, FREESTANDING),
    "arch/x86_64/guest": (ARCH + ["guest/kern", "arch/x86_64/guest"], FREESTANDING),
    "guest/fs": (KERN + ["guest/fs"], FREESTANDING),
    "guest/libc": (KERN + ["guest/fs", "guest/libc"], None),
    "guest/apps/conf": (ARCH + ["guest/kern"], FREESTANDING),
    "guest/apps": (KERN, None),
}

# Under the protocol explorer, atomic.h is that explorer's; likewise the simulator's.
EXCEPTIONS = {("common/lib/atomic.h", "mc_atomic.h"), ("common/lib/atomic.h", "sim_atomic.h")}

# Function bodies compiled once for each entry format, inside the file of that format.
BODIES = {f"host/core/tdp_{part}.h" for part in ("walk", "iter", "map", "zap", "scan")}


def room_of(path):
    """The room a file lies in, None for tests, tools and documents."""
    return next((room for room in ROOMS if path.startswith(room + "/")), None)
