/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apic.c: the local APIC, as x2APIC where CPUID offers it, else through its page; and its timer.
 *
 * With `apic=xapic` on the command line it is used as on a machine that knows neither x2APIC nor TSC deadlines.
 */
#include "apic.h"
#include "arch.h"
#include "boot.h"
#include "cpu.h"
#include "cpuid.h"
#include "karch.h"
#include "lib/str.h"
#include "msr.h"
#include "pv.h"

#define XAPIC_ID_SHIFT  24
#define CALIBRATE_TICKS (1u << 24) /* of the TSC: some milliseconds */
#define PIC_MASK_1      0x21       /* of the two 8259A */
#define PIC_MASK_2      0xa1
#define SIPI_VECTOR     (AP_PAGE >> 12)

static struct {
    bool x2apic;
    bool deadline;      /* the timer compares with the TSC */
    u64 ticks_per_2e32; /* else: its ticks in 2^32 of the TSC's */
} apic;

static u32 reg_read(u32 reg)
{
    if (apic.x2apic)
        return (u32)rdmsr(MSR_X2APIC + (reg >> 4));
    return *(volatile u32 *)(uintptr_t)(APIC_DEFAULT_BASE + reg);
}

static void reg_write(u32 reg, u32 v)
{
    if (apic.x2apic)
        wrmsr(MSR_X2APIC + (reg >> 4), v);
    else
        *(volatile u32 *)(uintptr_t)(APIC_DEFAULT_BASE + reg) = v;
}

static void icr_write(u32 hw_id, u32 low)
{
    bool were_on;

    if (apic.x2apic) {
        at_fence(); /* WRMSR to an x2APIC register is no fence: what the IPI tells of must be visible first */
        wrmsr(MSR_X2APIC + (APIC_ICR >> 4), (u64)hw_id << 32 | low);
        return;
    }
    were_on = karch_irq_save(); /* a handler that sends one, too, would change the destination */
    while (reg_read(APIC_ICR) & APIC_ICR_PENDING)
        at_relax();
    reg_write(APIC_ICR_HI, hw_id << XAPIC_ID_SHIFT);
    reg_write(APIC_ICR, low);
    karch_irq_restore(were_on);
}

/* The rate of the counting timer, against the TSC. */
static void timer_calibrate(void)
{
    u64 start = rdtsc(), passed, ticks;

    reg_write(APIC_LVT_TIMER, APIC_LVT_MASKED | VEC_TIMER);
    reg_write(APIC_TIMER_INIT, UINT32_MAX);
    do {
        ticks = UINT32_MAX - reg_read(APIC_TIMER_NOW);
        passed = rdtsc() - start;
    } while (passed < CALIBRATE_TICKS);
    apic.ticks_per_2e32 = (ticks << 32) / passed;
    reg_write(APIC_TIMER_INIT, 0);
}

/*
 * Firmware leaves the old timer running through the 8259A and LINT0. They are silenced at the source: QEMU trips over
 * an interrupt that is pending there when LINT0 is masked.
 */
static void silence_pic(void)
{
    out8(PIC_MASK_1, 0xff);
    out8(PIC_MASK_2, 0xff);
}

static bool wants_xapic(void)
{
    const char *wish = boot_option("apic");

    return wish && !strncmp(wish, "xapic", 5);
}

/* From x2APIC mode, if we were started in it, there is no way back that keeps the APIC on. */
static void detect(void)
{
    bool plain = wants_xapic() && !(rdmsr(MSR_APIC_BASE) & MSR_APIC_BASE_X2APIC);

    apic.x2apic = !plain && cpu_features() & BIT(CPUID1_ECX_X2APIC);
    apic.deadline = !plain && cpu_features() & BIT(CPUID1_ECX_TSC_DEADLINE);
    if (!apic.x2apic)
        pmap_map_device(APIC_DEFAULT_BASE);
    if (!pv_cpu_count()) /* our host has none */
        silence_pic();
}

void apic_init(struct percpu *c)
{
    if (!c->id)
        detect();
    if (apic.x2apic)
        wrmsr(MSR_APIC_BASE, APIC_DEFAULT_BASE | MSR_APIC_BASE_ENABLE | MSR_APIC_BASE_X2APIC |
                                 (c->id ? 0 : MSR_APIC_BASE_BSP));
    else
        reg_write(APIC_TPR, 0); /* A4-34; nobody who could have set it knew the x2APIC */
    reg_write(APIC_SVR, APIC_SVR_ENABLE | VEC_SPURIOUS);
    if (!apic.deadline) {
        reg_write(APIC_TIMER_DIV, APIC_TIMER_DIV_16);
        if (!c->id)
            timer_calibrate();
    }
    reg_write(APIC_LVT_TIMER, VEC_TIMER | (apic.deadline ? APIC_TIMER_DEADLINE : APIC_TIMER_ONESHOT));
}

u32 apic_id(void)
{
    return reg_read(APIC_ID) >> (apic.x2apic ? 0 : XAPIC_ID_SHIFT);
}

/* A7-7: the word's bit is only ever set where the host was told of the word. */
void apic_eoi(void)
{
    if (!bit0_take(&this_cpu()->eoi))
        reg_write(APIC_EOI, 0);
}

void karch_timer_arm(u64 tsc_ticks)
{
    if (apic.deadline)
        wrmsr(MSR_TSC_DEADLINE, rdtsc() + tsc_ticks);
    else
        reg_write(APIC_TIMER_INIT, (u32)MAX((unsigned __int128)tsc_ticks * apic.ticks_per_2e32 >> 32, 1u));
}

u32 karch_ipi_command(enum kirq irq)
{
    static const u32 modes[] = {
        [KIRQ_TIMER] = APIC_ICR_FIXED | VEC_TIMER,
        [KIRQ_RESCHED] = APIC_ICR_FIXED | VEC_RESCHED,
        [KIRQ_CALL] = APIC_ICR_FIXED | VEC_CALL,
        [KIRQ_APF] = APIC_ICR_FIXED | VEC_APF,
        [KIRQ_STOP] = APIC_ICR_NMI,
    };

    return APIC_ICR_ASSERT | modes[irq];
}

void karch_ipi(struct percpu *to, enum kirq irq)
{
    icr_write(to->hw_id, karch_ipi_command(irq));
}

/* The waits are those of real hardware (Intel SDM vol. 3A, 8.4.4.1); a hypervisor needs none, but may be asked to. */
void apic_start_cpu(u32 hw_id)
{
    icr_write(hw_id, APIC_ICR_ASSERT | APIC_ICR_INIT);
    icr_write(hw_id, APIC_ICR_ASSERT | APIC_ICR_STARTUP | SIPI_VECTOR);
}
