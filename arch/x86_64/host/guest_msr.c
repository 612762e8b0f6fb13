/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_msr.c: the architecture's own MSRs that a guest does not reach natively, whatever virtualises it.
 *
 * What a CPU of this family is expected to have reads as a constant and swallows writes; everything else is #GP.
 */
#include "guest_msr.h"
#include "cpu.h"
#include "msr.h"

const u32 guest_native_msrs[GUEST_NATIVE_MSRS] = {
    MSR_SYSENTER_CS, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP, MSR_STAR,    MSR_LSTAR,
    MSR_CSTAR,       MSR_SFMASK,       MSR_FS_BASE,      MSR_GS_BASE, MSR_KERNEL_GS_BASE,
};

#define EFER_WRITABLE (EFER_SCE | EFER_LME | EFER_NXE)
#define PAT_TYPES     0xf3u /* 0, 1, 4, 5, 6, 7: bit n = type n exists */

static const struct {
    u32 index;
    u64 value;
} constant_msrs[] = {
    {MSR_PLATFORM_ID, 0},
    {MSR_UCODE_REV, 0},
    {MSR_MISC_ENABLE, MISC_ENABLE_FAST_STRINGS},
    {MSR_HWCR, 0},
};

static enum outcome efer(struct guest_msrs *m, struct exit *e)
{
    u64 changed = (*m->efer ^ e->msr.value) & EFER_WRITABLE;

    if (!e->msr.write) {
        e->msr.value = *m->efer & ~(u64)EFER_SVME;
        return OUTCOME_DONE;
    }
    /* LMA follows LME and CR0.PG by itself; writing it does nothing. */
    if (e->msr.value & ~(u64)(EFER_WRITABLE | EFER_LMA))
        return OUTCOME_GP;
    if (changed & EFER_LME && m->cr0 & CR0_PG)
        return OUTCOME_GP;
    *m->efer ^= changed;
    if (changed & EFER_NXE)
        *m->flush = true; /* cached translations were made without NX, or with it */
    return OUTCOME_DONE;
}

static enum outcome pat(struct guest_msrs *m, struct exit *e)
{
    if (!e->msr.write) {
        e->msr.value = *m->pat;
        return OUTCOME_DONE;
    }
    for (unsigned i = 0; i < 8; i++) {
        u8 type = (u8)(e->msr.value >> 8 * i);

        if (type > 7 || !(PAT_TYPES >> type & 1))
            return OUTCOME_GP;
    }
    *m->pat = e->msr.value;
    return OUTCOME_DONE;
}

static enum outcome constant(struct exit *e)
{
    for (unsigned i = 0; i < ARRAY_SIZE(constant_msrs); i++) {
        if (constant_msrs[i].index != e->msr.index)
            continue;
        if (!e->msr.write)
            e->msr.value = constant_msrs[i].value;
        return OUTCOME_DONE;
    }
    return OUTCOME_GP;
}

enum outcome guest_msr(struct guest_msrs m, struct exit *e)
{
    switch (e->msr.index) {
    case MSR_EFER:
        return efer(&m, e);
    case MSR_PAT:
        return pat(&m, e);
    case MSR_TSC:
        if (e->msr.write)
            return OUTCOME_GP; /* the guest's clock pages are computed from the host's counter */
        e->msr.value = rdtsc() + m.tsc_offset;
        return OUTCOME_DONE;
    default:
        return constant(e);
    }
}
