/* SPDX-License-Identifier: BSD-2-Clause */
/* svm.c: run a vCPU until it exits, and commit what came of that exit (APM vol. 2, 15). */
#include "svm_vcpu.h"
#include "debugreg.h"
#include "desc.h"
#include "fpu.h"
#include "port.h"
#include "vcpu.h"

void svm_load(struct vcpu *v)
{
    struct hw_vcpu *hw = v->hw;

    hw->cpu = svm_this_cpu();
    fpu_load(hw->cpu->fpu, hw->fpu);
    write_dr0_3(hw->dr);
    write_cr2(hw->vmcb.cr2); /* VMRUN does it again, but not in Bochs */
    hw->cpu->loaded = hw;
}

void svm_put(struct vcpu *v)
{
    struct hw_vcpu *hw = v->hw;

    fxsave(hw->fpu);
    hw->cpu->fpu = hw->fpu;
    hw->cpu->loaded = NULL;
    read_dr0_3(hw->dr);
}

unsigned svm_cpl(const struct vcpu *v)
{
    return v->hw->vmcb.cpl;
}

bool svm_paging(const struct vcpu *v)
{
    return v->hw->vmcb.cr0 & CR0_PG;
}

const struct tdp_ops *svm_tdp(void)
{
    return &tdp_npt;
}

/* An iTLB that stops the machine is in CPUs that have no SVM. */
bool svm_nx_needed(void)
{
    return false;
}

void svm_set_root(struct vcpu *v, hpa_t root)
{
    v->hw->vmcb.n_cr3 = root.v;
    v->hw->flush = true;
}

void svm_exit_on_spin(struct vcpu *v, bool on)
{
    if (on)
        v->hw->vmcb.intercept_misc1 |= SVM_MISC1_PAUSE;
    else
        v->hw->vmcb.intercept_misc1 &= ~SVM_MISC1_PAUSE;
}

/* AVIC, which is not used, would need no address here either: the nested tables decide (B7-6). */
bool svm_may_virt_apic(void)
{
    return false;
}

bool svm_virt_apic(const struct vcpu *v)
{
    (void)v;
    return false;
}

bool svm_virt_intr(const struct vcpu *v)
{
    (void)v;
    return false;
}

void svm_apic_page(struct vcpu *v, hpa_t at)
{
    (void)v;
    (void)at;
}

void svm_flush(struct vcpu *v)
{
    v->hw->flush = true;
}

bool svm_has_log(void)
{
    return false;
}

void svm_log_writes(struct vcpu *v, bool on)
{
    (void)v;
    check(!on, "there is no list of written pages under SVM");
}

/* Translations cached under our tag are not to be used: change the tag, or have them dropped at this entry. */
static void renew_tag(struct vcpu *v)
{
    struct hw_vcpu *hw = v->hw;

    if (asid_valid(&hw->cpu->asids, &hw->asid) && svm.flush_by_asid)
        hw->vmcb.tlb_control = SVM_TLB_ASID;
    else
        hw->vmcb.tlb_control = asid_take(&hw->cpu->asids, &hw->asid);
    hw->vmcb.asid = hw->asid.number;
    if (hw->flush)
        hw->flushed = v->flush_seen;
    hw->flush = false;
}

void svm_step_over(struct hw_vcpu *hw)
{
    struct vmcb *c = &hw->vmcb;

    c->rip = hw->next_rip;
    svm_shadow_end(hw);
    /* What the instruction itself has queued, a page-ready #PF say, comes first and takes the trap's place. */
    if (c->rflags & RFLAGS_TF && !(c->event_inj & SVM_EVENT_VALID)) {
        c->dr6 |= DR6_BS;
        svm_event_exception(hw, VEC_DB);
    }
}

/*
 * In QEMU 7.2 an FXRSTOR on another CPU can undo this CPU's record that nested paging is off after an exit. Then a
 * second exit follows at once and stores the host's state as the guest's, whose own is lost (docs/emulators.md).
 */
static bool lost_guest(const struct hw_vcpu *hw)
{
    return hw->vmcb.rip == (u64)(uintptr_t)svm_exited && hw->vmcb.rax == hw->vmcb_hpa &&
           (u32)hw->vmcb.exit_code != SVM_EXIT_INVALID;
}

void svm_run(struct vcpu *v, struct exit *e)
{
    struct hw_vcpu *hw = v->hw;
    struct vmcb *c = &hw->vmcb;

    if (hw->flush || !asid_valid(&hw->cpu->asids, &hw->asid))
        renew_tag(v);
    check(hw->flushed == v->flush_seen, "a flush that was asked for happens before the guest runs (C13-15)");

    svm_enter(&hw->gpr, hw->vmcb_hpa, hw->cpu->host_state);

    if (lost_guest(hw)) {
        e->kind = EXIT_LOST;
        return;
    }
    c->tlb_control = SVM_TLB_KEEP;
    c->event_inj = 0;
    if (c->exit_int_info & SVM_EVENT_VALID || hw->nmi == NMI_IN_IRET)
        svm_event_return(hw);
    svm_exit(hw, e);
}

void svm_settle(struct vcpu *v, struct exit *e)
{
    struct hw_vcpu *hw = v->hw;

    if (hw->vmcb.int_state & SVM_INT_SHADOW || hw->shadow_left)
        svm_shadow_exit(v);
    if (hw->vmcb.exit_code == SVM_EXIT_WRITE_CR8 && !svm_cr8_write(v))
        svm_exit_bad(hw, e, "unknown form of a write to CR8");
}

void svm_complete(struct vcpu *v, const struct exit *e)
{
    struct hw_vcpu *hw = v->hw;
    struct vmcb *c = &hw->vmcb;

    switch (e->kind) {
    case EXIT_CPUID:
        c->rax = e->cpuid.eax;
        hw->gpr.rbx = e->cpuid.ebx;
        hw->gpr.rcx = e->cpuid.ecx;
        hw->gpr.rdx = e->cpuid.edx;
        break;
    case EXIT_MSR:
        if (!e->msr.write) {
            c->rax = (u32)e->msr.value;
            hw->gpr.rdx = e->msr.value >> 32;
        }
        break;
    case EXIT_IO:
        if (!e->io.write)
            regs_from_in(&c->rax, e);
        break;
    case EXIT_MMIO:
        svm_mmio_complete(hw, e);
        break;
    case EXIT_HYPERCALL:
        c->rax = svm_long(c) ? e->call.ret : (u32)e->call.ret;
        break;
    case EXIT_HLT:
    case EXIT_SPIN:
        break;
    case EXIT_INTR:
    case EXIT_WINDOW:
    case EXIT_TDP:
    case EXIT_TDP_BAD:
    case EXIT_SHUTDOWN:
    case EXIT_UNDEF:
    case EXIT_BAD:
    case EXIT_LOST:
        check(false, "only an exit that has a result is completed");
    }
    svm_step_over(hw);
}
