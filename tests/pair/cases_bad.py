# SPDX-License-Identifier: BSD-2-Clause
# cases_bad.py: bad input and bad stores: a clear message and a status of its own for each.

import broken
import checks
import disks
from case import CONFIG, MACHINE, STORE_ERROR, STORE_TIMEOUT, Case

HOST = r"^host\| .*"
SMALL = "mem=16M resident=4M"
SEARCH = "pattern=needle threads=16 apf=on"
PAGE = 300  # of the module, whose reading fails or hangs
ADDRESS = f"gpa 0x{(4 << 30) + PAGE * disks.PAGE:x}"
BLOCK = f"store 'data', block {disks.lba(PAGE)}\\b"

SWAPPED = 5 << 20  # an address in the middle of pagetest's memory
SWAPPED_BLOCK = (disks.TEXT_SWAP + SWAPPED) // 512


def image(way, message):
    return Case("image-" + way.__name__.replace("_", "-"), guest=broken.path_of(way), status=(CONFIG,),
                say=(HOST + message,))


def argument(name, host, message, status=CONFIG, **more):
    return Case("argument-" + name, host=host, status=(status,), say=(HOST + message,), **more)


IMAGES = [
    image(broken.not_elf, "guest image: not a 64-bit x86-64 ELF"),
    image(broken.thirty_two_bits, "guest image: not a 64-bit x86-64 ELF"),
    image(broken.truncated, "guest image: truncated"),
    image(broken.header_only, "guest image: truncated"),
    image(broken.no_note, "guest image: no PVH entry note"),
    image(broken.entry_outside, "guest image: .*outside the guest's memory"),
    image(broken.loads_above, "guest image: .*outside the guest's memory"),
    image(broken.loads_below, "guest image: .*below 0x6000"),
    image(broken.wraps, "guest image: .*outside the guest's memory"),
    image(broken.file_larger, "guest image: .*larger in the file than in memory"),
    image(broken.nothing_to_load, "guest image: no segments to load"),
    Case("image-none", guest="", status=(CONFIG,), say=(HOST + "no guest: ",)),
    Case("image-larger-than-memory", host="mem=8M resident=4M", guest=broken.path_of(broken.loads_above),
         status=(CONFIG,), say=(HOST + "guest image: .*outside the guest's memory",)),
]

ARGUMENTS = [
    argument("unknown", SMALL + " colour=red", "colour=red: unknown argument"),
    argument("no-value", SMALL + " vcpus", "vcpus: expected key=value"),
    argument("not-a-size", "mem=lots", "mem=lots: expected a size"),
    argument("vcpus-0", SMALL + " vcpus=0", "vcpus=0: must be from 1 to 8"),
    argument("vcpus-9", SMALL + " vcpus=9", "vcpus=9: must be from 1 to 8"),
    argument("apf", SMALL + " apf=yes", "apf=yes: expected one of none legacy pf2 int dual"),
    argument("nx", SMALL + " nx=perhaps", "nx=perhaps: expected one of auto force off never"),
    argument("pv", SMALL + " pv=all", "pv=all: expected a number"),
    argument("pv-too-large", SMALL + " pv=0x100000000", "pv=0x100000000: must be from 0 to 4294967295"),
    argument("enforce", SMALL + " enforce=no", "enforce=no: expected one of on off"),
    argument("nxratio", SMALL + " nxratio=4G", "nxratio=4G: expected a number"),
    argument("nxratio-too-large", SMALL + " nxratio=4294967296", "nxratio=4294967296: must be from 0 to 4294967295"),
    argument("nxperiod", SMALL + " nxperiod=20", "nxperiod=20: expected a duration"),
    argument("nxperiod-too-long", SMALL + " nxperiod=86401s", "nxperiod=86401s: must be from 0ns to 86400s"),
    argument("iotimeout", SMALL + " iotimeout=5", "iotimeout=5: expected a duration"),
    argument("mem-too-small", "mem=1M", "mem=1M: must be from 8M"),
    argument("resident-too-small", "mem=16M resident=512K", "resident=512K: must be from 1M"),
    argument("resident-too-large", "mem=16M resident=2G", "resident=2048 MiB: the machine has not that much",
             MACHINE),
    argument("partition", SMALL, "partition lost: no partition of this name", module="lost"),
    argument("module-without-name", SMALL, "module=:4096: expected PARTITION", module=":4096"),
    argument("module-size", SMALL, "module=data:many: 'many' is not a size", module="data:many"),
    argument("module-longer-than-partition", SMALL, r"partition data: \d+ bytes wanted, it has \d+", module="data:1G"),
]

