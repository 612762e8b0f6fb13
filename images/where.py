# SPDX-License-Identifier: BSD-2-Clause
# where.py: where the CPUs of a Bochs stood when its debugger stopped them, in the names of the host and the guest.

import bisect
import re
import subprocess

DEBUGGER = "c\nr\nprint-stack 96\nq\n"  # run; when something has stopped the machine, tell the first CPU's state; end
PANIC = re.compile(r"^Bochs is exiting with the following message:\n(.*)", re.MULTILINE)
CPU = re.compile(r"^\((\d+)\)(?:\.\[\d+\])? "
                 r"(?:\[0x([0-9a-f]+)\] [0-9a-f]{4}:([0-9a-f]+) \([^)]*\): (.*?)\s*(?:;.*)?|\?.*)$", re.MULTILINE)
RIP = re.compile(r"^rip: ([0-9a-f]{8})_([0-9a-f]{8})$", re.MULTILINE)
STACK = re.compile(r"^ \| STACK 0x[0-9a-f]+ \[0x([0-9a-f]{8}):0x([0-9a-f]{8})\]", re.MULTILINE)
REAL_MODE = 4  # digits of an instruction pointer
CALLERS = 12


class Names:
    """The functions of an ELF image by address."""

    def __init__(self, image):
        words = ["nm", "--defined-only", "-S", "-n", image or "/dev/null"]
        listed = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
        found = re.findall(r"^([0-9a-f]+)(?: ([0-9a-f]+))? [tTwW] ((?!\S*\.c\.)\S+)$", listed, re.MULTILINE)
        self.functions = [(int(start, 16), int(size or "1000", 16), name) for start, size, name in found]

    def of(self, address):
        """`name+0x12`, or "" if no function is there."""
        at = bisect.bisect_right(self.functions, (address, 1 << 64, "")) - 1
        start, size, name = self.functions[at] if at >= 0 else (0, 0, "")
        return f"{name}+0x{address - start:x}" if address - start < size else ""

    def callers(self, words):
        """What on a stack looks like the way back to a caller: behind a function's first instruction."""
        return [name for name in map(self.of, words) if name and not name.endswith("+0x0")]


def report(said, host, guest):
    """Lines for a panic of Bochs's and for each CPU at the debugger's last stop; none if it never stopped."""
    _, _, last = said.rpartition("Next at t=")
    panic = PANIC.search(last)
    if panic:
        yield panic[1]
    if not panic and last.startswith("0\n"):
        return
    names = {"host": Names(host), "guest": Names(guest)}
    first, whose_stack = RIP.search(last), None
    # The last line of each CPU's: after a panic there are several.
    for cpu, physical, rip, instruction in sorted({found[0]: found for found in CPU.findall(last)}.values()):
        if not rip and cpu == "0" and first:
            rip = first[1] + first[2]
        if not rip:
            yield f"CPU {cpu}: in a guest, or where no memory is"
        elif len(rip) == REAL_MODE:
            yield f"CPU {cpu}: firmware at 0x{int(physical, 16):x}: {instruction}"
        else:
            # The host's memory is mapped where it is; a guest's is elsewhere, and under SVM unknown to the debugger.
            whose = "host" if physical and int(physical, 16) == int(rip, 16) else "guest"
            at = names[whose].of(int(rip, 16)) or "(no function)"
            yield f"CPU {cpu}: {whose} at 0x{int(rip, 16):x} {at}{': ' if instruction else ''}{instruction}"
            whose_stack = whose if cpu == "0" else whose_stack
    if whose_stack:
        callers = names[whose_stack].callers(int(high + low, 16) for high, low in STACK.findall(last))
        yield f"CPU 0's stack: {' '.join(callers[:CALLERS]) or 'no function'}"
