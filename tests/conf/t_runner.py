#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_runner.py: the runner against hosts that are shell scripts: what it says of each, and that nothing outlives it.

import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml

from fakes import BAD, BEGUN, END, ENDLESS, GOOD, ONE, ROWS, SKIPPED, START, TWO, script
from tap import Tap, wrong

HERE = os.path.dirname(os.path.abspath(__file__))
RUN, COMPARE = os.path.join(HERE, "run"), os.path.join(HERE, "compare")
LIMIT = 60  # seconds for one call of the runner
AT_ONCE = 4  # calls
GONE = 5  # seconds until a process that was ended must be gone

# What is typed, and what must come of it.
CALLS = [
    ("an unknown host", ("bogus",), 2, r"no host 'bogus'; there are ours ours-none .*linux-nested kvm"),
    ("no host", (), 2, "either HOST"),
    ("a host and a command", ("ours", "--", "true"), 2, "either HOST"),
    ("no command", ("--",), 2, "either HOST|no COMMAND"),
    ("a command that is not there", ("--", "/nonexistent/vmm"), 2, "no program '/nonexistent/vmm'"),
    ("a command that is no program", ("--", HERE), 2, "no program"),
    ("no time", ("--time-limit", "0", "ours"), 2, "time-limit"),
    ("time that is no number", ("--time-limit", "soon", "ours"), 2, "time-limit"),
    ("an impossible prefix", ("--only", "A 3", "ours"), 2, "--only"),
    ("a name that is a path", ("--name", "../x", "--", "true"), 2, "--name"),
    ("a folder that cannot be", ("--out", "/proc/nowhere", "ours"), 2,
     r"run: No such file or directory: /proc/nowhere"),
    ("a full disk", ("--out", "{full}", "--", "true"), 2, "No space left on device"),
    ("no such file of known differences", ("--expected", "/nonexistent", "--", "true"), 2,
     "/nonexistent: .*No such file"),
    ("a table of a host without features", ("--msr-table", "--", "true"), 2, "features cannot be chosen"),
    ("the hosts there are", ("--list-hosts",), 0, r"ours-dual .*\n(.*\n)*linux-nested .*\n(.*\n)*kvm "),
    ("help", ("--help",), 0, r"\{image32\}"),
]


def call(*words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=LIMIT)
    return done.returncode, done.stdout.decode(errors="replace")


def host(out, *options, command):
    return call(RUN, "--out", out, *options, "--", *command)


def row(r):
    options = list(r.options)
    with tempfile.TemporaryDirectory() as out:
        if r.expected is not None:
            path = os.path.join(out, "expected")
            with open(path, "w", encoding="utf-8") as f:
                f.write(f"# known\n{r.expected}")
            options += ["--expected", path]
        return wrong(host(out, *options, command=script(r.prints, r.then)), r.status, r.says, r.never)


def reports(tap, out):
    """The three files about one host that has everything: ok, known, unknown, skip."""
    known = os.path.join(out, "expected")
    with open(known, "w", encoding="utf-8") as f:
        f.write("A3-15.pad/int | not ok | it keeps | the pad\nA3-15.pad/pf2 | skip | no hook\n")
    rest = ("ok 3 A3-15.pad/pf2 the pad is not touched # SKIP no <hook>\n"
            "# run A4-1.b\n# seen: <1|2>\nnot ok 4 A4-1.b x & y\n")
    host(out, "--name", "all", "--expected", known, command=script(START.format(4) + ONE + BAD + rest + END, "exit 1"))
    text = {s: open(os.path.join(out, f"all.{s}"), encoding="utf-8").read() for s in ("ktap", "xml", "md")}
    wanted = (r"# known difference: it keeps \| the pad\nnot ok 2 A3-15\.pad/int the pad", r"\n1\.\.5\n",
              r"ok 3 A3-15\.pad/pf2 .* # SKIP no <hook>\n",
              r"# seen: <1\|2>\n# not ok, which is no.*\nnot ok 4 A4-1\.b x & y\n",
              r"# end\n$")
    tap.result("KTAP has each result, and why", wrong((0, text["ktap"]), 0, wanted))
    suite = xml.fromstring(text["xml"])[0]
    counts = [suite.get(k) for k in ("tests", "failures", "errors", "skipped")]
    failure = suite.find("testcase/failure")
    tap.result("JUnit XML can be parsed and counts", [text["xml"]] if counts != ["5", "1", "0", "2"]
               or failure.text != "seen: <1|2>" else [])
    wanted = (r"\| clause \| case \| int \| pf2 \| any dialect \| remark \|",
              r"\| A3-15 \| `A3-15\.pad` the pad.* \| not ok \(known\) \| skip \|  "
              r"\| known difference: it keeps \\\| the pad \|",
              r"\| A4-1 \| `A4-1\.b` x & y \|  \|  \| \*\*not ok\*\* \| .*\(seen: &lt;1\\\|2>\) \|")
    tap.result("the table has a row for each case and a column for each dialect", wrong((0, text["md"]), 0, wanted))
    host(out, "--name", "all", command=script("", "exit 7"))
    text = open(os.path.join(out, "all.ktap"), encoding="utf-8").read()
    tap.result("a run that could not be leaves no results of an older one",
               wrong((0, text), 0, (r"1\.\.0 # SKIP", "exit code 7"), ("A3-",)))


