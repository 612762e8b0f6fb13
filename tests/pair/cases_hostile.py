# SPDX-License-Identifier: BSD-2-Clause
# cases_hostile.py: guests that misbehave (guest/hostile): the host lives, says what it saw, and how it ended.

from case import GUEST_BUG, Case

PANIC, FAULT = 0x5F, 0x5D  # the guest's own: it may die of what it does to itself
HOST = r"^host\| "
REGISTERS = HOST + r"vcpu 0: rip [0-9a-f]{16} rsp "
STOPPED = HOST + r"vm0 stopped on vcpu \d: "


def mode(name, *status, say=(), vcpus=2, apf="int", host="", **more):
    return Case(f"hostile-{name}" + ("" if apf == "int" else f"-{apf}"), guest="hostile", args=name,
                host=f"mem=16M resident=4M apf={apf} vcpus={vcpus} {host}", status=status or (0,),
                say=(f"hostile: {name}$", *say), never=("^vm0.*not so",), **more)


def stopped(name, why, **more):
    """The host ends the VM, and says why and in which state it was."""
    return mode(name, GUEST_BUG, say=(STOPPED + why, REGISTERS, HOST + r"  code"), vcpus=1, **more)


CASES = [
    mode("undefined", vcpus=1),
    mode("registers", vcpus=1),
    mode("cpuid"),
    mode("ports", vcpus=1),
    mode("byte-exit", 7),
    mode("no-paging", 9, vcpus=1),
    stopped("string-io", "string I/O"),
    stopped("triple-fault", "triple fault"),
    stopped("jump-hole", "execution at gpa 0xe0000000, where there is no memory"),
    stopped("read-hole", "read at gpa 0xe0000123, where there is no memory"),
    stopped("write-hole", "write at gpa 0xe0000123, where there is no memory"),
    mode("jump-nowhere", FAULT, say=("^vm0.* fault: thread 0 \\(main\\): .* at rip 0x",)),

    *[mode("garbage", apf=apf) for apf in ("none", "legacy", "pf2", "int", "dual")],
    mode("clocks"),
    mode("slot-in-hole"),
    mode("never-acknowledge", 3, vcpus=1),
    *[mode("scribble", 4, PANIC, FAULT, apf=apf) for apf in ("legacy", "pf2", "int")],
    mode("slot-absent", 5, PANIC, FAULT),
    mode("bad-vector", 6, PANIC, FAULT),
    mode("acknowledge"),
    mode("step-enable", 7, PANIC, FAULT, vcpus=1, apf="legacy"),

    mode("apic-off", 4),
    mode("apic-soft-off"),
    mode("apic-garbage", 7),
    mode("ipi-flood", vcpus=4),
    mode("nmi-flood"),
    mode("timer-storm", 8),
    stopped("init-self", "execution at gpa 0xfffffff0"),
    mode("init-others", 6, vcpus=3),
    mode("halt", 5),

    mode("xapic-modes", vcpus=1),
    *[Case(f"hostile-xapic-modes-vmx-{apicv.replace(',', '-')}", hw="vmx", guest="hostile", args="xapic-modes",
           limit=120, cpus=1, host=f"mem=16M resident=4M vcpus=1 apicv={apicv}", say=("hostile: xapic-modes$",),
           never=("^vm0.*not so",)) for apicv in ("all", "tpr,access,regs", "none")],
    mode("xapic-wrong"),
    stopped("xapic-fetch", "execution at gpa 0xfee00000, where there is no memory"),
    stopped("xapic-sse", r"unknown instruction at the APIC page \(exit .*\): 0f 11 "),
    stopped("xapic-xchg", r"unknown instruction at the APIC page \(exit .*\): 87 "),
    stopped("xapic-stack", "an event delivered by way of the APIC page"),
    stopped("xapic-tables", "page tables at the APIC page"),
    stopped("xapic-in-x2apic", "read at gpa 0xfee00020, where there is no memory"),
    *[mode("sti-hlt", vcpus=1, apf=apf, limit=20) for apf in ("int", "none")],

    *[mode("hook-storm", vcpus=4, apf=apf, host="hook=on") for apf in ("none", "legacy", "pf2", "int")],
    *[mode("save-storm", vcpus=4, apf=apf, host="hook=on save=save", disk="numbered save", limit=120)
      for apf in ("legacy", "int")],

    mode("hypercalls", vcpus=1),
    mode("evict-everything"),
    mode("migrate-everything"),
    mode("absent-handlers", vcpus=1),
    mode("noise", say=("^vm0. hostile: the end$",)),
]
