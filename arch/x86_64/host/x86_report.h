/* SPDX-License-Identifier: BSD-2-Clause */
/* x86_report.h: the registers of a vCPU, for people, whichever extension holds them. */
#pragma once
#include "lib/types.h"

struct vcpu;

struct x86_seg {
    u64 selector, base, limit, attr;
};

struct x86_state {
    u64 gpr[16]; /* numbered as instructions do: RAX, RCX, RDX, RBX, RSP, … */
    u64 rip, rflags, cr0, cr2, cr3, cr4, efer;
    unsigned cpl;
    bool code64; /* addresses of code have no base */
    struct x86_seg cs, ss, ds, tr, gdtr, idtr;
};

/* Each line through con_host(). The code at RIP is shown if its page is there. */
void x86_report(const struct vcpu *v, const struct x86_state *s);
