/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmx_exit.c: why a guest stopped, as a transaction (basic exit reasons: SDM vol. 3, appendix C).
 *
 * Exits that are nobody else's business (WBINVD, an intercepted #AC, …) are dealt with here and are EXIT_INTR then:
 * look for host work, then run on.
 */
#include "vmx_vcpu.h"
#include "debugreg.h"
#include "desc.h"
#include "port.h"

#define DR7_GD BIT(13)

void vmx_exit_bad(const struct vmx_vcpu *x, struct exit *e, const char *why)
{
    e->kind = EXIT_BAD;
    e->bad.code = x->reason;
    e->bad.info1 = x->qualification;
    e->bad.info2 = x->guest_phys;
    e->bad.why = why;
    e->bad.insns = 0;
}

static void exit_ept(struct vmx_vcpu *x, struct exit *e)
{
    u64 q = x->qualification;

    x->guest_phys = vmx_read(VMCS_GUEST_PHYS);
    e->kind = (u16)x->reason == VMX_EXIT_EPT_MISCONFIG ? EXIT_TDP_BAD : EXIT_TDP;
    e->tdp.gpa = (gpa_t){x->guest_phys};
    e->tdp.access = q & VMX_EPT_FETCH ? ACCESS_EXEC : q & VMX_EPT_WRITE ? ACCESS_WRITE : ACCESS_READ;
}

static void exit_io(struct vmx_vcpu *x, struct exit *e)
{
    u64 q = x->qualification;

    if (q & VMX_IO_STRING) {
        vmx_exit_bad(x, e, "string I/O is not supported");
        return;
    }
    e->io.port = VMX_IO_PORT(q);
    e->io.size = VMX_IO_SIZE(q);
    e->io.write = !(q & VMX_IO_IN);
    regs_to_io(vmx_exit_regs(x), e);
}

/* The breakpoint's marks have not reached DR6 yet (28.2.1). What was being delivered is over. */
static void debug_exception(struct vmx_vcpu *x)
{
    write_dr6((read_dr6() & ~(u64)DR6_TRAPS) | (x->qualification & (DR6_TRAPS | DR6_BD | DR6_BS)));
    if (x->qualification & DR6_BD)
        vmx_rest(x)->dr7 &= ~DR7_GD;
    /* The next entry wants the single step's mark beside a shadow (27.3.1.5). */
    if (x->rflags & RFLAGS_TF && x->interruptible & (VMX_SHADOW_STI | VMX_SHADOW_MOV_SS))
        vmx_rest(x)->pending_debug |= DR6_BS;
    x->event.info = 0;
    vmx_event_exception(x, VEC_DB);
}

/* #DB and #AC are intercepted only so that an endless chain of them cannot hang the CPU. */
static void exit_exception(struct vmx_vcpu *x, struct exit *e)
{
    u32 event = (u32)vmx_read(VMCS_EXIT_EVENT);

    if ((event & VMX_EVENT_TYPE) == VMX_EVENT_NMI) {
        __asm__ volatile("int $2" : : : "memory"); /* ours; its IRET unblocks them */
        return;
    }
    switch (event & VMX_EVENT_VECTOR) {
    case VEC_DB:
        if ((event & VMX_EVENT_TYPE) ==
            VMX_EVENT_PRIVILEGED) /* INT1 (ICEBP): a trap, but its exit is a fault's */
            x->rip = (vmx_long(x) ? ~0ull : ~0u) & (x->rip + x->length);
        debug_exception(x);
        break;
    case VEC_AC:
        x->event.info = 0;
        vmx_event_exception_error(x, VEC_AC, 0);
        break;
    default:
        vmx_exit_bad(x, e, "machine check");
    }
}

/* Exits that end here; EXIT_INTR is set already. */
static void exit_own(struct vmx_vcpu *x, struct exit *e)
{
    switch ((u16)x->reason) {
    case VMX_EXIT_EXCEPTION:
        exit_exception(x, e);
        break;
    case VMX_EXIT_WBINVD: /* memory is coherent for all that a guest can see */
    case VMX_EXIT_INVD:
        vmx_step_over(x);
        break;
    case VMX_EXIT_RDPMC:
        vmx_event_exception_error(x, VEC_GP, 0);
        break;
    case VMX_EXIT_CR:
        vmx_cr(x);
        break;
    case VMX_EXIT_TASK_SWITCH:
        vmx_exit_bad(x, e, "task switches are not supported");
        break;
    default:
        vmx_exit_bad(x, e, "unknown exit reason");
    }
}

void vmx_exit(struct vcpu *v, struct exit *e)
{
    struct vmx_vcpu *x = vmx_of(v);

    e->kind = EXIT_INTR;
    switch ((u16)x->reason) {
    case VMX_EXIT_INTR:
    case VMX_EXIT_TIMER:
        /* Taken here and now: the handlers only leave notes. */
        __asm__ volatile("sti; nop; cli" : : : "memory");
        break;
    case VMX_EXIT_INIT:
    case VMX_EXIT_NMI_WINDOW:
    case VMX_EXIT_TPR:
    case VMX_EXIT_PML_FULL: /* emptied already */
        break;
    case VMX_EXIT_INTR_WINDOW:
        x->proc &= ~(u32)VMX_PROC_INTR_WINDOW;
        e->kind = EXIT_WINDOW;
        break;
    case VMX_EXIT_EPT_VIOLATION:
    case VMX_EXIT_EPT_MISCONFIG:
        exit_ept(x, e);
        break;
    case VMX_EXIT_APIC_ACCESS:
        vmx_apic_access(v, e);
        break;
    case VMX_EXIT_APIC_WRITE:
        vmx_apic_written(v, e);
        break;
    case VMX_EXIT_CPUID:
        e->kind = EXIT_CPUID;
        e->cpuid.leaf = (u32)x->gpr[RAX];
        e->cpuid.sub = (u32)x->gpr[RCX];
        break;
    case VMX_EXIT_RDMSR:
    case VMX_EXIT_WRMSR:
        regs_to_msr(vmx_exit_regs(x), e, (u16)x->reason == VMX_EXIT_WRMSR);
        break;
    case VMX_EXIT_IO:
        exit_io(x, e);
        break;
    case VMX_EXIT_HLT:
        e->kind = EXIT_HLT;
        break;
    case VMX_EXIT_PAUSE:
        e->kind = EXIT_SPIN;
        break;
    case VMX_EXIT_VMCALL:
        regs_to_hypercall(vmx_exit_regs(x), e);
        break;
    case VMX_EXIT_TRIPLE_FAULT:
        e->kind = EXIT_SHUTDOWN;
        break;
    case VMX_EXIT_GETSEC:
    case VMX_EXIT_VMCLEAR ... VMX_EXIT_VMXON:
    case VMX_EXIT_MWAIT:
    case VMX_EXIT_MONITOR:
    case VMX_EXIT_INVEPT:
    case VMX_EXIT_INVVPID:
    case VMX_EXIT_XSETBV:
        e->kind = EXIT_UNDEF;
        break;
    default:
        exit_own(x, e);
    }
}
