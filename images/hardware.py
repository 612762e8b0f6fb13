# SPDX-License-Identifier: BSD-2-Clause
# hardware.py: what virtualisation extension the host gets, from which emulator, and why there may be none of it here.
#
# A name of hardware is `svm` (QEMU's), `kvm` (this machine's own, nested, through QEMU), `vmx` (Bochs's fullest CPU) or
# a CPU of Bochs's.

import fcntl
import functools
import os
import re
import shutil
import subprocess

QEMU = ("svm", "kvm")
VMX_CPU = "tigerlake"  # of Bochs 2.7: all that VMX may offer
BOCHS = "bochs-bin"
BIOS = "/usr/share/bochs/BIOS-bochs-latest"
VGA_BIOS = "/usr/share/vgabios/vgabios.bin"
GRUB_TOOLS = ("grub-mkrescue", "xorriso", "mformat")
KVM_GET_API_VERSION, KVM_API_VERSION = 0xAE00, 12


def bochs_cpu(hw):
    """The CPU that Bochs is to have; None if QEMU is meant."""
    return None if hw in QEMU else VMX_CPU if hw == "vmx" else hw


@functools.cache
def bochs_cpus():
    """What `bochs -help cpu` lists."""
    said = subprocess.run([BOCHS, "-q", "-help", "cpu"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False).stdout
    return re.findall(r"^\w+$", said, re.MULTILINE)


def grub_missing():
    missing = [tool for tool in GRUB_TOOLS if not shutil.which(tool)]
    return f"no {missing[0]}" if missing else None


def kvm_missing():
    try:
        with open("/dev/kvm", "rb+", buffering=0) as kvm:
            version = fcntl.ioctl(kvm, KVM_GET_API_VERSION)
    except OSError as why:
        return f"/dev/kvm: {why.strerror}"
    return None if version == KVM_API_VERSION else f"/dev/kvm has API version {version}"


def missing(hw):
    """Why there is no such machine here; None if there is one."""
    if hw == "svm":
        return None
    if hw == "kvm":
        return kvm_missing()
    if not shutil.which(BOCHS):
        return "no bochs"
    for path in (BIOS, VGA_BIOS):
        if not os.path.exists(path):
            return f"no {path}"
    if bochs_cpu(hw) not in bochs_cpus():
        return f"bochs has no CPU {bochs_cpu(hw)}"
    return grub_missing()
