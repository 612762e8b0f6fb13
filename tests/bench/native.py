# SPDX-License-Identifier: BSD-2-Clause
# native.py: the portable core on this machine: ratios by the clock, and instructions of a fault by callgrind.

import os
import re
import shutil
import subprocess

FIGURE = re.compile(r"native: (\w+) = (\S+)")
COLLECTED = re.compile(r"Collected : (\d+)")
FEW, MANY = 40, 120  # faults of two runs, whose difference is counted
LIMIT = 300  # seconds for one program

# name: (goal or None, is more better, digits, what)
ROWS = {
    "faults": (10, True, 1, "faults on one thread, million/s, tables there"),
    "faults_two": (1.9, True, 2, "two threads, disjoint ranges, over one"),
    "faults_aged": (0.95, True, 2, "one thread beside an ager over alone"),
    "age_cold": (0.8, True, 2, "plain read of 1 GiB of entries over aging them"),
    "age_young": (None, True, 2, "… all of them young, and cleared"),
    "zap_leaves": (0.5, True, 2, "plain stores to 1 GiB of entries over their zap"),
    "zap_locked": (None, True, 2, "exchanges of the same entries over their zap"),
    "zap_all": (None, True, 2, "plain stores over the zap, with the tables freed"),
    "protect_ns": (None, False, 1, "write-protect, ns for each leaf of 1 GiB"),
    "split_ns": (None, False, 0, "split of 2 MiB, ns"),
    "collapse_ns": (None, False, 0, "collapse of 2 MiB, ns"),
    "tables_4k": (None, False, 0, "bytes of tables that map 1 GiB by 4 KiB"),
    "tables_2m": (None, False, 0, "… by 2 MiB"),
    "malloc_ns": (None, False, 1, "guest's malloc: block for block on one thread, ns"),
    "malloc_eight": (0.8, True, 2, "… eight threads: one's time over that of each"),
    "malloc_traded": (None, True, 2, "… each frees what all allocated"),
    "fault_resident": (300, False, 0, "core's instructions, fault on a resident page"),
    "fault_absent": (900, False, 0, "… absent page, APF post and start of the read"),
}

METHOD = """\
Native, -O2 and link-time optimised, AMD's format; each thread's own CPU time, median of 15. Where the machine is busy,
two threads off_path run at once: what compares them counts only when both had a CPU for 0.9 of the time. Instructions
are callgrind's, inside fault_handle() and what it calls: fake disk and hardware included, no world switch is."""


def timed():
    said = "".join(subprocess.run([f"build/bench/{program}"], capture_output=True, text=True, check=True,
                                  timeout=LIMIT).stdout for program in ("native", "native_malloc"))
    values = {name: float(value) for name, value in FIGURE.findall(said)}
    values["faults"] /= 1e6
    return values


def collected(kind, count):
    said = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}",
                           "--toggle-collect=fault_handle", "build/bench/native_fault", kind, str(count)],
                          capture_output=True, text=True, check=True, timeout=LIMIT).stderr
    return int(COLLECTED.search(said)[1])


def part(report):
    report.title(f"D. The portable core on this machine (load {os.getloadavg()[0]:.1f})", "here", "goal")
    values = timed()
    if shutil.which("valgrind"):
        for kind in ("resident", "absent"):
            values[f"fault_{kind}"] = (collected(kind, MANY) - collected(kind, FEW)) / (MANY - FEW)
    for name, (goal, more, digits, what) in ROWS.items():
        if name in values:
            report.row(name, what, values[name], digits, goal, more_is_better=more)
        else:
            why = "no callgrind here" if name.startswith("fault_") else "two CPUs were never free at once"
            print(f"  {name:<24}{what:<50} SKIP: {why}")
    print(f"\n{METHOD}")
