# SPDX-License-Identifier: BSD-2-Clause
# linux_kvm.py: the host `kvm`: this machine's own /dev/kvm, through build/conf-vmm.

import os

SOFTWARE = "/sys/module/kvm_pvm"  # a KVM without hardware: nothing is told at CPL 0, hypercalls at CPL 0 do not end
SOFTWARE_WORDS = ["cpl=3", "skip=A7-10.unknown,A7-10.registers,A7-11,A7-12,A7-13"]
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VMM = os.path.join(ROOT, "build", "conf-vmm")


def arguments(image, words, vcpus, mem, features=None, enforce=False, no_apic=False, msrtable=False):
    """conf-vmm's: words a list, mem in MiB, features a mask of CPUID 0x40000001 EAX."""
    options = ["--vcpus", str(vcpus), "--mem", str(mem)]
    if features is not None:
        options += ["--features", hex(features)]
    flags = {"--enforce": enforce, "--no-apic": no_apic, "--msrtable": msrtable}
    return options + [flag for flag, on in flags.items() if on] + [image, *words]


def command(image, words, vcpus, mem, **options):
    """Its exit status is conf-vmm's: the guest's, 124 the guest was stopped, 125 it could not run."""
    if os.path.exists(SOFTWARE):
        words = [*words, *SOFTWARE_WORDS]
    return [VMM, *arguments(image, words, vcpus, mem, **options)]


def kind():
    """What this KVM's known differences are filed under: `kvm-6.18-pvm`."""
    version = ".".join(os.uname().release.split(".")[:2])
    return f"kvm-{version}{'-pvm' if os.path.exists(SOFTWARE) else ''}"


def usable():
    """None, or why this cannot be a host."""
    if not os.path.exists(VMM):
        return "build/conf-vmm is not built"
    if not os.path.exists("/dev/kvm"):
        return "this machine has no /dev/kvm"
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR))
    except OSError as e:
        return f"/dev/kvm: {e.strerror}"
    return None
