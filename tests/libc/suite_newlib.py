# SPDX-License-Identifier: BSD-2-Clause
# suite_newlib.py: newlib's testsuite, as its .exp files compile and judge it.

import glob
import os
import re

from suite import Missing, Program, Suite, unpack

ROOM = "newlib/testsuite/"

# checkoutput.exp compares the console of two programs, line by line from the first.
CHECKED = {"stdlib/atexit": "newlib.stdlib/atexit.exp", "locale/UTF-8": "newlib.locale/UTF-8.exp"}


def expected(path):
    """Lines of the list in a Tcl script that are a string and nothing else."""
    with open(path, encoding="utf-8") as script:
        return tuple(re.findall(r'^"(.*)"$', script.read(), re.MULTILINE))


def programs(folder):
    for path in sorted(glob.glob(f"{folder}/{ROOM}newlib.*/*.c")):
        source = os.path.relpath(path, folder)
        name = source.removeprefix(ROOM + "newlib.").removesuffix(".c")
        yield Program(name, (source,), include=(ROOM + "include",),
                      say=expected(f"{folder}/{ROOM}{CHECKED[name]}") if name in CHECKED else ())


def load():
    tarballs = sorted(glob.glob("/usr/src/newlib/newlib-*.tar.xz"))
    if not tarballs:
        raise Missing("no tarball in /usr/src/newlib; 'make deps' installs newlib-source")
    folder = unpack(tarballs[0], lambda path: path.startswith(ROOM))
    return Suite("newlib", folder, list(programs(folder)))
