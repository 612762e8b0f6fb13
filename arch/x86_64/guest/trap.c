/* SPDX-License-Identifier: BSD-2-Clause */
/* trap.c: what interrupted the CPU, and who handles it. */
#include "arch.h"
#include "cpu.h"
#include "irq.h"
#include "panic.h"
#include "pvapf.h"

_Static_assert(offsetof(struct percpu, self) == PERCPU_SELF, "assembly");
_Static_assert(offsetof(struct percpu, current) == PERCPU_CURRENT, "assembly");
_Static_assert(offsetof(struct thread, sp) == THREAD_SP, "assembly");
_Static_assert(offsetof(struct thread, fpu) == THREAD_FPU, "assembly");
_Static_assert(offsetof(struct thread, tls) == THREAD_TLS, "assembly");

/* An instruction that may fault, and where to go on if it does; emitted by karch_pv_try_write(). */
struct fixup {
    u64 at, resume;
};

extern const struct fixup fixups_start[], fixups_end[]; /* link.ld */

#define HLT_LENGTH        1
#define SWITCH_TLS_LENGTH 5

void trap_exception(struct frame *f)
{
    if (f->vector == VEC_UD && f->rip == (u64)(uintptr_t)switch_tls) { /* this CPU has no WRFSBASE */
        karch_tls_set((void *)(uintptr_t)f->rax);
        f->rip += SWITCH_TLS_LENGTH;
        return;
    }
    if (f->vector == VEC_GP) {
        for (const struct fixup *x = fixups_start; x < fixups_end; x++) {
            if (x->at == f->rip) {
                f->rip = x->resume;
                return;
            }
        }
    }
    if (f->vector == VEC_NMI)
        irq_stop();
    trap_fault(f, read_cr2());
}

/*
 * karch_wait() must not go back to sleep after an event, even if the host let that come before the HLT, or delivered an
 * exception to the halted CPU and left RIP there.
 */
static void end_wait(struct frame *f)
{
    if (f->rip == (u64)(uintptr_t)karch_wait_hlt)
        f->rip += HLT_LENGTH;
}

/* A4-10: CR2 and the marker before anything that may fault, which on this stack and in these pages nothing does. */
void trap_page_fault(struct frame *f)
{
    u64 cr2 = read_cr2();
    struct percpu *c = this_cpu();
    u32 marker = pvapf_take_marker(c);

    if (!marker) {
        trap_fault(f, cr2);
        return;
    }
    end_wait(f);
    pvapf_event(c, marker, (u32)cr2, f->rflags & RFLAGS_IF);
}

void trap_interrupt(struct frame *f)
{
    end_wait(f);
    if (f->vector == VEC_SPURIOUS)
        return;
    apic_eoi();
    switch (f->vector) {
    case VEC_TIMER:
        irq_timer();
        break;
    case VEC_RESCHED:
        irq_resched();
        break;
    case VEC_CALL:
        irq_call();
        break;
    case VEC_APF:
        irq_apf();
        break;
    default:
        panic("interrupt %lu, which nobody asked for", f->vector);
    }
    irq_exit();
}
