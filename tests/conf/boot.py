# SPDX-License-Identifier: BSD-2-Clause
# boot.py: one boot of the conformance image on one host, and whether it ran as it should have.

import dataclasses
import os
import re
import shutil
import signal
import time

import machine
from ktap import LINE_MAX, NOT_OK, OK, Reader, Result, clean

FAILED, UNFIT = 1, 2  # the image's own status besides 0: something failed; it cannot run here
CONSOLE_MAX = 16 << 20  # bytes
DIALECTS = re.compile(r"\bdialects((?: \w+)*)")
TAIL = 12  # lines of a console that are shown
LINE_SHOWN = 160  # characters of each
END_NAME = "boot.end"
END_TEXT = "the image starts, keeps to its plan, and ends with its status"


class CouldNotRun(Exception):
    """Nothing can be said about this host; the message says why."""


@dataclasses.dataclass
class Boot:
    """
    command(words) gives the arguments of the program that boots the image with these words on its command line, with
    all they name made ready; it may raise CouldNotRun. `emulated`: its exit code is QEMU's, 2 × status + 1; otherwise
    it may also be the status itself, and the host need not be able to end with its guest. It has `grace` seconds for
    that after the image's last line, and may be silent for `silence` before it. `speaks`: the dialects that it must
    offer, None if that is its own affair. `only`: the cases that it is there for, as a prefix.
    """

    name: str
    command: object
    emulated: bool = True
    grace: float = 5
    silence: float = 30
    speaks: tuple = None
    only: str = ""


@dataclasses.dataclass
class Run:
    """A boot that is over: the results, that of END_NAME last."""

    boot: Boot
    results: list
    facts: str = ""


class Watch:
    """Looks at a console while it grows, and at the time."""

    def __init__(self, boot, limit, tell):
        self.boot, self.limit, self.tell = boot, limit, tell
        self.reader, self.size, self.start, self.allowed = Reader(), 0, time.monotonic(), ""

    def __call__(self, chunk):
        """Machine's show(): returns how many seconds are left."""
        self.size += len(chunk)
        over = self.reader.ended
        self.reader.feed(chunk)
        if self.tell:
            self.tell(self.reader, chunk)
        if over:
            return None
        left, self.allowed = self.left()
        return left

    def left(self):
        """The seconds, and how the program ended if it is stopped after them."""
        total = self.start + self.limit - time.monotonic()
        if self.size > CONSOLE_MAX:
            return 0, f"was stopped, having printed more than {CONSOLE_MAX >> 20} MiB"
        if self.reader.ended and self.boot.grace < total:
            return self.boot.grace, f"was stopped {self.boot.grace:g} s after the image's last line"
        if self.boot.silence < total:
            return self.boot.silence, f"was stopped after {self.boot.silence:g} s without a word"
        return max(0, total), f"was stopped after {self.limit:g} s"


@dataclasses.dataclass
class Ended:
    """A program that is over: its exit code, None if it had to be stopped; all it printed; how it ended, in words."""

    code: int
    console: bytes
    how: str


def tail(console):
    """The end of a console, fit to be shown."""
    return ["| " + clean(line)[:LINE_SHOWN] for line in console[-TAIL * LINE_MAX:].split(b"\n") if line.strip()][-TAIL:]


def how_it_ended(code):
    """As the second half of a sentence."""
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    meaning = machine.HOST_STATUS.get(code >> 1) if code & 1 else None
    return f"ended with exit code {code}" + (f": {meaning}" if meaning else "")


def status_faults(boot, reader, end):
    """What is wrong with the exit code of a program whose image came to its last line."""
    due = FAILED if any(r.outcome == NOT_OK for r in reader.results) else 0
    if end.code is None:
        if boot.emulated:
            yield f"the host did not end with its guest and {end.how}"
    elif end.code != 2 * due + 1 and (boot.emulated or end.code != due):
        yield f"the image's status is {due} by its results, but the host {end.how}"


def dialect_faults(boot, reader):
    said = DIALECTS.search(reader.facts)
    offered = said[1].split() if said else []
    if boot.speaks is not None and sorted(offered) != sorted(boot.speaks):
        yield f"the host offers {' '.join(offered) or 'no dialect'}, and should {' '.join(boot.speaks) or 'none'}"


def unfit(boot, reader, end):
    """Does the image say, before it began a case, that it cannot run here?"""
    codes = (2 * UNFIT + 1,) if boot.emulated else (2 * UNFIT + 1, UNFIT)
    begun = reader.results or reader.running
    return not begun and (reader.bail is not None or (reader.ended and end.code in codes))


def judge(boot, end):
    """Makes a Run of a finished program, or raises CouldNotRun."""
    reader = Reader()
    reader.feed(end.console)
    reader.close()
    if not reader.started:
        how = "did not start the image" if end.console.strip() else "printed nothing"
        raise CouldNotRun("\n".join([f"the host {how} and {end.how}", *tail(end.console)]))
    if unfit(boot, reader, end):
        raise CouldNotRun(f"the image cannot run on it: {reader.bail or ' '.join(reader.notes) or 'no reason given'}")
    results, faults = list(reader.results), list(reader.faults)
    if reader.running:
        gave_up = reader.bail is not None
        how = f"when the image gave up: {reader.bail}" if gave_up else f"when the host {end.how}"
        results.append(Result(reader.running, NOT_OK, "", "", [*reader.notes, f"running {how}"]))
        faults.append(f"{reader.running} was running {how}")
    elif reader.bail is not None:
        faults.append(f"the image gave up: {reader.bail}")
    elif reader.ended:
        faults += status_faults(boot, reader, end)
    else:
        last = f"after {results[-1].name}" if results else "before the first case"
        faults.append(f"{last} the host {end.how}")
    faults += dialect_faults(boot, reader)
    if reader.missing():
        faults.append(f"not run: {reader.missing()} of {reader.planned} cases")
    notes = [*faults, *tail(end.console)] if faults else []
    results.append(Result(END_NAME, NOT_OK if faults else OK, END_TEXT, "", notes))
    return Run(boot, results, reader.facts)


def run(boot, words, limit, log, tell=None):
    """Boots, leaves the console at the path `log`, judges. tell(reader, chunk) sees the console as it grows."""
    return judge(boot, start(boot, boot.command(words), limit, log, tell))


def start(boot, command, limit, log, tell=None):
    """Runs the command, of this boot or one like it, to its end."""
    if not shutil.which(command[0]):
        raise CouldNotRun(f"no program '{command[0]}'")
    if command[0] != "setpriv":
        command = ["setpriv", "--pdeathsig", "KILL", "--", *command]  # it dies with the runner, however that dies
    watch = Watch(boot, limit, tell)
    first, watch.allowed = watch.left()
    try:
        outcome = machine.run(command, first, watch)
    except OSError as why:
        raise CouldNotRun(f"'{os.path.basename(command[0])}' cannot be started: {why.strerror}") from why
    with open(log, "wb") as out:
        out.write(outcome.console)
    if outcome.late:
        return Ended(None, outcome.console, watch.allowed)
    return Ended(outcome.code, outcome.console, how_it_ended(outcome.code))


def leave(code):
    """At once, with everything that was started."""
    machine.stop_all()
    os._exit(code)


def leave_on_signals():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda n, _: leave(128 + n))
