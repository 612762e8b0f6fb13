# SPDX-License-Identifier: BSD-2-Clause
# abi.py: what the headers of common/abi say, as numbers that a compiler, or the assembler, makes of them.
#
# A probe is a file whose object holds one array of 64-bit numbers. It is compiled and not run, so that any machine's
# compiler will do.

import os
import re
import struct
import subprocess
import tempfile

import lint

FOLDER = "common/abi/"
SECTION = "abi_probe"
CONSTANT = re.compile(r"^#define (\w+)[ \t]+(\S.*?)\s*(?:/\*.*)?$", re.MULTILINE)
ENUM = re.compile(r"\benum \w+ \{([^}]*)\}")
STRUCT = re.compile(r"\bstruct (\w+) \{(.*?)\n\}", re.DOTALL)
MEMBER = re.compile(r"(\w+)\s*((?:\[\w*\])?)\s*$")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def headers():
    return [f for f in lint.files(".h") if f.startswith(FOLDER)]


def from_assembly(header):
    return "usable from assembly" in re.sub(r"\s+(\*\s+)?", " ", lint.read(header)).lower()


def constants(header):
    """Names of its macros that stand for numbers."""
    return [name for name, value in CONSTANT.findall(lint.read(header)) if not value.startswith('"')]


def enumerators(header):
    bodies = ENUM.findall(COMMENT.sub("", lint.read(header)))
    return [name for body in bodies for name in re.findall(r"\b[A-Z]\w*\b(?=\s*(?:,|=|$))", body)]


def layouts(header):
    """C expressions: the size of each structure, and where each of its members lies and how long it is."""
    for name, body in STRUCT.findall(COMMENT.sub("", lint.read(header))):
        yield f"sizeof(struct {name})"
        for declaration in body.split(";"):
            for part in declaration.split(","):
                member = MEMBER.search(part)
                if not member:
                    continue
                yield f"__builtin_offsetof(struct {name}, {member[1]})"
                if member[2] != "[]":
                    yield f"sizeof(((struct {name} *)0)->{member[1]})"


def expressions(header):
    return [*constants(header), *enumerators(header), *layouts(header)]


def section(path):
    """The numbers in the probe's section of an ELF object, little-endian, of either class."""
    with open(path, "rb") as f:
        elf = f.read()
    wide = elf[4] == 2
    start, = struct.unpack_from("<Q" if wide else "<I", elf, 0x28 if wide else 0x20)
    step, count, names = struct.unpack_from("<HHH", elf, 0x3a if wide else 0x2e)
    table = []
    for at in range(start, start + step * count, step):
        name, = struct.unpack_from("<I", elf, at)
        table.append((name, *struct.unpack_from("<QQ" if wide else "<II", elf, at + (0x18 if wide else 0x10))))
    for name, offset, size in table:
        if elf[table[names][1] + name:].startswith(SECTION.encode() + b"\0"):
            return struct.unpack_from(f"<{size // 8}Q", elf, offset)
    return ()


def compiled(command, suffix, text):
    """(numbers, complaints) of a probe's text."""
    with tempfile.TemporaryDirectory() as folder:
        source, result = os.path.join(folder, "probe" + suffix), os.path.join(folder, "probe.o")
        with open(source, "w", encoding="utf-8") as f:
            f.write(text)
        probe = subprocess.run([*command, "-c", "-o", result, source], capture_output=True, text=True, check=False)
        if probe.returncode:
            said = probe.stderr.strip().splitlines()
            return (), ([line for line in said if "rror" in line] or said or [f"{command[0]} failed"])[:5]
        return section(result), []


def in_c(includes, wanted):
    """A probe in C or C++ for the values of expressions."""
    rows = "".join(f"    (unsigned long long)({e}),\n" for e in wanted)
    return (f'{includes}extern const unsigned long long probe[];\n__attribute__((section("{SECTION}"), used)) '
            f"const unsigned long long probe[] = {{\n{rows}}};\n")


def in_assembly(includes, wanted):
    return f'{includes}    .section {SECTION}, "a"\n' + "".join(f"    .quad {e}\n" for e in wanted)


def includes(some, prefix="abi/"):
    return "".join(f"#include <{prefix}{os.path.basename(h)}>\n" for h in some)


def differences(wanted, one, other):
    for expression, a, b in zip(wanted, one, other):
        if a != b:
            yield f"{expression}: {a:#x} and {b:#x}"
    if not len(wanted) == len(one) == len(other):
        yield f"{len(wanted)} numbers asked for, {len(one)} and {len(other)} found"
