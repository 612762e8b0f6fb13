# SPDX-License-Identifier: BSD-2-Clause
# exact.py: path lengths to the instruction: under -icount shift=0 the time stamp counter counts instructions.

import dataclasses
import os

import boot
import machine

BUDGETS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "budgets")
COUNTING = ("-icount", "shift=0")
RESIDENT = 12
EOI = 4  # instructions of the guest's own in eoi_exit
NO_WORD = 0x1007EFB & ~(1 << 6)  # the KVM features of our host, less PV EOI
BY_WORD = ("self_ipi", "apf_whole")  # what is measured with PV EOI, too, as NAME_word
LATENCY = 2  # ms of real time: a page must not come before the guest has turned to something else
STATUS_ALONE = 2  # how the bench guest ends without our host

PIECES = {  # of what is measured besides the rows of the budget file
    "ack_exit": "WRMSR exit, APF acknowledge",
    "eoi_exit": "end of interrupt, by WRMSR exit or by a word",
    "apf_touch_to_other": "one APF fault: touch to another thread running",
    "apf_completion": "… host's completion to the end of the ready handler",
    "apf_ready_to_resumed": "… yield to the thread going on",
    "apf_exits": "… exits",
    "apf_touch_to_fault": "host: touch to the #PF vector (gate)",
    "apf_interrupt_to_ready": "host: completion to the ready vector (gate)",
    "apf_ready_with_exits": "ready vector to the end, with both exits (gate)",
    "malloc_free_many": "malloc and free of one of 1000 blocks, with new memory",
    "host_to_guest": "host's first instruction to the guest's",
}

METHOD = """\
The guest reads the time stamp counter, which counts one per instruction, and takes the median of 200 to 2000
samples less what the readings cost. Where it says "gate", gates of its own in front of the kernel's tell when a
vector is entered; the 7 instructions that this adds are taken off.
- apf_whole: one vCPU that never waits. While thread A's page is read, thread B reads the counter in a loop, so the
  store's time is B's own. Counted is what B does not get: from A's touch until B runs (apf_touch_to_other), the
  pause in which the host completes the read and delivers the ready interrupt (apf_completion), and from B's yield
  until A goes on (apf_ready_to_resumed).
- apf_fault_to_other: from the entry of vector 14 (gate) to B's first reading.
- apf_ready_guest: from the entry of the ready vector (gate) to B's next reading, less the host's part of the two
  exits in it, EOI and ACK, which are measured by themselves; their WRMSR instructions count.
- … _word: the same where interrupts end by a word in memory (PV EOI), which saves one exit for each: about as many
  instructions more as that exit has, on an emulator where an exit takes as long as some 5,000 of them.
- context_switch, mutex_handover: two threads on one CPU take turns; each notes the counter as it gives way.
- all others: without that.
- entry_to_main: all exits and nested faults on the way included; every feature on.
- host_to_guest: the counter at the guest's first instruction less that of a guest booted in the host's place. 30
  million of it are 30 ms in which the host calibrates its clock; waits for the disk pass in real time. It varies."""


@dataclasses.dataclass
class Figure:
    name: str
    budget: float
    goal: float
    anchor: float
    what: str
    value: float = None


def table():
    """The rows of the budget file."""
    rows = []
    with open(BUDGETS, encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, budget, goal, anchor, what = line.split(maxsplit=4)
                limits = (None if n == "-" else float(n) for n in (budget, goal, anchor))
                rows.append(Figure(name, *limits, what.strip()))
    return rows


def measured(alone=False):
    """All figures by name; with alone=True also how long the host takes to start, which needs one more boot."""
    m = machine.Machine(disk=boot.DISK, latency=LATENCY, cpus=1, guest=boot.GUEST, host_args=boot.host_args(RESIDENT),
                        guest_args="exact", extra=COUNTING)
    with_word = boot.figures(m)
    m.host_args = f"pv={NO_WORD} {m.host_args}"
    v = boot.figures(m)
    v.update({f"{name}_word": with_word[name] for name in BY_WORD}, entry_to_main=with_word["entry_to_main"])
    v["apf_ready_guest"] = v["apf_ready_with_exits"] - (v["eoi_exit"] - EOI) - (v["ack_exit"] - 1)
    if alone:
        m.host, m.guest, m.host_args = boot.GUEST, "", ""
        v["host_to_guest"] = v["first_instruction"] - boot.figures(m, STATUS_ALONE)["first_instruction"]
    del v["first_instruction"]
    return v
