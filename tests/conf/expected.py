# SPDX-License-Identifier: BSD-2-Clause
# expected.py: which differences of a host are known, and why: the files tests/conf/expected/HOST.
#
# A line `NAME[@BOOT] | not ok | reason`, `… | skip | reason`, or `… | either | reason` where runs differ; NAME and BOOT
# are shell patterns, without @BOOT any boot is meant. The first line that matches a result is the one that speaks of
# it, and then the result must be as it says: a difference that no longer happens fails as one that is new does. What
# one boot skips another may run; what none runs must be known. A line that speaks of nothing in a whole run of one of
# its boots fails too.

import dataclasses
import fnmatch
import os

from ktap import NOT_OK, OK, SKIP

EITHER = "either"  # ok or not ok, from run to run

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected")


class Unreadable(Exception):
    """The file is not as described above; the message names it, and the line."""


@dataclasses.dataclass
class Entry:
    name: str
    boot: str
    outcome: str
    reason: str
    where: str
    used: bool = False

    def speaks_of(self, name, boot):
        return fnmatch.fnmatchcase(name, self.name) and fnmatch.fnmatchcase(boot, self.boot)


@dataclasses.dataclass
class Verdict:
    """
    A result of one boot, held against what is known: `reason` if it is a known difference, `wrong` if it fails,
    `unless_run` if a skip fails should no other boot have run the case.
    """

    result: object
    boot: str
    reason: str = ""
    wrong: str = ""
    unless_run: str = ""


def parse(path, number, line):
    fields = [f.strip() for f in line.split("|", 2)]
    if len(fields) != 3 or fields[1] not in (NOT_OK, SKIP, EITHER) or not all(fields):
        raise Unreadable(f"{path}:{number}: not `NAME[@BOOT] | not ok, skip or either | reason`")
    name, _, boot = fields[0].partition("@")
    return Entry(name, boot or "*", fields[1], fields[2], f"{path}:{number}")


class Expected:
    """What is known of one host. Of a host without a file nothing is: it may skip what it likes and must not fail."""

    def __init__(self, path):
        self.known = path is not None
        self.entries = []
        if self.known:
            try:
                with open(path, encoding="utf-8") as f:
                    lines = list(enumerate(f, 1))
            except (OSError, UnicodeDecodeError) as why:
                raise Unreadable(f"{path}: {why}") from why
            path = os.path.relpath(path)
            self.entries = [parse(path, n, line) for n, line in lines if line.strip() and not line.startswith("#")]

    def judge(self, result, boot):
        entry = next((e for e in self.entries if e.speaks_of(result.name, boot)), None)
        verdict, otherwise = Verdict(result, boot), f"{result.outcome}, which is no known difference"
        if entry:
            entry.used = True
            if entry.outcome == result.outcome or (entry.outcome == EITHER and result.outcome in (OK, NOT_OK)):
                verdict.reason = entry.reason
            else:
                otherwise = f"{entry.where} expects `{entry.outcome}`: {entry.reason}"
        if result.outcome == SKIP:
            verdict.unless_run = otherwise
        elif result.outcome == NOT_OK or entry:
            verdict.wrong = "" if verdict.reason else otherwise
        return verdict

    def unrun(self, by_name):
        """Marks the names, each with its verdicts in all boots, that no boot has run though nobody expects that."""
        for verdicts in by_name.values() if self.known else ():
            if all(v.result.outcome == SKIP and not v.reason for v in verdicts):
                verdicts[0].wrong = verdicts[0].unless_run

    def idle(self, boots):
        """After a whole run of these boots: the entries that spoke of nothing."""
        return [e for e in self.entries if not e.used and any(fnmatch.fnmatchcase(b, e.boot) for b in boots)]


def path_of(host):
    """The file about a host, None if there is none."""
    path = os.path.join(FOLDER, host)
    return path if os.path.exists(path) else None
