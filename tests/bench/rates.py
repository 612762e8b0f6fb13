# SPDX-License-Identifier: BSD-2-Clause
# rates.py: useful work by the wall clock, only ever as a ratio of two things measured in one run.

import json
import re
import subprocess

import boot
import machine

LATENCY = 20  # ms
IN_FLIGHT = 64  # reads that one vCPU can have under way
RESIDENT = 24
SECONDS = 4  # for each phase
THREADS = (1, 4, 16, 64)
MODULE = boot.MODULE_PAGES * boot.PAGE // boot.MIB

METHOD = f"""\
One boot, one vCPU on one CPU, {RESIDENT} MiB resident, a module of {MODULE} MiB on a disk where every access takes
{LATENCY} ms (docs/storage-latency.md). Each phase starts with no page of the module in memory and lasts {SECONDS} s.
The disk alone is measured just before by qemu-img bench. Computing alone and beside 16 missers alternate, so that a
busy machine disturbs both alike. What bounds it is the price of an exit here: four for each page (nested fault,
interrupt, EOI, ACK), each about 15 us of real time, and the emulation of the device, which competes for the same
processors. What bounds the throughput of many threads is that their pages come in bursts: the guest is told of all of
them, several exits each, before the first thread runs."""


def disk_alone(m, depth):
    """Reads per second of the disk without any guest, so many at a time; None if nothing here can tell."""
    try:
        said = subprocess.run(["qemu-img", "bench", "-c", str(depth * 50), "-d", str(depth), "-s", str(boot.PAGE),
                               "json:" + json.dumps(m.block())], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        return None
    return depth * 50 / float(re.search(r"in ([\d.]+) seconds", said)[1])


def measured():
    m = machine.Machine(disk=boot.DISK, latency=LATENCY, cpus=1, guest=boot.GUEST,
                        host_args=boot.host_args(RESIDENT), guest_args=f"rates={SECONDS * 10**9}")
    v = {f"disk_{k}": disk_alone(m, k) for k in THREADS}
    v.update(boot.figures(m))
    if v["wrong_pages"]:
        raise boot.Failed(f"{v['wrong_pages']:.0f} pages came in with wrong contents")
    return v


def ratios(v):
    """(name, value, goal or None, what), in the order of the report."""
    for k in THREADS:
        ideal = min(k, IN_FLIGHT) * 1000 / LATENCY
        yield f"missed_{k}_of_ideal", v[f"missed_{k}"] / ideal, 0.95, f"{k} threads, pages/s over the ideal {ideal:.0f}"
    for k in THREADS:
        if v[f"disk_{k}"]:
            alone = v[f"missed_{k}"] / v[f"disk_{k}"]
            yield f"missed_{k}_of_disk", alone, None, f"… over the disk alone, {k} at a time"
    for k in THREADS:
        yield f"missed_{k}_of_sync", v[f"missed_{k}"] / v["missed_sync"], None, "… over one thread without APF"
    for k in THREADS:
        yield f"latency_{k}", v[f"latency_{k}"], None, "ms from submission to completion"
    for k in THREADS:
        yield f"exits_{k}", v[f"exits_{k}"], None, "VM exits for each page"
    alone = v["computed_alone"]
    yield "computed_of_alone", v["computed_beside"] / alone, 0.90, "computing beside 16 missers over alone"
    yield "computed_of_alone_sync", v["computed_beside_sync"] / alone, None, "the same without APF"
    yield "missed_beside", v["missed_beside"], None, "pages/s of those 16 missers"
    yield "missed_beside_sync", v["missed_beside_sync"], None, "the same without APF"
