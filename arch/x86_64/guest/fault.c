/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault.c: exceptions that nobody asked for: the program's own, which its handler may see to, or the kernel's end.
 *
 * The kernel proper runs with interrupts off. Where they are on it works for the thread that it is called by, on what
 * that one gave it; so a fault there is the program's.
 */
#include "fault.h"
#include "arch.h"
#include "cpu.h"
#include "os.h"
#include "page.h"
#include "panic.h"
#include "stop.h"

/* The signals that both C libraries, and POSIX, know for them. */
enum { ILL = 4, TRAP = 5, FPE = 8, BUS = 10, SEGV = 11 };

/* Those without a signal are never the program's. */
static const struct {
    const char *what;
    int signal;
} exceptions[VEC_FIRST] = {
    [0] = {"division by zero, or the quotient is too large", FPE},
    [VEC_DB] = {"debug exception", TRAP},
    [VEC_NMI] = {"NMI", 0},
    [VEC_BP] = {"breakpoint", TRAP},
    [VEC_OF] = {"overflow", SEGV},
    [5] = {"bound exceeded", SEGV},
    [VEC_UD] = {"illegal instruction", ILL},
    [VEC_DF] = {"double fault", 0},
    [10] = {"invalid TSS", 0},
    [11] = {"segment not present", BUS},
    [12] = {"stack fault (no such address)", BUS},
    [VEC_GP] = {"general protection (no such address, or a privileged operation)", SEGV},
    [VEC_PF] = {"page fault", SEGV},
    [16] = {"floating-point exception", FPE},
    [VEC_AC] = {"alignment check", BUS},
    [VEC_MC] = {"machine check", 0},
    [19] = {"SIMD floating-point exception", FPE},
};

static void print_registers(const struct frame *f, u64 cr2)
{
    panic_print("rip %016lx  rsp %016lx  rflags %lx  error %lx  cr2 %lx\n", f->rip, f->rsp, f->rflags,
                f->error, cr2);
    panic_print("rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx\n", f->rax, f->rbx, f->rcx, f->rdx);
    panic_print("rsi %016lx  rdi %016lx  rbp %016lx  r8  %016lx\n", f->rsi, f->rdi, f->rbp, f->r8);
    panic_print("r9  %016lx  r10 %016lx  r11 %016lx  r12 %016lx\n", f->r9, f->r10, f->r11, f->r12);
    panic_print("r13 %016lx  r14 %016lx  r15 %016lx\n", f->r13, f->r14, f->r15);
}

/* Without a way to forbid execution the CPU does not tell a fetch from a read. */
static const char *access_of(const struct frame *f, u64 cr2)
{
    return cr2 == f->rip ? "jump to" : f->error & PF_ERR_WRITE ? "write to" : "read from";
}

static _Noreturn void die_of_kernel(const struct frame *f, u64 cr2)
{
    const char *what = exceptions[f->vector].what;

    karch_con_fresh_line();
    print_registers(f, cr2);
    if (f->vector == VEC_PF)
        panic("page fault: %s %lx at %lx", access_of(f, cr2), cr2, f->rip);
    panic("%s (vector %lu) at %lx", what ? what : "exception", f->vector, f->rip);
}

static void say_page_fault(const struct frame *f, u64 cr2, const struct thread *guarded)
{
    if (guarded)
        fault_say("fault", "segmentation fault: %s 0x%lx, the guard page of thread %u's stack, at rip 0x%lx",
                  access_of(f, cr2), cr2, thread_number(guarded), f->rip);
    else
        fault_say("fault", "segmentation fault: %s 0x%lx, at rip 0x%lx", access_of(f, cr2), cr2, f->rip);
}

static _Noreturn void die_of_program(const struct frame *f, u64 cr2)
{
    const struct thread *guarded = f->vector == VEC_PF || f->vector == VEC_DF ? thread_guarded(cr2) : NULL;

    if (guarded && guarded == this_cpu()->current)
        fault_say("fault", "stack overflow: %lu KiB are not enough, at rip 0x%lx, address 0x%lx",
                  guarded->stack.bytes / KiB, f->rip, cr2);
    else if (f->vector == VEC_PF)
        say_page_fault(f, cr2, guarded);
    else
        fault_say("fault", "%s, at rip 0x%lx", exceptions[f->vector].what, f->rip);
    print_registers(f, cr2);
    stop_all(STATUS_FAULT);
}

static bool in_program(const struct frame *f)
{
    const struct percpu *c = this_cpu();

    return f->rflags & RFLAGS_IF && c->current != c->idle && exceptions[f->vector].signal;
}

/*
 * The exception is a call on the thread's own stack: its handler runs on top of it, and may leave by longjmp(). If it
 * comes back, the program goes on with the registers that it had, of SSE and x87 as well. The handler begins with these
 * as a thread does: an x87 exception that is still pending would come again at its first instruction.
 */
static bool handled(const struct frame *f, u64 cr2)
{
    u64 address = f->vector == VEC_PF ? cr2 : f->rip;
    u8 fpu[THREAD_FPU_SIZE] __attribute__((aligned(16)));
    const u32 mxcsr = MXCSR_DEFAULT;
    bool done;

    karch_irq_restore(true);
    __asm__ volatile("fxsave64 %0\n"
                     "fninit\n"
                     "ldmxcsr %1"
                     : "=m"(fpu)
                     : "m"(mxcsr));
    done = os_fault(exceptions[f->vector].signal, (void *)(uintptr_t)address);
    if (done)
        __asm__ volatile("fxrstor64 %0" : : "m"(fpu));
    karch_irq_save();
    return done;
}

/* #DF comes on a stack of its own: there was no room for what pushed last, whether program or kernel. */
void trap_fault(struct frame *f, u64 cr2)
{
    if (f->vector == VEC_DF && thread_guarded(cr2) && thread_guarded(cr2) == this_cpu()->current)
        die_of_program(f, cr2);
    if (!in_program(f))
        die_of_kernel(f, cr2);
    if (!handled(f, cr2))
        die_of_program(f, cr2);
}
