# SPDX-License-Identifier: BSD-2-Clause
# machine.py: the emulated machine everything boots on: its command line, a run of it, and what its end means.

import dataclasses
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import urllib.parse

import hardware

EXIT_PORT = "isa-debug-exit,iobase=0xf4,iosize=4"
DISKS = {"nvme": ("q35", "nvme,drive=d,serial=faultline"), "ide": ("pc", "ide-hd,drive=d,bus=ide.0,unit=0"),
         "ide-far": ("pc", "ide-hd,drive=d,bus=ide.1,unit=1")}  # board, device
ATTEMPTS = 3
LAST_WORDS = 10  # seconds for an emulator to end by itself when its time is up: images/bochs says where the CPUs are
LOST = re.compile(rb"^host\| vm\d+ stopped on vcpu \d+: the machine lost the state of the guest"
                  rb"|^ERROR:\S*tcg-accel-ops.c:\d+:tcg_handle_interrupt: assertion failed", re.MULTILINE)
CLOSING_LINE = re.compile(rb"faultline: vm 0: exit status (\d+)")
HOST_STATUS = {
    0x60: "the guest was stopped for misbehaving",
    0x61: "the store reported an error",
    0x62: "the store stopped answering",
    0x63: "bad configuration or image",
    0x64: "this machine is unsuitable, or failed",
    0x65: "the host panicked",
}


GUEST_CMDLINE_MAX = 1023  # BOOT_CMDLINE_MAX of guest/kern/boot.h, less its NUL
LIBCS = ("newlib", "picolibc")
LIBC = os.environ.get("LIBC") or LIBCS[0]  # as the Makefile has it


def image(app, suffix=".elf", libc=LIBC):
    """The path of a guest image with that C library."""
    return f"build/{libc}/guest-{app}{suffix}"


def missing(what):
    """Why build/WHAT, which is made from the source of others, is not there; None if it is."""
    try:
        with open(f"build/{what}/unavailable", encoding="utf-8") as why:
            return why.read().strip().splitlines()[-1]
    except OSError:
        return None


