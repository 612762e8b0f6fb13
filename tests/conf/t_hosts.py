#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_hosts.py: hosts of several boots, boots with limits, and MSR tables, from within the runner.

import contextlib
import io
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(os.path.dirname(HERE)), "images"))

import boot
import conduct
import hosts
import msr
import report
from expected import Unreadable
from fakes import BAD, BEGUN, END, ENDLESS, GOOD, ONE, SKIPPED, START, TWO, script
from tap import Tap, wrong

LIMIT = 60  # seconds for one boot


def several(tap, out):
    """Hosts of two boots: what each prints is one host's answer by name."""
    def judged(a, b, known="", only="", **more):
        return judged_all([(a, {}), (b, {})], known, only, **more)

    def printing(text, words):
        return script(text.replace("{args}", " ".join(words)), "exit 1" if "not ok" in text else "")

    def judged_all(prints, known, only, **more):
        path = os.path.join(out, "expected")
        with open(path, "w", encoding="utf-8") as f:
            f.write(known)
        boots = [boot.Boot(name, lambda words, p=p: printing(p, words), emulated=False, **b)
                 for name, (p, b) in zip("ab", prints)]
        c = conduct.conduct(hosts.Host("two", "", boots, "two", **more), only, LIMIT, out, path)
        return c.status(), "\n".join([*report.ktap(c), *report.markdown(c)])

    skip, bad, good = (START.format(2) + ONE + x + END for x in (SKIPPED, BAD, TWO))
    tap.result("what one boot skips another runs", wrong(judged(skip, good), 0, (r"\nok 2 A3-15\.pad/int [^#]*\n",)))
    tap.result("what none runs", wrong(judged(skip, skip), 1, (r"\nok 2 A3-15\.pad/int .* # SKIP no test hook\n",)))
    tap.result("… is no matter for a part of a host", wrong(judged(skip, skip, whole=False), 0, ("# SKIP",)))
    tap.result("… and may be known", wrong(judged(skip, skip, "A3-15.* | skip | no hook\n"), 0, ("# SKIP",)))
    tap.result("a known skip that one boot runs", wrong(judged(skip, good, "A3-15.* | skip | no hook\n"), 1,
                                                        ("expected:1 expects `skip`",)))
    tap.result("a known failure that one boot skips", wrong(
        judged(skip, bad, "A3-15.* | not ok | why\n"), 0, (r"\nnot ok 2 A3-15",)))
    tap.result("a known failure that all boots skip", wrong(judged(skip, skip, "A3-15.* | not ok | why\n"), 1,
                                                            ("expected:1 expects `not ok`: why",)))
    tap.result("a known failure of one boot", wrong(judged(good, bad, "A3-15.*@b | not ok | why\n"), 0, (
        r"boots differ: a ok, b not ok", r"in b: known difference: why\nnot ok 2 A3",
        r"ok in a, not ok \(known\) in b")))
    tap.result("the worse of two boots speaks", wrong(judged(good, bad), 1, (r"\nnot ok 2 A3-15\.pad/int",)))
    tap.result("an entry about a boot that has no such case", wrong(judged(good, good, "A9-1.x@b | skip | y\n"), 1,
                                                                   ("speaks of no result: A9-1",)))
    speaks = GOOD.replace("hook no", "hook no, dialects int pf2, booted by PVH")
    for name, dialects, status in (("offers", ("pf2", "int"), 0), ("lacks", ("int", "legacy"), 1),
                                   ("should not offer", (), 1)):
        tap.result(f"a host that {name} a dialect", wrong(judged_all([(speaks, {"speaks": dialects})], "", ""), status,
                                                          ("",) if not status else ("the host offers int pf2, and",)))
    for mine, only, words in (("", "A3", "only=A3"), ("A3", "", "only=A3"), ("A3-1", "A3", "only=A3-1"),
                              ("A3", "A3-14", "only=A3-14"), ("", "", "")):
        name = f"a boot for cases {mine or 'of all kinds'}, asked for {only or 'all'}"
        answer = judged_all([(GOOD.replace("a hole", "({args})"), {"only": mine})], "", only)
        tap.result(name, wrong(answer, 0, (rf"\({words}\)",)))
    tap.result("a boot that is not asked", wrong(judged_all([(GOOD, {}), ("", {"only": "A4"})], "", "A3"), 0,
                                            (r"\n1\.\.3\n",)))
    tap.result("a boot that cannot run", wrong(judged(GOOD, ""), 2,
                                              ("# boot b could not run: the host printed nothing",)))


