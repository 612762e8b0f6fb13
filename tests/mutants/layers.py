# SPDX-License-Identifier: BSD-2-Clause
# layers.py: the layers of tests, from cheap to dear: their programs, which of them a source file is in, and one run.

import collections
import dataclasses
import functools
import glob
import os
import re
import resource
import signal
import subprocess
import time

TESTS = ("$(UNIT_TESTS)", "$(KERN_TESTS)", "$(MC_TESTS)", "build/sim/sim", "$(STRESS_TESTS)")
WORLDS = {"unit": "native", "mc": "mc"}
BRIEF = {"CMOCKA_MESSAGE_OUTPUT": "TAP", "SIM_SECONDS": "1", "SECONDS": "10", "TDP_SEED": "1"}
PATIENCE, SLOWER = 20, 8  # a program hangs after so many seconds and so many times what it takes without a mutant
PAIR_SECONDS = 300
OUTPUT_MAX = 64 << 20  # bytes that one run may print
RESULT = re.compile(r"(not )?ok (?:\d+ )?(?:- )?(.*?)(?: \(\d+ states.*| Could not run.*)?$")
ORACLE = re.compile(r"# oracle: (.*)")


@dataclasses.dataclass(frozen=True)
class Program:
    """One test program: what make builds, and the object of its own source if it is not in every file."""

    layer: str
    name: str
    target: str
    own: str | None


def programs(tree):
    """All of them, layer by layer, as the Makefile of that tree has them."""
    rule = f"programs: ; @echo {' '.join(TESTS)}"
    said = subprocess.run(["make", "-s", "--no-print-directory", f"--eval={rule}", "programs"], cwd=tree,
                          capture_output=True, text=True, check=True).stdout
    for target in said.split():
        layer, name = re.match(r"build/(\w+)/(.*)", target).groups()
        own = f"build/{WORLDS[layer]}/tests/{layer}/{name}.c.o" if layer in WORLDS else None
        yield Program(layer, name, target, own)


class Links:
    """Which programs a source file is in: by the compiler's dependencies, and by symbols for what is in a library."""

    def __init__(self, tree):
        self.tree = tree
        self.users = collections.defaultdict(set)  # source → objects
        for name in glob.glob("build/**/*.d", root_dir=tree, recursive=True):
            with open(os.path.join(tree, name), encoding="utf-8") as f:
                first = f.read().replace("\\\n", " ").splitlines()[0]
            for source in first.split(":", 1)[1].split():
                self.users[source].add(name[:-1] + "o")

    @functools.cache
    def symbols(self, path):
        said = subprocess.run(["nm", "--defined-only", "--format=posix", path], cwd=self.tree, capture_output=True,
                              text=True, check=True).stdout
        words = (line.split() for line in said.splitlines())
        return frozenset(word[0] for word in words if word[1] in "TDBR")

    def touched(self, program, sources):
        """Might a change of these sources change what the program does?"""
        objects = set().union(*(self.users[s] for s in sources))
        if not program.own or program.own in objects:
            return True
        if program.layer != "unit":
            return False
        return any(self.symbols(o) & self.symbols(program.target) for o in objects if o.startswith("build/native/host")
                   or o.startswith("build/native/common") or o.startswith("build/native/guest"))


def nearness(program, sources):
    """0: named like a changed file; 1: like the first word of one; 2: neither."""
    stems = [os.path.basename(s).rsplit(".", 1)[0] for s in sources]
    name = os.path.basename(program.name).removeprefix("t_")
    if name in stems:
        return 0
    return 1 if name.split("_")[0] in [s.split("_")[0] for s in stems] else 2


running = set()  # programs, each the leader of a group


def end(group):
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass


def give_up(number, _frame):
    """Stopped: so are the programs."""
    for group in list(running):
        end(group)
    os._exit(128 + number)


def limits():
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_MAX, OUTPUT_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def execute(command, tree, log, seconds):
    """Runs it in a session of its own. Its exit status (None: out of time) and how long it took."""
    env = dict(os.environ, **BRIEF)
    start = time.monotonic()
    with open(log, "wb") as output, subprocess.Popen(command, cwd=tree, env=env, stdin=subprocess.DEVNULL,
                                                     stdout=output, stderr=subprocess.STDOUT, preexec_fn=limits,
                                                     start_new_session=True) as process:
        running.add(process.pid)
        try:
            code = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            code = None
        end(process.pid)
        running.discard(process.pid)
    return code, time.monotonic() - start


def complaint(code, log):
    """The first test that failed; None if the program is content."""
    last = failed = oracle = None
    with open(log, encoding="utf-8", errors="replace") as f:
        for line in f:
            if result := RESULT.match(line):
                last = result[2].strip()
                failed = failed or (last if result[1] else None)
            elif found := ORACLE.match(line):
                oracle = found[1].strip()
    if code == 0 and not failed:
        return None
    if oracle or failed:
        return oracle or failed
    how = "hangs" if code is None else f"ends with {code}"
    return f"{how} after '{last}'" if last else how
