# SPDX-License-Identifier: BSD-2-Clause
# cases_bochs.py: cases of the other tables once more on Bochs: `NAME@vmx` on its fullest CPU with VMX, `NAME@ryzen` on
# one with SVM. Bochs runs some 50 million instructions a second, so that what is long there is smaller here.

import dataclasses

import cases_bad
import cases_faults
import cases_good
import cases_hostile
import cases_memory
import cases_posix
import checks

LIMIT = 90  # seconds
TABLES = (cases_good, cases_bad, cases_faults, cases_hostile, cases_memory, cases_posix)
BY_NAME = {case.name: case for table in TABLES for case in table.CASES}

# What is other than in the case of that name on QEMU.
VMX = {
    "hello": {},
    "search-int": {},
    "pages-int": {"args": "mem=2M threads=4 rounds=2 crc={crc}", "host": "mem=12M resident=2M apf=int",
                  "checks": (checks.balanced, checks.at_least(evictions=300, writes=300, not_present=50))},
    "waits-int-2-vcpus": {"args": "waits=500 threads=4", "checks": (checks.balanced, checks.at_least(not_present=500))},
    "waits-storm-evict-int": {"args": "waits=300 threads=8 storm=evict"},
    "waits-storm-toggle-int": {"args": "waits=300 threads=8 storm=toggle"},
    "waits-storm-miss-int": {"args": "waits=300 threads=8 storm=miss"},
    "waits-storm-move-int": {},
    "precopy-calm-bits": {},
    "precopy-busy-protect": {},
    "save-int": {},
    "save-restore-int": {},
    "hammer-2-vcpus": {"args": "pages=48 moves=2000 threads=3"},
    "huge-2-vcpus": {},
    "nx-force": {},
    # Tigerlake does not say that it is safe from the iTLB's stop.
    "nx-auto": {"args": "blocks=4 rounds=3", "host": "mem=26M resident=30M nxratio=1 nxperiod=20ms"},
    "hostile-registers": {},
    "hostile-triple-fault": {},
    "hostile-step-enable-legacy": {},
    "hostile-init-others": {},
    "hostile-nmi-flood": {},
    "faults-null-write": {},
}
RYZEN = {
    "hello": {},
    "search-int": {},
    "pages-int": VMX["pages-int"],
    "waits-int-2-vcpus": VMX["waits-int-2-vcpus"],
    "hostile-registers": {},
}


def on(hw, table):
    return [dataclasses.replace(BY_NAME[name], name=f"{name}@{hw}", hw=hw, limit=LIMIT, **change)
            for name, change in table.items()]


CASES = on("vmx", VMX) + on("ryzen", RYZEN)
