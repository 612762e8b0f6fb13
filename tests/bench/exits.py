# SPDX-License-Identifier: BSD-2-Clause
# exits.py: how many VM exits an interrupt costs by each combination of APIC virtualisation, and how many instructions
# an exit does by VMX and by SVM: on Bochs, whose counter counts instructions.

import os
import re
import subprocess

import boot
import hardware
import machine

DISK = f"{boot.FOLDER}/exits.img"
GUEST = machine.image("exitcost")
TIMES = 1000
LIMIT = 30  # seconds for one boot
NO_EOI_WORD = 0x1007EFB & ~(1 << 6)  # the KVM features of our host, less PV EOI
COMBINATIONS = ("none", "tpr", "tpr,access", "tpr,regs", "tpr,access,regs", "tpr,intr", "tpr,access,intr", "all")
MODES = ("xAPIC", "x2APIC")
FIGURE = re.compile(r"exitcost: (\w+) = (-?\d+)")
LENGTHS = {"cpuid": "CPUID", "rdmsr": "RDMSR of the host's", "hypercall": "hypercall"}


def make_disk():
    """The host does not start without one; nothing is read from it."""
    os.makedirs(boot.FOLDER, exist_ok=True)
    with open(f"{boot.FOLDER}/page", "wb") as out:
        out.write(bytes(boot.PAGE))
    subprocess.run(["images/disk.sh", f"{boot.FOLDER}/page", DISK, "20"], check=True)


def measured(hw, apicv, mode):
    """What the guest counts, by name, on that CPU."""
    if why := hardware.missing(hw):
        raise boot.Failed(f"{hw}: {why}")
    m = machine.Machine(hw=hw, disk=DISK, memory=128, guest=GUEST,
                        host_args=f"mem=16M resident=16M vcpus=2 apf=int pv={NO_EOI_WORD} apicv={apicv}",
                        guest_args=f"times={TIMES}" + (" apic=xapic" if mode == "xAPIC" else ""))
    outcome = machine.run(m.command(), LIMIT)
    said = outcome.console.decode(errors="replace")
    if outcome.status() or outcome.status() is None or f"exitcost: {mode}\r" not in said.replace("\n", "\r"):
        raise boot.Failed("\n".join([f"{hw} apicv={apicv} {mode}: {outcome.explain()}", *said.splitlines()[-8:]]))
    return {name: int(value) for name, value in FIGURE.findall(said)}


def table():
    """Markdown: a row for each combination, exits per TIMES interrupts; then path lengths as ratios."""
    make_disk()
    print("| `apicv=` | " + " | ".join(f"timer, {mode} | IPI, {mode}" for mode in MODES) + " |")
    print("|---" * (1 + 2 * len(MODES)) + "|")
    for apicv in COMBINATIONS:
        cells = []
        for mode in MODES:
            v = measured("vmx", apicv, mode)
            cells += [f"{v[kind] - v[f'{kind}_idle']}" for kind in ("timer", "ipi")]
        print(f"| {apicv} | " + " | ".join(cells) + " |", flush=True)
    svm, vmx = measured("ryzen", "all", "x2APIC"), measured("vmx", "none", "x2APIC")
    most = measured("vmx", "all", "x2APIC")
    print("\n| exit and back | SVM | VMX, `none` | VMX, `all` | SVM:VMX |\n|---|---|---|---|---|")
    for name, what in LENGTHS.items():
        print(f"| {what} | {svm[name]} | {vmx[name]} | {most[name]} | {svm[name] / vmx[name]:.2f} to "
              f"{svm[name] / most[name]:.2f} |")
