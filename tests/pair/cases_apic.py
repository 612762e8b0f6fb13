# SPDX-License-Identifier: BSD-2-Clause
# cases_apic.py: the local APIC in all its forms under load, and its page moved about meanwhile.

from case import Case

RIGHT = r": 0 wrong, 0 lost, 0 twice$"
STORM = "mem=16M resident=8M vcpus=2"

CASES = [
    Case("apicstorm-x2apic", guest="apicstorm", args="rounds=2000", say=("x2APIC, 2 CPUs:.*" + RIGHT,)),
    Case("apicstorm-xapic", guest="apicstorm", args="apic=xapic rounds=2000", say=("xAPIC, 2 CPUs:.*" + RIGHT,)),
    Case("apicstorm-x2apic-vmx", hw="vmx", guest="apicstorm", args="moves=1000", host=STORM + " apic-move=1000",
         say=("x2APIC, 2 CPUs:.*" + RIGHT, "APIC page: 1000 moves, .* 0 stray words"), limit=120),
    Case("apic-moves", hw="vmx", guest="apicstorm", args="apic=xapic moves=10000", host=STORM + " apic-move=10000",
         say=("xAPIC, 2 CPUs:.*" + RIGHT, "APIC page: 10000 moves, .* 0 stray words"), limit=200),
]
