# SPDX-License-Identifier: BSD-2-Clause
# clauses.py: docs/abi.md as data: each clause with its mark and its text.

import re
from collections import namedtuple

import lint

TEXT = "docs/abi.md"
ID = re.compile(r"\bA[0-8]-[0-9]+\b")
# A clause is a list item `* **A0-1** [mark] text`, or a table's row `| A3-10 | [mark] | text |`.
HEAD = re.compile(r"(?:\* \*\*(A[0-8]-[0-9]+)\*\*|\| (A[0-8]-[0-9]+) \|)(.*)")
MARK = re.compile(r"\[(host|guest|inside)\]")

Clause = namedtuple("Clause", "id line text")  # text: all of it, in one line


def is_end(line):
    """Is this line no more the clause's that began above it?"""
    return not line.startswith("  ") or bool(HEAD.match(line))


def read():
    """All clauses in the order of the document, also one whose number was used before."""
    lines, found = lint.read(TEXT).splitlines(), []
    for number, line in enumerate(lines):
        head = HEAD.match(line)
        if not head:
            continue
        end = number + 1
        while end < len(lines) and not is_end(lines[end]):
            end += 1
        text = " ".join([head[3], *(part.strip() for part in lines[number + 1:end])])
        found.append(Clause(head[1] or head[2], number + 1, text.strip(" |")))
    return found


def mark(clause):
    """What its text begins with, or None."""
    at = MARK.match(clause.text)
    return at and at[1]
