#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_files.py: every file says its licence and its one idea, keeps to a readable size, and is finished.

import os
import re

import lint

SOURCE = (".c", ".h", ".S", ".ld", ".def", ".py", ".sh", ".cfg", "Makefile", ".mk", "/run", "/soak", "/compare", ".mut")
SPDX = "SPDX-License-Identifier: BSD-2-Clause"
FILE_LINES, FUNCTION_LINES, COLUMNS = 400, 80, 120
UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E|X{3}|not impl[e]mented|unimpl[e]mented)\b")
MACHINE_PATH = re.compile(r"(?<![\w.$)}])/(?:work|farm|home|root|tmp)/\w")


def head(path):
    """The first lines without a script's interpreter line."""
    lines = lint.read(path).splitlines()[:6]
    return lines[1:] if lines and lines[0].startswith("#!") else lines


def licence(path):
    lines = head(path)
    if not lines or SPDX not in lines[0]:
        yield f"{path}: line 1 is not the SPDX line"


def idea(path):
    text = "\n".join(head(path)[1:5])
    name = re.escape(os.path.basename(path))
    if not re.match(rf"(/\*|#)\s*(\*\s+)?{name}: \S", text):
        yield f"{path}: the first comment does not start with `{os.path.basename(path)}: …`"


def size(path):
    lines = lint.read(path).splitlines()
    if len(lines) > FILE_LINES:
        yield f"{path}: {len(lines)} lines, more than {FILE_LINES}"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS:
            yield f"{path}:{number}: {len(line)} columns, more than {COLUMNS}"
        if line != line.rstrip():
            yield f"{path}:{number}: blanks at the end"


def functions(path):
    """In this layout a function is what stands between braces in the first column."""
    start = None
    for number, line in enumerate(lint.read(path).splitlines(), 1):
        if line == "{":
            start = number
        elif line.startswith("}") and start:
            if number - start > FUNCTION_LINES:
                yield f"{path}:{start}: a function of {number - start} lines, more than {FUNCTION_LINES}"
            start = None


def ifdefs(path):
    """A variation is another file, or a constant that folds: no #if inside a function."""
    inside = False
    for number, line in enumerate(lint.read(path).splitlines(), 1):
        inside = line == "{" or (inside and not line.startswith("}"))
        if inside and re.match(r"\s*#\s*(if|el|endif)", line):
            yield f"{path}:{number}: preprocessor condition inside a function"


def finished(path):
    for number, line in enumerate(lint.read(path).splitlines(), 1):
        if UNFINISHED.search(line):
            yield f"{path}:{number}: unfinished: {line.strip()}"
        if MACHINE_PATH.search(line):
            yield f"{path}:{number}: a path of one machine: {line.strip()}"


def each(rule, paths):
    return [complaint for path in paths for complaint in rule(path)]


def main():
    sources, code = [f for f in lint.files() if f.endswith(SOURCE)], lint.files(".c", ".h")
    tap = lint.Tap()
    tap.result("every source file starts with its licence", each(licence, sources))
    tap.result("every source file then says its one idea", each(idea, sources))
    tap.result(f"no file over {FILE_LINES} lines, no line over {COLUMNS} columns", each(size, sources))
    tap.result(f"no function over {FUNCTION_LINES} lines", each(functions, code))
    tap.result("no preprocessor condition inside a function", each(ifdefs, code))
    tap.result("nothing unfinished, no path of one machine", each(finished, lint.files()))
    tap.end()


main()
