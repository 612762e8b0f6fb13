#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_runner.py: images/bochs when all is not well: a run that hangs says where, one that is killed leaves nothing.

import glob
import os
import re
import signal
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, folder) for folder in ("images", "tests/conf", "tests/pair")]

import disks
import hardware
import machine
import tap
import where

LIMIT = 90  # seconds, for what takes a few
DISK = "text"
FOR_EVER = "mem=2M threads=2 rounds=1000000"
SOMEWHERE = r"(host at 0x[0-9a-f]+ \w+\S*\+0x|guest at 0x[0-9a-f]+ \w+\S*\+0x|in a guest)"

# What Bochs's debugger says once stopped, around the addresses.
STOPPED = """Next at t=0
(0) [0x0000fffffff0] f000:fff0 (unk. ctxt): jmpf 0xf000:e05b          ; ea5be000f0
Next at t=370557469
(0) [0x{0:012x}] 0010:{1:016x} (unk. ctxt): jmp .-4  (0x00216140)     ; ebfc
(1) [0x0000000e1234] e000:1234 (unk. ctxt): cli                       ; fa
rip: 00000000_{1:08x}
 | STACK 0x000000000024e968 [0x00000000:0x{2:08x}] (<unknown>)
 | STACK 0x000000000024e970 [0x00000000:0x{3:08x}] (<unknown>)
"""
PANICKED = """Next at t=0
(0) [0x0000fffffff0] f000:fff0 (unk. ctxt): jmpf 0xf000:e05b          ; ea5be000f0
(0).[118284340] ??? (physical address not available)
========================================================================
Bochs is exiting with the following message:
[CPU0  ] exception(): 3rd (13) exception with no resolution
========================================================================
(0).[118284340] ??? (physical address not available)
"""


def address(image, name):
    listed = subprocess.run(["nm", image], stdout=subprocess.PIPE, text=True, check=True).stdout
    return int(re.search(rf"^([0-9a-f]+) \w {name}$", listed, re.MULTILINE)[1], 16)


def reports(t):
    """The reading of what the debugger said, without an emulator."""
    host, guest = "build/host.elf", machine.image("hello")
    main, other = address(host, "hyp_main"), address(guest, "main")

    def lines(physical, virtual, *stack):
        return "\n".join(where.report(STOPPED.format(physical, virtual, *stack), host, guest))

    t.result("a CPU in the host is named by the host's function, its callers too", tap.wrong(
        (0, lines(main + 1, main + 1, main + 9, main)), 0,
        (r"^CPU 0: host at 0x\w+ hyp_main\+0x1: jmp", r"CPU 0's stack: hyp_main\+0x9$")))
    t.result("one in a guest, whose memory is elsewhere, by the guest's", tap.wrong(
        (0, lines(1 << 28, other, 0, 0)), 0, (r"^CPU 0: guest at 0x\w+ main\+0x0: jmp", "stack: no function$")))
    t.result("one in the firmware by its address", tap.wrong(
        (0, lines(main, main, 0, 0)), 0, (r"(?m)^CPU 1: firmware at 0xe1234: cli$",)))
    t.result("a panic of Bochs's is told before", tap.wrong(
        (0, "\n".join(where.report(PANICKED, host, guest))), 0, (r"^\[CPU0  \] exception.*\nCPU 0: in a guest",)))
    t.result("a run that nothing stopped has none", list(where.report("Next at t=0\n(0) [0x0] ", host, guest)))


def guest_for_ever(disk):
    return machine.Machine(hw="vmx", memory=128, guest=machine.image("pagetest"), disk=disk, guest_args=FOR_EVER,
                           host_args="mem=8M resident=6M module=data:{bytes}:data".format(**disks.facts[DISK]))


def hang(t, disk):
    said = bytearray()

    def soon(chunk):
        said.extend(chunk)
        return 0.5 if b"vm0| pagetest:" in said else None

    outcome = machine.run(guest_for_ever(disk).command(), LIMIT, soon)
    t.result("a run that is out of time says where each CPU is", tap.wrong(
        (outcome.late, outcome.console.decode(errors="replace")), True,
        [rf"(?m)^bochs: CPU {cpu}: {SOMEWHERE}" for cpu in (0, 1)]))


def killed(t, disk, folder):
    """By a signal that nobody can catch, as soon as the machine speaks."""
    with subprocess.Popen(guest_for_ever(disk).command(), stdout=subprocess.PIPE, start_new_session=True,
                          env=dict(os.environ, TMPDIR=folder)) as process:
        os.read(process.stdout.fileno(), 1)
        process.send_signal(signal.SIGKILL)
        process.stdout.read()  # its end is that of Bochs
    t.result("a run that is killed takes Bochs with it and leaves no file",
             os.listdir(folder) + glob.glob(disk + "?*"))


def refusals(t):
    for name, words, says in (("an unknown CPU", ["--cpu", "k7"], "bochs has no CPU k7"),
                              ("a host that is not there", ["--host", "nowhere"], "no file 'nowhere'"),
                              ("what GRUB would not pass on", ["--host-args", "a;b"], "'a;b' holds a character")):
        done = subprocess.run(["images/bochs", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        t.result(f"images/bochs refuses {name}", tap.wrong((bool(done.returncode), done.stdout), True, (says,)))


def main():
    os.chdir(ROOT)
    disks.prepare({DISK})
    t = tap.Tap()
    reports(t)
    if missing := hardware.missing("vmx"):
        t.result("runs that do not end well", skip=missing)
        return t.end()
    refusals(t)
    with tempfile.TemporaryDirectory() as folder:
        disk = f"{folder}/disk"
        disks.copy(DISK, disk)
        hang(t, disk)
        os.mkdir(f"{folder}/scratch")
        killed(t, disk, f"{folder}/scratch")
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
