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

/* Nothing but RAX changes. */
void conf_A7_10_registers(void)
{
    u64 rax = UNKNOWN, rbx = 0x1111111111111111, rcx = rbx * 2, rdx = rbx * 3, rsi = rbx * 4, rdi = rbx * 5;

    if (calls_by_vmmcall())
        __asm__ volatile("vmmcall"
                         : "+a"(rax), "+b"(rbx), "+c"(rcx), "+d"(rdx), "+S"(rsi), "+D"(rdi)
                         :
                         : "memory");
    else
        __asm__ volatile("vmcall"
                         : "+a"(rax), "+b"(rbx), "+c"(rcx), "+d"(rdx), "+S"(rsi), "+D"(rdi)
                         :
                         : "memory");
    expect_eq("RBX", rbx, 0x1111111111111111);
    expect_eq("RCX", rcx, 0x2222222222222222);
    expect_eq("RDX", rdx, 0x3333333333333333);
    expect_eq("RSI", rsi, 0x4444444444444444);
    expect_eq("RDI", rdi, 0x5555555555555555);
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

/* Other ways to name CPUs than the bitmap. */
void conf_A7_12_invalid(void)
{
    const u32 bad[] = {APIC_ICR_LOGICAL, APIC_ICR_SELF, APIC_ICR_ALL, APIC_ICR_OTHERS};
    u32 from = events_now();

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
        expect_eq("RAX", (u64)hypercall(PV_HC_IPI, 1, 0, cpus[0].apic_id, bad[i] | IPI), (u64)-PV_EINVAL);
    expect(!event_wait(from, EV_IRQ, 1, QUIET), "no interrupt");
}

void conf_A7_12_nmi(void)
{
    u32 from = events_now();

    expect_eq("RAX", (u64)hypercall(PV_HC_IPI, 1, 0, cpus[0].apic_id, APIC_ICR_NMI), 1);
    expect(event_wait(from, EV_NMI, 1, SOON), "an NMI");
}

static u32 near, kicked, woken;

static void halt_closed(void *early)
{
    cli();
    at_store_rel(&near, 1);
    while (early && !at_load_acq(&kicked))
        at_relax();
    hlt();
    at_store_rel(&woken, 1);
    sti();
}

/* CPU 1 is about to halt; if `early`, not before it is kicked. */
static void halt_on_1(bool early)
{
    at_store(&near, 0);
    at_store(&kicked, 0);
    at_store(&woken, 0);
    cpu_start(1, halt_closed, early ? &near : NULL);
    wait_until_not(&near, 0); /* a kick before would end the HLT that it waits in for jobs */
}

static void expect_woken(void)
{
    wait_until_not(&woken, 0);
    if (!expect(at_load_acq(&woken), "the kick ends the HLT"))
        apic_ipi(cpus[1].apic_id, APIC_ICR_ASSERT | APIC_ICR_NMI);
    cpu_wait(1);
}

void conf_A7_11_early(void)
{
    halt_on_1(true);
    expect_eq("RAX", (u64)hypercall(PV_HC_KICK, 0, cpus[1].apic_id, 0, 0), 0);
    at_store_rel(&kicked, 1);
    expect_woken();
}

void conf_A7_11_kick(void)
{
    halt_on_1(false);
    spin_us(2000);
    expect_eq("halted with IF = 0: woken", at_load(&woken), 0);
    expect_eq("RAX", (u64)hypercall(PV_HC_KICK, 0, cpus[1].apic_id, 0, 0), 0);
    expect_woken();
}

void conf_A7_13_yield(void)
{
    expect_eq("RAX", (u64)hypercall(PV_HC_YIELD, cpus[1].apic_id, 0, 0, 0), 0);
    expect_eq("RAX for nobody", (u64)hypercall(PV_HC_YIELD, NOBODY, 0, 0, 0), 0);
}
