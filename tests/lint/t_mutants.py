#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_mutants.py: every known bug of tests/mutants can still be put back into the source, so that `make mutants` tries it.

import os
import sys

import lint

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "mutants"))
import mutant

MUTANTS_MIN = 40
SOURCE = "int f(int a)\n{\n    return a +\n           1;\n}\n\nint g(int a)\n{\n    return a + 1;\n}\n"


def change(old, function=None, new="return 0;"):
    return mutant.Change("x.c", function, old, new)


def refused(*wanted):
    """The changes that the matcher accepts although it must not."""
    for c in wanted:
        try:
            mutant.changed(SOURCE, c)
            yield f"accepted: {c}"
        except mutant.Misfit:
            pass


def misfits(mutants):
    for m in mutants:
        try:
            m.fits(".")
        except mutant.Misfit as misfit:
            yield f"{m.name}: {misfit}"


def doubles(mutants):
    names = [m.name for m in mutants]
    return [f"{name}: twice" for name in sorted({n for n in names if names.count(n) > 1})]


def main():
    tap = lint.Tap()
    mutants = []
    tap.result("a change must fit in one place", refused(change("return a + 1;"), change("return a - 1;", "f"),
                                                         change("a", "h")))
    across = mutant.changed(SOURCE, change("return a + 1;", "f"))
    tap.result("layout does not count", [] if "{\n    return 0;\n}\n\nint g" in across else [across])
    for path in mutant.tables():
        try:
            here = mutant.read(path)
            tap.result(f"{len(here)} mutants of {os.path.basename(path)} fit the source", misfits(here))
            mutants += here
        except mutant.Misfit as misfit:
            tap.result(f"{os.path.basename(path)} can be read", [str(misfit)])
    few = [] if len(mutants) >= MUTANTS_MIN else [f"{len(mutants)} mutants"]
    tap.result(f"there are at least {MUTANTS_MIN} mutants, each with a name of its own", few + doubles(mutants))
    tap.end()


main()
