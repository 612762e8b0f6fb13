# SPDX-License-Identifier: BSD-2-Clause
# msr.py: APF's MSRs, line by line: what a host does beside what Linux does, as kvm-msr-contract.txt has it.
#
# Each section there is a host told to offer some features and not others; the image prints one section a boot. Where a
# host differs, tests/conf/expected/msr-HOST must say why (see `Reasons`).

import concurrent.futures
import dataclasses
import difflib
import fnmatch
import os
import re

import boot
from boot import CouldNotRun
from ktap import END, clean
from expected import FOLDER, Unreadable

REFERENCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kvm-msr-contract.txt")
TITLE = re.compile(r"MSRTABLE features=(0x[0-9a-f]+) set=(0x[0-9a-f]+) enforce=([01]) noapic=([01])$")
LINE = re.compile(r"(?:\S{1,16}\| )?(MSR\|.*\|.*\|.*\|.*|MSRTABLE .*|# end)$")
ABSENT = "absent"
WHOLE, SHORT = "table=msr", "table=msr-short"


@dataclasses.dataclass
class Section:
    """A host's features, as told to its guest; whether it refuses MSRs without their bit; what came of each access."""

    number: int
    title: str
    set: int
    enforce: bool
    no_apic: bool
    words: list
    lines: list = dataclasses.field(default_factory=list)

    def variant(self):
        return self.title[self.title.index("set="):]


def reference():
    sections = []
    with open(REFERENCE, encoding="utf-8") as f:
        for line in f.read().splitlines():
            if title := TITLE.match(line):
                sections.append(Section(len(sections) + 1, line, int(title[2], 16), title[3] == "1", title[4] == "1",
                                        [SHORT if sections else WHOLE]))
            elif line.startswith("MSR|"):
                sections[-1].lines.append(line)
    return sections


@dataclasses.dataclass
class Reason:
    variant: str
    line: str
    text: str
    where: str
    used: bool = False


class Reasons:
    """
    The file msr-HOST: `variant PATTERN` opens the sections meant, `set=… enforce=… noapic=…`; then lines as the host
    prints them, shell patterns, `absent MSR|…` for one it does not print; below them, indented, the reason.
    """

    def __init__(self, path):
        self.entries, pending, variant = [], [], "*"
        if not os.path.exists(path):
            return
        with open(path, encoding="utf-8") as f:
            lines = f.read().splitlines()
        for number, line in enumerate(lines, 1):
            where = f"{os.path.relpath(path)}:{number}"
            if line.startswith("variant "):
                variant = line.split(None, 1)[1]
            elif line.startswith(("MSR|", f"{ABSENT} MSR|")):
                if pending and pending[-1].text:
                    pending = []
                pending.append(Reason(variant, line, "", where))
                self.entries.append(pending[-1])
            elif line.startswith(" ") and pending:
                for entry in pending:
                    entry.text = f"{entry.text} {line.strip()}".strip()
            elif line.strip() and not line.startswith("#"):
                raise Unreadable(f"{where}: neither `variant …`, nor a line of the table, nor a reason")
        if without := [e for e in self.entries if not e.text]:
            raise Unreadable(f"{without[0].where}: no reason is given")

    def of(self, section, seen):
        for entry in self.entries:
            if fnmatch.fnmatchcase(section.variant(), entry.variant) and fnmatch.fnmatchcase(seen, entry.line):
                entry.used = True
                return entry.text
        return None


def access(line):
    """What was done, without what came of it."""
    return line.rsplit("|", 2)[0]


def differences(wanted, seen):
    """Pairs of lines that differ; a line that only one has stands beside None."""
    match = difflib.SequenceMatcher(None, [access(x) for x in wanted], [access(x) for x in seen], autojunk=False)
    for _, i, i_end, j, j_end in match.get_opcodes():
        for k in range(max(i_end - i, j_end - j)):
            a = wanted[i + k] if i + k < i_end else None
            b = seen[j + k] if j + k < j_end else None
            if a and b and access(a) != access(b):
                yield a, None
                yield None, b
            elif a != b:
                yield a, b


def observe(host, section, limit, log):
    """
    The lines that this host prints for the section, none if it cannot be made so. It may say itself what it was made
    to be, before them; then it must be this section.
    """
    command = host.variant(section)
    if command is None:
        return []
    end = boot.start(host.boots[0], command, limit, log)
    lines = [m[1] for m in (LINE.match(clean(x)) for x in end.console.split(b"\n")) if m]
    if END not in lines:
        why = f"{section.variant()}: after {len(lines)} lines the host {end.how}"
        raise CouldNotRun("\n".join([why, *boot.tail(end.console)]))
    for line in lines:
        if line.startswith("MSRTABLE") and not line.endswith(f" {section.variant()}"):
            raise CouldNotRun(f"{section.variant()} was asked for, the host says {line}")
    return [line for line in lines if line.startswith("MSR|")]


def examine(host, known, limit, out, say):
    """
    Prints the host's table and where it differs; returns the exit status: 0 the same or explained by the file `known`,
    1 not.
    """
    if host.variant is None:
        raise CouldNotRun(f"{host.name}: its features cannot be chosen")
    if why := host.usable():
        raise CouldNotRun(f"{host.name}: {why}")
    reasons, wanted = Reasons(known or os.path.join(FOLDER, f"msr-{host.expected}")), reference()

    def attempt(section):
        seen = observe(host, section, limit, os.path.join(out, f"{host.name}-msr{section.number}.log"))
        say(f"{host.name}: section {section.number} of {len(wanted)}: {len(seen)} lines")
        return seen

    with concurrent.futures.ThreadPoolExecutor(host.at_once) as pool:
        tables = list(pool.map(attempt, wanted))
    with open(os.path.join(out, f"{host.name}.msr"), "w", encoding="utf-8") as f:
        for section, seen in zip(wanted, tables):
            text = "\n".join([section.title, *seen])
            print(text)
            f.write(f"{text}\n")
    return compare(host, wanted, tables, reasons)


def compare(host, wanted, tables, reasons):
    total = unexplained = 0
    for section, seen in zip(wanted, tables):
        for a, b in differences(section.lines, seen):
            why = reasons.of(section, b or f"{ABSENT} {a}")
            total += 1
            unexplained += why is None
            print(f"\n{section.variant()}\n- {a or ABSENT}\n+ {b or ABSENT}\n  {why or 'NOT EXPLAINED'}")
    idle = [e for e in reasons.entries if not e.used]
    for entry in idle:
        print(f"\n{entry.where} speaks of no difference: {entry.line}")
    count = sum(len(section.lines) for section in wanted)
    print(f"\n{host.name}: {total} of {count} lines differ from Linux's, {unexplained} unexplained", flush=True)
    return 1 if unexplained or idle else 0
