# SPDX-License-Identifier: BSD-2-Clause
# debian_kernel.py: Debian's Linux kernel as files, fetched as packages that are unpacked and never installed.

import glob
import lzma
import os
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import zlib

import lock

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLACE = os.path.join(ROOT, "build", "conf")
MODULES = ("irqbypass", "ccp", "kvm", "kvm-amd")  # in the order of loading
FETCH_LIMIT = 600  # seconds
SETUP_SECTS_AT, PAYLOAD_AT = 0x1f1, 0x248  # Documentation/x86/boot.rst, "The Real-Mode Kernel Header"


class Unavailable(Exception):
    """Why the kernel cannot be had, in a line."""


class Kernel:
    """What of it is needed: paths of an uncompressed kernel that boots by PVH, of modules, and of busybox."""

    def __init__(self, folder):
        self.vmlinux = os.path.join(folder, "vmlinux")
        self.busybox = os.path.join(folder, "busybox")
        self.modules = [os.path.join(folder, f"{name}.ko") for name in MODULES]

    def whole(self):
        return all(map(os.path.exists, [self.vmlinux, self.busybox, *self.modules]))


def say(*command, **options):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_LIMIT, check=False, **options)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise Unavailable(f"{command[0]}: {e}") from e
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise Unavailable(f"{' '.join(command)}: {last}")
    return done.stdout


def kernel_package():
    """The package that linux-image-amd64 stands for."""
    if found := re.search(r"Depends: (linux-image-\S+)", say("apt-cache", "depends", "linux-image-amd64")):
        return found[1]
    raise Unavailable("apt knows no package linux-image-amd64")


def download(folder):
    """Both packages into folder; fresh lists are fetched if those there are of no use."""
    try:
        say("apt-get", "download", kernel_package(), "busybox-static", cwd=folder)
    except Unavailable:
        if os.geteuid():
            raise
        say("apt-get", "update")
        say("apt-get", "download", kernel_package(), "busybox-static", cwd=folder)


def unpack(package, wanted, folder):
    """Members whose path ends in one of wanted's keys, under the name that this gives them."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as process:
        with tarfile.open(fileobj=process.stdout, mode="r|") as tar:
            for member in tar:
                for end, name in wanted.items():
                    if member.isfile() and re.search(end, member.name):
                        with open(os.path.join(folder, name), "wb") as to:
                            shutil.copyfileobj(tar.extractfile(member), to)


def uncompressed(image):
    """The ELF file inside a bzImage."""
    offset, length = struct.unpack_from("<II", image, PAYLOAD_AT)
    start = (image[SETUP_SECTS_AT] + 1) * 512 + offset
    payload = image[start:start + length]
    if payload.startswith(b"\xfd7zXZ"):
        return lzma.LZMADecompressor().decompress(payload)
    if payload.startswith(b"\x1f\x8b"):
        return zlib.decompressobj(31).decompress(payload)
    raise Unavailable("the kernel is compressed in a way that is not known here")


def make(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    download(folder)
    wanted = {rf"/{name}\.ko$": f"{name}.ko" for name in MODULES}
    unpack(*glob.glob(f"{folder}/linux-image-*.deb"), {**wanted, r"/boot/vmlinuz-[^/]*$": "vmlinuz"}, folder)
    unpack(*glob.glob(f"{folder}/busybox-static_*.deb"), {r"/bin/busybox$": "busybox"}, folder)
    with open(os.path.join(folder, "vmlinuz"), "rb") as packed:
        image = uncompressed(packed.read())
    with open(os.path.join(folder, "vmlinux"), "wb") as to:
        to.write(image)
    os.unlink(os.path.join(folder, "vmlinuz"))
    for package in glob.glob(f"{folder}/*.deb"):
        os.unlink(package)


def kernel():
    """Fetches it the first time. Raises Unavailable."""
    folder = os.path.join(PLACE, "linux")
    found = Kernel(folder)
    if not found.whole():
        lock.alone(PLACE)
    if not found.whole():
        print("fetching Debian's kernel and busybox", file=sys.stderr, flush=True)
        make(folder)
    if not found.whole():
        raise Unavailable(f"{folder}: Debian's packages lack what is needed: {', '.join(MODULES)}, busybox")
    return found
