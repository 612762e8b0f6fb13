# SPDX-License-Identifier: BSD-2-Clause
# lint.py: what the lint programs share: the list of the tree's own files, and a TAP line with its complaints.

import os
import sys

SKIPPED_FOLDERS = {".git", "build", "__pycache__"}


def files(*suffixes):
    """All files of the tree, or those with one of the suffixes, by path from the root, in order."""
    found = []
    for folder, folders, names in os.walk("."):
        folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS]
        found += [os.path.relpath(os.path.join(folder, n)) for n in names]
    return sorted(f for f in found if not suffixes or f.endswith(suffixes))


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


class Tap:
    """Numbers the results, and at the end prints the plan and leaves with the right status."""

    def __init__(self):
        self.count = self.failed = 0

    def result(self, name, complaints=()):
        complaints = list(complaints)
        self.count += 1
        self.failed += bool(complaints)
        print(f"{'not ' if complaints else ''}ok {self.count} - {name}")
        for complaint in complaints:
            print(f"# {complaint}")

    def skip(self, name, why):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {why}")

    def end(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed else 0)
