# SPDX-License-Identifier: BSD-2-Clause
# disks.py: the disks that the cases boot from: small ones of known contents, bad ones, and what makes them fail.

import os
import random
import struct
import subprocess
import tempfile
import zlib

FOLDER = "build/pair"
MIB = 1 << 20
PAGE = 4096
SECTORS_PER_PAGE = 8
DATA_FIRST = 2048  # the module's first block, where images/disk.sh puts it
CHUNK = 64 << 10  # by which the search guest divides its work
TEXT_BYTES = 3 * MIB + 1234  # ends within a page
TEXT_SWAP = (2 + TEXT_BYTES // MIB) * MIB  # where swap begins on its disk
SECOND = 10**9


# ---- Modules ----

def text():
    """Lines of words; a needle lies across every border between two chunks."""
    words = ["needle", "thread", "page", "a", "int", "return", "memory", "{", "};", "if (x)\n", "\n\n", "\n"]
    out = bytearray(" ".join(random.Random(20).choices(words, k=TEXT_BYTES // 4)).encode()[:TEXT_BYTES])
    for i, border in enumerate(range(CHUNK, len(out), CHUNK)):
        at = border - 1 - i % 5
        out[at : at + 6] = b"needle"
    return bytes(out)


def numbered():
    """Pages that hold nothing but their own number, in 64-bit words."""
    return b"".join(i.to_bytes(8, "little") * (PAGE // 8) for i in range(16 * MIB // PAGE))


def tree():
    """What tests/pair/guest/files.c reads, as images/cpio packs it, below `tree`."""
    with tempfile.TemporaryDirectory() as folder:
        top = os.path.join(folder, "top")
        os.makedirs(os.path.join(top, "dir"))
        with open(os.path.join(top, "text"), "w", encoding="ascii") as f:
            f.write("The quick brown fox\njumps over the lazy dog\n")
        os.link(os.path.join(top, "text"), os.path.join(top, "second"))
        os.symlink("text", os.path.join(top, "link"))
        with open(os.path.join(top, "dir", "numbered"), "wb") as f:
            f.write(numbered()[: 8 * MIB])
        for path, _, files in os.walk(top):
            for name in files:
                os.utime(os.path.join(path, name), (0, 0), follow_symlinks=False)
            os.utime(path, (0, 0))
        archive = os.path.join(folder, "archive")
        subprocess.run(["images/cpio", archive, f"{top}=tree"], check=True, stdout=subprocess.DEVNULL)
        with open(archive, "rb") as f:
            return f.read()


def bad_tree():
    """The same, but with something that is no digit where the second last entry's size is."""
    archive = bytearray(tree())
    at = archive.rindex(b"070701", 0, archive.rindex(b"070701"))
    archive[at + 60] = ord("?")
    return bytes(archive)


def write_if_other(path, contents):
    """The same file stays, with its time of change, so that what was made from it stays too."""
    if os.path.exists(path):
        with open(path, "rb") as f:
            if f.read() == contents:
                return
    with open(path, "wb") as f:
        f.write(contents)


# ---- Disks: each entry makes one at a path ----

def holding(module, swap_mib, save_mib=0):
    return lambda path: subprocess.run(["images/disk.sh", os.path.join(FOLDER, module), path, str(swap_mib),
                                        str(save_mib)], check=True)


def sgdisk(*words):
    subprocess.run(["sgdisk", *words], check=True, stdout=subprocess.DEVNULL,
                   env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin"))


def blank(mib):
    def make(path):
        with open(path, "wb") as f:
            f.truncate(mib * MIB)
    return make


def partitioned(mib, **parts):
    """Empty partitions NAME=MIB one after the other."""
    def make(path):
        blank(mib)(path)
        words = ["-o", "-a", "8"]
        for name, size in parts.items():
            words += ["-n", f"0:0:+{size}M", "-c", f"0:{name}"]
        sgdisk(*words, path)
    return make


MODULES = {"text": text, "numbered": numbered, "numbered save": numbered, "numbered small save": numbered,
           "tree": tree, "bad tree": bad_tree}
DISKS = {
    "text": holding("text", 32),
    "tree": holding("tree", 40),
    "bad tree": holding("bad tree", 40),
    "numbered": holding("numbered", 64),
    "numbered save": holding("numbered save", 40, 64),
    "numbered small save": holding("numbered small save", 40, 1),
    "no table": blank(16),
    "no data": partitioned(64, swap=32),
    "no swap": partitioned(64, data=4),
    "small swap": partitioned(64, data=4, swap=8),
    "2 TiB": partitioned(2 << 20 | 128, data=2 << 20, swap=64),
}
facts = {"": {"bytes": 0, "crc": "", "module": ""}}  # of the disk's module, for the cases' arguments


def path_of(name):
    return os.path.join(FOLDER, name.replace(" ", "-") + ".img")


def prepare(names):
    """Makes these disks, and what has to be known about them."""
    os.makedirs(FOLDER, exist_ok=True)
    for name in names:
        module = os.path.join(FOLDER, name)
        contents = MODULES[name]() if name in MODULES else b""
        if contents:
            write_if_other(module, contents)
        facts[name] = {"bytes": len(contents) or 4 * MIB, "crc": f"{zlib.crc32(contents):08x}", "module": module}
        DISKS[name](path_of(name))


def copy(name, to):
    """Each case writes to a disk of its own."""
    subprocess.run(["cp", "--sparse=always", path_of(name), to], check=True)


# ---- Faults: block graphs (QEMU's block drivers) in place of the plain file ----

def lba(page):
    """The block where a page of the module begins."""
    return DATA_FIRST + page * SECTORS_PER_PAGE


def plain(path):
    return {"driver": "raw", "file": {"driver": "file", "filename": path, "locking": "off"}}


def failing(kind, **where):
    """Requests of that kind, all or those over sector=N, end with an I/O error."""
    rule = {"event": "none", "iotype": kind, "errno": 5, "once": False, **where}
    return lambda path: {"driver": "raw", "file": {"driver": "blkdebug", "image": plain(path)["file"],
                                                   "inject-error": [rule]}}


def silent(path, seconds):
    """Answers zeros, so late that the host will have given up if the time is long."""
    return {"driver": "null-co", "size": os.path.getsize(path), "read-zeroes": True,
            "latency-ns": int(seconds * SECOND)}


def late_page(page, seconds, answer=None):
    """
    The disk answers promptly but for one page of the module, which takes that time: a quorum that asks its children in
    turn gets an error for that page from the first, and the second is slow.
    """
    def graph(path):
        slow = answer(path, seconds) if answer else silent(path, seconds)
        return {"driver": "quorum", "vote-threshold": 1, "read-pattern": "fifo",
                "children": [failing("read", sector=lba(page))(path), slow]}
    return graph


def late_writes(seconds):
    """Reads are prompt; a write has to reach both children."""
    return lambda path: {"driver": "quorum", "vote-threshold": 1, "read-pattern": "fifo",
                         "children": [plain(path), silent(path, seconds)]}


def late_but_right(path, seconds):
    """The bytes of the file after that time: two copies outvote a silent one (machine.py)."""
    return {"driver": "quorum", "vote-threshold": 2, "children": [plain(path), plain(path), silent(path, seconds)]}


# ---- What becomes of a saved VM between two boots ----

SAVED_HEADER = {"magic": ("<Q", 0), "version": ("<I", 8), "crc": ("<I", 12), "end": ("<Q", 24), "memory": ("<Q", 32),
                "vcpus": ("<I", 40), "tsc_khz": ("<Q", 64), "slots": ("<I", 100)}  # host/core/saved.h
SAVED_FIRST = (1 + 16 + 40) * MIB  # where it begins on its disk


def saved_header(honest=True, **change):
    """Another value in its header, whose checksum fits again if the change is honest."""
    def apply(path):
        with open(path, "r+b") as f:
            f.seek(SAVED_FIRST)
            page = bytearray(f.read(PAGE))
            for name, value in change.items():
                form, at = SAVED_HEADER[name]
                struct.pack_into(form, page, at, value)
            if honest:
                struct.pack_into("<I", page, 12, 0)
                struct.pack_into("<I", page, 12, zlib.crc32(page))
            f.seek(SAVED_FIRST)
            f.write(page)
    return apply


def saved_run_damaged(at):
    """A bit of what a run in the header leads to: that of the state at 88, of the first slot's index at 120."""
    def apply(path):
        with open(path, "r+b") as f:
            f.seek(SAVED_FIRST + at)
            (page,) = struct.unpack("<Q", f.read(8))
            f.seek(SAVED_FIRST + page * PAGE + 16)
            byte = f.read(1)
            f.seek(-1, 1)
            f.write(bytes([byte[0] ^ 1]))
    return apply
