/* SPDX-License-Identifier: BSD-2-Clause */
/* svm_report.c: the register state of a vCPU, for people. */
#include "svm_vcpu.h"
#include "con.h"
#include "gwalk.h"
#include "lib/fmt.h"
#include "vcpu.h"

#define CODE_BYTES 16

static void report_seg(const char *name, const struct vmcb_seg *s)
{
    con_host("  %s %04x base %016lx limit %08x attr %03x", name, s->selector, s->base, s->limit, s->attr);
}

static void report_code(struct vm *vm, const struct vmcb *c)
{
    struct gwalk w = {c->cr0, c->cr3, c->cr4, c->efer};
    u64 base = svm_long(c) ? 0 : c->cs.base;
    char text[3 * CODE_BYTES + 1] = "";
    u8 code[CODE_BYTES];
    size_t n = gwalk_read(vm, &w, (gva_t){base + c->rip}, code, sizeof(code));

    for (size_t i = 0; i < n; i++)
        fmt_sn(text + 3 * i, sizeof(text) - 3 * i, " %02x", code[i]);
    con_host("  code%s", n ? text : " not readable");
}

void svm_report(const struct vcpu *v)
{
    const struct vmcb *c = &v->hw->vmcb;
    const struct svm_gprs *g = &v->hw->gpr;

    con_host("vcpu %u: rip %016lx rsp %016lx rflags %08lx cpl %u", v->id, c->rip, c->rsp, c->rflags, c->cpl);
    con_host("  rax %016lx rbx %016lx rcx %016lx rdx %016lx", c->rax, g->rbx, g->rcx, g->rdx);
    con_host("  rsi %016lx rdi %016lx rbp %016lx", g->rsi, g->rdi, g->rbp);
    con_host("  r8  %016lx r9  %016lx r10 %016lx r11 %016lx", g->r8, g->r9, g->r10, g->r11);
    con_host("  r12 %016lx r13 %016lx r14 %016lx r15 %016lx", g->r12, g->r13, g->r14, g->r15);
    con_host("  cr0 %08lx cr2 %016lx cr3 %016lx cr4 %08lx efer %04lx", c->cr0, c->cr2, c->cr3, c->cr4,
             c->efer);
    report_seg("cs", &c->cs);
    report_seg("ss", &c->ss);
    report_seg("ds", &c->ds);
    report_seg("tr", &c->tr);
    report_seg("gdt", &c->gdtr);
    report_seg("idt", &c->idtr);
    report_code(v->vm, c);
    con_host("  exit %lx info %016lx %016lx delivering %lx injecting %lx shadow %lx", c->exit_code,
             c->exit_info1, c->exit_info2, c->exit_int_info, c->event_inj, c->int_state);
}
