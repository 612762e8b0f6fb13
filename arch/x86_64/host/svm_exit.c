/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svm_exit.c: why a guest stopped, as a transaction (exit codes: APM vol. 2, appendix C).
 *
 * Exits that are nobody else's business (WBINVD, an intercepted #AC, …) are dealt with here and are EXIT_INTR then:
 * look for host work, then run on.
 */
#include "svm_vcpu.h"
#include "desc.h"
#include "page.h"

/* Lengths of intercepted instructions, for CPUs without NRIPS; nobody writes them with prefixes. */
#define LEN_HLT     1
#define LEN_TWO     2 /* CPUID, RDMSR, WRMSR, PAUSE, INVD, WBINVD */
#define LEN_VMMCALL 3

void svm_exit_bad(const struct hw_vcpu *hw, struct exit *e, const char *why)
{
    const struct vmcb *c = &hw->vmcb;

    e->kind = EXIT_BAD;
    e->bad.code = c->exit_code;
    e->bad.info1 = c->exit_info1;
    e->bad.info2 = c->exit_info2;
    e->bad.why = why;
    e->bad.insns = 0;
}

/* EXITINFO1 begins like a #PF error code. QEMU reports a reserved bit with P = 0, so RSVD is looked at first. */
static void exit_npf(const struct hw_vcpu *hw, struct exit *e)
{
    const struct vmcb *c = &hw->vmcb;
    u64 info = c->exit_info1;

    e->kind = info & PF_ERR_RSVD ? EXIT_TDP_BAD : EXIT_TDP;
    e->tdp.gpa = (gpa_t){c->exit_info2};
    e->tdp.access = info & PF_ERR_FETCH ? ACCESS_EXEC : info & PF_ERR_WRITE ? ACCESS_WRITE : ACCESS_READ;
}

static void exit_io(struct hw_vcpu *hw, struct exit *e)
{
    u64 info = hw->vmcb.exit_info1;

    if (info & SVM_IOIO_STRING) {
        svm_exit_bad(hw, e, "string I/O is not supported");
        return;
    }
    e->io.port = (u16)(info >> SVM_IOIO_PORT_SHIFT);
    e->io.size = info >> SVM_IOIO_SIZE_SHIFT & 7;
    e->io.write = !(info & SVM_IOIO_IN);
    regs_to_io(svm_exit_regs(hw), e);
}

static void next_is(struct hw_vcpu *hw, unsigned length)
{
    hw->next_rip = svm.nrips ? hw->vmcb.next_rip : hw->vmcb.rip + length;
}

/* Exits that end here; EXIT_INTR is set already. */
static void exit_own(struct hw_vcpu *hw, struct exit *e)
{
    struct vmcb *c = &hw->vmcb;

    switch (c->exit_code) {
    case SVM_EXIT_WBINVD: /* memory is coherent for all that a guest can see */
    case SVM_EXIT_INVD:
        next_is(hw, LEN_TWO);
        svm_step_over(hw);
        break;
    case SVM_EXIT_RDPMC:
        svm_event_exception_error(hw, VEC_GP, 0);
        break;
    case SVM_EXIT_IRET:
        svm_event_iret(hw);
        break;
    /* Intercepted only so that endless #AC or #DB in delivery cannot hang the CPU. What was being delivered is over. */
    case SVM_EXIT_EXCEPTION + VEC_DB:
        c->event_inj = 0;
        svm_event_exception(hw, VEC_DB);
        break;
    case SVM_EXIT_EXCEPTION + VEC_AC:
        c->event_inj = 0;
        svm_event_exception_error(hw, VEC_AC, 0);
        break;
    case SVM_EXIT_EXCEPTION + VEC_MC:
        svm_exit_bad(hw, e, "machine check");
        break;
    default:
        svm_exit_bad(hw, e,
                     (u32)c->exit_code == SVM_EXIT_INVALID ? "VMRUN rejected the guest state"
                                                           : "unknown exit code");
    }
}

void svm_exit(struct hw_vcpu *hw, struct exit *e)
{
    struct vmcb *c = &hw->vmcb;

    e->kind = EXIT_INTR;
    switch (c->exit_code) {
    case SVM_EXIT_INTR:
        /* Taken here and now: the handlers only leave notes. */
        __asm__ volatile("sti; nop; cli" : : : "memory");
        break;
    case SVM_EXIT_NMI: /* taken by the host at STGI */
    case SVM_EXIT_INIT:
    case SVM_EXIT_WRITE_CR8: /* svm_settle() */
        break;
    case SVM_EXIT_VINTR:
        c->v_intr &= ~SVM_V_IRQ;
        e->kind = EXIT_WINDOW;
        break;
    case SVM_EXIT_NPF:
        exit_npf(hw, e);
        break;
    case SVM_EXIT_CPUID:
        next_is(hw, LEN_TWO);
        e->kind = EXIT_CPUID;
        e->cpuid.leaf = (u32)c->rax;
        e->cpuid.sub = (u32)hw->gpr.rcx;
        break;
    case SVM_EXIT_MSR:
        next_is(hw, LEN_TWO);
        regs_to_msr(svm_exit_regs(hw), e, c->exit_info1 & 1);
        break;
    case SVM_EXIT_IOIO:
        hw->next_rip = c->exit_info2;
        exit_io(hw, e);
        break;
    case SVM_EXIT_HLT:
        next_is(hw, LEN_HLT);
        e->kind = EXIT_HLT;
        break;
    case SVM_EXIT_PAUSE:
        next_is(hw, LEN_TWO);
        e->kind = EXIT_SPIN;
        break;
    case SVM_EXIT_VMMCALL:
        next_is(hw, LEN_VMMCALL);
        regs_to_hypercall(svm_exit_regs(hw), e);
        break;
    case SVM_EXIT_SHUTDOWN:
        e->kind = EXIT_SHUTDOWN;
        break;
    case SVM_EXIT_INVLPGA:
    case SVM_EXIT_VMRUN:
    case SVM_EXIT_VMLOAD:
    case SVM_EXIT_VMSAVE:
    case SVM_EXIT_STGI:
    case SVM_EXIT_CLGI:
    case SVM_EXIT_SKINIT:
    case SVM_EXIT_RDTSCP:
    case SVM_EXIT_MONITOR:
    case SVM_EXIT_MWAIT:
    case SVM_EXIT_MWAIT_ARMED:
    case SVM_EXIT_XSETBV:
    case SVM_EXIT_RDPRU:
        e->kind = EXIT_UNDEF;
        break;
    default:
        exit_own(hw, e);
    }
}
