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


def failing(command, paths):
    for path in paths:
        probe = subprocess.run([*command, path], capture_output=True, text=True, check=False)
        if probe.returncode:
            yield f"{path}: {(probe.stderr.strip().splitlines() or ['refused'])[0]}"


def main():
    tap = lint.Tap()
    tool = clang_format()
    if tool:
        tap.result(LAYOUT, failing([tool, "--dry-run", "-Werror"], lint.files(".c", ".h")))
    else:
        tap.skip(LAYOUT, "no clang-format 14")
    tap.result("shell scripts parse", failing(["bash", "-n"], lint.files(".sh", ".ci/run")))
    tap.end()


main()
