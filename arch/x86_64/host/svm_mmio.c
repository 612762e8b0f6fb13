/* SPDX-License-Identifier: BSD-2-Clause */
/* svm_mmio.c: a nested page fault at the local APIC's registers, as the access that the instruction meant. */
#include "svm_vcpu.h"
#include "mmio.h"
#include "page.h"
#include "vcpu.h"
#include "lib/str.h"

static unsigned code_bits(const struct vmcb *c)
{
    if (svm_long(c))
        return 64;
    return c->cs.attr & SVM_SEG_ATTR_DB ? 32 : 16;
}

/* As the CPU fetched them, if it says so and they are all; else as they are in memory now. */
static void read_code(struct vcpu *v, struct mmio_code *to)
{
    const struct vmcb *c = &v->hw->vmcb;

    to->bits = code_bits(c);
    if (!svm.decode || c->insn_bytes < INSN_LENGTH_MAX) {
        to->n = svm_code(v, c->rip, to->byte, INSN_LENGTH_MAX);
        return;
    }
    memcpy(to->byte, c->insn, INSN_LENGTH_MAX);
    to->n = INSN_LENGTH_MAX;
}

static enum mmio unknown(const struct hw_vcpu *hw, struct exit *e, const char *why)
{
    svm_exit_bad(hw, e, why);
    return MMIO_UNKNOWN;
}

enum mmio svm_mmio(struct vcpu *v, struct exit *e)
{
    struct hw_vcpu *hw = v->hw;
    struct vmcb *c = &hw->vmcb;
    struct mmio_code code;
    enum mmio m;

    /* No instruction means these: there is none to look at. */
    if (c->exit_info1 & SVM_NPF_TABLES)
        return unknown(hw, e, "page tables at the APIC page");
    if (c->exit_int_info & SVM_EVENT_VALID)
        return unknown(hw, e, "an event delivered by way of the APIC page");
    read_code(v, &code);
    m = mmio_decode(e, &code, &hw->insn);
    if (m == MMIO_UNKNOWN) {
        (void)unknown(hw, e, "unknown instruction at the APIC page");
        mmio_show(e, &code);
    }
    if (m != MMIO_DECODED)
        return m;
    hw->next_rip = c->rip + hw->insn.length;
    if (!svm_long(c))
        hw->next_rip = (u32)hw->next_rip;
    mmio_store(e, &hw->insn, *svm_gpr(hw, hw->insn.reg));
    return m;
}

off_path void svm_mmio_complete(struct hw_vcpu *hw, const struct exit *e)
{
    mmio_load(e, &hw->insn, svm_gpr(hw, hw->insn.reg), &hw->vmcb.rflags);
}
