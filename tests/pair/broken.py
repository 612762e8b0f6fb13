# SPDX-License-Identifier: BSD-2-Clause
# broken.py: guest images with one thing wrong each, made from the hello guest.

import os
import struct

import disks
import machine

GOOD = machine.image("hello")
EHDR_PHOFF, EHDR_PHNUM = 0x20, 0x38  # in the ELF64 header
PHDR_SIZE, PT_LOAD = 56, 1
PHDR_OFFSET, PHDR_PADDR, PHDR_FILESZ, PHDR_MEMSZ = 8, 24, 32, 40
PVH_NOTE = struct.pack("<III4s", 4, 4, 18, b"Xen")  # in QEMU's and our image alike: a 4-byte entry


def read(path):
    with open(path, "rb") as f:
        return bytearray(f.read())


def set_u64(image, at, value):
    image[at : at + 8] = struct.pack("<Q", value)


def loads(image):
    """Where the headers of the segments to load lie."""
    (first,), (count,) = struct.unpack_from("<Q", image, EHDR_PHOFF), struct.unpack_from("<H", image, EHDR_PHNUM)
    headers = [first + i * PHDR_SIZE for i in range(count)]
    return [h for h in headers if struct.unpack_from("<I", image, h)[0] == PT_LOAD]


def not_elf(image):
    image[:] = b"#!/bin/sh\necho this is no kernel\n" * 200


def thirty_two_bits(image):
    image[:] = read(machine.image("hello", ".elf32"))


def truncated(image):
    (offset,) = struct.unpack_from("<Q", image, loads(image)[-1] + PHDR_OFFSET)
    del image[offset + 8 :]


def header_only(image):
    del image[64:]


def no_note(image):
    at = image.index(PVH_NOTE)
    image[at + 12 : at + 16] = b"Zen\0"


def entry_outside(image):
    at = image.index(PVH_NOTE)
    image[at + 16 : at + 20] = struct.pack("<I", 0x7FFFFFF0)


def loads_above(image):
    set_u64(image, loads(image)[-1] + PHDR_PADDR, 16 * disks.MIB)


def loads_below(image):
    set_u64(image, loads(image)[-1] + PHDR_PADDR, 0x1000)


def wraps(image):
    set_u64(image, loads(image)[-1] + PHDR_PADDR, 2**64 - 4096)


def file_larger(image):
    header = loads(image)[1]  # the first is the stack, which nothing fills
    set_u64(image, header + PHDR_MEMSZ, struct.unpack_from("<Q", image, header + PHDR_FILESZ)[0] - 1)


def nothing_to_load(image):
    image[EHDR_PHNUM : EHDR_PHNUM + 2] = b"\0\0"


WAYS = (not_elf, thirty_two_bits, truncated, header_only, no_note, entry_outside, loads_above, loads_below, wraps,
        file_larger, nothing_to_load)


def path_of(way):
    return os.path.join(disks.FOLDER, f"guest-{way.__name__.replace('_', '-')}.elf")


def prepare():
    for way in WAYS:
        image = read(GOOD)
        way(image)
        with open(path_of(way), "wb") as f:
            f.write(image)
