# SPDX-License-Identifier: BSD-2-Clause
# cases_faults.py: programs that do what C or the machine forbids (guest/faults.c): one line names the thread and the
# deed, the exit status tells it from a panic; with the other C library as well where that has a part in it.

import machine
from case import Case

FAULT, ABORT, PANIC = 0x5D, 0x5E, 0x5F
REGISTERS = r"^vm0\| rip [0-9a-f]{16}  rsp [0-9a-f]{16} "


def mode(name, status, *say, thread="", **more):
    return Case(f"faults-{name}" + ("-thread" if thread else ""), guest="faults",
                args=f"mode={name}" + (" thread=on" if thread else ""), status=(status,), say=say, **more)


def fault(name, what, **more):
    """On main()'s thread and on another, each of which is named, at the start of a line."""
    return [mode(name, FAULT, rf"^vm0\| fault: thread {who}: {what}", REGISTERS, never=("panic",), thread=thread,
                 **more)
            for who, thread in ((r"0 \(main\)", ""), (r"[1-9]\d* \(worker\)", "on"))]


RIP = ", at rip 0x[0-9a-f]+$"

CASES = [
    *fault("divide", "division by zero.*" + RIP),
    *fault("null-write", "segmentation fault: write to 0x0" + RIP),
    *fault("wild-read", "segmentation fault: read from 0x123456789000" + RIP),
    *fault("odd-read", "general protection .*" + RIP),
    *fault("null-call", "segmentation fault: jump to 0x0, at rip 0x0$"),
    *fault("illegal", "illegal instruction" + RIP),
    *fault("x87", "floating-point exception" + RIP),
    *fault("simd", "SIMD floating-point exception" + RIP),
    mode("overflow", FAULT, r"fault: thread 0 \(main\): stack overflow: 256 KiB", REGISTERS, never=("panic",)),
    mode("overflow", FAULT, r"fault: thread [1-9]\d* \(worker\): stack overflow: 24 KiB", REGISTERS, never=("panic",),
         thread="on"),
    *[mode("catch-" + name, 5, f"(?s)handler of signal {signal}$.*still there$.*handler of.*still there$",
           never=("fault:",), thread=thread)
      for name, signal in (("division", 8), ("null", 11)) for thread in ("", "on")],
    mode("catch-x87", 5, "handler of signal 8", "still there", never=("fault:",)),
    mode("mend", 5, "(?s)mended after signal 8.*SSE and x87 as before", never=("fault:",)),
    mode("kernel-write", PANIC, REGISTERS, r"panic on CPU \d: page fault: write to 0 at ", never=("fault: thread",)),
    mode("exit", 9),
    mode("exit", 9, thread="on"),
    mode("return", 5),
    *[Case(f"faults-{name}-{libc}", guest="faults", args=f"mode={name}", status=(ABORT,), libc=libc, say=say,
           never=("panic",))
      for libc in machine.LIBCS for name, say in (("abort", (r"abort.*thread 0",)),
                                                  ("assert", (r"zero == 1.*faults\.c", r"abort.*thread 0")))],
    Case("faults-old-cpu", guest="faults", args="mode=catch-division thread=on", status=(5,), cpu="max,-fsgsbase",
         say=("handler of signal 8",)),
]
