#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_libc.py: the C libraries' own tests, each a guest of ours: `tests/libc/t_libc.py [-v] [NAME…]`.
#
# NAME is a regular expression for a part of LIBC/SUITE/PROGRAM; -v shows the consoles. Each suite runs with each
# library.
# What fails for a reason that is the library's or the test's own is in known/LIBC.txt, and must go on failing that way.
# Most programs boot on the emulator itself; a sample boots through our host, with less memory than they touch.

import argparse
import concurrent.futures
import fnmatch
import os
import re
import signal
import sys
import tempfile
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path += [os.path.join(ROOT, "images"), os.path.join(ROOT, "tests/pair")]

import disks
import image
import known
import machine
import suite_newlib
import suite_picolibc
from case import Case
from suite import Missing

AT_ONCE = 2
LIMIT = 180  # seconds: many times what any takes
HANG_LIMIT = 3  # … for what is known to have no end
SKIPPED = 77  # exit status, as in Automake and Meson
TAIL = 12  # lines of a console that are shown
HOST = "mem=16M resident=1M"
SAMPLE = re.compile(r"picolibc/(malloc_stress|setjmp|printf-tests|test-memset|libc-testsuite/qsort)"
                    r"|newlib/stdlib/atexit")


class Job:
    """A program of a suite with a library, alone or through our host."""

    def __init__(self, libc, suite, program, through_host=False):
        self.libc, self.suite, self.program, self.through_host = libc, suite, program, through_host
        self.test = f"{suite.name}/{program.name}"
        self.name = f"{libc}/{self.test}" + (" through our host" if through_host else "")
        self.console = ""

    def command(self):
        guest = image.path(self.libc, self.suite.name, self.program)
        if self.through_host:
            return Case(f"libc-{self.name.replace('/', '-')}", guest=guest, host=HOST, module="").command()
        words = machine.Machine(host=guest, cpus=1, memory=256).command()
        words[words.index("-append") + 1] = ""
        return words

    def boot(self, limit):
        with tempfile.TemporaryFile() as typed:
            typed.write(self.program.stdin.encode())
            typed.seek(0)
            outcome = machine.run(self.command(), limit, stdin=typed)
        self.console = outcome.console.decode(errors="replace").replace("\r", "")
        return outcome

    def said_it(self):
        lines = self.console.splitlines()
        if self.through_host:
            lines = [line.removeprefix("vm0| ") for line in lines if line.startswith("vm0| ")]
        return len(lines) >= len(self.program.say) and all(map(fnmatch.fnmatchcase, lines, self.program.say))

    def run(self, limit):
        """How it failed, one of known.KINDS, or "" if it did not, or "skip"; and in words."""
        why = image.build(self.libc, self.suite, self.program)
        if why:
            return "build", why
        outcome = self.boot(limit)
        status = outcome.code >> 1 if outcome.code > 0 and outcome.code & 1 else None
        if outcome.late:
            return "hang", f"no end within {limit} s"
        if self.program.fails and status:
            return "", ""
        if status is None or "panic on CPU" in self.console:
            return "crash", outcome.explain()
        if status == SKIPPED:
            return "skip", (self.console.splitlines() or ["it says not why"])[-1]
        if status or self.program.fails:
            return "status", f"exit status {status}"
        return ("", "") if self.said_it() else ("output", "the console is not what the suite expects")


class Report:
    """TAP, one result at a time however many run."""

    def __init__(self):
        self.lock = threading.Lock()
        self.results = self.failed = 0

    def line(self, good, text, details=()):
        with self.lock:
            self.results += 1
            self.failed += not good
            print(f"{'' if good else 'not '}ok {self.results} - {text}")
            for detail in details:
                print(f"# {detail}")
            sys.stdout.flush()

    def result(self, job, kind, words, expected):
        tail = [f"  {line}" for line in job.console.splitlines()[-TAIL:]]
        if kind == "skip":
            self.line(True, f"{job.name} # SKIP {words}")
        elif not expected:
            self.line(not kind, job.name, [words, *tail] if kind else ())
        elif kind == expected.kind:
            self.line(True, f"{job.name}: {kind}, as known: {expected.reason}")
        else:
            self.line(False, job.name, [f"{kind or 'passes'}, but {expected.place} says {expected.kind}", words, *tail])


def suites(report):
    for module in (suite_newlib, suite_picolibc):
        try:
            yield module.load()
        except Missing as why:
            report.line(True, f"{module.__name__} # SKIP {why}")


def libraries(report):
    for libc in machine.LIBCS:
        if why := machine.missing(f"libc/{libc}"):
            report.line(True, f"{libc} # SKIP {why}")
        else:
            yield libc


def jobs_of(report):
    found = list(suites(report))
    for libc in libraries(report):
        alone = [Job(libc, s, p) for s in found for p in s.programs if p.only in ("", libc)]
        yield from sorted(alone, key=lambda job: -len(job.program.sources))  # what compiles longest goes first
        yield from (Job(libc, job.suite, job.program, True) for job in alone if SAMPLE.fullmatch(job.test))


def main():
    parser = argparse.ArgumentParser(prog="tests/libc/t_libc.py")
    parser.add_argument("-v", action="store_true", help="show the consoles")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a regular expression for a part of a name")
    options = parser.parse_args()
    report = Report()
    failures = {libc: known.read(libc) for libc in machine.LIBCS}
    jobs = [j for j in jobs_of(report) if not options.names or any(re.search(n, j.name) for n in options.names)]
    if any(job.through_host for job in jobs):
        disks.prepare({"text"})

    def attempt(job):
        expected = failures[job.libc].get(job.test)
        try:
            kind, words = job.run(HANG_LIMIT if expected and expected.kind == "hang" else LIMIT)
        except Exception as why:  # the others go on
            kind, words = "error", f"{type(why).__name__}: {why}"
        if options.v:
            print("\n".join(f"# | {line}" for line in job.console.splitlines()))
        report.result(job, kind, words, expected)

    with concurrent.futures.ThreadPoolExecutor(1 if options.v else AT_ONCE) as pool:
        list(pool.map(attempt, jobs))
    for libc in failures:
        for test in sorted(set(failures[libc]) - {job.test for job in jobs}) if not options.names else ():
            report.line(False, f"{failures[libc][test].place} names {test}, which there is not")
    print(f"1..{report.results}")
    return 1 if report.failed else 0


def leave(code):
    """At once: the emulators end with the threads that started them."""
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    os.chdir(ROOT)
    signal.signal(signal.SIGTERM, lambda *_: leave(143))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        leave(130)
