# SPDX-License-Identifier: BSD-2-Clause
# settings.py: what `make run` and `make sql` share: variables from the environment, checked, and what every run needs.

import math
import os
import signal
import subprocess
import sys

import machine

NEWLIB = "/usr/src/newlib"


class Refused(Exception):
    """The run cannot be started, or did not succeed; the message says why."""


def setting(name, default=""):
    return os.environ.get(name) or default


def number(name, default, low, high, kind=int):
    text = setting(name, default)
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not low <= value <= high:
        raise Refused(f"{name}={text}: not a number from {low} to {high}")
    return value


def choice(name, default, among):
    value = setting(name, default)
    if value not in among:
        raise Refused(f"{name}={value}: must be one of {', '.join(among)}")
    return value


def size(name, default):
    """Bytes."""
    text = setting(name, default)
    found = machine.size(text)
    if found is None:
        raise Refused(f"{name}={text}: not a size like 64M")
    return found


def swap_mib(path):
    """Every page of the guest, its module's included, has a place in swap; the host's default memory is 64 MiB."""
    return math.ceil((size("MEM", "64M") + os.path.getsize(path)) / (1 << 20)) + 1


def newlib_tar(who, why):
    """86 MiB of C that every installation has: newlib's source, uncompressed in build/."""
    packed = sorted(f for f in os.listdir(NEWLIB) if f.endswith(".tar.xz")) if os.path.isdir(NEWLIB) else []
    if not packed:
        raise Refused(f"no {why} given, and no newlib tar in {NEWLIB} ('make deps' installs it)")
    plain = os.path.join("build", packed[0][: -len(".xz")])
    if not os.path.exists(plain):
        print(f"{who}: unpacking {packed[0]}", flush=True)
        with open(plain + ".tmp", "wb") as out:
            subprocess.run(["xz", "-dc", os.path.join(NEWLIB, packed[0])], stdout=out, check=True)
        os.rename(plain + ".tmp", plain)
    return plain


def show(chunk):
    sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def command(who, main):
    """Runs main(); ends with what it says, and with an exit status for whatever ends it early."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    try:
        main()
    except Refused as why:
        sys.exit(f"{who}: {why}")
    except subprocess.CalledProcessError as failed:
        sys.exit(f"{who}: {failed.cmd[0]} failed")
    except KeyboardInterrupt:
        print(f"\n{who}: interrupted; the emulator has ended", file=sys.stderr)
        sys.exit(130)
