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
    argument("enforce", SMALL + " enforce=no", "enforce=no: expected one of off on"),
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
    *[Case(f"disk-none-{kind}", disk="", module="", disk_kind=kind, status=(MACHINE,),
           say=(HOST + "the machine has no NVMe disk, and no disk on",)) for kind in ("nvme", "ide")],
    Case("disk-unreadable-ide", disk_kind="ide", graph=disks.failing("read"), status=(STORE_ERROR,),
         say=(HOST + "partition swap: the disk cannot be read",)),
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
         say=(HOST + "no guests can run here: this CPU has neither SVM nor VMX",)),
    Case("cpu-without-npt", cpu="max,-npt", status=(MACHINE,),
         say=(HOST + "no guests can run here: this CPU has SVM without nested paging",)),
    Case("machine-without-memory", memory=16, host="mem=16M resident=16M", status=(MACHINE,), say=(HOST + "memory",)),
]

STORES = [
    *[Case(f"store-read-error-{apf}", guest="search", args=SEARCH, host=f"{SMALL} apf={apf}",
           graph=disks.failing("read", sector=disks.lba(PAGE)), status=(STORE_ERROR,),
           say=(HOST + f"read of {ADDRESS} failed: {BLOCK}",)) for apf in ("int", "none")],
    Case("store-read-error-ide", guest="search", args=SEARCH, host=SMALL, disk_kind="ide", status=(STORE_ERROR,),
         graph=disks.failing("read", sector=disks.lba(PAGE)),  # the status: bus master's interrupt; DRDY and ERR; ABRT
         say=(HOST + f"read of {ADDRESS} failed: {BLOCK}, status 0x44104$",)),
    Case("store-silent-ide", guest="search", args=SEARCH, host=f"{SMALL} iotimeout=1s iogiveup=3s", disk_kind="ide",
         graph=disks.late_page(PAGE, 3600), status=(STORE_TIMEOUT,),
         say=(HOST + "no answer for 1 s to a read of gpa .*: paused", HOST + "store 'data' did not answer for 3 s")),
    Case("store-write-error-ide", guest="pagetest", args="mem=6M threads=8", host=SMALL, graph=disks.failing("write"),
         disk_kind="ide", status=(STORE_ERROR,), limit=100,
         say=(HOST + r"write to swap of gpa 0x[0-9a-f]+ failed: store 'swap'",)),
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

SAVE = SMALL + " apf=int save=save"
RESTORE = "resident=4M restore=save"


def not_restored(name, between, message, then=RESTORE, status=CONFIG, **more):
    """A VM is saved, something happens to it, and it is refused."""
    return Case("restore-" + name, guest="saves", args="mode=stop", disk="numbered save", host=SAVE, between=between,
                then=then, status=(status,), say=(r"exit status 7\b", HOST + message), never=("restored from",), **more)


SAVES = [
    argument("save-partition", SMALL + " save=lost", "partition lost: no partition of this name"),
    argument("save-empty", SMALL + " save=", "save=: expected the name of a partition"),
    argument("save-to-swap", SMALL + " save=swap", "partition swap: in use, no VM can be saved to it"),
    argument("save-to-module", SMALL + " save=data", "partition data: in use, no VM can be saved to it"),
    argument("restore-partition", "restore=lost", "partition lost: no partition of this name", guest="", module=""),
    argument("restore-with-image", "restore=swap", "restore=swap: there is no place for a guest image beside it",
             module=""),
    *(argument(f"restore-with-{word.split('=')[0]}", word + " restore=save", "restore=save: mem=, vcpus=, apf=, "
               "hook=, pv= and enforce= are those of the saved VM", guest="", module="")
      for word in ("mem=16M", "hook=off", "pv=0", "enforce=on")),
    argument("restore-with-module", "restore=save", "restore=save: the modules are those of the saved VM", guest=""),
    argument("restore-never-saved", "restore=save", "partition save: no VM was saved to it, or not completely",
             guest="", module="", disk="numbered save"),

    # The guest goes on when it is not saved.
    *[Case(f"save-{name}", guest="saves", args=f"mode=stop expect={error} threads=64", disk=disk, host=host,
           graph=graph, say=(": 0 wrong$", *say))
      for name, error, disk, host, graph, say in (
          ("nowhere", -95, "numbered save", SMALL, None, ()),
          ("partition-too-small", -28, "numbered small save", SAVE, None, (HOST + "not saved: the partition is too",)),
          ("write-error", -5, "numbered save", "mem=16M resident=40M apf=int save=save", disks.failing("write"),
           (HOST + "save: write of store 'save', block 116736, failed", HOST + "not saved: the store failed")))],
    Case("save-killed", guest="saves", args="mode=stop", disk="numbered save", then=RESTORE, first=(STORE_TIMEOUT,),
         host="mem=16M resident=40M apf=int save=save iotimeout=1s iogiveup=2s", graph=disks.late_writes(3600),
         status=(CONFIG,), say=(HOST + "no answer for 1 s to a write .*store 'save'",
                              HOST + "partition save: no VM was")),

    not_restored("version", disks.saved_header(version=99), "partition save: the VM was saved by another version"),
    not_restored("other-magic", disks.saved_header(magic=1), "partition save: no VM was saved to it"),
    not_restored("header-damaged", disks.saved_header(honest=False, tsc_khz=1), "partition save: .* is damaged"),
    not_restored("truncated", disks.saved_header(end=1 << 20), "partition save: truncated"),
    not_restored("no-vcpus", disks.saved_header(vcpus=0), "partition save: .* is damaged"),
    not_restored("other-clock", disks.saved_header(tsc_khz=1), "partition save: .*another frequency"),
    not_restored("state-damaged", disks.saved_run_damaged(104), "partition save: .* is damaged"),
    not_restored("index-damaged", disks.saved_run_damaged(144), "partition save: .* is damaged"),
    not_restored("without-memory", None, "resident=2048 MiB: the machine has not", "resident=2G restore=save", MACHINE),
]

CASES = IMAGES + ARGUMENTS + DISKS + MACHINES + STORES + SAVES
