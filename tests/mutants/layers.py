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
CONF = ("build/host.elf", "build/guest-conf.elf")
WORLDS = {"unit": "native", "mc": "mc"}
BRIEF = {"CMOCKA_MESSAGE_OUTPUT": "TAP", "SIM_SEEDS": "600", "SECONDS": "10"}
PATIENCE, SLOWER = 20, 8  # a program hangs after so many seconds and so many times what it takes without a mutant
OUTPUT_MAX = 256 << 20  # bytes that one run may print, and of a disk that it makes
RESULT = re.compile(r"(not )?ok (?:\d+ )?(?:- )?(.*?)(?: \(\d+ states.*| Could not run.*)?$")
ORACLE = re.compile(r"# oracle: (.*)")


@dataclasses.dataclass(frozen=True)
class Program:
    """One test program, one case of the paired boots, or the conformance image on one personality of the host."""

    layer: str
    name: str
    targets: tuple[str, ...]  # what make builds for it
    command: tuple[str, ...]
    own: str | None = None  # the object of its own source, if not every file is in it
    results: str | None = None  # the file that has its results, if its output does not: with them it is content


def expand(tree, variables):
    """What the Makefile of that tree makes of them."""
    rule = f"words: ; @echo {' '.join(variables)}"
    said = subprocess.run(["make", "-s", "--no-print-directory", f"--eval={rule}", "words"], cwd=tree,
                          capture_output=True, text=True, check=True).stdout
    return tuple(said.split())


def programs(tree, cases, personalities):
    """All of them, layer by layer, with these cases and personalities."""
    for target in expand(tree, TESTS):
        layer, name = re.match(r"build/(\w+)/(.*)", target).groups()
        own = f"build/{WORLDS[layer]}/tests/{layer}/{name}.c.o" if layer in WORLDS else None
        yield Program(layer, name, (target,), (target,), own)
    for case in cases:
        yield Program("pair", case, expand(tree, ("$(BOOTABLE)",)), ("tests/pair/run", case))
    for name in personalities:
        yield Program("conf", name, CONF, ("tests/conf/run", f"ours-{name}"), results=f"build/conf/ours-{name}.ktap")


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
        native = tuple(f"build/native/{part}" for part in ("host", "common", "guest"))
        return any(self.symbols(o) & self.symbols(program.targets[0]) for o in objects if o.startswith(native))


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


def execute(program, tree, log, seconds):
    """
    Runs it in a session of its own. Its exit status (None: out of time) and how long it took. What it has in a file of
    results stands behind its output in the log.
    """
    results = program.results and os.path.join(tree, program.results)
    if results and os.path.exists(results):
        os.unlink(results)
    command = [os.path.join(tree, program.command[0]), *program.command[1:]]
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
        if results and code in (0, 1) and os.path.exists(results):
            code = 0
            with open(results, "rb") as f:
                output.write(f.read())
    return code, time.monotonic() - start


def complaint(code, log):
    """The first test that failed, and how many others; None if the program is content."""
    last = failed = oracle = None
    others = 0
    with open(log, encoding="utf-8", errors="replace") as f:
        for line in f:
            if result := RESULT.match(line):
                last = result[2].strip()
                others += bool(result[1] and failed)
                failed = failed or (last if result[1] else None)
            elif found := ORACLE.match(line):
                oracle = found[1].strip()
    if code == 0 and not failed:
        return None
    if oracle or failed:
        return oracle or failed + (f" (and {others} more)" if others else "")
    how = "hangs" if code is None else f"ends with {code}"
    return f"{how} after '{last}'" if last else how
