# SPDX-License-Identifier: BSD-2-Clause
# boot.py: boots the bench guest on a disk of numbered pages and collects the figures that it prints.

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "images"))

import machine

FOLDER = "build/bench"
DISK = f"{FOLDER}/disk.img"
GUEST = machine.image("bench")
PAGE, MIB = 4096, 1 << 20
MODULE_PAGES = 16384
SWAP_MIB = 128
LIMIT = 240  # seconds for one boot
FIGURE = re.compile(rb"bench: (\w+) = ([-+.\de]+)(?: from (-?\d+) to (-?\d+))?")


class Failed(Exception):
    """The guest could not be booted, or did not measure; the message says why."""


def make_disk():
    """Each page of the module starts with its own number, counted from 1."""
    module = f"{FOLDER}/module"
    os.makedirs(FOLDER, exist_ok=True)
    if not os.path.exists(module):
        with open(module + ".tmp", "wb") as out:
            for number in range(1, MODULE_PAGES + 1):
                out.write(number.to_bytes(8, "little").ljust(PAGE, b"\0"))
        os.rename(module + ".tmp", module)
    subprocess.run(["images/disk.sh", module, DISK, str(SWAP_MIB)], check=True)


def host_args(resident):
    return f"mem=16M resident={resident}M vcpus=1 apf=int module=data:{MODULE_PAGES * PAGE}:data"


def figures(m, status=0, alone=False):
    """Boots the machine; the figures its guest prints, by name. Without our host the guest's status is all there is."""
    outcome = machine.run(m.command(), LIMIT)
    code = outcome.code >> 1 if outcome.code & 1 else None
    if (code if status or alone else outcome.status()) != status:
        console = outcome.console.decode(errors="replace").splitlines()
        raise Failed("\n".join([f"{m.guest}: {outcome.explain()}", *console[-8:]]))
    return {name.decode(): float(value) for name, value, *_ in FIGURE.findall(outcome.console)}
