#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_clauses.py: the clauses that the tree cites are in docs/abi.md, each once and with one mark.

import re

import clauses
import lint

REASON = re.compile(r"\[inside\][ |]*\([^)]{3,}\)")
SECTION = re.compile(r"\b(A[0-8])\.([0-9])\b(?!\.)")
HEADING = re.compile(r"^#{2,3} (A[0-8](?:\.[0-9])?) ", re.MULTILINE)
# What may cite: sources, tests' data and documents.
CITING = (".c", ".h", ".S", ".def", ".ld", ".py", ".mut", ".md", ".mdoc", ".sh", "/run", "/soak", "/compare",
          "/expected", "Makefile")


def numbered_once(all_clauses):
    seen = {}
    for c in all_clauses:
        if c.id in seen:
            yield f"{clauses.TEXT}:{c.line}: {c.id} was given out in line {seen[c.id]}"
        seen[c.id] = c.line


def marked_once(all_clauses):
    for c in all_clauses:
        if len(clauses.MARK.findall(c.text)) != 1 or not clauses.mark(c):
            yield f"{clauses.TEXT}:{c.line}: {c.id} does not begin with one of [host], [guest], [inside]"
        elif clauses.mark(c) == "inside" and not REASON.match(c.text):
            yield f"{clauses.TEXT}:{c.line}: {c.id} is [inside] and does not say why, in brackets"


def unknown(path, known):
    for number, line in enumerate(lint.read(path).splitlines(), 1):
        for cited in clauses.ID.findall(line):
            if cited not in known:
                yield f"{path}:{number}: {cited} is not in {clauses.TEXT}"


def unknown_sections(path, known):
    for number, line in enumerate(lint.read(path).splitlines(), 1):
        for cited in SECTION.finditer(line):
            if cited[0] not in known:
                yield f"{path}:{number}: {cited[0]} is no section of {clauses.TEXT}"


def untold_calls():
    """Our own hypercalls are in the text's table, by number and name."""
    text = lint.read(clauses.TEXT)
    for name, number in re.findall(r"^#define (FL_HC_\w+)\s+(0x[0-9a-f]+)u", lint.read("common/abi/faultline.h"), re.M):
        if f"| {number} | {name} |" not in text:
            yield f"{clauses.TEXT} has no row of {name}, {number}"


def main():
    text, citing = clauses.read(), [f for f in lint.files() if f.endswith(CITING)]
    known = {c.id for c in text}
    sections = set(HEADING.findall(lint.read(clauses.TEXT)))
    tap = lint.Tap()
    tap.result("the ABI's text has clauses", [] if len(text) > 100 else [f"{len(text)} in {clauses.TEXT}"])
    tap.result("every clause has a number of its own", numbered_once(text))
    tap.result("every clause has one mark, and [inside] a reason", marked_once(text))
    tap.result("every clause that is cited exists", [c for f in citing for c in unknown(f, known)])
    tap.result("every section that is cited exists", [c for f in citing for c in unknown_sections(f, sections)])
    tap.result("every hypercall of ours is told of", untold_calls())
    tap.end()


main()
