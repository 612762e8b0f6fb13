#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_conf.py: each [host] clause of docs/abi.md has a row in conf.def, each row a case in the conformance image.

import re

import clauses
import lint

ROWS, CASES = "common/abi/conf.def", "guest/apps/conf/"
OWED = "tests/lint/owed"  # the [host] clauses that have no case yet; without this file none may lack one
ROW = re.compile(r"^CONF\((.*?)\)\s*$", re.MULTILINE | re.DOTALL)
FIELDS = re.compile(r"\s*(\w+)\s*,\s*(\w+)\s*,(.*)", re.DOTALL)
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
FUNCTION = re.compile(r"\bconf_(A[0-8]_[0-9]+_\w+)\(")


def rows():
    """(clause, case, text) of each row; a row that cannot be read has no clause."""
    for row in ROW.findall(lint.read(ROWS)):
        fields = FIELDS.match(row)
        if fields:
            yield fields[1].replace("_", "-"), fields[2], "".join(TEXT.findall(fields[3]))
        else:
            yield None, row, ""


def owed():
    """The clauses that are excepted."""
    lines = lint.read(OWED).splitlines() if OWED in lint.files() else []
    return {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}


def of_hosts_only(table, host):
    for clause, case, text in table:
        if clause is None:
            yield f"{ROWS}: cannot read CONF({case})"
        elif clause not in host:
            yield f"{ROWS}: {clause}.{case}: {clause} is no [host] clause of {clauses.TEXT}"
        if not text:
            yield f"{ROWS}: {clause}.{case} has no text"


def twice(table):
    seen = set()
    for clause, case, _ in table:
        if (clause, case) in seen:
            yield f"{ROWS}: {clause}.{case} twice"
        seen.add((clause, case))


def without_case(host, covered, excepted):
    for clause in host:
        if clause not in covered and clause not in excepted:
            yield f"{clauses.TEXT}: {clause} is [host] and has no row in {ROWS}"
    for clause in sorted(excepted - set(host)):
        yield f"{OWED}: {clause} is no [host] clause"


def unequal(named, written):
    for name in sorted(named - written):
        yield f"{ROWS} names conf_{name}(), which is not in {CASES}"
    for name in sorted(written - named):
        yield f"{CASES} has conf_{name}(), which no row of {ROWS} names"


def main():
    host = [c.id for c in clauses.read() if clauses.mark(c) == "host"]
    tap = lint.Tap()
    if ROWS not in lint.files():
        tap.skip("clauses and cases", f"no {ROWS}")
        tap.end()
    table = list(rows())
    covered = {clause for clause, _, _ in table} | {c for _, _, text in table for c in clauses.ID.findall(text)}
    named = {f"{clause.replace('-', '_')}_{case}" for clause, case, _ in table if clause}
    sources = [f for f in lint.files(".c", ".h") if f.startswith(CASES)]
    written = {name for f in sources for name in FUNCTION.findall(lint.read(f))}
    missing = [c for c in host if c not in covered]
    tap.result(f"the {len(table)} cases are about what guests can see", of_hosts_only(table, host))
    tap.result("no case has another's name", twice(table))
    tap.result(f"each of {len(host)} clauses has a case, {len(missing)} excepted", without_case(host, covered, owed()))
    tap.result("the image has exactly the cases that the table names", unequal(named, written))
    tap.end()


main()
