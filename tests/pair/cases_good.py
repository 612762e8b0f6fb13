# SPDX-License-Identifier: BSD-2-Clause
# cases_good.py: runs in which all is well: dialects, loaders, numbers of CPUs, memory under pressure, other hosts.

import checks
from case import Case

HELLO = r"^vm0\| hello: booted by PVH, \d+ MiB of memory, {} vCPUs?, asynchronous page faults: {}$"
SEARCH = "pattern=needle threads=16 apf=both"
PAGES = "mem=6M threads=8 rounds=3 crc={crc}"
ROUND = "mem=6M threads=8 rounds=1 crc={crc}"  # for disks that do one thing at a time
DIALECTS = {"legacy": "legacy", "pf2": "pf2", "int": "int", "dual": "int"}  # personality: what the guest speaks then


def told_by(apf):
    return rf"asynchronous page faults: {DIALECTS[apf]}$"


CASES = [
    Case("hello", status=(7,), args="status=7", say=(HELLO.format(2, "int"), r"exit status 7 \(the guest's own\)$")),
    Case("hello-highest-status", status=(0x5F,), args="status=95"),
    Case("hello-status-of-the-host", status=(0x5F,), args="status=97",
         say=(r"host\| vm0: guest ended with status 97",)),
    Case("hello-no-module", module="", say=(HELLO.format(2, "int"),), never=("module 0",)),
    Case("hello-grub", boot="grub", status=(7,), args="status=7",
         say=(HELLO.format(2, "int"), "module 0: {bytes} bytes")),

    *[Case(f"hello-{v}-vcpus-{c}-cpus", host=f"mem=16M resident=4M vcpus={v}", cpus=c, say=(HELLO.format(v, "int"),))
      for v, c in ((1, 1), (2, 1), (4, 1), (8, 1), (1, 2), (4, 2), (8, 2), (2, 4))],

    Case("search-none", guest="search", args=SEARCH, host="mem=16M resident=4M apf=none",
         say=("asynchronous page faults: none$",), checks=(checks.counts_as_grep(["off"]), checks.never_told)),
    *[Case(f"search-{apf}", guest="search", args=SEARCH, host=f"mem=16M resident=4M apf={apf}", say=(told_by(apf),),
           checks=(checks.counts_as_grep(["off", "on"]), checks.told_and_taken_back)) for apf in DIALECTS],
    *[Case(f"search-{v}-vcpus-{c}-cpus", guest="search", args=SEARCH, host=f"mem=16M resident=4M apf=int vcpus={v}",
           cpus=c, checks=(checks.counts_as_grep(["off", "on"]), checks.told_and_taken_back))
      for v, c in ((1, 1), (2, 1), (4, 2))],
    *[Case(f"hello-{kind}-grub", boot="grub", disk_kind=kind, say=("module 0: {bytes} bytes",))  # beside the CD drive
      for kind in ("ide", "ide-far")],
    Case("search-ide", guest="search", args=SEARCH, host="mem=16M resident=4M apf=int", disk_kind="ide",
         say=(r"host\| ata: \d+ blocks",), checks=(checks.counts_as_grep(["off", "on"]), checks.told_and_taken_back)),
    Case("search-ide-slow", guest="search", args=SEARCH, host="mem=16M resident=4M apf=int", disk_kind="ide", latency=2,
         checks=(checks.counts_as_grep(["off", "on"]), checks.told_and_taken_back, checks.overlaps(0, 8))),
    Case("pages-ide", guest="pagetest", args=ROUND, host="mem=16M resident=4M apf=int", disk_kind="ide", limit=100,
         say=(": 0 wrong$",), checks=(checks.balanced, checks.at_least(evictions=1000, writes=1000, not_present=100))),
    *[Case(f"search-xapic-{apf}-{c}-cpus", guest="search", args=SEARCH + " apic=xapic", cpus=c,
           host=f"mem=16M resident=4M apf={apf}", say=(told_by(apf),),
            checks=(checks.counts_as_grep(["off", "on"]), checks.told_and_taken_back))
      for apf, c in (("int", 1), ("int", 2), ("pf2", 2), ("legacy", 2))],
    Case("search-slow-disk", guest="search", args=SEARCH, host="mem=16M resident=4M apf=int vcpus=1", latency=5,
         checks=(checks.counts_as_grep(["off", "on"]), checks.told_and_taken_back, checks.overlaps(4, 12))),
    Case("search-grub", guest="search", args=SEARCH, host="mem=16M resident=4M apf=int", boot="grub",
         checks=(checks.counts_as_grep(["off", "on"]), checks.told_and_taken_back)),

    Case("make-run", boot="run", disk="", say=("matches grep: yes$",), limit=300),

    *[Case(f"pages-{apf}", guest="pagetest", args=PAGES, host=f"mem=16M resident=4M apf={apf}",
           say=(": 0 wrong$",), checks=(checks.balanced, checks.at_least(evictions=1000, writes=1000, not_present=100)))
      for apf in DIALECTS],
    Case("pages-none", guest="pagetest", args=PAGES, host="mem=16M resident=4M apf=none", say=(": 0 wrong$",),
         checks=(checks.balanced, checks.exactly(not_present=0), checks.at_least(evictions=1000, writes=1000))),
    Case("pages-apf-off", guest="pagetest", args=PAGES + " apf=off", host="mem=16M resident=4M apf=int",
         say=(": 0 wrong$",), checks=(checks.at_least(evictions=1000, writes=1000),)),
    *[Case(f"pages-{v}-vcpus-{c}-cpus", guest="pagetest", args=PAGES, host=f"mem=16M resident=4M apf=int vcpus={v}",
           cpus=c, say=(": 0 wrong$",), checks=(checks.balanced, checks.at_least(evictions=1000, writes=1000)))
      for v, c in ((1, 1), (4, 1), (4, 2), (8, 2))],
    Case("pages-least-resident", guest="pagetest", args=PAGES, host="mem=16M resident=1M apf=int vcpus=8",
         say=(": 0 wrong$",), checks=(checks.balanced, checks.at_least(evictions=3000, writes=1000))),
    Case("pages-all-resident", guest="pagetest", args=PAGES, host="mem=16M resident=20M apf=int",
         say=(": 0 wrong$",), checks=(checks.balanced, checks.exactly(writes=0, evictions=0))),

    Case("waits-none", guest="waits", args="waits=5000 threads=4", host="mem=16M resident=4M apf=none", disk="numbered",
         say=(": 0 wrong$",), checks=(checks.exactly(not_present=0),)),
    *[Case(f"waits-{apf}-{v}-vcpus", guest="waits", args=f"waits=5000 threads={2 * v}", disk="numbered",
           host=f"mem=16M resident=4M apf={apf} vcpus={v}", say=(": 0 wrong$",),
           checks=(checks.balanced, checks.at_least(not_present=5000))) for apf in DIALECTS for v in (1, 2, 4)],

    *[Case(f"waits-storm-{storm}-{apf}", guest="waits", args=f"waits=2000 threads=8 storm={storm}", disk="numbered",
           host=f"mem=16M resident=4M apf={apf}", say=(": 0 wrong$",), checks=(checks.balanced, *more))
      for apf in DIALECTS for storm, more in (("toggle", (checks.at_least(dropped=1),)), ("evict", ()))],

    *[Case(f"waits-storm-miss-{apf}", guest="waits", args="waits=2000 threads=8 storm=miss", disk="numbered",
           host=f"mem=16M resident=4M apf={apf} hook=on", say=(r"waits: [1-9]\d* pages went missing$", ": 0 wrong$"),
           checks=(checks.balanced,)) for apf in DIALECTS],

    *[Case(f"waits-storm-move-{apf}", guest="waits", args=f"waits={n} threads=8 storm=move", disk="numbered",
           host=f"mem=16M resident=4M apf={apf}", say=(r"waits: moved [1-9]\d* times$", ": 0 wrong$"))
      for apf, n in (("none", 20000), ("int", 2000))],
    *[Case(f"precopy-{name}-{mode}", guest="precopy", args=f"mode={mode} {args}", host=f"mem=16M resident={resident} "
           "apf=int", say=("mismatches=0$",), checks=(checks.at_least(copies=3, **least),))
      for mode in ("protect", "bits")
      for name, args, resident, least in (("busy", "", "12M", {"running": 12000}),
                                          ("one-round", "rounds=1", "12M", {"rounds": 3, "paused": 10}),
                                          ("calm", "rest=5", "12M", {"running": 12000}),
                                          ("evicted", "mem=6", "4M", {"running": 12000, "evictions": 500}))],

    *[Case(f"save-{apf}", guest="saves", args="threads=32", disk="numbered save", latency=10,
           host=f"mem=16M resident=4M apf={apf} save=save", say=(r"restored from partition save", ": 0 wrong$"))
      for apf in ("legacy", "pf2", "int", "dual", "none")],
    *[Case(f"save-restore-{apf}", guest="saves", args="threads=32 mode=stop", disk="numbered save", latency=10,
           host=f"mem=16M resident=4M apf={apf} save=save", then="resident=4M restore=save",
           say=(r"restored from partition save", ": 0 wrong$")) for apf in ("legacy", "pf2", "int", "dual", "none")],
    Case("save-restore-xapic", guest="saves", args="threads=32 mode=stop apic=xapic", disk="numbered save", latency=10,
         host="mem=16M resident=4M apf=int save=save", then="resident=4M restore=save",
         say=(r"restored from partition save", ": 0 wrong$")),
    Case("save-ten-times", guest="saves", args="threads=32 times=10", disk="numbered save", latency=10,
         host="mem=16M resident=4M apf=int save=save", say=("saves: 10 saves, .*: 0 wrong$",)),
    # On one CPU: four vCPUs on two have the host restore FPU registers often, which QEMU does not survive each time
    # (docs/emulators.md).
    Case("save-leaves-no-memory-behind", guest="saves", args="threads=8 times=15", disk="numbered save", memory=64,
         cpus=1, host="mem=16M resident=8M vcpus=4 save=save", say=("saves: 15 saves, .*: 0 wrong$",)),
    Case("save-keep", guest="saves", args="threads=16 times=3 mode=keep expect=0", disk="numbered save", latency=5,
         host="mem=16M resident=4M vcpus=4 save=save", cpus=1, never=("restored from",), say=(": 0 wrong$",)),

    Case("alone-pvh", boot="pvh", args="status=7", status=(7,), say=("booted by PVH", "page faults: none$")),
    Case("alone-multiboot", boot="multiboot", args="status=7", status=(7,),
         say=("booted by multiboot", "page faults: none$")),
    Case("alone-kvm", hw="kvm", boot="pvh", args="status=7", status=(7,), say=("hello: booted by",)),
    Case("alone-search-pvh", guest="search", args=SEARCH, boot="pvh", checks=(checks.counts_as_grep(["off"]),)),
    Case("alone-search-multiboot", guest="search", args=SEARCH, boot="multiboot", cpus=4,
         checks=(checks.counts_as_grep(["off"]),)),
    *[Case(f"hammer-{v}-vcpus", guest="hammer", args="pages=48 moves=20000 threads=3",
           host=f"mem=16M resident=12M vcpus={v}", say=(": 0 wrong$",)) for v in (2, 4)],
    *[Case(f"huge-{v}-vcpus", guest="huge", args="blocks=4 rounds=3", host=f"mem=26M resident=30M vcpus={v}",
           say=("rounds: 0 wrong$",), never=("WRONG",)) for v in (1, 2)],
    *[Case(f"nx-{name}", guest="nx", args=f"blocks=4 rounds=3 {args}", host=f"mem=26M resident=30M {host}",
           say=("rounds: 0 wrong$",), never=("WRONG",))
      for name, host, args in (("force-1-vcpu", "nx=force nxratio=1 nxperiod=20ms vcpus=1", ""),
                               ("force", "nx=force nxratio=1 nxperiod=20ms", ""),
                               ("force-in-thirds", "nx=force nxratio=3 nxperiod=20ms", ""),
                               ("switch", "nx=off", "switch=on"), ("off", "nx=off", "expect=whole"),
                               ("auto", "", "expect=whole"), ("never", "nx=never", "expect=whole switch=refused"))],
    Case("alone-waits", guest="waits", args="waits=5000", boot="pvh", disk="numbered", say=(": 0 wrong$",)),
    Case("alone-pages", guest="pagetest", args=PAGES, boot="pvh", say=(": 0 wrong$",)),
]
