/* SPDX-License-Identifier: BSD-2-Clause */
/* x86_report.c: the registers of a vCPU, for people. */
#include "x86_report.h"
#include "con.h"
#include "gwalk.h"
#include "lib/fmt.h"
#include "vcpu.h"

#define CODE_BYTES 16

static void report_seg(const char *name, const struct x86_seg *s)
{
    con_host("  %s %04lx base %016lx limit %08lx attr %03lx", name, s->selector, s->base, s->limit, s->attr);
}

static void report_code(struct vm *vm, const struct x86_state *s)
{
    struct gwalk w = {s->cr0, s->cr3, s->cr4, s->efer};
    u64 base = s->code64 ? 0 : s->cs.base;
    char text[3 * CODE_BYTES + 1] = "";
    u8 code[CODE_BYTES];
    size_t n = gwalk_read(vm, &w, (gva_t){base + s->rip}, code, sizeof(code));

    for (size_t i = 0; i < n; i++)
        fmt_sn(text + 3 * i, sizeof(text) - 3 * i, " %02x", code[i]);
    con_host("  code%s", n ? text : " not readable");
}

void x86_report(const struct vcpu *v, const struct x86_state *s)
{
    const u64 *g = s->gpr;

    con_host("vcpu %u: rip %016lx rsp %016lx rflags %08lx cpl %u", v->id, s->rip, g[4], s->rflags, s->cpl);
    con_host("  rax %016lx rbx %016lx rcx %016lx rdx %016lx", g[0], g[3], g[1], g[2]);
    con_host("  rsi %016lx rdi %016lx rbp %016lx", g[6], g[7], g[5]);
    con_host("  r8  %016lx r9  %016lx r10 %016lx r11 %016lx", g[8], g[9], g[10], g[11]);
    con_host("  r12 %016lx r13 %016lx r14 %016lx r15 %016lx", g[12], g[13], g[14], g[15]);
    con_host("  cr0 %08lx cr2 %016lx cr3 %016lx cr4 %08lx efer %04lx", s->cr0, s->cr2, s->cr3, s->cr4,
             s->efer);
    report_seg("cs", &s->cs);
    report_seg("ss", &s->ss);
    report_seg("ds", &s->ds);
    report_seg("tr", &s->tr);
    report_seg("gdt", &s->gdtr);
    report_seg("idt", &s->idtr);
    report_code(v->vm, s);
}
