/* SPDX-License-Identifier: BSD-2-Clause */
/* svm_probe.c: does an interrupt end a guest that has its own off, as it must (APM vol. 2, 15.21.1)? Not in Bochs. */
#include "svm_vcpu.h"
#include "apic.h"
#include "trap.h"
#include "vcpu.h"
#include "xapic.h"

extern const char svm_probe_guest[]; /* svm_run.S: some instructions, then HLT */

bool svm_interrupt_ends_guest(void)
{
    static struct vcpu v;
    struct vmcb *c;
    bool ends;

    if (!svm_vcpu_init(&v))
        return false;
    svm_start_pvh(&v, (u32)(uintptr_t)svm_probe_guest, 0);
    c = &v.hw->vmcb;
    c->np_enable = 0; /* without paging of its own either: its addresses are ours */
    c->asid = 1;
    c->tlb_control = SVM_TLB_ALL;
    xapic_ipi(xapic_id(), VEC_KICK | APIC_ICR_ASSERT);
    svm_enter(&v.hw->gpr, v.hw->vmcb_hpa, svm_this_cpu()->host_state);
    ends = c->exit_code == SVM_EXIT_INTR;
    __asm__ volatile("sti; nop; cli" : : : "memory"); /* it is still pending */
    svm_vcpu_free(&v);
    return ends;
}
