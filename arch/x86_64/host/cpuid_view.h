/* SPDX-License-Identifier: BSD-2-Clause */
/* cpuid_view.h: the CPUID leaves of the architecture, as a guest sees them. A pure function, for tests. */
#pragma once
#include "cpu.h"

/* One package with `vcpus` cores of one thread each; apic_id is the core's own. */
struct cpuid_place {
    u32 apic_id, vcpus;
};

/* host: what the physical CPU says to the same leaf and subleaf. */
struct cpuid_regs cpuid_view(struct cpuid_place p, u32 leaf, u32 sub, struct cpuid_regs host);