DISKS = [
    Case("disk-none", disk="", module="", status=(MACHINE,), say=(HOST + "no NVMe disk",)),
    Case("disk-without-table", disk="no table", status=(CONFIG,), say=(HOST + "no GUID partition table",)),
    Case("disk-without-data", disk="no data", status=(CONFIG,), say=(HOST + "partition data: no partition",)),
    Case("disk-without-swap", disk="no swap", status=(CONFIG,), say=(HOST + "partition swap: no partition",)),
    Case("disk-with-small-swap", disk="small swap", status=(CONFIG,),
         say=(HOST + "partition swap: 8 MiB, but .* need 20",)),
    Case("disk-with-huge-module", disk="2 TiB", module="data", status=(CONFIG,),
         say=(HOST + r"module data: \d+ bytes do not fit into the guest's address space",)),
    Case("disk-unreadable", graph=disks.failing("read"), status=(STORE_ERROR,),
         say=(HOST + "partition swap: the disk cannot be read",)),
]

MACHINES = [
    Case("cpu-without-svm", cpu="max,-svm", status=(MACHINE,),
         say=(HOST + "no guests can run here: this CPU has no SVM",)),
    Case("cpu-without-npt", cpu="max,-npt", status=(MACHINE,),
         say=(HOST + "no guests can run here: this CPU has SVM without nested paging",)),
    Case("machine-without-memory", memory=16, host="mem=16M resident=16M", status=(MACHINE,), say=(HOST + "memory",)),
]

STORES = [
    *[Case(f"store-read-error-{apf}", guest="search", args=SEARCH, host=f"{SMALL} apf={apf}",
           graph=disks.failing("read", sector=disks.lba(PAGE)), status=(STORE_ERROR,),
           say=(HOST + f"read of {ADDRESS} failed: {BLOCK}",)) for apf in ("int", "none")],
    Case("store-write-error", guest="pagetest", args="mem=6M threads=8", host=SMALL, graph=disks.failing("write"),
         status=(STORE_ERROR,), say=(HOST + r"write to swap of gpa 0x[0-9a-f]+ failed: store 'swap', block \d+",)),
    Case("store-swap-read-error", guest="pagetest", args="mem=6M threads=8", host=SMALL,
         graph=disks.failing("read", sector=SWAPPED_BLOCK), status=(STORE_ERROR,), checks=(checks.swap_is_whole,),
         say=(HOST + f"read of gpa 0x{SWAPPED:x} failed: store 'swap', block {SWAPPED_BLOCK}",)),
    *[Case(f"store-silent-{apf}", guest="search", args=SEARCH, host=f"{SMALL} apf={apf} iotimeout=1s iogiveup=3s",
           graph=disks.late_page(PAGE, 3600), status=(STORE_TIMEOUT,),
           say=(HOST + f"no answer for 1 s to a read of {ADDRESS} .{BLOCK}.: paused.* stops after 3 s",
                HOST + "store 'data' did not answer for 3 s")) for apf in ("int", "none")],
    Case("store-silent-to-writes", guest="pagetest", args="mem=6M threads=8", host=SMALL + " iotimeout=1s iogiveup=2s",
         graph=disks.late_writes(3600), status=(STORE_TIMEOUT,),
         say=(HOST + r"no answer for 1 s to a write of gpa 0x[0-9a-f]+ \(store 'swap'",
              HOST + "store 'swap' did not answer")),
    Case("store-answers-again", guest="search", args=SEARCH, host=SMALL + " iotimeout=1s iogiveup=20s",
         graph=disks.late_page(PAGE, 3, disks.late_but_right),
         say=(HOST + f"no answer for 1 s to a read of {ADDRESS}", HOST + "the store answers again: resumed")),
]

CASES = IMAGES + ARGUMENTS + DISKS + MACHINES + STORES
