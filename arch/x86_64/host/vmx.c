/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx.c: run a vCPU until it exits, and commit what came of that exit (SDM vol. 3, 27 and 28). */
#include "vmx_vcpu.h"
#include "vmx_insn.h"
#include "cpuid.h"
#include "debugreg.h"
#include "desc.h"
#include "fpu.h"
#include "mmio.h"
#include "port.h"
#include "tdp.h"

static const u32 swapped_msrs[SWAPS] = {
    [SWAP_STAR] = MSR_STAR,
    [SWAP_LSTAR] = MSR_LSTAR,
    [SWAP_CSTAR] = MSR_CSTAR,
    [SWAP_SFMASK] = MSR_SFMASK,
    [SWAP_KERNEL_GS] = MSR_KERNEL_GS_BASE,
};

void vmx_load(struct vcpu *v)
{
    struct vmx_vcpu *x = vmx_of(v);

    x->cpu = vmx_this_cpu();
    fpu_load(x->cpu->fpu, x->fpu);
    write_dr0_3(x->dr);
    write_dr6(x->dr6);
    for (unsigned i = 0; i < SWAPS; i++)
        wrmsr(swapped_msrs[i], x->swapped[i]);
    vmx_vmcs_load(x);
    x->apic_page_new = true;
    x->flush = true; /* another VM's translations may carry the same tag */
}

void vmx_put(struct vcpu *v)
{
    struct vmx_vcpu *x = vmx_of(v);

    vmx_vmcs_put(x);
    fxsave(x->fpu);
    x->cpu->fpu = x->fpu;
    read_dr0_3(x->dr);
    x->dr6 = read_dr6();
    for (unsigned i = 0; i < SWAPS; i++)
        x->swapped[i] = rdmsr(swapped_msrs[i]);
}

unsigned vmx_cpl(const struct vcpu *v)
{
    return VMX_SEG_DPL(vmx_of(v)->ss_access);
}

bool vmx_paging(const struct vcpu *v)
{
    return vmx_of(v)->cr0 & CR0_PG;
}

const struct tdp_ops *vmx_tdp(void)
{
    return vmx.ad ? &tdp_ept : &tdp_ept_noad;
}

/* A fetch that meets two sizes of a page in the iTLB may stop the machine (IA32_ARCH_CAPABILITIES tells). */
bool vmx_nx_needed(void)
{
    if (cpuid(0, 0).eax < 7 || !(cpuid(7, 0).edx & BIT(CPUID7_EDX_ARCH_CAPABILITIES)))
        return true;
    return !(rdmsr(MSR_ARCH_CAPABILITIES) & ARCH_CAPABILITIES_PSCHANGE_MC_NO);
}

void vmx_set_root(struct vcpu *v, hpa_t root)
{
    struct vmx_vcpu *x = vmx_of(v);

    x->eptp = root.v | VMX_EPTP_WB | VMX_EPTP_WALK_4 | (vmx.ad ? VMX_EPTP_AD : 0);
    if (x->loaded)
        vmx_write(VMCS_EPTP, x->eptp);
    x->flush = true;
}

void vmx_exit_on_spin(struct vcpu *v, bool on)
{
    struct vmx_vcpu *x = vmx_of(v);

    if (on)
        x->proc |= VMX_PROC_PAUSE;
    else
        x->proc &= ~(u32)VMX_PROC_PAUSE;
}

void vmx_flush(struct vcpu *v)
{
    vmx_of(v)->flush = true;
}

void vmx_set_tsc_offset(struct vcpu *v, u64 offset)
{
    struct vmx_vcpu *x = vmx_of(v);

    x->tsc_offset = offset;
    if (x->loaded)
        vmx_write(VMCS_TSC_OFFSET, offset);
}

/*
 * Guest-physical and combined translations are tagged with the EPT pointer, linear ones with the VPID (29.4.3). A
 * change of what the guest's own tables mean, such as EFER.NXE, needs the second.
 */
