# SPDX-License-Identifier: BSD-2-Clause
# ktap.py: read the console of the conformance image: its plan, its results, which case runs; all else is noise.
#
# Hosts mix their own lines in and may put a word before each line of their guest (`vm0| `): what stands before the
# image's first line, if it looks so, is taken off all that follow. A line that is torn by noise is lost, which the plan
# then tells.

import dataclasses
import re

HEADER = re.compile(r"(\S{1,16}\| )?KTAP version 1$")
LATE_HEADER = re.compile(r"KTAP version 1$")  # behind what a firmware or a boot loader left on the line
PLAN = re.compile(r"1\.\.(\d{1,6})$")
NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*(?:/[a-z0-9]+)?"
RESULT = re.compile(rf"(not )?ok (\d{{1,6}}) (?:- )?({NAME})(?: (.*?))?(?: ?# SKIP\b:? ?(.*))?$")
RUNNING = re.compile(rf"# run ({NAME})$")
CONTROL = re.compile("\x1b\\[[0-9;?=]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")
FACTS = "# conf:"
END = "# end"
LINE_MAX = 4096  # bytes; the rest of a longer line is dropped
NOTES_MAX = 40  # diagnostics of one case
FAULTS_MAX = 20

OK, NOT_OK, SKIP = "ok", "not ok", "skip"


@dataclasses.dataclass
class Result:
    """What came of one case: CLAUSE.CASE[/DIALECT], its text, why it was skipped, the diagnostics before it."""

    name: str
    outcome: str
    text: str = ""
    reason: str = ""
    notes: list = dataclasses.field(default_factory=list)

    def clause(self):
        return self.name.split(".")[0]

    def case(self):
        return self.name.split("/")[0]

    def dialect(self):
        return self.name.partition("/")[2]


def clean(line):
    """A line of console as text: no control sequences, and what is not UTF-8 as \\xNN."""
    return CONTROL.sub("", line.decode("utf-8", "backslashreplace")).rstrip()


class Reader:
    """Takes the console as it comes; what it found so far is in its fields."""

    def __init__(self):
        self.started = self.ended = False
        self.facts = ""
        self.planned = None
        self.running = None  # the case that was begun and has no result yet
        self.results = []
        self.notes = []  # … of the running case, or of none
        self.bail = None
        self.faults = []  # breaches of the protocol
        self.prefix = ""
        self.rest = b""

    def feed(self, chunk):
        *lines, self.rest = (self.rest + chunk).split(b"\n")
        self.rest = self.rest[:LINE_MAX]
        for line in lines:
            self.line(clean(line[:LINE_MAX]))

    def close(self):
        """The console is over: what was on its last line counts, and the plan is held against the results."""
        self.feed(b"\n")
        if not self.started:
            return
        if self.planned is None:
            self.fault("no plan")
        elif self.ended and self.bail is None and self.planned != len(self.results):
            self.fault(f"{self.planned} results planned, {len(self.results)} seen")

    def missing(self):
        """How many planned cases have neither a result nor were begun."""
        return max(0, (self.planned or 0) - len(self.results) - (self.running is not None))

    def fault(self, what):
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(what)

    def line(self, line):
        header = HEADER.match(line) or LATE_HEADER.search(line)
        if header and self.started:
            self.fault(f"the image started again after {len(self.results)} results")
            self.ended = True
        elif header:
            self.started = True
            self.prefix = (header.re is HEADER and header[1]) or ""
        elif self.started and line.startswith(self.prefix):
            self.word(line[len(self.prefix):])

    def word(self, line):
        """A line of the image, or noise that has no prefix to tell it by."""
        if self.ended:
            if RESULT.match(line):
                self.fault(f"a result after the end: {line}")
        elif match := RESULT.match(line):
            self.result(*match.groups())
        elif match := PLAN.match(line):
            if self.planned is not None:
                self.fault("a second plan")
            self.planned = int(match[1])
        elif match := RUNNING.match(line):
            if self.running:
                self.fault(f"{self.running} has no result")
            self.running, self.notes = match[1], []
        elif line == END:
            self.ended = True
        elif line.startswith(FACTS):
            self.facts = line[len(FACTS):].strip()
        elif line.startswith("Bail out!"):
            self.bail = line[len("Bail out!"):].strip() or "it does not say why"
        elif line.startswith("# ") and len(self.notes) < NOTES_MAX:
            self.notes.append(line[2:])

    def result(self, negated, number, name, text, reason):
        if self.running not in (None, name):
            self.fault(f"a result of {name} while {self.running} was running")
        if int(number) != len(self.results) + 1:
            self.fault(f"{name} has number {number}, {len(self.results) + 1} was due")
        if any(r.name == name for r in self.results):
            self.fault(f"{name} has two results")
        outcome = NOT_OK if negated else OK if reason is None else SKIP
        self.results.append(Result(name, outcome, (text or "").strip(), (reason or "").strip(), self.notes))
        self.running, self.notes = None, []
