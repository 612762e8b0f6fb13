#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_format.py: the C sources look as .clang-format wants them; scripts parse.

import shutil
import subprocess

import lint

LAYOUT = "C sources are laid out by .clang-format"
VERSION = "version 14."  # Debian 12's; others lay some things out differently


def clang_format():
    for name in ("clang-format-14", "clang-format"):
        if shutil.which(name):
            said = subprocess.run([name, "--version"], capture_output=True, text=True, check=False).stdout
            if VERSION in said:
                return name
    return None


def misshapen(tool):
    """The first line of each file that the tool would change."""
    probe = subprocess.run([tool, "--dry-run", "-Werror", *lint.files(".c", ".h")], capture_output=True, text=True,
                           check=False)
    first = {}
    for line in probe.stderr.splitlines():
        if "clang-format" in line and line.count(":") > 2:
            path, number = line.split(":")[:2]
            first.setdefault(path, f"{path}:{number}: `make format` would change it")
    return first.values()


def unparsable(scripts):
    for path in scripts:
        probe = subprocess.run(["bash", "-n", path], capture_output=True, text=True, check=False)
        if probe.returncode:
            yield f"{path}: {(probe.stderr.strip().splitlines() or ['refused'])[0]}"


def main():
    tap = lint.Tap()
    tool = clang_format()
    if tool:
        tap.result(LAYOUT, misshapen(tool))
    else:
        tap.skip(LAYOUT, "no clang-format 14")
    tap.result("shell scripts parse", unparsable(lint.files(".sh", ".ci/run")))
    tap.end()


main()
