# SPDX-License-Identifier: BSD-2-Clause
# known.py: the failures of each library that are known: `SUITE/PROGRAM: KIND: reason`, a line each.

import collections
import os

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "known")
# build: it does not compile or link. status, output: they are wrong. crash: of the guest. hang: no end.
KINDS = ("build", "status", "output", "crash", "hang")

Failure = collections.namedtuple("Failure", "kind reason place")


def read(libc):
    """The failures by test."""
    failures = {}
    name = f"tests/libc/known/{libc}.txt"
    with open(os.path.join(FOLDER, f"{libc}.txt"), encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            test, kind, reason = (part.strip() for part in line.split(": ", 2))
            if kind not in KINDS or not reason or test in failures:
                raise ValueError(f"{name}:{number}: {line.strip()}")
            failures[test] = Failure(kind, reason, f"{name}:{number}")
    return failures
