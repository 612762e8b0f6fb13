/* SPDX-License-Identifier: BSD-2-Clause */
/* smp.c: start a CPU (Intel SDM vol. 3A, 8.4.4: INIT, wait, SIPI, wait, SIPI). */
#include "smp.h"
#include "apic.h"
#include "clock.h"
#include "lib/atomic.h"
#include "lib/str.h"
#include "trap.h"
#include "xapic.h"

#define AP_PAGE      0x8000ull /* RAM on every PC, and the frame allocator leaves the first MiB alone */
#define AP_INIT_NS   10000000ull
#define AP_SIPI_NS   200000ull
#define AP_ONLINE_NS 10000000000ull /* an emulated CPU may get its share of a busy machine late */

extern const u8 ap_code[], ap_code_end[]; /* ap.S */

/* What head.S reads for the CPU being started; it knows this order. */
struct ap_start {
    u64 stack_top, root;
    struct cpu *cpu;
};
extern struct ap_start ap_start;
struct ap_start ap_start;

_Noreturn void smp_ap_main(struct cpu *c);

_Noreturn void smp_ap_main(struct cpu *c)
{
    trap_init_cpu(c);
    xapic_init_cpu();
    at_store_rel(&c->online, 1);
    smp_cpu_main(c);
}

static bool online_within(struct cpu *c, u64 ns)
{
    u64 end = clock_ns() + ns;

    while (!at_load_acq(&c->online) && clock_ns() < end)
        at_relax();
    return at_load_acq(&c->online);
}

bool smp_start(struct cpu *c, void *stack_top, hpa_t root)
{
    memcpy((void *)(uintptr_t)AP_PAGE, ap_code, (size_t)(ap_code_end - ap_code));
    ap_start = (struct ap_start){.stack_top = (uintptr_t)stack_top, .root = root.v, .cpu = c};

    xapic_ipi(c->apic_id, APIC_ICR_INIT | APIC_ICR_ASSERT);
    if (online_within(c, AP_INIT_NS))
        return true;
    for (int i = 0; i < 2; i++) {
        xapic_ipi(c->apic_id, APIC_ICR_STARTUP | APIC_ICR_ASSERT | (u32)(AP_PAGE >> PAGE_SHIFT));
        if (online_within(c, i ? AP_ONLINE_NS : AP_SIPI_NS))
            return true;
    }
    return false;
}
