# SPDX-License-Identifier: BSD-2-Clause
# conduct.py: all boots of one host, side by side where it may be, each result held against what is known.

import collections
import concurrent.futures
import dataclasses
import os
import threading
import time

import boot
from boot import CouldNotRun
from expected import Expected
from ktap import NOT_OK, OK, SKIP

QUIET = 2  # seconds until, and between, words of progress
STILL = 5  # times as much between words that say the same
RANK = (NOT_OK, OK, SKIP)  # of one name's outcomes in several boots, the first of these is that of the host


@dataclasses.dataclass
class Conclusion:
    """What is to be said about a host."""

    host: object
    runs: list = dataclasses.field(default_factory=list)
    verdicts: list = dataclasses.field(default_factory=list)
    unrun: list = dataclasses.field(default_factory=list)  # (boot's name, why)
    idle: list = dataclasses.field(default_factory=list)  # entries of the expected file that spoke of nothing

    def wrong(self):
        return [v for v in self.verdicts if v.wrong]

    def status(self):
        """The exit status: what is known to be wrong outweighs what is not known."""
        if self.wrong() or self.idle:
            return 1
        return 2 if self.unrun or not self.runs or self.unasked() else 0

    def unrun_reasons(self):
        """The reasons without repetitions, each with the names of its boots."""
        by_why = {}
        for name, why in self.unrun:
            by_why.setdefault(why, []).append(name)
        return [(" ".join(names), why) for why, names in by_why.items()]

    def by_name(self):
        """The verdicts of each name in the boots, in the order of first sight."""
        found = {}
        for verdict in self.verdicts:
            found.setdefault(verdict.result.name, []).append(verdict)
        return found

    def unasked(self):
        """Why nothing could be asked; None if anything was, or is known not to be possible."""
        cases = [v for v in self.verdicts if v.result.name != boot.END_NAME]
        if self.wrong() or not self.runs or any(v.reason or v.result.outcome != SKIP for v in cases):
            return None
        reasons = collections.Counter(v.result.reason for v in cases).most_common(1)
        return reasons[0][0] if reasons else "there is no such case"

    def skips(self):
        """The reasons why cases ran in no boot, the most frequent first, with their numbers."""
        return collections.Counter(verdicts[0].result.reason for _, outcome, verdicts in self.merged()
                                   if outcome == SKIP).most_common()

    def merged(self):
        """For each name: its outcome on the host, and its verdicts in the boots."""
        for name, verdicts in self.by_name().items():
            yield name, min((v.result.outcome for v in verdicts), key=RANK.index), verdicts


class Progress:
    """A word every two seconds about each boot that takes longer than that."""

    def __init__(self, label, say, echo):
        self.label, self.say, self.echo = label, say, echo
        self.start, self.state, self.done = time.monotonic(), "no word from the image yet", threading.Event()
        if say:
            threading.Thread(target=self.speak, daemon=True).start()

    def __call__(self, reader, chunk):
        if self.echo:
            self.echo(chunk)
        if reader.started:
            self.state = f"{len(reader.results)} of {reader.planned or '?'}"
            self.state += f", running {reader.running}" if reader.running else ""

    def speak(self):
        said, waits = None, 0
        while not self.done.wait(QUIET):
            waits += 1
            if self.state != said or waits % STILL == 0:
                said = self.state
                self.say(f"{self.label}: {said} ({time.monotonic() - self.start:.0f} s)")


def label(host, name):
    return f"{host.name} {name}".strip()


def log_path(out, host, name):
    return os.path.join(out, f"{host.name}-{name}.log" if name else f"{host.name}.log")


def prefix(boot, only):
    """The cases that are wanted of those which a boot is there for: a prefix, None for no case."""
    a, b = boot.only, only
    return max(a, b, key=len) if a.startswith(b) or b.startswith(a) else None


def conduct(host, only, limit, out, known, say=None, echo=None):
    """
    Runs the cases whose names begin with `only` in all boots of the host, each boot for at most `limit` seconds,
    consoles in the folder `out`; judges by the file `known`, None for a host nothing is known of. say(line) hears about
    progress, echo(bytes) the consoles.
    """
    expected, conclusion = Expected(known), Conclusion(host)
    if why := host.usable():
        conclusion.unrun = [(b.name, why) for b in host.boots]
        return conclusion

    def attempt(b):
        progress = Progress(label(host, b.name), say, echo)
        wanted = prefix(b, only)
        try:
            return boot.run(b, [f"only={wanted}"] if wanted else [], limit, log_path(out, host, b.name), progress)
        except CouldNotRun as why:
            return str(why)
        finally:
            progress.done.set()

    boots = [b for b in host.boots if prefix(b, only) is not None]
    with concurrent.futures.ThreadPoolExecutor(1 if echo else host.at_once) as pool:
        for b, run in zip(boots, pool.map(attempt, boots)):
            if isinstance(run, str):
                conclusion.unrun.append((b.name, run))
                continue
            conclusion.runs.append(run)
            conclusion.verdicts += [expected.judge(result, b.name) for result in run.results]
    ended = [r.boot.name for r in conclusion.runs if r.results[-1].outcome == OK]
    if host.whole and len(ended) == len(boots):
        expected.unrun(conclusion.by_name())
    if not only:
        conclusion.idle = expected.idle([b.name for b in boots if b.name in ended and not b.only])
    return conclusion
