# SPDX-License-Identifier: BSD-2-Clause
# linux_nested.py: the host `linux-nested`: Debian's Linux with kvm_amd on an emulated machine, and conf-vmm on it.

import dataclasses
import glob
import hashlib
import os
import re
import shlex
import shutil

import debian_kernel
import linux_kvm

MEMORY = 1024  # MiB of the emulated machine
EXIT_PORT = "isa-debug-exit,iobase=0xf4,iosize=4"
# A TSC that Linux finds unstable, as it may on a busy machine, would be no base for a stable kvmclock.
ARGUMENTS = ("console=ttyS0 quiet loglevel=0 nokaslr norandmaps mitigations=off tsc=reliable panic=-1 "
             "rdinit=/init")
NODES = {"console": (5, 1), "null": (1, 3), "port": (1, 4), "kvm": (10, 232)}  # Documentation/admin-guide/devices.txt
MODULES = "/lib/modules"
END = re.compile(r"^# linux-nested: run (\d+): exit status (\d+)\r?$", re.MULTILINE)
UNABLE = 125
KEEP = 12  # initramfs

INIT = """#!/bin/busybox sh
stop() {{ printf "\\\\$(printf %o $1)" | busybox dd of=/dev/port bs=1 seek=244 2>/dev/null; }}
busybox stty -opost
for m in {modules}; do
    busybox insmod {folder}/$m || {{ echo "# linux-nested: $m cannot be loaded"; stop {unable}; }}
done
worst=0
run() {{
    n=$1; shift
    "$@" 2>&1; s=$?
    echo "# linux-nested: run $n: exit status $s"
    [ $s -le $worst ] || worst=$s
}}
{runs}
stop $worst
"""


@dataclasses.dataclass
class Run:
    """One run of conf-vmm; the fields are those of command()."""

    image: str
    words: list
    vcpus: int = 1
    mem: int = 64
    features: int = None
    enforce: bool = False
    no_apic: bool = False
    msrtable: bool = False

    def line(self, number):
        """Of the init script."""
        options = {**vars(self), "image": guest_path(self.image)}
        return shlex.join(["run", str(number), "/conf-vmm", *linux_kvm.arguments(**options)])


def guest_path(image):
    return "/" + os.path.basename(image)


def record(number, name, mode, data=b"", device=(0, 0)):
    """One entry of an initramfs (Documentation/driver-api/early-userspace/buffer-format.rst), "newc"."""
    fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def archive(files):
    """files: path inside → bytes, None for a folder."""
    entries = [(path, 0o40755 if data is None else 0o100755, data or b"", (0, 0)) for path, data in files.items()]
    entries += [(f"dev/{name}", 0o20600, b"", device) for name, device in NODES.items()]
    entries.append(("TRAILER!!!", 0, b"", (0, 0)))
    return b"".join(record(n, *entry) for n, entry in enumerate(entries, 1))


def forget_old():
    """All initramfs but the last few: those of boots that are under way are among them."""
    made = sorted(glob.glob(os.path.join(debian_kernel.PLACE, "nested-*.cpio")), key=os.path.getmtime)
    for path in made[:-KEEP]:
        os.unlink(path)


def initramfs(kernel, runs):
    """Its path; the same runs of the same files have the same one."""
    init = INIT.format(modules=" ".join(map(os.path.basename, kernel.modules)), folder=MODULES, unable=UNABLE,
                       runs="\n".join(run.line(n) for n, run in enumerate(runs)))
    files = {"dev": None, "bin": None, "lib": None, MODULES[1:]: None, "bin/busybox": read(kernel.busybox),
             "init": init.encode(), "conf-vmm": read(linux_kvm.VMM)}
    files.update({f"{MODULES[1:]}/{os.path.basename(module)}": read(module) for module in kernel.modules})
    files.update({guest_path(run.image)[1:]: read(run.image) for run in runs})
    data = archive(files)
    path = os.path.join(debian_kernel.PLACE, f"nested-{hashlib.sha256(data).hexdigest()[:16]}.cpio")
    if not os.path.exists(path):
        with open(path + ".new", "wb") as file:
            file.write(data)
        os.replace(path + ".new", path)
    os.utime(path)
    forget_old()
    return path


def commands(runs):
    """The command for all these runs in one boot; its exit code is (the worst status << 1) | 1. See results()."""
    kernel = debian_kernel.kernel()
    return ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-M", "pc", "-accel", "tcg,thread=single",
            "-cpu", "EPYC", "-smp", "1", "-m", str(MEMORY), "-display", "none", "-vga", "none", "-nodefaults",
            "-serial", "stdio", "-no-reboot", "-device", EXIT_PORT, "-kernel", kernel.vmlinux,
            "-initrd", initramfs(kernel, runs), "-append", ARGUMENTS]


def command(image, words, vcpus, mem, **options):
    return commands([Run(image, words, vcpus, mem, **options)])


def results(console):
    """[(exit status, what was printed)] for each run that ended; the kernel's own lines may be mixed in."""
    found, start = [], 0
    for end in END.finditer(console):
        found.append((int(end[2]), console[start:end.start()]))
        start = end.end()
    return found


def usable():
    """None, or why this cannot be a host. Fetches the kernel the first time."""
    if not os.path.exists(linux_kvm.VMM):
        return "build/conf-vmm is not built"
    if not shutil.which("qemu-system-x86_64"):
        return "no qemu-system-x86_64"
    try:
        debian_kernel.kernel()
    except debian_kernel.Unavailable as e:
        return f"no Linux kernel: {e}"
    return None
