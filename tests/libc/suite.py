# SPDX-License-Identifier: BSD-2-Clause
# suite.py: what a test suite of a C library is: programs, how each is compiled, and what must come of it.

import dataclasses
import os
import shutil
import tarfile

SOURCES = "build/libc-tests/source"


class Missing(Exception):
    """The sources cannot be had; the message says why."""


@dataclasses.dataclass
class Program:
    """
    Paths of sources and includes start from the suite's folder. The guest must end with status 0, or with another one
    if it is to fail; the lines of its console must begin with what `say` has, each a shell pattern.
    """

    name: str
    sources: tuple
    flags: tuple = ()
    include: tuple = ()
    stdin: str = ""
    fails: bool = False
    say: tuple = ()
    only: str = ""  # the one library for which it makes sense


@dataclasses.dataclass
class Suite:
    name: str
    folder: str
    programs: list


def unpack(tarball, wanted):
    """The files whose paths, without the first folder, wanted() likes; kept. Returns the folder that they are in."""
    folder = os.path.join(SOURCES, os.path.basename(tarball).split(".tar")[0])
    if os.path.isdir(folder):
        return folder
    part = folder + ".part"
    shutil.rmtree(part, ignore_errors=True)
    with tarfile.open(tarball) as archive:
        for entry in archive:
            entry.name = entry.name.partition("/")[2]
            if entry.isfile() and wanted(entry.name):
                archive.extract(entry, part)
    os.rename(part, folder)
    return folder
