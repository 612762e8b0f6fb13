/* SPDX-License-Identifier: BSD-2-Clause */
/* svm_reset.c: what a vCPU's registers are when it is made, and at INIT, SIPI and PVH start (APM vol. 2, 14.1.3). */
#include "svm_vcpu.h"
#include "cpuid.h"
#include "debugreg.h"
#include "desc.h"
#include "fpu.h"
#include "port.h"
#include "vcpu.h"

#define PAT_RESET     0x0007040600070406ull
#define RIP_RESET     0xfff0
#define CS_RESET      0xf000
#define CS_BASE_RESET 0xffff0000u
#define PVH_CS        0x08 /* any: the protocol leaves the selectors open */
#define PVH_DS        0x10

static const u32 intercept_misc1 = SVM_MISC1_INTR | SVM_MISC1_NMI | SVM_MISC1_INIT | SVM_MISC1_VINTR |
                                   SVM_MISC1_RDPMC | SVM_MISC1_CPUID | SVM_MISC1_INVD | SVM_MISC1_HLT |
                                   SVM_MISC1_INVLPGA | SVM_MISC1_IOIO | SVM_MISC1_MSR | SVM_MISC1_SHUTDOWN;
static const u32 intercept_misc2 = SVM_MISC2_VMRUN | SVM_MISC2_VMMCALL | SVM_MISC2_VMLOAD | SVM_MISC2_VMSAVE |
                                   SVM_MISC2_STGI | SVM_MISC2_CLGI | SVM_MISC2_SKINIT | SVM_MISC2_RDTSCP |
                                   SVM_MISC2_WBINVD | SVM_MISC2_MONITOR | SVM_MISC2_MWAIT |
                                   SVM_MISC2_MWAIT_ARMED | SVM_MISC2_XSETBV | SVM_MISC2_RDPRU;

bool svm_vcpu_init(struct vcpu *v)
{
    struct hw_vcpu *hw = port_zalloc(sizeof(*hw));

    if (!hw)
        return false;
    v->hw = hw;
    hw->vmcb_hpa = port_hpa(&hw->vmcb).v;
    hw->flush = true;
    hw->vmcb.intercept_exception = BIT(VEC_DB) | BIT(VEC_AC) | BIT(VEC_MC);
    hw->vmcb.intercept_misc1 = intercept_misc1;
    hw->vmcb.intercept_misc2 = intercept_misc2;
    hw->vmcb.iopm = svm.iopm.v;
    hw->vmcb.msrpm = svm.msrpm.v;
    hw->vmcb.np_enable = SVM_NP_ENABLE;
    hw->vmcb.g_pat = PAT_RESET;
    hw->vmcb.cr0 = CR0_CD | CR0_NW;
    fpu_reset(hw->fpu);
    svm_init(v);
    return true;
}

void svm_vcpu_free(struct vcpu *v)
{
    if (v->hw->cpu && v->hw->cpu->fpu == v->hw->fpu)
        v->hw->cpu->fpu = NULL; /* the registers hold what nobody knows any more */
    port_zfree(v->hw, sizeof(*v->hw));
    v->hw = NULL;
}

static void set_data_segments(struct vmcb *c, struct vmcb_seg s)
{
    c->ds = c->es = c->fs = c->gs = c->ss = s;
}

void svm_init(struct vcpu *v)
{
    struct hw_vcpu *hw = v->hw;
    struct vmcb *c = &hw->vmcb;

    hw->gpr = (struct svm_gprs){.rdx = cpuid(1, 0).eax};
    c->rax = c->rsp = 0;
    c->rip = RIP_RESET;
    c->rflags = RFLAGS_FIXED;
    c->cs = (struct vmcb_seg){CS_RESET, SVM_SEG_REAL_CODE, 0xffff, CS_BASE_RESET};
    set_data_segments(c, (struct vmcb_seg){0, SVM_SEG_REAL_DATA, 0xffff, 0});
    c->gdtr = c->idtr = (struct vmcb_seg){.limit = 0xffff};
    c->ldtr = (struct vmcb_seg){0, SVM_SEG_LDT, 0xffff, 0};
    c->tr = (struct vmcb_seg){0, SVM_SEG_TSS_BUSY, 0xffff, 0};
    c->cr0 = (c->cr0 & (CR0_CD | CR0_NW)) | CR0_ET;
    c->cr2 = c->cr3 = c->cr4 = 0;
    c->efer = EFER_SVME;
    c->dr6 = DR6_INIT;
    c->dr7 = DR7_INIT;
    c->cpl = 0;
    c->v_intr = SVM_V_INTR_MASKING | SVM_V_IGN_TPR;
    c->event_inj = 0;
    c->intercept_cr_write = 0;
    c->intercept_misc1 &= ~SVM_MISC1_IRET;
    hw->nmi = NMI_OPEN;
    hw->flush = true;
    svm_shadow_end(hw);
}

void svm_start_sipi(struct vcpu *v, u8 vector)
{
    struct vmcb *c = &v->hw->vmcb;

    c->cs = (struct vmcb_seg){(u16)(vector << 8), SVM_SEG_REAL_CODE, 0xffff, (u64)vector << 12};
    c->rip = 0;
}

void svm_start_pvh(struct vcpu *v, u32 entry, u32 start_info)
{
    struct vmcb *c = &v->hw->vmcb;

    c->cs = (struct vmcb_seg){PVH_CS, SVM_SEG_CODE32, 0xffffffff, 0};
    set_data_segments(c, (struct vmcb_seg){PVH_DS, SVM_SEG_DATA32, 0xffffffff, 0});
    c->tr = (struct vmcb_seg){0, SVM_SEG_TSS_BUSY, sizeof(struct tss64) - 1, 0};
    c->cr0 = CR0_PE | CR0_ET;
    c->rip = entry;
    v->hw->gpr.rbx = start_info;
}
