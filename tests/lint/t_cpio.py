#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_cpio.py: images/cpio packs what GNU cpio unpacks, each file's data at a page, in names that Linux takes.

import filecmp
import os
import random
import shutil
import subprocess
import tempfile

import lint

PAGE = 4096
NAME_MAX = 4096  # Linux's init/initramfs.c skips entries of longer names


def run(command, **more):
    return subprocess.run(command, capture_output=True, check=False, **more)


def make_tree(top):
    """Files of many lengths, with names of many lengths, so that every way of padding is met; links of both kinds."""
    chance = random.Random(1)
    for i in range(120):
        folder = os.path.join(top, *["d" * chance.randint(1, 200) for _ in range(i % 4)])
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"{i}".rjust(chance.randint(3, 250), "n")), "wb") as f:
            f.write(chance.randbytes(chance.choice([0, 1, 100, PAGE - 1, PAGE, PAGE + 1, 10000])))
    os.makedirs(os.path.join(top, "empty"))
    os.symlink("../nowhere", os.path.join(top, "empty", "link"))
    for name in ("one", "two", "empty/three"):
        if name == "one":
            with open(os.path.join(top, name), "wb") as f:
                f.write(b"text")
        else:
            os.link(os.path.join(top, "one"), os.path.join(top, name))


def entries(archive):
    """(name, bytes of the name, where the data is, how much) of each entry, read independently of images/cpio."""
    at, found = 0, []
    while True:
        assert archive[at : at + 6] == b"070701", at
        fields = [int(archive[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        size, name_bytes = fields[6], fields[11]
        name = archive[at + 110 : at + 110 + name_bytes]
        data = (at + 110 + name_bytes + 3) // 4 * 4
        found.append((name.rstrip(b"\0"), name_bytes, data, size))
        if found[-1][0] == b"TRAILER!!!":
            return found
        at = (data + size + 3) // 4 * 4


def differences(a, b):
    """What differs between two folders."""
    seen = filecmp.dircmp(a, b)
    wrong = [f"only in one: {n}" for n in seen.left_only + seen.right_only]
    for name in seen.common:
        x, y = os.path.join(a, name), os.path.join(b, name)
        if os.path.islink(x):
            wrong += [] if os.path.islink(y) and os.readlink(x) == os.readlink(y) else [f"another link: {name}"]
        elif os.path.isdir(x):
            wrong += differences(x, y)
        elif not filecmp.cmp(x, y, shallow=False):
            wrong.append(f"other contents: {name}")
    return wrong


def unpacked(tap, folder, top, out):
    if not shutil.which("cpio"):
        tap.skip("GNU cpio unpacks the same tree", "no cpio")
        return
    back = os.path.join(folder, "back")
    os.makedirs(back)
    with open(out, "rb") as f:
        said = run(["cpio", "-idm", "--quiet"], stdin=f, cwd=back)
    wrong = [said.stderr.decode()] if said.returncode or said.stderr else []
    wrong += differences(top, os.path.join(back, "some", "where"))
    same = {os.stat(os.path.join(back, "some", "where", n)).st_ino for n in ("one", "two", "empty/three")}
    tap.result("GNU cpio unpacks the same tree", wrong + ([] if len(same) == 1 else ["hard links were not kept"]))


def odd(tap, folder):
    """Dates that the header has no room for, `=` in a file's own name, a name that the guest does not take."""
    files = [os.path.join(folder, name) for name in ("old", "new", "a=b")]
    for path, date in zip(files, (-(1 << 28), (1 << 32) + 1, 1)):
        with open(path, "wb") as f:
            f.write(b"text")
        os.utime(path, (date, date))
    out = os.path.join(folder, "odd.cpio")
    said = run(["images/cpio", out, *files])
    tap.result("files of any date, and with = in their names", [said.stderr.decode()] if said.returncode else [])
    said = run(["timeout", "20", "images/cpio", out, "LICENSE=" + "n" * (NAME_MAX - 6)])
    wrong = [] if said.returncode == 1 and b"no path of more" in said.stderr else [said]
    tap.result("a name too long is refused, nothing is left behind",
               wrong + ([f"{out}.partial"] if os.path.exists(out + ".partial") else []))


def main():
    tap = lint.Tap()
    with tempfile.TemporaryDirectory() as folder:
        top, out = os.path.join(folder, "top"), os.path.join(folder, "out.cpio")
        make_tree(top)
        said = run(["images/cpio", out, f"{top}=some/where", "LICENSE", "README.md=docs/readme"])
        tap.result("images/cpio packs", [said.stderr.decode()] if said.returncode else [])
        with open(out, "rb") as f:
            found = entries(f.read())
        tap.result("each file's data begins at a page",
                   [f"{name}: at {data}" for name, _, data, size in found if size > 20 and data % PAGE])
        tap.result("no name is too long for Linux", [f"{name}: {n}" for name, n, _, _ in found if n > NAME_MAX])
        tap.result("names are where they were asked for",
                   [n for n in (b"LICENSE", b"docs/readme", b"some/where/one") if n not in [e[0] for e in found]])
        unpacked(tap, folder, top, out)
        odd(tap, folder)
        said = run(["images/cpio", out, "no such file"])
        tap.result("a missing file is told of", [] if said.returncode and b"no such file" in said.stderr else [said])
    tap.end()


main()
