#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_boot.py: the host on CPUs of several generations: what it finds there, that a guest runs, or why none can.

import concurrent.futures
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, folder) for folder in ("images", "tests/conf", "tests/pair")]

import disks
import hardware
import machine
import tap

AT_ONCE = 2  # boots
LIMIT = 60  # seconds
GUEST_STATUS, UNFIT = 7, 0x64
DISK = "text"
HOST = "mem=16M resident=4M apf=int module=data:{bytes}:data"
GUEST_RAN = r"(?m)^vm0\| hello: booted by PVH, \d+ MiB of memory, 2 vCPUs, asynchronous page faults: int$"

# The name of a CPU, and by what guests run there as the host says.
HASWELL = "VMX: EPT-A/D VPID preemption-timer tpr access regs x2apic"
SKYLAKE = "VMX: EPT-A/D VPID preemption-timer PML tpr access regs x2apic"
FIT = {
    "corei7_sandy_bridge_2600k": "VMX: VPID preemption-timer tpr access",
    "corei7_haswell_4770": HASWELL,
    "corei7_skylake_x": SKYLAKE,
    "tigerlake": SKYLAKE,
    "ryzen": "SVM: NRIPS FlushByASID",
}
# The name of a CPU, and why no guest can run there.
UNFIT_WHY = {
    "core2_penryn_t9600": "this CPU has VMX without extended page tables",
    "corei5_lynnfield_750": "this CPU has VMX without unrestricted guests",
    "athlon64_venice": "this CPU has neither SVM nor VMX",
    "turion64_tyler": "this CPU has SVM without nested paging",
}


def boot(cpu):
    """Complaints about the run on that CPU."""
    disk = f"{disks.FOLDER}/boot-{cpu}.img"
    disks.copy(DISK, disk)
    try:
        m = machine.Machine(hw=cpu, memory=128, disk=disk, guest=machine.image("hello"),
                            host_args=HOST.format(**disks.facts[DISK]), guest_args=f"status={GUEST_STATUS}")
        outcome = machine.run(m.command(), LIMIT)
    finally:
        os.unlink(disk)
    said = outcome.console.decode(errors="replace").replace("\r", "")
    if cpu in FIT:
        return tap.wrong((outcome.status(), said), GUEST_STATUS, (rf"(?m)^host\| guests run by {FIT[cpu]}$", GUEST_RAN))
    return tap.wrong((outcome.status(), said), UNFIT, (rf"(?m)^host\| no guests can run here: {UNFIT_WHY[cpu]}",),
                     ("guests run by",))


def main():
    os.chdir(ROOT)
    disks.prepare({DISK})
    t = tap.Tap()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        cpus = [*FIT, *UNFIT_WHY]
        missing = {cpu: hardware.missing(cpu) for cpu in cpus}
        runs = {cpu: pool.submit(boot, cpu) for cpu in cpus if not missing[cpu]}
        for cpu in cpus:
            name = f"{cpu}: {'a guest runs' if cpu in FIT else 'the host says why no guest can run'}"
            t.result(name, runs[cpu].result() if cpu in runs else (), missing[cpu])
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
