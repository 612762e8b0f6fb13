# SPDX-License-Identifier: BSD-2-Clause
# where.py: where the CPUs of a Bochs stood when its debugger stopped them, in the names of the host and the guest.

import bisect
import re
import subprocess

CPU = re.compile(r"^\((\d+)\) \[(0x[0-9a-f]+)\] [0-9a-f]{4}:([0-9a-f]+) \([^)]*\): (.*?)\s*(?:;.*)?$", re.MULTILINE)
STACK = re.compile(r"^ \| STACK 0x[0-9a-f]+ \[0x([0-9a-f]{8}):0x([0-9a-f]{8})\]", re.MULTILINE)
REAL_MODE = 4  # digits of an instruction pointer
CALLERS = 12


class Names:
    """The functions of an ELF image by address."""

    def __init__(self, image):
        words = ["nm", "--defined-only", "-S", "-n", image]
        listed = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
        found = re.findall(r"^([0-9a-f]+)(?: ([0-9a-f]+))? [tTwW] (\S+)$", listed, re.MULTILINE)
        self.functions = [(int(start, 16), int(size or "0", 16), name) for start, size, name in found]

    def of(self, address, in_function=False):
        """`name+0x12`, or "" if no function is there; in_function: behind its first instruction, as a caller is."""
        at = bisect.bisect_right(self.functions, (address, 1 << 64, "")) - 1
        if at < 0:
            return ""
        start, size, name = self.functions[at]
        if address - start >= size if size else address - start > 0x1000:
            return ""
        return f"{name}+0x{address - start:x}" if address > start or not in_function else ""


def report(said, host, guest):
    """Lines for each CPU as the debugger's last stop has it; none if it never stopped the machine."""
    _, stopped, last = said.rpartition("Next at t=")
    if not stopped or last.startswith("0\n"):
        return
    names = {"host": Names(host), "guest": Names(guest) if guest else Names("/dev/null")}
    for cpu, physical, rip, instruction in CPU.findall(last):
        at = int(rip, 16)
        if len(rip) == REAL_MODE:
            yield f"CPU {cpu}: firmware at 0x{int(physical, 16):x}: {instruction}"
            continue
        # The host's memory is mapped where it is; a guest's is elsewhere.
        whose = "host" if int(physical, 16) == at else "guest"
        yield f"CPU {cpu}: {whose} at 0x{at:x} {names[whose].of(at) or '(no function)'}: {instruction}"
        if cpu == "0":
            words = [int(high + low, 16) for high, low in STACK.findall(last)]
            callers = list(filter(None, (names[whose].of(word, True) for word in words)))[:CALLERS]
            if callers:
                yield f"CPU 0's stack: {' '.join(callers)}"
