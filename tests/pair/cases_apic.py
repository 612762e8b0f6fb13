# SPDX-License-Identifier: BSD-2-Clause
# cases_apic.py: the local APIC in all its forms under load, and its page moved about meanwhile.

from case import Case

RIGHT = r": 0 wrong, 0 lost, 0 twice$"
STORM = "mem=16M resident=8M vcpus=2"
NO_EOI_WORD = 0x1007EFB & ~(1 << 6)  # the KVM features of our host, less PV EOI


def moves(name, apicv, n, mode="xAPIC"):
    """The page moves n times at least while both CPUs use their APICs, virtualised by these parts."""
    args = f"moves={n}" + (" apic=xapic" if mode == "xAPIC" else "")
    return Case(name, hw="vmx", guest="apicstorm", args=args, host=f"{STORM} apic-move={n} apicv={apicv}",
                say=(f"{mode}, 2 CPUs:.*{RIGHT}", rf"APIC page: {n} moves, .* 0 stray words"), limit=400)


def exits(name, apicv, mode, ipi, timer):
    """So many thousand exits, and some of the host's own, for a thousand interrupts of each kind."""
    args = "times=1000" + (" apic=xapic" if mode == "xAPIC" else "")
    return Case(name, hw="vmx", guest="exitcost", args=args, host=f"{STORM} apf=int pv={NO_EOI_WORD} apicv={apicv}",
                say=(f"exitcost: {mode}$", rf"exitcost: ipi = {ipi}\d\d\d$", rf"exitcost: timer = {timer}\d\d\d$"))


CASES = [
    Case("apicstorm-x2apic", guest="apicstorm", args="rounds=2000", say=("x2APIC, 2 CPUs:.*" + RIGHT,)),
    Case("apicstorm-xapic", guest="apicstorm", args="apic=xapic rounds=2000", say=("xAPIC, 2 CPUs:.*" + RIGHT,)),
    # Not with `intr`: Bochs delivers virtual interrupts to a guest that has interrupts off (docs/emulators.md).
    moves("apic-moves", "tpr,access,regs", 10000),
    moves("apic-moves-tpr", "tpr,access", 1000),
    moves("apic-moves-access", "access", 1000),
    moves("apic-moves-x2apic", "tpr,access,regs", 1000, "x2APIC"),
    # What each part is for: to save exits (docs/vmx.md).
    exits("apic-exits-none", "none", "xAPIC", 4, 3),
    exits("apic-exits-regs", "tpr,access,regs", "xAPIC", 3, 3),
    exits("apic-exits-all", "all", "xAPIC", 2, 2),
    exits("apic-exits-x2apic", "tpr,intr", "x2APIC", 2, 2),
]
