# SPDX-License-Identifier: BSD-2-Clause
# mutant.py: reads the tables of known bugs, and puts one of them into a source text.
#
# README.md describes the tables. Neither layout nor comments count: the old text is compared token by token, so that a
# mutant survives `make format`; but it must be there exactly once, in the file or in the function that is named.

import dataclasses
import glob
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
TITLE = re.compile(r"(?P<name>[a-z0-9-]+): (?P<clauses>[^;]+)(?:; (?P<seed>seed \d{3}))?(?:; pair (?P<pair>\S+))?"
                   r"(?:; metal (?P<metal>\S+))?(?:; conf (?P<conf>none|legacy|pf2|int|dual))?$")
PLACE = re.compile(r"(?P<path>[\w./-]+\.[chS])(?:, (?P<function>\w+))?$")
COMMENT = r"/\*(?:[^*]|\*(?!/))*\*/"
TOKEN = re.compile(r"\w+|[^\w\s]")


class Misfit(Exception):
    """A table that cannot be read, or a mutant that does not fit the source any more."""


@dataclasses.dataclass
class Change:
    """Where, and what becomes what."""

    path: str
    function: str | None
    old: str = ""
    new: str = ""


@dataclasses.dataclass
class Mutant:
    name: str
    clauses: str
    seed: str | None
    pair: str | None  # cases of tests/pair that may notice it, where the cheaper layers cannot
    metal: str | None  # the only case of tests/pair that is asked: it must notice it on the hardware's semantics
    conf: str | None  # the personality on which the conformance image must notice it; nobody else is asked
    why: str = ""
    changes: list[Change] = dataclasses.field(default_factory=list)

    def asks(self, program):
        """May this one notice it?"""
        if self.conf or program.layer == "conf":
            return program.layer == "conf" and program.name == self.conf
        if self.metal:
            return program.layer == "pair" and program.name == self.metal
        return program.layer != "pair" or program.name == self.pair

    def paths(self):
        return sorted({c.path for c in self.changes})

    def apply(self, tree):
        """Puts the bug into the sources below `tree`."""
        for path in self.paths():
            name = os.path.join(tree, path)
            with open(name, encoding="utf-8") as f:
                text = f.read()
            for change in self.changes:
                text = changed(text, change) if change.path == path else text
            with open(name, "w", encoding="utf-8") as f:
                f.write(text)

    def fits(self, tree):
        """Raises Misfit if apply() would."""
        for path in self.paths():
            try:
                with open(os.path.join(tree, path), encoding="utf-8") as f:
                    text = f.read()
            except FileNotFoundError:
                raise Misfit(f"{path} does not exist") from None
            for change in self.changes:
                text = changed(text, change) if change.path == path else text


def body(text, function):
    """Start and end of a function's definition, which in this layout ends with a brace in the first column."""
    found = list(re.finditer(rf"^[^\s#/{{}}][^;{{}}]*?\b{function}\([^;{{}}]*?\)\s*\{{.*?^\}}", text,
                             re.MULTILINE | re.DOTALL))
    if len(found) != 1:
        raise Misfit(f"{len(found) or 'no'} functions {function}()")
    return found[0].span()


def changed(text, change):
    """`text` with the change made."""
    start, end = body(text, change.function) if change.function else (0, len(text))
    tokens = TOKEN.findall(re.sub(COMMENT, "", change.old))
    old = rf"(?:\s|{COMMENT})*".join(rf"\b{t}\b" if re.match(r"\w", t) else re.escape(t) for t in tokens)
    found = [m.span() for m in re.finditer(old, text[start:end])]
    if len(found) != 1:
        where = f"{change.path}{', ' if change.function else ''}{change.function or ''}"
        raise Misfit(f"{where}: {len(found)} times instead of once: {' '.join(change.old.split())}")
    first, last = found[0]
    return text[: start + first] + change.new.strip("\n") + text[start + last :]


def read_block(block):
    """One mutant: its title, indented why, then changes."""
    title = TITLE.match(block[0])
    if not title:
        raise Misfit(f"not a title: {block[0]}")
    mutant = Mutant(**title.groupdict())
    for line in block[1:]:
        place = PLACE.match(line)
        if place:
            mutant.changes.append(Change(**place.groupdict()))
        elif not mutant.changes and line.startswith("    "):
            mutant.why += line.strip() + " "
        elif mutant.changes and line[0] in "-+ ":
            mutant.changes[-1].old += line[1:] + "\n" if line[0] in "- " else ""
            mutant.changes[-1].new += line[1:] + "\n" if line[0] in "+ " else ""
        else:
            raise Misfit(f"{mutant.name}: neither a reason nor a change: {line}")
    if not mutant.why or not mutant.changes or not all(c.old.strip() for c in mutant.changes):
        raise Misfit(f"{mutant.name}: a mutant has a reason, and changes with an old text")
    return mutant


def read_table(text):
    """Blocks of lines between empty ones; # begins a comment."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    blocks = re.split(r"\n{2,}", "\n".join(lines).strip("\n"))
    return [read_block(block.splitlines()) for block in blocks if block]


def tables():
    return sorted(glob.glob(os.path.join(HERE, "*.mut")))


def read(path):
    with open(path, encoding="utf-8") as f:
        return read_table(f.read())


def read_all():
    return [mutant for path in tables() for mutant in read(path)]