def silence(tap, out):
    """A word within the time starts it anew; emulators have to end with their guest."""
    def said(printed, then, **limits):
        b = boot.Boot("", lambda words: script(printed, then), **limits)
        try:
            return "\n".join(boot.run(b, [], LIMIT, os.path.join(out, "log")).results[-1].notes)
        except boot.CouldNotRun as why:
            return str(why)

    dots = "for i in 1 2 3 4; do sleep 0.4; echo .; done; "
    tap.result("a host that falls silent", wrong((0, said(START.format(2) + BEGUN, dots + ENDLESS, silence=0.8)), 0,
                                                 ("running when the host was stopped after 0.8 s without a word",
                                                  r"\| \.\n(\| \.\n)*\| \.")))
    tap.result("a host that is silent from the start", wrong((0, said("", ENDLESS, silence=0.3)), 0,
                                                             ("printed nothing and was stopped after 0.3 s without",)))
    tap.result("an emulator that does not end with its guest", wrong((0, said(GOOD, ENDLESS, grace=0.3)), 0,
                                                                     ("did not end with its guest and was stopped",)))
    tap.result("words after the image's last one give no time", wrong((0, said(GOOD, dots * 10, grace=0.6)), 0, (
        "stopped 0.6 s after the image's last line",)))
    tap.result("an emulator that ends as nobody asked it to", wrong((0, said(GOOD, "exit 0")), 0,
                                                                    ("status is 0.*exit code 0",)))


def contract(tap, out):
    """The MSR table of hosts that print Linux's with something changed."""
    wanted = msr.reference()
    known = os.path.join(out, "known")

    def print_file(section, change):
        path = os.path.join(out, f"section{section.number}")
        with open(path, "w", encoding="utf-8") as f:
            f.write("".join(f"vm0| {line}\n" for line in change([section.title, *section.lines, END[:-1]])))
        return ["cat", path]

    def judged(change, reasons):
        with open(known, "w", encoding="utf-8") as f:
            f.write(reasons)
        host = hosts.Host("table", "", [boot.Boot("", None)], "none", variant=lambda s: print_file(s, change))
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            try:
                return msr.examine(host, known, LIMIT, out, lambda line: None), said.getvalue()
            except (boot.CouldNotRun, Unreadable) as why:
                return 2, str(why)

    def changed(old, new):
        return lambda lines: [x for x in (new if line == old else line for line in lines) if x]

    hole = "MSR|EN |EN gpa outside RAM, enabled|int|0x700000009|#GP|"
    kept = changed(f"{hole}0x700000009", f"{hole}0x4009")
    lost = changed("MSR|ACK|ACK write ~0|0xffffffffffffffff|ok|0x0", None)
    why = f"variant set=* enforce=0 noapic=0\n{hole}*\n  nothing is kept\n"
    tap.result("Linux's table", wrong(judged(lambda x: x, ""), 0, (r"0 of 195 lines differ.* 0 unexplained",)))
    tap.result("a table that differs", wrong(judged(kept, ""), 1, ("NOT EXPLAINED", "1 of 195 lines differ")))
    tap.result("… for a reason", wrong(judged(kept, why), 0, (r"\+ MSR.*0x4009\n  nothing is kept\n", "0 unexplained")))
    tap.result("… in other sections than the reason's", wrong(judged(kept, why.replace("enforce=0", "enforce=1")), 1,
                                                              ("NOT EXPLAINED", "known:2 speaks of no difference")))
    tap.result("a reason for no difference", wrong(judged(lambda x: x, why), 1, ("speaks of no difference",)))
    tap.result("a line that is not printed", wrong(judged(lost, ""), 1, (r"\+ absent\n  NOT EXPLAINED",)))
    tap.result("… for a reason", wrong(judged(lost, "absent MSR|ACK|ACK write ~0|*\n  lost\n"), 0, ("0 unexplained",)))
    tap.result("a line too many", wrong(judged(changed(END[:-1], "MSR|EN |x|0x1|ok|0x1\n# end"), ""), 1,
                                        (r"- absent\n\+ MSR\|EN \|x",)))
    tap.result("a table without an end", wrong(judged(changed(END[:-1], None), ""), 2,
                                               ("after 61 lines the host ended",)))
    tap.result("another section than asked for", wrong(judged(changed(wanted[0].title, wanted[2].title), ""), 2,
                                                       ("was asked for, the host says MSRTABLE",)))
    tap.result("a reason that is none", wrong(judged(kept, f"{hole}*\n"), 2, ("known:1: no reason is given",)))
    tap.result("a file that is no list of reasons", wrong(judged(kept, "set=0\n"), 2, ("known:1: neither",)))


def one_lock(tap, out):
    """A run that names the shared folder in two ways does not wait for itself."""
    code = "import lock, os, sys; lock.alone(sys.argv[1]); os.chdir(sys.argv[1]); lock.alone('.')"
    there = os.path.join(out, "shared")
    try:
        done = subprocess.run([sys.executable, "-c", code, there], cwd=os.path.dirname(os.path.abspath(__file__)),
                              capture_output=True, text=True, timeout=20, check=False)
        said = done.stderr.splitlines()
    except subprocess.TimeoutExpired:
        said = ["it waits"]
    tap.result("a folder named in two ways has one lock", said)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as out:
        for part in (several, silence, contract, one_lock):
            part(tap, out)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
