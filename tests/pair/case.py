# SPDX-License-Identifier: BSD-2-Clause
# case.py: one paired boot: what is booted on what, and what must come of it.

import dataclasses
import os
import subprocess

import disks
import hardware
import machine

CONFIG, MACHINE = 0x63, 0x64
GUEST_BUG, STORE_ERROR, STORE_TIMEOUT = 0x60, 0x61, 0x62


class Skip(Exception):
    """The case cannot run here; the message says why."""


@dataclasses.dataclass
class Case:
    """
    A guest of build/guest-NAME.elf, or an image by path, with its arguments; `{crc}` and `{bytes}` in any of them are
    the disk's module's. The console must match every pattern of `say` and none of `never`; each function of `checks`
    yields complaints about the finished run.
    """

    name: str
    hw: str = "svm"  # images/hardware.py has the names
    guest: str = "hello"
    libc: str = machine.LIBC
    args: str = ""
    host: str = "mem=16M resident=4M"
    status: tuple = (0,)
    say: tuple = ()
    never: tuple = ()
    checks: tuple = ()
    boot: str = "kernel"  # or grub; pvh and multiboot boot the guest without our host; run is `make run`'s script
    cpus: int = 2
    cpu: str = "max"
    memory: int = 256
    disk: str = "text"
    disk_kind: str = "nvme"  # or ide, ide-far
    module: str = "data:{bytes}:data"
    latency: float = 0  # ms
    graph: object = None  # a function that makes the block graph of the disk's path
    extra: tuple = ()  # more of QEMU's arguments
    limit: int = 40  # seconds
    then: str = ""  # the host's arguments for a second boot from the same disk, without a guest image …
    first: tuple = (7,)  # … which follows one that ended with one of these
    between: object = None  # … and a function that changes the disk at a path in between

    def scratch(self, suffix):
        return os.path.join(disks.FOLDER, self.name + suffix)

    def image(self):
        suffix = ".elf32" if self.boot == "multiboot" else ".elf"
        return self.guest if "/" in self.guest or not self.guest else machine.image(self.guest, suffix, self.libc)

    def emulator(self, **more):
        return machine.Machine(hw=self.hw, cpus=self.cpus, memory=self.memory, cpu_model=self.cpu,
                               disk_kind=self.disk_kind, **more)

    def second(self):
        """The emulator's words for the second boot."""
        if self.between:
            self.between(self.scratch(".img"))
        m = self.emulator(host_args=self.then, disk=self.scratch(".img"), latency=self.latency)
        return m.command()

    def command(self):
        """The emulator's words, with everything they name made ready."""
        skip_if(machine.missing(f"libc/{self.libc}") or hardware.missing(self.hw))
        if self.boot == "run":
            return ["env", "LATENCY=0", "images/run"]
        facts = disks.facts[self.disk]
        guest_args = self.args.format(**facts)
        if self.boot in ("pvh", "multiboot"):
            return self.alone(guest_args, facts["module"])
        host_args = f"{self.host} module={self.module}" if self.module else self.host
        m = self.emulator(guest=self.image(), host_args=host_args.format(**facts), guest_args=guest_args,
                         extra=self.extra)
        if self.disk:
            m.disk = self.scratch(".img")
            disks.copy(self.disk, m.disk)
            m.latency = self.latency
            m.graph = self.graph(m.disk) if self.graph else None
        if self.boot == "grub":
            m.iso = self.scratch(".iso")
            skip_if(hardware.grub_missing())
            subprocess.run(["images/iso.sh", m.host, m.guest, m.iso, m.host_args, m.guest_args], check=True)
        return m.command()

    def alone(self, guest_args, module):
        """The guest on QEMU itself: the same machine with the guest in the host's place, and its module in a file."""
        words = self.emulator(host=self.image(), guest=module, extra=self.extra).command()
        words[words.index("-append") + 1] = guest_args
        return words

    def clean(self):
        for suffix in (".img", ".iso"):
            if os.path.exists(self.scratch(suffix)):
                os.unlink(self.scratch(suffix))


def skip_if(missing):
    if missing:
        raise Skip(missing)