def size(text):
    """Bytes: a number with K, M or G behind it, or nothing; None if it is none."""
    found = re.fullmatch(r"(\d+)([KMG]?)", text)
    return int(found[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[found[2]] if found else None


def encode(text):
    """A value as the guest's command line carries it: all but letters, digits and `_.-~` as %XX of its bytes."""
    return urllib.parse.quote(os.fsencode(text), safe="")


@dataclasses.dataclass
class Machine:
    """
    What to boot on what (hardware.py has the names). Sizes in MiB, latency in ms on each read and write of the
    disk. Bochs has no latency, no graph and nothing extra.
    """

    hw: str = "svm"
    disk: str = ""
    latency: float = 0
    graph: dict = None  # a block graph in place of the disk's own: a store with faults
    disk_kind: str = "nvme"  # or ide: the first of a PC's four; ide-far: the last one
    cpus: int = 2
    memory: int = 512
    cpu_model: str = "max"
    host: str = "build/host.elf"
    guest: str = ""
    host_args: str = ""
    guest_args: str = ""
    iso: str = ""  # boots this instead of host and guest
    extra: tuple = ()

    def command(self):
        """Its words. setpriv makes the emulator die with its starter, even if that is killed outright."""
        return self.qemu() if self.hw in hardware.QEMU else self.bochs()

    def bochs(self):
        words = ["setpriv", "--pdeathsig", "KILL", "images/bochs", "--cpu", hardware.bochs_cpu(self.hw), "--cpus",
                 str(self.cpus), "--memory", str(self.memory), "--host", self.host]
        for option in ("disk", "iso", "guest", "host_args", "guest_args"):
            if value := getattr(self, option):
                words.append(f"--{option.replace('_', '-')}={value}")
        return words

    def qemu(self):
        accelerator, cpu = ("tcg", self.cpu_model) if self.hw == "svm" else ("kvm", "host")
        board, device = DISKS[self.disk_kind]
        words = ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-M", board, "-accel", accelerator,
                 "-cpu", cpu, "-smp", str(self.cpus), "-m", str(self.memory),
                 "-display", "none", "-vga", "none", "-nodefaults", "-serial", "stdio", "-no-reboot",
                 "-device", EXIT_PORT]
        graph = self.graph or (self.block() if self.disk else None)
        if graph:
            words += ["-blockdev", json.dumps(dict(graph, **{"node-name": "d"})),
                      "-device", device]
        if self.iso:
            words += ["-cdrom", self.iso, "-boot", "d"]  # else the firmware tries the NVMe disk first
        else:
            words += ["-kernel", self.host, "-append", f"{self.host_args} -- {self.guest_args}"]
            words += ["-initrd", self.guest] if self.guest else []
        return words + list(self.extra)

    def block(self):
        """
        The disk's block graph. A slow disk is a vote of three: the file, the file again, and a null device that
        answers zeros after the latency. The file outvotes the zeros, and a vote takes as long as its slowest member,
        however many are in flight. (docs/storage-latency.md says why it is not NBD.)
        """
        if not self.latency:
            return {"driver": "raw", "file": {"driver": "file", "filename": self.disk}}
        child = {"driver": "raw", "file": {"driver": "file", "filename": self.disk, "locking": "off"}}
        delay = {"driver": "null-co", "size": os.path.getsize(self.disk), "read-zeroes": True,
                 "latency-ns": int(self.latency * 1e6)}
        return {"driver": "quorum", "vote-threshold": 2, "children": [child, child, delay]}


@dataclasses.dataclass
class Outcome:
    """How a run ended: the emulator's exit code, all the serial console said, whether time ran out."""

    code: int
    console: bytes
    late: bool = False

    def status(self):
        """The status that the host left at the exit port, None if it never came to that."""
        if self.late or self.code < 0 or not self.code & 1 or self.closing() is None:
            return None
        return self.code >> 1

    def closing(self):
        """The guest's status as the host's last line states it, None without that line."""
        lines = CLOSING_LINE.findall(self.console)
        return int(lines[-1]) if lines else None

    def explain(self):
        if self.late:
            return "out of time"
        if self.code < 0:
            return f"the emulator was killed by {signal.Signals(-self.code).name}"
        if self.code == 1 and self.closing() is None:
            return "the emulator did not start, or ended before the host did"
        if not self.code & 1:
            return "the machine reset or powered off without an exit status"
        status = self.code >> 1
        return f"exit status {status} ({HOST_STATUS.get(status, 'of the guest')})"


def run(command, time_limit, show=None, stdin=subprocess.DEVNULL):
    """
    Runs the emulator until it ends or time_limit seconds are over; show(bytes) gets its output as it comes, and may
    return how many seconds are left from then on; stdin is what it reads. Leaves no process behind, not even when an
    exception (Ctrl-C) passes through; a signal handler calls stop_all(). A run in which QEMU lost the guest's state,
    which the host recognises, or aborted over a guest's CR8 (docs/emulators.md) says nothing about us and is repeated,
    in the open.
    """
    for attempt in range(ATTEMPTS):
        outcome = run_once(command, time_limit, show, stdin)
        if not LOST.search(outcome.console) or attempt + 1 == ATTEMPTS:
            return outcome
        if show:
            show(b"emulator: one of QEMU's own failures (docs/emulators.md); booting again\n")


running = set()  # emulators, each the leader of a process group
starting = threading.RLock()  # held while one starts and is not in there yet


def stop(process):
    """Ends it and what it started, except what made a session of its own."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def ask_to_stop(process):
    """Stops it if it does not stop by itself."""
    try:
        os.killpg(process.pid, signal.SIGINT)
    except ProcessLookupError:
        return
    timer = threading.Timer(LAST_WORDS, stop, (process,))
    timer.daemon = True
    timer.start()


def stop_all():
    """For good: no other starts after this."""
    starting.acquire()
    for process in list(running):
        stop(process)


def run_once(command, time_limit, show, stdin):
    late = threading.Event()
    console = bytearray()
    complaints = tempfile.TemporaryFile()  # its own; on one pipe they would fall into the middle of console lines
    with starting:
        process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=complaints,
                                   start_new_session=True)
        running.add(process)

    def out_of_time():
        late.set()
        ask_to_stop(process)

    def allow(seconds):
        timer = threading.Timer(seconds, out_of_time)
        timer.start()
        return timer

    timer = allow(time_limit)
    try:
        while chunk := os.read(process.stdout.fileno(), 1 << 16):
            console += chunk
            left = show(chunk) if show else None
            if left is not None:
                timer.cancel()
                timer = allow(left)
        code = process.wait()
        complaints.seek(0)
        said = complaints.read()
        if said and show:
            show(said)
        return Outcome(code, said + bytes(console), late.is_set())
    finally:
        timer.cancel()
        stop(process)
        process.wait()
        running.discard(process)
        process.stdout.close()
        complaints.close()
