/* SPDX-License-Identifier: BSD-2-Clause */
/* call.c: the hypercall convention, and the calls of it (A7-10 to A7-13). */
#include "abi/kvm_hypercall.h"
#include "apic.h"
#include "conf.h"

#define IPI     0x52
#define NOBODY  0x1f /* no host of ours has a CPU of this APIC id */
#define UNKNOWN 0x7fffff00

void conf_A7_10_unknown(void)
{
    expect_eq("RAX", (u64)hypercall(UNKNOWN, 0, 0, 0, 0), (u64)-PV_ENOSYS);
}

void conf_A7_10_cpl3(void)
{
    expect_eq("RAX", touch_user_call(PV_HC_KICK), (u64)-PV_EPERM);
}

static void wait_until_not(const u32 *word, u32 value)
{
    for (u64 end = time_us() + SOON; at_load_acq(word) == value && time_us() < end;)
        at_relax();
}

void conf_A7_12_ipi(void)
{
    u32 from = cpus[1].logged;

    expect_eq("RAX", (u64)hypercall(PV_HC_IPI, 1, 0, cpus[1].apic_id, APIC_ICR_FIXED | IPI), 1);
    wait_until_not(&cpus[1].logged, from);
    expect(at_load_acq(&cpus[1].logged) != from && cpus[1].log[from % EVENTS_MAX].vector == IPI,
           "the interrupt on CPU 1");
}

/* Each bit counts from the lowest id; both words do; those that are nobody's count for nothing. */
void conf_A7_12_ipi_both(void)
{
    u32 from = cpus[1].logged, own = events_now();

    expect_eq("RAX", (u64)hypercall(PV_HC_IPI, 3, 0, 0, APIC_ICR_FIXED | IPI), 2);
    expect(event_wait(own, EV_IRQ, 1, SOON), "the interrupt on CPU 0");
    wait_until_not(&cpus[1].logged, from);
    expect(at_load_acq(&cpus[1].logged) != from, "the interrupt on CPU 1");
    expect_eq("RAX of a call to nobody", (u64)hypercall(PV_HC_IPI, 0, 1, NOBODY, APIC_ICR_FIXED | IPI), 0);
}

static u32 near, woken; /* its HLT; by a kick */

static void halt_closed(void *unused)
{
    (void)unused;
    cli();
    at_store_rel(&near, 1);
    hlt();
    at_store_rel(&woken, 1);
    sti();
}

void conf_A7_11_kick(void)
{
    at_store(&near, 0);
    at_store(&woken, 0);
    cpu_start(1, halt_closed, NULL);
    wait_until_not(&near, 0); /* a kick before would end the HLT that it waits in for jobs */
    spin_us(2000);
    expect_eq("halted with IF = 0: woken", at_load(&woken), 0);
    expect_eq("RAX", (u64)hypercall(PV_HC_KICK, 0, cpus[1].apic_id, 0, 0), 0);
    wait_until_not(&woken, 0);
    if (!expect(at_load_acq(&woken), "the kick ends the HLT"))
        apic_ipi(cpus[1].apic_id, APIC_ICR_ASSERT | APIC_ICR_NMI);
    cpu_wait(1);
}

void conf_A7_13_yield(void)
{
    expect_eq("RAX", (u64)hypercall(PV_HC_YIELD, cpus[1].apic_id, 0, 0, 0), 0);
    expect_eq("RAX for nobody", (u64)hypercall(PV_HC_YIELD, NOBODY, 0, 0, 0), 0);
}
