# SPDX-License-Identifier: BSD-2-Clause
# checks.py: what a console that matches its patterns must hold besides: counts, and counters that agree.

import os
import re
import struct
import subprocess

import disks

RESULT = re.compile(r"search: apf (on|off): (\d+) occurrences, (\d+) matching lines")
ROW = re.compile(r"^vm0\| search: ([a-z].*?) {2,}([\d.]+)(?: +([\d.]+))?$", re.MULTILINE)
COUNTERS = re.compile(r"^vm0\| \w+: (guest|host): (\w+=.*)$", re.MULTILINE)
PATTERN = "needle"


def grep(case):
    """How often the pattern is in the module and in how many lines, as grep sees it."""
    module, env = disks.facts[case.disk]["module"], dict(os.environ, LC_ALL="C")
    out = subprocess.run(["grep", "-aoF", PATTERN, module], stdout=subprocess.PIPE, env=env, check=True).stdout
    lines = subprocess.run(["grep", "-acF", PATTERN, module], stdout=subprocess.PIPE, env=env, check=True).stdout
    return out.count(b"\n"), int(lines)


def counts_as_grep(phases):
    """Each search of the run, in these phases, found what grep finds."""
    def check(case, console):
        want = grep(case)
        found = RESULT.findall(console)
        if [phase for phase, *_ in found] != list(phases):
            yield f"searched with APF {[phase for phase, *_ in found]} instead of {list(phases)}"
        for phase, *pair in found:
            if tuple(map(int, pair)) != want:
                yield f"APF {phase}: {pair} instead of grep's {want}"
    return check


def table(console):
    """Rows of the search guest's table: name to values, one for each phase."""
    return {name: [float(v) for v in values if v] for name, *values in ROW.findall(console)}


def told_and_taken_back(case, console):
    """With APF off nobody is told; with APF on each one who was told of an absence is told of its end."""
    rows = table(console)
    told, ready = rows.get("not-present events", []), rows.get("page-ready events", [])
    if len(told) != 2 or told != ready:
        yield f"not-present events {told}, page-ready events {ready}"
    if told[0] != 0 or told[-1] == 0:
        yield f"not-present events {told}: expected none with APF off and some with APF on"


def never_told(case, console):
    told = table(console).get("not-present events", [])
    if told != [0]:
        yield f"not-present events {told} without APF"


def overlaps(factor, inflight):
    """With APF on the search is so much faster, and at some time had so many reads in flight."""
    def check(case, console):
        rows = table(console)
        time, most = rows.get("time, s", []), rows.get("reads in flight, most", [])
        if len(time) != 2 or time[0] < factor * time[1] or most[1] < inflight:
            yield f"time {time} s, reads in flight {most}: expected {factor} times faster, {inflight} in flight"
    return check


def counters(console):
    """{'guest': {…}, 'host': {…}} as pagetest and waits print them at their end."""
    return {who: {k: int(v) for k, v in (w.split("=") for w in line.split())}
            for who, line in COUNTERS.findall(console)}


SLACK = 64  # events that the guest's threads may meet between reading one side's counters and the other's


def balanced(case, console):
    """Every event that was injected ended in exactly one ready or was dropped; the guest saw what the host sent."""
    seen = counters(console)
    g, h = seen.get("guest"), seen.get("host")
    if not g or not h:
        yield "no counters were printed"
        return
    if h["not_present"] != h["ready"] + h["dropped"]:
        yield f"host: not_present={h['not_present']}, ready={h['ready']}, dropped={h['dropped']}"
    for name in ("not_present", "ready", "wake_all"):
        if not 0 <= h[name] - g[name] <= SLACK:
            yield f"{name}: the guest counted {g[name]}, the host {h[name]}"


def at_least(**least):
    """The host's counters reached these."""
    def check(case, console):
        host = counters(console).get("host", {})
        for name, n in least.items():
            if host.get(name, 0) < n:
                yield f"host: {name}={host.get(name)}, expected at least {n}"
    return check


def exactly(**exact):
    def check(case, console):
        host = counters(console).get("host", {})
        for name, n in exact.items():
            if host.get(name) != n:
                yield f"host: {name}={host.get(name)}, expected {n}"
    return check


# ---- What pagetest left in swap: each word tells which page, round and place it was written for ----

MIX, WRAP = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9), 2**64
INVERSE = [pow(m, -1, WRAP) for m in MIX]
PAGES_MIN = 200


def origin(x):
    """(page, round, word) of a word, the inverse of pagetest's content()."""
    x ^= x >> 27 ^ x >> 54
    x = x * INVERSE[1] % WRAP
    x ^= x >> 30 ^ x >> 60
    x = x * INVERSE[0] % WRAP
    return x >> 24, x >> 12 & 0xFFF, x & 0xFFF


def swap_is_whole(case, console):
    """Every page in swap is one page: no block of it belongs to another one, or to none."""
    with open(case.scratch(".img"), "rb") as f:
        f.seek(disks.TEXT_SWAP)
        swap = f.read()
    whole = 0
    for at in range(0, len(swap), disks.PAGE):
        (first,) = struct.unpack_from("<Q", swap, at)
        page = origin(first)[0]
        if not first or page * disks.PAGE >= len(swap):
            continue  # not written by pagetest
        whole += 1
        for word in range(0, disks.PAGE // 8, 64):
            (x,) = struct.unpack_from("<Q", swap, at + word * 8)
            if x and (origin(x)[0], origin(x)[2]) != (page, word):
                yield f"swap page {at // disks.PAGE}: word {word} is {origin(x)}, the first one of page {page}"
    if whole < PAGES_MIN:
        yield f"only {whole} pages of pagetest's in swap"
