# SPDX-License-Identifier: BSD-2-Clause
# replay.py: hits of the pager's choice of victims, over those of oracles on the same trace (tests/bench/aging.c).

import subprocess

PROGRAM = "build/bench/aging"
GOAL = 0.95

METHOD = """\
A guest of 4096 pages replays traces of 300,000 accesses on the real core and 1024 frames, of which the pager keeps 64
free. It sets accessed bits where its TLB of 64 entries, flushed when the host says so, has no translation. The oracles
see every access and use all frames. zipf: popularity by rank, 0.9. scan: a hot set of half the frames, and as many
accesses that pass over everything. drift: a working set of 5/4 of the frames that moves on."""


def ratios():
    """(name, value, goal or None, what), in the order of the report."""
    said = subprocess.run([PROGRAM], capture_output=True, text=True, check=True).stdout.splitlines()
    for line in said[1:]:
        trace, *figures = line.split()
        of_lru, cold, hits, lru, opt, fifo, random = (float(f) for f in figures)
        others = f"hits {hits:.2f}, LRU {lru:.2f}, OPT {opt:.2f}, FIFO {fifo:.2f}, any {random:.2f}"
        yield f"hits_{trace}_of_lru", of_lru, GOAL, others
        yield f"cold_{trace}", cold, GOAL, "… evictions that took a page of the colder half"
