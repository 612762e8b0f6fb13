#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_conf.py: our host keeps to the ABI in each personality, by VMX in two, and so do the Linux hosts that can run here.

import contextlib
import io
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(ROOT, "images")]

import conduct
import expected
import hosts
import msr
import report
from boot import CouldNotRun, leave_on_signals
from ktap import OK
from tap import Tap

OUT = "build/conf"
MUST_RUN = ("ours", "qemu")
MAY_RUN = ("ours-vmx-int", "linux-nested", "kvm")  # all that ours-vmx boots takes minutes
CONTRACT = ("ours", "linux-nested")


def complaints_of(c, run):
    for v in c.wrong():
        if v.boot == run.boot.name:
            yield "\n".join([f"{v.result.name}: {v.wrong}", *v.result.notes])


def unusable(host):
    """Why it cannot be asked, or be judged, here; None if it can."""
    if why := host.usable():
        return why
    if expected.path_of(host.expected):
        return None
    return f"what {host.expected} does is not recorded; `make conf HOST={host.name}` says"


def test(tap, name):
    host = hosts.named(name)
    if why := unusable(host):
        tap.result(name, [why] if name in MUST_RUN else [], None if name in MUST_RUN else why)
        return
    c = conduct.conduct(host, "", host.limit, OUT, expected.path_of(host.expected))
    report.save(c, OUT)
    for run in c.runs:
        passed = sum(r.outcome == OK for r in run.results)
        tap.result(f"{conduct.label(host, run.boot.name)}: {passed} of {len(run.results)}", list(complaints_of(c, run)))
    for boot, why in c.unrun:
        tap.result(conduct.label(host, boot), [why])
    if c.idle:
        tap.result(f"{name}: what is known of it", [f"{e.where} speaks of no result: {e.name}" for e in c.idle])


def contract(tap, name):
    """The MSR table, which the log has whole."""
    host, said = hosts.named(name), io.StringIO()
    if why := host.usable():
        tap.result(f"{name}: the MSR contract", skip=why)
        return
    try:
        with contextlib.redirect_stdout(said):
            status = msr.examine(host, None, host.limit, OUT, lambda line: None)
        *differences, summary = said.getvalue().strip().split("\n\n")
        tap.result(summary, differences[1:] if status else [])  # the first is the table
    except CouldNotRun as why:
        tap.result(f"{name}: the MSR contract", [str(why)])


def main():
    os.makedirs(OUT, exist_ok=True)
    tap = Tap()
    for name in (*MUST_RUN, *MAY_RUN):
        test(tap, name)
    for name in CONTRACT:
        contract(tap, name)
    return tap.end()


if __name__ == "__main__":
    os.chdir(ROOT)
    leave_on_signals()
    sys.exit(main())
