/* SPDX-License-Identifier: BSD-2-Clause */
/* start.c: the first C code of each CPU, and starting the others by INIT and start-up IPI. */
#include "arch.h"
#include "boot.h"
#include "cpu.h"
#include "karch.h"
#include "lib/str.h"
#include "msr.h"
#include "panic.h"
#include "pv.h"

#define START_WAIT_TICKS 20000000000ull /* of the TSC, some seconds: the host may be busy with others */

/* From here on karch_cpu() works on this CPU. */
static void gs_set(struct percpu *c)
{
    c->self = c;
    wrmsr(MSR_GS_BASE, (u64)(uintptr_t)c);
}

void arch_start(u32 protocol, u32 info)
{
    gs_set(&cpus[0]);
    idt_load(&cpus[0]);
    fsgsbase_init();
    boot.entry_tsc = head_tsc;
    boot_info_read(protocol, info);
    karch_guard(NULL, PAGE_SIZE); /* not earlier: loaders do put information into page 0 */
    karch_guard(first_stack, STACK_GUARD);
    kernel_main();
}

void arch_ap_start(struct percpu *c)
{
    gs_set(c);
    idt_load(c);
    fsgsbase_init();
    cpu_main(c);
}

void karch_cpu_init(struct percpu *c)
{
    apic_init(c);
}

/* Our host numbers its CPUs 0, 1, … (it has no ACPI); elsewhere the MADT knows, and names the present CPU first. */
unsigned karch_cpu_count(void)
{
    u32 hw_ids[MAX_CPUS] = {0, 1, 2, 3, 4, 5, 6, 7};
    unsigned n = MIN(pv_cpu_count(), MAX_CPUS);

    if (!n)
        n = MAX(madt_cpus(hw_ids, MAX_CPUS), 1u);
    for (unsigned i = 0; i < n; i++)
        cpus[i].hw_id = hw_ids[i];
    return n;
}

bool karch_cpu_start(struct percpu *c, void *sp)
{
    u64 start = rdtsc();

    check(cpus[0].hw_id == apic_id());
    memcpy((void *)AP_PAGE, ap_code, (size_t)(ap_code_end - ap_code));
    ap_sp = sp;
    ap_percpu = c;
    apic_start_cpu(c->hw_id);
    while (!at_load_acq(&c->online))
        if (rdtsc() - start > START_WAIT_TICKS)
            return false;
    return true;
}
