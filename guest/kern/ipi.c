/* SPDX-License-Identifier: BSD-2-Clause */
/* ipi.c: several CPUs are interrupted by one hypercall where the host offers that (A7-10), else one by one. */
#include "ipi.h"
#include "abi/kvm_cpuid.h"
#include "abi/kvm_hypercall.h"
#include "percpu.h"
#include "pv.h"

#define WINDOW 128u /* so many names in a row, from the lowest, can be told at once */

static u32 name_of_first(u32 cpus_mask)
{
    return cpus[__builtin_ctz(cpus_mask)].hw_id;
}

/* Returns those who are left. The host interrupts them by stores of its own, which follow all of ours. */
static u32 send_at_once(u32 to, enum kirq irq)
{
    u32 lowest = UINT32_MAX, left = 0;
    u64 names[2] = {0};

    for (u32 rest = to; rest; rest &= rest - 1)
        lowest = MIN(lowest, name_of_first(rest));
    for (u32 rest = to; rest; rest &= rest - 1) {
        u32 n = name_of_first(rest) - lowest;

        if (n < WINDOW)
            names[n / 64] |= BIT(n % 64);
        else
            left |= rest & -rest;
    }
    return karch_hypercall4(PV_HC_IPI, names[0], names[1], lowest, karch_ipi_command(irq)) < 0 ? to : left;
}

void ipi_send(u32 to, enum kirq irq)
{
    if (to & (to - 1) && pv_has(KVM_FEATURE_IPI))
        to = send_at_once(to, irq);
    for (; to; to &= to - 1)
        karch_ipi(&cpus[__builtin_ctz(to)], irq);
}