def placeholders(tap, out):
    """The words of a command reach it as typed, with {args} filled in and one word still."""
    show = ["sh", "-c", r"""printf '%s\n' "$@"; exit 9""", "sh", "a b", "{args}", "$x", "{other}"]
    tap.result("a command's words, with the image's arguments", wrong(
        host(out, "--only", "A3-14", command=show), 2, (r"\| a b\n *\| only=A3-14\n *\| \$x\n *\| \{other\}\n",)))


def comparisons(tap, out):
    def made(name, text, then=""):
        host(out, "--name", name, command=script(text, then))
        return os.path.join(out, f"{name}.ktap")

    a, same = made("a", GOOD), made("same", GOOD)
    b, c = made("b", START.format(2) + ONE + BAD + END, "exit 1"), made("c", START.format(1) + ONE + END)
    cut = os.path.join(out, "cut.ktap")
    with open(cut, "w", encoding="utf-8") as f:
        f.write(open(a, encoding="utf-8").read()[:-8])
    tap.result("two hosts alike", wrong(call(COMPARE, a, same), 0, ("the same in all 3",)))
    tap.result("two hosts that differ", wrong(call(COMPARE, a, b), 1, (
        r"A3-15\.pad/int the pad is not touched\n    a: ok\n    b: not ok; expected: 0; seen: 0x7\n", "1 of 3 differ"),
        ("A3-14",)))
    skips = made("skips", START.format(2) + ONE + SKIPPED + END)
    tap.result("a case that one skips", wrong(call(COMPARE, skips, a), 1, (
        r"skips skips, and a is ok: no test hook\n    A3-15\.pad/int\n1 of 3 differ",)))
    tap.result("a case that one lacks", wrong(call(COMPARE, c, a), 1, (r"c: has no such case\n    a: ok",)))
    tap.result("a file that is not there", wrong(call(COMPARE, a, "/nonexistent.ktap"), 2, ("No such file",)))
    tap.result("a file that is not whole", wrong(call(COMPARE, a, cut), 2, ("not a whole KTAP file",)))
    tap.result("one file only", wrong(call(COMPARE, a), 2, ("usage",)))


def alive(path):
    """Is the process whose number is in the file still there, but for its parent's wait?"""
    try:
        with open(f"/proc/{int(open(path, encoding='ascii').read())}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (OSError, ValueError):
        return False


def outlives(path):
    end = time.monotonic() + GONE
    while alive(path):
        if time.monotonic() > end:
            return [f"a process of the host is alive {GONE} s later"]
        time.sleep(0.02)
    return []


def started(out, *command):
    return subprocess.Popen([RUN, "--out", out, "--", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def endings(tap, out):
    """What the host started ends with the run, however that ends."""
    pid = os.path.join(out, "pid")
    family = f"sh -c 'echo $$ >{pid}; {ENDLESS}' & "
    for name, then, options in (("a host's child ends with the host", "", ()),
                                ("… and when time is up", ENDLESS, ("--time-limit", "0.5"))):
        host(out, *options, command=script(GOOD if then == "" else "", family + f"sleep 0.1; {then}"))
        tap.result(name, outlives(pid))
    for sign, status in ((signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)):
        os.unlink(pid)
        runner = started(out, *script("", f"{family} {ENDLESS}"))
        while not alive(pid):
            time.sleep(0.02)
        runner.send_signal(sign)
        code = runner.wait(timeout=LIMIT)
        tap.result(f"{sign.name} ends the runner and the host's child", outlives(pid)
                   + ([f"exit status {code}"] if code != status else []))
    os.unlink(pid)
    runner = started(out, "sh", "-c", f"echo $$ >{pid}; {ENDLESS}")
    while not alive(pid):
        time.sleep(0.02)
    runner.kill()
    runner.wait()
    tap.result("the host ends with a runner that was killed", outlives(pid))


def progress(tap, out):
    slow = script(START.format(2) + ONE + BEGUN, "sleep 2.5; " + script(TWO.removeprefix(BEGUN) + END)[2])
    tap.result("a run of over two seconds says where it is", wrong(
        host(out, command=slow), 0, (r"command: 1 of 2, running A3-15\.pad/int \(2 s\)",)))


def calls(tap, out):
    full = os.path.join(out, "full")
    os.mkdir(full)
    for suffix in ("log", "ktap.tmp"):
        os.symlink("/dev/full", os.path.join(full, f"command.{suffix}"))
    for name, words, status, says in CALLS:
        tap.result(name, wrong(call(RUN, *(w.replace("{full}", full) for w in words)), status, (says,)))


def main():
    tap = Tap()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for r, complaints in zip(ROWS, pool.map(row, ROWS)):
            tap.result(r.name, complaints)
    with tempfile.TemporaryDirectory() as out:
        for part in (reports, placeholders, comparisons, endings, progress, calls):
            part(tap, out)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
