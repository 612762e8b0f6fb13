/* SPDX-License-Identifier: BSD-2-Clause */
/* trap.c: what interrupted the CPU, and who handles it. */
#include "arch.h"
#include "cpu.h"
#include "irq.h"
#include "page.h"
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

#define HLT_LENGTH 1

static const char *const names[VEC_FIRST] = {
    "divide error",
    "debug",
    "NMI",
    "breakpoint",
    "overflow",
    "bound",
    "invalid opcode",
    "no coprocessor",
    "double fault (stack overflow?)",
    "coprocessor overrun",
    "invalid TSS",
    "segment not present",
    "stack fault",
    "general protection",
    "page fault",
    "exception 15",
    "floating point",
    "alignment check",
    "machine check",
    "SIMD floating point",
};

static _Noreturn void die(const struct frame *f, u64 cr2)
{
    const char *name = names[f->vector] ? names[f->vector] : "exception";

    panic_print("rip %016lx  rsp %016lx  rflags %lx  error %lx  cr2 %lx\n", f->rip, f->rsp, f->rflags,
                f->error, cr2);
    panic_print("rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx\n", f->rax, f->rbx, f->rcx, f->rdx);
    panic_print("rsi %016lx  rdi %016lx  rbp %016lx  r8  %016lx\n", f->rsi, f->rdi, f->rbp, f->r8);
    panic_print("r9  %016lx  r10 %016lx  r11 %016lx  r12 %016lx\n", f->r9, f->r10, f->r11, f->r12);
    panic_print("r13 %016lx  r14 %016lx  r15 %016lx\n", f->r13, f->r14, f->r15);
    if (f->vector == VEC_PF)
        panic("page fault: %s of %lx at %lx",
              f->error & PF_ERR_FETCH   ? "fetch"
              : f->error & PF_ERR_WRITE ? "write"
                                        : "read",
              cr2, f->rip);
    panic("%s (vector %lu) at %lx", name, f->vector, f->rip);
}

void trap_exception(struct frame *f)
{
    if (f->vector == VEC_NM) { /* the first use of SSE or x87 since karch_switch() */
        clts();
        fxrstor(this_cpu()->current->fpu);
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
    die(f, read_cr2());
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

    if (!marker)
        die(f, cr2);
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