static void drop_translations(struct vcpu *v)
{
    struct vmx_vcpu *x = vmx_of(v);
    bool done = invept(vmx.ept_vpid & VMX_EPT_INVEPT_SINGLE ? VMX_INV_SINGLE : VMX_INV_ALL, x->eptp);

    if (vmx.vpid)
        done &= invvpid(vmx.ept_vpid & VMX_VPID_INVVPID_SINGLE ? VMX_INV_SINGLE : VMX_INV_ALL, x->vpid);
    check(done, "INVEPT and INVVPID are used as this CPU has them");
    x->flushed = v->flush_seen;
    x->flush = false;
}

void vmx_step_over(struct vmx_vcpu *x)
{
    x->rip += x->length;
    if (!vmx_long(x))
        x->rip = (u32)x->rip;
    x->interruptible &= ~(VMX_SHADOW_STI | VMX_SHADOW_MOV_SS);
    /* What the instruction itself has queued, a page-ready #PF say, comes first and takes the trap's place. */
    if (x->rflags & RFLAGS_TF && !(x->event.info & VMX_EVENT_VALID)) {
        if (x->loaded)
            write_dr6(read_dr6() | DR6_BS);
        else
            x->dr6 |= DR6_BS; /* a save has let go of it meanwhile */
        vmx_event_exception(x, VEC_DB);
    }
}

/* An instruction of ours failed, or the guest's state is not one: vmx_report() says what the manual would not have. */
static void entry_failed(struct vmx_vcpu *x, struct exit *e, u64 code, const char *why)
{
    vmx_exit_bad(x, e, why);
    e->bad.code = code;
    x->refused = true;
}

void vmx_run(struct vcpu *v, struct exit *e)
{
    struct vmx_vcpu *x = vmx_of(v);

    if (x->flush)
        drop_translations(v);
    check(x->flushed == v->flush_seen, "a flush that was asked for happens before the guest runs (C13-15)");
    if (at_load(&v->pub.nmi)) /* blocked, which an IRET ends without an exit, or behind another event */
        x->proc |= VMX_PROC_NMI_WINDOW;
    else
        x->proc &= ~(u32)VMX_PROC_NMI_WINDOW;
    vmx_apic_enter(v);
    vmx_vmcs_enter(x);

    if (!vmx_enter(x->gpr, x->launched)) {
        entry_failed(x, e, vmx_read(VMCS_INSTRUCTION_ERROR), "VM entry failed");
        return;
    }
    vmx_vmcs_exited(x);
    if (x->reason & VMX_REASON_FAILED) {
        entry_failed(x, e, x->reason, "VM entry rejected the guest state");
        return;
    }
    vmx_log_exited(v);
    vmx_event_return(v);
    vmx_apic_exited(v);
    vmx_exit(v, e);
}

void vmx_settle(struct vcpu *v, struct exit *e)
{
    if ((u16)vmx_of(v)->reason == VMX_EXIT_APIC_ACCESS && e->kind == EXIT_TDP && vmx_mmio(v, e) == MMIO_AGAIN)
        e->kind = EXIT_INTR;
}

/* An interrupt shadow lives in the VMCS from exit to entry. */
void vmx_again(struct vcpu *v)
{
    (void)v;
}

void vmx_complete(struct vcpu *v, const struct exit *e)
{
    struct vmx_vcpu *x = vmx_of(v);

    switch (e->kind) {
    case EXIT_CPUID:
        x->gpr[RAX] = e->cpuid.eax;
        x->gpr[RBX] = e->cpuid.ebx;
        x->gpr[RCX] = e->cpuid.ecx;
        x->gpr[RDX] = e->cpuid.edx;
        break;
    case EXIT_MSR:
        if (!e->msr.write) {
            x->gpr[RAX] = (u32)e->msr.value;
            x->gpr[RDX] = e->msr.value >> 32;
        }
        break;
    case EXIT_IO:
        if (!e->io.write)
            regs_from_in(&x->gpr[RAX], e);
        break;
    case EXIT_MMIO:
        mmio_load(e, &x->insn, &x->gpr[x->insn.reg], &x->rflags);
        break;
    case EXIT_HYPERCALL:
        x->gpr[RAX] = vmx_long(x) ? e->call.ret : (u32)e->call.ret;
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
    if ((u16)x->reason != VMX_EXIT_APIC_WRITE) /* that comes behind its instruction */
        vmx_step_over(x);
}
